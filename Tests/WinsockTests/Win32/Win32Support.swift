import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Whether a call failed and set this error. The last error is set to a value that no call uses before.
func fails(_ error: Int, _ call: () -> WindowsBool) -> Bool {
  SetLastError(DWORD(Outcome.untouched))
  return call() == 0 && GetLastError() == DWORD(error)
}

/// The same for calls that return 0, NULL or another value in place of FALSE.
func fails<Result: Equatable>(_ error: Int, as failure: Result, _ call: () -> Result) -> Bool {
  SetLastError(DWORD(Outcome.untouched))
  return call() == failure && GetLastError() == DWORD(error)
}

var invalidHandle: HANDLE? { HANDLE(bitPattern: UInt.max) }

/// A wide text of the program's, with its zero.
func wide(_ text: String) -> [WCHAR] { WCHAR.units(of: Array(text.utf8)) + [0] }

func text(_ units: [WCHAR]) -> String {
  let units = Array(units.prefix { $0 != 0 })
  return units.withUnsafeBufferPointer { String(decoding: WCHAR.bytes(of: $0), as: UTF8.self) }
}

func text(_ units: [CChar]) -> String {
  String(decoding: units.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A number that several threads may touch.
final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var stored = 0
  var value: Int { lock.withLock { stored } }
  @discardableResult func add(_ more: Int = 1) -> Int {
    lock.withLock {
      stored += more
      return stored
    }
  }
  /// Waits until it is reached; false after thirty seconds. Sleeps in between: Dispatch has threads to spare for those
  /// that sleep only.
  func reaches(_ wanted: Int) -> Bool {
    let limit = Date(timeIntervalSinceNow: 30)
    while value < wanted {
      if Date() > limit { return false }
      usleep(1000)
    }
    return true
  }
  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
  static func of(_ pointer: UnsafeMutableRawPointer?) -> Counter {
    Unmanaged<Counter>.fromOpaque(pointer!).takeUnretainedValue()
  }
}

/// Memory that several threads share.
final class SharedMemory<Value>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Value>
  init(_ value: Value) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: value)
  }
  deinit { pointer.deallocate() }
}

/// A program of Tests/Programs, built against the library.
func buildProgram(_ name: String, in folder: TemporaryFolder, _ flags: [String] = []) throws -> String {
  let binary = folder.path + "/" + name
  try ServiceFixture.compile(
    TestPaths.package + "/Tests/Programs/\(name).c", to: binary, flags + ServiceFixture.library)
  return binary
}

/// A terminal: the side that a person would sit at, and the path of the program's.
struct Terminal {
  let descriptor: Int32
  let path: String

  init() throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (lock, number): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK, TIOCGPTN
    try #require(ws2_ioctl(descriptor, 0x4004_5431, &lock) == 0 && ws2_ioctl(descriptor, 0x8004_5430, &number) == 0)
    path = "/dev/pts/\(number)"
  }

  /// The first `count` bytes that were written to the terminal. The kernel hands each write on by itself: one read may
  /// bring a part of them.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      let got = Glibc.read(descriptor, &chunk, chunk.count)
      try #require(got > 0)
      bytes += chunk[..<got]
    }
    return bytes
  }
}
