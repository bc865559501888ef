/// The redirect records of a connection: which services it went through, as a blob that only the engine reads. It is
/// copied as it is from the accepted socket to the one that continues the connection.
public struct RedirectRecords: Hashable, Sendable {
  /// At most 256 bytes for one hop and 1,024 for eight (SPEC S2.16).
  public let bytes: [UInt8]

  /// - Parameter bytes: What ``RedirectSocket/redirectRecords()`` gave, perhaps in another process of the same engine.
  public init(bytes: [UInt8]) { self.bytes = bytes }
}

/// What the policy attached to a redirected connection for the provider that serves it, in the layout that the policy
/// gives.
public struct RedirectContext: Hashable, Sendable {
  /// At most 64 KiB.
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// A field of the layout, in the machine's byte order as the layouts are; nil: the context ends before its end.
  /// - Parameters:
  ///   - offset: Bytes from the start of the context.
  ///   - type: An integer, or another type of which every pattern of bits is a value.
  public func load<Field: BitwiseCopyable & FixedWidthInteger>(at offset: Int, as type: Field.Type) -> Field? {
    guard offset >= 0, offset <= bytes.count, bytes.count - offset >= MemoryLayout<Field>.size else { return nil }
    let span = unsafe bytes.span.bytes
    return unsafe span.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Field.self)
  }
}
