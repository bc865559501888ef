public import CWinsock
import Glibc

/// The command line as Windows has it: one text, with quotes where an argument has blanks.
private enum CommandLine {
  static let text: [UInt8] = {
    let arguments = contents(of: "/proc/self/cmdline").split(separator: 0, omittingEmptySubsequences: false).dropLast()
    return Array(arguments.map(quoted).joined(separator: [UInt8(ascii: " ")]))
  }()

  // Never freed: the program may keep them.
  nonisolated(unsafe) static let narrow: LPSTR? = unsafe kept(CChar.units(of: text))
  nonisolated(unsafe) static let wide: LPWSTR? = unsafe kept(WCHAR.units(of: text))

  private static func kept<Unit: TextUnit>(_ units: [Unit]) -> UnsafeMutablePointer<Unit>? {
    let memory = UnsafeMutablePointer<Unit>.allocate(capacity: units.count + 1)
    for (index, unit) in (units + [0]).enumerated() { unsafe (memory + index).initialize(to: unit) }
    return unsafe memory
  }

  /// By the rules of Microsoft's page "Parsing C Command-Line Arguments": a backslash is only special before a quote.
  private static func quoted(_ argument: ArraySlice<UInt8>) -> [UInt8] {
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    let needsQuotes = argument.isEmpty || argument.contains { $0 == 32 || $0 == 9 || $0 == quote }
    guard needsQuotes else { return Array(argument) }
    var (answer, backslashes) = ([quote], 0)
    for byte in argument {
      if byte == quote { answer += [UInt8](repeating: backslash, count: backslashes + 1) }
      backslashes = byte == backslash ? backslashes + 1 : 0
      answer.append(byte)
    }
    return answer + [UInt8](repeating: backslash, count: backslashes) + [quote]
  }
}

/// The command line of this process. Page: GetCommandLineA.
/// - Returns: Text that stays, and is not to be written to.
@c @implementation
public func GetCommandLineA() -> LPSTR? { unsafe CommandLine.narrow }

/// As GetCommandLineA. Page: GetCommandLineW.
@c @implementation
public func GetCommandLineW() -> LPWSTR? { unsafe CommandLine.wide }

private func variable<Unit: TextUnit>(
  _ name: UnsafePointer<Unit>?, _ buffer: UnsafeMutablePointer<Unit>?, _ room: DWORD
) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in
    guard let name = unsafe string(name) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard let value = unsafe getenv(name) else { throw WSAError(ERROR_ENVVAR_NOT_FOUND) }
    let text = unsafe CChar.bytes(of: UnsafePointer(value)) ?? []
    ws2_set_last_error(0)
    return unsafe lengthOrRoom(text, buffer, room)
  }
}

private func setVariable<Unit: TextUnit>(_ name: UnsafePointer<Unit>?, _ value: UnsafePointer<Unit>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let name = unsafe string(name), !name.isEmpty, !name.contains("=") else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    if let value = unsafe string(value) {
      guard unsafe setenv(name, value, 1) == 0 else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
    } else {
      guard unsafe getenv(name) != nil else { throw WSAError(ERROR_ENVVAR_NOT_FOUND) }
      unsafe unsetenv(name)
    }
    return yes
  }
}

/// The value of an environment variable; its name's case counts, as Linux has it. Page: GetEnvironmentVariableA.
/// - Parameter room: Of the buffer in characters with the zero.
/// - Returns: Characters without the zero; or, when the buffer is too small, with it, and nothing is written; or 0:
///   ERROR_ENVVAR_NOT_FOUND. An empty value is 0 with ERROR_SUCCESS.
@c @implementation
public func GetEnvironmentVariableA(_ name: LPCSTR?, _ buffer: LPSTR?, _ room: DWORD) -> DWORD {
  unsafe variable(name, buffer, room)
}

/// As GetEnvironmentVariableA. Page: GetEnvironmentVariableW.
@c @implementation
public func GetEnvironmentVariableW(_ name: LPCWSTR?, _ buffer: LPWSTR?, _ room: DWORD) -> DWORD {
  unsafe variable(name, buffer, room)
}

/// Sets an environment variable, for getenv() too, or removes it. Page: SetEnvironmentVariableA.
/// - Parameter value: NULL removes it.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (the name), ERROR_ENVVAR_NOT_FOUND (nothing to remove).
@c @implementation
public func SetEnvironmentVariableA(_ name: LPCSTR?, _ value: LPCSTR?) -> WindowsBool {
  unsafe setVariable(name, value)
}

/// As SetEnvironmentVariableA. Page: SetEnvironmentVariableW.
@c @implementation
public func SetEnvironmentVariableW(_ name: LPCWSTR?, _ value: LPCWSTR?) -> WindowsBool {
  unsafe setVariable(name, value)
}

private func currentDirectory() -> [UInt8] {
  var path = [CChar](repeating: 0, count: 4097)
  guard unsafe getcwd(&path, path.count) != nil else { return [] }
  return path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
}

/// The current folder. Page: GetCurrentDirectoryA.
/// - Parameter room: Of the buffer in characters with the zero.
/// - Returns: Characters without the zero; or with it, when the buffer is too small.
@c @implementation
public func GetCurrentDirectoryA(_ room: DWORD, _ buffer: LPSTR?) -> DWORD {
  unsafe lengthOrRoom(currentDirectory(), buffer, room)
}

/// As GetCurrentDirectoryA. Page: GetCurrentDirectoryW.
@c @implementation
public func GetCurrentDirectoryW(_ room: DWORD, _ buffer: LPWSTR?) -> DWORD {
  unsafe lengthOrRoom(currentDirectory(), buffer, room)
}
