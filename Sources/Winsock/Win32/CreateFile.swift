public import CWinsock
import Glibc

/// Opens or makes a file, or opens the device of a plug-in. Page: CreateFileA.
/// - Parameters:
///   - name: A path with either kind of slash, or `\\.\NAME`; NUL, CON, CONIN$, CONOUT$.
///   - access: GENERIC_READ, GENERIC_WRITE, both, GENERIC_ALL, or 0: only to ask about it.
///   - sharing: Not looked at: Linux' files are shared.
///   - security: bInheritHandle: a program that is executed has it too.
///   - disposition: CREATE_NEW, CREATE_ALWAYS, OPEN_EXISTING, OPEN_ALWAYS or TRUNCATE_EXISTING.
///   - flags: FILE_FLAG_OVERLAPPED, _DELETE_ON_CLOSE, _WRITE_THROUGH, _BACKUP_SEMANTICS (a folder), and
///     FILE_ATTRIBUTE_READONLY for what is made; others are hints.
/// - Returns: A handle, or INVALID_HANDLE_VALUE: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_FILE_EXISTS,
///   ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER and others; a device's own error. With CREATE_ALWAYS and OPEN_ALWAYS
///   the last error of a success is ERROR_ALREADY_EXISTS or 0.
@c @implementation
public func CreateFileA(
  _ name: LPCSTR?, _ access: DWORD, _ sharing: DWORD, _ security: LPSECURITY_ATTRIBUTES?, _ disposition: DWORD,
  _ flags: DWORD, _ template: HANDLE?
) -> HANDLE? {
  unsafe create(name, access, security, disposition, flags)
}

/// As CreateFileA. Page: CreateFileW.
@c @implementation
public func CreateFileW(
  _ name: LPCWSTR?, _ access: DWORD, _ sharing: DWORD, _ security: LPSECURITY_ATTRIBUTES?, _ disposition: DWORD,
  _ flags: DWORD, _ template: HANDLE?
) -> HANDLE? {
  unsafe create(name, access, security, disposition, flags)
}

private let invalidHandle = UInt.max

private func create<Unit: TextUnit>(
  _ name: UnsafePointer<Unit>?, _ access: DWORD, _ security: LPSECURITY_ATTRIBUTES?, _ disposition: DWORD,
  _ flags: DWORD
) -> HANDLE? {
  unsafe win32(failing: HANDLE(bitPattern: invalidHandle)) { () throws(WSAError) in
    switch try unsafe FileName(name) {
    case .device(let name):
      guard (CREATE_NEW...TRUNCATE_EXISTING).contains(Int32(clamping: disposition)) else {
        throw WSAError(ERROR_INVALID_PARAMETER)
      }
      return unsafe HandleTable.open(
        try DeviceFile(named: name, access, isOverlapped: flags & FILE_FLAG_OVERLAPPED != 0))
    case .path(let path):
      let opening = try FileOpening(
        access, disposition, flags, isInherited: unsafe (security?.pointee.bInheritHandle ?? 0) != 0)
      let (file, existed) = try opening.run(path)
      if disposition == DWORD(CREATE_ALWAYS) || disposition == DWORD(OPEN_ALWAYS) {
        ws2_set_last_error(existed ? Int32(ERROR_ALREADY_EXISTS) : 0)
      }
      return unsafe HandleTable.open(file)
    }
  }
}

/// CreateFile's words in open(2)'s.
private struct FileOpening {
  private let flags: DWORD
  private let disposition: Int32
  private var bits: Int32
  private let mode: UInt32
  private let isInherited: Bool

  init(_ access: DWORD, _ disposition: DWORD, _ flags: DWORD, isInherited: Bool) throws(WSAError) {
    let all = access & GENERIC_ALL != 0
    // FILE_READ_DATA, FILE_WRITE_DATA and FILE_APPEND_DATA are 1, 2 and 4.
    let (reads, writes) = (all || access & (GENERIC_READ | 1) != 0, all || access & (GENERIC_WRITE | 6) != 0)
    self.disposition = Int32(clamping: disposition)
    guard (CREATE_NEW...TRUNCATE_EXISTING).contains(self.disposition),
      self.disposition != TRUNCATE_EXISTING || writes
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    self.flags = flags
    self.isInherited = isInherited
    bits = writes ? (reads ? O_RDWR : O_WRONLY) : reads ? O_RDONLY : ws2_flag_path()
    if self.disposition != OPEN_EXISTING, bits == ws2_flag_path() { bits = O_RDONLY }  // O_PATH makes nothing
    if access & (GENERIC_WRITE | GENERIC_ALL | 2) == 0, access & 4 != 0 { bits |= O_APPEND }
    if flags & FILE_FLAG_WRITE_THROUGH != 0 { bits |= O_SYNC }
    bits |= O_NOCTTY
    mode = flags & DWORD(FILE_ATTRIBUTE_READONLY) != 0 ? 0o444 : 0o666
  }

  /// - Returns: The file, and whether it was there before.
  func run(_ path: [CChar]) throws(WSAError) -> (DescriptorFile, existed: Bool) {
    let (descriptor, existed) = try open(path)
    var status = stat()
    if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      flags & FILE_FLAG_BACKUP_SEMANTICS == 0
    {
      close(descriptor)
      throw WSAError(ERROR_ACCESS_DENIED)
    }
    if isInherited { _ = ws2_keep_on_exec(descriptor) }
    let file = DescriptorFile(
      descriptor, isOverlapped: flags & FILE_FLAG_OVERLAPPED != 0,
      deletedPath: flags & FILE_FLAG_DELETE_ON_CLOSE != 0 ? path : nil)
    return (file, existed)
  }

  private func open(_ path: [CChar]) throws(WSAError) -> (Int32, existed: Bool) {
    let truncates = disposition == CREATE_ALWAYS || disposition == TRUNCATE_EXISTING ? O_TRUNC : 0
    guard disposition != OPEN_EXISTING, disposition != TRUNCATE_EXISTING else {
      return (try opened(path, bits | truncates), true)
    }
    // Who makes the file is told so by the kernel, at one moment.
    while true {
      let made = unsafe ws2_open(path, bits | O_CREAT | O_EXCL, mode)
      if made >= 0 { return (made, false) }
      guard ws2_errno() == EEXIST, disposition != CREATE_NEW else { throw missing(path) }
      let found = unsafe ws2_open(path, bits | truncates, 0)
      if found >= 0 { return (found, true) }
      guard ws2_errno() == ENOENT else { throw .fromFileErrno }
    }
  }

  private func opened(_ path: [CChar], _ bits: Int32) throws(WSAError) -> Int32 {
    let descriptor = unsafe ws2_open(path, bits, 0)
    guard descriptor >= 0 else { throw missing(path) }
    return descriptor
  }
}
