public import CWinsock
import Glibc

/// The program's handlers of console events. Signals are the events: SIGINT CTRL_C_EVENT, SIGQUIT CTRL_BREAK_EVENT,
/// SIGTERM and SIGHUP (the terminal is gone) CTRL_CLOSE_EVENT, SIGPWR CTRL_SHUTDOWN_EVENT.
enum ConsoleEvents {
  struct Handler: Equatable {
    let address: UInt
    let routine: Routine
    static func == (left: Handler, right: Handler) -> Bool { left.address == right.address }
  }

  static let signals = [
    SIGINT: DWORD(CTRL_C_EVENT), SIGQUIT: DWORD(CTRL_BREAK_EVENT), SIGTERM: DWORD(CTRL_CLOSE_EVENT),
    SIGHUP: DWORD(CTRL_CLOSE_EVENT), SIGPWR: DWORD(CTRL_SHUTDOWN_EVENT),
  ]

  nonisolated(unsafe) private static var handlers: [Handler] = []  // under ws2_lock
  /// The descriptor that a thread reads signals from.
  nonisolated(unsafe) private static var source: Int32 = -1
  private static let lock = WordLock()

  static func add(_ handler: Handler) throws(WSAError) {
    try listen()
    locked { unsafe handlers.append(handler) }
    for signal in signals.keys { ws2_console_take(signal) }
  }

  /// This program is a service: its manager's signals are controls of it.
  static func serve() throws(WSAError) {
    try listen()
    for signal in [SIGTERM, SIGHUP] { ws2_console_take(signal) }
  }

  static func remove(_ handler: Handler) throws(WSAError) {
    let isKnown = locked { () -> Bool in
      guard let index = unsafe handlers.lastIndex(of: handler) else { return false }
      unsafe handlers.remove(at: index)
      return true
    }
    guard isKnown else { throw WSAError(ERROR_INVALID_PARAMETER) }
  }

  /// One thread of this process waits for signals; the child of a fork has none of them.
  private static func listen() throws(WSAError) {
    try lock.withLock { () throws(WSAError) in
      let known = unsafe source
      let current = try checkedFile(ws2_console_listen())
      guard current != known else { return }
      unsafe source = current
      let error = unsafe ws2_start_thread(0, ConsoleEvents.read, UnsafeMutableRawPointer(bitPattern: UInt(current) + 1))
      guard error == 0 else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
    }
  }

  /// A program can inherit that signals are blocked, and a Windows program does not look: this thread takes them.
  private static func unblock() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals.keys { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Each event has a thread of its own, as on Windows: a handler that takes its time holds no other up.
  private static let read: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
    let descriptor = Int32(UInt(bitPattern: argument) - 1)
    unblock()
    var number: UInt8 = 0
    while true {
      let count = unsafe Glibc.read(descriptor, &number, 1)
      if count < 0, ws2_errno() == EINTR { continue }
      guard count == 1 else { return nil }
      if unsafe ws2_start_thread(0, handle, UnsafeMutableRawPointer(bitPattern: UInt(number))) != 0 {
        ws2_console_default(Int32(number))
      }
    }
  }

  private static let handle: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
    let signal = Int32(UInt(bitPattern: argument))
    guard let event = signals[signal] else { return nil }
    if signal == SIGTERM || signal == SIGHUP, ServiceHost.take(reload: signal == SIGHUP) { return nil }
    let isTaken = locked { unsafe handlers }.reversed().contains {
      UInt32(truncatingIfNeeded: $0.routine(UInt(event))) != 0
    }
    // HandlerRoutine's page: after the handlers of the other events the process ends, whatever they return.
    let ends = event != DWORD(CTRL_C_EVENT) && event != DWORD(CTRL_BREAK_EVENT)
    if ends || !isTaken { ws2_console_default(signal) }
    return nil
  }
}

/// Adds or removes a handler of console events. The last one added is asked first; one that returns TRUE has taken the
/// event, and if none does the process ends as by the signal. It runs on a thread of its own. After CTRL_CLOSE_EVENT and
/// CTRL_SHUTDOWN_EVENT the process ends when the handlers have returned. A signal that the process ignores, or has a
/// handler of signal() for, stays as it is. Page: SetConsoleCtrlHandler.
/// - Parameters:
///   - routine: NULL: the process ignores SIGINT, or no longer does, and so do the programs that it executes.
///   - adds: FALSE removes it.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (no such handler).
@c @implementation
public func SetConsoleCtrlHandler(_ routine: PHANDLER_ROUTINE?, _ adds: WindowsBool) -> WindowsBool {
  setHandler(routine, adds, .systemV)
}

/// SetConsoleCtrlHandler for a handler of the Windows x64 convention. Page: SetConsoleCtrlHandler.
@c @implementation
public func ws2_ms_SetConsoleCtrlHandler(_ routine: PHANDLER_ROUTINE?, _ adds: WindowsBool) -> WindowsBool {
  setHandler(routine, adds, .windows)
}

private func setHandler(
  _ function: PHANDLER_ROUTINE?, _ adds: WindowsBool, _ convention: CallingConvention
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let routine = Routine(function, convention) else {
      ws2_console_ignore(SIGINT, adds != 0)
      return yes
    }
    let handler = ConsoleEvents.Handler(address: routine.identity, routine: routine)
    if adds != 0 { try ConsoleEvents.add(handler) } else { try ConsoleEvents.remove(handler) }
    return yes
  }
}

/// Sends a console event. Page: GenerateConsoleCtrlEvent.
/// - Parameters:
///   - event: CTRL_C_EVENT (SIGINT) or CTRL_BREAK_EVENT (SIGQUIT).
///   - group: A process group of Linux; 0: the caller's. CTRL_C_EVENT goes to no other group: that succeeds, and nobody
///     receives it, as on Windows.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (another event, no such group), ERROR_ACCESS_DENIED.
@c @implementation
public func GenerateConsoleCtrlEvent(_ event: DWORD, _ group: DWORD) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard event <= DWORD(CTRL_BREAK_EVENT), let number = Int32(exactly: group) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let isInterrupt = event == DWORD(CTRL_C_EVENT)
    guard !isInterrupt || number == 0 else { return yes }
    guard kill(-number, isInterrupt ? SIGINT : SIGQUIT) == 0 else {
      throw WSAError(ws2_errno() == EPERM ? ERROR_ACCESS_DENIED : ERROR_INVALID_PARAMETER)
    }
    return yes
  }
}
