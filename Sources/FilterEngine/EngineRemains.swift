import CEngine
import Glibc

/// An engine file as something that programs left behind: of any version, and not mapped.
package struct EngineRemains: ~Copyable {
  package let path: String
  private let directory: EngineDirectory
  private let descriptor: Descriptor

  /// - Parameter path: `nil`: the one in force.
  /// - Returns: `nil` when there is no such file.
  package init?(path: String? = nil) throws(EngineError) {
    let path = path ?? FilterEngine.pathInForce()
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard unsafe access(folder, F_OK) == 0 else { return nil }
    let directory = try EngineDirectory(of: path)
    guard let descriptor = try directory.openFile() else { return nil }
    self.path = path
    self.directory = directory
    self.descriptor = descriptor
  }

  /// The processes that have it mapped, but for this one and those of other users, which cannot be asked.
  package var users: [Flow.Process] {
    guard let status = descriptor.status() else { return [] }
    return processes().filter { $0 != UInt32(getpid()) && maps($0, inode: UInt64(status.st_ino)) }.map { pid in
      Flow.Process(path: linkTarget("/proc/\(pid)/exe") ?? "?", pid: pid)
    }
  }

  /// - Throws: ``EngineError``: another manager is at it, or the file cannot be removed. Nothing has changed then.
  package consuming func remove() throws(EngineError) {
    try directory.lock()
    guard unsafe unlinkat(directory.descriptor.number, directory.file, 0) == 0 || errno == ENOENT else {
      throw .system(errno, path, "cannot remove the engine", expected: "a directory that can be written")
    }
    // Of a creator that was killed.
    _ = unsafe unlinkat(directory.descriptor.number, ".\(directory.file).new", 0)
  }

  private func processes() -> [UInt32] {
    guard let folder = unsafe opendir("/proc") else { return [] }
    defer { unsafe closedir(folder) }
    var found: [UInt32] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = UInt32(name) { found.append(pid) }
    }
    return found
  }

  /// Its path may be written in several ways, and /dev/shm be mounted in several places: the number is the file's.
  private func maps(_ pid: UInt32, inode: UInt64) -> Bool {
    guard let maps = wholeFile("/proc/\(pid)/maps") else { return false }
    return maps.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      return fields.count == 6 && UInt64(fields[4]) == inode && fields[5].hasSuffix("/\(directory.file)")
    }
  }

  private func linkTarget(_ path: String) -> String? {
    var text = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &text, text.count)
    return count < 0 ? nil : String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// A file of /proc, whose size is not known before.
  private func wholeFile(_ path: String) -> String? {
    let opened = retrying { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    guard opened.result >= 0 else { return nil }
    let file = Descriptor(opened.result)
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe read(file.number, &part, part.count)
      if count <= 0 { return count < 0 ? nil : String(decoding: text, as: UTF8.self) }
      text += part.prefix(count)
    }
  }
}
