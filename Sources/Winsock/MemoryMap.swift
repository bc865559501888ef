import CWinsock
import Glibc

/// One line of /proc/self/maps.
struct Mapping {
  let range: Range<UInt>
  /// PROT_READ and so on.
  let access: Int32
  let isShared: Bool
  /// "[stack]" and the like are none.
  let path: ArraySlice<UInt8>
  var isOfFile: Bool { path.first == UInt8(ascii: "/") }

  fileprivate init?(_ line: ArraySlice<UInt8>) {
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
    guard fields.count >= 5 else { return nil }
    let ends = fields[0].split(separator: UInt8(ascii: "-")).compactMap {
      UInt(String(decoding: $0, as: UTF8.self), radix: 16)
    }
    guard ends.count == 2, ends[0] <= ends[1] else { return nil }
    range = ends[0]..<ends[1]
    let kinds: [(Unicode.Scalar, Int32)] = [("r", PROT_READ), ("w", PROT_WRITE), ("x", PROT_EXEC)]
    access = kinds.reduce(0) { fields[1].contains(UInt8(ascii: $1.0)) ? $0 | $1.1 : $0 }
    isShared = fields[1].contains(UInt8(ascii: "s"))
    path = fields.count > 5 ? fields[5].drop { $0 == UInt8(ascii: " ") } : []
  }

  /// In the order of addresses.
  static var all: [Mapping] {
    contents(of: "/proc/self/maps").split(separator: UInt8(ascii: "\n")).compactMap(Mapping.init)
  }
}
