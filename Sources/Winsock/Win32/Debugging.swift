public import CWinsock
import Glibc

/// Whether another process traces this one (ptrace). Page: IsDebuggerPresent.
@c @implementation
public func IsDebuggerPresent() -> WindowsBool {
  let status = String(decoding: contents(of: "/proc/self/status"), as: UTF8.self)
  let line = status.split(separator: "\n").first { $0.hasPrefix("TracerPid:") }
  return line?.split(whereSeparator: \.isWhitespace).last == "0" ? no : yes
}

/// Shows a text to the debugger: on standard error, when there is one; else it goes nowhere, as on Windows.
/// Page: OutputDebugStringA.
@c @implementation
public func OutputDebugStringA(_ text: LPCSTR?) { show(unsafe CChar.bytes(of: text)) }

/// As OutputDebugStringA. Page: OutputDebugStringW.
@c @implementation
public func OutputDebugStringW(_ text: LPCWSTR?) { show(unsafe WCHAR.bytes(of: text)) }

private func show(_ text: [UInt8]?) {
  guard let text, IsDebuggerPresent() == yes else { return }
  _ = unsafe write(STDERR_FILENO, text, text.count)
}
