import CEngine
import Dispatch
import FilterEngine
import Foundation
import Glibc
import Policy
import Synchronization

/// A directory that only this test uses, as an engine's must be: 0700. It goes with everything in it.
struct PrivateDirectory: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/wfpshim-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(errno)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var engine: String { path + "/engine" }

  func file(_ name: String, _ text: String) throws -> String {
    try write(Array(text.utf8), to: "\(path)/\(name)", mode: 0o600)
    return "\(path)/\(name)"
  }

  var entries: [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  deinit {
    for name in entries where unlink("\(path)/\(name)") != 0 { rmdir("\(path)/\(name)") }
    rmdir(path)
  }
}

struct TestFailure: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
  let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
  guard fd >= 0, fchmod(fd, mode) == 0, Glibc.write(fd, bytes, bytes.count) == bytes.count else {
    throw TestFailure("cannot write \(path): \(errno)")
  }
  close(fd)
}

/// The first bytes of a file, or all.
func contents(_ path: String, _ limit: Int = .max) -> [UInt8] {
  let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard fd >= 0 else { return [] }
  defer { close(fd) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while bytes.count < limit, case let count = read(fd, &chunk, min(chunk.count, limit - bytes.count)), count > 0 {
    bytes += chunk[..<count]
  }
  return bytes
}

func status(_ path: String) -> stat {
  var status = stat()
  _ = lstat(path, &status)
  return status
}

/// Changes bytes of a file in place.
func patch(_ path: String, at offset: Int, _ bytes: [UInt8]) {
  let fd = open(path, O_WRONLY | O_CLOEXEC)
  pwrite(fd, bytes, bytes.count, off_t(offset))
  close(fd)
}

/// What an action throws of ours.
func engineError(_ body: () throws -> Void) -> EngineError? {
  do {
    try body()
    return nil
  } catch {
    return error as? EngineError
  }
}

let webPolicy = """
  version: 1
  providers:
    - name: contoso
      endpoints: ["127.0.0.1:8888"]
      context: [{sockaddr: remote}, {pid: {}}]
  filters:
    - {name: web, action: redirect, provider: contoso, weight: 100, conditions: {ip_remote_port: [80, 443]}}
    - {name: deny, action: block, conditions: {ip_remote_port: 25}}
  """
let otherPolicy = "version: 1\nfilters: [{name: only, action: permit}]\n"

/// A number that threads share.
final class Counter: Sendable {
  let value = Atomic(0)
}

/// Runs `body` on threads of its own, which begin together, and waits for them.
func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let waiting = Counter()
  let running = DispatchGroup()
  for number in 0..<count {
    running.enter()
    Thread.detachNewThread {
      waiting.value.add(1, ordering: .sequentiallyConsistent)
      while waiting.value.load(ordering: .sequentiallyConsistent) < count { sched_yield() }
      body(number)
      running.leave()
    }
  }
  running.wait()
}
