import Glibc

/// The library that a program is started with.
enum Preload {
  /// - Returns: Its absolute path.
  static func library(given: String?) throws -> String {
    let candidates: [String]
    if let given {
      candidates = [given]
    } else if let named = environment("WFPSHIM_LIBRARY") {
      candidates = [named]
    } else {
      let folder = folderOfThisProgram()
      candidates = ["\(folder)/libwfpshim.so", "\(folder)/../lib/libwfpshim.so"]
    }
    for candidate in candidates {
      guard let path = realPath(candidate) else { continue }
      // The loader takes either character for the end of a name, and has no way to quote it.
      guard !path.contains(where: { $0 == ":" || $0 == " " }) else {
        throw Failure("\(path): LD_PRELOAD cannot name this; expected a path without ':' and blanks")
      }
      return path
    }
    throw Failure("\(candidates.joined(separator: ", ")): no such library; expected libwfpshim.so")
  }

  /// Puts the library before what is preloaded already, once.
  static func add(_ library: String) throws {
    let previous = environment("LD_PRELOAD") ?? ""
    let entries = previous.split { $0 == ":" || $0 == " " }.map(String.init)
    if entries.contains(where: { $0 == library || realPath($0) == library }) { return }
    _ = unsafe setenv("LD_PRELOAD", previous.isEmpty ? library : "\(library):\(previous)", 1)
  }

  /// Without asking whether it exists.
  static func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let folder = realPath(".") else { return path }
    return folder == "/" ? "/\(path)" : "\(folder)/\(path)"
  }

  private static func folderOfThisProgram() -> String {
    let path = realPath("/proc/self/exe") ?? CommandLine.arguments[0]
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
    return unsafe String(cString: value)
  }

  static func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}
