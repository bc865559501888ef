import CWinsock

/// A Windows error number. Open: a number without a name passes through.
struct WSAError: Error, RawRepresentable, Equatable {
  let rawValue: Int32

  init(rawValue: Int32) { self.rawValue = rawValue }

  /// Takes a constant of `wsaerror.def`, which Swift sees as `Int`.
  init(_ value: Int) { rawValue = Int32(truncatingIfNeeded: value) }

  /// Translates an errno by the one table.
  init(errno number: Int32) { rawValue = ws2_error_from_errno(number) }

  /// What the system call that has just failed left in errno.
  static var fromErrno: WSAError { WSAError(errno: ws2_errno()) }
}

/// The result of a system call, or what errno says.
@discardableResult
func checked<Result: SignedInteger>(_ result: Result) throws(WSAError) -> Result {
  guard result >= 0 else { throw .fromErrno }
  return result
}
