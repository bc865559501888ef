import CEngine
import Policy
import Testing

/// A context field of a file and the `wfp_field` that it must become.
struct CompiledField: CustomTestStringConvertible {
  let text: String
  let kind: Int
  /// selector, width, order, values, terminate
  let options: [UInt8]
  let size: UInt32
  let data: [UInt8]

  init(_ text: String, _ kind: Int, _ options: [UInt8], size: UInt32 = 0, data: [UInt8] = []) {
    self.text = text
    self.kind = kind
    self.options = options
    self.size = size
    self.data = data
  }

  var testDescription: String { text }

  /// The struct, byte for byte, but for where its data lie.
  var bytes: [UInt8] {
    little(UInt64(kind), 2) + options + [0] + little(UInt64(size), 4) + [0, 0, 0, 0]
  }
}

/// S11.5 in the image: every field with every option of it.
@Suite struct FieldImageTests {
  @Test(arguments: addresses + numbers + paths + literals + others)
  func field(_ expected: CompiledField) throws {
    // Behind a byte, so that fields which only fill up have something to fill.
    let image = try Image(try read(policy(context: "{u8: 1}, " + expected.text)))
    let fields = image.providers[0].fields
    #expect(image.providers[0].has_context == 1 && fields.count == 2 && fields.offset % 8 == 0)
    let at = Int(fields.offset) + MemoryLayout<wfp_field>.stride
    #expect(image.slice(at, 16) == expected.bytes)
    let row: wfp_field = image.row(at)
    #expect(image.slice(Int(row.data.offset), Int(row.data.length)) == expected.data)
  }

  static let addresses = [
    CompiledField("{sockaddr_storage: remote}", WFP_FIELD_SOCKADDR_STORAGE, [0, 0, 0, 0, 0]),
    CompiledField("{sockaddr_storage: local, af: windows}", WFP_FIELD_SOCKADDR_STORAGE, [1, 0, 0, 1, 0]),
    CompiledField("{sockaddr: remote, af: linux}", WFP_FIELD_SOCKADDR, [0, 0, 0, 0, 0]),
    CompiledField("{sockaddr: local, af: windows}", WFP_FIELD_SOCKADDR, [1, 0, 0, 1, 0]),
    CompiledField("{ipv4: remote}", WFP_FIELD_IPV4, [0, 0, 0, 0, 0]),
    CompiledField("{ipv4: local}", WFP_FIELD_IPV4, [1, 0, 0, 0, 0]),
    CompiledField("{ipv6: remote}", WFP_FIELD_IPV6, [0, 0, 0, 0, 0]),
    CompiledField("{address16: remote}", WFP_FIELD_ADDRESS16, [0, 0, 0, 0, 0]),
    CompiledField("{port: remote}", WFP_FIELD_PORT, [0, 2, 1, 0, 0]),
    CompiledField("{port: local, as: u16, order: host}", WFP_FIELD_PORT, [1, 2, 0, 0, 0]),
    CompiledField("{port: remote, as: u32, order: little}", WFP_FIELD_PORT, [0, 4, 2, 0, 0]),
    CompiledField("{port: remote, as: u32, order: big}", WFP_FIELD_PORT, [0, 4, 1, 0, 0]),
    CompiledField("{scope_id: remote}", WFP_FIELD_SCOPE_ID, [0, 4, 0, 0, 0]),
    CompiledField("{scope_id: remote, as: u32, order: network}", WFP_FIELD_SCOPE_ID, [0, 4, 1, 0, 0]),
    CompiledField("{family: {as: u16}}", WFP_FIELD_FAMILY, [0, 2, 0, 0, 0]),
    CompiledField("{family: {as: u32, values: windows}}", WFP_FIELD_FAMILY, [0, 4, 0, 1, 0]),
    CompiledField("{family: {as: u8, values: ip_version}}", WFP_FIELD_FAMILY, [0, 1, 0, 2, 0]),
    CompiledField("{family: {as: u32, values: zero_one, order: big}}", WFP_FIELD_FAMILY, [0, 4, 1, 3, 0]),
  ]

