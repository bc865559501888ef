import CWinsock
import Synchronization

/// A provider of the program's that stands on this library: who called WSPStartup. Its procedure table is its own, so
/// that a procedure knows for whom it works, and its upcalls are used for what it began.
@safe
final class Provider: @unchecked Sendable {  // `upcalls` is under ws2_lock, all else does not change
  /// Two calls of WSPStartup are one provider's when these are the same.
  struct Identity: Hashable {
    let identifier: [UInt8]
    let catalogEntry: DWORD
    let convention: CallingConvention

    init(_ info: LPWSAPROTOCOL_INFOW?, _ convention: CallingConvention) {
      var identifier = unsafe info?.pointee.ProviderId ?? GUID()
      self.identifier = unsafe withUnsafeBytes(of: &identifier) { unsafe Array($0) }
      catalogEntry = unsafe info?.pointee.dwCatalogEntryId ?? 0
      self.convention = convention
    }
  }

  nonisolated(unsafe) private static var known: [Identity: Provider] = [:]  // under ws2_lock

  /// Of the program's callbacks.
  let convention: CallingConvention
  let startups = Atomic<Int>(0)
  private var upcalls = WSPUPCALLTABLE()
  private(set) var procedures: ProcedureTable?

  /// - Throws: WSASYSNOTREADY: no memory for its procedures.
  private init(_ convention: CallingConvention) throws(WSAError) {
    self.convention = convention
    guard let procedures = ProcedureTable(for: self) else { throw WSAError(WSASYSNOTREADY) }
    self.procedures = procedures
  }

  /// The provider of that identity; it stays, since the program may call its table at any time.
  static func find(_ identity: Identity) throws(WSAError) -> Provider {
    if let known = locked({ unsafe known[identity] }) { return known }
    let fresh = try Provider(identity.convention)
    let provider = locked { () -> Provider in
      if let first = unsafe known[identity] { return first }
      unsafe known[identity] = fresh
      return fresh
    }
    if provider !== fresh { fresh.procedures = nil }
    return provider
  }

  /// The most recent upcall table is the one in use.
  func start(_ upcalls: WSPUPCALLTABLE) {
    locked { self.upcalls = upcalls }
    startups.add(1, ordering: .acquiringAndReleasing)
  }

  /// The last cleanup ends what the provider has under way, and says so to nobody.
  func cleanUp() throws(WSAError) {
    guard try undo(startups) == 0 else { return }
    let this = unsafe Unmanaged.passUnretained(self).toOpaque()
    Socket.forEachQueue { $0.abandon { unsafe $0.provider == this } }
  }

  var queueApc: LPWPUQUEUEAPC? { unsafe locked { unsafe upcalls.lpWPUQueueApc } }
}

extension Provider {
  /// Runs a Winsock function as this provider's procedure: what it leaves as the thread's last error goes to *lpErrno
  /// and the last error stays what it was.
  func procedure<Result: Equatable>(_ place: LPINT?, failing failure: Result, _ body: () -> Result) -> Result {
    let lastError = ws2_last_error()
    guard startups.load(ordering: .acquiring) > 0 else {
      unsafe report(WSAError(WSANOTINITIALISED), to: place)
      return failure
    }
    let result = unsafe enter(unsafe Unmanaged.passUnretained(self).toOpaque(), body)
    let error = WSAError(rawValue: ws2_last_error())
    ws2_set_last_error(lastError)
    if result == failure { unsafe report(error, to: place) }
    return result
  }
}

/// Runs the body as that provider's; nil for code that is nobody's, as a provider's upcalls are.
func enter<Result>(_ provider: UnsafeMutableRawPointer?, _ body: () -> Result) -> Result {
  let outer = unsafe ws2_provider()
  unsafe ws2_set_provider(provider)
  defer { unsafe ws2_set_provider(outer) }
  return body()
}

/// Runs an upcall, or what else reports through *lpErrno only.
func upcall<Result>(_ place: LPINT?, failing failure: Result, _ body: () throws(WSAError) -> Result) -> Result {
  do throws(WSAError) {
    return try body()
  } catch {
    unsafe report(error, to: place)
    return failure
  }
}

/// Without a place for it (Windows would fault) the error is the thread's last one.
func report(_ error: WSAError, to place: LPINT?) {
  guard let place = unsafe place, unsafe isWritable(place, MemoryLayout<INT>.size) else {
    return ws2_set_last_error(error.rawValue)
  }
  unsafe place.pointee = error.rawValue
}
