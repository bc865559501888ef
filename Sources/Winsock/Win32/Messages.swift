public import CWinsock

/// Makes a text: the library's for an error number, or of one with places for values. Page: FormatMessageA.
/// - Parameters:
///   - flags: FORMAT_MESSAGE_FROM_SYSTEM: of a number of wsaerror.def, Winsock's or Win32's, or an HRESULT or NTSTATUS
///     that wraps one; FORMAT_MESSAGE_FROM_STRING: of the source; FORMAT_MESSAGE_ALLOCATE_BUFFER: `buffer` receives a
///     block for LocalFree; FORMAT_MESSAGE_IGNORE_INSERTS: %1 stays; FORMAT_MESSAGE_ARGUMENT_ARRAY: `values` is an array
///     of words; _MAX_WIDTH_MASK: no line ends. FORMAT_MESSAGE_FROM_HMODULE: no module here has texts.
///   - message: The number.
///   - language: Not looked at.
///   - size: Of the buffer in characters; with ALLOCATE_BUFFER the least.
///   - values: For %1 to %99: a text, or with !d!, !u!, !x! and their like a number.
/// - Returns: Characters without the zero, or 0: ERROR_MR_MID_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER,
///   ERROR_INVALID_PARAMETER.
@c @implementation
public func FormatMessageA(
  _ flags: DWORD, _ source: LPCVOID?, _ message: DWORD, _ language: DWORD, _ buffer: LPSTR?, _ size: DWORD,
  _ values: WS2_VALUES?
) -> DWORD {
  unsafe format(flags, source, message, buffer, size, values)
}

/// As FormatMessageA. Page: FormatMessageW.
@c @implementation
public func FormatMessageW(
  _ flags: DWORD, _ source: LPCVOID?, _ message: DWORD, _ language: DWORD, _ buffer: LPWSTR?, _ size: DWORD,
  _ values: WS2_VALUES?
) -> DWORD {
  unsafe format(flags, source, message, buffer, size, values)
}

private func format<Unit: TextUnit>(
  _ flags: DWORD, _ source: LPCVOID?, _ message: DWORD, _ buffer: UnsafeMutablePointer<Unit>?, _ size: DWORD,
  _ values: WS2_VALUES?
) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in
    let has = { (flag: Int32) in flags & DWORD(flag) != 0 }
    guard let buffer = unsafe buffer else { throw WSAError(ERROR_INVALID_PARAMETER) }
    var text: String
    if has(FORMAT_MESSAGE_FROM_STRING) {
      guard let given = unsafe string(source?.assumingMemoryBound(to: Unit.self)) else {
        throw WSAError(ERROR_INVALID_PARAMETER)
      }
      text = given
    } else {
      guard has(FORMAT_MESSAGE_FROM_SYSTEM) || has(FORMAT_MESSAGE_FROM_HMODULE) else {
        throw WSAError(ERROR_INVALID_PARAMETER)
      }
      guard has(FORMAT_MESSAGE_FROM_SYSTEM), let known = systemText(message) else {
        throw WSAError(ERROR_MR_MID_NOT_FOUND)
      }
      text = known
    }
    if !has(FORMAT_MESSAGE_IGNORE_INSERTS) {
      var filling = unsafe MessageFilling(text, Unit.self, values, isArray: has(FORMAT_MESSAGE_ARGUMENT_ARRAY))
      text = try filling.run()
    }
    if flags & DWORD(FORMAT_MESSAGE_MAX_WIDTH_MASK) == DWORD(FORMAT_MESSAGE_MAX_WIDTH_MASK) {
      text = text.replacing("\r\n", with: " ")
    }
    let units = Unit.units(of: Array(text.utf8))
    if has(FORMAT_MESSAGE_ALLOCATE_BUFFER) {
      let count = max(units.count + 1, Int(size))
      guard let block = unsafe LocalAlloc(UINT(LMEM_ZEROINIT), SIZE_T(count * MemoryLayout<Unit>.stride)) else {
        throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
      }
      _ = unsafe copy(Array(text.utf8), to: block.assumingMemoryBound(to: Unit.self), room: count)
      unsafe UnsafeMutableRawPointer(buffer).storeBytes(of: UInt(bitPattern: block), as: UInt.self)
    } else {
      guard unsafe copy(Array(text.utf8), to: buffer, room: Int(size)) else {
        throw WSAError(ERROR_INSUFFICIENT_BUFFER)
      }
    }
    return DWORD(units.count)
  }
}

