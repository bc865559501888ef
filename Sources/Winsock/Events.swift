public import CWinsock

/// BOOL: a C int, whose name Swift's importer does not keep.
public typealias WindowsBool = Int32
let yes: WindowsBool = 1
let no: WindowsBool = 0

@c @implementation
public func CreateEventA(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ isSignalled: WindowsBool, _ name: LPCSTR?
) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    // A name would join processes, and nothing here does.
    guard unsafe name == nil else { throw WSAError(ERROR_NOT_SUPPORTED) }
    return unsafe HandleTable.open(Event(isManual: isManual != 0, isSignalled: isSignalled != 0))
  }
}

@c @implementation
public func CreateEventW(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ isSignalled: WindowsBool, _ name: LPCWSTR?
) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard unsafe name == nil else { throw WSAError(ERROR_NOT_SUPPORTED) }
    return unsafe HandleTable.open(Event(isManual: isManual != 0, isSignalled: isSignalled != 0))
  }
}

@c @implementation
public func SetEvent(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: handle)).signal()
    return yes
  }
}

@c @implementation
public func ResetEvent(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: handle)).reset()
    return yes
  }
}

@c @implementation
public func WSACreateEvent() -> WSAEVENT? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    unsafe HandleTable.open(Event(isManual: true, isSignalled: false))
  }
}

@c @implementation
public func WSACloseEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    _ = try HandleTable.event(UInt(bitPattern: event))
    try unsafe HandleTable.close(event)
    return yes
  }
}

@c @implementation
public func WSASetEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).signal()
    return yes
  }
}

@c @implementation
public func WSAResetEvent(_ event: WSAEVENT?) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).reset()
    return yes
  }
}
