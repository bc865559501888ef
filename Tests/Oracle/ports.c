// Completion ports: packets, keys, errors, modes, the end.
#include "oracle.h"

static char bytes[64];
static WSABUF buffer = {sizeof bytes, bytes};

static int receive(SOCKET s, WSAOVERLAPPED *overlapped) {
  DWORD flags = 0;
  return WSARecv(s, &buffer, 1, NULL, &flags, overlapped, NULL);
}

struct taken {
  BOOL is_good;
  int error;
  DWORD count;
  ULONG_PTR key;
  LPOVERLAPPED overlapped;
};

static struct taken take_packet(HANDLE port, DWORD wait) {
  struct taken taken = {FALSE, 0, 777, 777, (LPOVERLAPPED)777};
  taken.is_good = GetQueuedCompletionStatus(port, &taken.count, &taken.key, &taken.overlapped, wait);
  taken.error = taken.is_good ? 0 : (int)GetLastError();
  return taken;
}

static void say_taken(const char *name, const struct taken *taken, const WSAOVERLAPPED *expected) {
  say(name, "%d error %d count %u key %u overlapped %s", taken->is_good, taken->error, (unsigned)taken->count,
      (unsigned)taken->key,
      taken->overlapped == expected ? "same"
      : taken->overlapped           ? "other"
                                    : "none");
}

static void take(const char *name, HANDLE port, DWORD wait, const WSAOVERLAPPED *expected) {
  struct taken taken = take_packet(port, wait);
  say_taken(name, &taken, expected);
}

static HANDLE closed_port;
static struct taken waited; /* told by the main thread: two that speak at once have no order */
static DWORD WINAPI waiter(void *ready) {
  SetEvent((HANDLE)ready);
  waited = take_packet(closed_port, 2000);
  return 0;
}

int main(void) {
  start_winsock();
  SOCKET client, server;
  make_pair(&client, &server);
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  say("associate", "%d", CreateIoCompletionPort((HANDLE)server, port, 42, 0) == port);
  HANDLE twice = CreateIoCompletionPort((HANDLE)server, port, 43, 0);
  say_bool("twice", twice != NULL);
  take("empty", port, 0, NULL);

  say("post", "%d", PostQueuedCompletionStatus(port, 7, 8, (LPOVERLAPPED)0x10));
  take("posted", port, 0, (LPOVERLAPPED)0x10);
  PostQueuedCompletionStatus(port, 0, 0, NULL);
  take("posted.nothing", port, 0, NULL);

  WSAOVERLAPPED overlapped = {0};
  say_call("pending", receive(server, &overlapped));
  take("pending.none", port, 0, &overlapped);
  send(client, "hello", 5, 0);
  take("data", port, PATIENCE, &overlapped);

  send(client, "hello", 5, 0);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(server, &readable);
  select(0, &readable, NULL, NULL, NULL);
  say("once", "%d", receive(server, &overlapped));
  take("once.packet", port, PATIENCE, &overlapped);

  overlapped.hEvent = WSACreateEvent();
  receive(server, &overlapped);
  send(client, "both", 4, 0);
  take("event.packet", port, PATIENCE, &overlapped);
  say("event.event", "%u", (unsigned)WaitForSingleObject(overlapped.hEvent, PATIENCE));
  HANDLE event = overlapped.hEvent;
  overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
  receive(server, &overlapped);
  send(client, "low", 3, 0);
  say("low.event", "%u", (unsigned)WaitForSingleObject(event, PATIENCE));
  take("low.packet", port, 0, &overlapped);
  overlapped.hEvent = NULL;

  receive(server, &overlapped);
  say("cancel", "%d", CancelIoEx((HANDLE)server, &overlapped));
  take("cancel.packet", port, PATIENCE, &overlapped);

  say("modes", "%d", SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
  send(client, "skip", 4, 0);
  select(0, &readable, NULL, NULL, NULL);
  say("skip", "%d", receive(server, &overlapped));
  take("skip.packet", port, 0, &overlapped);
  receive(server, &overlapped);
  send(client, "late", 4, 0);
  take("skip.pending", port, PATIENCE, &overlapped);

  receive(server, &overlapped);
  reset(client);
  take("reset.packet", port, PATIENCE, &overlapped);
  say("reset.block", "status %08x", (unsigned)overlapped.Internal);
  closesocket(server);

  make_pair(&client, &server);
  CreateIoCompletionPort((HANDLE)server, port, 44, 0);
  receive(server, &overlapped);
  closesocket(server);
  take("close.packet", port, PATIENCE, &overlapped);
  closesocket(client);

  OVERLAPPED_ENTRY entries[4];
  ULONG removed = 777;
  for (int i = 0; i < 3; i++) PostQueuedCompletionStatus(port, (DWORD)i, (ULONG_PTR)i, NULL);
  BOOL many = GetQueuedCompletionStatusEx(port, entries, 2, &removed, 0, FALSE);
  say("many", "%d removed %u key %u", many, (unsigned)removed, (unsigned)entries[1].lpCompletionKey);
  many = GetQueuedCompletionStatusEx(port, entries, 4, &removed, 0, FALSE);
  say("many.rest", "%d removed %u key %u", many, (unsigned)removed, (unsigned)entries[0].lpCompletionKey);
  many = GetQueuedCompletionStatusEx(port, entries, 4, &removed, 0, FALSE);
  say_bool("many.none", many);

  HANDLE ready = CreateEventA(NULL, TRUE, FALSE, NULL);
  closed_port = port;
  HANDLE thread = CreateThread(NULL, 0, waiter, ready, 0, NULL);
  WaitForSingleObject(ready, PATIENCE);
  Sleep(50);  // so that it waits; if it does not yet, the port's handle is simply invalid
  say("close", "%d", CloseHandle(port));
  WaitForSingleObject(thread, PATIENCE);
  say_taken("waiter", &waited, NULL);
  return 0;
}
