import Foundation

/// What a run of wfpctl ended with.
struct CommandResult {
  let code: Int32
  let output: String
  let errors: String
}

/// Runs the wfpctl that was built with this test, with nothing of ours in its environment but what is given.
func wfpctl(_ arguments: [String], environment: [String: String] = [:]) throws -> CommandResult {
  let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  return try runProgram(folder.appendingPathComponent("wfpctl").path, arguments, environment)
}

func runProgram(
  _ path: String, _ arguments: [String], _ environment: [String: String]
) throws -> CommandResult {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  var inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WFPSHIM") && $0.key != "LD_PRELOAD" }
  inherited.merge(environment) { $1 }
  process.environment = inherited
  let output = Pipe()
  let errors = Pipe()
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = FileHandle.nullDevice
  try process.run()
  // Little is printed: one pipe after the other cannot fill the other one.
  let said = output.fileHandleForReading.readDataToEndOfFile()
  let complained = errors.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return CommandResult(
    code: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
    errors: String(decoding: complained, as: UTF8.self))
}

/// A JSON answer as Foundation reads it.
func parsed(_ text: String) throws -> [String: Any] {
  let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
  guard let object = value as? [String: Any] else { throw TestFailure("no JSON object: \(text)") }
  return object
}
