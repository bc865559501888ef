import CWinsock

/// What the Swift runtime makes when it is first needed (lazy globals, metadata, the caches of casts) it makes under
/// locks of its own. A fork() in that moment leaves them locked in the child for ever, so the common paths are gone
/// through once, when the program starts up Winsock and as a rule before it starts threads.
enum WarmUp {
  /// Read for its side effect.
  static let done: Bool = {
    let event = unsafe HandleTable.open(Event(isManual: false, isSignalled: true))
    defer { try? unsafe HandleTable.close(event) }
    guard let object = try? HandleTable.event(UInt(bitPattern: event)) else { return false }
    _ = Wait(for: [object]).run(until: .now)
    _ = Wait(for: [ThreadObject(isSuspended: false)]).run(until: .now)
    _ = try? HandleTable.thread(0)
    _ = try? Socket(0)
    _ = Socket.queue(of: 0)
    _ = DeferredConnections.wait(on: 0)
    warmUpSelect()
    return true
  }()
}
