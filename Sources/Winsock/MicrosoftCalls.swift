public import CWinsock

// What the headers make of functions that take a callback under WFPSHIM_MS_ABI (ws2msabi.h). In every other respect
// each is the function whose name it carries.

/// WSAAccept for a condition function of the Windows x64 convention. Page: WSAAccept.
@c @implementation
public func ws2_ms_WSAAccept(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?,
  _ condition: LPCONDITIONPROC?, _ callbackData: DWORD_PTR
) -> SOCKET {
  unsafe accept(handle, name, size, Callback(condition, .windows), callbackData)
}

/// WSASend for a completion routine of the Windows x64 convention. Page: WSASend.
@c @implementation
public func ws2_ms_WSASend(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: UnsafeMutablePointer<DWORD>?, _ flags: DWORD,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe ws2_ms_WSASendTo(handle, buffers, count, sent, flags, nil, 0, overlapped, routine)
}

/// WSASendTo for a completion routine of the Windows x64 convention. Page: WSASendTo.
@c @implementation
public func ws2_ms_WSASendTo(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: UnsafeMutablePointer<DWORD>?, _ flags: DWORD,
  _ name: UnsafePointer<sockaddr>?, _ nameSize: Int32, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe send(handle, buffers, count, sent, flags, name, nameSize, overlapped, CompletionRoutine(routine, .windows))
}

/// WSARecv for a completion routine of the Windows x64 convention. Page: WSARecv.
@c @implementation
public func ws2_ms_WSARecv(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: UnsafeMutablePointer<DWORD>?,
  _ flags: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe ws2_ms_WSARecvFrom(handle, buffers, count, received, flags, nil, nil, overlapped, routine)
}

/// WSARecvFrom for a completion routine of the Windows x64 convention. Page: WSARecvFrom.
@c @implementation
public func ws2_ms_WSARecvFrom(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: UnsafeMutablePointer<DWORD>?,
  _ flags: UnsafeMutablePointer<DWORD>?, _ from: UnsafeMutablePointer<sockaddr>?,
  _ fromSize: UnsafeMutablePointer<Int32>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe receive(
    handle, buffers, count, received, flags, from, fromSize, overlapped, CompletionRoutine(routine, .windows))
}

/// WSAIoctl for a completion routine of the Windows x64 convention. Page: WSAIoctl.
@c @implementation
public func ws2_ms_WSAIoctl(
  _ handle: SOCKET, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
  _ returned: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe control(
    handle, code, input, inputSize, output, outputSize, returned, overlapped, CompletionRoutine(routine, .windows),
    .windows)
}

/// WSARecvMsg for a completion routine of the Windows x64 convention. Page: LPFN_WSARECVMSG.
@c @implementation
public func ws2_ms_WSARecvMsg(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ received: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe receiveMessage(handle, message, received, overlapped, CompletionRoutine(routine, .windows))
}

/// WSASendMsg for a completion routine of the Windows x64 convention. Page: WSASendMsg.
@c @implementation
public func ws2_ms_WSASendMsg(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ flags: DWORD, _ sent: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe sendMessage(handle, message, flags, sent, overlapped, CompletionRoutine(routine, .windows))
}

/// CreateThread for a start routine of the Windows x64 convention. Page: CreateThread.
@c @implementation
public func ws2_ms_CreateThread(
  _ security: LPSECURITY_ATTRIBUTES?, _ stackSize: SIZE_T, _ routine: LPTHREAD_START_ROUTINE?, _ parameter: LPVOID?,
  _ flags: DWORD, _ identifier: LPDWORD?
) -> HANDLE? {
  unsafe startThread(stackSize, Callback(routine, .windows), parameter, flags, identifier)
}

/// QueueUserAPC for a procedure of the Windows x64 convention. Page: QueueUserAPC.
@c @implementation
public func ws2_ms_QueueUserAPC(_ routine: PAPCFUNC?, _ handle: HANDLE?, _ data: ULONG_PTR) -> DWORD {
  unsafe queueCall(Callback(routine, .windows), handle, data)
}

/// SetWaitableTimer for a routine of the Windows x64 convention. Page: SetWaitableTimer.
@c @implementation
public func ws2_ms_SetWaitableTimer(
  _ handle: HANDLE?, _ due: UnsafePointer<LARGE_INTEGER>?, _ period: LONG, _ routine: PTIMERAPCROUTINE?,
  _ argument: LPVOID?, _ resumes: WindowsBool
) -> WindowsBool {
  unsafe setTimer(handle, due, period, Callback(routine, .windows), argument, resumes)
}

/// WSPStartup for a provider whose callbacks are of the Windows x64 convention. Page: WSPStartup.
@c @implementation
public func ws2_ms_WSPStartup(
  _ requested: WORD, _ data: LPWSPDATA?, _ info: LPWSAPROTOCOL_INFOW?, _ upcalls: WSPUPCALLTABLE,
  _ table: LPWSPPROC_TABLE?
) -> Int32 {
  unsafe startProvider(requested, data, info, upcalls, table, .windows)
}

/// WPUQueueApc for a procedure of the Windows x64 convention. Page: WPUQueueApc.
@c @implementation
public func ws2_ms_WPUQueueApc(
  _ thread: LPWSATHREADID?, _ routine: LPWSAUSERAPC?, _ context: DWORD_PTR, _ error: LPINT?
) -> Int32 {
  unsafe queueCall(Callback(routine, .windows), to: thread, context, error)
}

/// ws2_upcall_table for a provider whose callbacks are of the Windows x64 convention. Page: WSPStartup.
@c @implementation
public func ws2_ms_upcall_table(_ table: LPWSPUPCALLTABLE?) {
  unsafe fill(table)
  unsafe table?.pointee.lpWPUQueueApc = ws2_ms_WPUQueueApc
}
