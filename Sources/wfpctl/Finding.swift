/// One thing that `doctor` looked at.
struct Finding: Equatable {
  enum Kind: String {
    case good, note, problem
  }

  let kind: Kind
  /// A word that scripts can look for; it does not change.
  let name: String
  let text: String
  /// What works instead.
  var instead: String?

  var line: String {
    let mark =
      switch kind {
      case .good: "ok      "
      case .note: "note    "
      case .problem: "problem "
      }
    return mark + text + (instead.map { "\n        \($0)" } ?? "")
  }

  var json: JSON {
    .object([
      "kind": .string(kind.rawValue), "name": .string(name), "text": .string(text), "instead": .optional(instead),
    ])
  }
}
