import CWinsock
import DequeModule
import Glibc

/// Which port hears of a socket's operations, and by what name.
struct PortAssociation {
  let port: CompletionPort
  let key: ULONG_PTR

  func post(status: DWORD, bytes: DWORD, _ overlapped: LPOVERLAPPED?) {
    unsafe port.post(CompletionPort.Packet(key: key, overlapped: overlapped, status: status, bytes: bytes))
  }
}

/// A completion port: packets first in, first out. Its waiting threads wait for its epoll descriptor, so that the one
/// that the kernel wakes does the operation itself and has the packet at once; last in, first out, as the kernel wakes
/// them, so that the same few stay warm. It has a lock of its own, as it is what a busy proxy goes through for each
/// operation. decisions/0015.
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

  /// How many takes may pass before the sockets are looked at, while there are packets: one connection whose operations
  /// all end at once must not keep the others waiting.
  private static let fairness = 16
  /// How many sockets a thread serves before it returns; what is left is for the next one.
  private static let reports: Int32 = 16

  private let word: UnsafeMutablePointer<UInt32>
  private var packets = unsafe Deque<Packet>()
  private(set) var poll: Int32
  private var bell: Int32
  /// Threads that wait for `poll` or are about to.
  private var waiting = 0
  private var takes = 0
  private var isClosed = false
  private var forks = ws2_fork_count()
  /// Counts the threads that came for a packet: the reactor sees by it whether they stay away.
  private var visits: UInt = 0
  private var visitsSeen: UInt = 0
  /// The reactor looks at it from time to time, or has it until a thread comes for packets.
  private enum Care { case none, looks, adopted }
  private var care = Care.none

  /// - Throws: WSAENOBUFS: no descriptor is left.
  init() throws(WSAError) {
    (poll, bell) = Self.makeDescriptors()
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: ws2_fork_count() << 2)
    super.init(isSignalled: false)
    guard bell >= 0 else { throw WSAError(WSAENOBUFS) }
  }

  deinit {
    closeDescriptors()
    unsafe word.deallocate()
  }

  private static func makeDescriptors() -> (Int32, Int32) {
    let poll = ws2_poll_make()
    return (poll, poll < 0 ? -1 : ws2_poll_make_bell(poll, Token.bell))
  }

  private func closeDescriptors() {
    if forks == ws2_fork_count() { Reactor.forget(port: poll) }
    if bell >= 0 { close(bell) }
    if poll >= 0 { close(poll) }
  }

  private func exclusively<Result>(_ body: () -> Result) -> Result {
    unsafe ws2_word_lock(word)
    defer { unsafe ws2_word_unlock(word) }
    if forks != ws2_fork_count() {
      // The parent's packets tell of its operations, its threads do not wait here, and what its descriptor reports is
      // for them.
      unsafe keepForEver(packets)
      closeDescriptors()
      (poll, bell) = Self.makeDescriptors()
      forks = ws2_fork_count()
      unsafe (packets, waiting, care) = ([], 0, .none)
    }
    return body()
  }

  /// A thread that works for this port will come for the packet itself, and needs nobody to be woken for it.
  private var isOwn: Bool { unsafe ws2_own_port() == UnsafeRawPointer(word) }

  func post(_ packet: Packet) {
    let mustWake = exclusively { () -> Bool in
      // Sockets that it served may outlive its handle, and nobody takes a packet any more.
      guard !isClosed else { return false }
      unsafe packets.append(packet)
      if waiting == 0 { return false }
      return unsafe packets.count > 1 || !isOwn || !beginLooks()
    }
    if mustWake { ws2_ring(bell) }
  }

  /// Has the kernel report what happens to the socket to the threads that wait here.
  /// - Returns: False: it does not take it.
  func serve(_ descriptor: Int32, _ events: UInt32, _ token: UInt64) -> Bool {
    guard ws2_poll_add(poll, descriptor, events, token) == 0 else { return false }
    exclusively { if waiting == 0 { _ = beginLooks() } }
    return true
  }

  /// For the tests.
  var packetCount: Int { exclusively { unsafe packets.count } }

  override func handleClosed() {
    exclusively { isClosed = true }
    ws2_ring(bell)
  }

  /// Takes as many packets as there are and fit, and waits for the first.
  func take(_ into: UnsafeMutableBufferPointer<Packet>, until deadline: Deadline, alertable: Bool) -> Outcome {
    let alert = alertable ? Alert() : nil
    defer { alert?.end() }
    unsafe ws2_set_own_port(word)
    var hasLooked = false
    while true {
      let (outcome, wakesNext) = unsafe look(into, mayTake: hasLooked)
      if wakesNext { ws2_ring(bell) }
      if let outcome { return outcome }
      if hasLooked {
        if deadline.isOver { return .timeOut }
        // What is there already ends the wait before a call does.
        if let alert, alert.hasCall { return .call }
      }
      collect(hasLooked ? deadline : .now, alert)
      hasLooked = true
    }
  }

  /// - Parameter mayTake: The sockets have been looked at; otherwise it is their turn now and then.
  private func look(_ into: UnsafeMutableBufferPointer<Packet>, mayTake: Bool) -> (Outcome?, wakesNext: Bool) {
    exclusively {
      visits &+= 1
      if mayTake || takes < Self.fairness, let count = unsafe fill(into) {
        takes = mayTake ? 0 : takes + 1
        // A report may have been of several packets, and woke one thread.
        return (.packets(count), unsafe waiting > 0 && !packets.isEmpty)
      }
      takes = 0
      return (isClosed ? .closed : nil, isClosed && waiting > 0)
    }
  }

  private func fill(_ into: UnsafeMutableBufferPointer<Packet>) -> Int? {
    guard unsafe !packets.isEmpty else { return nil }
    let count = unsafe min(packets.count, into.count)
    for index in 0..<count { unsafe into.initializeElement(at: index, to: packets.removeFirst()) }
    return count
  }

  /// Waits for a report, and does what has become possible.
  private func collect(_ deadline: Deadline, _ alert: Alert?) {
    let mayWait = !deadline.isOver
    // A packet that came since: no waiting, as whoever posted it has seen nobody wait.
    let stays =
      mayWait
      && exclusively { () -> Bool in
        guard unsafe packets.isEmpty, !isClosed else { return false }
        waiting += 1
        return true
      }
    var milliseconds = stays ? deadline.pollTimeout : 0
    if stays, let alert {
      alert.wait(poll, milliseconds)
      milliseconds = 0
    }
    unsafe withUnsafeTemporaryAllocation(of: ws2_report.self, capacity: Int(Self.reports)) { reports in
      let count = unsafe ws2_poll_take(poll, reports.baseAddress!, Self.reports, milliseconds)
      if stays {
        exclusively {
          waiting -= 1
          if waiting == 0 { _ = beginLooks() }
        }
      }
      for index in 0..<Int(max(count, 0)) { unsafe Token.advance(reports[index]) }
    }
  }

  /// From now on the reactor makes sure that nothing stays undone while the port's threads are elsewhere.
  private func beginLooks() -> Bool {
    if care == .none, Reactor.lookAfter(self) { care = .looks }
    return care != .none
  }

  /// - Returns: Whether to look again.
  func look() -> Bool {
    let (again, mustWake) = exclusively { () -> (Bool, Bool) in
      let isBusy = visits != visitsSeen
      visitsSeen = visits
      if isBusy { return (true, false) }
      if waiting > 0 {
        if unsafe !packets.isEmpty { return (true, true) }
        care = .none
        return (false, false)
      }
      // Nobody comes.
      care = .adopted
      return (false, false)
    }
    if mustWake { ws2_ring(bell) }
    if !again, exclusively({ care == .adopted }) { Reactor.adopt(self) }
    return again
  }

  /// Something is ready, and the port's threads were away for some time.
  func reported() {
    let isAway = exclusively { () -> Bool in
      if waiting == 0, visits == visitsSeen { return true }
      care = .none
      if waiting == 0 { _ = beginLooks() }
      return false
    }
    guard isAway else { return }
    collect(.now, nil)
    Reactor.adopt(self)
  }
}
