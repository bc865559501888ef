import CWinsock
import DequeModule

/// Which port hears of a socket's operations, and by what name.
struct PortAssociation {
  let port: CompletionPort
  let key: ULONG_PTR

  func post(status: DWORD, bytes: DWORD, _ overlapped: LPOVERLAPPED?) {
    unsafe port.post(CompletionPort.Packet(key: key, overlapped: overlapped, status: status, bytes: bytes))
  }
}

/// A completion port: packets first in, first out; waiting threads last in, first out, so that the same few threads
/// stay warm. It has a lock of its own, as it is what a busy proxy goes through for each operation.
@safe
final class CompletionPort: KernelObject, @unchecked Sendable {  // all under `word`
  @unsafe struct Packet {
    let key: ULONG_PTR
    let overlapped: LPOVERLAPPED?
    let status: DWORD
    let bytes: DWORD
  }

  enum Outcome {
    case packets(Int)
    case timeOut
    /// The port's handle was closed while the thread waited.
    case closed
    /// A call is queued to the thread, which waits alertably.
    case call
  }

  private let word: UnsafeMutablePointer<UInt32>
  private var packets = unsafe Deque<Packet>()
  private var sleepers: [Sleeper] = []
  private var isClosed = false
  private var forks = ws2_fork_count()

  init() {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: ws2_fork_count() << 2)
    super.init(isSignalled: false)
  }

  deinit { unsafe word.deallocate() }

  private func exclusively<Result>(_ body: () -> Result) -> Result {
    unsafe ws2_word_lock(word)
    defer { unsafe ws2_word_unlock(word) }
    if forks != ws2_fork_count() {
      // The parent's packets tell of its operations, and its threads do not wait here.
      forks = ws2_fork_count()
      unsafe keepForEver((packets, sleepers))
      unsafe (packets, sleepers) = ([], [])
    }
    return body()
  }

  func post(_ packet: Packet) {
    exclusively {
      // Sockets that it served may outlive its handle, and nobody takes a packet any more.
      guard !isClosed else { return }
      unsafe packets.append(packet)
      sleepers.popLast()?.wake()
    }
  }

  /// For the tests.
  var packetCount: Int { exclusively { unsafe packets.count } }

  override func handleClosed() {
    exclusively {
      isClosed = true
      for sleeper in sleepers { sleeper.wake() }
      sleepers = []
    }
  }

  /// Takes as many packets as there are and fit, and waits for the first.
  func take(_ into: UnsafeMutableBufferPointer<Packet>, until deadline: Deadline, alertable: Bool) -> Outcome {
    let sleeper = Sleeper()
    let thread = alertable ? ThreadRecord.current : nil
    defer { if let thread { locked { thread.wakes(nil) } } }
    while true {
      sleeper.prepare()
      if let thread {
        // What is there already ends the wait before a call does. No longer among the sleepers, the thread takes nobody's
        // wake-up with it when it leaves for a call.
        if let outcome = exclusively({ unsafe look(into, sleeper) }) { return outcome }
        if locked({ listen(thread, sleeper) }) { return .call }
      }
      let outcome = exclusively { () -> Outcome? in
        if let outcome = unsafe look(into, sleeper) { return outcome }
        if deadline.isOver { return .timeOut }
        sleepers.append(sleeper)
        return nil
      }
      if let outcome { return outcome }
      sleeper.sleep(until: deadline)
    }
  }

  private func listen(_ thread: ThreadRecord, _ sleeper: Sleeper) -> Bool {
    thread.wakes(sleeper)
    return thread.hasCalls
  }

  private func look(_ into: UnsafeMutableBufferPointer<Packet>, _ sleeper: Sleeper) -> Outcome? {
    sleepers.removeAll { $0 === sleeper }
    if let count = unsafe fill(into) { return .packets(count) }
    return isClosed ? .closed : nil
  }

  private func fill(_ into: UnsafeMutableBufferPointer<Packet>) -> Int? {
    guard unsafe !packets.isEmpty else { return nil }
    let count = unsafe min(packets.count, into.count)
    for index in 0..<count { unsafe into.initializeElement(at: index, to: packets.removeFirst()) }
    return count
  }
}
