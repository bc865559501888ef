import CWinsock
import DequeModule
import Synchronization

/// The operations under way on one descriptor, in the order in which they were begun, and what Winsock keeps beside
/// them. One for each descriptor number that ever had an overlapped operation; it stays when the socket goes.
@safe
final class SocketQueue: @unchecked Sendable {  // all under `word`
  let descriptor: Int32
  private let word: UnsafeMutablePointer<UInt32>
  /// Counts the sockets that had this number: a report of the kernel that was under way when one was closed is told
  /// from one of the next.
  private var generation: UInt32 = 0
  private var forks = ws2_fork_count()
  private var controls = Deque<OverlappedOperation>()
  private var receives = Deque<OverlappedOperation>()
  /// AcceptEx calls that wait for a connection, and those that have it and wait for its first data.
  private var accepts = Deque<OverlappedOperation>()
  private var accepted = Deque<OverlappedOperation>()
  private var sends = Deque<OverlappedOperation>()
  /// What the kernel is to report to the reactor, once.
  private var watched: UInt32 = 0
  /// What it reports to the port, until the socket is closed.
  private var portWatches: UInt32 = 0
  /// The reactor's epoll descriptor may know it.
  private var isOnReactor = false
  /// The AcceptEx call that has this socket for its connection.
  var acceptance: Acceptance?
  /// WSAEventSelect's, and what it wants the kernel to report.
  var selection: Selection?
  var selectionWatches: UInt32 = 0
  private var association: PortAssociation?
  private var notificationModes: UInt8 = 0

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: ws2_fork_count() << 2)
  }

  func locked<Result>(_ body: () throws(WSAError) -> Result) throws(WSAError) -> Result {
    unsafe ws2_word_lock(word)
    defer { unsafe ws2_word_unlock(word) }
    if forks != ws2_fork_count() {
      // What the parent began is the parent's.
      forks = ws2_fork_count()
      keepForEver(([controls, receives, accepts, accepted, sends], acceptance, selection))
      (controls, receives, accepts, accepted, sends, watched) = ([], [], [], [], [], 0)
      (acceptance, selection, selectionWatches, portWatches, isOnReactor) = (nil, nil, 0, 0, false)
    }
    return try body()
  }

  /// Does the operation at once, or takes it over.
  /// - Returns: How it ended; with an error, nothing was begun and nothing is indicated. Nil: it is under way.
  /// - Throws: WSAENETDOWN: it cannot be under way in this process.
  func start(_ operation: OverlappedOperation) throws(WSAError) -> OperationResult? {
    let forces = Reactor.forcesPending
    let (result, skipsPort) = try start(operation.direction) {
      forces ? nil : operation.attempt()
    } make: {
      operation
    }
    guard let result else {
      if forces { Reactor.visit(self) }
      return nil
    }
    if result.error == nil { operation.endAtOnce(result, skipsPort: skipsPort) }
    return result
  }

  /// The same for what is done at once as a rule, and then needs no operation.
  /// - Parameter make: Under the lock, when it has to be one after all.
  func start(
    _ direction: OverlappedOperation.Direction, atOnce: () -> OperationResult?,
    make: () throws(WSAError) -> OverlappedOperation
  ) throws(WSAError) -> (result: OperationResult?, skipsPort: Bool) {
    try locked { () throws(WSAError) in
      if isEmpty(direction), let result = atOnce() {
        return (result, notificationModes & UInt8(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0)
      }
      try takeOver(make())
      return (nil, false)
    }
  }

  private func takeOver(_ operation: OverlappedOperation) throws(WSAError) {
    try Reactor.require()
    operation.begin()
    operation.issuer.began(on: self)
    append(operation)
    if !Reactor.forcesPending { watch() }
  }

  /// The kernel says that the socket is ready, or somebody wants a look.
  func advance(_ events: UInt32 = WS2_READABLE | WS2_WRITABLE, generation wanted: UInt32? = nil) {
    var listener: SocketQueue?
    let ended = try? locked { () -> [(OverlappedOperation, OperationResult)] in
      if let wanted, wanted != generation { return [] }
      var ended: [(OverlappedOperation, OperationResult)] = []
      if events & WS2_READABLE != 0 { advanceReceives(&ended) }
      if events & WS2_WRITABLE != 0 { Self.advance(&sends, &ended) }
      watched = 0
      if let acceptance, acceptance.awaitsData {
        acceptance.awaitsData = false
        listener = acceptance.listener
      }
      look()
      watch()
      return ended
    }
    for (operation, result) in ended ?? [] { operation.end(result) }
    listener?.advance()
  }

  private static func advance(
    _ operations: inout Deque<OverlappedOperation>, _ ended: inout [(OverlappedOperation, OperationResult)]
  ) {
    while let first = operations.first, let result = first.attempt() {
      operations.removeFirst()
      ended.append((first, result))
    }
  }

  private func advanceReceives(_ ended: inout [(OverlappedOperation, OperationResult)]) {
    // Each query asks for itself; data that comes behind a record must not be taken for it.
    Self.advanceEach(&controls, &ended)
    if controls.isEmpty { Self.advance(&receives, &ended) }
    advanceAccepts(&ended)
  }

  private static func advanceEach(
    _ operations: inout Deque<OverlappedOperation>, _ ended: inout [(OverlappedOperation, OperationResult)]
  ) {
    if operations.isEmpty { return }
    operations.removeAll { operation in
      guard let result = operation.attempt() else { return false }
      ended.append((operation, result))
      return true
    }
  }

  private func advanceAccepts(_ ended: inout [(OverlappedOperation, OperationResult)]) {
    while let first = accepts.first {
      if let result = first.attempt() {
        ended.append((first, result))
      } else if first.hasConnection {
        accepted.append(first)
      } else {
        break
      }
      accepts.removeFirst()
    }
    Self.advanceEach(&accepted, &ended)
  }

  /// Ends those operations with WSA_OPERATION_ABORTED.
  /// - Returns: How many there were.
  @discardableResult
  func cancel(_ isMeant: (OverlappedOperation) -> Bool) -> Int {
    let ended = take(isMeant)
    for operation in ended { operation.end(.aborted) }
    return ended.count
  }

  private func take(_ isMeant: (OverlappedOperation) -> Bool) -> [OverlappedOperation] {
    (try? locked {
      var taken: [OverlappedOperation] = []
      Self.take(isMeant, from: &controls, to: &taken)
      Self.take(isMeant, from: &receives, to: &taken)
      Self.take(isMeant, from: &accepts, to: &taken)
      Self.take(isMeant, from: &accepted, to: &taken)
      Self.take(isMeant, from: &sends, to: &taken)
      return taken
    }) ?? []
  }

  private static func take(
    _ isMeant: (OverlappedOperation) -> Bool, from list: inout Deque<OverlappedOperation>,
    to taken: inout [OverlappedOperation]
  ) {
    if list.isEmpty { return }
    taken += list.filter(isMeant)
    list.removeAll(where: isMeant)
  }

  /// WSACleanup's and WSPCleanup's way: the status says WSA_OPERATION_ABORTED, and nothing is indicated.
  func abandon(_ isMeant: (OverlappedOperation) -> Bool = { _ in true }) {
    for operation in take(isMeant) { operation.abandon() }
  }

  /// The socket goes: everything ends, and the next one with this number starts anew.
  func close() {
    let ended = take { _ in true }
    var lost: Acceptance?
    _ = try? locked {
      generation &+= 1
      // A duplicate of the descriptor would be reported on, again and again; a port hears of changes only, and passes
      // over those of an older generation.
      if isOnReactor { Reactor.forget(descriptor) }
      (watched, association, notificationModes, portWatches, isOnReactor) = (0, nil, 0, 0, false)
      (lost, acceptance, selection, selectionWatches) = (acceptance, nil, nil, 0)
    }
    for operation in ended { operation.end(.aborted) }
    if let lost { lost.listener.cancel { $0.acceptance === lost } }
  }

  /// - Throws: ERROR_INVALID_PARAMETER: a port serves it already.
  func associate(_ wanted: PortAssociation) throws(WSAError) {
    try locked { () throws(WSAError) in
      guard association == nil else { throw WSAError(ERROR_INVALID_PARAMETER) }
      association = wanted
    }
  }

  /// Read under the lock: another thread may close the socket, and the port goes with its last reference.
  var port: PortAssociation? { exclusively { association } }

  /// Modes can be set, never cleared.
  func add(modes: UInt8) { _ = try? locked { notificationModes |= modes } }

  private func isEmpty(_ direction: OverlappedOperation.Direction) -> Bool {
    switch direction {
    case .control: true
    case .receive: controls.isEmpty && receives.isEmpty
    case .accept: accepts.isEmpty
    case .send: sends.isEmpty
    }
  }

  private func append(_ operation: OverlappedOperation) {
    switch operation.direction {
    case .control: controls.append(operation)
    case .receive: receives.append(operation)
    case .accept(let acceptance):
      if acceptance.hasConnection { accepted.append(operation) } else { accepts.append(operation) }
    case .send: sends.append(operation)
    }
  }

  /// Runs the body under the lock; it must not wait.
  func exclusively<Result>(_ body: () -> Result?) -> Result? { try? locked(body) }

  /// Another socket has taken the descriptor's number: the kernel watches it no more. Under the lock.
  func descriptorReplaced() { (watched, portWatches) = (0, 0) }

  /// Has the kernel report what is missing. Under the lock.
  func watch() {
    var events = selectionWatches
    if !controls.isEmpty || !receives.isEmpty || !accepts.isEmpty { events |= WS2_READABLE }
    if acceptance?.awaitsData == true { events |= WS2_READABLE }
    if !sends.isEmpty { events |= WS2_WRITABLE }
    guard events != 0 else { return }
    let token = Token.socket(descriptor, generation)
    // WSAEventSelect's reports are repeated while there is something, which those of a port are not.
    if selectionWatches == 0, let port = association?.port {
      let missing = events & ~portWatches
      if missing == 0 { return }
      if port.serve(descriptor, portWatches | missing, token) {
        portWatches |= missing
        return
      }
    }
    guard events & ~watched != 0 else { return }
    watched |= events
    isOnReactor = true
    Reactor.watch(self, watched, token: token)
  }

  /// What a port hears of lives on (ExitThread's page).
  func threadEnded(_ thread: ThreadRecord) {
    if port == nil { cancel { $0.issuer === thread } }
  }
}
