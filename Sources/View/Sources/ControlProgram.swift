import Subprocess
import SystemPackage

/// `wfpctl`, whose JSON and OpenMetrics output is what this program shows.
struct ControlProgram: Sendable {
  let path: String
  let engine: String?

  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  private func arguments(_ words: [String]) -> Arguments {
    Arguments((engine.map { ["--engine", $0] } ?? []) + words)
  }

  private var executable: Executable { path.contains("/") ? .path(FilePath(path)) : .name(path) }

  /// What it prints, up to 256 MB.
  /// - Throws: ``Failed`` with what it wrote to standard error; `SubprocessError`.
  func output(_ words: String...) async throws -> String {
    let result = try await Subprocess.run(
      executable, arguments: arguments(words), input: .none, output: .string(limit: 256 << 20),
      error: .string(limit: 65536))
    guard result.terminationStatus.isSuccess else {
      throw Failed(description: result.standardError.isEmpty ? "\(result.terminationStatus)" : result.standardError)
    }
    return result.standardOutput
  }

  /// Calls `body` with each line as it comes, until the program ends.
  func lines(_ words: String..., body: @Sendable @escaping (String) async -> Void) async throws {
    _ = try await Subprocess.run(
      executable, arguments: arguments(words), input: .none, output: .sequence, error: .discarded
    ) { execution in
      for try await line in execution.standardOutput.strings() { await body(line) }
    }
  }
}
