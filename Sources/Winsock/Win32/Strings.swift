public import CWinsock

// Windows' own string functions: of UTF-8 in the A ones. Comparison is of the characters' numbers, no language's order.

private func compare<Unit: TextUnit>(
  _ first: UnsafePointer<Unit>?, _ second: UnsafePointer<Unit>?, folds: Bool
) -> Int32 {
  guard var left = unsafe string(first) else { return unsafe second == nil ? 0 : -1 }
  guard var right = unsafe string(second) else { return 1 }
  if folds { (left, right) = (left.lowercased(), right.lowercased()) }
  if left.unicodeScalars.elementsEqual(right.unicodeScalars) { return 0 }
  return left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars) ? -1 : 1
}

/// - Parameter room: In characters with the zero; what does not fit is cut.
private func copy<Unit: TextUnit>(
  _ source: UnsafePointer<Unit>?, to target: UnsafeMutablePointer<Unit>?, room: Int = .max
) -> UnsafeMutablePointer<Unit>? {
  guard let source = unsafe source, let target = unsafe target, room > 0 else { return nil }
  let count = unsafe min(Unit.length(source), room - 1)
  for index in 0..<count { unsafe target[index] = source[index] }
  unsafe target[count] = 0
  return unsafe target
}

private func append<Unit: TextUnit>(
  _ source: UnsafePointer<Unit>?, to target: UnsafeMutablePointer<Unit>?
) -> UnsafeMutablePointer<Unit>? {
  guard let target = unsafe target, unsafe source != nil else { return nil }
  _ = unsafe copy(source, to: target + Unit.length(target))
  return unsafe target
}

/// The length of a text. Page: lstrlenA.
/// - Returns: Bytes without the zero; 0 for NULL.
@c @implementation
public func lstrlenA(_ text: LPCSTR?) -> Int32 {
  guard let text = unsafe text else { return 0 }
  return unsafe Int32(clamping: CChar.length(text))
}

/// The length of a text. Page: lstrlenW.
/// - Returns: Characters without the zero; 0 for NULL.
@c @implementation
public func lstrlenW(_ text: LPCWSTR?) -> Int32 {
  guard let text = unsafe text else { return 0 }
  return unsafe Int32(clamping: WCHAR.length(text))
}

/// Compares two texts by their characters' numbers. Page: lstrcmpA.
/// - Returns: Below 0, 0 or above 0; NULL is before every text.
@c @implementation
public func lstrcmpA(_ first: LPCSTR?, _ second: LPCSTR?) -> Int32 { unsafe compare(first, second, folds: false) }

/// As lstrcmpA. Page: lstrcmpW.
@c @implementation
public func lstrcmpW(_ first: LPCWSTR?, _ second: LPCWSTR?) -> Int32 { unsafe compare(first, second, folds: false) }

/// As lstrcmpA, upper and lower case alike. Page: lstrcmpiA.
@c @implementation
public func lstrcmpiA(_ first: LPCSTR?, _ second: LPCSTR?) -> Int32 { unsafe compare(first, second, folds: true) }

/// As lstrcmpiA. Page: lstrcmpiW.
@c @implementation
public func lstrcmpiW(_ first: LPCWSTR?, _ second: LPCWSTR?) -> Int32 { unsafe compare(first, second, folds: true) }

/// Copies a text; the caller knows that there is room. Page: lstrcpyA.
/// - Returns: The target, or NULL for a NULL.
@c @implementation
public func lstrcpyA(_ target: LPSTR?, _ source: LPCSTR?) -> LPSTR? { unsafe copy(source, to: target) }

/// As lstrcpyA. Page: lstrcpyW.
@c @implementation
public func lstrcpyW(_ target: LPWSTR?, _ source: LPCWSTR?) -> LPWSTR? { unsafe copy(source, to: target) }

/// Copies what fits of a text. Page: lstrcpynA.
/// - Parameter room: Bytes with the zero, which is always written.
/// - Returns: The target, or NULL for a NULL or no room.
@c @implementation
public func lstrcpynA(_ target: LPSTR?, _ source: LPCSTR?, _ room: Int32) -> LPSTR? {
  unsafe copy(source, to: target, room: Int(room))
}

/// As lstrcpynA, in characters. Page: lstrcpynW.
@c @implementation
public func lstrcpynW(_ target: LPWSTR?, _ source: LPCWSTR?, _ room: Int32) -> LPWSTR? {
  unsafe copy(source, to: target, room: Int(room))
}

/// Appends a text; the caller knows that there is room. Page: lstrcatA.
/// - Returns: The target, or NULL for a NULL.
@c @implementation
public func lstrcatA(_ target: LPSTR?, _ source: LPCSTR?) -> LPSTR? { unsafe append(source, to: target) }

/// As lstrcatA. Page: lstrcatW.
@c @implementation
public func lstrcatW(_ target: LPWSTR?, _ source: LPCWSTR?) -> LPWSTR? { unsafe append(source, to: target) }
