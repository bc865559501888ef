import CWinsock
import Glibc

/// The libraries that the program has: handles are the loader's. Windows' own are this library, which has their
/// functions.
enum Modules {
  /// In lower case, without `.dll`.
  private static let own: Set<String> = [
    "advapi32", "fwpuclnt", "iphlpapi", "kernel32", "kernelbase", "mswsock", "ntdll", "psapi", "sechost", "ws2_32",
    "wsock32",
  ]
  // How often each was loaded and not freed.
  nonisolated(unsafe) private static var loads: [UInt: Int] = [:]  // under ws2_lock

  /// This library, or the program that it is linked into.
  static let this: UInt = {
    guard let name = unsafe string(ws2_own_path()) else { return 0 }
    let opened = unsafe dlopen(name, RTLD_NOW | RTLD_NOLOAD)
    return UInt(bitPattern: unsafe opened ?? dlopen(nil, RTLD_NOW))
  }()

  static let program = UInt(bitPattern: unsafe dlopen(nil, RTLD_NOW))

  private static func isOwn(_ name: String) -> Bool {
    let file = name.lowercased().split(whereSeparator: { $0 == "\\" || $0 == "/" }).last.map(String.init) ?? ""
    return own.contains(file.hasSuffix(".dll") ? String(file.dropLast(4)) : file)
  }

  /// - Throws: ERROR_MOD_NOT_FOUND.
  static func load(_ name: String) throws(WSAError) -> UInt {
    if isOwn(name) {
      locked { unsafe loads[this, default: 0] += 1 }
      return this
    }
    let handle = UInt(bitPattern: unsafe dlopen(name.replacing("\\", with: "/"), RTLD_NOW | RTLD_LOCAL))
    guard handle != 0 else { throw WSAError(ERROR_MOD_NOT_FOUND) }
    locked { unsafe loads[handle, default: 0] += 1 }
    return handle
  }

  /// One that is loaded already; it is not counted.
  static func find(_ name: String) throws(WSAError) -> UInt {
    if isOwn(name) { return this }
    guard let handle = unsafe dlopen(name.replacing("\\", with: "/"), RTLD_NOW | RTLD_NOLOAD) else {
      throw WSAError(ERROR_MOD_NOT_FOUND)
    }
    unsafe dlclose(handle)
    locked { if unsafe loads[UInt(bitPattern: handle)] == nil { unsafe loads[UInt(bitPattern: handle)] = 0 } }
    return UInt(bitPattern: handle)
  }

  /// - Throws: ERROR_INVALID_HANDLE, ERROR_MOD_NOT_FOUND (not loaded by LoadLibrary).
  static func free(_ handle: UInt) throws(WSAError) {
    try locked { () throws(WSAError) in
      guard let count = unsafe loads[handle] else { throw WSAError(ERROR_INVALID_HANDLE) }
      guard count > 0 else { throw WSAError(ERROR_MOD_NOT_FOUND) }
      unsafe loads[handle] = count == 1 && handle != this ? nil : count - 1
    }
    if handle != this, let module = unsafe UnsafeMutableRawPointer(bitPattern: handle) { unsafe dlclose(module) }
  }

  static func isKnown(_ handle: UInt) -> Bool {
    handle == this || handle == program || locked { unsafe loads[handle] != nil }
  }

  /// Of this library only its own functions, not those of the libraries that it uses; a name that POSIX has too is
  /// exported with `ws2_` before it.
  static func procedure(_ name: String, of handle: UInt) -> UnsafeMutableRawPointer? {
    guard let module = unsafe UnsafeMutableRawPointer(bitPattern: handle) else { return nil }
    guard handle == this else { return unsafe dlsym(module, name) }
    for candidate in ["ws2_" + name, name, "K32" + name] {
      if let found = unsafe dlsym(module, candidate), unsafe ws2_is_own(found) { return unsafe found }
    }
    // Winsock's library has these, and the C library's are the same.
    return unsafe ["htonl", "htons", "ntohl", "ntohs"].contains(name) ? dlsym(module, name) : nil
  }

  /// - Throws: ERROR_MOD_NOT_FOUND.
  static func path(of handle: UInt) throws(WSAError) -> [UInt8] {
    if handle == 0 || handle == program { return try ProcessReference.current.imagePath() }
    guard isKnown(handle), let module = unsafe UnsafeMutableRawPointer(bitPattern: handle),
      let name = unsafe CChar.bytes(of: ws2_module_path(module)), !name.isEmpty
    else { throw WSAError(ERROR_MOD_NOT_FOUND) }
    return name
  }
}
