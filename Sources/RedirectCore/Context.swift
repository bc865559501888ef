import CEngine

/// What the fields of a context are made from (SPEC S11.5).
@safe
struct ContextSource {
  let destination: Address
  /// What the application bound; only the family when it bound nothing.
  let local: Address
  let application: wfp_application
  let path: UnsafeRawBufferPointer
  let protocolNumber: Int32
  let flowId: (UInt64, UInt64)
  let filter: UnsafePointer<wfp_filter>
}

/// Stage 3: writes a provider's redirect context. First with no memory, to learn the length.
@safe
struct ContextWriter {
  private let start: UnsafeMutableRawPointer?
  private let limit: Int
  private(set) var length = 0

  /// - Parameter start: nil to measure only.
  init(_ start: UnsafeMutableRawPointer?, limit: Int) {
    unsafe self.start = start
    self.limit = limit
  }

  mutating func add(byte: UInt8) {
    if let start = unsafe start, length < limit {
      unsafe start.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
    }
    length &+= 1
  }

  mutating func add(zeros count: Int) {
    // More than any context holds is too much already; a scribbled policy may ask for 4 GiB.
    let most = count < Int(WFP_CONTEXT_MAX) ? count : Int(WFP_CONTEXT_MAX) &+ 1
    var i = 0
    while i < most && length < limit {
      add(byte: 0)
      i &+= 1
    }
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    if let start = unsafe start, bytes.count > 0, length &+ bytes.count <= limit, let from = bytes.baseAddress {
      unsafe (start + length).copyMemory(from: from, byteCount: bytes.count)
    }
    length &+= bytes.count
  }

  /// Adds the low `width` bytes of a number.
  mutating func add(_ number: UInt64, width: UInt8, order: UInt8) {
    let little: Bool
    switch Int(order) {
    case Int(WFP_ORDER_NETWORK): little = false
    case Int(WFP_ORDER_LITTLE): little = true
    default: little = UInt16(1).littleEndian == 1
    }
    var i: UInt64 = 0
    while i < UInt64(width) {
      let shift = (little ? i : UInt64(width) &- 1 &- i) &* 8
      add(byte: UInt8(truncatingIfNeeded: number &>> shift))
      i &+= 1
    }
  }

  mutating func add(_ address: Address, storage: Bool, windows: Bool) {
    let size = storage ? 128 : address.family == Address.ipv6 ? 28 : 16
    if let start = unsafe start, length &+ size <= limit {
      let number = windows && address.family == Address.ipv6 ? 23 : address.family
      unsafe (start + length).initializeMemory(as: UInt8.self, repeating: 0, count: size)
      unsafe address.writeSocketAddress(to: start + length, familyNumber: number)
    }
    length &+= size
  }

  /// Adds an address without port: `size` 4 (IPv4, zeros for IPv6), 16 (IPv6, zeros for IPv4; or with `either` the
  /// IPv4 address in the first four bytes).
  mutating func add(host address: Address, size: Int, either: Bool) {
    let plain = address.unmapped
    let isV4 = plain.family == Address.ipv4
    if size == 4 {
      add(isV4 ? plain.high &>> 32 : 0, width: 4, order: UInt8(WFP_ORDER_NETWORK))
      return
    }
    let shown = isV4 && !either ? Address(family: 0, port: 0, high: 0, low: 0) : plain
    add(shown.high, width: 8, order: UInt8(WFP_ORDER_NETWORK))
    add(shown.low, width: 8, order: UInt8(WFP_ORDER_NETWORK))
  }
}

extension ContextWriter {
  /// Writes all fields of `provider`.
  mutating func write(_ provider: UnsafePointer<wfp_provider>, of policy: PolicyImage, _ source: ContextSource) {
    guard let fields = unsafe policy.rows(provider.pointee.fields, of: wfp_field.self) else { return }
    var i: UInt32 = 0
    while i < fields.count && length <= Int(WFP_CONTEXT_MAX) {
      unsafe write(fields[i].pointee, of: policy, source)
      i &+= 1
    }
  }

