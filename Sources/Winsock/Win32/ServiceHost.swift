import CWinsock

/// One service of this program, as the table of StartServiceCtrlDispatcher names it.
final class HostedService: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  let name: String
  /// Calls ServiceMain with the name as its only argument.
  let main: @Sendable () -> Void
  let stopped = Event(isManual: true, isSignalled: false)
  private var control: (@Sendable (DWORD) -> DWORD)?
  private var accepted: DWORD = 0

  init(_ name: String, _ main: @escaping @Sendable () -> Void) {
    self.name = name
    self.main = main
    super.init(isSignalled: false)
  }

  func set(_ control: @escaping @Sendable (DWORD) -> DWORD) { locked { self.control = control } }

  /// - Returns: False: it takes no such control now.
  func send(_ code: DWORD, needing bit: DWORD) -> Bool {
    guard let control = locked({ accepted & bit == bit ? control : nil }) else { return false }
    _ = control(code)
    return true
  }

  /// What the program says of itself; the manager hears of it (sd_notify).
  func report(_ status: SERVICE_STATUS) {
    locked { accepted = status.dwControlsAccepted }
    switch UInt32(status.dwCurrentState) {
    case SERVICE_RUNNING: _ = unsafe ws2_notify("READY=1")
    case SERVICE_START_PENDING, SERVICE_STOP_PENDING:
      let state = status.dwCurrentState == SERVICE_STOP_PENDING ? "STOPPING=1" : "STATUS=starting"
      let hint = status.dwWaitHint > 0 ? "\nEXTEND_TIMEOUT_USEC=\(UInt64(status.dwWaitHint) * 1000)" : ""
      _ = unsafe ws2_notify(state + hint)
    case SERVICE_STOPPED:
      if status.dwWin32ExitCode != 0 { _ = unsafe ws2_notify("STATUS=stopped, error \(status.dwWin32ExitCode)") }
      stopped.signal()
    default: break
    }
  }
}

/// The services of this process, once StartServiceCtrlDispatcher runs.
enum ServiceHost {
  nonisolated(unsafe) private static var services: [HostedService] = []  // under ws2_lock

  static var all: [HostedService] { locked { unsafe services } }

  /// A process of one service has it under any name, as on Windows.
  static func service(named name: String) -> HostedService? {
    let all = all
    return all.count == 1 ? all[0] : all.first { $0.name.lowercased() == name.lowercased() }
  }

  /// Runs the services until all have stopped.
  /// - Throws: ERROR_FAILED_SERVICE_CONTROLLER_CONNECT, ERROR_SERVICE_ALREADY_RUNNING, ERROR_INVALID_PARAMETER.
  static func run(_ table: [HostedService]) throws(WSAError) {
    guard !table.isEmpty else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard ws2_is_service() else { throw WSAError(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) }
    try locked { () throws(WSAError) in
      guard unsafe services.isEmpty else { throw WSAError(ERROR_SERVICE_ALREADY_RUNNING) }
      unsafe services = table
    }
    try ConsoleEvents.serve()
    for service in table { try start(service) }
    for service in table { _ = Wait(for: [service.stopped]).run(until: .never) }
  }

  private static func start(_ service: HostedService) throws(WSAError) {
    let retained = unsafe Unmanaged.passRetained(service)
    let error = unsafe ws2_start_thread(
      0,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<HostedService>.fromOpaque(argument).takeRetainedValue().main()
        return nil
      }, retained.toOpaque())
    guard error == 0 else {
      unsafe retained.release()
      throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
    }
  }

  /// SIGTERM is how the manager stops a service, SIGHUP how it reloads one.
  /// - Returns: Whether the services have the event: the process goes on.
  static func take(reload: Bool) -> Bool {
    let all = all
    for service in all {
      if reload {
        _ = service.send(DWORD(SERVICE_CONTROL_PARAMCHANGE), needing: 8)  // SERVICE_ACCEPT_PARAMCHANGE
      } else if !service.send(DWORD(SERVICE_CONTROL_STOP), needing: DWORD(SERVICE_ACCEPT_STOP)) {
        _ = service.send(DWORD(SERVICE_CONTROL_SHUTDOWN), needing: DWORD(SERVICE_ACCEPT_SHUTDOWN))
      }
    }
    return !all.isEmpty
  }
}
