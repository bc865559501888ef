// A WFP redirect service in C++, written for Windows: sockets and ports are owned by objects, an operation is a class
// derived from OVERLAPPED, and a connection lives as long as one of its operations is under way.
//
//   class_relay PORT [--count N]
//
// --count  exit after that many connections
//
// It listens on 127.0.0.1 and [::1]; PORT 0 takes a free one. The callout writes two SOCKADDR_STORAGE into the context,
// remote and local.

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <mstcpip.h>
#include <windows.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string &what) : std::runtime_error(what + ": error " + std::to_string(WSAGetLastError())) {}
};

class Startup {
 public:
  Startup() {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) throw Error("WSAStartup");
  }
  ~Startup() { WSACleanup(); }
  Startup(const Startup &) = delete;
  Startup &operator=(const Startup &) = delete;
};

class Address {
 public:
  explicit Address(int family) { storage_.ss_family = static_cast<decltype(storage_.ss_family)>(family); }
  explicit Address(const SOCKADDR_STORAGE &storage) : storage_(storage) {}

  static Address loopback(int family, USHORT port) {
    Address address(family);
    if (family == AF_INET6)
      reinterpret_cast<sockaddr_in6 *>(&address.storage_)->sin6_addr = in6addr_loopback;
    else
      reinterpret_cast<sockaddr_in *>(&address.storage_)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    reinterpret_cast<sockaddr_in *>(&address.storage_)->sin_port = htons(port);
    return address;
  }

  int family() const { return storage_.ss_family; }
  USHORT port() const { return ntohs(reinterpret_cast<const sockaddr_in *>(&storage_)->sin_port); }
  sockaddr *get() { return reinterpret_cast<sockaddr *>(&storage_); }
  int size() const { return static_cast<int>(family() == AF_INET6 ? sizeof(SOCKADDR_IN6) : sizeof(SOCKADDR_IN)); }

 private:
  SOCKADDR_STORAGE storage_{};
};

class Socket {
 public:
  explicit Socket(int family) : handle_(WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED)) {
    if (handle_ == INVALID_SOCKET) throw Error("WSASocketW");
  }
  Socket(Socket &&other) noexcept : handle_(std::exchange(other.handle_, INVALID_SOCKET)) {}
  Socket &operator=(Socket &&other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Socket() {
    if (handle_ != INVALID_SOCKET) closesocket(handle_);
  }

  SOCKET get() const { return handle_; }
  HANDLE handle() const { return reinterpret_cast<HANDLE>(handle_); }

  template <typename Value>
  void set(int level, int name, const Value &value) {
    setsockopt(handle_, level, name, reinterpret_cast<const char *>(&value), static_cast<int>(sizeof value));
  }

  std::vector<char> query(DWORD code) const {
    std::vector<char> answer(1024);
    DWORD size = 0;
    if (WSAIoctl(handle_, code, nullptr, 0, answer.data(), static_cast<DWORD>(answer.size()), &size, nullptr,
                 nullptr) != 0)
      throw Error("query");
    answer.resize(size);
    return answer;
  }

  template <typename Function>
  Function extension(GUID identifier) const {
    Function function = nullptr;
    DWORD bytes = 0;
    if (WSAIoctl(handle_, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifier, sizeof identifier, &function,
                 sizeof function, &bytes, nullptr, nullptr) != 0)
      throw Error("extension");
    return function;
  }

 private:
  SOCKET handle_;
};

// What the port gives back.
class Operation : public OVERLAPPED {
 public:
  Operation() : OVERLAPPED{} {}
  virtual ~Operation() = default;
  virtual void ended(DWORD bytes, bool has_succeeded) = 0;

 protected:
  OVERLAPPED *begin() {
    static_cast<OVERLAPPED &>(*this) = OVERLAPPED{};
    return this;
  }
  static bool is_under_way(bool is_done) { return is_done || WSAGetLastError() == ERROR_IO_PENDING; }
};

class Port {
 public:
  Port() : handle_(CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1)) {
    if (handle_ == nullptr) throw Error("CreateIoCompletionPort");
  }
  ~Port() { CloseHandle(handle_); }
  Port(const Port &) = delete;
  Port &operator=(const Port &) = delete;

  void serve(const Socket &socket) {
    if (CreateIoCompletionPort(socket.handle(), handle_, 0, 0) == nullptr) throw Error("association");
  }

  void run_one() {
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = nullptr;
    bool has_succeeded = GetQueuedCompletionStatus(handle_, &bytes, &key, &overlapped, INFINITE) != FALSE;
    if (overlapped == nullptr) throw Error("GetQueuedCompletionStatus");
    static_cast<Operation *>(overlapped)->ended(bytes, has_succeeded);
  }

 private:
  HANDLE handle_;
};

class Relay;

// One direction of a relay. While an operation is under way it keeps the relay.
class Pump : public Operation {
 public:
  void start(std::shared_ptr<Relay> relay, SOCKET from, SOCKET to) {
    relay_ = std::move(relay);
    from_ = from;
    to_ = to;
    receive();
  }
  void ended(DWORD bytes, bool has_succeeded) override;

 private:
  void receive() {
    DWORD flags = 0;
    WSABUF buffer{static_cast<ULONG>(bytes_.size()), bytes_.data()};
    sends_ = false;
    check(WSARecv(from_, &buffer, 1, nullptr, &flags, begin(), nullptr) == 0);
  }
  void send(DWORD count) {
    WSABUF buffer{count, bytes_.data()};
    sends_ = true;
    check(WSASend(to_, &buffer, 1, nullptr, 0, begin(), nullptr) == 0);
  }
  void check(bool is_done);

