import CEngine
import Glibc

/// Whether the connects of a program will be seen.
struct ProgramCheck {
  private(set) var findings: [Finding] = []
  private static let byRule =
    "a rule of iptables or nftables can bring its connections to a service (docs/kernel-redirect.md)"
  #if arch(x86_64)
    private static let machine = 62
  #else
    private static let machine = 183
  #endif

  init(_ command: String) {
    guard let path = ProgramCheck.find(command) else {
      findings = [Finding(kind: .problem, name: "not-found", text: "\(command): no such program in PATH")]
      return
    }
    check(path, depth: 0)
  }

  private mutating func add(_ kind: Finding.Kind, _ name: String, _ text: String, _ instead: String? = nil) {
    findings.append(Finding(kind: kind, name: name, text: text, instead: instead))
  }

  private mutating func check(_ path: String, depth: Int) {
    checkPackage(path)
    let file: ElfFile
    do {
      file = try ElfFile(path)
    } catch {
      return add(.problem, "unreadable", error.description)
    }
    switch file.kind {
    case .script(let words): checkScript(path, words, depth)
    case .other: add(.problem, "no-program", "\(path): neither an ELF program nor a script with '#!'")
    case .program: checkProgram(path, file)
    }
  }

  private mutating func checkScript(_ path: String, _ words: [String], _ depth: Int) {
    // `#!/usr/bin/env NAME` and `env -S NAME`.
    let isEnv = words.first?.hasSuffix("/env") == true
    let named = isEnv ? words.dropFirst().first { !$0.hasPrefix("-") && !$0.contains("=") } : words.first
    guard depth < 4, let named, let interpreter = ProgramCheck.find(named) else {
      return add(.problem, "no-interpreter", "\(path): a script whose interpreter is not there")
    }
    add(.good, "script", "\(path): a script of \(interpreter)")
    check(interpreter, depth: depth + 1)
  }

  private mutating func checkProgram(_ path: String, _ file: ElfFile) {
    if !file.isOf64Bits || file.machine != ProgramCheck.machine {
      add(
        .problem, "wrong-class",
        "\(path): built for another processor or for 32 bits: the loader leaves the library out",
        ProgramCheck.byRule)
    } else if file.loader == nil {
      add(.problem, "static", "\(path): static: no loader, so no preload", ProgramCheck.byRule)
    } else if let loader = file.loader, loader.contains("ld-musl") {
      add(.problem, "musl", "\(path): uses \(loader): the library is built against glibc", ProgramCheck.byRule)
    } else if file.isGo {
      add(
        .problem, "go", "\(path): built by Go, which makes its system calls itself: its connects are not seen",
        ProgramCheck.byRule)
    } else if file.loader?.contains("ld-linux") == true {
      add(.good, "dynamic", "\(path): dynamic, for \(file.loader ?? "")")
    } else {
      add(.note, "loader", "\(path): has a loader of its own, \(file.loader ?? "")")
    }
    checkPrivileges(path)
  }

  /// ld.so(8), secure-execution mode: LD_PRELOAD names no path then.
  private mutating func checkPrivileges(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return }
    let changesUser = status.st_mode & S_ISUID != 0 && status.st_uid != geteuid()
    let changesGroup = status.st_mode & S_ISGID != 0 && status.st_gid != getegid()
    let hasCapabilities = unsafe geteuid() != 0 && wfp_has_file_capabilities(path) != 0
    if !changesUser && !changesGroup && !hasCapabilities { return }
    let what = hasCapabilities ? "has file capabilities" : changesUser ? "is setuid" : "is setgid"
    add(.problem, "privileged", "\(path): \(what): the loader leaves the library out", ProgramCheck.byRule)
  }

  private mutating func checkPackage(_ path: String) {
    if path.hasPrefix("/snap/") || path.hasSuffix("/usr/bin/snap") {
      add(.problem, "snap", "\(path): a snap has files and an environment of its own: the library is not there")
    }
    if path.contains("/flatpak/") {
      add(
        .problem, "flatpak", "\(path): a flatpak has files of its own: the library is not there",
        "flatpak override --filesystem and --env=LD_PRELOAD can bring it in, if its runtime has a glibc as new")
    }
  }

  /// As execvp(3) looks for it; with links followed.
  static func find(_ command: String) -> String? {
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/bin:/usr/bin"
    let folders = path.split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? "." : String($0) }
    let candidates = command.contains("/") ? [command] : folders.map { "\($0)/\(command)" }
    for candidate in candidates where unsafe access(candidate, X_OK) == 0 {
      var status = stat()
      if unsafe stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG { return Preload.realPath(candidate) }
    }
    return nil
  }
}
