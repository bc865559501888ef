public import CWinsock
import Glibc

/// A handle of a terminal.
/// - Throws: ERROR_INVALID_HANDLE: none, or redirected to something else, as on Windows.
private func terminal(_ handle: HANDLE?) throws(WSAError) -> Int32 {
  let descriptor = unsafe try descriptorFile(handle).descriptor
  guard isatty(descriptor) == 1 else { throw WSAError(ERROR_INVALID_HANDLE) }
  return descriptor
}

private func writeConsole<Unit: TextUnit>(
  _ handle: HANDLE?, _ buffer: UnsafeRawPointer?, _ count: DWORD, _ written: LPDWORD?, _ unit: Unit.Type
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let descriptor = try unsafe terminal(handle)
    guard let buffer = unsafe buffer else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let units = unsafe UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: Unit.self), count: Int(count))
    var bytes = unsafe Unit.bytes(of: units)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, ws2_errno() == EINTR { continue }
      bytes = bytes.dropFirst(try checkedFile(count))
    }
    if let written = unsafe written { unsafe written.pointee = count }
    return yes
  }
}

/// Writes to a terminal. Page: WriteConsoleA.
/// - Parameters:
///   - count: Characters; UTF-8.
///   - written: Receives characters; may be NULL.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (no terminal: WriteFile writes to what it is redirected to),
///   ERROR_INVALID_PARAMETER.
@c @implementation
public func WriteConsoleA(
  _ handle: HANDLE?, _ buffer: UnsafeRawPointer?, _ count: DWORD, _ written: LPDWORD?, _ reserved: LPVOID?
) -> WindowsBool {
  unsafe writeConsole(handle, buffer, count, written, CChar.self)
}

/// As WriteConsoleA. Page: WriteConsoleW.
@c @implementation
public func WriteConsoleW(
  _ handle: HANDLE?, _ buffer: UnsafeRawPointer?, _ count: DWORD, _ written: LPDWORD?, _ reserved: LPVOID?
) -> WindowsBool {
  unsafe writeConsole(handle, buffer, count, written, WCHAR.self)
}

/// Bits of a mode that are bits of the terminal's.
private let inputBits: [(mode: Int32, flag: Int32)] = [
  (ENABLE_PROCESSED_INPUT, ISIG), (ENABLE_LINE_INPUT, ICANON), (ENABLE_ECHO_INPUT, ECHO),
]
private let outputModes =
  ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING
  | DISABLE_NEWLINE_AUTO_RETURN

/// Output is known by being written to alone, or by its number; a terminal opened for both is input.
private func isOutput(_ descriptor: Int32) -> Bool {
  descriptor == 1 || descriptor == 2 || ws2_descriptor_flags(descriptor) & O_ACCMODE == O_WRONLY
}

/// Tells how a terminal works. Page: GetConsoleMode.
/// - Parameter mode: Receives, for input, ENABLE_PROCESSED_INPUT, _LINE_INPUT and _ECHO_INPUT; for output what every
///   terminal does: ENABLE_PROCESSED_OUTPUT, _WRAP_AT_EOL_OUTPUT, _VIRTUAL_TERMINAL_PROCESSING.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (no terminal), ERROR_INVALID_PARAMETER.
@c @implementation
public func GetConsoleMode(_ handle: HANDLE?, _ mode: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let descriptor = try unsafe terminal(handle)
    guard let mode = unsafe mode else { throw WSAError(ERROR_INVALID_PARAMETER) }
    if isOutput(descriptor) {
      unsafe mode.pointee = DWORD(outputModes & ~DISABLE_NEWLINE_AUTO_RETURN)
      return yes
    }
    var settings = termios()
    try checkedFile(unsafe tcgetattr(descriptor, &settings))
    let set = inputBits.filter { settings.c_lflag & tcflag_t($0.flag) != 0 }
    unsafe mode.pointee = DWORD(set.reduce(0) { $0 | $1.mode })
    return yes
  }
}

/// Says how a terminal is to work. Page: SetConsoleMode.
/// - Parameter mode: Input: ENABLE_PROCESSED_INPUT (keys that interrupt), _LINE_INPUT, and with it _ECHO_INPUT; what only
///   a window of Windows has is not looked at. Output: nothing changes.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (no terminal), ERROR_INVALID_PARAMETER (echo without lines, unknown
///   bits of output).
@c @implementation
public func SetConsoleMode(_ handle: HANDLE?, _ mode: DWORD) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let descriptor = try unsafe terminal(handle)
    if isOutput(descriptor) {
      guard mode & ~DWORD(outputModes | 0x10) == 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
      return yes
    }
    guard mode & DWORD(ENABLE_ECHO_INPUT) == 0 || mode & DWORD(ENABLE_LINE_INPUT) != 0 else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    var settings = termios()
    try checkedFile(unsafe tcgetattr(descriptor, &settings))
    for (bit, flag) in inputBits {
      if mode & DWORD(bit) != 0 { settings.c_lflag |= tcflag_t(flag) } else { settings.c_lflag &= ~tcflag_t(flag) }
    }
    try checkedFile(unsafe tcsetattr(descriptor, TCSANOW, &settings))
    return yes
  }
}

/// The code page of what is typed. Page: GetConsoleCP.
/// - Returns: CP_UTF8.
@c @implementation
public func GetConsoleCP() -> UINT { UINT(CP_UTF8) }

/// The code page of what is written. Page: GetConsoleOutputCP.
/// - Returns: CP_UTF8.
@c @implementation
public func GetConsoleOutputCP() -> UINT { UINT(CP_UTF8) }

private func setCodePage(_ page: UINT) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard page == UINT(CP_UTF8) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    return yes
  }
}

/// Sets the code page of what is typed. Page: SetConsoleCP.
/// - Parameter page: CP_UTF8: terminals speak UTF-8.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (another one).
@c @implementation
public func SetConsoleCP(_ page: UINT) -> WindowsBool { setCodePage(page) }

/// Sets the code page of what is written. Page: SetConsoleOutputCP.
/// - Parameter page: CP_UTF8: terminals speak UTF-8.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (another one).
@c @implementation
public func SetConsoleOutputCP(_ page: UINT) -> WindowsBool { setCodePage(page) }

private func setTitle(_ title: String?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let title else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard isatty(1) == 1 else { throw WSAError(ERROR_INVALID_HANDLE) }
    let sequence = Array("\u{1b}]0;\(title.filter { !$0.isNewline && $0 != "\u{1b}" && $0 != "\u{7}" })\u{7}".utf8)
    try checkedFile(unsafe write(1, sequence, sequence.count))
    return yes
  }
}

/// Gives the terminal's window a title. Page: SetConsoleTitleA.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (standard output is no terminal), ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func SetConsoleTitleA(_ title: LPCSTR?) -> WindowsBool { unsafe setTitle(string(title)) }

/// As SetConsoleTitleA. Page: SetConsoleTitleW.
@c @implementation
public func SetConsoleTitleW(_ title: LPCWSTR?) -> WindowsBool { unsafe setTitle(string(title)) }
