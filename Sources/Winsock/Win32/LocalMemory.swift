public import CWinsock

// Blocks of the process's heap. A movable block is a fixed one: its handle is its address.

private func allocate(_ flags: UINT, _ size: SIZE_T) -> UnsafeMutableRawPointer? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    let memory = unsafe ws2_heap_allocate(processHeap, Int(clamping: size), flags & UINT(LMEM_ZEROINIT) != 0)
    guard let memory = unsafe memory else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
    return unsafe memory
  }
}

private var processHeap: UnsafeMutableRawPointer? { unsafe GetProcessHeap() }

/// - Returns: NULL when it is freed, or the block: ERROR_INVALID_HANDLE.
private func free(_ memory: HANDLE?) -> HANDLE? {
  unsafe win32(failing: memory) { () throws(WSAError) in
    guard let memory = unsafe memory else { return nil }
    guard unsafe ws2_heap_free(processHeap, memory) else { throw WSAError(ERROR_INVALID_HANDLE) }
    return nil
  }
}

private func size(_ memory: HANDLE?) -> SIZE_T {
  win32(failing: 0) { () throws(WSAError) in
    let size = unsafe HeapSize(GetProcessHeap(), 0, unsafe memory)
    guard size != .max else { throw WSAError(ERROR_INVALID_HANDLE) }
    return size
  }
}

/// Allocates a block. Page: LocalAlloc.
/// - Parameters:
///   - flags: LMEM_ZEROINIT; LMEM_MOVEABLE makes no difference.
///   - size: Bytes.
/// - Returns: The block, or NULL: ERROR_NOT_ENOUGH_MEMORY.
@c @implementation
public func LocalAlloc(_ flags: UINT, _ size: SIZE_T) -> HLOCAL? { unsafe allocate(flags, size) }

/// Gives a block another size. Page: LocalReAlloc.
/// - Parameters:
///   - size: Bytes.
///   - flags: LMEM_ZEROINIT: for what is new.
/// - Returns: The block, which may have moved, or NULL: ERROR_NOT_ENOUGH_MEMORY, ERROR_INVALID_HANDLE.
@c @implementation
public func LocalReAlloc(_ memory: HLOCAL?, _ bytes: SIZE_T, _ flags: UINT) -> HLOCAL? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard unsafe HeapSize(GetProcessHeap(), 0, unsafe memory) != .max else { throw WSAError(ERROR_INVALID_HANDLE) }
    let zero = flags & UINT(LMEM_ZEROINIT) != 0 ? HEAP_ZERO_MEMORY : 0
    guard let moved = unsafe HeapReAlloc(GetProcessHeap(), zero, memory, bytes) else {
      throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
    }
    return unsafe moved
  }
}

/// Frees a block of LocalAlloc, or of FormatMessage. Page: LocalFree.
/// - Returns: NULL, or the block: ERROR_INVALID_HANDLE.
@c @implementation
public func LocalFree(_ memory: HLOCAL?) -> HLOCAL? { unsafe free(memory) }

/// The size that was asked for. Page: LocalSize.
/// - Returns: Bytes, or 0: ERROR_INVALID_HANDLE.
@c @implementation
public func LocalSize(_ memory: HLOCAL?) -> SIZE_T { unsafe size(memory) }

/// As LocalAlloc. Page: GlobalAlloc.
/// - Parameter flags: GMEM_ZEROINIT; GMEM_MOVEABLE makes no difference.
@c @implementation
public func GlobalAlloc(_ flags: UINT, _ size: SIZE_T) -> HGLOBAL? { unsafe allocate(flags, size) }

/// As LocalFree. Page: GlobalFree.
@c @implementation
public func GlobalFree(_ memory: HGLOBAL?) -> HGLOBAL? { unsafe free(memory) }

/// The address of a block, which never moves. Page: GlobalLock.
/// - Returns: The address, or NULL: ERROR_INVALID_HANDLE.
@c @implementation
public func GlobalLock(_ memory: HGLOBAL?) -> LPVOID? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard unsafe HeapSize(GetProcessHeap(), 0, unsafe memory) != .max else { throw WSAError(ERROR_INVALID_HANDLE) }
    return unsafe memory
  }
}

/// As for a fixed block: there is nothing to unlock. Page: GlobalUnlock.
/// - Returns: TRUE.
@c @implementation
public func GlobalUnlock(_ memory: HGLOBAL?) -> WindowsBool { yes }

/// As LocalSize. Page: GlobalSize.
@c @implementation
public func GlobalSize(_ memory: HGLOBAL?) -> SIZE_T { unsafe size(memory) }
