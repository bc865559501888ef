import CWinsock
import Glibc
import Synchronization

/// What Winsock knows of a socket and the kernel does not. Kept by descriptor number, since that is what SOCKET is;
/// made anew whenever a Winsock call makes a socket. A descriptor that came otherwise has the defaults of socket().
struct SocketState: ~Copyable {
  /// The upper 16 bits count forks (waiters of the parent do not exist in the child), then a bit that says that
  /// closesocket is at work, then the number of calls under way.
  let operations = Atomic<UInt32>(0)
  let attributes = Atomic<UInt32>(0)
  /// An eventfd that wakes whoever waits for the socket; made by the first who must wait.
  let cancel = Atomic<Int32>(-1)
  /// Milliseconds, as the program set them (the kernel rounds to its clock ticks); 0 waits for ever.
  let receiveTimeout = Atomic<UInt32>(0)
  let sendTimeout = Atomic<UInt32>(0)
  /// When it became connected, in milliseconds of the monotonic clock.
  let connected = Atomic<UInt64>(0)
  /// A retained SocketQueue, which stays when it was once made; 0: there was no overlapped operation yet.
  let queue = Atomic<UInt>(0)
}

struct SocketAttributes: OptionSet {
  let rawValue: UInt32
  /// Made by a Winsock call, so that the other bits tell the whole truth.
  static let known = SocketAttributes(rawValue: 1)
  static let notOverlapped = SocketAttributes(rawValue: 2)
  static let nonBlocking = SocketAttributes(rawValue: 4)
  static let connecting = SocketAttributes(rawValue: 8)
  static let sendIsShut = SocketAttributes(rawValue: 16)
  static let receiveIsShut = SocketAttributes(rawValue: 32)
  /// A connection was asked for or accepted. Linux does not tell a stream that never had one from a broken one.
  static let hasConnected = SocketAttributes(rawValue: 128)
  static let isAccepting = SocketAttributes(rawValue: 64)
  /// WSAEventSelect is in force.
  static let selects = SocketAttributes(rawValue: 256)
  static let wasAccepted = SocketAttributes(rawValue: 512)
  /// SIO_UDP_CONNRESET FALSE: a datagram that found no receiver is no error of the next receive.
  static let ignoresResets = SocketAttributes(rawValue: 1024)
  // What never changes for a socket that Winsock has made, so that the kernel need not be asked again.
  static let isStream = SocketAttributes(rawValue: 1 << 11)
  static let isDatagram = SocketAttributes(rawValue: 1 << 12)
  static let isInternet4 = SocketAttributes(rawValue: 1 << 13)
  static let isInternet6 = SocketAttributes(rawValue: 1 << 14)
  static let kind: SocketAttributes = [.isStream, .isDatagram, .isInternet4, .isInternet6]
  static let listens = SocketAttributes(rawValue: 1 << 15)
  /// The program has set an option on it.
  static let hasOptions = SocketAttributes(rawValue: 1 << 17)
  /// Made by WPUCreateSocketHandle.
  static let isProviderHandle = SocketAttributes(rawValue: 1 << 16)
  /// IP_WFP_REDIRECT_CONTEXT and _RECORDS are on, at IPPROTO_IP and at IPPROTO_IPV6.
  static let tellsContext = SocketAttributes(rawValue: 1 << 18)
  static let tellsRecords = SocketAttributes(rawValue: 1 << 19)
  static let tellsContextV6 = SocketAttributes(rawValue: 1 << 20)
  static let tellsRecordsV6 = SocketAttributes(rawValue: 1 << 21)
  /// SO_CONDITIONAL_ACCEPT, which is only told: the kernel accepts before anybody is asked.
  static let acceptsOnCondition = SocketAttributes(rawValue: 1 << 22)
}

/// A table in two levels that only grows: looking a descriptor up takes no lock, also in the child of a fork.
@safe
private struct SocketTable: Sendable {
  typealias Chunk = UnsafeMutablePointer<SocketState>
  static let chunkSize = 256
  static let chunkCount = 16384
  /// How many chunks there may be: descriptors' numbers are low, and a thread's end looks at all that there are.
  private static let limit = Atomic(0)

  nonisolated(unsafe) let chunks: UnsafeMutablePointer<Atomic<UInt>>

  init() {
    unsafe chunks = .allocate(capacity: Self.chunkCount)
    for index in 0..<Self.chunkCount { unsafe (chunks + index).initialize(to: Atomic(0)) }
  }

  func state(of descriptor: Int) -> Chunk? {
    let (slot, index) = descriptor.quotientAndRemainder(dividingBy: Self.chunkSize)
    guard descriptor >= 0, slot < Self.chunkCount else { return nil }
    let known = unsafe Chunk(bitPattern: chunks[slot].load(ordering: .acquiring))
    return unsafe (known ?? make(slot)) + index
  }

  /// Calls the body with every state that there is.
  func forEach(_ body: (UnsafeMutablePointer<SocketState>) -> Void) {
    for slot in 0..<Self.limit.load(ordering: .acquiring) {
      guard let chunk = unsafe Chunk(bitPattern: chunks[slot].load(ordering: .acquiring)) else { continue }
      for index in 0..<Self.chunkSize { unsafe body(chunk + index) }
    }
  }

