public import CWinsock
import Glibc

private func size(of handle: HANDLE?) throws(WSAError) -> Int64 {
  var status = stat()
  try checkedFile(unsafe fstat(try descriptorFile(handle).descriptor, &status))
  return Int64(status.st_size)
}

/// The size of a file. Page: GetFileSizeEx.
/// - Parameter size: Receives bytes.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func GetFileSizeEx(_ handle: HANDLE?, _ size: UnsafeMutablePointer<LARGE_INTEGER>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let target = unsafe size else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe target.pointee.QuadPart = try Winsock.size(of: handle)
    return yes
  }
}

/// The size of a file in two halves. Page: GetFileSize.
/// - Parameter high: Receives the upper half; may be NULL.
/// - Returns: The lower half, or INVALID_FILE_SIZE: ERROR_INVALID_HANDLE. A lower half of that value has the last error
///   0.
@c @implementation
public func GetFileSize(_ handle: HANDLE?, _ high: LPDWORD?) -> DWORD {
  win32(failing: .max) { () throws(WSAError) in
    let size = try unsafe size(of: handle)
    if let high = unsafe high { unsafe high.pointee = DWORD(truncatingIfNeeded: size >> 32) }
    if DWORD(truncatingIfNeeded: size) == .max { ws2_set_last_error(0) }
    return DWORD(truncatingIfNeeded: size)
  }
}

/// - Throws: ERROR_NEGATIVE_SEEK, ERROR_INVALID_PARAMETER, ERROR_INVALID_FUNCTION (no positions).
private func move(_ handle: HANDLE?, _ distance: Int64, _ method: DWORD) throws(WSAError) -> Int64 {
  let file = try unsafe descriptorFile(handle)
  let origins = [DWORD(FILE_BEGIN): SEEK_SET, DWORD(FILE_CURRENT): SEEK_CUR, DWORD(FILE_END): SEEK_END]
  guard let origin = origins[method] else { throw WSAError(ERROR_INVALID_PARAMETER) }
  let position = lseek(file.descriptor, off_t(distance), origin)
  guard position < 0 else { return Int64(position) }
  if ws2_errno() == ESPIPE { throw WSAError(ERROR_INVALID_FUNCTION) }
  throw ws2_errno() == EINVAL ? WSAError(ERROR_NEGATIVE_SEEK) : .fromFileErrno
}

/// Moves a file's position. Page: SetFilePointerEx.
/// - Parameters:
///   - distance: Bytes, also below zero.
///   - position: Receives the new one from the beginning; may be NULL.
///   - method: FILE_BEGIN, FILE_CURRENT or FILE_END.
/// - Returns: TRUE, or FALSE: ERROR_NEGATIVE_SEEK, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_INVALID_FUNCTION
///   (a pipe, a terminal).
@c @implementation
public func SetFilePointerEx(
  _ handle: HANDLE?, _ distance: LARGE_INTEGER, _ position: UnsafeMutablePointer<LARGE_INTEGER>?, _ method: DWORD
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let moved = try unsafe move(handle, distance.QuadPart, method)
    if let position = unsafe position { unsafe position.pointee.QuadPart = moved }
    return yes
  }
}

/// Moves a file's position, told in two halves. Page: SetFilePointer.
/// - Parameters:
///   - distance: The lower half; all of it with `high` NULL.
///   - high: The upper half; receives that of the new position.
///   - method: FILE_BEGIN, FILE_CURRENT or FILE_END.
/// - Returns: The lower half of the new position, or INVALID_SET_FILE_POINTER, with errors as SetFilePointerEx; a lower
///   half of that value has the last error 0.
@c @implementation
public func SetFilePointer(
  _ handle: HANDLE?, _ distance: LONG, _ high: UnsafeMutablePointer<LONG>?, _ method: DWORD
) -> DWORD {
  win32(failing: .max) { () throws(WSAError) in
    var wanted = Int64(distance)
    if let high = unsafe high { wanted = unsafe Int64(high.pointee) << 32 | Int64(UInt32(bitPattern: distance)) }
    let moved = try unsafe move(handle, wanted, method)
    if let high = unsafe high { unsafe high.pointee = LONG(truncatingIfNeeded: moved >> 32) }
    if DWORD(truncatingIfNeeded: moved) == .max { ws2_set_last_error(0) }
    return DWORD(truncatingIfNeeded: moved)
  }
}

/// Ends a file at its position. Page: SetEndOfFile.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (not opened to write).
@c @implementation
public func SetEndOfFile(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let file = try unsafe descriptorFile(handle)
    let position = try unsafe move(handle, 0, DWORD(FILE_CURRENT))
    guard ftruncate(file.descriptor, off_t(position)) == 0 else {
      throw ws2_errno() == EINVAL || ws2_errno() == EBADF ? WSAError(ERROR_ACCESS_DENIED) : .fromFileErrno
    }
    return yes
  }
}

/// Tells what kind of file a handle is of. Page: GetFileType.
/// - Returns: FILE_TYPE_DISK, _CHAR (a terminal, a device), _PIPE (a pipe, a socket), or _UNKNOWN: ERROR_INVALID_HANDLE.
@c @implementation
public func GetFileType(_ handle: HANDLE?) -> DWORD {
  win32(failing: DWORD(FILE_TYPE_UNKNOWN)) { () throws(WSAError) in
    if UInt(bitPattern: handle) < HandleTable.first, let socket = try? Socket(SOCKET(UInt(bitPattern: handle))),
      (try? socket.requireSocket()) != nil
    {
      return DWORD(FILE_TYPE_PIPE)
    }
    guard let file = try unsafe file(handle) as? DescriptorFile else { return DWORD(FILE_TYPE_CHAR) }
    switch file.kind {
    case S_IFCHR: return DWORD(FILE_TYPE_CHAR)
    case S_IFIFO, S_IFSOCK: return DWORD(FILE_TYPE_PIPE)
    default: return DWORD(FILE_TYPE_DISK)
    }
  }
}
