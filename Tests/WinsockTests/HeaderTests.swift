import Foundation
import Testing

/// The headers compile as Windows' do: C99 to C17 and C++11 to C++20, gcc and clang, warnings as errors, in any order
/// and beside glibc's own.
@Suite struct HeaderTests {
  struct Compiler: CustomStringConvertible {
    let program: String
    let standards: [String]
    let isCPlusPlus: Bool
    var description: String { program }
  }

  static let compilers = [
    Compiler(program: "gcc", standards: ["c99", "c11", "c17", "gnu17"], isCPlusPlus: false),
    Compiler(program: "clang", standards: ["c99", "c11", "c17", "gnu17"], isCPlusPlus: false),
    Compiler(program: "g++", standards: ["c++11", "c++17", "c++20"], isCPlusPlus: true),
    Compiler(program: "clang++", standards: ["c++11", "c++17", "c++20"], isCPlusPlus: true),
  ]

  private func compile(_ text: String, _ compiler: Compiler, _ standard: String, _ more: [String] = []) throws
    -> Finished
  {
    let program = try #require(TestPaths.tool(compiler.program), "\(compiler) is part of the build's tools")
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: compiler.isCPlusPlus ? "program.cc" : "program.c")
    let flags = ["-std=\(standard)", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I\(TestPaths.headers)"]
    return try run(program, flags + more + [file])
  }

  /// The body of a program: what Windows sources do with the names that POSIX has too.
  static let use = """
    static int use(void) {
      WSADATA data;
      fd_set set;
      struct sockaddr_in name;
      SOCKADDR_IN6 six;
      int length = sizeof name;
      socklen_t other_length = sizeof name;
      DWORD bytes = 0;
      unsigned long long_bytes = 0;
      u_long mode = 1;
      ULONG short_mode = 1;
      char buffer[INET6_ADDRSTRLEN];
      struct timeval soon = {0, 0};
      struct addrinfo hints, *list = NULL;
      size_t size = sizeof buffer;
      if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
      SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
      if (s == INVALID_SOCKET) return WSAGetLastError() == WSAEFAULT;
      memset(&name, 0, sizeof name);
      memset(&six, 0, sizeof six);
      memset(&hints, 0, sizeof hints);
      name.sin_family = AF_INET;
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      name.sin_addr.S_un.S_addr = inet_addr("127.0.0.1");
      six.sin6_addr = in6addr_loopback;
      six.sin6_addr.u.Byte[15] = 1;
      if (bind(s, (struct sockaddr *)&name, sizeof name) == SOCKET_ERROR || listen(s, SOMAXCONN) == SOCKET_ERROR) return 1;
      FD_ZERO(&set);
      FD_SET(s, &set);
      select(0, &set, NULL, NULL, &soon);
      if (FD_ISSET(s, &set)) FD_CLR(s, &set);
      accept(s, NULL, NULL);
      accept(s, 0, 0);
      accept(s, (struct sockaddr *)&name, &length);
      accept(s, (struct sockaddr *)&name, &other_length);
      getsockname(s, (struct sockaddr *)&name, &length);
      getpeername(s, (struct sockaddr *)&name, &other_length);
      connect(s, (const struct sockaddr *)&name, sizeof name);
      send(s, buffer, (int)size, 0);
      send(s, buffer, size, 0);
      recv(s, buffer, sizeof buffer, 0);
      sendto(s, buffer, (int)size, 0, (const struct sockaddr *)&name, sizeof name);
      recvfrom(s, buffer, sizeof buffer, 0, (struct sockaddr *)&name, &length);
      recvfrom(s, buffer, sizeof buffer, 0, NULL, NULL);
      setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (const char *)&bytes, sizeof bytes);
      getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&bytes, &length);
      ioctlsocket(s, FIONBIO, &mode);
      ioctlsocket(s, FIONBIO, &short_mode);
      WSAIoctl(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, buffer, (DWORD)size, &bytes, NULL, NULL);
      WSAIoctl(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, buffer, (DWORD)size, &long_bytes, NULL, NULL);
      WSAIoctl(s, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, buffer, (DWORD)size, NULL, 0, NULL, NULL, NULL);
      WSAPOLLFD entry = {s, POLLIN, 0};
      WSANETWORKEVENTS events;
      WSAMSG message;
      memset(&message, 0, sizeof message);
      WSAPoll(&entry, 1, 0);
      WSAEventSelect(s, WSACreateEvent(), FD_READ | FD_CLOSE | FD_ALL_EVENTS);
      if (WSAEnumNetworkEvents(s, NULL, &events) == 0) return events.iErrorCode[FD_CLOSE_BIT];
      WSASendMsg(s, &message, 0, &bytes, NULL, NULL);
      WSASendMsg(s, &message, 0, &long_bytes, NULL, NULL);
      if (getaddrinfo("localhost", "80", &hints, &list) == EAI_NONAME) return WSAHOST_NOT_FOUND;
      freeaddrinfo(list);
      inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
      inet_ntop(AF_INET6, &six.sin6_addr, buffer, sizeof buffer);
      if (IN6_IS_ADDR_LOOPBACK(&six.sin6_addr)) shutdown(s, SD_BOTH);
      switch (WSAGetLastError()) {
        case WSAEWOULDBLOCK: break;
        case ERROR_INSUFFICIENT_BUFFER: return (int)strlen(inet_ntoa(name.sin_addr));
        default: return closesocket(s) == 0 ? WSACleanup() : WSAEINVAL;
      }
      return gethostname(buffer, sizeof buffer);
    }
    int main(void) { return use(); }

    """

