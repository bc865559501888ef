// What the hooks (shim/, C) ask of the core (Sources/RedirectCore, Swift). Each function may be called on any
// thread, in signal handlers and after vfork: no allocation, no lock, no errno, no cancellation point.
#ifndef WFP_CORE_H
#define WFP_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "wfp_layout.h"
#include "wfp_process.h"
#include "wfp_trace.h"

// What a connect shall do: stages 1-3. Lives on the hook's stack between wfp_core_connect and _connected.
struct wfp_connect {
  struct sockaddr_storage address;  // the service's endpoint, for the real connect
  uint32_t length;
  uint32_t slot;        // slot number + 1 of the published flow; 0: nothing was published
  uint64_t generation;  // of that slot
  uint64_t filter_id;   // which decided, for a trace; 0: none
  uint32_t outcome;     // WFP_TRACE_REDIRECTED and so on
};

enum { WFP_PASS = 0, WFP_REDIRECT = 1 };

// Reads the settings and attaches the engine if it is there. Strings are borrowed for the call, NULL when
// the variable is not set. Only the first call counts.
void wfp_core_load(const char *_Nullable engine, const char *_Nullable log, const char *_Nullable required,
                   const char *_Nullable trace);

// Stages 1-3, 7 and 8. WFP_PASS: do what the application said. WFP_REDIRECT: connect to plan->address, then
// report. Negative: fail with that errno.
int32_t wfp_core_connect(int32_t fd, const struct sockaddr *_Nullable address, uint32_t length,
                         struct wfp_connect *_Nonnull plan);
// Reports the real connect's result: 0 or -errno.
void wfp_core_connected(int32_t fd, const struct wfp_connect *_Nonnull plan, int32_t result);

// Stage 4. peer is what accept returned, or NULL.
int32_t wfp_core_listens(void);  // whether an accepted socket can be of interest at all
void wfp_core_listening(int32_t fd);
// What sd_listen_fds(3) says of listeners that came through exec: LISTEN_PID and LISTEN_FDS.
void wfp_core_inherited(const char *_Nullable pid, const char *_Nonnull count);
void wfp_core_accepted(int32_t fd, const struct sockaddr *_Nullable peer, uint32_t length);

// Stages 5 and 6. 0 or -errno.
int32_t wfp_core_ioctl(int32_t fd, uint32_t code, struct wfp_ioctl *_Nullable request);

// The application's view of its peer (S7.2). 0: the kernel shall answer; 1: answered; negative: that errno.
int32_t wfp_core_peer_name(int32_t fd, struct sockaddr *_Nullable address, socklen_t *_Nullable length);

// `wfpctl trace`. `began` is of wfp_trace_began, and not 0.
void wfp_core_traced_connect(uint64_t began, int32_t fd, const struct sockaddr *_Nullable address, uint32_t length,
                             const struct wfp_connect *_Nonnull plan, int32_t result);
void wfp_core_traced_accept(uint64_t began, int32_t fd);
void wfp_core_traced_ioctl(uint64_t began, int32_t fd, uint32_t code, const struct wfp_ioctl *_Nullable request,
                           int32_t result);

// Whether n bytes can be read, asked without touching them.
int32_t wfp_core_readable(const void *_Nullable at, size_t n);

void wfp_core_closing(int32_t fd);

// UDP. What a send shall do instead: its control data with what the shim adds and without what is the shim's. Lives on
// the hook's stack.
#define WFP_CONTROL_MAX 1024u
struct wfp_datagram {
  struct sockaddr_storage address;
  uint32_t length;  // of the address; 0: there is none
  uint32_t control_length;
  uint64_t control[WFP_CONTROL_MAX / 8];
};
static inline void *_Nonnull wfp_datagram_control(struct wfp_datagram *_Nonnull datagram) { return datagram->control; }
// Whether sends with an address or control data have to be looked at.
int32_t wfp_core_judges_datagrams(void);
// WFP_PASS: as the application said. WFP_REDIRECT: with plan's address and control data. Negative: that errno.
int32_t wfp_core_send(int32_t fd, const void *_Nullable name, uint32_t length, const void *_Nullable control,
                      size_t control_length, struct wfp_datagram *_Nonnull plan);
// Whether receives of datagrams have to be looked at (SPEC S10.6).
static inline int32_t wfp_core_takes_datagrams(void) {
  return __builtin_expect(__atomic_load_n(&wfp_process()->takes_datagrams, __ATOMIC_RELAXED) != 0, 0);
}
int32_t wfp_core_is_datagram(int32_t fd);
// Whether this one has: 1, or 0 when the kernel's answer is the application's.
int32_t wfp_core_receiving(int32_t fd, const struct msghdr *_Nullable message);
// What was received: name and control data in `datagram` (as long as `kernel` says), for the application's `message`.
void wfp_core_received(int32_t fd, struct msghdr *_Nonnull message, const struct msghdr *_Nonnull kernel,
                       struct wfp_datagram *_Nonnull datagram, int32_t flags);
// A receive that began before the process had UDP redirects has ended: the source at `address`, `length` bytes as the
// kernel says it, becomes the one that was dialled.
void wfp_core_received_early(int32_t fd, void *_Nonnull address, uint32_t length);
// 1: the option is the shim's, *result is what setsockopt returns: 0 or -errno.
int32_t wfp_core_set_option(int32_t fd, int32_t level, int32_t name, const void *_Nullable value, uint32_t length,
                            int32_t *_Nonnull result);
// A socket was bound: it may take an endpoint's datagrams.
void wfp_core_bound(int32_t fd);

#endif
