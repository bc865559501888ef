import CWinsock
import Foundation
import Testing

@testable import Winsock

private let mingw = TestPaths.tool("x86_64-w64-mingw32-gcc")
private let source = TestPaths.package + "/Tests/Programs/port_relay.c"

extension WinsockSuite {
  /// Tests/Programs/port_relay.c: AcceptEx, ConnectEx, WSARecv and WSASend on one completion port.
  @Suite struct RelayProgramTests {
    @Test(.enabled(if: mingw != nil, "needs x86_64-w64-mingw32-gcc (Debian: gcc-mingw-w64-x86-64)"))
    func itIsAWindowsProgram() throws {
      let folder = try TemporaryFolder()
      let flags = ["-Wall", "-Wextra", "-Werror", source, "-o", folder.path + "/relay.exe", "-lws2_32"]
      let finished = try run(mingw!, flags)
      #expect(finished.status == 0, "\(finished.output)")
    }

    @Test("S5.2, S5.3: it relays, also when every call has to pend", arguments: Family.allCases, [false, true])
    func itRelays(family: Family, pends: Bool) throws {
      let folder = try TemporaryFolder()
      let program = folder.path + "/relay"
      try ServiceFixture.compile(source, to: program, ServiceFixture.library)
      try started {
        let (origin, originPort) = family.listener()
        let relay = try RunningService(
          program, [family == .four ? "4" : "6", "\(originPort)", "8"],
          environment: ["WFPSHIM_FORCE_PENDING": pends ? "1" : "0"])
        let line = try #require(relay.line())
        let port = try #require(UInt16(line.split(separator: " ").last ?? ""), "\(line)")
        let clients = (0..<8).map { _ in family.stream() }
        var servers: [SOCKET] = []
        for (number, client) in clients.enumerated() {
          #expect(family.connect(client, port) == 0)
          #expect(send(client, "first \(number)") == 7)
          let server = ws2_accept(origin, nil, nil)
          #expect(setOption(server, SOL_SOCKET, SO_RCVTIMEO, 30_000) == 0)
          #expect(setOption(client, SOL_SOCKET, SO_RCVTIMEO, 30_000) == 0)
          #expect(receive(server) == (7, "first \(number)"))
          servers.append(server)
        }
        for (client, server) in zip(clients, servers) {
          for text in ["one", "two"] {
            #expect(send(client, text) == 3)
            #expect(receive(server) == (3, text))
            #expect(send(server, text) == 3)
            #expect(receive(client) == (3, text))
          }
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(receive(server).count == 0)
          #expect(send(server, "end") == 3)
          #expect(receive(client) == (3, "end"))
          closesocket(server)
          #expect(receive(client).count == 0)
          closesocket(client)
        }
        #expect(relay.line() == "done")
        #expect(relay.status() == 0)
        closesocket(origin)
      }
    }
  }
}