/// As Windows' texts: a sentence and the end of the line. An HRESULT of a Win32 error, and NT's wrapping of one, have its
/// number in the lower half.
private func systemText(_ message: DWORD) -> String? {
  let isWrapped = message & 0xffff_0000 == 0x8007_0000 || message & 0xffff_0000 == 0xC007_0000
  let number = Int32(truncatingIfNeeded: isWrapped ? message & 0xffff : message)
  for index in 0..<Int32(ws2_error_row_count()) {
    let row = unsafe ws2_error_row_at(index)
    guard unsafe row.value == number else { continue }
    let meaning = unsafe String(cString: row.meaning)
    return meaning.prefix(1).uppercased() + meaning.dropFirst() + ".\r\n"
  }
  return nil
}

/// Puts values in the places of a text.
@safe
private struct MessageFilling<Unit: TextUnit> {
  private var rest: Substring
  private let values: WS2_VALUES?
  private let isArray: Bool
  /// What was taken of a va_list, which can be gone through once.
  private var taken: [UInt] = []

  init(_ text: String, _ unit: Unit.Type, _ values: WS2_VALUES?, isArray: Bool) {
    rest = text[...]
    unsafe self.values = unsafe values
    self.isArray = isArray
  }

  mutating func run() throws(WSAError) -> String {
    var answer = ""
    while let character = rest.popFirst() {
      guard character == "%", let next = rest.popFirst() else {
        answer.append(character)
        continue
      }
      switch next {
      case "0": return answer  // the end, without a line end
      case "n": answer += "\r\n"
      case "r": answer += "\r"
      case "t": answer += "\t"
      case "b": answer += " "
      case "1"..."9": answer += try value(next)
      default: answer.append(next)
      }
    }
    return answer
  }

  private mutating func value(_ first: Character) throws(WSAError) -> String {
    var digits = String(first)
    if let second = rest.first, ("0"..."9").contains(second) { digits.append(rest.removeFirst()) }
    var kind = "s"
    if rest.first == "!", let end = rest.dropFirst().firstIndex(of: "!") {
      kind = String(rest.dropFirst()[..<end])
      rest = rest[rest.index(after: end)...]
    }
    let word = try word(Int(digits) ?? 1)
    let isLong = kind.contains("ll") || kind.contains("I64")
    switch kind.last {
    case "d", "i": return isLong ? String(Int(bitPattern: word)) : String(Int32(truncatingIfNeeded: word))
    case "u": return isLong ? String(word) : String(UInt32(truncatingIfNeeded: word))
    case "x": return String(isLong ? word : word & 0xffff_ffff, radix: 16)
    case "X": return String(isLong ? word : word & 0xffff_ffff, radix: 16, uppercase: true)
    case "s": return unsafe string(UnsafePointer<Unit>(bitPattern: word)) ?? "(null)"
    default: throw WSAError(ERROR_INVALID_PARAMETER)
    }
  }

  private mutating func word(_ number: Int) throws(WSAError) -> UInt {
    guard let values = unsafe values else { throw WSAError(ERROR_INVALID_PARAMETER) }
    if isArray { return unsafe values.load(fromByteOffset: (number - 1) * MemoryLayout<UInt>.stride, as: UInt.self) }
    while taken.count < number { taken.append(unsafe ws2_next_value(values)) }
    return taken[number - 1]
  }
}