  static let numbers = [
    CompiledField("{protocol: {as: u8}}", WFP_FIELD_PROTOCOL, [0, 1, 0, 0, 0]),
    CompiledField("{protocol: {as: u16, order: network}}", WFP_FIELD_PROTOCOL, [0, 2, 1, 0, 0]),
    CompiledField("{protocol: {as: u32, order: little}}", WFP_FIELD_PROTOCOL, [0, 4, 2, 0, 0]),
    CompiledField("{pid: {}}", WFP_FIELD_PID, [0, 4, 0, 0, 0]),
    CompiledField("{pid: }", WFP_FIELD_PID, [0, 4, 0, 0, 0]),
    CompiledField("{pid: {as: u64, order: big}}", WFP_FIELD_PID, [0, 8, 1, 0, 0]),
    CompiledField("{uid: {as: u32}}", WFP_FIELD_UID, [0, 4, 0, 0, 0]),
    CompiledField("{gid: {as: u64}}", WFP_FIELD_GID, [0, 8, 0, 0, 0]),
    CompiledField("{session: {order: little}}", WFP_FIELD_SESSION, [0, 4, 2, 0, 0]),
    CompiledField("{is_root: {as: u8}}", WFP_FIELD_IS_ROOT, [0, 1, 0, 0, 0]),
    CompiledField("{is_root: {as: u16}}", WFP_FIELD_IS_ROOT, [0, 2, 0, 0, 0]),
    CompiledField("{is_root: {as: u32}}", WFP_FIELD_IS_ROOT, [0, 4, 0, 0, 0]),
    CompiledField("{is_root: {as: u64}}", WFP_FIELD_IS_ROOT, [0, 8, 0, 0, 0]),
    CompiledField("{process_create_time: {}}", WFP_FIELD_PROCESS_CREATE_TIME, [0, 8, 0, 0, 0]),
    CompiledField(
      "{process_create_time: {as: u64, unit: unix_ns, order: big}}", WFP_FIELD_PROCESS_CREATE_TIME,
      [0, 8, 1, 1, 0]),
    CompiledField("{filter_id: {as: u64}}", WFP_FIELD_FILTER_ID, [0, 8, 0, 0, 0]),
    CompiledField("{filter_hash: {order: network}}", WFP_FIELD_FILTER_HASH, [0, 8, 1, 0, 0]),
  ]

  static let paths = [
    CompiledField("{app_path: {}}", WFP_FIELD_APP_PATH, [0, 0, 0, 0, 1]),
    CompiledField("{app_path: {terminate: false}}", WFP_FIELD_APP_PATH, [0, 0, 0, 0, 0]),
    CompiledField("{app_path: {encoding: utf8, size: 5}}", WFP_FIELD_APP_PATH, [0, 0, 0, 0, 1], size: 5),
    CompiledField(
      "{app_path: {encoding: utf16, size: 520, terminate: true}}", WFP_FIELD_APP_PATH, [0, 0, 0, 1, 1], size: 520),
  ]

