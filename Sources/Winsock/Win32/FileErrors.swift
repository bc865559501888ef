import CWinsock
import Glibc

extension WSAError {
  /// What a file's errno is to Win32's functions, which are not Winsock's.
  init(file number: Int32) {
    let error =
      switch number {
      case ENOENT, ENXIO, ENODEV: ERROR_FILE_NOT_FOUND
      case ENOTDIR, ELOOP: ERROR_PATH_NOT_FOUND
      case EACCES, EPERM, EISDIR: ERROR_ACCESS_DENIED
      case EBADF: ERROR_INVALID_HANDLE
      case ENOMEM: ERROR_NOT_ENOUGH_MEMORY
      case EROFS: ERROR_WRITE_PROTECT
      case EMFILE, ENFILE: ERROR_TOO_MANY_OPEN_FILES
      case EBUSY, ETXTBSY: ERROR_SHARING_VIOLATION
      case EEXIST: ERROR_FILE_EXISTS
      case EINVAL, ESPIPE: ERROR_INVALID_PARAMETER
      case ENOSPC, EDQUOT: ERROR_DISK_FULL
      case ENOTEMPTY: ERROR_DIR_NOT_EMPTY
      case ENAMETOOLONG: ERROR_FILENAME_EXCED_RANGE
      case EFBIG: ERROR_FILE_TOO_LARGE
      case EPIPE: ERROR_NO_DATA
      case EFAULT: ERROR_NOACCESS
      default: ERROR_GEN_FAILURE
      }
    self.init(error)
  }

  static var fromFileErrno: WSAError { WSAError(file: ws2_errno()) }
}

/// The result of a system call on a file, or what errno says in Win32's words.
@discardableResult
func checkedFile<Result: SignedInteger>(_ result: Result) throws(WSAError) -> Result {
  guard result >= 0 else { throw .fromFileErrno }
  return result
}
