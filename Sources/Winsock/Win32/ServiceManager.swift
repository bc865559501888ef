public import CWinsock

// The service manager knows the drivers that plug-ins stand for (wfp_device.h): they run, from the beginning to the end.

private final class Manager: KernelObject {
  init() { super.init(isSignalled: false) }
}

private final class Driver: KernelObject {
  init() { super.init(isSignalled: false) }
}

private func open(_ object: KernelObject) -> SC_HANDLE? { unsafe SC_HANDLE(HandleTable.open(object)) }

private func openManager(_ machine: String?, _ database: String?) -> SC_HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard machine ?? "" == "" else { throw WSAError(RPC_S_SERVER_UNAVAILABLE) }
    guard ["", "servicesactive"].contains((database ?? "").lowercased()) else {
      throw WSAError(ERROR_DATABASE_DOES_NOT_EXIST)
    }
    return unsafe open(Manager())
  }
}

/// Opens the service manager. Page: OpenSCManagerA.
/// - Parameters:
///   - machine: NULL or empty: this one.
///   - database: NULL or "ServicesActive".
///   - access: Not looked at.
/// - Returns: A handle, or NULL: RPC_S_SERVER_UNAVAILABLE (another machine), ERROR_DATABASE_DOES_NOT_EXIST.
@c @implementation
public func OpenSCManagerA(_ machine: LPCSTR?, _ database: LPCSTR?, _ access: DWORD) -> SC_HANDLE? {
  unsafe openManager(string(machine), string(database))
}

/// As OpenSCManagerA. Page: OpenSCManagerW.
@c @implementation
public func OpenSCManagerW(_ machine: LPCWSTR?, _ database: LPCWSTR?, _ access: DWORD) -> SC_HANDLE? {
  unsafe openManager(string(machine), string(database))
}

private func manager(_ handle: SC_HANDLE?) throws(WSAError) {
  _ = try HandleTable.object(UInt(bitPattern: handle), as: Manager.self)
}

private func driver(_ handle: SC_HANDLE?) throws(WSAError) {
  _ = try HandleTable.object(UInt(bitPattern: handle), as: Driver.self)
}

private func openService(_ handle: SC_HANDLE?, _ name: String?) -> SC_HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    try unsafe manager(handle)
    guard let name else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard Devices.service(named: name) else { throw WSAError(ERROR_SERVICE_DOES_NOT_EXIST) }
    return unsafe open(Driver())
  }
}

/// Opens a driver's service, whose name a plug-in of WFPSHIM_DEVICES says. Page: OpenServiceA.
/// - Parameter access: Not looked at.
/// - Returns: A handle, or NULL: ERROR_SERVICE_DOES_NOT_EXIST, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func OpenServiceA(_ manager: SC_HANDLE?, _ name: LPCSTR?, _ access: DWORD) -> SC_HANDLE? {
  unsafe openService(manager, string(name))
}

/// As OpenServiceA. Page: OpenServiceW.
@c @implementation
public func OpenServiceW(_ manager: SC_HANDLE?, _ name: LPCWSTR?, _ access: DWORD) -> SC_HANDLE? {
  unsafe openService(manager, string(name))
}

private func createService(_ handle: SC_HANDLE?, _ name: String?) -> SC_HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    try unsafe manager(handle)
    guard let name else { throw WSAError(ERROR_INVALID_PARAMETER) }
    throw WSAError(Devices.service(named: name) ? ERROR_SERVICE_EXISTS : ERROR_ACCESS_DENIED)
  }
}

/// No program installs services here: a plug-in of WFPSHIM_DEVICES does, and a systemd unit. Page: CreateServiceA.
/// - Returns: NULL: ERROR_SERVICE_EXISTS (a plug-in has it: programs then open it), ERROR_ACCESS_DENIED.
@c @implementation
public func CreateServiceA(
  _ manager: SC_HANDLE?, _ name: LPCSTR?, _ display: LPCSTR?, _ access: DWORD, _ kind: DWORD, _ start: DWORD,
  _ control: DWORD, _ path: LPCSTR?, _ group: LPCSTR?, _ tag: LPDWORD?, _ needs: LPCSTR?, _ account: LPCSTR?,
  _ password: LPCSTR?
) -> SC_HANDLE? {
  unsafe createService(manager, string(name))
}