  private func make(_ slot: Int) -> Chunk {
    // Before the chunk stands in the table: whoever has got a state from it is found.
    Self.limit.max(slot + 1, ordering: .acquiringAndReleasing)
    let fresh = Chunk.allocate(capacity: Self.chunkSize)
    for index in 0..<Self.chunkSize { unsafe (fresh + index).initialize(to: SocketState()) }
    let (done, found) = unsafe chunks[slot].compareExchange(
      expected: 0, desired: UInt(bitPattern: fresh), ordering: .acquiringAndReleasing)
    if done { return unsafe fresh }
    unsafe fresh.deinitialize(count: Self.chunkSize)
    unsafe fresh.deallocate()
    return unsafe Chunk(bitPattern: found)!
  }
}

private let table = SocketTable()

/// A SOCKET that is a descriptor's number at least, with its state.
@safe
struct Socket {
  let descriptor: Int32
  let state: UnsafeMutablePointer<SocketState>

  init(_ handle: SOCKET) throws(WSAError) {
    guard handle <= SOCKET(Int32.max), let state = unsafe table.state(of: Int(handle)) else {
      throw WSAError(WSAENOTSOCK)
    }
    descriptor = Int32(handle)
    unsafe self.state = unsafe state
  }

  /// Takes over a descriptor that a Winsock call has just made.
  init(made descriptor: Int32, _ attributes: SocketAttributes) throws(WSAError) {
    try self.init(SOCKET(descriptor))
    Self.queue(of: descriptor)?.close()  // of a socket that was closed behind Winsock's back
    unsafe state.pointee.attributes.store(attributes.union(.known).rawValue, ordering: .releasing)
    unsafe state.pointee.receiveTimeout.store(0, ordering: .relaxed)
    unsafe state.pointee.sendTimeout.store(0, ordering: .relaxed)
    unsafe state.pointee.connected.store(monotonicMilliseconds(), ordering: .relaxed)
  }

  var handle: SOCKET { SOCKET(descriptor) }

  var attributes: SocketAttributes {
    SocketAttributes(rawValue: unsafe state.pointee.attributes.load(ordering: .acquiring))
  }

  func set(_ attributes: SocketAttributes, _ isOn: Bool = true) {
    if isOn {
      unsafe state.pointee.attributes.bitwiseOr(attributes.rawValue, ordering: .acquiringAndReleasing)
    } else {
      unsafe state.pointee.attributes.bitwiseAnd(~attributes.rawValue, ordering: .acquiringAndReleasing)
    }
  }

  /// A stream of ours that never had a connection.
  var neverConnected: Bool {
    attributes.intersection([.known, .hasConnected]) == .known && type == ws2_socket_stream()
  }

  var isOverlapped: Bool { !attributes.contains(.notOverlapped) }

  /// A Winsock program changes the mode through Winsock; of a descriptor from elsewhere the kernel is asked.
  var isNonBlocking: Bool {
    let attributes = attributes
    if attributes.contains(.known) { return attributes.contains(.nonBlocking) }
    return ws2_descriptor_flags(descriptor) & O_NONBLOCK != 0
  }

  /// A TCP or UDP socket with a peer.
  var isConnectedTransport: Bool {
    if isOurs, !attributes.contains(.hasConnected) { return false }
    let type = type
    guard type == ws2_socket_stream() || type == ws2_socket_datagram() else { return false }
    var name = SocketName()
    return (try? unsafe name.fill { unsafe getpeername(descriptor, $0, $1) }) != nil && name.isInternetName
  }

  /// Made by Winsock, with the kind of a transport's socket.
  var isOurs: Bool {
    let attributes = attributes
    return attributes.contains(.known) && !attributes.isDisjoint(with: [.isStream, .isDatagram])
  }

  /// For calls that go on to ask the kernel something, which says it as well.
  func requireKnownSocket() throws(WSAError) { if !isOurs { try requireSocket() } }

  /// SPEC S2.3.
  func requireSocket() throws(WSAError) {
    var type: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    try checked(unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size))
  }
}

extension Socket {
  /// Where its overlapped operations queue up; made by the first.
  var queue: SocketQueue {
    if let known = Self.queue(of: descriptor) { return known }
    let fresh = unsafe Unmanaged.passRetained(SocketQueue(descriptor))
    let (done, _) = unsafe state.pointee.queue.compareExchange(
      expected: 0, desired: UInt(bitPattern: fresh.toOpaque()), ordering: .acquiringAndReleasing)
    if !done { unsafe fresh.release() }
    return Self.queue(of: descriptor)!
  }

  static func queue(of descriptor: Int32) -> SocketQueue? {
    guard let state = unsafe table.state(of: Int(descriptor)) else { return nil }
    return unsafe queue(state)
  }

  static func forEachQueue(_ body: (SocketQueue) -> Void) {
    unsafe table.forEach { if let queue = unsafe queue($0) { body(queue) } }
  }

  private static func queue(_ state: UnsafeMutablePointer<SocketState>) -> SocketQueue? {
    guard let known = unsafe UnsafeRawPointer(bitPattern: state.pointee.queue.load(ordering: .acquiring)) else {
      return nil
    }
    return unsafe Unmanaged<SocketQueue>.fromOpaque(known).takeUnretainedValue()
  }
}
