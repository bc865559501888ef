import CWinsock
import Glibc

// <conio.h> on standard input: a terminal gives its keys without waiting for a line's end, another file its bytes.

/// Whether a key was pressed that nobody has read. Page: _kbhit.
/// - Returns: Not 0, or 0; at the end of a file 0.
@c @implementation
public func _kbhit() -> Int32 { ws2_console_key(false) >= 0 ? 1 : 0 }

/// Waits for a key, which is not shown. Page: _getch.
/// - Returns: A byte; -1 (EOF): standard input has ended.
@c @implementation
public func _getch() -> Int32 { ws2_console_key(true) }

/// Waits for a key, and shows it. Page: _getche.
/// - Returns: A byte; -1 (EOF): standard input has ended.
@c @implementation
public func _getche() -> Int32 {
  let key = ws2_console_key(true)
  return key < 0 ? key : _putch(key)
}

/// Writes a byte to standard output, at once. Page: _putch.
/// - Returns: The byte, or -1 (EOF).
@c @implementation
public func _putch(_ character: Int32) -> Int32 {
  var byte = UInt8(truncatingIfNeeded: character)
  return unsafe write(1, &byte, 1) == 1 ? character : -1
}
