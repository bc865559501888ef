internal import CRedirect

/// A socket of a redirect service, by its descriptor. It owns nothing: who opened the descriptor closes it.
///
/// The calls go through ioctl(2), which the preload answers. They may be made from any thread, and block only where
/// the socket itself blocks (a record that comes in the stream, `accepts: proxy-v2`).
public struct RedirectSocket: Hashable, Sendable {
  public let descriptor: CInt

  public init(_ descriptor: CInt) { self.descriptor = descriptor }

  /// The records of the connection that was accepted here. A query consumes nothing: the answer stays the same for as
  /// long as the socket is open. Page: SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS.
  /// - Throws: ``RedirectError/invalid``: not redirected. ``RedirectError/notConnected``, ``RedirectError/notSocket``,
  ///   ``RedirectError/notSupported``: no socket that can be redirected. ``RedirectError/pending`` and
  ///   ``RedirectError/interrupted`` with a service that `accepts: proxy-v2`. ``RedirectError/engineUnusable``,
  ///   ``RedirectError/noPreload``.
  public func redirectRecords() throws(RedirectError) -> RedirectRecords {
    RedirectRecords(bytes: try query(CRedirect_queryRecords, likely: 256))
  }

  /// What the policy attached for the provider on whose endpoint the connection was accepted, 1 to 65,536 bytes. Page:
  /// SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT.
  /// - Throws: As ``redirectRecords()``; ``RedirectError/invalid`` also when no context was attached.
  public func redirectContext() throws(RedirectError) -> RedirectContext {
    RedirectContext(bytes: try query(CRedirect_queryContext, likely: 256))
  }

  /// Appends the records to memory of the caller's, and allocates nothing.
  /// - Parameter output: Its free part receives the bytes; 4,160 are enough for every blob.
  /// - Throws: As ``redirectRecords()``, and ``RedirectError/insufficientBuffer(needed:)`` when the free part is too small.
  ///   Nothing is appended then.
  public func redirectRecords(into output: inout OutputRawSpan) throws(RedirectError) {
    try query(CRedirect_queryRecords, into: &output)
  }

  /// Appends the context to memory of the caller's, and allocates nothing.
  /// - Parameter output: Its free part receives the bytes: as many as the policy's layout has, and at least 4.
  /// - Throws: As ``redirectContext()``, and ``RedirectError/insufficientBuffer(needed:)`` when the free part is too small.
  ///   Nothing is appended then.
  public func redirectContext(into output: inout OutputRawSpan) throws(RedirectError) {
    try query(CRedirect_queryContext, into: &output)
  }

  /// Says before connect whose connection this socket continues, so that no service meets it twice. The last set wins.
  /// Page: SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS.
  /// - Parameter records: Of this engine; good for 60 s after the accepted socket was closed, and for as long as a
  ///   connection carries them.
  /// - Throws: ``RedirectError/invalid``: the records are truncated, altered or of another engine, or the socket is
  ///   connected, listens or is no stream; what was set before stays. ``RedirectError/accessDenied``: the policy wants a
  ///   privilege. ``RedirectError/notSocket``, ``RedirectError/notSupported``, ``RedirectError/engineUnusable``,
  ///   ``RedirectError/noPreload``.
  public func setRedirectRecords(_ records: RedirectRecords) throws(RedirectError) {
    try unsafe setRedirectRecords(records.bytes.span.bytes)
  }

  /// The same for records in memory of the caller's: what ``redirectRecords(into:)`` appended.
  public func setRedirectRecords(_ records: RawSpan) throws(RedirectError) {
    try unsafe records.withUnsafeBytes { bytes throws(RedirectError) in
      var request = unsafe wfp_ioctl()
      unsafe request.in = UnsafeRawPointer(bytes.baseAddress)
      unsafe request.in_size = UInt32(clamping: bytes.count)
      let error = unsafe CRedirect_control(descriptor, CRedirect_setRecords, &request)
      guard error == 0 else { throw unsafe RedirectError(errno: error, needed: request.bytes_returned) }
    }
  }

  /// Asks with a buffer that is nearly always large enough, then with the size that the answer named.
  private func query(_ code: UInt, likely: Int) throws(RedirectError) -> [UInt8] {
    var capacity = likely
    while true {
      do {
        return try [UInt8](capacity: capacity) { output throws(RedirectError) in
          try unsafe output.withUnsafeMutableBufferPointer { buffer, count throws(RedirectError) in
            count = try unsafe control(code, UnsafeMutableRawBufferPointer(buffer))
          }
        }
      } catch .insufficientBuffer(let needed) where needed > capacity {
        capacity = needed
      }
    }
  }

  private func query(_ code: UInt, into output: inout OutputRawSpan) throws(RedirectError) {
    try unsafe output.withUnsafeMutableBytes { bytes, count throws(RedirectError) in
      count += try unsafe control(code, UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
    }
  }

  /// - Returns: How many bytes were written.
  private func control(_ code: UInt, _ out: UnsafeMutableRawBufferPointer) throws(RedirectError) -> Int {
    var request = unsafe wfp_ioctl()
    unsafe request.out = out.baseAddress
    unsafe request.out_size = UInt32(clamping: out.count)
    let error = unsafe CRedirect_control(descriptor, code, &request)
    guard error == 0 else { throw unsafe RedirectError(errno: error, needed: request.bytes_returned) }
    return unsafe Int(request.bytes_returned)
  }
}
