import CEngine
import Policy
import Testing

@testable import RedirectCore

/// A context's fields and the bytes that a preloaded process must write for them; blanks are for the eye.
struct WrittenContext: CustomTestStringConvertible {
  let fields: String
  let bytes: [UInt8]

  init(_ fields: String, _ bytes: String) {
    self.fields = fields
    self.bytes = hexBytes(bytes.filter { $0 != "\n" })!
  }

  var testDescription: String { fields }
}

/// S11.5 from the file's text to the bytes in the service's buffer: the compiler and the core together.
@Suite struct ContextBytesTests {
  private static let path = "/usr/bin/caf\u{e9}"

  private func write(
    _ fields: String, to destination: RedirectCore.Address, from local: RedirectCore.Address
  ) throws -> [UInt8] {
    let text = policy(context: fields) + "\nfilters: [{name: foobar, action: redirect, provider: p}]\n"
    let policy = try MappedPolicy(text)
    let provider = try #require(policy.image.row(policy.image.head.providers, 0, of: wfp_provider.self))
    let filter = try #require(policy.image.row(policy.image.head.filters, 0, of: wfp_filter.self))
    let application = wfp_application(
      start_time: 1_700_000_000_123_456_700, pid: 0x0a0b0c0d, uid: 1000, gid: 1001, session: 0x11, path: 0, is_root: 1)
    let written = Array(Self.path.utf8).withUnsafeBytes { path in
      let source = ContextSource(
        destination: destination, local: local, application: application, path: path, protocolNumber: 6,
        flowId: (0x0807_0605_0403_0201, 0x100f_0e0d_0c0b_0a09), filter: filter)
      var measure = ContextWriter(nil, limit: Int.max)
      measure.write(provider, of: policy.image, source)
      var bytes = [UInt8](repeating: 0xee, count: measure.length)
      bytes.withUnsafeMutableBytes {
        var writer = ContextWriter($0.baseAddress, limit: $0.count)
        writer.write(provider, of: policy.image, source)
        #expect(writer.length == measure.length)
      }
      return bytes
    }
    // What `policy check` promised.
    let context = try #require(try read(text).providers[0].context)
    let length = ContextField.length(of: context)
    #expect(written.count >= length.least && written.count <= length.most ?? .max)
    return written
  }

