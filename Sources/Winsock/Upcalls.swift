public import CWinsock

/// The upcall table that ws2_32 hands to a provider on Windows, for a program that calls WSPStartup itself.
/// Page: WSPStartup.
/// - Parameter table: Receives the 15 upcalls.
@c @implementation
public func ws2_upcall_table(_ table: LPWSPUPCALLTABLE?) { unsafe fill(table) }

func fill(_ table: LPWSPUPCALLTABLE?) {
  unsafe table?.pointee = unsafe WSPUPCALLTABLE(
    lpWPUCloseEvent: WPUCloseEvent, lpWPUCloseSocketHandle: WPUCloseSocketHandle, lpWPUCreateEvent: WPUCreateEvent,
    lpWPUCreateSocketHandle: WPUCreateSocketHandle, lpWPUFDIsSet: WPUFDIsSet, lpWPUGetProviderPath: WPUGetProviderPath,
    lpWPUModifyIFSHandle: WPUModifyIFSHandle, lpWPUPostMessage: WPUPostMessage,
    lpWPUQueryBlockingCallback: WPUQueryBlockingCallback,
    lpWPUQuerySocketHandleContext: WPUQuerySocketHandleContext, lpWPUQueueApc: WPUQueueApc,
    lpWPUResetEvent: WPUResetEvent, lpWPUSetEvent: WPUSetEvent, lpWPUOpenCurrentThread: WPUOpenCurrentThread,
    lpWPUCloseThread: WPUCloseThread)
}

/// Makes an event: manual reset, not signalled. Page: WPUCreateEvent.
/// - Returns: The handle, or WSA_INVALID_EVENT.
@c @implementation
public func WPUCreateEvent(_ error: LPINT?) -> WSAEVENT? {
  unsafe HandleTable.open(Event(isManual: true, isSignalled: false))
}

/// Closes an event of WPUCreateEvent. FALSE and WSA_INVALID_HANDLE for what is none. Page: WPUCloseEvent.
@c @implementation
public func WPUCloseEvent(_ event: WSAEVENT?, _ error: LPINT?) -> WindowsBool {
  unsafe upcall(error, failing: no) { () throws(WSAError) in
    _ = try HandleTable.event(UInt(bitPattern: event))
    try unsafe HandleTable.close(event)
    return yes
  }
}

/// Signals an event. FALSE and WSA_INVALID_HANDLE for what is none. Page: WPUSetEvent.
@c @implementation
public func WPUSetEvent(_ event: WSAEVENT?, _ error: LPINT?) -> WindowsBool {
  unsafe upcall(error, failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).signal()
    return yes
  }
}

/// Takes an event's signal back. FALSE and WSA_INVALID_HANDLE for what is none. Page: WPUResetEvent.
@c @implementation
public func WPUResetEvent(_ event: WSAEVENT?, _ error: LPINT?) -> WindowsBool {
  unsafe upcall(error, failing: no) { () throws(WSAError) in
    try HandleTable.event(UInt(bitPattern: event)).reset()
    return yes
  }
}

/// Whether the socket is in the set: not 0 when it is. Page: WPUFDIsSet.
@c @implementation
public func WPUFDIsSet(_ handle: SOCKET, _ set: UnsafeMutablePointer<ws2_fd_set>?) -> Int32 {
  guard let set = unsafe set else { return 0 }
  return unsafe ws2_fd_isset(handle, set)
}

/// Where a provider's library lies. This library has no catalogue of providers. Page: WPUGetProviderPath.
/// - Returns: SOCKET_ERROR; *lpErrno is WSAEINVAL, as for a provider that is not known.
@c @implementation
public func WPUGetProviderPath(
  _ identifier: LPGUID?, _ path: UnsafeMutablePointer<WCHAR>?, _ length: LPINT?, _ error: LPINT?
) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in throw WSAError(WSAEINVAL) }
}

/// What a provider has to call when a socket of its own is a system handle: here every socket is, and keeps its number.
/// Page: WPUModifyIFSHandle.
/// - Returns: The proposed handle, or INVALID_SOCKET and WSAEINVAL when it is no socket.
@c @implementation
public func WPUModifyIFSHandle(_ entry: DWORD, _ proposed: SOCKET, _ error: LPINT?) -> SOCKET {
  unsafe upcall(error, failing: invalidSocket) { () throws(WSAError) in
    guard (try? Socket(proposed).requireSocket()) != nil else { throw WSAError(WSAEINVAL) }
    return proposed
  }
}

/// Posts a message to a window, and here is none. Page: WPUPostMessage.
/// - Returns: FALSE; GetLastError says ERROR_NOT_SUPPORTED.
@c @implementation
public func WPUPostMessage(_ window: HWND?, _ message: UINT, _ first: WPARAM, _ second: LPARAM) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in throw WSAError(ERROR_NOT_SUPPORTED) }
}

/// The blocking hook of Winsock 1.1, which nobody can install here. Page: WPUQueryBlockingCallback.
/// - Returns: 0, with a NULL callback; SOCKET_ERROR and WSAEFAULT without a place for it.
@c @implementation
public func WPUQueryBlockingCallback(
  _ entry: DWORD, _ callback: UnsafeMutablePointer<LPBLOCKINGCALLBACK?>?, _ context: PDWORD_PTR?, _ error: LPINT?
) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    guard let callback = unsafe callback, unsafe isWritable(callback, MemoryLayout<UInt>.size),
      let context = unsafe context, unsafe isWritable(context, MemoryLayout<DWORD_PTR>.size)
    else { throw WSAError(WSAEFAULT) }
    unsafe callback.pointee = nil
    unsafe context.pointee = 0
    return 0
  }
}
