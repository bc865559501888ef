public import CWinsock

private func word(_ once: PINIT_ONCE) -> UnsafeMutablePointer<UInt> {
  unsafe UnsafeMutableRawPointer(once).assumingMemoryBound(to: UInt.self)
}

private let reservedBits: UInt = 3

/// Makes a one-time initialization that has not begun; INIT_ONCE_STATIC_INIT, all zeros, does too.
/// Page: InitOnceInitialize.
@c @implementation
public func InitOnceInitialize(_ once: PINIT_ONCE?) { unsafe once?.pointee.Ptr = nil }

/// Runs a function once, whoever calls; others wait for its end. Page: InitOnceExecuteOnce.
/// - Parameters:
///   - function: TRUE: it is done. FALSE: this call fails with the error that it has set, and the next one tries again.
///   - parameter: Its argument; may be NULL.
///   - context: Receives what the function left there, whose two low bits are zero; may be NULL.
/// - Returns: TRUE, or FALSE: the function's error, ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func InitOnceExecuteOnce(
  _ once: PINIT_ONCE?, _ function: PINIT_ONCE_FN?, _ parameter: PVOID?, _ context: UnsafeMutablePointer<LPVOID?>?
) -> WindowsBool {
  unsafe execute(once, Routine(function), parameter, context)
}

/// InitOnceExecuteOnce for a function of the Windows x64 convention. Page: InitOnceExecuteOnce.
@c @implementation
public func ws2_ms_InitOnceExecuteOnce(
  _ once: PINIT_ONCE?, _ function: PINIT_ONCE_FN?, _ parameter: PVOID?, _ context: UnsafeMutablePointer<LPVOID?>?
) -> WindowsBool {
  unsafe execute(once, Routine(function, .windows), parameter, context)
}

private func execute(
  _ once: PINIT_ONCE?, _ function: Routine?, _ parameter: PVOID?, _ context: UnsafeMutablePointer<LPVOID?>?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let once = unsafe once, let function else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let state = unsafe word(once)
    if unsafe ws2_once_begin(state, false, false) == WS2_ONCE_MINE.rawValue {
      var made: LPVOID?
      let result = unsafe withUnsafeMutablePointer(to: &made) {
        unsafe function(.argument(once), .argument(parameter), .argument($0))
      }
      let isDone = UInt32(truncatingIfNeeded: result) != 0
      _ = unsafe ws2_once_end(state, false, isDone, UInt(bitPattern: made) & ~reservedBits)
      guard isDone else { throw WSAError(rawValue: ws2_last_error()) }
    }
    if let context = unsafe context { unsafe context.pointee = LPVOID(bitPattern: ws2_once_context(state)) }
    return yes
  }
}

/// Begins a one-time initialization, or tells that it is done. Page: InitOnceBeginInitialize.
/// - Parameters:
///   - flags: INIT_ONCE_ASYNC: several threads may be at it, the first one to complete it wins; INIT_ONCE_CHECK_ONLY:
///     only look; 0: others wait.
///   - pending: Receives TRUE: the caller is to do it; FALSE: it is done.
///   - context: Receives the context when it is done; may be NULL.
/// - Returns: TRUE, or FALSE: ERROR_GEN_FAILURE (CHECK_ONLY, and it is not done), ERROR_INVALID_PARAMETER (NULL, other
///   flags, begun in the other way).
@c @implementation
public func InitOnceBeginInitialize(
  _ once: LPINIT_ONCE?, _ flags: DWORD, _ pending: PBOOL?, _ context: UnsafeMutablePointer<LPVOID?>?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let (checks, isAsynchronous) = (flags & INIT_ONCE_CHECK_ONLY != 0, flags & INIT_ONCE_ASYNC != 0)
    guard let once = unsafe once, let pending = unsafe pending, flags & ~(INIT_ONCE_CHECK_ONLY | INIT_ONCE_ASYNC) == 0,
      !(checks && isAsynchronous)
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    switch unsafe UInt32(ws2_once_begin(word(once), isAsynchronous, checks)) {
    case WS2_ONCE_MINE.rawValue: unsafe pending.pointee = yes
    case WS2_ONCE_DONE.rawValue:
      unsafe pending.pointee = no
      if let context = unsafe context { unsafe context.pointee = LPVOID(bitPattern: ws2_once_context(word(once))) }
    case WS2_ONCE_BUSY.rawValue:
      unsafe pending.pointee = yes
      throw WSAError(ERROR_GEN_FAILURE)
    default: throw WSAError(ERROR_INVALID_PARAMETER)
    }
    return yes
  }
}

/// Ends a one-time initialization that InitOnceBeginInitialize has begun. Page: InitOnceComplete.
/// - Parameters:
///   - flags: INIT_ONCE_ASYNC as at the beginning; INIT_ONCE_INIT_FAILED: the next thread tries again.
///   - context: Kept for others; its two low bits are zero. NULL when it failed.
/// - Returns: TRUE, or FALSE: ERROR_GEN_FAILURE (it was not begun; another thread was first), ERROR_INVALID_PARAMETER.
@c @implementation
public func InitOnceComplete(_ once: LPINIT_ONCE?, _ flags: DWORD, _ context: LPVOID?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let (isAsynchronous, hasFailed) = (flags & INIT_ONCE_ASYNC != 0, flags & INIT_ONCE_INIT_FAILED != 0)
    let value = UInt(bitPattern: context)
    guard let once = unsafe once, flags & ~(INIT_ONCE_ASYNC | INIT_ONCE_INIT_FAILED) == 0,
      !(isAsynchronous && hasFailed), !hasFailed || value == 0, value & reservedBits == 0
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard unsafe ws2_once_end(word(once), isAsynchronous, !hasFailed, value) else { throw WSAError(ERROR_GEN_FAILURE) }
    return yes
  }
}
