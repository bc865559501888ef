import Foundation
import Testing

/// The names that POSIX has too lead to Winsock in C and in C++, whatever the types of the lengths: before WSAStartup
/// each says WSANOTINITIALISED, which libc never does.
@Suite struct MappedNameTests {
  static let program = """
    #include <stdlib.h>
    #include <winsock2.h>
    #include <ws2tcpip.h>
    #include <stdio.h>

    static int failures;
    static void check(int line, long long failed) {
      if (failed != -1 || WSAGetLastError() != WSANOTINITIALISED) {
        fprintf(stderr, "line %d: %lld, error %d\\n", line, failed, WSAGetLastError());
        failures++;
      }
      WSASetLastError(0);
    }
    #define CHECK(call) check(__LINE__, (long long)(call))

    int main(void) {
      SOCKET s = 0;
      struct sockaddr_in in;
      struct sockaddr *name = (struct sockaddr *)&in;
      int length = sizeof in;
      socklen_t other = sizeof in;
      char buffer[8];
      size_t size = sizeof buffer;
      unsigned long bytes;
      DWORD count, flags = 0;
      fd_set set;
      WSABUF wsabuf = {sizeof buffer, buffer};
      u_long mode = 0;
      ULONG short_mode = 0;
      memset(&in, 0, sizeof in);
      FD_ZERO(&set);

      CHECK(socket(AF_INET, SOCK_STREAM, 0));
      CHECK(bind(s, name, length));
      CHECK(bind(s, name, sizeof in));
      CHECK(bind(s, name, other));
      CHECK(connect(s, name, length));
      CHECK(connect(s, name, sizeof in));
      CHECK(connect(s, name, other));
      CHECK(listen(s, 5));
      CHECK(accept(s, name, &length));
      CHECK(accept(s, name, &other));
      CHECK(accept(s, NULL, NULL));
      CHECK(accept(s, 0, 0));
      CHECK(send(s, buffer, length, 0));
      CHECK(send(s, buffer, size, 0));
      CHECK(recv(s, buffer, length, 0));
      CHECK(recv(s, buffer, size, 0));
      CHECK(sendto(s, buffer, length, 0, name, sizeof in));
      CHECK(recvfrom(s, buffer, size, 0, name, &length));
      CHECK(recvfrom(s, buffer, size, 0, name, &other));
      CHECK(recvfrom(s, buffer, size, 0, NULL, NULL));
      CHECK(shutdown(s, SD_BOTH));
      CHECK(select(0, &set, NULL, NULL, NULL));
      CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, buffer, &length));
      CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, buffer, &other));
      CHECK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, buffer, length));
      CHECK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, buffer, sizeof buffer));
      CHECK(getsockname(s, name, &length));
      CHECK(getsockname(s, name, &other));
      CHECK(getpeername(s, name, &length));
      CHECK(getpeername(s, name, &other));
      CHECK(gethostname(buffer, sizeof buffer));
      CHECK(ioctlsocket(s, FIONBIO, &mode));
      CHECK(ioctlsocket(s, FIONBIO, &short_mode));
      CHECK(inet_pton(AF_INET, "127.0.0.1", &in.sin_addr));
      CHECK(WSAIoctl(s, FIONBIO, NULL, 0, NULL, 0, &count, NULL, NULL));
      CHECK(WSAIoctl(s, FIONBIO, NULL, 0, NULL, 0, &bytes, NULL, NULL));
      CHECK(WSAIoctl(s, FIONBIO, NULL, 0, NULL, 0, NULL, NULL, NULL));
      CHECK(WSASend(s, &wsabuf, 1, &bytes, 0, NULL, NULL));
      CHECK(WSARecv(s, &wsabuf, 1, &bytes, &flags, NULL, NULL));
      CHECK(WSARecv(s, &wsabuf, 1, &count, &flags, NULL, NULL));
      CHECK(WSARecv(s, &wsabuf, 1, &bytes, &bytes, NULL, NULL));
      return failures;
    }

    """

  @Test(arguments: [("gcc", "c"), ("clang", "c"), ("g++", "cc"), ("clang++", "cc")])
  func everyNameIsWinsocks(compiler: String, suffix: String) throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.program, to: "names.\(suffix)")
    let path = try #require(TestPaths.tool(compiler))
    let flags = ["-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", source, "-o", folder.path + "/names"]
    let built = try run(path, flags + ServiceFixture.library)
    #expect(built.status == 0, "\(built.output)")
    let finished = try run(folder.path + "/names", [])
    #expect(finished.status == 0, "\(finished.output)")
  }

  /// SPEC and headers agree that 32 bits are stored where a program has an unsigned long.
  @Test(arguments: [("gcc", "c"), ("g++", "cc")])
  func thirtyTwoBitsAreStored(compiler: String, suffix: String) throws {
    let text = """
      #include <winsock2.h>
      #include <mstcpip.h>
      int main(void) {
        WSADATA data;
        unsigned long bytes = 0xffffffffffffffffUL;
        SOCKET answer, s;
        if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
        s = socket(AF_INET, SOCK_STREAM, 0);
        if (WSAIoctl(s, SIO_BASE_HANDLE, NULL, 0, &answer, sizeof answer, &bytes, NULL, NULL) != 0) return 2;
        return bytes == 0xffffffff00000008UL && answer == s ? 0 : 3;
      }

      """
    let folder = try TemporaryFolder()
    let source = try folder.write(text, to: "stored.\(suffix)")
    let path = try #require(TestPaths.tool(compiler))
    let built = try run(
      path, ["-I\(TestPaths.headers)", source, "-o", folder.path + "/stored"] + ServiceFixture.library)
    #expect(built.status == 0, "\(built.output)")
    #expect(try run(folder.path + "/stored", []).status == 0)
  }
}
