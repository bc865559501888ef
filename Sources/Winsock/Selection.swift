import CWinsock
import Glibc

/// What WSAEventSelect has asked for. An event is recorded once, until the call that enables it again (the remarks of
/// Microsoft's page "WSAEventSelect function"); whether it has occurred is asked of poll(), which tells levels.
struct Selection {
  let event: Event
  let mask: Int32
  private var enabled: Int32
  private var recorded: Int32 = 0
  private var errors = [Int32](repeating: 0, count: Int(FD_MAX_EVENTS))
  /// connect() is under way, or done and not yet recorded.
  private var awaitsConnect: Bool

  init(_ event: Event, _ mask: Int32, awaitsConnect: Bool) {
    self.event = event
    self.mask = mask
    enabled = mask
    self.awaitsConnect = awaitsConnect
  }

  mutating func enable(_ events: Int32) { enabled |= events & mask }

  mutating func connectBegan() {
    enabled = mask
    awaitsConnect = true
  }

  /// What was recorded since it was asked last.
  mutating func take() -> (events: Int32, errors: [Int32]) {
    defer { (recorded, errors) = (0, [Int32](repeating: 0, count: errors.count)) }
    return (recorded, errors)
  }

  private mutating func record(_ event: Int32, _ error: WSAError? = nil) {
    guard enabled & event != 0 else { return }
    enabled &= ~event
    recorded |= event
    errors[event.trailingZeroBitCount] = error?.rawValue ?? 0
    self.event.signal()
  }

  /// Records what has occurred.
  /// - Returns: What epoll is to report: only what is not there now, as what is there has been recorded, or is for a
  ///   call that enables it.
  mutating func look(_ socket: Socket) -> UInt32 {
    let all = POLLIN | POLLPRI | POLLOUT | ws2_poll_hang_up()
    var entry = pollfd(fd: socket.descriptor, events: Int16(truncatingIfNeeded: all), revents: 0)
    guard unsafe poll(&entry, 1, 0) >= 0 else { return 0 }
    let now = Int32(entry.revents)
    guard now & POLLNVAL == 0 else { return 0 }
    if socket.isListening {
      if now & POLLIN != 0 || DeferredConnections.wait(on: socket.descriptor) { record(FD_ACCEPT) }
      return enabled & FD_ACCEPT != 0 && now & POLLIN == 0 ? WS2_INPUT : 0
    }
    guard !socket.neverConnected else { return 0 }
    if awaitsConnect {
      guard now & (POLLOUT | POLLERR | POLLHUP) != 0 else { return WS2_WRITABLE }
      awaitsConnect = false
      let error = (try? socket.takeError()) ?? 0
      record(FD_CONNECT, error == 0 ? nil : WSAError(errno: error))
      if error != 0 { return 0 }
    }
    let isStream = socket.type == ws2_socket_stream()
    recordTransfers(socket, now, isStream: isStream)
    return watches(now, isStream: isStream)
  }

  private mutating func recordTransfers(_ socket: Socket, _ now: Int32, isStream: Bool) {
    let isBroken = now & POLLERR != 0
    // Winsock tells of the end after the data before it, to those who read.
    let hasEnded = isStream && now & (ws2_poll_hang_up() | POLLHUP | POLLERR) != 0
    let hasData = hasEnded ? socket.hasDataBeforeEnd(isBroken) : now & (POLLIN | POLLERR) != 0
    if now & POLLPRI != 0 { record(FD_OOB) }
    if hasData { record(FD_READ) }
    if now & POLLOUT != 0, !(isStream && isBroken) { record(FD_WRITE) }
    if hasEnded, !hasData || mask & FD_READ == 0 { record(FD_CLOSE, isBroken ? WSAError(WSAECONNRESET) : nil) }
  }

  private func watches(_ now: Int32, isStream: Bool) -> UInt32 {
    // epoll would report these two again and again.
    if now & (POLLERR | POLLHUP) != 0 { return 0 }
    var events: UInt32 = 0
    if enabled & FD_READ != 0, now & POLLIN == 0 { events |= WS2_INPUT }
    if enabled & FD_OOB != 0, now & POLLPRI == 0 { events |= WS2_URGENT }
    if enabled & FD_WRITE != 0, now & POLLOUT == 0 { events |= WS2_WRITABLE }
    if enabled & FD_CLOSE != 0, isStream, now & ws2_poll_hang_up() == 0 { events |= WS2_HANGUP }
    return events
  }
}

extension SocketQueue {
  /// Under the lock.
  func look() {
    guard selection != nil, let socket = try? Socket(SOCKET(descriptor)) else { return }
    selectionWatches = selection?.look(socket) ?? 0
  }

  /// Changes the selection, then records what it now sees.
  func change(_ body: (inout Selection?) -> Void) {
    _ = try? locked {
      body(&selection)
      selectionWatches = 0
      look()
      watch()
    }
  }
}

extension Socket {
  /// A peek would take the error of a broken connection from the program; FIONREAD says 0 before urgent data.
  fileprivate func hasDataBeforeEnd(_ isBroken: Bool) -> Bool {
    if isBroken { return bytesToRead > 0 }
    var byte: UInt8 = 0
    return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | ws2_dont_wait()) > 0
  }

  /// A call has been made after which these events are recorded again.
  func reenable(_ events: Int32) {
    guard attributes.contains(.selects) else { return }
    Self.queue(of: descriptor)?.change { $0?.enable(events) }
  }

  func connectBegan() {
    guard attributes.contains(.selects) else { return }
    Self.queue(of: descriptor)?.change { $0?.connectBegan() }
  }

  /// An accepted socket has its listener's event and mask.
  func inheritSelection(of listener: Socket) {
    guard listener.attributes.contains(.selects), let queue = Self.queue(of: listener.descriptor),
      let inherited = queue.exclusively({ queue.selection })
    else { return }
    select(inherited.event, inherited.mask)
  }

  func select(_ event: Event, _ mask: Int32) {
    let awaitsConnect = attributes.contains(.connecting)
    set(.selects)
    queue.change { $0 = Selection(event, mask, awaitsConnect: awaitsConnect) }
  }
}
