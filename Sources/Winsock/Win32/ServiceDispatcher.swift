public import CWinsock

/// Runs this program as a service of systemd: a unit of `Type=notify`, whose NOTIFY_SOCKET says so. Each service of the
/// table has its ServiceMain called on a thread; SERVICE_RUNNING is READY=1, SIGTERM is SERVICE_CONTROL_STOP, or
/// _SHUTDOWN if it accepts only that, SIGHUP SERVICE_CONTROL_PARAMCHANGE. Page: StartServiceCtrlDispatcherA.
/// - Parameter table: Ends with a NULL name.
/// - Returns: TRUE when all services have said SERVICE_STOPPED, or FALSE: ERROR_FAILED_SERVICE_CONTROLLER_CONNECT (run
///   from a shell, which is how services tell), ERROR_SERVICE_ALREADY_RUNNING, ERROR_INVALID_PARAMETER (no service).
@c @implementation
public func StartServiceCtrlDispatcherA(_ table: UnsafePointer<SERVICE_TABLE_ENTRYA>?) -> WindowsBool {
  unsafe dispatch(entries(table), CChar.self, .systemV)
}

/// As StartServiceCtrlDispatcherA. Page: StartServiceCtrlDispatcherW.
@c @implementation
public func StartServiceCtrlDispatcherW(_ table: UnsafePointer<SERVICE_TABLE_ENTRYW>?) -> WindowsBool {
  unsafe dispatch(entries(table), WCHAR.self, .systemV)
}

/// StartServiceCtrlDispatcherA for functions of the Windows x64 convention. Page: StartServiceCtrlDispatcherA.
@c @implementation
public func ws2_ms_StartServiceCtrlDispatcherA(_ table: UnsafePointer<SERVICE_TABLE_ENTRYA>?) -> WindowsBool {
  unsafe dispatch(entries(table), CChar.self, .windows)
}

/// StartServiceCtrlDispatcherW for functions of the Windows x64 convention. Page: StartServiceCtrlDispatcherW.
@c @implementation
public func ws2_ms_StartServiceCtrlDispatcherW(_ table: UnsafePointer<SERVICE_TABLE_ENTRYW>?) -> WindowsBool {
  unsafe dispatch(entries(table), WCHAR.self, .windows)
}

/// A name and an address each: both structures are two pointers.
private func entries(_ table: UnsafeRawPointer?) -> [(name: UInt, main: UInt)] {
  guard let table = unsafe table else { return [] }
  var all: [(name: UInt, main: UInt)] = []
  while true {
    let at = unsafe table + all.count * 16
    let (name, main) = unsafe (at.load(as: UInt.self), at.load(fromByteOffset: 8, as: UInt.self))
    guard name != 0, main != 0 else { return all }
    all.append((name, main))
  }
}

private func dispatch<Unit: TextUnit>(
  _ entries: [(name: UInt, main: UInt)], _ unit: Unit.Type, _ convention: CallingConvention
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try ServiceHost.run(
      entries.compactMap { entry in
        guard let main = unsafe Routine(UnsafeRawPointer(bitPattern: entry.main), convention),
          let name = unsafe string(UnsafePointer<Unit>(bitPattern: entry.name))
        else { return nil }
        return HostedService(name) {
          // Both stay for the life of the process: ServiceMain may keep them.
          let arguments = UnsafeMutablePointer<UInt>.allocate(capacity: 2)
          unsafe arguments.initialize(to: entry.name)
          unsafe (arguments + 1).initialize(to: 0)
          unsafe main(1, .argument(unsafe arguments))
        }
      })
    return yes
  }
}

/// Tells who takes the service's controls. Page: RegisterServiceCtrlHandlerA.
/// - Parameter name: Not looked at in a program of one service.
/// - Returns: A handle for SetServiceStatus, or NULL: ERROR_SERVICE_NOT_IN_EXE (no service of the table, or none runs),
///   ERROR_INVALID_PARAMETER.
@c @implementation
public func RegisterServiceCtrlHandlerA(_ name: LPCSTR?, _ handler: LPHANDLER_FUNCTION?) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler), nil)
}

