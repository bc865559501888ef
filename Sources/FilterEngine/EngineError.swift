import Glibc
package import Policy

/// Why an engine cannot be used or changed. Nothing was changed.
package struct EngineError: Error, Equatable, CustomStringConvertible {
  package enum Code: Equatable, Sendable {
    /// A system call failed with this errno.
    case system(Int32)
    /// Owner, mode or type of the directory or the file (SPEC S10.4).
    case refused
    /// No engine file, or a damaged one.
    case damaged
    /// An engine of another version.
    case version(UInt32)
    /// No room for the engine, a larger policy, or the policy's limit.
    case noSpace
    case unknownSet
    /// The file that should be loaded has mistakes.
    case policy(PolicyErrors)
  }

  package let code: Code
  package let path: String
  package let wrong: String
  package let expected: String

  package init(_ code: Code, _ path: String, _ wrong: String, expected: String) {
    self.code = code
    self.path = path
    self.wrong = wrong
    self.expected = expected
  }

  package var description: String {
    if case .policy(let errors) = code { return errors.description }
    return "\(path): \(wrong); expected \(expected)"
  }

  /// For a call that just failed; ENOSPC and EDQUOT are `noSpace`.
  static func system(_ number: Int32, _ path: String, _ call: String, expected: String) -> EngineError {
    let reason = unsafe String(cString: strerror(number))
    let code: Code = number == ENOSPC || number == EDQUOT ? .noSpace : .system(number)
    return EngineError(code, path, "\(call): \(reason)", expected: expected)
  }
}
