public import CWinsock

/// BOOL: a C int, whose name Swift's importer does not keep.
public typealias WindowsBool = Int32
let yes: WindowsBool = 1
let no: WindowsBool = 0

/// Makes an event. Page: CreateEventA.
/// - Parameters:
///   - isManual: It stays signalled until ResetEvent; else the end of a wait resets it.
///   - name: NULL: nothing here joins processes.
/// - Returns: A handle, or NULL: ERROR_NOT_SUPPORTED (it has a name).
@c @implementation
public func CreateEventA(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ isSignalled: WindowsBool, _ name: LPCSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { Event(isManual: isManual != 0, isSignalled: isSignalled != 0) }
}

/// As CreateEventA. Page: CreateEventW.
@c @implementation
public func CreateEventW(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ isSignalled: WindowsBool, _ name: LPCWSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { Event(isManual: isManual != 0, isSignalled: isSignalled != 0) }
}

/// As CreateEventA. Page: CreateEventExA.
/// - Parameters:
///   - flags: CREATE_EVENT_MANUAL_RESET, CREATE_EVENT_INITIAL_SET.
///   - access: Not looked at.
/// - Returns: A handle, or NULL: ERROR_NOT_SUPPORTED (it has a name), ERROR_INVALID_PARAMETER (unknown flags).
@c @implementation
public func CreateEventExA(
  _ security: LPSECURITY_ATTRIBUTES?, _ name: LPCSTR?, _ flags: DWORD, _ access: DWORD
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try event(flags) }
}

/// As CreateEventExA. Page: CreateEventExW.
@c @implementation
public func CreateEventExW(
  _ security: LPSECURITY_ATTRIBUTES?, _ name: LPCWSTR?, _ flags: DWORD, _ access: DWORD
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try event(flags) }
}

private func event(_ flags: DWORD) throws(WSAError) -> Event {
  guard flags & ~(CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET) == 0 else {
    throw WSAError(ERROR_INVALID_PARAMETER)
  }
  return Event(
    isManual: flags & CREATE_EVENT_MANUAL_RESET != 0, isSignalled: flags & CREATE_EVENT_INITIAL_SET != 0)
}

/// A new object's first handle. A name would join processes, and nothing here does.
func create(isNamed: Bool, _ make: () throws(WSAError) -> KernelObject) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard !isNamed else { throw WSAError(ERROR_NOT_SUPPORTED) }
    return unsafe HandleTable.open(try make())
  }
}

/// Signals an event: all waits end, or one when it is not a manual one. Page: SetEvent.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func SetEvent(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: handle)).signal()
    return yes
  }
}

/// The event is no longer signalled. Page: ResetEvent.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func ResetEvent(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: handle)).reset()
    return yes
  }
}

/// Makes a manual event that is not signalled. Page: WSACreateEvent.
/// - Returns: A handle, or WSA_INVALID_EVENT: WSANOTINITIALISED.
@c @implementation
public func WSACreateEvent() -> WSAEVENT? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    unsafe HandleTable.open(Event(isManual: true, isSignalled: false))
  }
}

/// Closes an event's handle. Page: WSACloseEvent.
/// - Returns: TRUE, or FALSE: WSA_INVALID_HANDLE (another object's too), WSANOTINITIALISED.
@c @implementation
public func WSACloseEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    _ = try HandleTable.event(UInt(bitPattern: event))
    try unsafe HandleTable.close(event)
    return yes
  }
}

/// As SetEvent. Page: WSASetEvent.
/// - Returns: TRUE, or FALSE: WSA_INVALID_HANDLE, WSANOTINITIALISED.
@c @implementation
public func WSASetEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).signal()
    return yes
  }
}

/// As ResetEvent. Page: WSAResetEvent.
/// - Returns: TRUE, or FALSE: WSA_INVALID_HANDLE, WSANOTINITIALISED.
@c @implementation
public func WSAResetEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).reset()
    return yes
  }
}
