import CEngine

/// What a wfpshim sender puts into a PROXY v2 header so that a chain goes on over machines (docs/proxy-protocol.md):
/// TLVs of one type of the range for custom use, told from others' by their first bytes.
let carriedType: UInt8 = 0xe5

@safe
enum Carried {
  /// Somebody else's TLV of the same type.
  case foreign
  case malformed
  case records(CarriedRecords)
  case context(CarriedContext)

  init(_ value: ByteReader) {
    var reader = value
    // "WFPSHIM1"
    guard let magic = reader.u64(), magic == 0x5746_5053_4849_4d31 else {
      self = .foreign
      return
    }
    guard let kind = reader.u32() else {
      self = .malformed
      return
    }
    switch kind {
    case 1: self = CarriedRecords(reader).map { .records($0) } ?? .malformed
    case 2: self = CarriedContext(reader).map { .context($0) } ?? .malformed
    default: self = .foreign  // of a later version
    }
  }
}

/// The context that the sender's callout attached for one provider.
@safe
struct CarriedContext {
  let provider: ByteReader
  let content: ByteReader

  init?(_ rest: ByteReader) {
    var reader = rest
    guard let provider = reader.part(16), let content = reader.part(reader.rest), content.count > 0 else { return nil }
    self.provider = provider
    self.content = content
  }
}

/// The original application and the hops until now.
@safe
struct CarriedRecords {
  private(set) var application = wfp_application()
  let path: ByteReader
  let hopCount: UInt32
  private let hops: ByteReader

  /// - Returns: nil for what is malformed, names that no policy can have included.
  init?(_ rest: ByteReader) {
    var reader = rest
    guard let startTime = reader.u64(), let pid = reader.u32(), let uid = reader.u32(), let gid = reader.u32(),
      let session = reader.u32(), let isRoot = reader.u8(), let count = reader.u8(), let length = reader.u16(),
      let path = reader.part(Int(length)), let hops = reader.part(reader.rest), isRoot <= 1,
      UInt32(count) < UInt32(WFP_HOPS_MAX), isPath(path)
    else { return nil }
    application.start_time = startTime
    application.pid = pid
    application.uid = uid
    application.gid = gid
    application.session = session
    application.is_root = UInt32(isRoot)
    self.path = path
    self.hops = hops
    hopCount = UInt32(count)
    var known = hops
    var i: UInt32 = 0
    while i < hopCount {
      guard CarriedHop(&known) != nil else { return nil }
      i &+= 1
    }
    if known.rest != 0 { return nil }
  }

  /// Writes the hops, their names interned in `engine`.
  func copyHops(to hops: UnsafeMutablePointer<wfp_hop>, _ engine: Engine) {
    var reader = self.hops
    var i = 0
    while i < Int(hopCount), let hop = CarriedHop(&reader) {
      unsafe hop.write(to: hops + i, engine)
      i &+= 1
    }
  }
}

@safe
private struct CarriedHop {
  private let flowId, provider, providerName, filterName: ByteReader
  private let filterId, time: UInt64
  private let flags: UInt32

  init?(_ reader: inout ByteReader) {
    guard let flowId = reader.part(16), let provider = reader.part(16), let filterId = reader.u64(),
      let time = reader.u64(), let flags = reader.u32(), let first = reader.u8(), let second = reader.u8(),
      let providerName = reader.part(Int(first)), let filterName = reader.part(Int(second)), isName(providerName),
      isName(filterName)
    else { return nil }
    self.flowId = flowId
    self.provider = provider
    self.filterId = filterId
    self.time = time
    self.flags = flags
    self.providerName = providerName
    self.filterName = filterName
  }

  func write(to hop: UnsafeMutablePointer<wfp_hop>, _ engine: Engine) {
    let raw = UnsafeMutableRawPointer(hop)
    if let from = unsafe flowId.bytes.baseAddress { unsafe raw.copyMemory(from: from, byteCount: 16) }
    if let from = unsafe provider.bytes.baseAddress { unsafe (raw + 16).copyMemory(from: from, byteCount: 16) }
    unsafe hop.pointee.filter_id = filterId
    unsafe hop.pointee.time = time
    unsafe hop.pointee.provider_name = engine.internForeign(providerName)
    unsafe hop.pointee.filter_name = engine.internForeign(filterName)
    unsafe hop.pointee.flags = flags & UInt32(WFP_HOP_INHERITED)
    unsafe hop.pointee.reserved = 0
  }
}

/// A name as policies have them; an empty one is not known.
private func isName(_ name: ByteReader) -> Bool {
  var reader = name
  while let c = reader.u8() {
    let letter = c | 0x20 >= 0x61 && c | 0x20 <= 0x7a
    let good = letter || c >= 0x30 && c <= 0x39 || c == 0x2d || c == 0x2e || c == 0x5f
    if !good { return false }
  }
  return true
}

/// An absolute path, or nothing.
private func isPath(_ path: ByteReader) -> Bool {
  var reader = path
  if path.count >= Int(WFP_OWN_PATH_MAX) { return false }
  if let first = reader.u8(), first != 0x2f { return false }
  while let c = reader.u8() { if c == 0 { return false } }
  return true
}

extension Engine {
  /// Interns a string that came over the network. Only while half of the arena is free: the other half is for the
  /// programs of this machine, whose paths filters ask for.
  func internForeign(_ text: ByteReader) -> UInt32 {
    let half = UInt64(WFP_STRINGS_SIZE &- WFP_STRINGS_FIRST) / 2
    return unsafe wfp_load(&flowHeader.pointee.strings_used) > half ? 0 : intern(text.bytes)
  }
}
