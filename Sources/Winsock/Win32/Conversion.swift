public import CWinsock

/// The program's text is UTF-8, whatever name it has: CP_ACP and its like too.
private enum CodePage {
  case own
  case utf8

  init(_ number: UINT) throws(WSAError) {
    switch Int32(truncatingIfNeeded: number) {
    case CP_ACP, CP_OEMCP, CP_THREAD_ACP: self = .own
    case CP_UTF8: self = .utf8
    default: throw WSAError(ERROR_INVALID_PARAMETER)
    }
  }
}

/// The code page of this process. Page: GetACP.
/// - Returns: CP_UTF8 (65001).
@c @implementation
public func GetACP() -> UINT { UINT(CP_UTF8) }

/// Makes wide characters of bytes. Page: MultiByteToWideChar.
/// - Parameters:
///   - codePage: CP_UTF8, or CP_ACP, CP_OEMCP, CP_THREAD_ACP, which are UTF-8 too.
///   - flags: MB_ERR_INVALID_CHARS: bytes that are no text are an error, and not U+FFFD. The older flags are good with
///     CP_ACP alone.
///   - count: Bytes; -1: up to the zero, which is converted too.
///   - room: In characters; 0 asks how many are needed.
/// - Returns: How many characters, or 0: ERROR_INVALID_PARAMETER, ERROR_INVALID_FLAGS, ERROR_INSUFFICIENT_BUFFER,
///   ERROR_NO_UNICODE_TRANSLATION.
@c @implementation
public func MultiByteToWideChar(
  _ codePage: UINT, _ flags: DWORD, _ text: LPCCH?, _ count: Int32, _ wide: LPWSTR?, _ room: Int32
) -> Int32 {
  win32(failing: 0) { () throws(WSAError) in
    let page = try CodePage(codePage)
    let known = page == .utf8 ? MB_ERR_INVALID_CHARS : MB_PRECOMPOSED | MB_USEGLYPHCHARS | MB_ERR_INVALID_CHARS
    guard flags & ~known == 0 else { throw WSAError(ERROR_INVALID_FLAGS) }
    guard let text = unsafe text, count != 0, count >= -1, room >= 0, unsafe room == 0 || wide != nil,
      unsafe UnsafeRawPointer(text) != UnsafeRawPointer(wide)
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let length = unsafe count == -1 ? CChar.length(text) + 1 : Int(count)
    let bytes = unsafe CChar.bytes(of: UnsafeBufferPointer(start: text, count: length))
    if flags & MB_ERR_INVALID_CHARS != 0, String(validating: bytes, as: UTF8.self) == nil {
      throw WSAError(ERROR_NO_UNICODE_TRANSLATION)
    }
    return unsafe try give(WCHAR.units(of: bytes), to: wide, room)
  }
}

/// Makes bytes of wide characters. Page: WideCharToMultiByte.
/// - Parameters:
///   - codePage: As for MultiByteToWideChar.
///   - flags: WC_ERR_INVALID_CHARS: what is no character is an error, and not U+FFFD. The older flags are good with
///     CP_ACP alone.
///   - count: Characters; -1: up to the zero, which is converted too.
///   - room: In bytes; 0 asks how many are needed.
///   - replacement: NULL for CP_UTF8; for CP_ACP not needed, as every character has bytes. So `isReplaced`, which
///     receives FALSE.
/// - Returns: How many bytes, or 0: ERROR_INVALID_PARAMETER, ERROR_INVALID_FLAGS, ERROR_INSUFFICIENT_BUFFER,
///   ERROR_NO_UNICODE_TRANSLATION.
@c @implementation
public func WideCharToMultiByte(
  _ codePage: UINT, _ flags: DWORD, _ wide: LPCWSTR?, _ count: Int32, _ text: LPSTR?, _ room: Int32,
  _ replacement: LPCCH?, _ isReplaced: LPBOOL?
) -> Int32 {
  win32(failing: 0) { () throws(WSAError) in
    let page = try CodePage(codePage)
    let known =
      page == .utf8 ? WC_ERR_INVALID_CHARS : WC_COMPOSITECHECK | WC_NO_BEST_FIT_CHARS | WC_ERR_INVALID_CHARS | 0x70
    guard flags & ~known == 0 else { throw WSAError(ERROR_INVALID_FLAGS) }
    guard let wide = unsafe wide, count != 0, count >= -1, room >= 0, unsafe room == 0 || text != nil,
      unsafe UnsafeRawPointer(wide) != UnsafeRawPointer(text),
      unsafe page == .own || (replacement == nil && isReplaced == nil)
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let length = unsafe count == -1 ? WCHAR.length(wide) + 1 : Int(count)
    let units = unsafe UnsafeBufferPointer(start: wide, count: length)
    if flags & WC_ERR_INVALID_CHARS != 0, unsafe !WCHAR.isText(units) { throw WSAError(ERROR_NO_UNICODE_TRANSLATION) }
    unsafe isReplaced?.pointee = no
    return unsafe try give(CChar.units(of: WCHAR.bytes(of: units)), to: text, room)
  }
}

private func give<Unit: TextUnit>(
  _ units: [Unit], to buffer: UnsafeMutablePointer<Unit>?, _ room: Int32
) throws(WSAError) -> Int32 {
  guard room > 0, let buffer = unsafe buffer else { return Int32(clamping: units.count) }
  guard units.count <= Int(room) else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
  for (index, unit) in units.enumerated() { unsafe buffer[index] = unit }
  return Int32(units.count)
}
