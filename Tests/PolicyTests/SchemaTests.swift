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
    ("pad_to 4 lies", "an offset is the sum of the fields before it"),
    ("pad_to 20 lies", "an offset is the sum of the fields before it"),
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
    for option in Self.options + ["\(key): {}"] {
      try agree("{\(key): {\(option)}}")
      try agree("{\(key): \(Self.argument(of: key)), \(option)}")
    }
  }

  /// S11.5: every field with arguments of every kind.
  @Test(arguments: FieldSchema.keys)
  func arguments(_ key: String) throws {
    for value in Self.arguments { try agree("{\(key): \(value)}") }
  }

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

  /// Both say the same of a field. A byte before it makes the context long enough.
  private func agree(_ field: String) throws {
    let text = policy(context: "{zero: 1}, \(field)")
    let wrong = problems(text).map(\.wrong).filter { !$0.hasPrefix("with this field the context has") }
    for reading in Reading.allCases {
      guard let document = try? reading.json(text) else { continue }
      let complaint = try Schema.complaint(document)
      let agreed =
        (complaint == nil) == wrong.isEmpty || complaint == nil && wrong.allSatisfy { isBeyond($0, field, reading) }
      #expect(agreed, "\(reading) \(field): \(complaint ?? "good"), \(wrong)")
    }
  }

  /// What the schema cannot see in one field, as the parser calls it.
  private func isBeyond(_ wrong: String, _ field: String, _ reading: Reading) -> Bool {
    let isNumber = wrong.contains(" is out of range") || wrong.contains("is no decimal number")
    // An offset is the sum of the fields before it.
    if wrong.contains(" lies before the end of the fields") { return true }
    return switch reading {
    // Nothing and `null` are one value to YAML; here one is no value and the other a text.
    case .core where wrong.hasSuffix(" is empty") || wrong.hasSuffix(" is 'null'"): true
    // The digits of a number: YAML has taken them for its value.
    case .core where wrong.hasSuffix("is not hexadecimal"): true
    // A quoted number has no range.
    default: isNumber && (reading == .texts || field.contains("'"))
    }
  }
}
