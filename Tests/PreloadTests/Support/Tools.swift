import Foundation
import Testing

/// The absolute path of a program that other people wrote. `make test` installs what these tests need.
func tool(_ name: String, package: String? = nil) throws -> String {
  let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
  let found: String? = folders.map { folder in "\(folder)/\(name)" }.first { path in access(path, X_OK) == 0 }
  return try #require(found, "\(name) is missing: apt-get install \(package ?? name)")
}

/// What /proc/PID/exe says of a program: its path without links.
func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// Copies a program. Not in this process: one that it starts meanwhile would hold the copy open for writing, and then
/// the copy cannot be executed (ETXTBSY).
func copyProgram(_ path: String, to copy: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let (status, lines) = try Program(tool("cp", package: "coreutils"), ["-p", path, copy]).finish()
  try #require(status == 0, "\(lines)", sourceLocation: sourceLocation)
}

/// A file of this repository's Tests/Programs.
func program(_ name: String) -> String { repository.appending(path: "Tests/Programs/\(name)").path }

/// A file with bytes that do not repeat, and its SHA-256.
struct Body {
  let file: String
  let hash: String

  init(_ stage: Stage, size: Int) throws {
    file = stage.folder + "/body"
    var bytes = [UInt8](repeating: 0, count: size)
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    for i in 0..<size {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[i] = UInt8(truncatingIfNeeded: state >> 33)
    }
    try #require(FileManager.default.createFile(atPath: file, contents: Data(bytes)))
    hash = try Body.hash(of: file)
  }

  static func hash(of file: String) throws -> String {
    let lines = try Program(tool("sha256sum", package: "coreutils"), [file]).finish().lines
    return String(try #require(lines.first).prefix(64))
  }
}
