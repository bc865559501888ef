import CWinsock
import Glibc

/// The procedures that may be overlapped. Their completion routines go to the thread that the caller names, by the
/// provider's WPUQueueApc: WSAEFAULT when there is a routine and no thread, or no such upcall.
extension Provider {
  func ioctl(
    _ handle: SOCKET, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
    _ returned: LPDWORD?, _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?,
    _ thread: LPWSATHREADID?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      unsafe control(
        handle, code, input, inputSize, output, outputSize, returned, overlapped, bind(routine, to: thread))
    }
  }

  func receive(
    _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: LPDWORD?, _ flags: LPDWORD?,
    _ from: UnsafeMutablePointer<sockaddr>?, _ fromSize: LPINT?, _ overlapped: LPWSAOVERLAPPED?,
    _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?, _ thread: LPWSATHREADID?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      unsafe Winsock.receive(
        handle, buffers, count, received, flags, from, fromSize, overlapped, bind(routine, to: thread))
    }
  }

  func send(
    _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: LPDWORD?, _ flags: DWORD,
    _ name: UnsafePointer<sockaddr>?, _ nameSize: Int32, _ overlapped: LPWSAOVERLAPPED?,
    _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?, _ thread: LPWSATHREADID?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      unsafe Winsock.send(
        handle, buffers, count, sent, flags, name, nameSize, overlapped, bind(routine, to: thread))
    }
  }

  func getOverlappedResult(
    _ handle: SOCKET, _ overlapped: LPWSAOVERLAPPED?, _ transferred: LPDWORD?, _ waits: WindowsBool,
    _ flags: LPDWORD?, _ error: LPINT?
  ) -> WindowsBool {
    unsafe procedure(error, failing: no) {
      unsafe overlappedResult(handle, overlapped, transferred, waits, flags, missing: WSAError(WSAEINVAL))
    }
  }

  private func bind(
    _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?, to thread: LPWSATHREADID?
  ) -> CompletionRoutine? {
    guard unsafe routine != nil else { return nil }
    return unsafe CompletionRoutine(routine, convention, ProviderThread(self, thread))
  }
}
