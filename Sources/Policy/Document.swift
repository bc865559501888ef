import Yams

/// What a policy file is after YAML: a tree without anchors, aliases and tags.
enum Document {
  /// A text longer than this is a mistake, and would not fit the engine either.
  static let largestText = 1 << 20

  static func compose(_ text: String, file: String) throws(PolicyErrors) -> Node {
    func fail(_ position: Position, _ wrong: String, _ expected: String) -> PolicyErrors {
      PolicyErrors(file: file, problems: [Problem(position: position, wrong: wrong, expected: expected)])
    }
    guard text.utf8.count <= largestText else {
      throw fail(
        Position(line: 1, column: 1), "the file has \(text.utf8.count) bytes", "at most \(largestText)")
    }
    // Before the parser sees it: an alias multiplies what it stands for, and Yams hashes map keys as a whole.
    if let found = ForbiddenIndicator.first(in: text) {
      throw fail(found.position, found.what, "plain values (quote a text that begins with this character)")
    }
    do {
      // Not the default encoding: that asks the environment and prints the answer.
      guard let root = try Parser(yaml: text, encoding: .utf8).singleRoot() else {
        throw fail(Position(line: 1, column: 1), "the file is empty", "a policy: version, providers, filters")
      }
      return root
    } catch let error as PolicyErrors {
      throw error
    } catch let error as YamlError {
      throw fail(position(of: error, in: text), what(error), expectation(error))
    } catch {
      throw fail(Position(line: 1, column: 1), "\(error)", "YAML")
    }
  }

  private static func position(of error: YamlError, in text: String) -> Position {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      return Position(line: mark.line, column: mark.column)
    case .duplicatedKeysInMapping(_, let context):
      return Position(line: context.mark.line, column: context.mark.column)
    case .reader(_, let offset, _, _):
      return self.position(ofCharacter: offset ?? 0, in: text)
    default:
      return Position(line: 1, column: 1)
    }
  }

  private static func position(ofCharacter offset: Int, in text: String) -> Position {
    var position = Position(line: 1, column: 1)
    for scalar in text.prefix(offset).unicodeScalars {
      position =
        scalar == "\n"
        ? Position(line: position.line + 1, column: 1)
        : Position(line: position.line, column: position.column + 1)
    }
    return position
  }

  private static func what(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
      return problem
    case .reader(let problem, _, let value, _):
      return value < 0 ? problem : "\(problem) (0x\(String(value, radix: 16)))"
    case .duplicatedKeysInMapping(let keys, _):
      return "the key '\(keys.first ?? "")' appears more than once in this map"
    default:
      return "\(error)"
    }
  }

  private static func expectation(_ error: YamlError) -> String {
    switch error {
    case .duplicatedKeysInMapping: "each key once"
    case .reader: "UTF-8 text without control characters"
    case .composer: "one document"
    default: "YAML"
    }
  }
}
