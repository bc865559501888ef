public import CWinsock
import Glibc

/// Lists the processes. Page: EnumProcesses.
/// - Parameters:
///   - identifiers: Receives Linux' process identifiers, as many as have room.
///   - size: Bytes.
///   - needed: Receives bytes written.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (NULL), ERROR_GEN_FAILURE (no /proc).
@c @implementation
public func K32EnumProcesses(
  _ identifiers: UnsafeMutablePointer<DWORD>?, _ size: DWORD, _ needed: LPDWORD?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let identifiers = unsafe identifiers, let needed = unsafe needed else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let all = folderNames("/proc").compactMap { DWORD($0) }
    guard !all.isEmpty else { throw WSAError(ERROR_GEN_FAILURE) }
    let fitting = all.sorted().prefix(Int(size) / MemoryLayout<DWORD>.size)
    for (index, identifier) in fitting.enumerated() { unsafe identifiers[index] = identifier }
    unsafe needed.pointee = DWORD(fitting.count * MemoryLayout<DWORD>.size)
    return yes
  }
}

/// The names in a folder; none when it cannot be read.
func folderNames(_ path: String) -> [String] {
  guard let folder = unsafe opendir(path) else { return [] }
  defer { unsafe closedir(folder) }
  var names: [String] = []
  while let entry = unsafe readdir(folder) {
    names.append(
      unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      })
  }
  return names
}

/// What does not fit is an error, or is cut where the function's page says so.
private func imageName<Unit: TextUnit>(
  _ handle: HANDLE?, _ buffer: UnsafeMutablePointer<Unit>?, _ room: DWORD, isCut: Bool = false,
  isBase: Bool = false
) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in
    var path = try unsafe ProcessReference(handle).imagePath()
    if isBase { path = path.split(separator: 47).last.map { Array($0) } ?? path }
    guard let buffer = unsafe buffer, room > 0 else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
    if unsafe copy(path, to: buffer, room: Int(room)) { return DWORD(Unit.units(of: path).count) }
    guard isCut else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
    for (index, unit) in Unit.units(of: path).prefix(Int(room) - 1).enumerated() { unsafe buffer[index] = unit }
    unsafe buffer[Int(room) - 1] = 0
    return room
  }
}

/// The path of a process's program: there is no other form of it here. Page: GetProcessImageFileNameA.
/// - Parameter room: Of the buffer in characters.
/// - Returns: Characters without the zero, or 0: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED,
///   ERROR_GEN_FAILURE (it has ended).
@c @implementation
public func K32GetProcessImageFileNameA(_ handle: HANDLE?, _ buffer: LPSTR?, _ room: DWORD) -> DWORD {
  unsafe imageName(handle, buffer, room)
}

/// As GetProcessImageFileNameA. Page: GetProcessImageFileNameW.
@c @implementation
public func K32GetProcessImageFileNameW(_ handle: HANDLE?, _ buffer: LPWSTR?, _ room: DWORD) -> DWORD {
  unsafe imageName(handle, buffer, room)
}

/// The path of a process's program. Page: GetModuleFileNameExA.
/// - Parameters:
///   - module: NULL: the program; others are not known of another process, and ERROR_INVALID_HANDLE.
///   - room: Of the buffer in characters; what does not fit is cut.
/// - Returns: Characters without the zero, or 0: as GetProcessImageFileNameA.
@c @implementation
public func K32GetModuleFileNameExA(_ handle: HANDLE?, _ module: HMODULE?, _ buffer: LPSTR?, _ room: DWORD) -> DWORD {
  unsafe module == nil ? imageName(handle, buffer, room, isCut: true) : refuse()
}

/// As GetModuleFileNameExA. Page: GetModuleFileNameExW.
@c @implementation
public func K32GetModuleFileNameExW(_ handle: HANDLE?, _ module: HMODULE?, _ buffer: LPWSTR?, _ room: DWORD) -> DWORD {
  unsafe module == nil ? imageName(handle, buffer, room, isCut: true) : refuse()
}

/// The name of a process's program, without its folder. Page: GetModuleBaseNameA.
/// - Returns: As GetModuleFileNameExA.
@c @implementation
public func K32GetModuleBaseNameA(_ handle: HANDLE?, _ module: HMODULE?, _ buffer: LPSTR?, _ room: DWORD) -> DWORD {
  unsafe module == nil ? imageName(handle, buffer, room, isCut: true, isBase: true) : refuse()
}

/// As GetModuleBaseNameA. Page: GetModuleBaseNameW.
@c @implementation
public func K32GetModuleBaseNameW(_ handle: HANDLE?, _ module: HMODULE?, _ buffer: LPWSTR?, _ room: DWORD) -> DWORD {
  unsafe module == nil ? imageName(handle, buffer, room, isCut: true, isBase: true) : refuse()
}

private func refuse() -> DWORD {
  win32(failing: 0) { () throws(WSAError) in throw WSAError(ERROR_INVALID_HANDLE) }
}

/// Tells how much memory a process has. Page: GetProcessMemoryInfo.
/// - Parameters:
///   - counters: Bytes: the working set is what is resident (VmRSS, VmHWM), the page file what is mapped to be written
///     (VmData). Linux has no quotas: 0.
///   - size: Of the structure.
/// - Returns: TRUE, or FALSE: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER (NULL), ERROR_INVALID_HANDLE,
///   ERROR_GEN_FAILURE (it has ended).
@c @implementation
public func K32GetProcessMemoryInfo(
  _ handle: HANDLE?, _ counters: PPROCESS_MEMORY_COUNTERS?, _ size: DWORD
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let counters = unsafe counters else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard size >= DWORD(MemoryLayout<PROCESS_MEMORY_COUNTERS>.size) else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
    let status = try unsafe ProcessReference(handle).read { folder throws(WSAError) in contents(of: folder + "/status")
    }
    var sizes: [Substring: SIZE_T] = [:]
    for line in String(decoding: status ?? [], as: UTF8.self).split(separator: "\n") {
      let fields = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace })
      if fields.count > 2, fields[2] == "kB", let size = SIZE_T(fields[1]) { sizes[fields[0]] = size << 10 }
    }
    guard let resident = sizes["VmRSS"] else { throw WSAError(ERROR_GEN_FAILURE) }
    var answer = PROCESS_MEMORY_COUNTERS()
    answer.cb = DWORD(MemoryLayout<PROCESS_MEMORY_COUNTERS>.size)
    (answer.WorkingSetSize, answer.PeakWorkingSetSize) = (resident, sizes["VmHWM"] ?? resident)
    (answer.PagefileUsage, answer.PeakPagefileUsage) = (sizes["VmData"] ?? 0, sizes["VmData"] ?? 0)
    unsafe counters.pointee = answer
    return yes
  }
}
