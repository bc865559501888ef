import Policy
import Testing

/// A layout that a callout on Windows writes, as a policy says it, and its size.
struct VendorLayout: CustomTestStringConvertible {
  let vendor: String
  let size: Int
  let fields: String

  init(_ vendor: String, _ size: Int, _ fields: String) {
    self.vendor = vendor
    self.size = size
    self.fields = fields
  }

  var testDescription: String { vendor }
}

/// D5: every fixed structure of a vendor can be written down (S11.5).
@Suite struct LayoutTests {
  @Test(arguments: [
    VendorLayout(
      "WFPSampler, MdProxy", 256, "{sockaddr_storage: remote, af: windows}, {sockaddr_storage: local, af: windows}"),
    VendorLayout(
      "SBIE HTTPS", 72,
      """
      {u32: 0x48524443}, {u32: 1}, {u64: 0x1122334455667788}, {u64: 7}, {u64: 1}, {pid: {}}, {session: {}},
      {process_create_time: {}}, {family: {as: u32, values: windows}}, {port: remote, order: host}, {u16: 0},
      {address16: remote}
      """),
    VendorLayout(
      "NetPilot", 24,
      "{u32: 1}, {protocol: {as: u32}}, {filter_hash: {}}, {ipv4: remote}, {port: remote}, {u16: 0}"),
    VendorLayout(
      "KND", 20, "{family: {as: u8, values: ip_version}}, {u8: 0}, {port: remote, order: host}, {address16: remote}"),
    VendorLayout(
      "GPA new", 20, "{session: {}}, {pid: {}}, {is_root: {as: u32}}, {ipv4: remote}, {port: remote, as: u32}"),
    VendorLayout(
      "GPA legacy", 24,
      "{session: {as: u64}}, {pid: {}}, {is_root: {as: u32}}, {ipv4: remote}, {port: remote}, {align: 8}"),
    VendorLayout(
      "FCX", 112,
      """
      {u32: 0x43584346, order: little}, {u16: 1, order: little}, {u16: 112, order: little}, {u64: 1}, {u64: 2},
      {bytes: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}, {random: 16}, {u16: 3},
      {family: {as: u8, values: ip_version}}, {protocol: {as: u8}}, {port: remote, order: little}, {u16: 0},
      {address16: remote}, {zero: 16}
      """),
    VendorLayout(
      "Tunless", 656, "{sockaddr_storage: remote}, {pid: {as: u64}}, {app_path: {encoding: utf16, size: 520}}"),
    VendorLayout(
      "DSSE", 32,
      "{u32: 1}, {family: {as: u32, values: windows}}, {address16: remote}, {port: remote, order: host}, {u16: 0}, {pid: {}}"
    ),
    VendorLayout(
      "DCSS", 28,
      "{ipv4: remote}, {ipv6: remote}, {port: remote}, {protocol: {as: u8}}, {family: {as: u8, values: windows}}, {pid: {}}"
    ),
    VendorLayout("SVR", 8, "{ipv4: remote}, {port: remote}, {u16: 0}"),
    VendorLayout("LU4", 16, "{u32: 0x5052344C}, {pid: {}}, {ipv4: remote}, {port: remote}, {pad_to: 16}"),
    VendorLayout("JAMM", 19, "{family: {as: u8, values: ip_version}}, {address16: remote}, {port: remote, order: big}"),
    VendorLayout(
      "Nova", 1100,
      """
      {u32: 0x4650574E}, {u32: 1}, {pid: {}}, {family: {as: u32, values: zero_one}}, {protocol: {as: u32}}, {u32: 0},
      {u32: 0}, {u32: 0}, {scope_id: remote}, {port: remote, order: host}, {address16: remote}, {align: 4}, {pad_to: 60},
      {app_path: {encoding: utf16, size: 1040}}
      """),
    VendorLayout("leafsdk", 264, "{pid: {as: u64}}, {sockaddr_storage: remote}, {sockaddr_storage: local}"),
    VendorLayout("leafsdk 32", 260, "{pid: {}}, {sockaddr_storage: remote}, {sockaddr_storage: local}"),
    VendorLayout("request-id broker", 8, "{flow_id: {size: 8}}"),
    VendorLayout("the largest", 65536, "{zero: 65535}, {u8: 1}"),
  ])
  func layout(_ layout: VendorLayout) throws {
    let set = try read(policy(context: layout.fields))
    let length = ContextField.length(of: try #require(set.providers[0].context))
    #expect(length.least == layout.size && length.most == layout.size)
    _ = try Image(set)
  }

  /// S11.5: `sockaddr` is as long as its family, `app_path` without size as the path.
  @Test func layoutsWithoutOneSize() throws {
    let first = try #require(try read(policy(context: "{sockaddr: remote}, {u8: 1}")).providers[0].context)
    #expect(ContextField.length(of: first).least == 17 && ContextField.length(of: first).most == 29)
    let second = try #require(try read(policy(context: "{app_path: {encoding: utf16}}, {u8: 1}")).providers[0].context)
    #expect(ContextField.length(of: second).least == 3 && ContextField.length(of: second).most == nil)
    let padded = try #require(try read(policy(context: "{sockaddr: remote}, {pad_to: 28}")).providers[0].context)
    #expect(ContextField.length(of: padded).least == 28 && ContextField.length(of: padded).most == 28)
  }
}
