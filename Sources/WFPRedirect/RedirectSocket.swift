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
  public func redirectRecords() throws(RedirectError) -> RedirectRecords {
    RedirectRecords(bytes: try query(CRedirect_queryRecords, likely: 256))
  }

  /// What the policy attached for this service. Page: SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT.
  public func redirectContext() throws(RedirectError) -> RedirectContext {
    RedirectContext(bytes: try query(CRedirect_queryContext, likely: 256))
  }

  /// Appends the records to memory of the caller's: no allocation.
  /// - Throws: ``RedirectError/insufficientBuffer(needed:)`` and appends nothing when the free part is too small.
  public func redirectRecords(into output: inout OutputRawSpan) throws(RedirectError) {
    try query(CRedirect_queryRecords, into: &output)
  }

  /// Appends the context to memory of the caller's: no allocation.
  /// - Throws: ``RedirectError/insufficientBuffer(needed:)`` and appends nothing when the free part is too small.
  public func redirectContext(into output: inout OutputRawSpan) throws(RedirectError) {
    try query(CRedirect_queryContext, into: &output)
  }

  /// Says before connect whose connection this socket continues, so that no service meets it twice. The last set wins.
  /// Page: SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS.
  public func setRedirectRecords(_ records: RedirectRecords) throws(RedirectError) {
    try unsafe setRedirectRecords(records.bytes.span.bytes)
  }

  /// The same for records in memory of the caller's.
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
