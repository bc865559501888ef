public import CWinsock

/// What WPUOpenCurrentThread's handle names.
private final class OpenedThread: KernelObject {
  let record = ThreadRecord.current

  init() { super.init(isSignalled: false) }
}

/// Names the calling thread, for WPUQueueApc from any thread. Page: WPUOpenCurrentThread.
/// - Parameter thread: Receives the name; WPUCloseThread gives it back.
/// - Returns: 0, or SOCKET_ERROR and WSAEFAULT in *lpErrno.
@c @implementation
public func WPUOpenCurrentThread(_ thread: LPWSATHREADID?, _ error: LPINT?) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    guard let thread = unsafe thread, unsafe isWritable(thread, MemoryLayout<WSATHREADID>.size) else {
      throw WSAError(WSAEFAULT)
    }
    unsafe thread.pointee = unsafe WSATHREADID(ThreadHandle: HandleTable.open(OpenedThread()), Reserved: 0)
    return 0
  }
}

/// Gives a name of WPUOpenCurrentThread back. Page: WPUCloseThread.
/// - Returns: 0, or SOCKET_ERROR and WSAEFAULT in *lpErrno for what is none.
@c @implementation
public func WPUCloseThread(_ thread: LPWSATHREADID?, _ error: LPINT?) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    let handle = try unsafe handle(of: thread)
    guard (try? HandleTable.object(handle, as: OpenedThread.self)) != nil,
      (try? unsafe HandleTable.close(HANDLE(bitPattern: handle))) != nil
    else { throw WSAError(WSAEFAULT) }
    return 0
  }
}

/// Queues a call to a thread, which runs it when it waits alertably. Page: WPUQueueApc.
/// - Parameters:
///   - thread: Of WPUOpenCurrentThread, or with a handle of CreateThread. Read now, and not kept.
///   - routine: What is called.
///   - context: Its argument.
/// - Returns: 0, or SOCKET_ERROR and WSAEFAULT in *lpErrno: no such thread, or it has ended.
@c @implementation
public func WPUQueueApc(
  _ thread: LPWSATHREADID?, _ routine: LPWSAUSERAPC?, _ context: DWORD_PTR, _ error: LPINT?
) -> Int32 {
  unsafe queueCall(Callback(routine), to: thread, context, error)
}

/// WPUQueueApc, whoever calls it.
func queueCall(
  _ routine: Callback<LPWSAUSERAPC>?, to thread: LPWSATHREADID?, _ context: DWORD_PTR, _ error: LPINT?
) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    let handle = try unsafe handle(of: thread)
    guard let routine, let record = record(handle), record.queue({ routine(context) }) else {
      throw WSAError(WSAEFAULT)
    }
    return 0
  }
}

private func handle(of thread: LPWSATHREADID?) throws(WSAError) -> UInt {
  guard let thread = unsafe thread, unsafe isReadable(thread, MemoryLayout<WSATHREADID>.size) else {
    throw WSAError(WSAEFAULT)
  }
  return UInt(bitPattern: unsafe thread.pointee.ThreadHandle)
}

private func record(_ handle: UInt) -> ThreadRecord? {
  if let opened = try? HandleTable.object(handle, as: OpenedThread.self) { return opened.record }
  return try? HandleTable.thread(handle).record
}
