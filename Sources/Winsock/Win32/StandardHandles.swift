public import CWinsock
import Glibc

/// The three handles, made when first asked for.
private enum StandardHandles {
  nonisolated(unsafe) private static var handles: [DWORD: UInt] = [:]  // under `lock`
  private static let lock = WordLock()

  static func handle(_ number: DWORD) throws(WSAError) -> UInt {
    let descriptor = try descriptor(number)
    return lock.withLock {
      if let known = unsafe handles[number] { return known }
      let made = UInt(bitPattern: unsafe HandleTable.open(DescriptorFile(descriptor, isOwned: false)))
      unsafe handles[number] = made
      return made
    }
  }

  static func set(_ number: DWORD, _ handle: UInt) throws(WSAError) {
    _ = try descriptor(number)
    lock.withLock { unsafe handles[number] = handle }
  }

  private static func descriptor(_ number: DWORD) throws(WSAError) -> Int32 {
    // STD_INPUT_HANDLE, STD_OUTPUT_HANDLE and STD_ERROR_HANDLE, whose casts Swift does not import.
    switch Int32(bitPattern: number) {
    case -10: 0
    case -11: 1
    case -12: 2
    default: throw WSAError(ERROR_INVALID_HANDLE)
    }
  }
}

/// The handle of standard input, output or error. Page: GetStdHandle.
/// - Parameter number: STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE.
/// - Returns: The handle, the same each time, or INVALID_HANDLE_VALUE: ERROR_INVALID_HANDLE.
@c @implementation
public func GetStdHandle(_ number: DWORD) -> HANDLE? {
  unsafe win32(failing: HANDLE(bitPattern: UInt.max)) { () throws(WSAError) in
    unsafe HANDLE(bitPattern: try StandardHandles.handle(number))
  }
}

/// Sets what GetStdHandle says; the C library's streams stay. Page: SetStdHandle.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (another number).
@c @implementation
public func SetStdHandle(_ number: DWORD, _ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try StandardHandles.set(number, UInt(bitPattern: handle))
    return yes
  }
}
