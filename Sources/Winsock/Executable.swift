import CWinsock
import Glibc

/// Whether code can run there: asked of /proc/self/maps, and only when a completion routine is given.
func isExecutable(_ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE) -> Bool {
  let address = unsafe UInt(bitPattern: unsafeBitCast(routine, to: UnsafeRawPointer?.self))
  return Mapping.all.contains { $0.range.contains(address) && $0.access & PROT_EXEC != 0 }
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
