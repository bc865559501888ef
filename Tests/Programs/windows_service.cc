// A service as they are written in C++ for Windows: classes, UNICODE, wide strings, strsafe, wmain, an event that ends a wait.
// It prints what it was told, and listens until its own client has come.
#ifndef UNICODE
#define UNICODE
#endif
#ifndef _UNICODE
#define _UNICODE
#endif
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <stdio.h>

#pragma comment(lib, "ws2_32.lib")

class Winsock {
 public:
  Winsock() : started_(WSAStartup(WINSOCK_VERSION, &data_) == 0) {}
  ~Winsock() {
    if (started_) WSACleanup();
  }
  explicit operator bool() const { return started_; }

 private:
  WSADATA data_;
  bool started_;
};

class Socket {
 public:
  explicit Socket(SOCKET s = INVALID_SOCKET) : s_(s) {}
  Socket(Socket &&other) noexcept : s_(other.s_) { other.s_ = INVALID_SOCKET; }
  Socket(const Socket &) = delete;
  ~Socket() {
    if (s_ != INVALID_SOCKET) closesocket(s_);
  }
  operator SOCKET() const { return s_; }

 private:
  SOCKET s_;
};

class Service {
 public:
  using Handler = std::function<void(SOCKET)>;
  Service(std::wstring name, Handler handler) : name_(std::move(name)), handler_(std::move(handler)) {
    event_ = WSACreateEvent();
  }
  ~Service() { WSACloseEvent(event_); }

  bool Listen() {
    SOCKADDR_IN address = {};
    int length = sizeof(address);
    listener_.reset(new Socket(WSASocket(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED)));
    address.sin_family = AF_INET;
    address.sin_addr.S_un.S_addr = htonl(INADDR_LOOPBACK);
    if (bind(*listener_, reinterpret_cast<const SOCKADDR *>(&address), sizeof(address)) != 0) return false;
    if (listen(*listener_, SOMAXCONN) != 0) return false;
    if (getsockname(*listener_, reinterpret_cast<SOCKADDR *>(&address), &length) != 0) return false;
    port_ = ntohs(address.sin_port);
    return WSAEventSelect(*listener_, event_, FD_ACCEPT) == 0;
  }

  bool ServeOne() {
    WSANETWORKEVENTS events;
    if (WSAWaitForMultipleEvents(1, &event_, FALSE, WSA_INFINITE, FALSE) != WSA_WAIT_EVENT_0) return false;
    if (WSAEnumNetworkEvents(*listener_, event_, &events) != 0 || !(events.lNetworkEvents & FD_ACCEPT)) return false;
    Socket client(accept(*listener_, nullptr, nullptr));
    if (client == INVALID_SOCKET) return false;
    handler_(client);
    return true;
  }

  std::wstring Describe() const {
    WCHAR text[128];
    if (FAILED(StringCchPrintfW(text, ARRAYSIZE(text), L"%s on port %hu", name_.c_str(), port_))) return L"too long";
    return text;
  }
  USHORT Port() const { return port_; }

 private:
  std::wstring name_;
  Handler handler_;
  std::unique_ptr<Socket> listener_;
  WSAEVENT event_;
  USHORT port_ = 0;
};

static DWORD QueryContext(SOCKET s, std::vector<BYTE> &context) {
  DWORD bytes = 0;
  context.resize(128);
  for (int attempt = 0; attempt < 2; attempt++) {
    if (WSAIoctl(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, nullptr, 0, context.data(),
                 static_cast<DWORD>(context.size()), &bytes, nullptr, nullptr) == 0) {
      context.resize(bytes);
      return NO_ERROR;
    }
    if (WSAGetLastError() != ERROR_INSUFFICIENT_BUFFER) break;
    context.resize(bytes);
  }
  return WSAGetLastError();
}

int _tmain(int argc, _TCHAR *argv[]) {
  Winsock winsock;
  if (!winsock || argc < 2) return 2;
  DWORD error = 0;
  Service service(argv[1], [&error](SOCKET client) {
    std::vector<BYTE> context;
    error = QueryContext(client, context);
  });
  if (!service.Listen()) return 3;

  Socket client(socket(AF_INET, SOCK_STREAM, 0));
  SOCKADDR_IN to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(service.Port());
  if (connect(client, reinterpret_cast<SOCKADDR *>(&to), sizeof(to)) != 0 || !service.ServeOne()) return 4;
  TCHAR line[160];
  _stprintf_s(line, _countof(line), _T("%ls%c %lu\n"), service.Describe().c_str(), _T(','), error);
  _fputts(line, stdout);
  return wcsstr(line, argv[1]) == line && _tcsicmp(_T("ABC"), _T("abc")) == 0 ? 0 : 5;
}
