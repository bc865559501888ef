import Foundation
import Testing

/// Every name that the eleven counted programs use: the tables of winsock-surface.md.
@Suite struct SurfaceTests {
  static let functions = """
    WSAIoctl WSAStartup closesocket WSAGetLastError bind listen WSACleanup accept recv shutdown WSASocketW WSASocketA WSASocket
    connect htonl htons send setsockopt getsockname select CloseHandle GetCurrentProcessId WaitForSingleObject ntohs socket
    _snprintf_s strcpy_s strncpy_s strtok_s sscanf_s wcscpy_s printf_s sprintf_s strcat_s _stricmp _strnicmp _wcsicmp memcpy_s
    fopen_s localtime_s wcscat_s swprintf_s CreateThread GetLastError Sleep WSARecv WSASend getaddrinfo freeaddrinfo
    CreateEventW CreateEvent WSACreateEvent WSACloseEvent WSAConnect WSASendMsg InitializeCriticalSection
    EnterCriticalSection LeaveCriticalSection DeleteCriticalSection TryEnterCriticalSection GetTickCount64
    InterlockedDecrement RtlCopyMemory SetEvent WSAAccept WSAGetOverlappedResult WSAWaitForMultipleEvents getsockopt
    inet_ntoa inet_pton ioctlsocket recvfrom sendto AcceptEx CancelIo CreateIoCompletionPort GetQueuedCompletionStatus
    PostQueuedCompletionStatus WSAEventSelect WSAEnumNetworkEvents WaitForMultipleObjects WSASetEvent WSASendTo inet_ntop
    getpeername FwpmEngineOpen0 FwpmSubLayerAdd0 FwpmCalloutAdd0 FwpmFilterAdd0 FwpmGetAppIdFromFileName0
    FwpmTransactionBegin0 FwpmTransactionCommit0 FwpmTransactionAbort0 FwpmEngineClose0 FwpmFreeMemory0 ResetEvent
    InterlockedIncrement InterlockedExchange InterlockedCompareExchange InterlockedOr InterlockedAnd MemoryBarrier
    GetCurrentThreadId SecureZeroMemory WSAPoll GetOverlappedResult StringCchPrintfA StringCchPrintfW StringCchCopyW
    StringCbCopyA StringCchLengthW UIntAdd SizeTMult DWordAdd ULongLongToULong IN4ADDR_SETLOOPBACK INETADDR_SETANY
    INETADDR_ISLOOPBACK IN6ADDR_SETV4MAPPED INETADDR_PORT IsEqualGUID
    """

  /// Those of Win32 beside Winsock, which come with <fileapi.h> and its kin.
  static let system = """
    CreateFileW DeviceIoControl InitializeSRWLock AcquireSRWLockExclusive ReleaseSRWLockExclusive HeapAlloc HeapFree
    MultiByteToWideChar OpenProcess WSAAddressToStringA WSADuplicateSocketW InetNtopW GetAdaptersAddresses
    ConvertInterfaceLuidToIndex OpenSCManagerW QueryFullProcessImageNameW SetConsoleCtrlHandler GetSystemInfo
    GetSystemTimeAsFileTime LoadLibraryA GetProcAddress WideCharToMultiByte WriteFile _kbhit
    CreatePersistentTcpPortReservation VirtualAlloc VirtualFree VirtualProtect VirtualQuery WaitOnAddress
    WakeByAddressSingle WakeByAddressAll
    """

  static let types = """
    SOCKET WSADATA SOCKADDR_STORAGE WSABUF fd_set GUID HANDLE WSAMSG LPFN_WSARECVMSG WSACMSGHDR WSAOVERLAPPED SOCKADDR WSAEVENT
    ADDRESS_FAMILY ADDRINFO SOCKADDR_IN PSOCKADDR_IN6 TIMEVAL LINGER WSANETWORKEVENTS WSAPROTOCOL_INFO
    LPFN_ACCEPTEX LPFN_CONNECTEX LPWSAOVERLAPPED LPWSAOVERLAPPED_COMPLETION_ROUTINE INET_PORT_RANGE TCP_INFO_v0 FILETIME
    LARGE_INTEGER LIST_ENTRY CRITICAL_SECTION LPFN_WSASENDMSG LPFN_DISCONNECTEX OVERLAPPED_ENTRY WSAPOLLFD LPTSTR TCHAR
    FWPM_FILTER0 FWPM_CALLOUT0 FWPM_SUBLAYER0 FWPM_SESSION0 FWPM_PROVIDER0 FWPM_FILTER_CONDITION0 errno_t rsize_t HRESULT
    """

  static let constants = """
    INVALID_SOCKET SOCKET_ERROR MAKEWORD(2,2) SD_BOTH INADDR_LOOPBACK WSA_FLAG_OVERLAPPED CTL_CODE(1,2,3,0) IPV6_V6ONLY
    SIO_GET_EXTENSION_FUNCTION_POINTER SO_RCVTIMEO WSA_IO_PENDING INFINITE IP_WFP_REDIRECT_CONTEXT SO_SNDTIMEO WAIT_OBJECT_0
    WSAENOBUFS FIONBIO IP_WFP_REDIRECT_RECORDS NO_ERROR SD_SEND SO_REUSEADDR WSAEFAULT WSAEINVAL WSA_WAIT_TIMEOUT FD_ACCEPT
    FD_ACCEPT_BIT FD_SETSIZE FWP_E_NOT_FOUND IPV6_WFP_REDIRECT_CONTEXT IP_UNICAST_IF MSG_PEEK NTDDI_VERSION
    SIO_KEEPALIVE_VALS SIO_TCP_INFO SIO_UDP_CONNRESET SO_ERROR SO_EXCLUSIVEADDRUSE SO_LINGER SO_ORIGINAL_DST SO_RCVBUF
    SO_SNDBUF TCP_NODELAY WAIT_TIMEOUT WINSOCK_VERSION WSAEDISCON WSAEMSGSIZE WSAENOTSOCK WSAEOPNOTSUPP WSAETIMEDOUT
    WSAEWOULDBLOCK WSA_INFINITE WSA_WAIT_EVENT_0 _WSAIOW(IOC_VENDOR,220) SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS
    SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS FILE_DEVICE_UNKNOWN METHOD_BUFFERED
    FILE_ANY_ACCESS STRSAFE_E_INSUFFICIENT_BUFFER INTSAFE_E_ARITHMETIC_OVERFLOW WSA_CMSG_SPACE(4)
    """

