import CWinsock
import Glibc

/// Whether code can run there: asked of /proc/self/maps, and only when a completion routine is given.
func isExecutable(_ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE) -> Bool {
  let address = unsafe UInt(bitPattern: unsafeBitCast(routine, to: UnsafeRawPointer?.self))
  return contents(of: "/proc/self/maps").split(separator: UInt8(ascii: "\n")).contains { line in
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard fields.count > 2, let range = addresses(fields[0]) else { return false }
    return range.contains(address) && fields[1].contains(UInt8(ascii: "x"))
  }
}

private func addresses(_ field: ArraySlice<UInt8>) -> Range<UInt>? {
  let ends = field.split(separator: UInt8(ascii: "-")).compactMap {
    UInt(String(decoding: $0, as: UTF8.self), radix: 16)
  }
  return ends.count == 2 && ends[0] <= ends[1] ? ends[0]..<ends[1] : nil
}

func contents(of path: String) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var all: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 16384)
  while true {
    let count = unsafe read(descriptor, &chunk, chunk.count)
    guard count > 0 else { return all }
    all += chunk[..<count]
  }
}