  /// The extensions' types, by both kinds of DWORD pointer that programs have.
  @Test(arguments: compilers)
  func extensionFunctions(compiler: Compiler) throws {
    let text = """
      #include <mswsock.h>
      #include <mstcpip.h>
      int main(void) {
        GUID identifiers[] = {WSAID_ACCEPTEX, WSAID_CONNECTEX, WSAID_DISCONNECTEX, WSAID_GETACCEPTEXSOCKADDRS,
                              WSAID_TRANSMITFILE, WSAID_WSARECVMSG, WSAID_WSASENDMSG, WSAID_WSAPOLL};
        LPFN_ACCEPTEX accept_ex = AcceptEx;
        LPFN_GETACCEPTEXSOCKADDRS names = GetAcceptExSockaddrs;
        LPFN_TRANSMITFILE transmit = TransmitFile;
        LPFN_CONNECTEX connect_ex = NULL;
        LPFN_DISCONNECTEX disconnect = NULL;
        LPFN_WSARECVMSG receive = NULL;
        LPFN_WSASENDMSG send_message = WSASendMsg;
        struct pollfd entry = {INVALID_SOCKET, POLLRDNORM, 0};
        TRANSMIT_FILE_BUFFERS buffers = {NULL, 0, NULL, 0};
        INTERFACE_INFO info;
        SOCKET_ADDRESS_LIST list;
        TCP_INFO_v0 statistics;
        DWORD bytes = 0;
        unsigned long long_bytes = 0;
        OVERLAPPED overlapped;
        AcceptEx(INVALID_SOCKET, INVALID_SOCKET, NULL, 0, 0, 0, &bytes, &overlapped);
        AcceptEx(INVALID_SOCKET, INVALID_SOCKET, NULL, 0, 0, 0, &long_bytes, &overlapped);
        statistics.State = TCPSTATE_ESTABLISHED;
        list.iAddressCount = SIO_ADDRESS_LIST_QUERY != SIO_TCP_INFO;
        info.iiFlags = IFF_UP;
        return accept_ex == NULL || names == NULL || transmit == NULL || connect_ex != NULL || disconnect != NULL ||
               receive != NULL || send_message == NULL || entry.revents || buffers.HeadLength ||
               identifiers[0].Data1 == 0 || statistics.State == 0 || info.iiFlags == 0 || list.iAddressCount == 0;
      }

      """
    for standard in compiler.standards.prefix(1) {
      let finished = try compile(text, compiler, standard)
      #expect(finished.status == 0, "\(standard)\n\(finished.output)")
    }
  }