  private mutating func write(_ field: wfp_field, of policy: PolicyImage, _ source: ContextSource) {
    let address = Int(field.selector) == Int(WFP_LOCAL) ? source.local : source.destination
    switch Int(field.kind) {
    case Int(WFP_FIELD_LITERAL): unsafe add(policy.bytes(field.data))
    case Int(WFP_FIELD_SOCKADDR_STORAGE), Int(WFP_FIELD_SOCKADDR):
      let storage = Int(field.kind) == Int(WFP_FIELD_SOCKADDR_STORAGE)
      add(address, storage: storage, windows: Int(field.values) == Int(WFP_AF_WINDOWS))
    case Int(WFP_FIELD_IPV4): add(host: address, size: 4, either: false)
    case Int(WFP_FIELD_IPV6): add(host: address, size: 16, either: false)
    case Int(WFP_FIELD_ADDRESS16): add(host: address, size: 16, either: true)
    case Int(WFP_FIELD_PORT): addPort(address, field)
    case Int(WFP_FIELD_FAMILY):
      add(familyNumber(source.destination, field.values), width: field.width, order: field.order)
    case Int(WFP_FIELD_SCOPE_ID): add(UInt64(address.scope), width: 4, order: field.order)
    case Int(WFP_FIELD_APP_PATH): unsafe addPath(source.path, field)
    case Int(WFP_FIELD_FLOW_ID): addFlowId(source.flowId, Int(field.size))
    case Int(WFP_FIELD_RANDOM): addRandom(Int(field.size))
    case Int(WFP_FIELD_PAD_TO): add(zeros: Int(field.size) &- length)
    case Int(WFP_FIELD_ALIGN): align(Int(field.size))
    default: add(number(field, source), width: field.width, order: field.order)
    }
  }

  /// The fields that are one number.
  private func number(_ field: wfp_field, _ source: ContextSource) -> UInt64 {
    let application = source.application
    switch Int(field.kind) {
    case Int(WFP_FIELD_PROTOCOL): return UInt64(truncatingIfNeeded: source.protocolNumber)
    case Int(WFP_FIELD_PID): return UInt64(application.pid)
    case Int(WFP_FIELD_UID): return UInt64(application.uid)
    case Int(WFP_FIELD_GID): return UInt64(application.gid)
    case Int(WFP_FIELD_SESSION): return UInt64(application.session)
    case Int(WFP_FIELD_IS_ROOT): return UInt64(application.is_root)
    // FILETIME counts 100 ns since 1601: 11,644,473,600 s before 1970.
    case Int(WFP_FIELD_PROCESS_CREATE_TIME):
      return field.values == 0 ? application.start_time / 100 &+ 116_444_736_000_000_000 : application.start_time
    case Int(WFP_FIELD_FILTER_ID): return unsafe source.filter.pointee.id
    case Int(WFP_FIELD_FILTER_HASH): return unsafe source.filter.pointee.name_hash
    default: return 0
    }
  }

  private mutating func addPort(_ address: Address, _ field: wfp_field) {
    let port = UInt16(bigEndian: address.port)
    if field.width == 4 && Int(field.order) == Int(WFP_ORDER_NETWORK) {
      // The network-order 16-bit value as htons gives it, widened: a host-order number.
      add(UInt64(address.port), width: 4, order: UInt8(WFP_ORDER_HOST))
    } else {
      add(UInt64(port), width: field.width, order: field.order)
    }
  }

  private func familyNumber(_ address: Address, _ values: UInt8) -> UInt64 {
    let isV6 = address.unmapped.family == Address.ipv6
    switch Int(values) {
    case Int(WFP_AF_WINDOWS): return isV6 ? 23 : 2
    case Int(WFP_AF_IP_VERSION): return isV6 ? 6 : 4
    case Int(WFP_AF_ZERO_ONE): return isV6 ? 1 : 0
    default: return isV6 ? 10 : 2
    }
  }

  private mutating func addFlowId(_ id: (UInt64, UInt64), _ size: Int) {
    add(id.0, width: 8, order: UInt8(WFP_ORDER_LITTLE))
    if size > 8 { add(id.1, width: 8, order: UInt8(WFP_ORDER_LITTLE)) }
  }

  private mutating func addRandom(_ count: Int) {
    if let start = unsafe start, length &+ count <= limit { _ = unsafe wfp_random(start + length, count) }
    length &+= count
  }

  private mutating func align(_ alignment: Int) {
    if alignment <= 1 { return }
    while length & (alignment &- 1) != 0 && length < Int(WFP_CONTEXT_MAX) { add(byte: 0) }
  }
}
