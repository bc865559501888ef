import CWinsock
import Foundation
import Testing

@testable import Winsock

/// An OVERLAPPED with an event, and memory that outlives the operation.
final class OverlappedCall {
  let overlapped = UnsafeMutablePointer<WSAOVERLAPPED>.allocate(capacity: 1)
  let memory: UnsafeMutableRawPointer
  let event: HANDLE

  init(memory size: Int = 512) {
    event = WSACreateEvent()
    memory = .allocate(byteCount: size, alignment: 16)
    memset(memory, 0xab, size)
    overlapped.initialize(to: WSAOVERLAPPED())
    overlapped.pointee.hEvent = event
  }

  deinit {
    WSACloseEvent(event)
    overlapped.deallocate()
    memory.deallocate()
  }

  var bytes: UnsafeMutablePointer<CChar> { memory.assumingMemoryBound(to: CChar.self) }

  func text(_ count: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: memory, count: count), as: UTF8.self)
  }

  /// What a BOOL function says: -1 and the error, or what it counted.
  func begin(_ call: (_ count: UnsafeMutablePointer<DWORD>) -> WindowsBool) -> Outcome {
    var count: DWORD = 0
    WSASetLastError(Int32(Outcome.untouched))
    if call(&count) != 0 { return Outcome(result: Int(count), error: 0) }
    return .failure(Int(WSAGetLastError()))
  }

  /// How the operation ended, whether at once or later; nil: it does not end.
  func end(_ begun: Outcome, _ socket: SOCKET) -> Outcome? {
    guard begun == .failure(WSA_IO_PENDING) || begun.error == 0 else { return begun }
    guard WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0 else { return nil }
    var (count, flags): (DWORD, DWORD) = (0, 0)
    WSASetLastError(0)
    if WSAGetOverlappedResult(socket, overlapped, &count, 0, &flags) != 0 {
      return Outcome(result: Int(count), error: 0)
    }
    return .failure(Int(WSAGetLastError()))
  }

  var isPending: Bool { overlapped.pointee.Internal == 0x103 }
  var isSignalled: Bool { WaitForSingleObject(event, 0) == WAIT_OBJECT_0 }
}

let pendingOutcome = Outcome.failure(WSA_IO_PENDING)

enum Family: CaseIterable {
  case four, six

  var number: Int32 { self == .four ? AF_INET : AF_INET6 }
  var nameSize: Int { self == .four ? 16 : 28 }

  func withLoopback<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, Int32) -> Result) -> Result {
    if self == .four { return loopback(port: port).withPointer(body) }
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    name.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, Int32(MemoryLayout<sockaddr_in6>.size)) }
    }
  }

  func stream() -> SOCKET {
    WSASocketW(number, ws2_socket_stream(), ws2_protocol_tcp(), nil, 0, DWORD(WSA_FLAG_OVERLAPPED))
  }

  func bound() -> SOCKET {
    let socket = stream()
    #expect(withLoopback(0) { ws2_bind(socket, $0, $1) } == 0)
    return socket
  }

  func listener(backlog: Int32 = 16) -> (socket: SOCKET, port: UInt16) {
    let socket = bound()
    #expect(ws2_listen(socket, backlog) == 0)
    return (socket, portOf(socket, ws2_getsockname))
  }

  func connect(_ socket: SOCKET, _ port: UInt16) -> Int32 { withLoopback(port) { ws2_connect(socket, $0, $1) } }
}

typealias NameCall = (SOCKET, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<Int32>?) -> Int32

/// The port of either family; 0 when the call fails.
func portOf(_ socket: SOCKET, _ call: NameCall) -> UInt16 {
  var (name, size) = (sockaddr_storage(), Int32(MemoryLayout<sockaddr_storage>.size))
  return withUnsafeMutablePointer(to: &name) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      guard call(socket, $0, &size) == 0 else { return 0 }
      return UInt16(bigEndian: UnsafeRawPointer($0).load(fromByteOffset: 2, as: UInt16.self))
    }
  }
}

func guid(_ first: UInt32, _ second: UInt16, _ third: UInt16, _ rest: [UInt8]) -> GUID {
  var value = GUID()
  (value.Data1, value.Data2, value.Data3) = (first, second, third)
  withUnsafeMutableBytes(of: &value.Data4) { $0.copyBytes(from: rest) }
  return value
}

/// One synchronous WSAIoctl with plain bytes.
func ioctl(_ socket: SOCKET, _ code: DWORD, input: [UInt8]? = nil, room: Int) -> (
  outcome: Outcome, bytes: DWORD, output: [UInt8]
) {
  var (output, bytes) = ([UInt8](repeating: 0xab, count: max(room, 1)), DWORD(0xdead))
  var copy = input ?? []
  let isNull = input == nil
  let result = copy.withUnsafeMutableBytes { given in
    output.withUnsafeMutableBytes { out in
      outcome {
        WSAIoctl(
          socket, code, isNull ? nil : given.baseAddress, DWORD(given.count), room == 0 ? nil : out.baseAddress,
          DWORD(room), &bytes, nil, nil)
      }
    }
  }
  return (result, bytes, output)
}

func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { [UInt8]($0) } }

/// Waits until the condition holds, without a word about time to the scheduler.
func eventually(_ condition: () -> Bool) -> Bool {
  let limit = Date(timeIntervalSinceNow: 30)
  while !condition() {
    if Date() > limit { return false }
    sched_yield()
  }
  return true
}

/// Fills the socket's way out, so that a send has to wait.
func fill(_ socket: SOCKET) {
  let bytes = [UInt8](repeating: 1, count: 1 << 16)
  for _ in 0..<1000 where Glibc.send(Int32(socket), bytes, bytes.count, ws2_dont_wait() | ws2_no_signal()) < 0 {
    return
  }
}