  static let orders: [[String]] = [
    ["winsock2.h", "ws2tcpip.h", "mstcpip.h", "mswsock.h", "windows.h", "ws2spi.h"],
    ["windows.h", "mswsock.h", "mstcpip.h", "ws2tcpip.h", "winsock2.h"],
    ["mstcpip.h", "windows.h", "ws2tcpip.h"],
    ["Windows.h", "WinSock2.h", "WS2tcpip.h", "Mstcpip.h", "Mswsock.h", "Ws2spi.h"],
    // glibc's headers before
    [
      "stdlib.h", "stdio.h", "sys/types.h", "sys/socket.h", "netinet/in.h", "arpa/inet.h", "netdb.h", "unistd.h",
      "sys/select.h", "sys/ioctl.h", "winsock2.h", "ws2tcpip.h", "mstcpip.h", "windows.h",
    ],
    // after
    [
      "winsock2.h", "ws2tcpip.h", "mstcpip.h", "windows.h", "stdlib.h", "stdio.h", "sys/types.h", "sys/socket.h",
      "netinet/in.h", "netinet/tcp.h", "arpa/inet.h", "netdb.h", "unistd.h", "sys/select.h", "sys/ioctl.h", "poll.h",
      "fcntl.h", "signal.h", "pthread.h", "time.h", "errno.h", "net/if.h", "ifaddrs.h", "sys/un.h", "sys/uio.h",
    ],
    // and in between
    ["stdio.h", "windows.h", "sys/socket.h", "winsock2.h", "netdb.h", "ws2tcpip.h", "arpa/inet.h", "mstcpip.h"],
  ]

  @Test(arguments: compilers, orders.indices)
  func everyOrderOfIncludes(compiler: Compiler, order: Int) throws {
    let text = Self.orders[order].map { "#include <\($0)>\n" }.joined() + Self.use
    for standard in compiler.standards {
      let finished = try compile(text, compiler, standard)
      #expect(finished.status == 0, "\(compiler) \(standard)\n\(finished.output)")
    }
    let windows = try compile(text, compiler, compiler.standards[1], ["-DWFPSHIM_MS_ABI"])
    #expect(windows.status == 0, "\(compiler)\n\(windows.output)")
  }

  /// Files in capitals only stand for another spelling (HeaderMatrixTests).
  @Test(arguments: [compilers[0], compilers[3]])
  func everyHeaderAlone(compiler: Compiler) throws {
    let headers = try HeaderMatrixTests.headers()
    #expect(headers.count > 45)
    let program = try #require(TestPaths.tool(compiler.program))
    let folder = try TemporaryFolder()
    let files = try headers.map {
      try folder.write(
        "#include <\($0)>\nint main(void) { return 0; }\n", to: $0 + (compiler.isCPlusPlus ? ".cc" : ".c"))
    }
    let flags = [
      "-std=\(compiler.standards[0])", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I\(TestPaths.headers)",
    ]
    let finished = try run(program, flags + files)
    #expect(finished.status == 0, "\(finished.output)")
  }

  /// Overloads and not macros: the standard library's names and members stay what they are.
  @Test(arguments: compilers.filter(\.isCPlusPlus))
  func theStandardLibraryOfCPlusPlus(compiler: Compiler) throws {
    let library = [
      "algorithm", "atomic", "chrono", "functional", "future", "iostream", "map", "memory", "mutex", "regex", "string",
      "thread", "vector",
    ].map { "#include <\($0)>\n" }.joined()
    let winsock = "#include <winsock2.h>\n#include <ws2tcpip.h>\n#include <mstcpip.h>\n#include <windows.h>\n"
    let body = """
      struct Signal {
        int connect(int a) { return a; }
        int send(int a, int b) { return a + b; }
        int bind, accept, listen;
      };
      static int add(int a, int b) { return a + b; }
      int other() {
        Signal signal;
        signal.bind = signal.accept = signal.listen = 0;
        auto bound = std::bind(add, 1, std::placeholders::_1);
        return bound(2) + signal.connect(1) + signal.send(1, 2) + std::min(1, 2) + std::max(signal.bind, 3);
      }

      """
    for standard in compiler.standards {
      for text in [library + winsock, winsock + library] {
        let finished = try compile(text + body + Self.use, compiler, standard)
        #expect(finished.status == 0, "\(compiler) \(standard)\n\(finished.output)")
      }
    }
  }

