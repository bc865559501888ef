import CWinsock
import Glibc

/// What CreateFile opens: a file or a device. As a waitable object it is always ready; overlapped operations have events.
class FileObject: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  /// FILE_FLAG_OVERLAPPED.
  final let isOverlapped: Bool
  private final var storedPort: PortAssociation?
  private final var modes: UCHAR = 0

  init(isOverlapped: Bool) {
    self.isOverlapped = isOverlapped
    super.init(isSignalled: true)
  }

  /// - Throws: ERROR_INVALID_PARAMETER: a port serves it already.
  final func associate(_ port: PortAssociation) throws(WSAError) {
    try locked { () throws(WSAError) in
      guard storedPort == nil else { throw WSAError(ERROR_INVALID_PARAMETER) }
      storedPort = port
    }
  }

  final func add(modes: UCHAR) { locked { self.modes |= modes } }
  final var port: PortAssociation? { locked { storedPort } }
  final var skipsPortOnSuccess: Bool { locked { modes & UCHAR(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0 } }

  /// The operations of one transfer: bytes to or from memory, or a control code.
  @unsafe enum Transfer {
    case read(UnsafeMutableRawPointer?, Int)
    case write(UnsafeRawPointer?, Int)
    case control(DWORD, UnsafeMutableRawPointer?, DWORD, UnsafeMutableRawPointer?, DWORD)
  }

  /// - Parameter done: Receives the bytes; may be NULL with an OVERLAPPED.
  /// - Throws: ERROR_IO_PENDING too.
  func run(_ transfer: Transfer, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?) throws(WSAError) {
    throw WSAError(ERROR_INVALID_FUNCTION)
  }

  /// Ends the requests under way that are wanted back.
  /// - Returns: How many there were.
  func cancel(_ isWanted: (_ overlapped: UInt, _ thread: ThreadRecord) -> Bool) -> Int { 0 }

  /// Judges what every transfer has.
  final func judge(_ done: LPDWORD?, _ overlapped: LPOVERLAPPED?) throws(WSAError) {
    guard unsafe overlapped != nil || (!isOverlapped && done != nil) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    if let overlapped = unsafe overlapped {
      guard unsafe isWritable(overlapped, MemoryLayout<OVERLAPPED>.size) else { throw WSAError(ERROR_NOACCESS) }
    }
    guard unsafe done == nil || isWritable(done, MemoryLayout<DWORD>.size) else { throw WSAError(ERROR_NOACCESS) }
  }
}

/// A file of Linux: a regular one, a terminal, a pipe.
final class DescriptorFile: FileObject, @unchecked Sendable {
  let descriptor: Int32
  private let isOwned: Bool
  private let deletedPath: [CChar]?

  /// - Parameters:
  ///   - isOwned: It is closed with the object.
  ///   - deletedPath: FILE_FLAG_DELETE_ON_CLOSE.
  init(_ descriptor: Int32, isOverlapped: Bool = false, isOwned: Bool = true, deletedPath: [CChar]? = nil) {
    self.descriptor = descriptor
    self.isOwned = isOwned
    self.deletedPath = deletedPath
    super.init(isOverlapped: isOverlapped)
  }

  deinit {
    if isOwned { close(descriptor) }
    if let deletedPath { unsafe unlink(deletedPath) }
  }

  var isSeekable: Bool { lseek(descriptor, 0, SEEK_CUR) >= 0 }

  override func run(_ transfer: Transfer, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?) throws(WSAError) {
    try unsafe judge(done, overlapped)
    if let done = unsafe done { unsafe done.pointee = 0 }
    let indication = unsafe overlapped == nil ? nil : try Indication(overlapped!, nil, port)
    var position: Int64?
    if let overlapped = unsafe overlapped, isSeekable {
      position = unsafe Int64(overlapped.pointee.Offset) | Int64(overlapped.pointee.OffsetHigh) << 32
    }
    let count = try unsafe move(transfer, position)
    // Without FILE_FLAG_OVERLAPPED the file's own position moves along.
    if let position, !isOverlapped { lseek(descriptor, off_t(position) + off_t(count), SEEK_SET) }
    if let done = unsafe done { unsafe done.pointee = DWORD(count) }
    guard let indication, let overlapped = unsafe overlapped else { return }
    indication.begin()
    unsafe indication.deliver(
      OperationResult(bytes: DWORD(count), flags: overlapped.pointee.Offset), overlapped, to: .current,
      skipsPort: skipsPortOnSuccess)
  }

  private func move(_ transfer: Transfer, _ position: Int64?) throws(WSAError) -> Int {
    while true {
      let count: Int
      switch unsafe transfer {
      case .read(let buffer, let size):
        count =
          unsafe position.map { unsafe pread(descriptor, buffer, size, off_t($0)) } ?? read(descriptor, buffer, size)
        if count == 0, size > 0 { try endOfFile(at: position) }
      case .write(let buffer, let size):
        count =
          unsafe position.map { unsafe pwrite(descriptor, buffer, size, off_t($0)) } ?? write(descriptor, buffer, size)
      case .control: throw WSAError(ERROR_INVALID_FUNCTION)
      }
      if count < 0, ws2_errno() == EINTR { continue }
      if count < 0, ws2_errno() == EBADF { throw WSAError(ERROR_ACCESS_DENIED) }  // opened for the other direction
      return try checkedFile(count)
    }
  }

  /// ReadFile's page: 0 bytes without an OVERLAPPED; with one an error; a pipe's end is one too.
  private func endOfFile(at position: Int64?) throws(WSAError) {
    if position != nil { throw WSAError(ERROR_HANDLE_EOF) }
    if kind == S_IFIFO { throw WSAError(ERROR_BROKEN_PIPE) }
  }

  var kind: mode_t {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
  }
}
