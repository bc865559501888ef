import CWinsock
import Glibc

/// Sockets that wait for the process that they are given to. Windows' protocol structure travels as the program likes, so
/// it says where they wait: the process listens on a local socket with a secret name, and gives each socket once, as a
/// descriptor (SCM_RIGHTS), to the process that it is for (SO_PEERCRED).
enum Handover {
  private struct Offer {
    let descriptor: Int32
    let process: Int32
    let attributes: UInt32
  }

  private static let lock = WordLock()
  nonisolated(unsafe) private static var offers: [UInt32: Offer] = [:]  // under `lock`, all of these
  nonisolated(unsafe) private static var lastToken: UInt32 = 0
  nonisolated(unsafe) private static var name: [UInt8] = []
  nonisolated(unsafe) private static var forks: UInt32 = 0
  private static let most = 1024

  /// What stays the same for another process.
  private static let kept: SocketAttributes = [
    .known, .kind, .notOverlapped, .nonBlocking, .sendIsShut, .receiveIsShut, .hasConnected, .wasAccepted,
    .ignoresResets, .listens, .hasOptions, .acceptsOnCondition,
  ]

  /// - Throws: WSAEINVAL: no such process; WSAENOBUFS: too many wait.
  static func offer(_ socket: Socket, to process: DWORD) throws(WSAError) -> Ticket {
    guard let number = Int32(exactly: process), number > 0, kill(number, 0) == 0 || ws2_errno() == EPERM else {
      throw WSAError(WSAEINVAL)
    }
    let copy = try checked(ws2_duplicate(socket.descriptor))
    do throws(WSAError) {
      return try lock.withLock { () throws(WSAError) in
        try listen()
        guard unsafe offers.count < most else { throw WSAError(WSAENOBUFS) }
        unsafe lastToken = lastToken == .max ? 1 : lastToken + 1
        unsafe offers[lastToken] = Offer(
          descriptor: copy, process: number, attributes: socket.attributes.intersection(kept).rawValue)
        return unsafe Ticket(name: name, token: lastToken)
      }
    } catch {
      close(copy)
      throw error
    }
  }

  /// Under the lock. The child of a fork has the parent's socket and not its thread.
  private static func listen() throws(WSAError) {
    guard unsafe name.isEmpty || forks != ws2_fork_count() else { return }
    var fresh = [UInt8](repeating: 0, count: 16)
    guard unsafe ws2_random(&fresh, fresh.count) == 0 else { throw WSAError(WSAENOBUFS) }
    let listener = try checked(unsafe ws2_handover_listen(fresh, fresh.count))
    let error = unsafe ws2_start_thread(
      0, { unsafe Handover.serve(Int32(UInt(bitPattern: $0) - 1)) },
      UnsafeMutableRawPointer(bitPattern: UInt(listener) + 1))
    guard error == 0 else {
      close(listener)
      throw WSAError(WSAENOBUFS)
    }
    unsafe (name, forks, offers) = (fresh, ws2_fork_count(), [:])
  }

  private static func serve(_ listener: Int32) -> UnsafeMutableRawPointer? {
    while true {
      var process: Int32 = 0
      let channel = unsafe ws2_handover_accept(listener, &process)
      guard channel >= 0 else { continue }
      var (descriptor, token): (Int32, UInt64) = (-1, 0)
      if unsafe ws2_handover_receive(channel, &descriptor, &token) == 0 {
        give(UInt32(truncatingIfNeeded: token), process, channel)
      }
      if descriptor >= 0 { close(descriptor) }
      close(channel)
    }
  }

  private static func give(_ token: UInt32, _ process: Int32, _ channel: Int32) {
    let offer = lock.withLock { () -> Offer? in
      guard unsafe offers[token]?.process == process else { return nil }
      return unsafe offers.removeValue(forKey: token)
    }
    guard let offer else {
      _ = ws2_handover_send(channel, -1, 0)
      return
    }
    _ = ws2_handover_send(channel, offer.descriptor, UInt64(offer.attributes))
    close(offer.descriptor)
  }

  /// What a protocol structure says of a socket that waits.
  struct Ticket {
    let name: [UInt8]
    let token: UInt32

    init(name: [UInt8], token: UInt32) {
      self.name = name
      self.token = token
    }

    /// Nil: it speaks of no socket.
    init?(_ identifier: GUID, _ token: DWORD) {
      guard token != 0 else { return nil }
      self.init(name: unsafe withUnsafeBytes(of: identifier) { unsafe Array($0) }, token: token)
    }

    var identifier: GUID {
      var identifier = GUID()
      unsafe withUnsafeMutableBytes(of: &identifier) { unsafe $0.copyBytes(from: name) }
      return identifier
    }

    /// - Throws: WSAEINVAL: it is taken, another process's, or its maker has ended.
    func take(closesOnExec: Bool) throws(WSAError) -> SOCKET {
      let channel = unsafe ws2_handover_connect(name, name.count)
      guard channel >= 0 else { throw WSAError(WSAEINVAL) }
      defer { close(channel) }
      var (descriptor, attributes): (Int32, UInt64) = (-1, 0)
      guard ws2_handover_send(channel, -1, UInt64(token)) == 0,
        unsafe ws2_handover_receive(channel, &descriptor, &attributes) == 0, descriptor >= 0
      else { throw WSAError(WSAEINVAL) }
      if !closesOnExec { ws2_set_kept_on_exec(descriptor, true) }
      return try Socket(made: descriptor, SocketAttributes(rawValue: UInt32(truncatingIfNeeded: attributes))).handle
    }
  }
}