  /// FD_SETSIZE is the program's to choose before <winsock2.h>, wherever glibc's <sys/select.h> comes in.
  @Test(arguments: compilers)
  func theProgramChoosesTheSizeOfItsSets(compiler: Compiler) throws {
    let assert = compiler.isCPlusPlus ? "static_assert" : "_Static_assert"
    let check = { (size: Int) in
      """
      \(assert)(FD_SETSIZE == \(size), "FD_SETSIZE");
      \(assert)(sizeof(((fd_set *)0)->fd_array) == \(size) * sizeof(SOCKET), "fd_array");
      int main(void) { return 0; }

      """
    }
    let texts = [
      "#include <winsock2.h>\n" + check(64), "#include <stdlib.h>\n#include <winsock2.h>\n" + check(64),
      "#define FD_SETSIZE 4096\n#include <winsock2.h>\n" + check(4096),
      "#define FD_SETSIZE 4096\n#include <stdlib.h>\n#include <winsock2.h>\n#include <sys/select.h>\n" + check(4096),
      "#include <stdlib.h>\n#define FD_SETSIZE 100\n#include <winsock2.h>\n" + check(100),
    ]
    for text in texts {
      let finished = try compile(text, compiler, compiler.standards[1])
      #expect(finished.status == 0, "\(text)\n\(finished.output)")
    }
    let fromCommandLine = try compile(
      "#include <stdlib.h>\n#include <winsock2.h>\n" + check(512), compiler, compiler.standards[1], ["-DFD_SETSIZE=512"]
    )
    #expect(fromCommandLine.status == 0, "\(fromCommandLine.output)")
  }

  /// `#pragma comment(lib, ...)` stands in most Windows sources. g++ before 13 cannot be told from inside a file.
  @Test(arguments: compilers.filter { $0.program != "g++" })
  func pragmas(compiler: Compiler) throws {
    let text = """
      #include <winsock2.h>
      #pragma comment(lib, "ws2_32.lib")
      #pragma warning(disable : 4996)
      int main(void) { return 0; }

      """
    let finished = try compile(text, compiler, compiler.standards[1])
    #expect(finished.status == 0, "\(finished.output)")
  }

  /// Microsoft's words, in the places where sources have them.
  @Test(arguments: compilers)
  func wordsOfMicrosoft(compiler: Compiler) throws {
    let text = """
      #include <windows.h>
      #include <winsock2.h>
      static __forceinline DWORD __stdcall twice(_In_ DWORD value) { return 2 * value; }
      __declspec(dllexport) int WINAPI exported(_In_reads_(n) const char *text, _Inout_opt_ int *n);
      __declspec(dllexport) int WINAPI exported(const char *text, int *n) { return text != NULL && n != NULL; }
      typedef struct __declspec(align(16)) _ALIGNED { unsigned __int64 value; } ALIGNED;
      static DWORD CALLBACK run(LPVOID parameter) {
        UNREFERENCED_PARAMETER(parameter);
        return 0;
      }
      int main(void) {
        LONG count = 0;
        GUID guid = {1, 2, 3, {0}};
        OVERLAPPED overlapped;
        LARGE_INTEGER large;
        CRITICAL_SECTION section;
        ZeroMemory(&overlapped, sizeof(overlapped));
        large.QuadPart = 5;
        InitializeCriticalSection(&section);
        HANDLE thread = CreateThread(NULL, 0, run, &guid, 0, NULL);
        InterlockedIncrement(&count);
        InterlockedCompareExchange(&count, 3, 1);
        return (int)twice((DWORD)large.LowPart) + (WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0) +
               (sizeof(ALIGNED) == 16) + (overlapped.Offset == 0 && HasOverlappedIoCompleted(&overlapped)) + ARRAYSIZE("ab");
      }

      """
    for standard in compiler.standards {
      for convention in [[], ["-DWFPSHIM_MS_ABI"]] {
        let finished = try compile(text, compiler, standard, convention)
        #expect(finished.status == 0, "\(standard) \(convention)\n\(finished.output)")
      }
    }
  }
}
