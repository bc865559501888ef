import CWinsock
import Foundation
import Testing

let statusPending: ULONG_PTR = 0x103
let statusCancelled: ULONG_PTR = 0xC000_0120
let doneAtOnce = Outcome(result: 0, error: 0)
let patience: DWORD = 30_000

/// One overlapped call: its OVERLAPPED and its buffer, in memory that outlives it.
final class PendingCall {
  let overlapped = LPWSAOVERLAPPED.allocate(capacity: 1)
  let bytes: UnsafeMutablePointer<CChar>
  let size: Int
  var count: DWORD = 777
  var flags: DWORD = 0

  init(event: HANDLE? = nil, size: Int = 64) {
    self.size = size
    bytes = .allocate(capacity: max(size, 1))
    bytes.initialize(repeating: 0, count: max(size, 1))
    overlapped.initialize(to: WSAOVERLAPPED())
    overlapped.pointee.hEvent = event
  }

  deinit {
    overlapped.deallocate()
    bytes.deallocate()
  }

  var status: ULONG_PTR { ULONG_PTR(ws2_status_of(overlapped)) }
  var transferred: Int { Int(overlapped.pointee.InternalHigh) }
  var text: String { String(cString: Array(UnsafeBufferPointer(start: bytes, count: size)) + [0]) }

  func receive(
    _ socket: SOCKET, flags wanted: Int32 = 0, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE? = nil
  ) -> Outcome {
    var buffer = WSABUF(len: ULONG(size), buf: bytes)
    flags = DWORD(bitPattern: wanted)
    return outcome { WSARecv(socket, &buffer, 1, &count, &flags, overlapped, routine) }
  }

  func send(_ socket: SOCKET, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE? = nil) -> Outcome {
    var buffer = WSABUF(len: ULONG(size), buf: bytes)
    return outcome { WSASend(socket, &buffer, 1, &count, 0, overlapped, routine) }
  }

  func result(_ socket: SOCKET, waits: Bool = false) -> Outcome {
    var (count, flags): (DWORD, DWORD) = (777, 777)
    WSASetLastError(Int32(Outcome.untouched))
    let isDone = WSAGetOverlappedResult(socket, overlapped, &count, waits ? 1 : 0, &flags) != 0
    #expect(isDone || (count == 777 && flags == 777), "a failure writes nothing")
    return isDone ? Outcome(result: Int(count), error: 0) : .failure(Int(WSAGetLastError()))
  }
}

/// What a port gives out.
struct Packet: Equatable {
  var count: DWORD
  var key: ULONG_PTR
  var overlapped: LPOVERLAPPED?
  var error: Int
}

/// A completion port for one test.
final class TestPort {
  let handle = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)

  deinit { CloseHandle(handle) }

  func serve(_ socket: SOCKET, key: ULONG_PTR = 42) {
    #expect(CreateIoCompletionPort(HANDLE(bitPattern: UInt(socket)), handle, key, 0) == handle)
  }

  /// Nil: there was none.
  func packet(_ milliseconds: DWORD = patience) -> Packet? {
    var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
    SetLastError(0)
    let isGood = GetQueuedCompletionStatus(handle, &count, &key, &found, milliseconds) != 0
    guard isGood || found != nil else { return nil }
    return Packet(count: count, key: key, overlapped: found, error: isGood ? 0 : Int(GetLastError()))
  }

  var isEmpty: Bool { packet(0) == nil }
}

/// What completion routines were told, and on which thread. A C function has no context, so the tests share one list;
/// the suite is serialized.
enum Routines {
  struct Run: Equatable {
    var error: DWORD
    var count: DWORD
    var overlapped: LPWSAOVERLAPPED?
    var flags: DWORD
    var thread: DWORD
  }

  nonisolated(unsafe) static var runs: [Run] = []
  /// What the next one does beside taking notes.
  nonisolated(unsafe) static var then: (() -> Void)?

  static let note: LPWSAOVERLAPPED_COMPLETION_ROUTINE = { error, count, overlapped, flags in
    runs.append(
      Run(error: error, count: count, overlapped: overlapped, flags: flags, thread: GetCurrentThreadId()))
    let next = then
    then = nil
    next?()
  }

  static func clear() { (runs, then) = ([], nil) }
}

extension HANDLE {
  init(socket: SOCKET) { self = HANDLE(bitPattern: UInt(socket))! }
}

/// Waits until what was sent has arrived, so that the next receive ends at once.
func awaitData(_ socket: SOCKET) {
  var poll = pollfd(fd: Int32(socket), events: Int16(POLLIN), revents: 0)
  #expect(Glibc.poll(&poll, 1, Int32(patience)) == 1)
}

func isSet(_ event: HANDLE?) -> Bool { WaitForSingleObject(event, 0) == WAIT_OBJECT_0 }
func becomesSet(_ event: HANDLE?) -> Bool { WaitForSingleObject(event, patience) == WAIT_OBJECT_0 }

/// What several threads of a test see, in turns that something else orders.
final class Shared<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

/// Whether this process runs with WFPSHIM_FORCE_PENDING=1 (SPEC S5.2).
let isPendingForced = ProcessInfo.processInfo.environment["WFPSHIM_FORCE_PENDING"] == "1"

extension Trait where Self == ConditionTrait {
  /// Of tests whose subject is what an operation does that ends at once.
  static var endsAtOnce: Self { .disabled(if: isPendingForced, "nothing ends at once under WFPSHIM_FORCE_PENDING=1") }
}
