import Foundation

/// Where the tests find the package's files and what was built with them.
enum TestPaths {
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let headers = package + "/include/wfpshim"
  static let example = package + "/examples/redirect-service/redirect_service.c"

  /// libws2_32.so stands beside the test bundle.
  static let products: String = {
    let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let candidates = [bundle, executable].compactMap { $0 }.map { URL(fileURLWithPath: $0) }
    return candidates.map { $0.deletingLastPathComponent().path }
      .first { FileManager.default.fileExists(atPath: $0 + "/libws2_32.so") } ?? package + "/.build/debug"
  }()

  static let library = products + "/libws2_32.so"

  static func tool(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}

struct Finished {
  var status: Int32
  var output: String
}

/// Runs a program to its end; standard output and error come back together.
func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return Finished(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
}

/// A folder that goes away with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("wfpshim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    return path + "/" + name
  }
}
