import CWinsock
import Foundation
import Testing

@testable import Winsock

/// A layered provider as far as the library sees one: its protocol information, its upcalls, its table.
final class TestProvider {
  private(set) var table = WSPPROC_TABLE()
  private(set) var data = WSPDATA()
  private let catalogEntry: DWORD

  /// - Parameter queueApc: In place of the library's own; nil leaves that one.
  init(_ catalogEntry: DWORD = 1, queueApc: LPWPUQUEUEAPC? = nil) {
    self.catalogEntry = catalogEntry
    #expect(start(queueApc: queueApc) == 0)
  }

  static func upcalls(queueApc: LPWPUQUEUEAPC? = nil) -> WSPUPCALLTABLE {
    var upcalls = WSPUPCALLTABLE()
    ws2_upcall_table(&upcalls)
    if let queueApc { upcalls.lpWPUQueueApc = queueApc }
    return upcalls
  }

  func start(queueApc: LPWPUQUEUEAPC? = nil) -> Int32 {
    var info = WSAPROTOCOL_INFOW()
    info.dwCatalogEntryId = catalogEntry
    return WSPStartup(0x0202, &data, &info, Self.upcalls(queueApc: queueApc), &table)
  }

  func cleanUp() { #expect(outcome { table.lpWSPCleanup($0) } == Outcome(result: 0, error: 0)) }

  /// The table's pointers.
  var entries: [UInt] { withUnsafeBytes(of: table) { Array($0.bindMemory(to: UInt.self)) } }

  /// What a procedure returns and leaves in *lpErrno. The thread's last error has to stay as it is.
  func outcome<Result: BinaryInteger>(failing failure: Result = -1, _ call: (LPINT) -> Result) -> Outcome {
    var error = INT(Outcome.untouched)
    WSASetLastError(0x1234)
    let result = call(&error)
    #expect(WSAGetLastError() == 0x1234, "errors come through lpErrno only")
    guard result == failure else {
      #expect(error == INT(Outcome.untouched), "a call that succeeds says nothing")
      return Outcome(result: Int(truncatingIfNeeded: result), error: 0)
    }
    return .failure(Int(error))
  }

  func socket(_ type: Int32 = ws2_socket_stream()) -> SOCKET {
    let handle = table.lpWSPSocket(AF_INET, type, 0, nil, 0, DWORD(WSA_FLAG_OVERLAPPED), nil)
    #expect(handle != noSocket)
    return handle
  }

  func close(_ handle: SOCKET) {
    #expect(outcome { table.lpWSPCloseSocket(handle, $0) } == Outcome(result: 0, error: 0))
  }

  /// A connected pair, made by the procedures alone.
  func pair() -> (client: SOCKET, server: SOCKET) {
    let (listener, client) = (socket(), socket())
    defer { close(listener) }
    #expect(loopback().withPointer { table.lpWSPBind(listener, $0, $1, nil) } == 0)
    #expect(table.lpWSPListen(listener, 4, nil) == 0)
    var (name, size) = (sockaddr_in(), Int32(MemoryLayout<sockaddr_in>.size))
    let result = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { table.lpWSPGetSockName(listener, $0, &size, nil) }
    }
    #expect(result == 0)
    #expect(name.withPointer { table.lpWSPConnect(client, $0, $1, nil, nil, nil, nil, nil) } == 0)
    let server = table.lpWSPAccept(listener, nil, nil, nil, 0, nil)
    #expect(server != noSocket)
    return (client, server)
  }
}

/// What the completion routine and the upcalls of a test have seen.
enum Seen {
  struct Completion: Equatable {
    var error: DWORD
    var bytes: DWORD
    var flags: DWORD
  }

  struct Queued: Equatable {
    /// Which upcall it was.
    var upcall: Int
    var thread: UInt
    var reserved: UInt
  }

  private static let lock = NSCondition()
  nonisolated(unsafe) private static var storedQueued: [Queued] = []
  nonisolated(unsafe) private static var storedCompletions: [Completion] = []

  static var queued: [Queued] { lock.withLock { storedQueued } }
  static var completions: [Completion] { lock.withLock { storedCompletions } }

  static func clear() { lock.withLock { (storedQueued, storedCompletions) = ([], []) } }
  static func add(_ completion: Completion) { lock.withLock { storedCompletions.append(completion) } }

  static func add(_ queued: Queued) {
    lock.withLock {
      storedQueued.append(queued)
      lock.broadcast()
    }
  }

  /// Returns when so many upcalls came; false when they do not come.
  static func waitForQueued(_ count: Int) -> Bool {
    let limit = Date(timeIntervalSinceNow: 30)
    return lock.withLock {
      while storedQueued.count < count { if !lock.wait(until: limit) { return false } }
      return true
    }
  }

  /// Waits alertably until so many routines ran.
  static func waitForCompletions(_ count: Int) {
    let limit = Date(timeIntervalSinceNow: 30)
    while completions.count < count, Date() < limit { _ = SleepEx(1000, 1) }
    #expect(completions.count == count)
  }

  static let routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE = { error, bytes, _, flags in
    Seen.add(Completion(error: error, bytes: bytes, flags: flags))
  }

  static let first: LPWPUQUEUEAPC = { Seen.queue(1, $0, $1, $2, $3) }
  static let second: LPWPUQUEUEAPC = { Seen.queue(2, $0, $1, $2, $3) }
  static let failing: LPWPUQUEUEAPC = { thread, _, _, error in
    Seen.add(Queued(upcall: 3, thread: UInt(bitPattern: thread!.pointee.ThreadHandle), reserved: 0))
    error?.pointee = INT(WSAEFAULT)
    return SOCKET_ERROR
  }

  private static func queue(
    _ upcall: Int, _ thread: LPWSATHREADID?, _ apc: LPWSAUSERAPC?, _ context: DWORD_PTR, _ error: LPINT?
  ) -> Int32 {
    let name = thread!.pointee
    // Before the thread can run the routine.
    add(Queued(upcall: upcall, thread: UInt(bitPattern: name.ThreadHandle), reserved: UInt(name.Reserved)))
    return WPUQueueApc(thread, apc, context, error)
  }
}

/// A name of the calling thread, as a layered provider gets it for each call.
func withThread(_ body: (LPWSATHREADID) -> Void) {
  var thread = WSATHREADID()
  #expect(WPUOpenCurrentThread(&thread, nil) == 0)
  var copy = thread
  withUnsafeMutablePointer(to: &copy) { body($0) }
  #expect(WPUCloseThread(&thread, nil) == 0)
}

/// Memory of one overlapped call. It is never freed: Swift may end a value's life at its last mention, and the library
/// writes here until the operation has ended.
final class Call {
  let overlapped = UnsafeMutablePointer<WSAOVERLAPPED>.allocate(capacity: 1)
  let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 64)
  let name = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)
  let nameSize = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  init(_ event: HANDLE? = nil) {
    overlapped.initialize(to: WSAOVERLAPPED())
    overlapped.pointee.hEvent = event
    bytes.initialize(repeating: 65, count: 64)
    nameSize.initialize(to: 128)
  }

  var status: ULONG_PTR { ULONG_PTR(ws2_status_of(overlapped)) }

  func receive(
    _ provider: TestProvider, _ socket: SOCKET, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?,
    _ thread: LPWSATHREADID?
  ) -> Outcome {
    var (buffer, flags): (WSABUF, DWORD) = (WSABUF(len: 64, buf: bytes), 0)
    return provider.outcome {
      provider.table.lpWSPRecv(socket, &buffer, 1, nil, &flags, overlapped, routine, thread, $0)
    }
  }
}
