import Policy
import Testing

/// Contexts read back, and fields said again.
@Suite struct DecodeContextTests {
  private func decode(_ fields: String, _ bytes: [UInt8]) throws -> [String] {
    let fields = try #require(try read(policy(context: fields)).providers[0].context)
    return decodeContext(bytes, fields).map { "\($0.field)=\($0.value)" }
  }

  @Test func addresses() throws {
    let storage = [2, 0, 1, 187, 192, 0, 2, 1] + [UInt8](repeating: 0, count: 120)
    #expect(try decode("{sockaddr_storage: remote}", storage) == ["sockaddr_storage remote=192.0.2.1:443"])
    // S11.5: as long as its family, by either system's number.
    let v6 = [23, 0, 0, 80, 0, 0, 0, 0, 0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1, 5, 0, 0, 0]
    #expect(
      try decode("{sockaddr: local, af: windows}, {u8: 9}", v6 + [9]) == ["sockaddr local=[fe80::1%5]:80", "u8=9"])
    #expect(
      try decode("{sockaddr: local}, {u8: 9}", Array(storage[..<16]) + [9]) == ["sockaddr local=192.0.2.1:443", "u8=9"])
    let unbound = [UInt8](repeating: 0, count: 128)
    #expect(try decode("{sockaddr_storage: local}", unbound) == ["sockaddr_storage local=none"])
    #expect(try decode("{ipv4: remote}", [10, 0, 0, 1]) == ["ipv4 remote=10.0.0.1"])
    let v4in16 = [10, 0, 0, 1] + [UInt8](repeating: 0, count: 12)
    #expect(try decode("{address16: remote}", v4in16) == ["address16 remote=10.0.0.1"])
    let v6in16 = [0xfd] + [UInt8](repeating: 0, count: 14) + [1]
    #expect(try decode("{address16: remote}", v6in16) == ["address16 remote=fd00::1"])
    #expect(try decode("{ipv6: local}", v6in16) == ["ipv6 local=fd00::1"])
  }

  @Test func numbers() throws {
    #expect(try decode("{port: remote}", [1, 187]) == ["port remote=443"])
    #expect(try decode("{port: remote, order: host}", [187, 1]) == ["port remote=443"])
    // S11.5: u32 network is the 16-bit network value widened, as htons gives it.
    #expect(try decode("{port: remote, as: u32}", [1, 187, 0, 0]) == ["port remote=443"])
    #expect(try decode("{port: remote, as: u32, order: little}", [187, 1, 0, 0]) == ["port remote=443"])
    #expect(
      try decode("{pid: {as: u64, order: big}}, {uid: {}}", [0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0]) == [
        "pid=256", "uid=2",
      ])
    #expect(try decode("{u16: 0x0102, order: big}", [1, 2]) == ["u16=258"])
  }

  @Test func texts() throws {
    #expect(try decode("{app_path: {}}, {u8: 7}", Array("/bin/x\0".utf8) + [7]) == ["app_path=/bin/x", "u8=7"])
    #expect(
      try decode("{app_path: {terminate: false}}, {u8: 7}", Array("/bin/x".utf8) + [7]) == ["app_path=/bin/x", "u8=7"])
    #expect(try decode("{app_path: {size: 9}}", Array("/bin/x\0\0\0".utf8)) == ["app_path=/bin/x"])
    let wide: [UInt8] = [0x2f, 0, 0xe9, 0, 0, 0]
    #expect(try decode("{app_path: {encoding: utf16}}, {u8: 7}", wide + [7]) == ["app_path=/\u{e9}", "u8=7"])
    #expect(try decode("{text: hello}", Array("hello".utf8)) == ["text=hello"])
    let guid = try #require(GUID("00112233-4455-6677-8899-aabbccddeeff"))
    #expect(try decode("{guid: \(guid)}", guid.bytes) == ["guid=\(guid)"])
    #expect(try decode("{bytes: 0102}", [1, 2]) == ["bytes=0102"])
  }

  @Test func filling() throws {
    #expect(
      try decode("{u8: 1}, {align: 4}, {zero: 2}, {pad_to: 8}", [1, 0, 0, 0, 0, 0, 0, 0]) == [
        "u8=1", "align=3 zeros", "zero=2 zeros", "pad_to=2 zeros",
      ])
    #expect(
      try decode("{flow_id: {size: 8}}, {random: 1}", [1, 2, 3, 4, 5, 6, 7, 8, 9]) == [
        "flow_id=0102030405060708", "random=09",
      ])
  }

  /// A context that another policy wrote.
  @Test func contextsOfAnotherLength() throws {
    #expect(try decode("{u8: 1}, {pid: {}}", [1, 2]) == ["u8=1", "pid=cut short: 02"])
    #expect(try decode("{u8: 1}", [1, 2, 3]) == ["u8=1", "rest=0203"])
    #expect(try decode("{sockaddr: remote}", []) == ["sockaddr remote=cut short: "])
  }

  /// Any bytes under any field: an answer, never a trap.
  @Test(arguments: FieldImageTests.addresses + FieldImageTests.numbers + FieldImageTests.paths)
  func anyBytes(_ field: CompiledField) throws {
    for length in [0, 1, 2, 3, 4, 8, 15, 16, 28, 127, 128, 600] {
      for byte in [UInt8(0), 2, 10, 255] { _ = try decode(field.text, .init(repeating: byte, count: length)) }
    }
  }

  /// `policy show` prints fields that a policy file may use again.
  @Test(
    arguments: FieldImageTests.addresses + FieldImageTests.numbers + FieldImageTests.paths + FieldImageTests.literals
      + FieldImageTests.others)
  func describedFieldsCanBeReadAgain(_ field: CompiledField) throws {
    let fields = try #require(try read(policy(context: "{u8: 1}, " + field.text)).providers[0].context)
    let again = try read(policy(context: fields.map(\.description).joined(separator: ", "))).providers[0].context
    #expect(again == fields)
  }
}
