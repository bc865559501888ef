import ArgumentParser
import Glibc

/// An operation that failed: what the user is told, and the exit code.
struct Failure: Error, CustomStringConvertible {
  let description: String
  var exitCode: Int32

  init(_ description: String, exitCode: Int32 = 1) {
    self.description = description
    self.exitCode = exitCode
  }
}

/// Runs a command's body. What went wrong goes to standard error as it is, without ArgumentParser's prefix, since a
/// policy's errors begin with FILE:LINE:COLUMN (SPEC S11).
func reporting(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let code as ExitCode {
    throw code
  } catch {
    writeError("\(error)")
    throw ExitCode((error as? Failure)?.exitCode ?? 1)
  }
}

func writeError(_ text: String) { _ = writeAll(text + "\n", to: STDERR_FILENO) }

/// Not through stdio: its `stderr` is a variable, which Swift 6 takes for shared mutable state.
/// - Returns: false with errno.
func writeAll(_ text: String, to descriptor: Int32) -> Bool {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let written = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    if written <= 0 { return false }
    rest = rest.dropFirst(written)
  }
  return true
}
