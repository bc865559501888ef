/// Finds what a policy may not use of YAML: anchors (`&`), aliases (`*`) and tags (`!`).
///
/// A scan of the text, not a parse: an indicator counts where a value may begin. Inside comments, quotes, block
/// scalars and in the middle of a plain scalar these characters are text.
struct ForbiddenIndicator {
  private var scalars: ArraySlice<Unicode.Scalar>
  private var line = 1
  private var column = 1
  private var flowDepth = 0
  private var lineIndent = 0

  static func first(in text: String) -> (position: Position, what: String)? {
    var scan = ForbiddenIndicator(scalars: Array(text.unicodeScalars)[...])
    return scan.run()
  }

  private init(scalars: ArraySlice<Unicode.Scalar>) { self.scalars = scalars }

  private var next: Unicode.Scalar? { scalars.count > 1 ? scalars[scalars.startIndex + 1] : nil }

  private static func isBlank(_ scalar: Unicode.Scalar?) -> Bool {
    guard let scalar else { return true }
    return scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
  }

  private mutating func advance() {
    guard let scalar = scalars.popFirst() else { return }
    if scalar == "\n" {
      line += 1
      column = 1
    } else {
      column += 1
    }
  }

  private mutating func run() -> (position: Position, what: String)? {
    var atStart = true
    var afterBlank = true
    while let scalar = scalars.first {
      if atStart, scalar == "!" || !Self.isBlank(next), let what = Self.name(of: scalar) {
        return (Position(line: line, column: column), what)
      }
      if column == 1 { lineIndent = scalars.prefix { $0 == " " }.count }
      switch scalar {
      case "#" where afterBlank: skip { $0 == "\n" }
      case "\"" where atStart, "'" where atStart:
        skipQuoted(scalar)
        atStart = false
        continue
      case "|" where atStart && flowDepth == 0, ">" where atStart && flowDepth == 0:
        skipBlockScalar()
        atStart = true
        afterBlank = true
        continue
      case "[" where atStart, "{" where atStart: flowDepth += 1
      case "]" where flowDepth > 0, "}" where flowDepth > 0:
        flowDepth -= 1
        atStart = false
      case "\n", ",": atStart = scalar == "\n" || flowDepth > 0
      case ":", "-", "?": atStart = (atStart || scalar == ":") && Self.isBlank(next)
      case " ", "\t", "\r": break
      default: atStart = false
      }
      afterBlank = Self.isBlank(scalars.first)
      if scalars.first == "\n" { atStart = true }
      advance()
    }
    return nil
  }

  private static func name(of scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "&": "an anchor"
    case "*": "an alias"
    case "!": "a tag"
    default: nil
    }
  }

  private mutating func skip(until ends: (Unicode.Scalar) -> Bool) {
    while let scalar = scalars.first, !ends(scalar) { advance() }
  }

  private mutating func skipQuoted(_ quote: Unicode.Scalar) {
    advance()
    while let scalar = scalars.first {
      advance()
      if scalar == "\\" && quote == "\"" {
        advance()
      } else if scalar == quote {
        // Two single quotes are one that does not end the text.
        guard quote == "'" && scalars.first == "'" else { return }
        advance()
      }
    }
  }

  /// Lines that are indented deeper than the one on which the scalar begins.
  private mutating func skipBlockScalar() {
    let outer = lineIndent
    skip { $0 == "\n" }
    advance()
    while !scalars.isEmpty {
      let indent = scalars.prefix { $0 == " " }.count
      let isEmpty = indent == scalars.count || scalars[scalars.startIndex + indent] == "\n"
      if indent <= outer && !isEmpty { return }
      skip { $0 == "\n" }
      advance()
    }
  }
}