  @Test(arguments: [
    WrittenContext("{sockaddr: remote}", "0200 01bb c0000201 0000000000000000"),
    WrittenContext("{sockaddr: local, af: windows}", "0200 15b3 0a000009 0000000000000000"),
    WrittenContext("{ipv4: remote}, {ipv4: local}", "c0000201 0a000009"),
    WrittenContext("{ipv6: remote}", "00000000000000000000000000000000"),
    WrittenContext("{address16: remote}", "c0000201000000000000000000000000"),
    WrittenContext("{port: remote}, {port: local, order: host}", "01bb b315"),
    WrittenContext("{port: remote, order: little}, {port: remote, as: u32, order: big}", "bb01 01bb0000"),
    WrittenContext("{port: remote, as: u32, order: host}", "bb010000"),
    WrittenContext("{family: {as: u8}}, {family: {as: u16, values: windows, order: big}}", "02 0002"),
    WrittenContext("{family: {as: u32, values: ip_version}}, {family: {as: u8, values: zero_one}}", "04000000 00"),
    WrittenContext(
      "{protocol: {as: u8}}, {protocol: {as: u16, order: big}}, {protocol: {as: u32}}", "06 0006 06000000"),
    WrittenContext("{pid: {}}, {pid: {as: u64, order: network}}", "0d0c0b0a 000000000a0b0c0d"),
    WrittenContext("{uid: {}}, {gid: {order: big}}, {session: {as: u64}}", "e8030000 000003e9 1100000000000000"),
    WrittenContext("{is_root: {as: u8}}, {is_root: {as: u16}}, {is_root: {as: u64}}", "01 0100 0100000000000000"),
    // 1,700,000,000.1234567 s: 133,444,736,001,234,567 units of 100 ns since 1601.
    WrittenContext("{process_create_time: {order: big}}", "01da1747c67fd687"),
    WrittenContext("{process_create_time: {unit: unix_ns, order: big}}", "17979cfe3d85ccbc"),
    WrittenContext("{app_path: {}}", "2f7573722f62696e2f636166c3a9 00"),
    WrittenContext("{app_path: {terminate: false}}", "2f7573722f62696e2f636166c3a9"),
    WrittenContext("{app_path: {size: 16}}", "2f7573722f62696e2f636166c3a9 0000"),
    // Cut on a character: the accent has no room, nor has the NUL in its place.
    WrittenContext("{app_path: {size: 14}}", "2f7573722f62696e2f636166 0000"),
    WrittenContext("{app_path: {size: 14, terminate: false}}", "2f7573722f62696e2f636166c3a9"),
    WrittenContext("{app_path: {encoding: utf16, size: 8}}", "2f00 7500 7300 0000"),
    WrittenContext("{flow_id: {}}, {flow_id: {size: 8}}", "0102030405060708090a0b0c0d0e0f10 0102030405060708"),
    WrittenContext("{filter_id: {}}, {filter_id: {order: big}}", "0807060504030201 0102030405060708"),
    WrittenContext("{filter_hash: {order: big}}", "85944171f73967e8"),
    WrittenContext("{u8: 1}, {align: 4}, {u16: 0x0203, order: big}, {pad_to: 8}, {zero: 1}", "01000000 0203 0000 00"),
    WrittenContext(
      "{text: ab}, {bytes: ff00}, {guid: 00112233-4455-6677-8899-aabbccddeeff}",
      "6162 ff00 33221100554477668899aabbccddeeff"),
  ])
  func toIPv4(_ context: WrittenContext) throws {
    let written = try write(
      context.fields, to: socketAddress("192.0.2.1", 443), from: socketAddress("10.0.0.9", 5555))
    #expect(hexText(written) == hexText(context.bytes))
  }

  @Test(arguments: [
    WrittenContext("{sockaddr: remote}", "0a00 01bb 00000000 fe800000000000000000000000000009 03000000"),
    WrittenContext("{sockaddr: remote, af: windows}", "1700 01bb 00000000 fe800000000000000000000000000009 03000000"),
    WrittenContext("{ipv4: remote}, {ipv6: remote}", "00000000 fe800000000000000000000000000009"),
    WrittenContext("{address16: remote}", "fe800000000000000000000000000009"),
    WrittenContext("{scope_id: remote}, {scope_id: remote, order: big}", "03000000 00000003"),
    WrittenContext("{family: {as: u16}}, {family: {as: u16, values: windows}}", "0a00 1700"),
    WrittenContext("{family: {as: u8, values: ip_version}}, {family: {as: u8, values: zero_one}}", "06 01"),
  ])
  func toIPv6(_ context: WrittenContext) throws {
    let written = try write(
      context.fields, to: socketAddress("fe80::9", 443, scope: 3), from: socketAddress("::", 0))
    #expect(hexText(written) == hexText(context.bytes))
  }

  /// An IPv4-mapped destination counts as IPv4, but for the sockaddr fields, which give it as dialled.
  @Test(arguments: [
    WrittenContext("{ipv4: remote}, {ipv6: remote}", "c0000201 00000000000000000000000000000000"),
    WrittenContext(
      "{address16: remote}, {family: {as: u8, values: ip_version}}", "c0000201000000000000000000000000 04"),
    WrittenContext("{sockaddr: remote}", "0a00 01bb 00000000 00000000000000000000ffffc0000201 00000000"),
  ])
  func toMappedIPv4(_ context: WrittenContext) throws {
    let written = try write(
      context.fields, to: socketAddress("::ffff:192.0.2.1", 443), from: socketAddress("::", 0))
    #expect(hexText(written) == hexText(context.bytes))
  }

