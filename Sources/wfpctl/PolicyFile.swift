import ArgumentParser
import FilterEngine
import Glibc
import Policy

enum PolicyFile {
  static func load(_ file: String, name: String?, engine: String?) throws {
    let text = try read(file)
    let engine = try FilterEngine(path: engine)
    try engine.loadSet(name: name ?? setName(file), text: text, file: file)
  }

  static func setName(_ file: String) -> String {
    let base = file.split(separator: "/").last.map(String.init) ?? file
    for suffix in [".yaml", ".yml"] where base.hasSuffix(suffix) && base != suffix {
      return String(base.dropLast(suffix.count))
    }
    return base
  }

  static func read(_ file: String) throws -> String {
    guard let stream = unsafe fopen(file, "re") else {
      throw Failure("\(file): \(unsafe String(cString: strerror(errno)))")
    }
    defer { unsafe fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let capacity = chunk.count
      let count = unsafe fread(&chunk, 1, capacity, stream)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("\(file):1:1: the file is not UTF-8; expected UTF-8 text")
    }
    return text
  }
}

/// An operation that failed: what the user is told, and the exit code.
struct Failure: Error, CustomStringConvertible {
  let description: String
  var exitCode: Int32 = 1

  init(_ description: String, exitCode: Int32 = 1) {
    self.description = description
    self.exitCode = exitCode
  }
}