/// As CreateServiceA. Page: CreateServiceW.
@c @implementation
public func CreateServiceW(
  _ manager: SC_HANDLE?, _ name: LPCWSTR?, _ display: LPCWSTR?, _ access: DWORD, _ kind: DWORD, _ start: DWORD,
  _ control: DWORD, _ path: LPCWSTR?, _ group: LPCWSTR?, _ tag: LPDWORD?, _ needs: LPCWSTR?, _ account: LPCWSTR?,
  _ password: LPCWSTR?
) -> SC_HANDLE? {
  unsafe createService(manager, string(name))
}

/// A driver of a plug-in is not removed. Page: DeleteService.
/// - Returns: FALSE: ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE.
@c @implementation
public func DeleteService(_ service: SC_HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe driver(service)
    throw WSAError(ERROR_ACCESS_DENIED)
  }
}

/// Closes a handle of the manager or of a service. Page: CloseServiceHandle.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func CloseServiceHandle(_ handle: SC_HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let object = try HandleTable.object(UInt(bitPattern: handle))
    guard object is Manager || object is Driver else { throw WSAError(ERROR_INVALID_HANDLE) }
    try unsafe HandleTable.close(HANDLE(bitPattern: UInt(bitPattern: handle)))
    return yes
  }
}

private let running = SERVICE_STATUS(
  dwServiceType: DWORD(SERVICE_KERNEL_DRIVER), dwCurrentState: DWORD(SERVICE_RUNNING), dwControlsAccepted: 0,
  dwWin32ExitCode: 0, dwServiceSpecificExitCode: 0, dwCheckPoint: 0, dwWaitHint: 0)

/// Tells the state of a driver's service. Page: QueryServiceStatus.
/// - Parameter status: Receives SERVICE_KERNEL_DRIVER and SERVICE_RUNNING.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func QueryServiceStatus(_ service: SC_HANDLE?, _ status: LPSERVICE_STATUS?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe driver(service)
    guard let status = unsafe status else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe status.pointee = running
    return yes
  }
}

private func start(_ service: SC_HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe driver(service)
    throw WSAError(ERROR_SERVICE_ALREADY_RUNNING)
  }
}

/// A driver of a plug-in runs as soon as it is there. Page: StartServiceA.
/// - Returns: FALSE: ERROR_SERVICE_ALREADY_RUNNING, which programs take for success; ERROR_INVALID_HANDLE.
@c @implementation
public func StartServiceA(
  _ service: SC_HANDLE?, _ count: DWORD, _ arguments: UnsafeMutablePointer<LPCSTR?>?
) -> WindowsBool { unsafe start(unsafe service) }

/// As StartServiceA. Page: StartServiceW.
@c @implementation
public func StartServiceW(
  _ service: SC_HANDLE?, _ count: DWORD, _ arguments: UnsafeMutablePointer<LPCWSTR?>?
) -> WindowsBool { unsafe start(unsafe service) }

/// Sends a control to a driver's service, which accepts none but to be asked. Page: ControlService.
/// - Parameters:
///   - control: SERVICE_CONTROL_INTERROGATE, _STOP and so on.
///   - status: Receives its state.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_SERVICE_CONTROL, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL, no
///   such control).
@c @implementation
public func ControlService(_ service: SC_HANDLE?, _ control: DWORD, _ status: LPSERVICE_STATUS?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe driver(service)
    guard let status = unsafe status, (1...255).contains(control) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe status.pointee = running
    guard control == SERVICE_CONTROL_INTERROGATE else { throw WSAError(ERROR_INVALID_SERVICE_CONTROL) }
    return yes
  }
}
