public import CWinsock
import Glibc

private func delete<Unit: TextUnit>(_ name: UnsafePointer<Unit>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let path = try unsafe FileName.path(name)
    guard unsafe unlink(path) == 0 else { throw missing(path) }
    return yes
  }
}

/// Deletes a file; handles of it stay good. Page: DeleteFileA.
/// - Returns: TRUE, or FALSE: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_ACCESS_DENIED (a folder too).
@c @implementation
public func DeleteFileA(_ name: LPCSTR?) -> WindowsBool { unsafe delete(name) }

/// As DeleteFileA. Page: DeleteFileW.
@c @implementation
public func DeleteFileW(_ name: LPCWSTR?) -> WindowsBool { unsafe delete(name) }

private func attributes<Unit: TextUnit>(_ name: UnsafePointer<Unit>?) -> DWORD {
  win32(failing: .max) { () throws(WSAError) in
    let path = try unsafe FileName.path(name)
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw missing(path) }
    var answer: DWORD = 0
    if status.st_mode & S_IFMT == S_IFDIR { answer |= DWORD(FILE_ATTRIBUTE_DIRECTORY) }
    if status.st_mode & 0o222 == 0 { answer |= DWORD(FILE_ATTRIBUTE_READONLY) }
    return answer == 0 ? DWORD(FILE_ATTRIBUTE_NORMAL) : answer
  }
}

/// Tells what a name is of. Page: GetFileAttributesA.
/// - Returns: FILE_ATTRIBUTE_DIRECTORY, _READONLY (nobody may write), or _NORMAL; or INVALID_FILE_ATTRIBUTES:
///   ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_ACCESS_DENIED.
@c @implementation
public func GetFileAttributesA(_ name: LPCSTR?) -> DWORD { unsafe attributes(name) }

/// As GetFileAttributesA. Page: GetFileAttributesW.
@c @implementation
public func GetFileAttributesW(_ name: LPCWSTR?) -> DWORD { unsafe attributes(name) }

private func makeFolder<Unit: TextUnit>(_ name: UnsafePointer<Unit>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let path = try unsafe FileName.path(name)
    guard unsafe mkdir(path, 0o777) == 0 else {
      throw ws2_errno() == EEXIST
        ? WSAError(ERROR_ALREADY_EXISTS) : ws2_errno() == ENOENT ? WSAError(ERROR_PATH_NOT_FOUND) : .fromFileErrno
    }
    return yes
  }
}

/// Makes a folder. Page: CreateDirectoryA.
/// - Returns: TRUE, or FALSE: ERROR_ALREADY_EXISTS, ERROR_PATH_NOT_FOUND, ERROR_ACCESS_DENIED.
@c @implementation
public func CreateDirectoryA(_ name: LPCSTR?, _ security: LPSECURITY_ATTRIBUTES?) -> WindowsBool {
  unsafe makeFolder(name)
}

/// As CreateDirectoryA. Page: CreateDirectoryW.
@c @implementation
public func CreateDirectoryW(_ name: LPCWSTR?, _ security: LPSECURITY_ATTRIBUTES?) -> WindowsBool {
  unsafe makeFolder(name)
}

private func removeFolder<Unit: TextUnit>(_ name: UnsafePointer<Unit>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let path = try unsafe FileName.path(name)
    guard unsafe rmdir(path) == 0 else { throw missing(path) }
    return yes
  }
}

/// Removes an empty folder. Page: RemoveDirectoryA.
/// - Returns: TRUE, or FALSE: ERROR_DIR_NOT_EMPTY, ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND (a file too),
///   ERROR_ACCESS_DENIED.
@c @implementation
public func RemoveDirectoryA(_ name: LPCSTR?) -> WindowsBool { unsafe removeFolder(name) }

/// As RemoveDirectoryA. Page: RemoveDirectoryW.
@c @implementation
public func RemoveDirectoryW(_ name: LPCWSTR?) -> WindowsBool { unsafe removeFolder(name) }
