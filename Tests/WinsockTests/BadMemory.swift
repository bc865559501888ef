import Foundation

/// A region that a call must not write to, in pages whose content is known.
final class BadMemory {
  enum Kind: CaseIterable { case unmapped, noAccess, readOnly, straddling }

  let pointer: UnsafeMutableRawPointer
  private let base: UnsafeMutableRawPointer
  private static let page = 4096
  private let size: Int

  /// `straddling`: the first two bytes are good, the rest is not. The page behind is one without access and not a
  /// hole, which another thread's mmap could fill.
  init(_ kind: Kind, size wanted: Int) {
    let page = Self.page
    size = (wanted + page - 1) / page * page + page
    base = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    memset(base, 0xab, size)
    mprotect(base + size, page, PROT_NONE)
    switch kind {
    case .unmapped: pointer = UnsafeMutableRawPointer(bitPattern: 0x20000)!  // below everything that Linux maps
    case .noAccess:
      pointer = base
      mprotect(base, size, PROT_NONE)
    case .readOnly:
      pointer = base
      mprotect(base, size, PROT_READ)
    case .straddling: pointer = base + size - 2
    }
  }

  /// Memory of that size which is wholly good, up to the last byte before a page without access.
  static func good(_ size: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
    let memory = BadMemory(.straddling, size: size)
    body(memory.pointer + 2 - size)
  }

  var isUntouched: Bool {
    mprotect(base, size, PROT_READ | PROT_WRITE)
    return UnsafeRawBufferPointer(start: base, count: size).allSatisfy { $0 == 0xab }
  }

  deinit { munmap(base, size + Self.page) }
}
