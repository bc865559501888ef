import CWinsock
import Glibc

/// What a program calls a file.
enum FileName {
  /// A path of Linux, with its zero.
  case path([CChar])
  /// NAME of `\\.\NAME`.
  case device(String)

  /// Windows' separators become Linux'; `\\?\` only says that the rest is a path; NUL and the console have files of
  /// their own. There are no drives.
  /// - Throws: ERROR_PATH_NOT_FOUND (NULL or empty).
  init<Unit: TextUnit>(_ text: UnsafePointer<Unit>?) throws(WSAError) {
    guard let bytes = unsafe Unit.bytes(of: text), !bytes.isEmpty else { throw WSAError(ERROR_PATH_NOT_FOUND) }
    var path = bytes.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
    let isWindows = bytes.starts(with: Array(#"\\"#.utf8))
    if isWindows, path.starts(with: Array("//./".utf8)) {
      self = .device(String(decoding: path.dropFirst(4), as: UTF8.self))
      return
    }
    if isWindows, path.starts(with: Array("//?/".utf8)) { path = Array(path.dropFirst(4)) }
    switch String(decoding: path, as: UTF8.self).uppercased() {
    case "NUL": path = Array("/dev/null".utf8)
    case "CON", "CONIN$", "CONOUT$": path = Array("/dev/tty".utf8)
    default: break
    }
    self = .path(path.map { CChar(bitPattern: $0) } + [0])
  }

  /// - Throws: ERROR_FILE_NOT_FOUND for a device.
  static func path<Unit: TextUnit>(_ text: UnsafePointer<Unit>?) throws(WSAError) -> [CChar] {
    guard case .path(let path) = try unsafe FileName(text) else { throw WSAError(ERROR_FILE_NOT_FOUND) }
    return path
  }
}

/// An ENOENT says which part is missing: the folder (ERROR_PATH_NOT_FOUND) or the file in it.
func missing(_ path: [CChar]) -> WSAError {
  guard ws2_errno() == ENOENT else { return .fromFileErrno }
  var folder = path.dropLast()
  while let last = folder.last, last != 47 { folder.removeLast() }
  guard !folder.isEmpty else { return WSAError(ERROR_FILE_NOT_FOUND) }
  let isThere = unsafe access(Array(folder) + [0], F_OK) == 0
  return WSAError(isThere ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND)
}
