// Stage 4: the service accepts, and claims the flow that was published for the socket.
#include "real.h"

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  struct sockaddr_storage peer;
  socklen_t peer_length = sizeof peer;
  // Who does not ask for the peer's address gets it into a buffer of ours: it saves a system call.
  int ours = address == NULL;
  int accepted =
      ours ? real_accept4(fd, (struct sockaddr *)&peer, &peer_length, flags) : real_accept4(fd, address, length, flags);
  wfp_ready();
  uint64_t began = wfp_trace_began();
  if (accepted >= 0 && wfp_core_listens())
    wfp_core_accepted(accepted, ours ? (struct sockaddr *)&peer : NULL, ours ? peer_length : 0);
  if (__builtin_expect(began != 0, 0) && accepted >= 0) wfp_core_traced_accept(began, accepted);
  return accepted;
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *length) {
  struct sockaddr_storage peer;
  socklen_t peer_length = sizeof peer;
  int ours = address == NULL;
  int accepted = ours ? real_accept(fd, (struct sockaddr *)&peer, &peer_length) : real_accept(fd, address, length);
  wfp_ready();
  uint64_t began = wfp_trace_began();
  if (accepted >= 0 && wfp_core_listens())
    wfp_core_accepted(accepted, ours ? (struct sockaddr *)&peer : NULL, ours ? peer_length : 0);
  if (__builtin_expect(began != 0, 0) && accepted >= 0) wfp_core_traced_accept(began, accepted);
  return accepted;
}
