import Yams

/// Reads the tree of a policy file into values, and collects what is wrong on the way. A function that meets a
/// mistake reports it and returns `nil`; its caller goes on with the rest, so that one run shows every mistake.
struct PolicyReader {
  /// User names that the file mentions, to ids.
  let userID: (String) -> UInt32?
  private(set) var problems: [Problem] = []

  init(userID: @escaping (String) -> UInt32?) { self.userID = userID }

  mutating func report(_ node: Node, _ wrong: String, expected: String) {
    let mark = node.mark
    let position = Position(line: mark?.line ?? 1, column: mark?.column ?? 1)
    problems.append(Problem(position: position, wrong: wrong, expected: expected))
  }

  /// The values of a map with known keys; `nil` when it is no map.
  mutating func fields(_ node: Node, of what: String, keys: [String], required: [String] = []) -> Fields? {
    guard case .mapping(let mapping) = node else {
      report(node, "\(what) is \(kind(node))", expected: "a map with \(keys.joined(separator: ", "))")
      return nil
    }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        report(key, "a key of \(what) is \(kind(key))", expected: "one of \(keys.joined(separator: ", "))")
        continue
      }
      guard keys.contains(scalar.string) else {
        report(key, "unknown key '\(scalar.string)' in \(what)", expected: "one of \(keys.joined(separator: ", "))")
        continue
      }
      values[scalar.string] = value
    }
    for key in required where values[key] == nil {
      report(node, "\(what) has no '\(key)'", expected: "\(required.joined(separator: ", "))")
    }
    return Fields(values: values)
  }

  struct Fields {
    let values: [String: Node]
    subscript(key: String) -> Node? { values[key] }
  }

  /// The items of a list.
  mutating func items(_ node: Node, of what: String, expected: String) -> [Node] {
    guard case .sequence(let sequence) = node else {
      report(node, "\(what) is \(kind(node))", expected: "a list of \(expected)")
      return []
    }
    return Array(sequence)
  }

  /// One value or a list of at least one.
  mutating func oneOrMore(_ node: Node, of what: String, expected: String) -> [Node] {
    guard case .sequence(let sequence) = node else { return [node] }
    if sequence.isEmpty { report(node, "\(what) is an empty list", expected: "at least one \(expected)") }
    return Array(sequence)
  }

  func kind(_ node: Node) -> String {
    switch node {
    case .mapping: "a map"
    case .sequence: "a list"
    case .alias: "an alias"
    case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "'\(scalar.string)'"
    }
  }
}