  /// 128 bytes whatever the family, the rest zero; unbound: all zero but the family.
  @Test func storage() throws {
    let fields = "{sockaddr_storage: remote, af: windows}, {sockaddr_storage: local, af: windows}"
    let written = try write(fields, to: socketAddress("fd00::1", 80), from: socketAddress("::", 0))
    var expected = [UInt8](repeating: 0, count: 256)
    expected.replaceSubrange(0..<4, with: [23, 0, 0, 80])
    expected.replaceSubrange(8..<24, with: [0xfd] + .init(repeating: 0, count: 14) + [1])
    expected[128] = 23
    #expect(written == expected)
  }

  @Test func random() throws {
    let fields = "{random: 16}, {u8: 1}"
    let first = try write(fields, to: socketAddress("192.0.2.1", 1), from: socketAddress("0.0.0.0", 0))
    let second = try write(fields, to: socketAddress("192.0.2.1", 1), from: socketAddress("0.0.0.0", 0))
    #expect(first.count == 17 && first[16] == 1 && first != second)
  }

  /// Layouts of real callouts, byte for byte.
  @Test(arguments: [
    // KND
    WrittenContext(
      "{family: {as: u8, values: ip_version}}, {u8: 0}, {port: remote, order: host}, {address16: remote}",
      "04 00 bb01 c0000201000000000000000000000000"),
    // NetPilot
    WrittenContext(
      "{u32: 1}, {protocol: {as: u32}}, {filter_hash: {}}, {ipv4: remote}, {port: remote}, {u16: 0}",
      "01000000 06000000 e86739f771419485 c0000201 01bb 0000"),
    // GPA new
    WrittenContext(
      "{session: {}}, {pid: {}}, {is_root: {as: u32}}, {ipv4: remote}, {port: remote, as: u32}",
      "11000000 0d0c0b0a 01000000 c0000201 01bb0000"),
    // DSSE
    WrittenContext(
      "{u32: 1}, {family: {as: u32, values: windows}}, {address16: remote}, {port: remote, order: host}, {u16: 0}, {pid: {}}",
      "01000000 02000000 c0000201000000000000000000000000 bb01 0000 0d0c0b0a"),
    // DCSS
    WrittenContext(
      "{ipv4: remote}, {ipv6: remote}, {port: remote}, {protocol: {as: u8}}, {family: {as: u8, values: windows}}, {pid: {}}",
      "c0000201 00000000000000000000000000000000 01bb 06 02 0d0c0b0a"),
    // LU4
    WrittenContext(
      "{u32: 0x5052344C}, {pid: {}}, {ipv4: remote}, {port: remote}, {pad_to: 16}",
      "4c345250 0d0c0b0a c0000201 01bb 0000"),
    // JAMM
    WrittenContext(
      "{family: {as: u8, values: ip_version}}, {address16: remote}, {port: remote, order: big}",
      "04 c0000201000000000000000000000000 01bb"),
  ])
  func vendors(_ context: WrittenContext) throws {
    let written = try write(
      context.fields, to: socketAddress("192.0.2.1", 443), from: socketAddress("0.0.0.0", 0))
    #expect(hexText(written) == hexText(context.bytes))
  }

  /// What `wfpctl flows` decodes is what the core wrote.
  @Test func decoded() throws {
    let fields = """
      {sockaddr: remote}, {address16: remote}, {port: remote, as: u32}, {pid: {as: u64, order: big}}, {is_root: {as: u8}},
      {app_path: {encoding: utf16}}, {app_path: {size: 20}}, {flow_id: {size: 8}}, {filter_id: {}}, {text: end}
      """
    let written = try write(fields, to: socketAddress("fd00::1", 443), from: socketAddress("::", 0))
    let context = try #require(try read(policy(context: fields)).providers[0].context)
    #expect(
      decodeContext(written, context).map { "\($0.field)=\($0.value)" } == [
        "sockaddr remote=[fd00::1]:443", "address16 remote=fd00::1", "port remote=443", "pid=168496141", "is_root=1",
        "app_path=\(Self.path)", "app_path=\(Self.path)", "flow_id=0102030405060708", "filter_id=72623859790382856",
        "text=end",
      ])
  }
}