  std::shared_ptr<Relay> relay_;
  SOCKET from_ = INVALID_SOCKET, to_ = INVALID_SOCKET;
  bool sends_ = false;
  std::array<char, 65536> bytes_;
};

class Relay : public Operation, public std::enable_shared_from_this<Relay> {
 public:
  Relay(Socket client, Socket server, long &left)
      : client_(std::move(client)), server_(std::move(server)), left_(left) {}
  ~Relay() override {
    struct linger reset = {1, 0};
    if (has_failed_) {  // both peers hear of it
      client_.set(SOL_SOCKET, SO_LINGER, reset);
      server_.set(SOL_SOCKET, SO_LINGER, reset);
    }
    if (left_ > 0) left_--;
  }

  // Where the context says; the records go along. Returns whether it is under way.
  static bool begin(Socket client, Port &port, long &left) {
    try {
      std::vector<char> records = client.query(SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS);
      std::vector<char> context = client.query(SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT);
      if (context.size() != 2 * sizeof(SOCKADDR_STORAGE)) return false;
      SOCKADDR_STORAGE remote;
      std::memcpy(&remote, context.data(), sizeof remote);
      Address destination(remote), any(destination.family());
      Socket server(destination.family());
      port.serve(client);
      port.serve(server);
      DWORD bytes = 0;
      if (WSAIoctl(server.get(), SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, records.data(),
                   static_cast<DWORD>(records.size()), nullptr, 0, &bytes, nullptr, nullptr) != 0)
        return false;
      if (bind(server.get(), any.get(), any.size()) != 0) return false;
      auto connect_ex = server.extension<LPFN_CONNECTEX>(WSAID_CONNECTEX);
      auto relay = std::make_shared<Relay>(std::move(client), std::move(server), left);
      relay->self_ = relay;
      if (is_under_way(connect_ex(relay->server_.get(), destination.get(), destination.size(), nullptr, 0, nullptr,
                                  relay->Operation::begin()) != FALSE))
        return true;
      relay->fail();
      relay->self_.reset();
      return true;
    } catch (const Error &) {
      return false;
    }
  }

  // It is connected, or is not.
  void ended(DWORD, bool has_succeeded) override {
    std::shared_ptr<Relay> self = std::move(self_);
    if (!has_succeeded) return fail();
    setsockopt(server_.get(), SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
    up_.start(self, client_.get(), server_.get());
    if (!has_failed_) down_.start(self, server_.get(), client_.get());
  }

  void fail() {
    has_failed_ = true;
    CancelIoEx(client_.handle(), nullptr);
    CancelIoEx(server_.handle(), nullptr);
  }
  bool has_failed() const { return has_failed_; }

 private:
  Socket client_, server_;
  long &left_;
  bool has_failed_ = false;
  std::shared_ptr<Relay> self_;  // while it connects
  Pump up_, down_;
};

void Pump::check(bool is_done) {
  if (is_under_way(is_done)) return;
  relay_->fail();
  std::shared_ptr<Relay>(std::move(relay_));
}

void Pump::ended(DWORD bytes, bool has_succeeded) {
  if (has_succeeded && !relay_->has_failed()) {
    if (sends_) return receive();
    if (bytes > 0) return send(bytes);
    shutdown(to_, SD_SEND);  // the end of the stream, passed on
  } else if (!relay_->has_failed()) {
    relay_->fail();
  }
  std::shared_ptr<Relay>(std::move(relay_));  // the last one takes this object along
}

class Listener : public Operation {
 public:
  Listener(Port &port, int family, USHORT &number, long &left)
      : port_(port), family_(family), left_(left), socket_(family), accepted_(family) {
    Address address = Address::loopback(family, number);
    int size = address.size();
    if (bind(socket_.get(), address.get(), size) != 0 || listen(socket_.get(), SOMAXCONN) != 0 ||
        getsockname(socket_.get(), address.get(), &size) != 0)
      throw Error("cannot listen");
    number = address.port();
    port_.serve(socket_);
    accept_ex_ = socket_.extension<LPFN_ACCEPTEX>(WSAID_ACCEPTEX);
    accept();
  }

  void ended(DWORD, bool has_succeeded) override {
    Socket client = std::move(accepted_);
    if (has_succeeded) {
      client.set(SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, socket_.get());
      if (!Relay::begin(std::move(client), port_, left_) && left_ > 0) left_--;
    }
    accepted_ = Socket(family_);
    accept();
  }

 private:
  void accept() {
    constexpr DWORD room = sizeof(SOCKADDR_STORAGE) + 16;
    DWORD bytes = 0;
    if (!is_under_way(accept_ex_(socket_.get(), accepted_.get(), names_.data(), 0, room, room, &bytes, begin()) !=
                      FALSE))
      throw Error("AcceptEx");
  }

  Port &port_;
  int family_;
  long &left_;
  Socket socket_, accepted_;
  LPFN_ACCEPTEX accept_ex_ = nullptr;
  std::array<char, 2 * (sizeof(SOCKADDR_STORAGE) + 16)> names_{};
};

}  // namespace

int main(int argc, char **argv) {
  try {
    Startup startup;
    Port port;
    USHORT number = static_cast<USHORT>(argc > 1 ? std::atoi(argv[1]) : 0);
    long left = argc > 3 && std::strcmp(argv[2], "--count") == 0 ? std::atol(argv[3]) : -1;
    Listener four(port, AF_INET, number, left), six(port, AF_INET6, number, left);
    std::printf("listening on %u\n", static_cast<unsigned>(number));
    std::fflush(stdout);
    while (left != 0) port.run_one();
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
