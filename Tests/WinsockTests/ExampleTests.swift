import CWinsock
import Foundation
import Testing

@testable import Winsock

private let mingw = TestPaths.tool("x86_64-w64-mingw32-gcc")

extension WinsockSuite {
  /// examples/redirect-service, unchanged: compiled for Windows, and run here.
  @Suite struct ExampleTests {
    @Test(.enabled(if: mingw != nil, "needs x86_64-w64-mingw32-gcc (Debian: gcc-mingw-w64-x86-64)"))
    func itIsAWindowsProgram() throws {
      let folder = try TemporaryFolder()
      // mingw-w64's mstcpip.h lacks the three codes.
      let codes = [("QUERY", "RECORDS", 0xdc), ("QUERY", "CONTEXT", 0xdd), ("SET", "RECORDS", 0xde)].map {
        "-DSIO_\($0.0)_WFP_CONNECTION_REDIRECT_\($0.1)=0x980000\(String($0.2, radix: 16))u"
      }
      let flags = ["-Wall", "-Werror"] + codes + [TestPaths.example, "-o", folder.path + "/service.exe", "-lws2_32"]
      let finished = try run(mingw!, flags)
      #expect(finished.status == 0, "\(finished.output)")
    }

    @Test(.enabled(if: mingw != nil, "needs x86_64-w64-mingw32-gcc (Debian: gcc-mingw-w64-x86-64)"))
    func theDatagramRelayToo() throws {
      let folder = try TemporaryFolder()
      let source = TestPaths.package + "/examples/datagram-relay/datagram_relay.c"
      let finished = try run(
        mingw!, ["-Wall", "-Wextra", "-Werror", source, "-o", folder.path + "/relay.exe", "-lws2_32"])
      #expect(finished.status == 0, "\(finished.output)")
    }

    @Test func withoutTheFeatureItSaysSoAndGoesOn() throws {
      let folder = try TemporaryFolder()
      let program = try ServiceFixture.buildService(in: folder)
      let service = try RunningService(program, ["A", "0", "--count", "2"], environment: [:])
      let port = try #require(listeningPort(service))
      started {
        for number in 1...2 {
          let client = makeStream()
          #expect(connect(client, to: port) == 0)
          #expect(receive(client).count == 0, "closed, not left open")
          let line = service.line()
          #expect(line?.hasPrefix("A: #\(number) 127.0.0.1:\(ephemeralPort(of: client))->? ") == true, "\(line ?? "")")
          #expect(line?.hasSuffix("records=0 bytes context=0 bytes no records, error 10045") == true)
          closesocket(client)
        }
      }
      #expect(service.status() == 0)
    }

    @Test(arguments: ["sockaddr_storage", "packed"])
    func itRelays(layout: String) throws {
      let folder = try TemporaryFolder()
      let program = try ServiceFixture.buildService(in: folder)
      let transport = try ServiceFixture.buildTransport(in: folder)
      try started {
        let (origin, originPort) = makeListener()
        var environment = ["LD_PRELOAD": transport, "DESTINATION_PORT": "\(originPort)"]
        if layout == "packed" { environment["PACKED"] = "1" }
        let service = try RunningService(
          program, ["B", "0", "--layout", layout, "--count", "1"], environment: environment)
        let client = makeStream()
        #expect(connect(client, to: try #require(listeningPort(service))) == 0)
        let server = ws2_accept(origin, nil, nil)
        let size = layout == "packed" ? 20 : 256
        let end = "->127.0.0.1:\(originPort) records=96 bytes context=\(size) bytes relaying"
        #expect(service.line()?.hasSuffix(end) == true)
        #expect(send(client, "up") == 2)
        #expect(receive(server) == (2, "up"))
        // Half-close: the answer comes after the end of the question.
        #expect(ws2_shutdown(client, SD_SEND) == 0)
        #expect(receive(server).count == 0)
        #expect(send(server, "down") == 4)
        closesocket(server)
        #expect(receive(client) == (4, "down"))
        #expect(receive(client).count == 0)
        closesocket(client)
        closesocket(origin)
        #expect(service.status() == 0)
      }
    }

    /// 50 connections at a time, 10 MB each, and afterwards no descriptor and no thread more than before.
    @Test func fiftyLongStreams() throws {
      let folder = try TemporaryFolder()
      let program = try ServiceFixture.buildService(in: folder)
      let transport = try ServiceFixture.buildTransport(in: folder)
      try started {
        let (origin, originPort) = makeListener(backlog: 128)
        let service = try RunningService(
          program, ["C", "0"], environment: ["LD_PRELOAD": transport, "DESTINATION_PORT": "\(originPort)"])
        let port = try #require(listeningPort(service))
        let before = Usage(of: service.identifier)
        let size = 10 << 20
        let sinks = (0..<50).map { _ in BackgroundCall { drain(ws2_accept(origin, nil, nil)) } }
        let sources = (0..<50).map { _ in BackgroundCall { pour(size, into: port) } }
        for call in sources { #expect(call.result() == size) }
        for call in sinks { #expect(call.result() == size) }
        for _ in 0..<50 { #expect(service.line()?.contains("relaying") == true) }
        // The last of its threads are on their way out.
        while Usage(of: service.identifier) != before { sched_yield() }
        closesocket(origin)
      }
    }
  }
}

private func listeningPort(_ service: RunningService) -> UInt16? {
  service.line().flatMap { $0.split(separator: " ").last }.flatMap { UInt16($0) }
}

private func ephemeralPort(of socket: SOCKET) -> UInt16 { port(of: socket) }

/// Reads to the end, then answers with one byte.
private func drain(_ socket: SOCKET) -> Int {
  var buffer = [CChar](repeating: 0, count: 1 << 16)
  var total = 0
  while true {
    let count = ws2_recv(socket, &buffer, Int32(buffer.count), 0)
    if count <= 0 { break }
    total += Int(count)
  }
  _ = send(socket, "!")
  closesocket(socket)
  return total
}

private func pour(_ size: Int, into port: UInt16) -> Int {
  let client = makeStream()
  guard connect(client, to: port) == 0 else { return -1 }
  let all = [CChar](repeating: 65, count: size)
  let sent = ws2_send(client, all, Int32(size), 0)
  ws2_shutdown(client, SD_SEND)
  let answer = receive(client)
  closesocket(client)
  return answer.text == "!" ? Int(sent) : -2
}

private struct Usage: Equatable {
  var sockets: Int
  var threads: Int

  init(of process: Int32) {
    let manager = FileManager.default
    let descriptors = (try? manager.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
    sockets =
      descriptors.filter {
        let target = (try? manager.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")) ?? ""
        return target.hasPrefix("socket:") || target.contains("eventfd")
      }.count
    threads = ((try? manager.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []).count
  }
}
