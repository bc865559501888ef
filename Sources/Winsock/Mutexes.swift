public import CWinsock

/// Makes a mutex. A wait gives it to the thread that waits, again and again to its owner; each wait needs a
/// ReleaseMutex. When its owner ends, the next wait says WAIT_ABANDONED_0. Page: CreateMutexA.
/// - Parameters:
///   - isOwned: The caller owns it at once.
///   - name: NULL: nothing here joins processes.
/// - Returns: A handle, or NULL: ERROR_NOT_SUPPORTED (it has a name).
@c @implementation
public func CreateMutexA(_ security: LPSECURITY_ATTRIBUTES?, _ isOwned: WindowsBool, _ name: LPCSTR?) -> HANDLE? {
  unsafe create(isNamed: name != nil) { MutexObject(owner: isOwned != 0 ? .current : nil) }
}

/// As CreateMutexA. Page: CreateMutexW.
@c @implementation
public func CreateMutexW(_ security: LPSECURITY_ATTRIBUTES?, _ isOwned: WindowsBool, _ name: LPCWSTR?) -> HANDLE? {
  unsafe create(isNamed: name != nil) { MutexObject(owner: isOwned != 0 ? .current : nil) }
}

/// Undoes one wait of its owner. Page: ReleaseMutex.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_NOT_OWNER.
@c @implementation
public func ReleaseMutex(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let mutex = try HandleTable.object(UInt(bitPattern: handle), as: MutexObject.self)
    let thread = ThreadRecord.current
    try locked { () throws(WSAError) in try mutex.releaseLocked(by: thread) }
    return yes
  }
}
