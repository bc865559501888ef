import Foundation
import Testing
import Yams

@testable import Policy

/// docs/policy.schema.json, asked by Debian's python3-jsonschema: one process for all tests.
final class Schema: @unchecked Sendable {  // one question at a time, under `lock`
  static let shared = Result { try Schema() }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    .standardizedFileURL
  static let file = root.appendingPathComponent("docs/policy.schema.json")

  private let lock = NSLock()
  private let process = Process()
  private let questions = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  private init() throws {
    // Debian's own Python: another one on PATH would not see Debian's packages.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [Self.root.appendingPathComponent("Tests/Programs/validate_json.py").path, Self.file.path]
    process.standardInput = questions
    process.standardOutput = answers
    try process.run()
    let ready = line()
    try #require(ready == "ready", "no validator (apt-get install python3-jsonschema): \(ready)")
  }

  /// - Returns: nil for a document that is good.
  static func complaint(_ document: String) throws -> String? { try complaints([document])[0] }

  static func complaints(_ documents: [String]) throws -> [String?] {
    let schema = try shared.get()
    return schema.lock.withLock { documents.isEmpty ? [] : schema.ask(documents) }
  }

  /// Some at a time: fewer turns, and neither pipe is ever full.
  private func ask(_ documents: [String]) -> [String?] {
    stride(from: 0, to: documents.count, by: 50).flatMap { start -> [String?] in
      let some = documents[start..<min(start + 50, documents.count)]
      questions.fileHandleForWriting.write(Data(some.map { $0 + "\n" }.joined().utf8))
      return some.map { _ in
        let answer = line()
        return answer == "good" ? nil : answer
      }
    }
  }

  private func line() -> String {
    while true {
      if let end = unread.firstIndex(of: 0x0a) {
        defer { unread = Data(unread[(end + 1)...]) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      let more = answers.fileHandleForReading.availableData
      if more.isEmpty { return "the validator has ended" }
      unread.append(more)
    }
  }

  /// What the parser accepts, the schema accepts, however an editor's YAML types the scalars.
  static func expectGood(_ text: String) {
    do {
      let documents = try Reading.allCases.map { try #require(try $0.json(text), "\(text)") }
      for complaint in try complaints(Array(Set(documents))) { #expect(complaint == nil, "\(text)") }
    } catch {
      Issue.record(error)
    }
  }
}

/// How a policy becomes the JSON that a schema is asked about.
enum Reading: CaseIterable {
  /// Every scalar is the text that stands there.
  case texts
  /// YAML 1.2's core schema, as editors have it: a plain scalar may be null, a boolean or a number.
  case core

  /// nil for a text that no JSON stands for.
  func json(_ text: String) throws -> String? { json(try Document.compose(text, file: "test.yaml")) }

  private func json(_ node: Node) -> String? {
    switch node {
    case .scalar(let scalar):
      return self == .core && scalar.style == .plain ? Reading.typed(scalar.string) : Reading.quoted(scalar.string)
    case .sequence(let sequence):
      let items = sequence.map { json($0) }
      return items.contains(nil) ? nil : "[\(items.compactMap { $0 }.joined(separator: ","))]"
    case .mapping(let mapping):
      let members = mapping.map { pair -> String? in
        guard let key = pair.key.scalar?.string, let value = json(pair.value) else { return nil }
        return "\(Reading.quoted(key)):\(value)"
      }
      return members.contains(nil) ? nil : "{\(members.compactMap { $0 }.joined(separator: ","))}"
    case .alias: return nil
    }
  }

  private static func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  /// YAML 1.2.2, section 10.3.2.
  private static func typed(_ text: String) -> String {
    switch text {
    case "", "~", "null", "Null", "NULL": return "null"
    case "true", "True", "TRUE": return "true"
    case "false", "False", "FALSE": return "false"
    default: break
    }
    // A regular expression is slow here: most texts need none.
    guard let first = text.unicodeScalars.first, "0123456789.-+".unicodeScalars.contains(first) else {
      return quoted(text)
    }
    if text.wholeMatch(of: /[-+]?[0-9]+/) != nil {
      let digits = text.drop { $0 == "-" || $0 == "+" }.drop { $0 == "0" }
      return (text.hasPrefix("-") ? "-" : "") + (digits.isEmpty ? "0" : digits)
    }
    if text.wholeMatch(of: /0x[0-9A-Fa-f]+/) != nil {
      return UInt64(text.dropFirst(2), radix: 16).map { String($0) } ?? "1e99"
    }
    let isNumber = text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil
    return isNumber ? Double(text).flatMap { $0.isFinite ? "\($0)" : nil } ?? quoted(text) : quoted(text)
  }
}
