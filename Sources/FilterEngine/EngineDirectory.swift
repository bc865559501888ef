import CEngine
import Glibc

/// The directory that holds the engine: ours alone, and reached without following a link (SPEC S10.4).
struct EngineDirectory: ~Copyable {
  /// Of the engine file, as errors show it.
  let path: String
  let file: String
  let descriptor: Descriptor

  /// Opens the directory of an engine path, and makes it when it is not there.
  init(of path: String) throws(EngineError) {
    let (directory, file) = EngineDirectory.split(path)
    guard !file.isEmpty, file != ".", file != ".." else {
      throw EngineError(.refused, path, "this is no file's name", expected: "the path of an engine file")
    }
    if unsafe mkdir(directory, 0o700) != 0 && errno != EEXIST {
      throw .system(errno, directory, "cannot make the directory", expected: "a directory of this user")
    }
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let opened = retrying { unsafe open(directory, flags) }
    guard opened.result >= 0 else {
      let isNoDirectory = opened.errno == ENOTDIR || opened.errno == ELOOP
      throw isNoDirectory
        ? EngineError(.refused, directory, "not a directory", expected: "a directory that is no link")
        : .system(opened.errno, directory, "cannot open the directory", expected: "a directory of this user")
    }
    let descriptor = Descriptor(opened.result)
    try EngineDirectory.check(descriptor, directory)
    self.path = path
    self.file = file
    self.descriptor = descriptor
  }

  private static func check(_ descriptor: borrowing Descriptor, _ directory: String) throws(EngineError) {
    guard let status = descriptor.status() else {
      throw .system(errno, directory, "fstat", expected: "a directory of this user")
    }
    guard status.st_uid == geteuid() else {
      throw EngineError(
        .refused, directory, "the directory belongs to user \(status.st_uid)", expected: "user \(geteuid())")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw EngineError(
        .refused, directory, "the directory has mode \(octal(status.st_mode))",
        expected: "mode 0700, nothing for group and others")
    }
  }

  /// One process at a time makes an engine here. A killed one leaves no lock.
  func lock() throws(EngineError) {
    let locked = retrying { flock(descriptor.number, LOCK_EX) }
    guard locked.result == 0 else {
      throw .system(locked.errno, path, "cannot lock the directory", expected: "a file system with locks")
    }
  }

  private static func split(_ path: String) -> (directory: String, file: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = String(path[..<slash])
    return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
  }
}

func octal(_ mode: mode_t) -> String {
  let digits = String(mode & 0o7777, radix: 8)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