  // Known at compile time; `values` says how to show them.
  static let literals = [
    CompiledField("{u8: 255}", WFP_FIELD_LITERAL, [0, 0, 0, 1, 0], data: [255]),
    CompiledField("{u16: 0x0102}", WFP_FIELD_LITERAL, [0, 0, 0, 1, 0], data: [2, 1]),
    CompiledField("{u16: 0x0102, order: network}", WFP_FIELD_LITERAL, [0, 0, 1, 1, 0], data: [1, 2]),
    CompiledField("{u32: 0x48524443}", WFP_FIELD_LITERAL, [0, 0, 0, 1, 0], data: [0x43, 0x44, 0x52, 0x48]),
    CompiledField("{u32: 1, order: big}", WFP_FIELD_LITERAL, [0, 0, 1, 1, 0], data: [0, 0, 0, 1]),
    CompiledField(
      "{u64: 18446744073709551615}", WFP_FIELD_LITERAL, [0, 0, 0, 1, 0], data: .init(repeating: 255, count: 8)),
    CompiledField("{order: little, u64: 1}", WFP_FIELD_LITERAL, [0, 0, 2, 1, 0], data: [1, 0, 0, 0, 0, 0, 0, 0]),
    CompiledField("{text: \"AGWF\"}", WFP_FIELD_LITERAL, [0, 0, 0, 2, 0], data: Array("AGWF".utf8)),
    CompiledField("{text: no}", WFP_FIELD_LITERAL, [0, 0, 0, 2, 0], data: Array("no".utf8)),
    CompiledField("{text: \u{e9}}", WFP_FIELD_LITERAL, [0, 0, 0, 2, 0], data: [0xc3, 0xa9]),
    CompiledField("{bytes: \"00 ff\"}", WFP_FIELD_LITERAL, [0, 0, 0, 0, 0], data: [0, 255]),
    CompiledField("{bytes: 0001}", WFP_FIELD_LITERAL, [0, 0, 0, 0, 0], data: [0, 1]),
    CompiledField(
      "{guid: 00112233-4455-6677-8899-aabbccddeeff}", WFP_FIELD_LITERAL, [0, 0, 0, 3, 0],
      data: [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]),
    CompiledField("{zero: 3}", WFP_FIELD_LITERAL, [0, 0, 0, 4, 0], data: [0, 0, 0]),
  ]

  static let others = [
    CompiledField("{flow_id: {}}", WFP_FIELD_FLOW_ID, [0, 0, 0, 0, 0], size: 16),
    CompiledField("{flow_id: {size: 8}}", WFP_FIELD_FLOW_ID, [0, 0, 0, 0, 0], size: 8),
    CompiledField("{random: 16}", WFP_FIELD_RANDOM, [0, 0, 0, 0, 0], size: 16),
    CompiledField("{pad_to: 24}", WFP_FIELD_PAD_TO, [0, 0, 0, 0, 0], size: 24),
    CompiledField("{align: 8}", WFP_FIELD_ALIGN, [0, 0, 0, 0, 0], size: 8),
  ]

  /// S11.1: no context is not an empty one.
  @Test func recordsOnly() throws {
    let image = try Image(try read("version: 1\nproviders: [{name: p, endpoints: ['127.0.0.1:1']}]\n"))
    #expect(image.providers[0].has_context == 0 && image.providers[0].fields.count == 0)
  }

  /// The numbers of wfp_policy.h.
  @Test func kinds() {
    typealias Kind = ContextField.Kind
    #expect(Int(Kind.literal.rawValue) == WFP_FIELD_LITERAL && Int(Kind.align.rawValue) == WFP_FIELD_ALIGN)
    #expect(Kind.allCases.count == WFP_FIELD_ALIGN)
    #expect(Int(ContextField.Selector.local.rawValue) == WFP_LOCAL)
    #expect(Int(ContextField.Order.network.rawValue) == WFP_ORDER_NETWORK)
    #expect(Int(ContextField.Order.little.rawValue) == WFP_ORDER_LITTLE)
    #expect(Int(ContextField.FamilyNumbers.zeroOne.rawValue) == WFP_AF_ZERO_ONE)
    #expect(Int(Action.permit.rawValue) == WFP_ACTION_PERMIT && Int(Action.redirect.rawValue) == WFP_ACTION_REDIRECT)
    #expect(Int(Action.block.rawValue) == WFP_ACTION_BLOCK)
    #expect(
      Int(Accepts.proxyV2.rawValue) == WFP_ACCEPTS_PROXY_V2 && Int(Accepts.preload.rawValue) == WFP_ACCEPTS_PRELOAD)
    #expect(
      Int(Accepts.redirect.rawValue) == WFP_ACCEPTS_REDIRECT && Int(Accepts.tproxy.rawValue) == WFP_ACCEPTS_TPROXY)
  }
}
