import CWinsock

/// What a waiting thread sleeps on. Whoever wakes it does so under the lock of the object that it waits for.
@safe
class Sleeper {
  private let word: UnsafeMutablePointer<UInt32>

  init() {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: 0)
  }

  deinit { unsafe word.deallocate() }

  func wake() {
    unsafe ws2_word_store(word, 1)
    unsafe ws2_futex_wake(word)
  }

  /// Before the look at what is waited for, under its lock.
  func prepare() { unsafe ws2_word_store(word, 0) }

  /// Returns at once when `wake` came after `prepare`.
  func sleep(until deadline: Deadline) { unsafe ws2_futex_wait(word, 0, deadline.remaining) }
}

/// One thread's wait for some objects, or for the calls that are queued to it, or both.
final class Wait: Sleeper {
  enum Outcome {
    /// The index of the object that ended it (0 when all did); whether it is a mutex that its owner left behind.
    case object(Int, isAbandoned: Bool)
    /// A call is queued to the thread, which waits alertably.
    case call
    case timeOut
  }

  private let objects: [KernelObject]
  private let needsAll: Bool
  private let isAlertable: Bool
  private let thread = ThreadRecord.current

  init(for objects: [KernelObject], all needsAll: Bool = false, alertable isAlertable: Bool = false) {
    self.objects = objects
    self.needsAll = needsAll
    self.isAlertable = isAlertable
  }

  func run(until deadline: Deadline) -> Outcome {
    while true {
      if let outcome = locked({ look(mayStay: true) }) { return outcome }
      if deadline.isOver { return locked { look(mayStay: false) ?? .timeOut } }
      sleep(until: deadline)
    }
  }

  /// Under the lock. What has come, or nil, and then the thread waits for it.
  private func look(mayStay: Bool) -> Outcome? {
    prepare()
    for object in objects { object.leave(self) }
    if isAlertable { thread.wakes(nil) }
    if let outcome = satisfy() { return outcome }
    if isAlertable, thread.hasCalls { return .call }
    guard mayStay else { return nil }
    for object in objects { object.join(self) }
    if isAlertable { thread.wakes(self) }
    return nil
  }

  private func satisfy() -> Outcome? {
    if needsAll {
      guard !objects.isEmpty, objects.allSatisfy({ $0.isReady(for: thread) }) else { return nil }
      let abandoned = objects.map { $0.consume(for: thread) }
      return .object(abandoned.firstIndex(of: true) ?? 0, isAbandoned: abandoned.contains(true))
    }
    guard let index = objects.firstIndex(where: { $0.isReady(for: thread) }) else { return nil }
    return .object(index, isAbandoned: objects[index].consume(for: thread))
  }
}
