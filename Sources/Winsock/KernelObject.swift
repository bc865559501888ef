import CWinsock
import Glibc

/// What a HANDLE names. All state is under `ws2_lock`; a wait registers itself with each of its objects and sleeps on a
/// word of its own, so that a signal wakes only those that wait for it.
class KernelObject {
  final var isSignalled: Bool
  private final var waits: [Wait] = []

  init(isSignalled: Bool) { self.isSignalled = isSignalled }

  // Under the lock, all of these.

  /// Whether a wait of this thread would end.
  func isReady(for thread: ThreadRecord) -> Bool { isSignalled }

  /// A wait of this thread has been satisfied by this object.
  /// - Returns: Whether it was abandoned by its owner, which only a mutex can be.
  func consume(for thread: ThreadRecord) -> Bool { false }

  /// The last handle is closed.
  func handleClosed() {}

  final func join(_ wait: Wait) { waits.append(wait) }
  final func leave(_ wait: Wait) { waits.removeAll { $0 === wait } }

  final func signalLocked() {
    isSignalled = true
    for wait in waits { wait.wake() }
  }

  final func signal() { locked { signalLocked() } }
}

/// The process's handles.
enum HandleTable {
  // Under the lock.
  nonisolated(unsafe) private static var objects: [UInt: KernelObject] = [:]
  /// Above every descriptor's number, since a SOCKET is a HANDLE too; multiples of four, as on Windows, whose low bits
  /// are free for flags; within 32 bits, as programs keep them in a DWORD.
  nonisolated(unsafe) private static var last: UInt = 0x4000_0000

  static func open(_ object: KernelObject) -> HANDLE {
    unsafe locked {
      unsafe last += 4
      unsafe objects[last] = object
      return unsafe HANDLE(bitPattern: last)!
    }
  }

  static func close(_ handle: HANDLE?) throws(WSAError) {
    let removed = locked {
      let removed = unsafe objects.removeValue(forKey: UInt(bitPattern: handle))
      removed?.handleClosed()
      return removed
    }
    guard removed != nil else { throw WSAError(ERROR_INVALID_HANDLE) }
  }

  static func object(_ handle: UInt) throws(WSAError) -> KernelObject {
    guard let object = locked({ unsafe objects[handle] }) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return object
  }

  static func event(_ handle: UInt) throws(WSAError) -> Event { try object(handle, as: Event.self) }
  static func thread(_ handle: UInt) throws(WSAError) -> ThreadObject { try object(handle, as: ThreadObject.self) }

  static func object<Kind: KernelObject>(_ handle: UInt, as kind: Kind.Type) throws(WSAError) -> Kind {
    guard let found = try object(handle) as? Kind else { throw WSAError(ERROR_INVALID_HANDLE) }
    return found
  }
}

final class Event: KernelObject {
  private let resetsItself: Bool

  init(isManual: Bool, isSignalled: Bool) {
    resetsItself = !isManual
    super.init(isSignalled: isSignalled)
  }

  override func consume(for thread: ThreadRecord) -> Bool {
    if resetsItself { isSignalled = false }
    return false
  }

  func reset() { locked { isSignalled = false } }
}

/// Signalled when the thread has ended.
final class ThreadObject: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  private var storedExitCode = STILL_ACTIVE
  private var storedIdentifier: DWORD = 0
  private var storedRecord: ThreadRecord?
  private let begun = Event(isManual: true, isSignalled: false)

  init() { super.init(isSignalled: false) }

  var exitCode: DWORD { locked { storedExitCode } }

  /// Linux gives a thread its number when it runs; CreateThread promises it at once.
  var identifier: DWORD {
    _ = Wait(for: [begun]).run(until: .never)
    return locked { storedIdentifier }
  }

  /// Where its calls queue up.
  var record: ThreadRecord {
    _ = Wait(for: [begun]).run(until: .never)
    return locked { storedRecord }!
  }

  func begin(_ identifier: DWORD) {
    let record = ThreadRecord.current
    locked {
      storedIdentifier = identifier
      storedRecord = record
    }
    begun.signal()
  }

  func end(_ code: DWORD) {
    locked { storedExitCode = code }
    signal()
  }
}
