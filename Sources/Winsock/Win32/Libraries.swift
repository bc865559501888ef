public import CWinsock

private func module(_ handle: UInt) -> HMODULE? { unsafe HMODULE(bitPattern: handle) }

private func load<Unit: TextUnit>(_ name: UnsafePointer<Unit>?, _ file: HANDLE?) -> HMODULE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let name = unsafe string(name), !name.isEmpty, unsafe file == nil else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    return unsafe module(try Modules.load(name))
  }
}

/// Loads a library by the loader of Linux. Windows' own names (ws2_32, kernel32, mswsock, iphlpapi, ntdll, ...; `.dll` or
/// not, upper or lower case) are this library. Page: LoadLibraryA.
/// - Parameter name: A path, or a name that the loader looks for; there is no `.dll` added.
/// - Returns: The module, or NULL: ERROR_MOD_NOT_FOUND, ERROR_INVALID_PARAMETER (NULL or empty).
@c @implementation
public func LoadLibraryA(_ name: LPCSTR?) -> HMODULE? { unsafe load(name, nil) }

/// As LoadLibraryA. Page: LoadLibraryW.
@c @implementation
public func LoadLibraryW(_ name: LPCWSTR?) -> HMODULE? { unsafe load(name, nil) }

/// As LoadLibraryA. Page: LoadLibraryExA.
/// - Parameters:
///   - file: NULL.
///   - flags: Not looked at: the loader of Linux has one order of search.
@c @implementation
public func LoadLibraryExA(_ name: LPCSTR?, _ file: HANDLE?, _ flags: DWORD) -> HMODULE? { unsafe load(name, file) }

/// As LoadLibraryExA. Page: LoadLibraryExW.
@c @implementation
public func LoadLibraryExW(_ name: LPCWSTR?, _ file: HANDLE?, _ flags: DWORD) -> HMODULE? { unsafe load(name, file) }

/// Gives a module of LoadLibrary back; this library stays. Page: FreeLibrary.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_MOD_NOT_FOUND (as often as it was loaded).
@c @implementation
public func FreeLibrary(_ handle: HMODULE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try Modules.free(UInt(bitPattern: handle))
    return yes
  }
}

/// The address of a module's function. Of this library also by the names that POSIX has too: `connect` is Winsock's
/// there. Page: GetProcAddress.
/// - Parameter name: Not a number: libraries of Linux have none.
/// - Returns: The function, or NULL: ERROR_PROC_NOT_FOUND, ERROR_INVALID_HANDLE.
@c @implementation
public func GetProcAddress(_ handle: HMODULE?, _ name: LPCSTR?) -> FARPROC? {
  win32(failing: nil) { () throws(WSAError) in
    let module = UInt(bitPattern: handle)
    guard module == 0 || Modules.isKnown(module) else { throw WSAError(ERROR_INVALID_HANDLE) }
    guard UInt(bitPattern: name) > 0xffff, let text = unsafe string(name),
      let found = unsafe Modules.procedure(text, of: module == 0 ? Modules.program : module)
    else { throw WSAError(ERROR_PROC_NOT_FOUND) }
    return unsafe unsafeBitCast(found, to: FARPROC.self)
  }
}

private func find<Unit: TextUnit>(_ name: UnsafePointer<Unit>?) -> HMODULE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let name = unsafe string(name) else { return unsafe module(Modules.program) }
    return unsafe module(try Modules.find(name))
  }
}

/// A module that is loaded already. Page: GetModuleHandleA.
/// - Parameter name: As for LoadLibraryA; NULL: the program.
/// - Returns: The module, which is not to be freed, or NULL: ERROR_MOD_NOT_FOUND.
@c @implementation
public func GetModuleHandleA(_ name: LPCSTR?) -> HMODULE? { unsafe find(name) }

/// As GetModuleHandleA. Page: GetModuleHandleW.
@c @implementation
public func GetModuleHandleW(_ name: LPCWSTR?) -> HMODULE? { unsafe find(name) }

private func fileName<Unit: TextUnit>(
  _ handle: HMODULE?, _ buffer: UnsafeMutablePointer<Unit>?, _ room: DWORD
) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in
    let path = try Modules.path(of: UInt(bitPattern: handle))
    guard let buffer = unsafe buffer, room > 0 else {
      ws2_set_last_error(Int32(ERROR_INSUFFICIENT_BUFFER))
      return 0
    }
    let units = Unit.units(of: path)
    if unsafe copy(path, to: buffer, room: Int(room)) { return DWORD(units.count) }
    for index in 0..<Int(room) - 1 { unsafe buffer[index] = units[index] }
    unsafe buffer[Int(room) - 1] = 0
    ws2_set_last_error(Int32(ERROR_INSUFFICIENT_BUFFER))
    return room
  }
}

/// The path of a module's file. Page: GetModuleFileNameA.
/// - Parameters:
///   - module: NULL: the program.
///   - room: Of the buffer in characters.
/// - Returns: Characters without the zero; `room` with ERROR_INSUFFICIENT_BUFFER, when it was cut; or 0:
///   ERROR_MOD_NOT_FOUND.
@c @implementation
public func GetModuleFileNameA(_ handle: HMODULE?, _ buffer: LPSTR?, _ room: DWORD) -> DWORD {
  unsafe fileName(handle, buffer, room)
}

/// As GetModuleFileNameA. Page: GetModuleFileNameW.
@c @implementation
public func GetModuleFileNameW(_ handle: HMODULE?, _ buffer: LPWSTR?, _ room: DWORD) -> DWORD {
  unsafe fileName(handle, buffer, room)
}

/// No module hears of threads here. Page: DisableThreadLibraryCalls.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func DisableThreadLibraryCalls(_ handle: HMODULE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard Modules.isKnown(UInt(bitPattern: handle)) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return yes
  }
}
