// Completion ports: packets, keys, errors, modes, the end.
#include "oracle.h"

static char bytes[64];
static WSABUF buffer = {sizeof bytes, bytes};

static int receive(SOCKET s, WSAOVERLAPPED *overlapped) {
  DWORD flags = 0;
  return WSARecv(s, &buffer, 1, NULL, &flags, overlapped, NULL);
}

static void take(const char *name, HANDLE port, DWORD wait, const WSAOVERLAPPED *expected) {
  DWORD count = 777;
  ULONG_PTR key = 777;
  LPOVERLAPPED overlapped = (LPOVERLAPPED)777;
  BOOL taken = GetQueuedCompletionStatus(port, &count, &key, &overlapped, wait);
  int error = taken ? 0 : (int)GetLastError();
  say(name, "%d error %d count %u key %u overlapped %s", taken, error, (unsigned)count, (unsigned)key,
      overlapped == expected ? "same"
      : overlapped           ? "other"
                             : "none");
}

static void CALLBACK call(ULONG_PTR value) { say("call", "%u", (unsigned)value); }

int main(void) {
  start_winsock();
  SOCKET client, server;
  make_pair(&client, &server);
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  say("associate", "%d", CreateIoCompletionPort((HANDLE)server, port, 42, 0) == port);
  HANDLE twice = CreateIoCompletionPort((HANDLE)server, port, 43, 0);
  say_bool("twice", twice != NULL);
  take("empty", port, 0, NULL);
  SOCKET synchronous = WSASocketA(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
  say_bool("synchronous", CreateIoCompletionPort((HANDLE)synchronous, port, 43, 0) != NULL);
  closesocket(synchronous);

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

  // A packet and a call are there: which of them ends an alertable wait?
  PostQueuedCompletionStatus(port, 7, 8, NULL);
  QueueUserAPC(call, GetCurrentThread(), 9);
  say_bool("packet and call", GetQueuedCompletionStatusEx(port, entries, 4, &removed, PATIENCE, TRUE));
  say_bool("the other", GetQueuedCompletionStatusEx(port, entries, 4, &removed, PATIENCE, TRUE));
  say("close", "%d", CloseHandle(port));
  take("closed", port, 0, NULL);
  return 0;
}
