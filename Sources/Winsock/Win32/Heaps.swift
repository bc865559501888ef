public import CWinsock

/// The heap that every process has. Page: GetProcessHeap.
@c @implementation
public func GetProcessHeap() -> HANDLE? { unsafe HANDLE(ws2_process_heap()) }

/// Makes a heap, whose blocks go with it. Page: HeapCreate.
/// - Parameters:
///   - options: HEAP_ flags; not looked at: it always serializes, and nothing raises.
///   - initial: Bytes; not looked at.
///   - maximum: Bytes that its blocks may have together; 0: it grows.
/// - Returns: The heap, or NULL: ERROR_NOT_ENOUGH_MEMORY.
@c @implementation
public func HeapCreate(_ options: DWORD, _ initial: SIZE_T, _ maximum: SIZE_T) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let heap = unsafe ws2_heap_make(Int(clamping: maximum)) else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
    return unsafe HANDLE(heap)
  }
}

/// Ends a heap and frees its blocks. Page: HeapDestroy.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (the process's heap too).
@c @implementation
public func HeapDestroy(_ heap: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard unsafe ws2_heap_destroy(heap) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return yes
  }
}

/// Allocates a block. Page: HeapAlloc.
/// - Parameters:
///   - flags: HEAP_ZERO_MEMORY; others are not looked at.
///   - size: Bytes; 0 is good.
/// - Returns: The block, aligned to 16 bytes, or NULL, which sets no last error, as on Windows.
@c @implementation
public func HeapAlloc(_ heap: HANDLE?, _ flags: DWORD, _ size: SIZE_T) -> LPVOID? {
  unsafe ws2_heap_allocate(heap, Int(clamping: size), flags & HEAP_ZERO_MEMORY != 0)
}

/// Gives a block another size; what it had stays. Page: HeapReAlloc.
/// - Parameters:
///   - flags: HEAP_ZERO_MEMORY: for what is new; HEAP_REALLOC_IN_PLACE_ONLY: it does not move.
///   - size: Bytes.
/// - Returns: The block, which may have moved, or NULL, and the old one stays; no last error.
@c @implementation
public func HeapReAlloc(_ heap: HANDLE?, _ flags: DWORD, _ memory: LPVOID?, _ size: SIZE_T) -> LPVOID? {
  guard let memory = unsafe memory else { return nil }
  return unsafe ws2_heap_reallocate(
    heap, memory, Int(clamping: size), flags & HEAP_ZERO_MEMORY != 0, flags & HEAP_REALLOC_IN_PLACE_ONLY != 0)
}

/// Frees a block. Page: HeapFree.
/// - Parameter memory: NULL: nothing is done, and that succeeds.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (no block of this heap).
@c @implementation
public func HeapFree(_ heap: HANDLE?, _ flags: DWORD, _ memory: LPVOID?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let memory = unsafe memory else { return yes }
    guard unsafe ws2_heap_free(heap, memory) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    return yes
  }
}

/// The size that was asked for. Page: HeapSize.
/// - Returns: Bytes, or (SIZE_T)-1, without a last error.
@c @implementation
public func HeapSize(_ heap: HANDLE?, _ flags: DWORD, _ memory: LPCVOID?) -> SIZE_T {
  guard let memory = unsafe memory else { return .max }
  let size = unsafe ws2_heap_size(heap, memory)
  return SIZE_T(bitPattern: Int(size))
}

/// Whether a heap, or a block of it, looks like one. Page: HeapValidate.
/// - Parameter memory: NULL: the heap itself.
/// - Returns: TRUE or FALSE, without a last error.
@c @implementation
public func HeapValidate(_ heap: HANDLE?, _ flags: DWORD, _ memory: LPCVOID?) -> WindowsBool {
  guard let memory = unsafe memory else { return unsafe ws2_heap_is(heap) ? yes : no }
  return unsafe HeapSize(unsafe heap, flags, unsafe memory) == .max ? no : yes
}

/// Sets how a heap works, which is the C library's here: known classes succeed without effect.
/// Page: HeapSetInformation.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (another class).
@c @implementation
public func HeapSetInformation(
  _ heap: HANDLE?, _ kind: HEAP_INFORMATION_CLASS, _ information: PVOID?, _ size: SIZE_T
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let known = [HeapCompatibilityInformation.rawValue, HeapEnableTerminationOnCorruption.rawValue]
    guard known.contains(kind.rawValue) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    return yes
  }
}
