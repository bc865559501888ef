import CWinsock

/// Lays an answer out that points into itself: once without memory, to learn its size, and once in the program's.
@safe
final class Arena {
  private let start: UnsafeMutableRawPointer?
  private(set) var size = 0

  /// - Parameter start: Nil: only to learn the size.
  init(_ start: UnsafeMutableRawPointer?) { unsafe self.start = unsafe start }

  func make<Value>(_ type: Value.Type, count: Int = 1) -> UnsafeMutablePointer<Value>? {
    size = (size + 7) & ~7
    defer { size += MemoryLayout<Value>.stride * count }
    guard let start = unsafe start else { return nil }
    let bytes = unsafe start + size
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Value>.stride * count)
    return unsafe bytes.assumingMemoryBound(to: Value.self)
  }

  func text<Unit: TextUnit>(_ text: String, _ unit: Unit.Type) -> UnsafeMutablePointer<Unit>? {
    let units = Unit.units(of: Array(text.utf8)) + [0]
    let target = unsafe make(Unit.self, count: units.count)
    if let target = unsafe target {
      for (index, unit) in units.enumerated() { unsafe target[index] = unit }
    }
    return unsafe target
  }

  func address(_ name: [UInt8]) -> SOCKET_ADDRESS {
    let target = unsafe make(UInt8.self, count: name.count)
    if let target = unsafe target {
      for (index, byte) in name.enumerated() { unsafe target[index] = byte }
    }
    return unsafe SOCKET_ADDRESS(
      lpSockaddr: UnsafeMutableRawPointer(target)?.assumingMemoryBound(to: sockaddr.self),
      iSockaddrLength: INT(name.count))
  }
}
