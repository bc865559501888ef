// P9: one QUERY_CONTEXT of a redirected connection, in ns: `overlapped ENDPOINT-PORT DIALLED-PORT RUNS`. Prints the
// synchronous call and the overlapped one with its event; with WFPSHIM_FORCE_PENDING=1 the second one pends.
#include <winsock2.h>
#include <mstcpip.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct sockaddr_in loopback(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static int query(SOCKET s, DWORD *count, WSAOVERLAPPED *overlapped) {
  static char context[256];
  return WSAIoctl(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, context, sizeof context, count, overlapped,
                  NULL);
}

static double synchronous(SOCKET s, int runs) {
  DWORD count;
  double start = now();
  for (int i = 0; i < runs; i++)
    if (query(s, &count, NULL) != 0) exit(4);
  return (now() - start) / runs;
}

static double with_event(SOCKET s, int runs) {
  WSAOVERLAPPED overlapped = {0};
  DWORD count, flags;
  overlapped.hEvent = WSACreateEvent();
  double start = now();
  for (int i = 0; i < runs; i++) {
    if (query(s, NULL, &overlapped) != 0 && WSAGetLastError() != WSA_IO_PENDING) exit(5);
    if (WaitForSingleObject(overlapped.hEvent, 10000) != WAIT_OBJECT_0) exit(6);
    if (!WSAGetOverlappedResult(s, &overlapped, &count, FALSE, &flags)) exit(7);
  }
  return (now() - start) / runs;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  WSADATA data;
  WSAStartup(MAKEWORD(2, 2), &data);
  struct sockaddr_in endpoint = loopback(argv[1]), dialled = loopback(argv[2]);
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&endpoint, sizeof endpoint) != 0 || listen(listener, 5) != 0) return 3;
  pid_t client = fork();
  if (client == 0) {  // the client is another process, as the service's own connects are not redirected to it
    char self[64];
    closesocket(listener);
    snprintf(self, sizeof self, "/dev/tcp/127.0.0.1/%s", argv[2]);
    execlp("bash", "bash", "-c", "exec 3<>$0 && read -r -u 3", self, (char *)NULL);
    _exit(1);
  }
  (void)dialled;
  SOCKET s = accept(listener, NULL, NULL);
  if (s == INVALID_SOCKET) return 3;
  int runs = atoi(argv[3]);
  synchronous(s, runs / 10);
  with_event(s, runs / 10);
  double one = synchronous(s, runs);
  printf("%.1f %.1f\n", one, with_event(s, runs));
  closesocket(s);
  waitpid(client, NULL, 0);
  return WSACleanup();
}
