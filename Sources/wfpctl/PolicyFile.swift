import ArgumentParser
import FilterEngine
import Glibc

/// A policy file and the set that it is, as `policy load` and `policy diff` take them.
struct PolicyFileArguments: ParsableArguments {
  @Argument(help: "Policy file.") var file: String
  @Option(
    name: .customLong("name"),
    help: ArgumentHelp("Name of the set (default: the file's name without .yaml).", valueName: "set"))
  var name: String?
}

/// Policy files as the commands take them.
enum PolicyFile {
  static func load(_ file: String, name: String?, into engine: borrowing FilterEngine) throws {
    try engine.loadSet(name: name ?? setName(file), text: try read(file), file: file)
  }

  /// The file's name without its folder and without `.yaml` or `.yml` (SPEC S11.7).
  static func setName(_ file: String) -> String {
    let base = file.split(separator: "/").last.map(String.init) ?? file
    for suffix in [".yaml", ".yml"] where base.hasSuffix(suffix) && base != suffix {
      return String(base.dropLast(suffix.count))
    }
    return base
  }

  static func read(_ file: String) throws -> String {
    guard let stream = unsafe fopen(file, "re") else { throw Failure("\(file): \(reason(errno))") }
    defer { unsafe fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    let capacity = chunk.count
    while case let count = unsafe fread(&chunk, 1, capacity, stream), count > 0 { bytes += chunk[..<count] }
    if unsafe ferror(stream) != 0 { throw Failure("\(file): \(reason(errno))") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("\(file):\(positionOfBadText(bytes)): the text is not UTF-8; expected UTF-8")
    }
    return text
  }

  /// Line and column of the first byte that is no UTF-8.
  private static func positionOfBadText(_ bytes: [UInt8]) -> String {
    var line = 1
    var rest = bytes[...]
    while true {
      let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
      if String(validating: rest[..<end], as: UTF8.self) == nil {
        let good = (rest.startIndex...end).last { String(validating: rest[..<$0], as: UTF8.self) != nil }
        let before = String(decoding: rest[..<(good ?? rest.startIndex)], as: UTF8.self)
        return "\(line):\(before.unicodeScalars.count + 1)"
      }
      guard end < rest.endIndex else { return "\(line):1" }
      rest = rest[(end + 1)...]
      line += 1
    }
  }
}

func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
