import CWinsock
import Foundation
import Testing

@testable import Winsock

/// The count of WSAStartup belongs to the process, so the tests of the library run one after the other.
@Suite(.serialized)
struct WinsockSuite {}

let noSocket = SOCKET.max

/// Runs the body between WSAStartup and WSACleanup.
func started<Result>(_ body: () throws -> Result) rethrows -> Result {
  var data = WSADATA()
  #expect(WSAStartup(0x0202, &data) == 0)
  defer { #expect(WSACleanup() == 0) }
  return try body()
}

/// What a call returned and what WSAGetLastError says after it. The last error is set to a value that no call uses
/// before, so that an untouched one shows.
struct Outcome: Equatable, CustomStringConvertible {
  var result: Int
  var error: Int

  static func failure(_ error: Int) -> Outcome { Outcome(result: -1, error: error) }
  static let untouched = 0xdead

  var description: String { "\(result)/\(error)" }
}

func outcome(_ call: () -> Int32) -> Outcome {
  WSASetLastError(Int32(Outcome.untouched))
  let result = call()
  return Outcome(result: Int(result), error: result < 0 ? Int(WSAGetLastError()) : 0)
}

func socketOutcome(_ call: () -> SOCKET) -> Outcome {
  WSASetLastError(Int32(Outcome.untouched))
  let result = call()
  guard result == noSocket else { return Outcome(result: Int(result), error: 0) }
  return .failure(Int(WSAGetLastError()))
}

func loopback(port: UInt16 = 0) -> sockaddr_in {
  var name = sockaddr_in()
  name.sin_family = sa_family_t(AF_INET)
  name.sin_port = port.bigEndian
  name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return name
}

extension sockaddr_in {
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, Int32) -> Result) -> Result {
    withUnsafePointer(to: self) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, Int32(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}

func makeStream(flags: Int32 = WSA_FLAG_OVERLAPPED) -> SOCKET {
  WSASocketW(AF_INET, ws2_socket_stream(), ws2_protocol_tcp(), nil, 0, DWORD(flags))
}

func makeDatagram() -> SOCKET { ws2_socket(AF_INET, ws2_socket_datagram(), 0) }

func makeListener(backlog: Int32 = 16, flags: Int32 = WSA_FLAG_OVERLAPPED) -> (socket: SOCKET, port: UInt16) {
  let listener = makeStream(flags: flags)
  #expect(loopback().withPointer { ws2_bind(listener, $0, $1) } == 0)
  #expect(ws2_listen(listener, backlog) == 0)
  return (listener, port(of: listener))
}

/// A port that refuses for as long as the socket is open: bound, so that nobody else takes it, and nobody listens.
func makeRefusing() -> (socket: SOCKET, port: UInt16) {
  let socket = makeStream()
  #expect(loopback().withPointer { ws2_bind(socket, $0, $1) } == 0)
  return (socket, port(of: socket))
}

func port(of socket: SOCKET) -> UInt16 {
  var name = sockaddr_in()
  var size = Int32(MemoryLayout<sockaddr_in>.size)
  let result = withUnsafeMutablePointer(to: &name) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ws2_getsockname(socket, $0, &size) }
  }
  #expect(result == 0)
  return UInt16(bigEndian: name.sin_port)
}

func connect(_ socket: SOCKET, to port: UInt16) -> Int32 {
  loopback(port: port).withPointer { ws2_connect(socket, $0, $1) }
}

/// A connected pair: the client's socket and the accepted one.
func makePair() -> (client: SOCKET, server: SOCKET) {
  let (listener, port) = makeListener()
  defer { closesocket(listener) }
  let client = makeStream()
  #expect(connect(client, to: port) == 0)
  let server = ws2_accept(listener, nil, nil)
  #expect(server != noSocket)
  return (client, server)
}

func withPair(_ body: (_ client: SOCKET, _ server: SOCKET) throws -> Void) rethrows {
  let (client, server) = makePair()
  defer {
    closesocket(client)
    closesocket(server)
  }
  try body(client, server)
}

func send(_ socket: SOCKET, _ text: String, flags: Int32 = 0) -> Int32 {
  text.withCString { ws2_send(socket, $0, Int32(strlen($0)), flags) }
}

/// What recv returns and delivers.
func receive(_ socket: SOCKET, _ size: Int = 64, flags: Int32 = 0) -> (count: Int32, text: String) {
  var buffer = [CChar](repeating: 0, count: size)
  let count = ws2_recv(socket, &buffer, Int32(size), flags)
  return (count, String(decoding: buffer.prefix(Int(max(count, 0))).map { UInt8(bitPattern: $0) }, as: UTF8.self))
}

func setNonBlocking(_ socket: SOCKET, _ isOn: Bool = true) {
  var mode: u_long = isOn ? 1 : 0
  #expect(ws2_ioctlsocket(socket, Int(FIONBIO), &mode) == 0)
}

func setOption(_ socket: SOCKET, _ level: Int32, _ name: Int32, _ value: DWORD) -> Int32 {
  withUnsafeBytes(of: value) {
    ws2_setsockopt(socket, level, name, $0.baseAddress!.assumingMemoryBound(to: CChar.self), 4)
  }
}

func option(_ socket: SOCKET, _ level: Int32, _ name: Int32) -> DWORD? {
  var value: DWORD = 0
  var size: Int32 = 4
  let result = withUnsafeMutableBytes(of: &value) {
    ws2_getsockopt(socket, level, name, $0.baseAddress!.assumingMemoryBound(to: CChar.self), &size)
  }
  return result == 0 && size == 4 ? value : nil
}

/// Resets the connection: the peer's next call says so.
func reset(_ socket: SOCKET) {
  var value = linger(l_onoff: 1, l_linger: 0)
  setsockopt(Int32(socket), SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  closesocket(socket)
}

/// A call on a thread of its own, and whether the kernel has it asleep.
final class BackgroundCall<Result: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var identifier: DWORD?
  private var answer: Result?

  init(_ body: @escaping @Sendable () -> Result) {
    Thread.detachNewThread { [self] in
      condition.withLock {
        identifier = GetCurrentThreadId()
        condition.broadcast()
      }
      let result = body()
      condition.withLock {
        answer = result
        condition.broadcast()
      }
    }
  }

  /// Comes back when the thread sleeps in poll(), on a futex or in epoll_wait(), or has an answer already. A lock is a futex too: one and
  /// the same sleep has to last for twenty looks.
  func untilBlocked() {
    let thread = condition.withLock {
      while identifier == nil { condition.wait() }
      return identifier!
    }
    var (last, looks): (String?, Int) = (nil, 0)
    while condition.withLock({ answer == nil }) {
      let call = try? String(contentsOfFile: "/proc/self/task/\(thread)/syscall", encoding: .utf8)
      // poll, futex, epoll_wait
      let sleeps = ["7 ", "202 ", "232 "].contains { call?.hasPrefix($0) == true }
      looks = sleeps && call == last ? looks + 1 : 0
      if looks == 20 { return }
      last = call
      usleep(1000)
    }
  }

  var isDone: Bool { condition.withLock { answer != nil } }

  /// The answer; nil when it does not come within ten seconds.
  func result() -> Result? {
    let limit = Date(timeIntervalSinceNow: 10)
    return condition.withLock {
      while answer == nil, condition.wait(until: limit) {}
      return answer
    }
  }
}
