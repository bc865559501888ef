import Testing

@testable import Policy

@Suite struct SmallPartsTests {
  /// FIPS 180-4's own examples, and the lengths around a block's end.
  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
    (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
  ])
  func hash(_ text: String, _ digest: String) {
    #expect(hexText(sha1(Array(text.utf8))) == digest)
  }

  /// S11.1: the same as Python's uuid.uuid5(uuid.NAMESPACE_URL, ...).
  @Test func defaultGUID() {
    #expect(GUID(urlName: "wfpshim:contoso").description == "9c38c060-e172-5e06-9803-8a7d45faf0a8")
  }

  /// S11.5 `guid`: memory order of a Windows GUID structure.
  @Test func guidInMemory() throws {
    let guid = try #require(GUID("00112233-4455-6677-8899-aabbccddeeff"))
    #expect(hexText(guid.bytes) == "33221100554477668899aabbccddeeff")
    #expect(GUID(memory: guid.bytes) == guid)
    #expect(guid.description == "00112233-4455-6677-8899-aabbccddeeff")
  }

  @Test(arguments: [
    "", "{}", "00112233445566778899aabbccddeeff", "0011223-34455-6677-8899-aabbccddeeff",
    "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff-",
    "0011 233-4455-6677-8899-aabbccddeeff",
  ])
  func noGUID(_ text: String) { #expect(GUID(text) == nil) }

  @Test(arguments: [
    "", "+1", "-1", " 1", "1 ", "01", "0x", "0x-1", "0x+1", "0xg", "1.0", "1_0", "18446744073709551616",
  ])
  func noNumber(_ text: String) { #expect(parseNumber(text) == nil) }

  @Test func hexadecimal() {
    #expect(hexBytes("00 fF 7a") == [0, 255, 0x7a])
    #expect(hexBytes("0 0") == nil)
    #expect(hexBytes("123") == nil)
    #expect(hexBytes("") == [])
  }
}
