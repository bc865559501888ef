/// A place in a policy file: line and column from 1, columns counted in Unicode scalars.
package struct Position: Hashable, Comparable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (left: Position, right: Position) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// One mistake in a policy file.
package struct Problem: Hashable, Sendable {
  package let position: Position
  package let wrong: String
  package let expected: String
}

/// Everything that is wrong with one policy file, by position. `description` has one line for each problem, in the
/// form that SPEC S11 promises.
package struct PolicyErrors: Error, CustomStringConvertible, Equatable {
  package let file: String
  package let problems: [Problem]

  package init(file: String, problems: [Problem]) {
    self.file = file
    var seen: Set<Problem> = []
    self.problems = problems.filter { seen.insert($0).inserted }
      .sorted { ($0.position, $0.wrong) < ($1.position, $1.wrong) }
  }

  package var description: String {
    problems.map { "\(file):\($0.position.line):\($0.position.column): \($0.wrong); expected \($0.expected)" }
      .joined(separator: "\n")
  }
}