  static let objects = """
    in6addr_loopback in6addr_any FWPM_LAYER_ALE_CONNECT_REDIRECT_V4 FWPM_LAYER_ALE_CONNECT_REDIRECT_V6
    FWPM_CONDITION_IP_PROTOCOL FWPM_CONDITION_IP_REMOTE_PORT FWPM_CONDITION_IP_REMOTE_ADDRESS FWPM_CONDITION_ALE_APP_ID
    FWPM_SUBLAYER_UNIVERSAL GUID_NULL
    """

  static let hasSystem = FileManager.default.fileExists(atPath: TestPaths.headers + "/fileapi.h")

  static let headers =
    [
      "winsock2.h", "mstcpip.h", "ws2tcpip.h", "windows.h", "mswsock.h", "fwpmu.h", "intsafe.h", "winioctl.h",
      "ws2ipdef.h",
      "strsafe.h", "tchar.h",
    ] + (hasSystem ? ["iphlpapi.h", "netioapi.h", "psapi.h", "conio.h", "winsvc.h"] : [])

  private static func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }

  /// A program that has the address of each function (a macro is there without one), a value of each type, and so on.
  static func program(withFunctions: Bool = true) -> String {
    let names = withFunctions ? words(functions) + (hasSystem ? words(system) : []) : []
    let functions = names.enumerated().map {
      "#if !defined(\($1))\n  use((void *)&\($1));\n#endif"
    }
    let types = words(types).map { "  { \($0) *value = NULL; use((void *)&value); }" }
    let constants = words(constants).map { "  total += (unsigned long long)(\($0));" }
    let objects = words(objects).map { "  use((void *)(uintptr_t)&\($0));" }
    return HeaderMatrixTests.includes(headers) + """
      #include <stdint.h>
      static void *volatile last;
      static void use(void *what) { last = what; }
      int main(void) {
        volatile unsigned long long total = 0;
        GUID identifiers[] = {WSAID_WSARECVMSG, WSAID_ACCEPTEX, WSAID_CONNECTEX};
        WSAEVENT none = WSA_INVALID_EVENT;
        fd_set set;
        FD_ZERO(&set);
        FD_SET((SOCKET)3, &set);
        use(identifiers);
        use(&none);
      \((functions + types + constants + objects).joined(separator: "\n"))
        return FD_ISSET((SOCKET)3, &set) && total != 0 ? 0 : 1;
      }

      """
  }

  @Test("winsock-surface.md: every name is declared, and what is declared links", arguments: ["gcc", "clang"])
  func everyName(compiler: String) throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.program(), to: "surface.c")
    let program = try #require(TestPaths.tool(compiler))
    let flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", source]
    let built = try run(program, flags + ["-o", folder.path + "/surface"] + WindowsProgram.libraries)
    #expect(built.status == 0, "\(built.output.prefix(6000))")
    let finished = try run(folder.path + "/surface", [])
    #expect(finished.status == 0, "\(finished.output)")
  }

  /// In C++ most functions are overloaded: MappedNameTests calls them.
  @Test("winsock-surface.md: types, numbers and objects in C++", arguments: ["g++", "clang++"])
  func everyNameInCPlusPlus(compiler: String) throws {
    let program = try WindowsProgram(
      Self.program(withFunctions: false), suffix: "cc", compiler: compiler, flags: ["-std=c++17"])
    #expect(try program.output().status == 0)
  }

  @Test("without <fileapi.h> none of its names is declared", .enabled(if: !hasSystem)) func nothingOfTheSystem() throws
  {
    let names = try HeaderMatrixTests.headers()
    let text = try names.map { try String(contentsOfFile: TestPaths.headers + "/" + $0, encoding: .utf8) }.joined()
    let declared = Set(text.matches(of: /\b(\w+)\(/).map { String($0.1) })
    for name in Self.words(Self.system) { #expect(!declared.contains(name), "\(name)") }
  }

  @Test("the program above fails for a name that is not there", arguments: ["WSANoSuchFunction", "strcpy_t"])
  func aMissingName(name: String) throws {
    let folder = try TemporaryFolder()
    let text = Self.program().replacingOccurrences(of: "&strcpy_s", with: "&\(name)")
    let source = try folder.write(text.replacingOccurrences(of: "defined(strcpy_s)", with: "0"), to: "surface.c")
    let gcc = try #require(TestPaths.tool("gcc"))
    let finished = try run(gcc, ["-std=gnu11", "-fsyntax-only", "-w", "-I\(TestPaths.headers)", source])
    #expect(finished.status != 0 && finished.output.contains(name), "\(finished.output)")
  }
}
