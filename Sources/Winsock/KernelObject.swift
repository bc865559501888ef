import CWinsock
import Glibc

/// What a HANDLE names: an event or a thread. All state is under `ws2_lock`; a wait registers itself with each of its
/// objects and sleeps on a word of its own, so that a signal wakes only those that wait for it.
class KernelObject {
  fileprivate(set) var isSignalled: Bool
  fileprivate var waits: [Wait] = []

  init(isSignalled: Bool) { self.isSignalled = isSignalled }

  /// A wait has been satisfied by this object.
  fileprivate func consume() {}

  func signal() {
    locked {
      isSignalled = true
      for wait in waits { wait.wake() }
    }
  }

  // Under the lock.
  nonisolated(unsafe) private static var objects: [UInt: KernelObject] = [:]
  nonisolated(unsafe) private static var lastHandle: UInt = 0x100

  /// Handles are multiples of four, as on Windows: the low bits are free for flags.
  static func open(_ object: KernelObject) -> HANDLE {
    unsafe locked {
      unsafe lastHandle += 4
      unsafe objects[lastHandle] = object
      return unsafe HANDLE(bitPattern: lastHandle)!
    }
  }

  static func close(_ handle: HANDLE?) throws(WSAError) {
    let removed = locked { unsafe objects.removeValue(forKey: UInt(bitPattern: handle)) }
    guard removed != nil else { throw WSAError(ERROR_INVALID_HANDLE) }
  }

  static func object(_ handle: UInt) throws(WSAError) -> KernelObject {
    guard let object = locked({ unsafe objects[handle] }) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return object
  }

  static func event(_ handle: UInt) throws(WSAError) -> Event {
    guard let event = try object(handle) as? Event else { throw WSAError(ERROR_INVALID_HANDLE) }
    return event
  }

  static func thread(_ handle: UInt) throws(WSAError) -> ThreadObject {
    guard let thread = try object(handle) as? ThreadObject else { throw WSAError(ERROR_INVALID_HANDLE) }
    return thread
  }
}

final class Event: KernelObject {
  private let resetsItself: Bool

  init(isManual: Bool, isSignalled: Bool) {
    resetsItself = !isManual
    super.init(isSignalled: isSignalled)
  }

  fileprivate override func consume() {
    if resetsItself { isSignalled = false }
  }

  func reset() { locked { isSignalled = false } }
}

/// Signalled when the thread has ended.
final class ThreadObject: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  private var storedExitCode = STILL_ACTIVE
  private var storedIdentifier: DWORD = 0
  private let begun = Event(isManual: true, isSignalled: false)

  init() { super.init(isSignalled: false) }

  var exitCode: DWORD { locked { storedExitCode } }

  /// Linux gives a thread its number when it runs; CreateThread promises it at once.
  var identifier: DWORD {
    _ = Wait(for: [begun], all: false).run(until: .never)
    return locked { storedIdentifier }
  }

  func begin(_ identifier: DWORD) {
    locked { storedIdentifier = identifier }
    begun.signal()
  }

  func end(_ code: DWORD) {
    locked { storedExitCode = code }
    signal()
  }
}

/// One thread's wait for one or more objects.
@safe
final class Wait {
  private let word: UnsafeMutablePointer<UInt32>
  private let objects: [KernelObject]
  private let needsAll: Bool

  init(for objects: [KernelObject], all needsAll: Bool) {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: 0)
    self.objects = objects
    self.needsAll = needsAll
  }

  deinit { unsafe word.deallocate() }

  /// Under the lock, which orders the plain store before the waiter's look.
  fileprivate func wake() {
    unsafe word.pointee = 1
    unsafe ws2_futex_wake(word)
  }

  /// The index of the object that ended the wait (0 when all did); nil when the time is over.
  func run(until deadline: Deadline) -> Int? {
    while true {
      let index: Int? = locked {
        unsafe word.pointee = 0
        leave()
        if let index = satisfy() { return index }
        for object in objects { object.waits.append(self) }
        return nil
      }
      if let index { return index }
      let remaining = deadline.remaining
      if remaining == 0 {
        return locked {
          leave()
          return satisfy()
        }
      }
      unsafe ws2_futex_wait(word, 0, remaining)
    }
  }

  private func leave() {
    for object in objects { object.waits.removeAll { $0 === self } }
  }

  private func satisfy() -> Int? {
    if needsAll {
      guard objects.allSatisfy(\.isSignalled) else { return nil }
      for object in objects { object.consume() }
      return 0
    }
    guard let index = objects.firstIndex(where: \.isSignalled) else { return nil }
    objects[index].consume()
    return index
  }
}
