/* A redirect service whose connections come with a PROXY header, which is not whole when it asks:
 *
 *   header_service MODE blocking|nonblocking PORT   one overlapped query; says `pending`, then how it ended
 *
 * MODE: event, port, routine: how the end is told. cancel, close: who ends it. fin: as event. receive: a WSARecv begins
 * while the query is pending. sync: no OVERLAPPED; on a blocking socket under a timer's signals. */
#include <winsock2.h>
#include <mstcpip.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define PATIENCE 30000

static char context[4096];
static int routine_calls;
static DWORD routine_error, routine_bytes;

static void say(const char *format, unsigned long long a, unsigned long long b) {
  printf(format, a, b);
  putchar('\n');
  fflush(stdout);
}

static void fail(const char *what) {
  printf("%s: error %d\n", what, WSAGetLastError());
  fflush(stdout);
  exit(1);
}

static void CALLBACK on_end(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags) {
  (void)overlapped;
  (void)flags;
  routine_calls++;
  routine_error = error;
  routine_bytes = bytes;
}

static SOCKET accepted(int nonblocking, int port) {
  struct sockaddr_in name;
  u_long on = 1;
  SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_port = htons((u_short)port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 5) != 0) fail("listen");
  say("listening %llu", (unsigned)port, 0);
  SOCKET s = accept(listener, NULL, NULL);
  if (s == INVALID_SOCKET) fail("accept");
  if (nonblocking && ioctlsocket(s, FIONBIO, &on) != 0) fail("FIONBIO");
  closesocket(listener);
  return s;
}

static int ask(SOCKET s, DWORD *bytes, OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSAIoctl(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, context, sizeof context, bytes, overlapped,
                  routine);
}

static void begin(SOCKET s, OVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  if (ask(s, NULL, overlapped, routine) != SOCKET_ERROR || WSAGetLastError() != WSA_IO_PENDING) fail("begin");
  if (HasOverlappedIoCompleted(overlapped)) fail("status");
}

static void end(SOCKET s, OVERLAPPED *overlapped) {
  DWORD bytes = 0, flags = 0;
  if (WaitForSingleObject(overlapped->hEvent, PATIENCE) != WAIT_OBJECT_0) fail("wait");
  BOOL good = WSAGetOverlappedResult(s, overlapped, &bytes, FALSE, &flags);
  say("ended %llu bytes %llu", good ? 0 : (unsigned)WSAGetLastError(), bytes);
}

// The socket is gone: the OVERLAPPED alone tells.
static void end_closed(OVERLAPPED *overlapped) {
  if (WaitForSingleObject(overlapped->hEvent, PATIENCE) != WAIT_OBJECT_0) fail("wait");
  say("status %llx bytes %llu", overlapped->Internal, overlapped->InternalHigh);
}

static void receive(SOCKET s) {
  char text[6] = "";
  WSABUF buffer = {5, text};
  DWORD bytes = 0, flags = 0;
  OVERLAPPED overlapped;
  memset(&overlapped, 0, sizeof overlapped);
  overlapped.hEvent = WSACreateEvent();
  if (WSARecv(s, &buffer, 1, NULL, &flags, &overlapped, NULL) != 0 && WSAGetLastError() != WSA_IO_PENDING) fail("recv");
  if (!WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags)) fail("received");
  printf("received %s\n", text);
}

static void on_alarm(int number) { (void)number; }

static void synchronous(SOCKET s, int nonblocking) {
  struct itimerval every = {{0, 20000}, {0, 20000}};
  struct sigaction action;
  DWORD bytes = 77;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  if (!nonblocking) setitimer(ITIMER_REAL, &every, NULL);
  int result = ask(s, &bytes, NULL, NULL);
  say("sync %llu bytes %llu", result == 0 ? 0 : (unsigned)WSAGetLastError(), bytes);
}

static void with_receive(SOCKET s, OVERLAPPED *overlapped) {
  char text[6] = "";
  WSABUF buffer = {5, text};
  DWORD bytes = 0, flags = 0;
  OVERLAPPED second;
  memset(&second, 0, sizeof second);
  second.hEvent = WSACreateEvent();
  begin(s, overlapped, NULL);
  if (WSARecv(s, &buffer, 1, NULL, &flags, &second, NULL) != SOCKET_ERROR || WSAGetLastError() != WSA_IO_PENDING)
    fail("recv");
  say("pending", 0, 0);
  end(s, overlapped);
  if (!WSAGetOverlappedResult(s, &second, &bytes, TRUE, &flags)) fail("received");
  printf("received %s\n", text);
}

static void at_port(SOCKET s, OVERLAPPED *overlapped) {
  DWORD bytes = 0;
  ULONG_PTR key = 0;
  OVERLAPPED *which = NULL;
  overlapped->hEvent = NULL;
  HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 42, 0);
  begin(s, overlapped, NULL);
  say("pending", 0, 0);
  BOOL good = GetQueuedCompletionStatus(port, &bytes, &key, &which, PATIENCE);
  if (which != overlapped || key != 42) fail("packet");
  say("ended %llu bytes %llu", good ? 0 : GetLastError(), bytes);
  which = NULL;
  if (GetQueuedCompletionStatus(port, &bytes, &key, &which, 0) || which != NULL) fail("second packet");
  CloseHandle(port);
}

static void by_routine(SOCKET s, OVERLAPPED *overlapped) {
  overlapped->hEvent = NULL;
  begin(s, overlapped, on_end);
  say("pending", 0, 0);
  if (SleepEx(PATIENCE, TRUE) != WAIT_IO_COMPLETION) fail("sleep");
  SleepEx(0, TRUE);
  if (routine_calls != 1) fail("routine");
  say("ended %llu bytes %llu", routine_error, routine_bytes);
}

int main(int argc, char **argv) {
  WSADATA data;
  OVERLAPPED overlapped;
  if (argc < 4 || WSAStartup(MAKEWORD(2, 2), &data) != 0) return 2;
  const char *mode = argv[1];
  SOCKET s = accepted(strcmp(argv[2], "nonblocking") == 0, atoi(argv[3]));
  memset(&overlapped, 0, sizeof overlapped);
  overlapped.hEvent = WSACreateEvent();
  if (strcmp(mode, "sync") == 0) {
    synchronous(s, strcmp(argv[2], "nonblocking") == 0);
    return WSACleanup();
  }
  if (strcmp(mode, "receive") == 0) {
    with_receive(s, &overlapped);
    return WSACleanup();
  }
  if (strcmp(mode, "port") == 0) {
    at_port(s, &overlapped);
  } else if (strcmp(mode, "routine") == 0) {
    by_routine(s, &overlapped);
  } else {
    begin(s, &overlapped, NULL);
    if (strcmp(mode, "cancel") == 0 && !CancelIoEx((HANDLE)s, &overlapped)) fail("CancelIoEx");
    if (strcmp(mode, "close") == 0 && closesocket(s) != 0) fail("closesocket");
    if (strcmp(mode, "event") == 0 || strcmp(mode, "fin") == 0) say("pending", 0, 0);
    if (strcmp(mode, "close") == 0)
      end_closed(&overlapped);
    else
      end(s, &overlapped);
  }
  if (strcmp(mode, "cancel") == 0) {  // nothing of it stays behind: the next one pends and is answered
    WSAResetEvent(overlapped.hEvent);
    begin(s, &overlapped, NULL);
    say("pending", 0, 0);
    end(s, &overlapped);
  }
  if (strcmp(mode, "close") != 0 && strcmp(mode, "fin") != 0) receive(s);
  return WSACleanup();
}
