import CEngine
import Policy
import Testing

/// S11.3 in the image: every condition's row and values, built by hand.
@Suite struct ConditionImageTests {
  private func condition(_ text: String) throws -> (kind: UInt32, count: UInt32, bytes: [UInt8]) {
    let image = try Image(try read(policy(conditions: text)))
    let rows: [wfp_condition] = image.rows(image.filters[0].conditions)
    #expect(rows.count == 1)
    #expect(rows[0].reserved == 0 && rows[0].values.offset % 8 == 0)
    let size = rows[0].kind == 2 || rows[0].kind == 4 ? 40 : rows[0].kind == 5 || rows[0].kind == 6 ? 8 : 4
    return (
      rows[0].kind, rows[0].values.count,
      image.slice(Int(rows[0].values.offset), Int(rows[0].values.count) * size)
    )
  }

  @Test func protocols() throws {
    let found = try condition("ip_protocol: [tcp, udp]")
    #expect(found.kind == UInt32(WFP_IP_PROTOCOL) && found.bytes == [6, 0, 0, 0, 17, 0, 0, 0])
  }

  @Test(arguments: [("ip_remote_address", WFP_IP_REMOTE_ADDRESS), ("ip_local_address", WFP_IP_LOCAL_ADDRESS)])
  func addresses(_ key: String, _ kind: Int) throws {
    let found = try condition("\(key): [10.0.0.0/9, 192.0.2.1, 'fd00::/8', '::1-::2']")
    #expect(found.kind == UInt32(kind) && found.count == 4)
    let zeros = [UInt8](repeating: 0, count: 12)
    let ones = [UInt8](repeating: 255, count: 15)
    #expect(
      Array(found.bytes[..<40]) == [2, 0, 0, 0, 10, 0, 0, 0] + zeros + [10, 127, 255, 255] + zeros + [0, 0, 0, 0])
    #expect(
      Array(found.bytes[40..<80]) == [2, 0, 0, 0, 192, 0, 2, 1] + zeros + [192, 0, 2, 1] + zeros + [0, 0, 0, 0])
    #expect(
      Array(found.bytes[80..<120])
        == [10, 0, 0, 0, 0xfd, 0, 0, 0] + zeros + [0xfd] + ones + [0, 0, 0, 0])
    #expect(
      Array(found.bytes[120...])
        == [10, 0, 0, 0] + [0, 0, 0] + zeros + [1] + [0, 0, 0] + zeros + [2] + [0, 0, 0, 0])
  }

  @Test func ports() throws {
    let found = try condition("ip_remote_port: [80, '8000-8999', 0-65535]")
    #expect(found.kind == UInt32(WFP_IP_REMOTE_PORT) && found.count == 3)
    #expect(found.bytes == [80, 0, 80, 0, 0x40, 0x1f, 0x27, 0x23, 0, 0, 255, 255])
  }

  @Test(arguments: [("ale_app_id", WFP_ALE_APP_ID), ("ale_original_app_id", WFP_ALE_ORIGINAL_APP_ID)])
  func paths(_ key: String, _ kind: Int) throws {
    let image = try Image(try read(policy(conditions: "\(key): ['/usr/bin/curl', '*/nc', '[a-z]*', '/opt/caf\u{e9}']")))
    let row: wfp_condition = image.row(Int(image.filters[0].conditions.offset))
    let ranges: [wfp_range] = image.rows(row.values)
    #expect(row.kind == UInt32(kind))
    #expect(ranges.map { image.text($0) } == ["/usr/bin/curl", "*/nc", "[a-z]*", "/opt/caf\u{e9}"])
    #expect(ranges[3].length == 10)
  }

  @Test func users() throws {
    let found = try condition("ale_user_id: [0, alice, 4294967294]")
    #expect(found.kind == UInt32(WFP_ALE_USER_ID))
    #expect(found.bytes == [0, 0, 0, 0] + little(1000, 4) + [254, 255, 255, 255])
  }

  @Test func loopback() throws {
    let found = try condition("loopback: [true, false]")
    #expect(found.kind == UInt32(WFP_LOOPBACK) && found.bytes == [1, 0, 0, 0, 0, 0, 0, 0])
  }

  /// Different conditions AND: one row each, in one order whatever the file's.
  @Test func severalConditions() throws {
    let image = try Image(
      try read(policy(conditions: "loopback: true, ale_user_id: 1, ip_remote_port: 1, ip_protocol: tcp")))
    let rows: [wfp_condition] = image.rows(image.filters[0].conditions)
    #expect(rows.map(\.kind) == [1, 3, 7, 8])
  }
}
