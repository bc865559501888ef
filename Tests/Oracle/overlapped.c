// Overlapped receives and sends that an event ends.
#include "oracle.h"

static char bytes[256];
static WSABUF buffer = {sizeof bytes, bytes};

static int receive(SOCKET s, WSAOVERLAPPED *overlapped, DWORD *count) {
  DWORD flags = 0;
  return WSARecv(s, &buffer, 1, count, &flags, overlapped, NULL);
}

static void say_block(const char *name, const WSAOVERLAPPED *overlapped) {
  say(name, "status %08x count %u", (unsigned)overlapped->Internal, (unsigned)overlapped->InternalHigh);
}

static void say_result(const char *name, SOCKET s, WSAOVERLAPPED *overlapped, BOOL wait) {
  DWORD count = 777, flags = 777;
  BOOL done = WSAGetOverlappedResult(s, overlapped, &count, wait, &flags);
  int error = done ? 0 : WSAGetLastError();
  say(name, "%d count %u flags %u error %d", done, (unsigned)count, (unsigned)flags, error);
}

static void pending_then_data(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  WSAOVERLAPPED overlapped = {0};
  overlapped.hEvent = WSACreateEvent();
  WSASetEvent(overlapped.hEvent);
  DWORD count = 777;
  say_call("pending", receive(server, &overlapped, &count));
  say_block("pending.block", &overlapped);
  say("pending.event", "%u", (unsigned)WaitForSingleObject(overlapped.hEvent, 0));
  say_result("pending.result", server, &overlapped, FALSE);
  send(client, "hello", 5, 0);
  say("data.event", "%u", (unsigned)WaitForSingleObject(overlapped.hEvent, PATIENCE));
  say_block("data.block", &overlapped);
  say_result("data.result", server, &overlapped, FALSE);
  say_result("data.again", server, &overlapped, TRUE);
  // The event stays, as it is a manual one.
  say("data.event.again", "%u", (unsigned)WaitForSingleObject(overlapped.hEvent, 0));
  WSACloseEvent(overlapped.hEvent);
  closesocket(client);
  closesocket(server);
}

static void at_once(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  send(client, "hello", 5, 0);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(server, &readable);
  select(0, &readable, NULL, NULL, NULL);
  WSAOVERLAPPED overlapped = {0};
  overlapped.hEvent = WSACreateEvent();
  DWORD count = 777;
  int result = receive(server, &overlapped, &count);
  say("once", "%d count %u", result, (unsigned)count);
  say_block("once.block", &overlapped);
  say("once.event", "%u", (unsigned)WaitForSingleObject(overlapped.hEvent, 0));
  say_result("once.result", server, &overlapped, FALSE);

  WSABUF out = {3, (char *)"abc"};
  memset(&overlapped, 0, sizeof overlapped);
  count = 777;
  result = WSASend(client, &out, 1, &count, 0, &overlapped, NULL);
  say("send", "%d count %u", result, (unsigned)count);
  say_block("send.block", &overlapped);
  say_result("send.result", client, &overlapped, TRUE);
  closesocket(client);
  closesocket(server);
}

static void ends_of_the_stream(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  WSAOVERLAPPED overlapped = {0};
  overlapped.hEvent = WSACreateEvent();
  receive(server, &overlapped, NULL);
  shutdown(client, SD_SEND);
  WaitForSingleObject(overlapped.hEvent, PATIENCE);
  say_block("fin.block", &overlapped);
  say_result("fin.result", server, &overlapped, FALSE);
  closesocket(client);
  closesocket(server);

  make_pair(&client, &server);
  receive(server, &overlapped, NULL);
  reset(client);
  WaitForSingleObject(overlapped.hEvent, PATIENCE);
  say_block("reset.block", &overlapped);
  say_result("reset.result", server, &overlapped, FALSE);
  DWORD count = 777;
  say_call("reset.next", receive(server, &overlapped, &count));
  closesocket(server);
}

static void cancelled(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  WSAOVERLAPPED first = {0}, second = {0};
  first.hEvent = WSACreateEvent();
  second.hEvent = WSACreateEvent();
  say_bool("cancel.none", CancelIoEx((HANDLE)server, NULL));
  say("cancelio.none", "%d", CancelIo((HANDLE)server));
  receive(server, &first, NULL);
  receive(server, &second, NULL);
  say("cancel.second", "%d", CancelIoEx((HANDLE)server, &second));
  say("cancel.second.event", "%u", (unsigned)WaitForSingleObject(second.hEvent, PATIENCE));
  say_block("cancel.second.block", &second);
  say_result("cancel.second.result", server, &second, FALSE);
  say("cancel.first.event", "%u", (unsigned)WaitForSingleObject(first.hEvent, 0));
  say("cancelio", "%d", CancelIo((HANDLE)server));
  say("cancelio.event", "%u", (unsigned)WaitForSingleObject(first.hEvent, PATIENCE));
  say_result("cancelio.result", server, &first, TRUE);

  receive(server, &first, NULL);
  closesocket(server);
  say("close.event", "%u", (unsigned)WaitForSingleObject(first.hEvent, PATIENCE));
  say_block("close.block", &first);
  closesocket(client);
}

static void wrong_arguments(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  WSAOVERLAPPED overlapped = {0};
  DWORD count = 777, flags = 0;
  say_call("closed", receive((SOCKET)0x7ffffff0, &overlapped, &count));
  say("closed.count", "%u", (unsigned)count);
  say_block("closed.block", &overlapped);
  SOCKET fresh = socket(AF_INET, SOCK_STREAM, 0);
  say_call("unconnected", receive(fresh, &overlapped, &count));
  say_block("unconnected.block", &overlapped);
  shutdown(server, SD_RECEIVE);
  say_call("shut", receive(server, &overlapped, &count));
  shutdown(client, SD_SEND);
  WSABUF out = {3, (char *)"abc"};
  say_call("shut.send", WSASend(client, &out, 1, &count, 0, &overlapped, NULL));
  flags = 0;
  say_call("nobuffers", WSARecv(fresh, &buffer, 0, &count, &flags, &overlapped, NULL));
  closesocket(fresh);
  closesocket(client);
  closesocket(server);
}

static void datagrams(void) {
  SOCKET one = bound(SOCK_DGRAM), two = bound(SOCK_DGRAM);
  struct sockaddr_in to = name_of(two), from;
  int size = sizeof from;
  WSAOVERLAPPED overlapped = {0};
  overlapped.hEvent = WSACreateEvent();
  DWORD count = 777, flags = 0;
  WSABUF small = {4, bytes};
  say_call("datagram.pending",
           WSARecvFrom(two, &small, 1, &count, &flags, (struct sockaddr *)&from, &size, &overlapped, NULL));
  WSABUF out = {10, (char *)"0123456789"};
  int sent = WSASendTo(one, &out, 1, &count, 0, (struct sockaddr *)&to, sizeof to, NULL, NULL);
  say("datagram.sent", "%d count %u", sent, (unsigned)count);
  WaitForSingleObject(overlapped.hEvent, PATIENCE);
  say_block("datagram.cut.block", &overlapped);
  say_result("datagram.cut", two, &overlapped, FALSE);
  say("datagram.from", "%d size %d", from.sin_port == name_of(one).sin_port, size);
  closesocket(one);
  closesocket(two);
}

int main(void) {
  start_winsock();
  pending_then_data();
  at_once();
  ends_of_the_stream();
  cancelled();
  wrong_arguments();
  datagrams();
  say("cleanup", "%d", WSACleanup());
  return 0;
}
