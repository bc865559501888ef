import CEngine
import FilterEngine
import Glibc
import Policy
import Testing

/// S10.4: an engine that another user could have made or reached is refused, and stays as it is.
@Suite struct RefusalTests {
  /// Opens what `prepare` left, expects this error and that no byte of the file and its directory changed.
  private func refused(
    _ code: EngineError.Code, _ message: String, _ prepare: (borrowing PrivateDirectory) throws -> Void
  ) throws {
    let directory = try PrivateDirectory()
    try prepare(directory)
    let before = (status(directory.engine), status(directory.path), contents(directory.engine), directory.entries)
    let error = engineError { _ = try FilterEngine(path: directory.engine) }
    chmod(directory.path, 0o700)
    #expect(error?.code == code)
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "no error")")
    let after = status(directory.engine)
    #expect(after.st_ino == before.0.st_ino && after.st_mode == before.0.st_mode && after.st_size == before.0.st_size)
    #expect(contents(directory.engine) == before.2 && directory.entries == before.3)
    #expect(status(directory.path).st_ino == before.1.st_ino)
  }

  private func make(_ directory: borrowing PrivateDirectory) throws { _ = try FilterEngine(path: directory.engine) }

  @Test func symbolicLink() throws {
    try refused(.refused, "engine: a symbolic link; expected a regular file") { directory in
      _ = try FilterEngine(path: directory.path + "/real")
      symlink("real", directory.engine)
    }
  }

  @Test func danglingLink() throws {
    try refused(.refused, "a symbolic link") { symlink("nowhere", $0.engine) }
  }

  @Test func secondName() throws {
    try refused(.refused, "the engine has 2 names; expected one") { directory in
      try make(directory)
      link(directory.engine, directory.path + "/other")
    }
  }

  @Test(arguments: [mode_t(0o640), 0o604, 0o620, 0o700, 0o400])
  func modeOfTheFile(_ mode: mode_t) throws {
    try refused(mode == 0o400 && geteuid() != 0 ? .system(EACCES) : .refused, "expected") { directory in
      try make(directory)
      chmod(directory.engine, mode)
    }
  }

  @Test(arguments: [mode_t(0o750), 0o705, 0o710, 0o777])
  func modeOfTheDirectory(_ mode: mode_t) throws {
    try refused(.refused, "expected mode 0700, nothing for group and others") { directory in
      try make(directory)
      chmod(directory.path, mode)
    }
  }

  @Test(.enabled("only root can give a file away") { geteuid() == 0 })
  func otherOwner() throws {
    try refused(.refused, "the engine belongs to user 1; expected user 0") { directory in
      try make(directory)
      chown(directory.engine, 1, 1)
    }
    let directory = try PrivateDirectory()
    chown(directory.path, 1, 1)
    let error = engineError { _ = try FilterEngine(path: directory.engine) }
    chown(directory.path, 0, 0)
    #expect(error?.code == .refused && error?.wrong == "the directory belongs to user 1")
  }

  @Test func notARegularFile() throws {
    try refused(.refused, "not a regular file") { mkfifo($0.engine, 0o600) }
  }

  @Test func directoryIsALink() throws {
    let directory = try PrivateDirectory()
    mkdir(directory.path + "/real", 0o700)
    symlink("real", directory.path + "/link")
    let error = engineError { _ = try FilterEngine(path: directory.path + "/link/engine") }
    #expect(error?.code == .refused && error?.expected == "a directory that is no link")
    #expect(contents(directory.path + "/real/engine").isEmpty)
  }

  @Test func directoryIsAFile() throws {
    let directory = try PrivateDirectory()
    _ = try directory.file("plain", "")
    let error = engineError { _ = try FilterEngine(path: directory.path + "/plain/engine") }
    #expect(error?.code == .refused && error?.wrong == "not a directory")
  }

  @Test(arguments: ["/nowhere/at/all/engine"])
  func noParent(_ path: String) {
    #expect(engineError { _ = try FilterEngine(path: path) }?.code == .system(ENOENT))
  }

  @Test(arguments: ["", "/tmp/", "/tmp/.", ".."])
  func noFileName(_ path: String) {
    #expect(engineError { _ = try FilterEngine(path: path) }?.code == .refused)
  }

  @Test func garbage() throws {
    try refused(.damaged, "the file does not begin like an engine; expected an engine") { directory in
      try write(.init(repeating: 0x5a, count: 8192), to: directory.engine, mode: 0o600)
    }
  }

  @Test func emptyFile() throws {
    try refused(.damaged, "the file has 0 bytes") { _ = try $0.file("engine", "") }
  }

  @Test(arguments: [4096, 100_000, 528_384, 4_000_000])
  func truncated(_ size: Int) throws {
    try refused(.damaged, "expected") { directory in
      try make(directory)
      truncate(directory.engine, off_t(size))
    }
  }

  /// D11: old and new libraries tell each other apart.
  @Test func otherVersion() throws {
    for other in [WFP_ENGINE_VERSION - 1, WFP_ENGINE_VERSION + 1] {
      let message = "the engine has version \(other); expected version \(WFP_ENGINE_VERSION)"
      try refused(.version(other), message) { directory in
        try make(directory)
        patch(directory.engine, at: MemoryLayout<wfp_engine>.offset(of: \.version)!, [UInt8(other), 0, 0, 0])
      }
    }
  }

  @Test(arguments: [
    (MemoryLayout<wfp_engine>.offset(of: \.header_size)!, [UInt8(1)]),
    (MemoryLayout<wfp_engine>.offset(of: \.uid)!, [UInt8(0xff), 0xff]),
    (MemoryLayout<wfp_engine>.offset(of: \.flow_region_offset)!, [UInt8(1)]),
    (MemoryLayout<wfp_engine>.offset(of: \.flow_region_offset)! + 7, [UInt8(0xff)]),
    (MemoryLayout<wfp_engine>.offset(of: \.policy)! + 7, [UInt8(0xff)]),
    (MemoryLayout<wfp_engine>.offset(of: \.policy)! + 11, [UInt8(0x7f)]),
    (528_384, [UInt8(0)]), (528_384, [UInt8(9)]), (528_384, [UInt8(2)]),
    (MemoryLayout<wfp_engine>.offset(of: \.segment_limit)!, [UInt8(0)]),
    (MemoryLayout<wfp_engine>.offset(of: \.segment_limit)!, [UInt8(9)]),
  ])
  func damagedHeaders(_ offset: Int, _ bytes: [UInt8]) throws {
    try refused(.damaged, "expected") { directory in
      try make(directory)
      patch(directory.engine, at: offset, bytes)
    }
  }

  /// A file that says that another replaced it is not used, and the other one is found under its name.
  @Test func superseded() throws {
    let offset = MemoryLayout<wfp_engine>.offset(of: \.superseded)!
    try refused(.damaged, "the engine says that another replaced it") { directory in
      try make(directory)
      patch(directory.engine, at: offset, [1])
    }
  }
}
