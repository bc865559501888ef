import CEngine

/// The redirect records blob: a header, sealed under the engine's key, and the hops (wfp_layout.h).
extension Engine {
  /// Bytes of the blob for `hopCount` hops.
  static func recordsLength(_ hopCount: UInt32) -> Int {
    MemoryLayout<wfp_records>.size &+ Int(hopCount) &* MemoryLayout<wfp_hop>.size
  }

  func recordsHeader(
    _ application: wfp_application, _ hops: UnsafePointer<wfp_hop>, _ hopCount: UInt32
  ) -> wfp_records {
    var header = wfp_records()
    header.magic = WFP_RECORDS_MAGIC
    header.version = 1
    header.hop_count = UInt16(truncatingIfNeeded: hopCount)
    header.size = UInt32(truncatingIfNeeded: Engine.recordsLength(hopCount))
    header.application = application
    let seal = unsafe seal(header, hops)
    setSeal(&header, seal)
    return header
  }

  /// The seal of a header, its own seal field taken as zero, and its hops.
  func seal(_ header: wfp_records, _ hops: UnsafePointer<wfp_hop>) -> (UInt64, UInt64) {
    var unsealed = header
    setSeal(&unsealed, (0, 0))
    var hash = unsafe SipHash(key: (self.header.pointee.key.0, self.header.pointee.key.1))
    unsafe withUnsafePointer(to: &unsealed) {
      unsafe hash.add(UnsafeRawPointer($0), count: MemoryLayout<wfp_records>.size)
    }
    unsafe hash.add(UnsafeRawPointer(hops), count: Int(header.hop_count) &* MemoryLayout<wfp_hop>.size)
    return hash.finish()
  }

  private func setSeal(_ header: inout wfp_records, _ seal: (UInt64, UInt64)) {
    unsafe withUnsafeMutablePointer(to: &header) {
      unsafe UnsafeMutableRawPointer($0).storeBytes(of: seal.0, toByteOffset: 16, as: UInt64.self)
      unsafe UnsafeMutableRawPointer($0).storeBytes(of: seal.1, toByteOffset: 24, as: UInt64.self)
    }
  }

  func storedSeal(_ header: wfp_records) -> (UInt64, UInt64) {
    var copy = header
    return unsafe withUnsafePointer(to: &copy) {
      unsafe (
        UnsafeRawPointer($0).load(fromByteOffset: 16, as: UInt64.self),
        UnsafeRawPointer($0).load(fromByteOffset: 24, as: UInt64.self)
      )
    }
  }
}
