public import CWinsock
import Glibc

/// Reads from a file, a device or a socket. Page: ReadFile.
/// - Parameters:
///   - count: Bytes.
///   - done: Receives bytes; NULL only with an OVERLAPPED.
///   - overlapped: Needed with FILE_FLAG_OVERLAPPED; its Offset is where a file is read. A file is read before the call
///     returns, and indicated all the same; a device may pend.
/// - Returns: TRUE (0 bytes at the end of a file), or FALSE: ERROR_IO_PENDING, ERROR_HANDLE_EOF (with an OVERLAPPED),
///   ERROR_BROKEN_PIPE, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS, ERROR_INVALID_PARAMETER; WSARecv's
///   errors for a socket.
@c @implementation
public func ReadFile(
  _ handle: HANDLE?, _ buffer: LPVOID?, _ count: DWORD, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  if let socket = unsafe socket(unsafe handle) {
    var data = unsafe WSABUF(len: count, buf: buffer?.assumingMemoryBound(to: CHAR.self))
    var flags: DWORD = 0
    return unsafe WSARecv(socket, &data, 1, done, &flags, overlapped, nil) == 0 ? yes : no
  }
  return unsafe run(handle, .read(buffer, Int(count)), done, overlapped)
}

/// Writes to a file, a device or a socket. Page: WriteFile.
/// - Parameters:
///   - count: Bytes.
///   - done: Receives bytes; NULL only with an OVERLAPPED.
///   - overlapped: As for ReadFile.
/// - Returns: TRUE, or FALSE: as ReadFile; ERROR_DISK_FULL, ERROR_NO_DATA (nobody reads the pipe); WSASend's errors for a
///   socket.
@c @implementation
public func WriteFile(
  _ handle: HANDLE?, _ buffer: LPCVOID?, _ count: DWORD, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  if let socket = unsafe socket(unsafe handle) {
    var data = unsafe WSABUF(
      len: count, buf: UnsafeMutableRawPointer(mutating: buffer)?.assumingMemoryBound(to: CHAR.self))
    return unsafe WSASend(socket, &data, 1, done, 0, overlapped, nil) == 0 ? yes : no
  }
  return unsafe run(handle, .write(buffer, Int(count)), done, overlapped)
}

/// Sends a control code to a device. Page: DeviceIoControl.
/// - Parameters:
///   - inputSize, outputSize: Bytes; the buffers stay until the end of the operation.
///   - returned: Receives the bytes at the output; NULL only with an OVERLAPPED.
///   - overlapped: Needed when the device was opened with FILE_FLAG_OVERLAPPED.
/// - Returns: TRUE, or FALSE: ERROR_IO_PENDING, the device's error, ERROR_INVALID_FUNCTION (a file),
///   ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOACCESS.
@c @implementation
public func DeviceIoControl(
  _ handle: HANDLE?, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
  _ returned: LPDWORD?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  unsafe run(handle, .control(code, input, inputSize, output, outputSize), returned, overlapped)
}

private func run(
  _ handle: HANDLE?, _ transfer: FileObject.Transfer, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe file(handle).run(transfer, done, overlapped)
    return yes
  }
}

func file(_ handle: HANDLE?) throws(WSAError) -> FileObject {
  try HandleTable.object(UInt(bitPattern: handle), as: FileObject.self)
}

/// - Throws: ERROR_INVALID_HANDLE: a device or no file at all.
func descriptorFile(_ handle: HANDLE?) throws(WSAError) -> DescriptorFile {
  try HandleTable.object(UInt(bitPattern: handle), as: DescriptorFile.self)
}

private func socket(_ handle: HANDLE?) -> SOCKET? {
  guard UInt(bitPattern: handle) < HandleTable.first, let socket = try? Socket(SOCKET(UInt(bitPattern: handle))),
    (try? socket.requireSocket()) != nil
  else { return nil }
  return socket.handle
}

/// Writes what the kernel keeps of a file to its disk. Page: FlushFileBuffers.
/// - Returns: TRUE (of a pipe or a terminal too, which have nothing to write), or FALSE: ERROR_INVALID_HANDLE,
///   ERROR_DISK_FULL and others.
@c @implementation
public func FlushFileBuffers(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let result = unsafe fsync(try descriptorFile(handle).descriptor)
    guard result == 0 || ws2_errno() == EINVAL else { throw .fromFileErrno }
    return yes
  }
}