/// As RegisterServiceCtrlHandlerA. Page: RegisterServiceCtrlHandlerW.
@c @implementation
public func RegisterServiceCtrlHandlerW(_ name: LPCWSTR?, _ handler: LPHANDLER_FUNCTION?) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler), nil)
}

/// As RegisterServiceCtrlHandlerA. Page: RegisterServiceCtrlHandlerExA.
/// - Parameter context: The handler's last argument.
@c @implementation
public func RegisterServiceCtrlHandlerExA(
  _ name: LPCSTR?, _ handler: LPHANDLER_FUNCTION_EX?, _ context: LPVOID?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler), UInt(bitPattern: context))
}

/// As RegisterServiceCtrlHandlerExA. Page: RegisterServiceCtrlHandlerExW.
@c @implementation
public func RegisterServiceCtrlHandlerExW(
  _ name: LPCWSTR?, _ handler: LPHANDLER_FUNCTION_EX?, _ context: LPVOID?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler), UInt(bitPattern: context))
}

/// RegisterServiceCtrlHandlerA for a handler of the Windows x64 convention. Page: RegisterServiceCtrlHandlerA.
@c @implementation
public func ws2_ms_RegisterServiceCtrlHandlerA(
  _ name: LPCSTR?, _ handler: LPHANDLER_FUNCTION?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler, .windows), nil)
}

/// RegisterServiceCtrlHandlerW for a handler of the Windows x64 convention. Page: RegisterServiceCtrlHandlerW.
@c @implementation
public func ws2_ms_RegisterServiceCtrlHandlerW(
  _ name: LPCWSTR?, _ handler: LPHANDLER_FUNCTION?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler, .windows), nil)
}

/// RegisterServiceCtrlHandlerExA for a handler of the Windows x64 convention. Page: RegisterServiceCtrlHandlerExA.
@c @implementation
public func ws2_ms_RegisterServiceCtrlHandlerExA(
  _ name: LPCSTR?, _ handler: LPHANDLER_FUNCTION_EX?, _ context: LPVOID?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler, .windows), UInt(bitPattern: context))
}

/// RegisterServiceCtrlHandlerExW for a handler of the Windows x64 convention. Page: RegisterServiceCtrlHandlerExW.
@c @implementation
public func ws2_ms_RegisterServiceCtrlHandlerExW(
  _ name: LPCWSTR?, _ handler: LPHANDLER_FUNCTION_EX?, _ context: LPVOID?
) -> SERVICE_STATUS_HANDLE? {
  unsafe register(string(name), Routine(handler, .windows), UInt(bitPattern: context))
}

/// - Parameter context: Nil: the older kind of handler, with one argument.
private func register(_ name: String?, _ handler: Routine?, _ context: UInt?) -> SERVICE_STATUS_HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let name, let handler else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard let service = ServiceHost.service(named: name) else { throw WSAError(ERROR_SERVICE_NOT_IN_EXE) }
    service.set { code in
      guard let context else {
        handler(UInt(code))
        return 0
      }
      return DWORD(truncatingIfNeeded: handler(UInt(code), 0, 0, context))
    }
    return unsafe SERVICE_STATUS_HANDLE(HandleTable.open(service))
  }
}

/// Says what state the service is in. Page: SetServiceStatus.
/// - Parameter status: SERVICE_RUNNING tells systemd READY=1, SERVICE_STOP_PENDING STOPPING=1; `dwWaitHint`, in
///   milliseconds, extends its patience. SERVICE_STOPPED ends the dispatcher when it is the last one.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL, no such state).
@c @implementation
public func SetServiceStatus(_ handle: SERVICE_STATUS_HANDLE?, _ status: LPSERVICE_STATUS?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let service = try HandleTable.object(UInt(bitPattern: handle), as: HostedService.self)
    guard let status = unsafe status?.pointee, (SERVICE_STOPPED...SERVICE_PAUSED).contains(status.dwCurrentState) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    service.report(status)
    return yes
  }
}
