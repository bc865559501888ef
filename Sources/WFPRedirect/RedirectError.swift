internal import CRedirect
internal import Glibc

/// Why a control code failed (SPEC S2, S3 and S12: the errors of wfp_ioctl.h).
public enum RedirectError: Error, Hashable, Sendable {
  /// The kernel answered (ENOTTY): the process runs without the preload. Start it with `wfpctl run`, or with
  /// `LD_PRELOAD=libwfpshim.so`.
  case noPreload
  /// A query: the connection was not redirected, or brings no context of the provider that serves this endpoint.
  /// Setting records: they are truncated, altered or of another engine, or the socket is connected or listens (EINVAL).
  case invalid
  /// The record is still on its way and the socket does not block: wait until the socket is readable and ask again
  /// (EINPROGRESS).
  case pending
  /// The socket is not connected (ENOTCONN).
  case notConnected
  /// No socket, or no open descriptor (ENOTSOCK).
  case notSocket
  /// A family of sockets that no filter looks at, such as AF_UNIX (EOPNOTSUPP).
  case notSupported
  /// The engine cannot be used: wrong owner, mode or version, or damaged; `wfpctl doctor` says more (ENETDOWN).
  case engineUnusable
  /// The policy asks for a privilege that the process does not have (EACCES).
  case accessDenied
  /// A signal came while the call waited for a record (EINTR).
  case interrupted
  /// The buffer is too small and was not written: `needed` bytes are wanted (ENOBUFS).
  case insufficientBuffer(needed: Int)
  /// Another errno.
  case system(CInt)

  /// The one table of the border.
  init(errno: CInt, needed: UInt32) {
    self =
      switch errno {
      case ENOTTY: .noPreload
      case EINVAL: .invalid
      case EINPROGRESS: .pending
      case ENOTCONN: .notConnected
      case ENOTSOCK, EBADF: .notSocket
      case EOPNOTSUPP, ENOPROTOOPT: .notSupported
      case ENETDOWN: .engineUnusable
      case EACCES: .accessDenied
      case EINTR: .interrupted
      case ENOBUFS: .insufficientBuffer(needed: Int(needed))
      default: .system(errno)
      }
  }
}

extension RedirectError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noPreload: "the process runs without libwfpshim.so: start it with `wfpctl run`"
    case .invalid: "the connection was not redirected to this service, or the records are not good here"
    case .pending: "the record is still on its way: ask again when the socket is readable"
    case .notConnected: "the socket is not connected"
    case .notSocket: "no open socket"
    case .notSupported: "no filter looks at sockets of this family"
    case .engineUnusable: "the filter engine cannot be used: see `wfpctl doctor`"
    case .accessDenied: "the policy asks for a privilege"
    case .interrupted: "a signal came while the call waited for a record"
    case .insufficientBuffer(let needed): "the buffer is too small: \(needed) bytes are needed"
    case .system(let number): "errno \(number): \(unsafe String(cString: strerror(number)))"
    }
  }
}
