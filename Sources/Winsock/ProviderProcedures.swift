import CWinsock
import Glibc

/// The procedures whose counterparts are Winsock's own functions. Each page says of the errors what its counterpart's
/// page says; they come through *lpErrno.
extension Provider {
  func accept(
    _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: LPINT?, _ condition: LPCONDITIONPROC?,
    _ callbackData: DWORD_PTR, _ error: LPINT?
  ) -> SOCKET {
    unsafe procedure(error, failing: invalidSocket) {
      unsafe Winsock.accept(handle, name, size, Callback(condition, convention), callbackData)
    }
  }

  func bind(_ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_bind(handle, name, size) }
  }

  func cleanUp(_ error: LPINT?) -> Int32 {
    unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
      guard ws2_callback_depth() == 0 else { throw WSAError(WSAEINPROGRESS) }
      try cleanUp()
      return 0
    }
  }

  func closeSocket(_ handle: SOCKET, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { closesocket(handle) }
  }

  func connect(
    _ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32, _ callerData: LPWSABUF?,
    _ calleeData: LPWSABUF?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      unsafe WSAConnect(handle, name, size, callerData, calleeData, nil, nil)
    }
  }

  func duplicateSocket(
    _ handle: SOCKET, _ process: DWORD, _ info: LPWSAPROTOCOL_INFOW?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe WSADuplicateSocketW(handle, process, info) }
  }

  func getPeerName(
    _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: LPINT?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_getpeername(handle, name, size) }
  }

  func eventSelect(_ handle: SOCKET, _ event: WSAEVENT?, _ events: LONG, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe WSAEventSelect(handle, event, events) }
  }

  func enumNetworkEvents(
    _ handle: SOCKET, _ event: WSAEVENT?, _ answer: LPWSANETWORKEVENTS?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe WSAEnumNetworkEvents(handle, event, answer) }
  }

  func getSockName(
    _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: LPINT?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_getsockname(handle, name, size) }
  }

  func getSockOpt(
    _ handle: SOCKET, _ level: Int32, _ name: Int32, _ value: UnsafeMutablePointer<CChar>?, _ size: LPINT?,
    _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_getsockopt(handle, level, name, value, size) }
  }

  func listen(_ handle: SOCKET, _ backlog: Int32, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { ws2_listen(handle, backlog) }
  }

  func select(
    _ read: UnsafeMutablePointer<ws2_fd_set>?, _ write: UnsafeMutablePointer<ws2_fd_set>?,
    _ except: UnsafeMutablePointer<ws2_fd_set>?, _ timeout: UnsafePointer<timeval>?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_select(0, read, write, except, timeout) }
  }

  func setSockOpt(
    _ handle: SOCKET, _ level: Int32, _ name: Int32, _ value: UnsafePointer<CChar>?, _ size: Int32, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe ws2_setsockopt(handle, level, name, value, size) }
  }

  func shutdown(_ handle: SOCKET, _ how: Int32, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { ws2_shutdown(handle, how) }
  }

  func socket(
    _ family: Int32, _ type: Int32, _ transport: Int32, _ info: LPWSAPROTOCOL_INFOW?, _ group: GROUP, _ flags: DWORD,
    _ error: LPINT?
  ) -> SOCKET {
    unsafe procedure(error, failing: invalidSocket) { unsafe WSASocketW(family, type, transport, info, group, flags) }
  }
}

/// The procedures that this provider refuses, and those that have a small meaning of their own.
extension Provider {
  /// WSAEOPNOTSUPP, as a provider says that has no such thing.
  func refuse<Result: Equatable>(_ handle: SOCKET, failing failure: Result, _ error: LPINT?) -> Result {
    unsafe procedure(error, failing: failure) {
      winsock(failing: failure) { () throws(WSAError) in
        try Socket(handle).requireSocket()
        throw WSAError(WSAEOPNOTSUPP)
      }
    }
  }

  func refuse(_ handle: SOCKET, _ error: LPINT?) -> Int32 { unsafe refuse(handle, failing: SOCKET_ERROR, error) }

  /// Winsock 1.1's blocking hooks, which version 2 took away: no call of this provider can be cancelled so.
  func cancelBlockingCall(_ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      winsock(failing: SOCKET_ERROR) { () throws(WSAError) in throw WSAError(WSAEOPNOTSUPP) }
    }
  }

  /// TCP carries no data with its end, so none arrives.
  func receiveDisconnect(_ handle: SOCKET, _ data: LPWSABUF?, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe WSARecvDisconnect(handle, data) }
  }

  func sendDisconnect(_ handle: SOCKET, _ data: LPWSABUF?, _ error: LPINT?) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) { unsafe WSASendDisconnect(handle, data) }
  }
}
