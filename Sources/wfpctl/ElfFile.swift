import Glibc

/// What the loader would read of a program (elf(5)). Every offset is checked against what could be read.
struct ElfFile {
  enum Kind: Equatable {
    case program
    /// `#!`, with the interpreter and its arguments.
    case script([String])
    case other
  }

  let kind: Kind
  private(set) var isOf64Bits = true
  private(set) var machine = 0
  /// PT_INTERP; nil for a static program.
  private(set) var loader: String?
  /// A note of Go's linker.
  private(set) var isGo = false

  /// - Throws: The errno of a file that cannot be read.
  init(_ path: String) throws(Failure) {
    let head: [UInt8]
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure("\(path): \(reason(errno))") }
    defer { close(file) }
    head = ElfFile.read(file, 0, 4096)
    guard head.starts(with: [0x7f, 0x45, 0x4c, 0x46]), head.count >= 64 else {
      kind = head.starts(with: Array("#!".utf8)) ? .script(ElfFile.words(head)) : .other
      return
    }
    kind = .program
    isOf64Bits = head[4] == 2
    machine = Int(head[18]) | Int(head[19]) << 8
    if isOf64Bits && head[5] == 1 { readSegments(file, head) }
  }

  private mutating func readSegments(_ file: Int32, _ head: [UInt8]) {
    let (at, size, count) = (number(head, 32, 8), number(head, 54, 2), number(head, 56, 2))
    guard size >= 56, count <= 1024 else { return }
    let table = ElfFile.read(file, at, size * count)
    for entry in stride(from: 0, to: table.count - 55, by: size) {
      let (type, offset, length) = (number(table, entry, 4), number(table, entry + 8, 8), number(table, entry + 32, 8))
      if type == 3 { loader = ElfFile.text(ElfFile.read(file, offset, min(length, 4096))) }
      if type == 4 { isGo = isGo || ElfFile.holdsGoNote(ElfFile.read(file, offset, min(length, 65536))) }
    }
  }

  /// Notes begin with the lengths of name and content and a type, each padded to four bytes.
  private static func holdsGoNote(_ notes: [UInt8]) -> Bool {
    var at = 0
    while at + 12 <= notes.count {
      let (name, content) = (number(notes, at, 4), number(notes, at + 4, 4))
      if notes[(at + 12)...].starts(with: [0x47, 0x6f, 0, 0]) && name == 4 { return true }
      at += 12 + (name + 3) / 4 * 4 + (content + 3) / 4 * 4
    }
    return false
  }

  private func number(_ bytes: [UInt8], _ at: Int, _ width: Int) -> Int { ElfFile.number(bytes, at, width) }

  private static func number(_ bytes: [UInt8], _ at: Int, _ width: Int) -> Int {
    guard at >= 0, at + width <= bytes.count else { return 0 }
    let value = bytes[at..<at + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(min(value, UInt64(Int32.max) << 16))
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

  private static func words(_ head: [UInt8]) -> [String] {
    let line = head.dropFirst(2).prefix { $0 != 0x0a }
    return line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func read(_ file: Int32, _ at: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe pread(file, &bytes, count, off_t(at))
    return Array(bytes.prefix(max(got, 0)))
  }
}
