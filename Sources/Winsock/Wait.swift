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
    /// The index of the object that ended it (0 when all did); whether a mutex was among them that its
    /// owner left behind.
    case object(Int, isAbandoned: Bool)
    /// A call is queued to the thread, which waits alertably.
    case call
    case timeOut
  }

  private let objects: [KernelObject]
  private let needsAll: Bool
  private let isAlertable: Bool
  private let thread = ThreadRecord.current
  private let forks = ws2_fork_count()
  /// What whoever made the objects ready has left here; under the lock.
  private var outcome: Outcome?

  init(for objects: [KernelObject], all needsAll: Bool = false, alertable isAlertable: Bool = false) {
    self.objects = objects
    self.needsAll = needsAll
    self.isAlertable = isAlertable
  }

  func run(until deadline: Deadline) -> Outcome {
    let mayStay = !deadline.isOver
    if let outcome = locked({ begin(mayStay: mayStay) }) { return outcome }
    while true {
      sleep(until: deadline)
      let isOver = deadline.isOver
      if let outcome = locked({ look(isOver: isOver) }) { return outcome }
    }
  }

  // Under the lock, all of these.

  /// What is there already, or nil, and then the objects know that the thread waits.
  private func begin(mayStay: Bool) -> Outcome? {
    prepare()
    if let outcome = satisfy() { return outcome }
    if isAlertable, thread.hasCalls { return .call }
    guard mayStay else { return .timeOut }
    for object in objects { object.join(self) }
    if isAlertable { thread.wakes(self) }
    return nil
  }

  /// What has ended the wait. What was handed over comes first: it is no longer anyone else's.
  private func look(isOver: Bool) -> Outcome? {
    prepare()
    let found = outcome ?? (isAlertable && thread.hasCalls ? .call : isOver ? .timeOut : nil)
    if found != nil { leave() }
    return found
  }

  private func leave() {
    for object in objects { object.leave(self) }
    if isAlertable { thread.wakes(nil) }
  }

  /// One of the objects is ready: this thread gets what it waits for, if that is all.
  func take() {
    // The threads of a parent process wait there, not here.
    guard outcome == nil, forks == ws2_fork_count(), let satisfied = satisfy() else { return }
    outcome = satisfied
    leave()
    wake()
  }

  private func satisfy() -> Outcome? {
    if needsAll {
      guard !objects.isEmpty, objects.allSatisfy({ $0.isReady(for: thread) }) else { return nil }
      let abandoned = objects.map { $0.consume(for: thread) }
      // NT's status of a wait for all has no index.
      return .object(0, isAbandoned: abandoned.contains(true))
    }
    guard let index = objects.firstIndex(where: { $0.isReady(for: thread) }) else { return nil }
    return .object(index, isAbandoned: objects[index].consume(for: thread))
  }
}
