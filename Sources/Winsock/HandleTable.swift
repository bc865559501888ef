import CWinsock

/// The process's handles.
enum HandleTable {
  // Under the lock.
  nonisolated(unsafe) private static var objects: [UInt: KernelObject] = [:]
  /// Above every descriptor's number, since a SOCKET is a HANDLE too; multiples of four, as on Windows, whose low bits
  /// are free for flags; within 32 bits, as programs keep them in a DWORD.
  static let first: UInt = 0x4000_0000
  nonisolated(unsafe) private static var last = first

  /// GetCurrentThread's handle, which means whoever uses it.
  static let currentThread = UInt(bitPattern: -2)
  static let currentProcess = UInt(bitPattern: -1)

  static func open(_ object: KernelObject) -> HANDLE {
    unsafe locked {
      unsafe last += 4
      unsafe objects[last] = object
      object.handles += 1
      return unsafe HANDLE(bitPattern: last)!
    }
  }

  static func close(_ handle: HANDLE?) throws(WSAError) {
    let removed = locked { () -> KernelObject? in
      guard let removed = unsafe objects.removeValue(forKey: UInt(bitPattern: handle)) else { return nil }
      removed.handles -= 1
      if removed.handles == 0 { removed.handleClosed() }
      return removed
    }
    guard let removed else { throw WSAError(ERROR_INVALID_HANDLE) }
    if locked({ removed.handles == 0 }) { removed.lastHandleWasClosed() }
  }

  static func object(_ handle: UInt) throws(WSAError) -> KernelObject {
    if handle == currentThread { return ThreadRecord.current.object }
    guard let object = locked({ unsafe objects[handle] }) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return object
  }

  static func event(_ handle: UInt) throws(WSAError) -> Event { try object(handle, as: Event.self) }
  static func thread(_ handle: UInt) throws(WSAError) -> ThreadObject { try object(handle, as: ThreadObject.self) }

  static func object<Kind: KernelObject>(_ handle: UInt, as kind: Kind.Type) throws(WSAError) -> Kind {
    guard let found = try object(handle) as? Kind else { throw WSAError(ERROR_INVALID_HANDLE) }
    return found
  }
}
