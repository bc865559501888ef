import Foundation
import Testing

@testable import Policy

/// docs/policy.schema.json says what the parser does (S11). That it refuses no good file is checked wherever these
/// tests read one (`read`).
@Suite struct SchemaTests {
  /// S11: what the repository's pages and examples have.
  @Test(arguments: ["docs/policy.md", "README.md", "examples/demo/contoso.yaml", "examples/demo/fabrikam.yaml"])
  func documentation(_ name: String) throws {
    let page = try String(contentsOf: Schema.root.appendingPathComponent(name), encoding: .utf8)
      .replacingOccurrences(of: "@PORT@", with: "8888").replacingOccurrences(of: "@ORIGIN@", with: "80")
    let blocks = page.components(separatedBy: "```yaml\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    for text in name.hasSuffix(".yaml") ? [page] : blocks {
      _ = try PolicySet(text: text, file: name, name: "example") { _ in 0 }
      Schema.expectGood(text)
    }
    #expect(name.hasSuffix(".yaml") || !blocks.isEmpty)
  }

  /// Why a broken file of these tests passes the schema, by what the parser says of it.
  static let beyond: [(says: String, because: String)] = [
    ("a second sublayer is named", "names are compared across a list"),
    ("a second provider is named", "names are compared across a list"),
    ("a second filter is named", "names are compared across a list"),
    ("has the GUID", "GUIDs are compared across a list"),
    ("unknown provider", "a name that something else declares"),
    ("unknown sublayer", "a name that something else declares"),
    ("there is no user", "the machine's users"),
    ("ends before it begins", "two parts of one text are compared"),
    ("has bits behind its prefix", "two parts of one text are compared"),
    ("hopLimit '010'", "YAML's integer has lost its leading zero"),
    ("weight of a filter '0755'", "YAML's integer has lost its leading zero"),
    ("lies before the end of the fields", "an offset is the sum of the fields before it"),
    ("pad_to behind an app_path", "an offset is the sum of the fields before it"),
    ("the context has", "a length is the sum of the fields"),
  ]

  /// S11: every other broken file is refused, and those above are not (else the list is too long).
  @Test(arguments: BrokenFilesTests.all)
  func brokenFiles(_ broken: Broken) throws {
    guard let document = try? Reading.core.json(broken.text) else {
      #expect(BrokenFilesTests.documents.contains { $0.text == broken.text } || broken.text.contains("? [a]"))
      return
    }
    let complaint = try Schema.complaint(document)
    if let reason = Self.beyond.first(where: { broken.message.contains($0.says) }) {
      #expect(complaint == nil, "\(reason.because)")
    } else {
      #expect(complaint != nil, "\(document)")
    }
  }

  /// S11.5: every option with every value, at every field: parser and schema agree.
  @Test(arguments: FieldSchema.keys)
  func options(_ key: String) throws {
    let isInside = if case .some(.none) = FieldSchema(key)?.argument { true } else { false }
    try agree(
      (Self.options + ["\(key): {}"]).map {
        isInside ? "{\(key): {\($0)}}" : "{\(key): \(Self.argument(of: key)), \($0)}"
      })
    try agree(isInside ? ["{\(key): {}, as: u32}"] : ["{\(key): {order: big}}"])
  }

  /// S11.5: every field with arguments of every kind.
  @Test(arguments: FieldSchema.keys)
  func arguments(_ key: String) throws {
    try agree(Self.arguments.map { "{\(key): \($0)}" })
  }

  /// S11.3: every condition with values of every kind.
  @Test(arguments: [
    "ip_protocol", "ip_remote_address", "ip_remote_port", "ip_local_address", "ale_app_id", "ale_original_app_id",
    "ale_user_id", "loopback",
  ])
  func conditions(_ key: String) throws {
    let values = Self.values + Self.values.map { "[\($0), tcp]" } + ["[]", "{}", "[[]]"]
    try agree(values.map { "\(key): \($0)" }) { policy(conditions: $0) }
  }

