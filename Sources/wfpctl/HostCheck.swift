import CEngine
import FilterEngine
import Glibc

/// Whether this host and this environment have what the preload needs.
struct HostCheck {
  private(set) var findings: [Finding] = []

  init(engine: String, library: String?) {
    checkLibrary(library)
    checkEngine(engine)
    checkKernel()
    checkSandbox()
    add(
      .note, "resolver",
      "names: glibc's resolver makes its own system calls; its queries go where they were dialled",
      "programs with a resolver of their own (dig, c-ares, dnspython) are seen")
  }

  private mutating func add(_ kind: Finding.Kind, _ name: String, _ text: String, _ instead: String? = nil) {
    findings.append(Finding(kind: kind, name: name, text: text, instead: instead))
  }

  private mutating func checkLibrary(_ given: String?) {
    do {
      let library = try Preload.library(given: given)
      guard let file = try? ElfFile(library), file.kind == .program else {
        return add(.problem, "library", "\(library): not a library")
      }
      add(.good, "library", "library \(library)")
    } catch {
      add(.problem, "library", "\(error)", "name it with --library or WFPSHIM_LIBRARY")
    }
  }

  /// Without making one.
  private mutating func checkEngine(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      return add(.note, "engine", "engine \(path): none yet; `wfpctl policy load` and `wfpctl run` make it")
    }
    do {
      let engine = try FilterEngine(path: path)
      let sets = try engine.sets()
      let count = sets.reduce(0) { $0 + $1.set.filters.count }
      add(.good, "engine", "engine \(path): \(sets.count) sets, \(count) filters")
    } catch {
      add(
        .problem, "engine", "engine \(error)",
        "programs go on without filters; with WFPSHIM_REQUIRED=1 their connects fail")
    }
  }

  private mutating func checkKernel() {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return add(.problem, "socket", "no socket can be made: \(reason(errno))") }
    defer { close(file) }
    var (value, length) = (UInt64(0), socklen_t(8))
    if unsafe getsockopt(file, SOL_SOCKET, SO_COOKIE, &value, &length) == 0 {
      add(.good, "cookie", "SO_COOKIE: sockets can be told from each other")
    } else {
      add(.problem, "cookie", "SO_COOKIE: \(reason(errno)): connects go where they were dialled")
    }
    length = 8
    if unsafe getsockopt(file, SOL_SOCKET, WFP_SO_NETNS_COOKIE, &value, &length) != 0 {
      add(.note, "netns-cookie", "SO_NETNS_COOKIE: \(reason(errno)) (Linux 5.14): one engine for one network namespace")
    }
    let diagnosis = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 4)  // NETLINK_SOCK_DIAG
    if diagnosis >= 0 {
      close(diagnosis)
      add(.good, "sock-diag", "sock_diag: who listens and what has ended can be asked")
    } else {
      add(
        .problem, "sock-diag",
        "sock_diag: \(reason(errno)): a service that this process does not see listen is taken to be there")
    }
  }

  private mutating func checkSandbox() {
    let mode = HostCheck.field("Seccomp", of: "/proc/self/status")
    if let mode, mode != "0" {
      add(.note, "seccomp", "a seccomp filter is in force here: what it refuses is listed in docs/limits.md")
    }
    let rings = HostCheck.contents("/proc/sys/kernel/io_uring_disabled").first ?? "0"
    if rings != "2" {
      add(.note, "io-uring", "io_uring: connects and sends through a ring go past the preload")
    }
  }

  private static func field(_ name: String, of path: String) -> String? {
    contents(path).first { $0.hasPrefix(name + ":") }.map { line in
      String(line.dropFirst(name.count + 1)).split(whereSeparator: \.isWhitespace).joined()
    }
  }

  private static func contents(_ path: String) -> [String] {
    ((try? PolicyFile.read(path)) ?? "").split(separator: "\n").map(String.init)
  }
}
