public import CWinsock

/// Makes a semaphore. Page: CreateSemaphoreA.
/// - Parameters:
///   - count: How many waits it lets through at first, 0 to maximum.
///   - maximum: What ReleaseSemaphore may not pass; above 0.
///   - name: NULL: nothing here joins processes.
/// - Returns: A handle, or NULL: ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED (it has a name).
@c @implementation
public func CreateSemaphoreA(
  _ security: LPSECURITY_ATTRIBUTES?, _ count: LONG, _ maximum: LONG, _ name: LPCSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try Semaphore(count: count, maximum: maximum) }
}

/// As CreateSemaphoreA. Page: CreateSemaphoreW.
@c @implementation
public func CreateSemaphoreW(
  _ security: LPSECURITY_ATTRIBUTES?, _ count: LONG, _ maximum: LONG, _ name: LPCWSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try Semaphore(count: count, maximum: maximum) }
}

/// Adds to a semaphore's count, all or nothing, and lets as many waits through. Page: ReleaseSemaphore.
/// - Parameters:
///   - more: Above 0.
///   - previous: Receives the count before; may be NULL.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_TOO_MANY_POSTS.
@c @implementation
public func ReleaseSemaphore(_ handle: HANDLE?, _ more: LONG, _ previous: LPLONG?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let semaphore = try HandleTable.object(UInt(bitPattern: handle), as: Semaphore.self)
    let count = try locked { () throws(WSAError) in try semaphore.releaseLocked(more) }
    if let previous = unsafe previous { unsafe previous.pointee = count }
    return yes
  }
}
