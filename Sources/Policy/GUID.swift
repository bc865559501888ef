/// A GUID in memory order: the first three numbers are little-endian, as in a Windows GUID structure.
package struct GUID: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  /// - Parameter bytes: Sixteen, in memory order.
  package init?(memory bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    self.bytes = Array(bytes)
  }

  /// Of a C structure's array of sixteen bytes.
  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == 16)
    self.bytes = bytes
  }

  /// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, with or without braces.
  package init?(_ text: String) {
    var body = Substring(text)
    if body.hasPrefix("{") && body.hasSuffix("}") && body.count > 2 { body = body.dropFirst().dropLast() }
    let groups = body.split(separator: "-", omittingEmptySubsequences: false)
    // The count of bytes too: `hexBytes` skips blanks.
    guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12], let bytes = hexBytes(groups.joined()), bytes.count == 16 else {
      return nil
    }
    self.bytes = GUID.swapped(bytes)
  }

  /// UUID version 5 (RFC 9562, section 5.5) of a name in the URL namespace: a provider's GUID when the file gives
  /// none (SPEC S11.1).
  package init(urlName: String) {
    let namespace: [UInt8] = [
      0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
    ]
    var digest = Array(sha1(namespace + Array(urlName.utf8)).prefix(16))
    digest[6] = digest[6] & 0x0f | 0x50
    digest[8] = digest[8] & 0x3f | 0x80
    self.bytes = GUID.swapped(digest)
  }

  package var isNil: Bool { bytes.allSatisfy { $0 == 0 } }

  package var description: String {
    let text = hexText(GUID.swapped(bytes))
    var groups: [Substring] = []
    var rest = Substring(text)
    for length in [8, 4, 4, 4, 12] {
      groups.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return groups.joined(separator: "-")
  }

  private static func swapped(_ b: [UInt8]) -> [UInt8] {
    [b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]] + b[8...]
  }
}
