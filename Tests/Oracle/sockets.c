// What calls that do not wait say: results and errors of sockets in the wrong state, and of the control codes.
#include "oracle.h"

static void states(void) {
  SOCKET fresh = socket(AF_INET, SOCK_STREAM, 0);
  char byte = 0;
  struct sockaddr_in address = loopback(0);
  int size = sizeof address;
  say_call("fresh.send", send(fresh, &byte, 1, 0));
  say_call("fresh.recv", recv(fresh, &byte, 1, 0));
  say_call("fresh.listen", listen(fresh, 1));
  say_call("fresh.getpeername", getpeername(fresh, (struct sockaddr *)&address, &size));
  say_call("fresh.getsockname", getsockname(fresh, (struct sockaddr *)&address, &size));
  say_call("fresh.shutdown", shutdown(fresh, SD_SEND));
  SOCKET none = accept(fresh, NULL, NULL);
  say_call("fresh.accept", none == INVALID_SOCKET ? -1 : 0);
  address = loopback(0);
  say_call("bind", bind(fresh, (struct sockaddr *)&address, sizeof address));
  say_call("bind.twice", bind(fresh, (struct sockaddr *)&address, sizeof address));
  say_call("bind.short", bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, 4));
  say_call("closed", closesocket(fresh));
  say_call("closed.twice", closesocket(fresh));
  say_call("invalid", closesocket(INVALID_SOCKET));

  SOCKET gone = bound(SOCK_STREAM);
  address = name_of(gone);
  closesocket(gone);
  SOCKET refused = socket(AF_INET, SOCK_STREAM, 0);
  say_call("refused", connect(refused, (struct sockaddr *)&address, sizeof address));
  closesocket(refused);

  SOCKET client, server;
  make_pair(&client, &server);
  address = name_of(server);
  say_call("connected.again", connect(client, (struct sockaddr *)&address, sizeof address));
  say_call("connected.listen", listen(client, 1));
  say_call("shutdown", shutdown(client, SD_SEND));
  say_call("shutdown.send", send(client, &byte, 1, 0));
  say_call("shutdown.peer", recv(server, &byte, 1, 0));
  say_call("shutdown.peer.again", recv(server, &byte, 1, 0));
  say_call("shutdown.how", shutdown(client, 7));
  closesocket(client);
  closesocket(server);

  u_long on = 1;
  make_pair(&client, &server);
  say_call("nonblocking", ioctlsocket(server, FIONBIO, &on));
  say_call("nonblocking.recv", recv(server, &byte, 1, 0));
  SOCKET waiting = listener();
  ioctlsocket(waiting, FIONBIO, &on);
  none = accept(waiting, NULL, NULL);
  say_call("nonblocking.accept", none == INVALID_SOCKET ? -1 : 0);
  reset(client);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(server, &readable);
  say("reset.select", "%d", select(0, &readable, NULL, NULL, NULL));
  say_call("reset.recv", recv(server, &byte, 1, 0));
  closesocket(server);
  closesocket(waiting);
}

static void creation(void) {
  say_call("socket.family", socket(99, SOCK_STREAM, 0) == INVALID_SOCKET ? -1 : 0);
  say_call("socket.type", socket(AF_INET, 99, 0) == INVALID_SOCKET ? -1 : 0);
  say_call("socket.mixed", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) == INVALID_SOCKET ? -1 : 0);
  say_call("wsasocket", WSASocketA(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED) == INVALID_SOCKET ? -1 : 0);
}

static void codes(void) {
  SOCKET client, server;
  make_pair(&client, &server);
  DWORD count = 777;
  u_long value = 777;
  say_call("ioctl.unknown", WSAIoctl(client, 0x98001234, NULL, 0, NULL, 0, &count, NULL, NULL));
  say_call("ioctl.socket", WSAIoctl(INVALID_SOCKET, FIONREAD, NULL, 0, &value, sizeof value, &count, NULL, NULL));
  send(client, "hello", 5, 0);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(server, &readable);
  select(0, &readable, NULL, NULL, NULL);
  say_call("fionread", ioctlsocket(server, FIONREAD, &value));
  say("fionread.value", "%u", (unsigned)value);
  DWORD word = 777;
  say_call("fionread.ioctl", WSAIoctl(server, FIONREAD, NULL, 0, &word, sizeof word, &count, NULL, NULL));
  say("fionread.ioctl.value", "%u count %u", (unsigned)word, (unsigned)count);
  say_call("fionread.small", WSAIoctl(server, FIONREAD, NULL, 0, &word, 2, &count, NULL, NULL));
  struct tcp_keepalive alive = {1, 60000, 1000};
  count = 777;
  say_call("keepalive", WSAIoctl(client, SIO_KEEPALIVE_VALS, &alive, sizeof alive, NULL, 0, &count, NULL, NULL));
  say("keepalive.count", "%u", (unsigned)count);
  say_call("keepalive.small", WSAIoctl(client, SIO_KEEPALIVE_VALS, &alive, 4, NULL, 0, &count, NULL, NULL));
  SOCKET datagram = socket(AF_INET, SOCK_DGRAM, 0);
  BOOL off = FALSE;
  say_call("connreset", WSAIoctl(datagram, SIO_UDP_CONNRESET, &off, sizeof off, NULL, 0, &count, NULL, NULL));
  closesocket(datagram);
  closesocket(client);
  closesocket(server);
}

int main(void) {
  char byte = 0;
  say_call("before", recv(INVALID_SOCKET, &byte, 1, 0));
  start_winsock();
  creation();
  states();
  codes();
  say_call("cleanup", WSACleanup());
  say_call("cleanup.twice", WSACleanup());
  return 0;
}