  private static let values = [
    "tcp", "udp", "icmp", "true", "'false'", "no", "", "''", "0", "'0'", "00", "'00'", "80", "'80'", "65535", "65536",
    "'65536'", "0xffff", "'0xFFFF'", "'0x010000'", "1-2", "'2-1'", "1-", "-1", "1-65536", "0x1-0x2", "1.5", "/bin/x",
    "'*'", "'?x'", "'[a]b'", "bin", "alice", "4294967294", "4294967295", "'4294967295'", "10.0.0.1", "10.0.0.256",
    "10.0.0", "10.0.0.01", "10.0.0.0/8", "10.0.0.0/08", "10.0.0.0/0x8", "10.0.0.0/33", "10.0.0.0/", "0.0.0.0/0",
    "10.0.0.1-10.0.0.2", "10.0.0.1-::2", "'::1'", "'::1-::2'", "'::/0'", "'fd00::/129'", "'fd00::/128'",
    "'::ffff:10.0.0.0/104'", "'[::1]'", "fe80", "'fe80::1%1'",
  ]

  private static let options = [
    "as: u8", "as: u16", "as: u32", "as: u64", "as: u128", "order: host", "order: network", "order: big",
    "order: little", "order: middle", "af: linux", "af: windows", "af: ip_version", "values: linux", "values: windows",
    "values: ip_version", "values: zero_one", "values: true", "unit: filetime", "unit: unix_ns", "unit: utf8",
    "encoding: utf8", "encoding: utf16", "encoding: filetime", "size: 8", "size: 16", "size: '16'", "size: 5",
    "size: 65537", "size: 0", "terminate: true", "terminate: 'false'", "terminate: 1", "encoding: utf16, size: 6",
    "encoding: utf16, size: '0x7'", "size: 7, encoding: utf16", "width: 1", "as: u8, order: big", "uid: {}",
  ]

  private static let arguments = [
    "remote", "local", "peer", "", "''", "{}", "[]", "0", "1", "'2'", "3", "'4'", "6", "255", "256", "4096", "8192",
    "65535", "65536", "65537", "0x10", "'0x100'", "4294967295", "4294967296", "18446744073709551615",
    "18446744073709551616", "-1", "'01'", "text", "null", "true", "1.5", "'00 ff'", "'0 0'", "'abc'", "abcd", "' '",
    "00112233-4455-6677-8899-aabbccddeeff", "'{00112233-4455-6677-8899-AABBCCDDEEFF}'",
    "'{00112233-4455-6677-8899-aabbccddeeff'", "00000000-0000-0000-0000-000000000000",
    "'00 11 22-4455-6677-8899-aabbccddeeff'",
  ]

  private static func argument(of key: String) -> String {
    switch FieldSchema(key)?.argument {
    case .endpoint, .remote: "remote"
    case .guid: "00112233-4455-6677-8899-aabbccddeeff"
    case .some(.none), nil: "{}"
    default: "10"
    }
  }

  /// Both say the same of each. A byte before a context's field makes it long enough.
  private func agree(_ parts: [String], in whole: (String) -> String = { policy(context: "{zero: 1}, \($0)") }) throws {
    var asked: [(part: String, reading: Reading, document: String, wrong: [String])] = []
    for part in parts {
      let text = whole(part)
      let wrong = problems(text).map(\.wrong).filter { !$0.hasPrefix("with this field the context has") }
      for reading in Reading.allCases {
        guard let document = try? reading.json(text), document != asked.last?.document else { continue }
        asked.append((part, reading, document, wrong))
      }
    }
    for (one, complaint) in zip(asked, try Schema.complaints(asked.map(\.document))) {
      let isSilent = complaint == nil && one.wrong.allSatisfy { isBeyond($0, one.part, one.reading) }
      let agreed = (complaint == nil) == one.wrong.isEmpty || isSilent
      #expect(agreed, "\(one.reading) \(one.part): \(complaint ?? "good"), \(one.wrong)")
    }
  }

  /// What the schema cannot see in one value, as the parser calls it.
  private func isBeyond(_ wrong: String, _ field: String, _ reading: Reading) -> Bool {
    let isNumber = wrong.contains(" is out of range") || wrong.contains("is no decimal number")
    if Self.beyond.contains(where: { wrong.contains($0.says) }) { return true }
    return switch reading {
    // Nothing and `null` are one value to YAML; here one is no value and the other a text.
    case .core where wrong.hasSuffix(" is empty") || wrong.hasSuffix(" is 'null'"): true
    // The digits of a number: YAML has taken them for its value.
    case .core where wrong.hasSuffix("is not hexadecimal") || wrong.contains(" '00' is no "): true
    // A quoted number has no range.
    default: isNumber && (reading == .texts || field.contains("'"))
    }
  }
}
