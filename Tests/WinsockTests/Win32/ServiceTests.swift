import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages "OpenSCManagerW function", "StartServiceCtrlDispatcherW function" and those around them. What a
/// plug-in adds, and a run under a service manager: Win32ProgramTests.
@Suite struct ServiceTests {
  @Test("OpenSCManager's, OpenService's and CreateService's pages without a driver")
  func manager() {
    let manager = OpenSCManagerW(nil, wide("ServicesActive"), SC_MANAGER_CONNECT)
    #expect(manager != nil)
    #expect(fails(ERROR_SERVICE_DOES_NOT_EXIST, as: nil) { OpenServiceW(manager, wide("WfpshimNobody"), 0) })
    #expect(fails(ERROR_SERVICE_DOES_NOT_EXIST, as: nil) { OpenServiceA(manager, "WfpshimNobody", 0) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { OpenServiceA(manager, nil, 0) })
    #expect(
      fails(ERROR_ACCESS_DENIED, as: nil) {
        CreateServiceA(manager, "n", nil, 0, 0, 0, 0, nil, nil, nil, nil, nil, nil)
      })
    #expect(
      fails(ERROR_INVALID_HANDLE, as: nil) {
        CreateServiceW(nil, wide("n"), nil, 0, 0, 0, 0, nil, nil, nil, nil, nil, nil)
      })
    #expect(fails(RPC_S_SERVER_UNAVAILABLE, as: nil) { OpenSCManagerA("elsewhere", nil, 0) })
    #expect(fails(ERROR_DATABASE_DOES_NOT_EXIST, as: nil) { OpenSCManagerA(nil, "Other", 0) })
    #expect(CloseServiceHandle(manager) == 1)
    #expect(fails(ERROR_INVALID_HANDLE) { CloseServiceHandle(manager) })
    #expect(fails(ERROR_INVALID_HANDLE, as: nil) { OpenServiceA(manager, "n", 0) })
    var status = SERVICE_STATUS()
    #expect(fails(ERROR_INVALID_HANDLE) { QueryServiceStatus(nil, &status) })
    #expect(fails(ERROR_INVALID_HANDLE) { StartServiceA(nil, 0, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { StartServiceW(nil, 0, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { ControlService(nil, 1, &status) })
    #expect(fails(ERROR_INVALID_HANDLE) { DeleteService(nil) })
  }

  @Test("StartServiceCtrlDispatcher's page: run from a shell it is no service, which is how programs tell")
  func console() {
    var name = Array("service".utf8CString)
    name.withUnsafeMutableBufferPointer { name in
      let table = [
        SERVICE_TABLE_ENTRYA(lpServiceName: name.baseAddress, lpServiceProc: { _, _ in }), SERVICE_TABLE_ENTRYA(),
      ]
      #expect(fails(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) { StartServiceCtrlDispatcherA(table) })
    }
    var broad = wide("service")
    broad.withUnsafeMutableBufferPointer { name in
      let table = [
        SERVICE_TABLE_ENTRYW(lpServiceName: name.baseAddress, lpServiceProc: { _, _ in }), SERVICE_TABLE_ENTRYW(),
      ]
      #expect(fails(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) { StartServiceCtrlDispatcherW(table) })
    }
    #expect(fails(ERROR_INVALID_PARAMETER) { StartServiceCtrlDispatcherA(nil) })
    #expect(fails(ERROR_SERVICE_NOT_IN_EXE, as: nil) { RegisterServiceCtrlHandlerA("service", { _ in }) })
    #expect(fails(ERROR_SERVICE_NOT_IN_EXE, as: nil) { RegisterServiceCtrlHandlerW(wide("s"), { _ in }) })
    let extended: LPHANDLER_FUNCTION_EX = { _, _, _, _ in 0 }
    #expect(fails(ERROR_SERVICE_NOT_IN_EXE, as: nil) { RegisterServiceCtrlHandlerExA("service", extended, nil) })
    #expect(fails(ERROR_SERVICE_NOT_IN_EXE, as: nil) { RegisterServiceCtrlHandlerExW(wide("s"), extended, nil) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { RegisterServiceCtrlHandlerA("service", nil) })
    var status = SERVICE_STATUS()
    #expect(fails(ERROR_INVALID_HANDLE) { SetServiceStatus(nil, &status) })
  }
}

/// Microsoft's pages "LoadLibraryW function", "GetProcAddress function" and those around them. This library's own
/// functions: Win32ProgramTests.
@Suite struct LibraryTests {
  @Test("LoadLibrary's, FreeLibrary's and GetProcAddress' pages")
  func load() {
    let module = LoadLibraryA("libm.so.6")
    #expect(module != nil && GetModuleHandleA("libm.so.6") == module)
    let function = GetProcAddress(module, "cos")
    #expect(function != nil)
    #expect(unsafeBitCast(function, to: (@convention(c) (Double) -> Double).self)(0) == 1)
    #expect(fails(ERROR_PROC_NOT_FOUND) { GetProcAddress(module, "wfpshim_no_such") == nil ? 0 : 1 })
    #expect(fails(ERROR_PROC_NOT_FOUND) { GetProcAddress(module, LPCSTR(bitPattern: 5)) == nil ? 0 : 1 }, "a number")
    var (narrow, broad) = ([CChar](repeating: 0, count: 4096), [WCHAR](repeating: 0, count: 4096))
    #expect(GetModuleFileNameA(module, &narrow, 4096) > 0 && text(narrow).hasSuffix("/libm.so.6"))
    #expect(DisableThreadLibraryCalls(module) == 1)
    #expect(LoadLibraryExW(wide("libm.so.6"), nil, LOAD_LIBRARY_SEARCH_SYSTEM32) == module)
    #expect(LoadLibraryExA("libm.so.6", nil, 0) == module && LoadLibraryW(wide("libm.so.6")) == module)
    for _ in 0..<4 { #expect(FreeLibrary(module) == 1) }
    #expect(fails(ERROR_INVALID_HANDLE) { FreeLibrary(HMODULE(bitPattern: 0x1230)) })
    #expect(fails(ERROR_INVALID_HANDLE) { GetProcAddress(HMODULE(bitPattern: 0x1230), "cos") == nil ? 0 : 1 })
    #expect(fails(ERROR_INVALID_HANDLE) { DisableThreadLibraryCalls(HMODULE(bitPattern: 0x1230)) })
    #expect(fails(ERROR_MOD_NOT_FOUND, as: nil) { LoadLibraryA("wfpshim-none.dll") })
    #expect(fails(ERROR_MOD_NOT_FOUND, as: nil) { GetModuleHandleW(wide("wfpshim-none.dll")) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { LoadLibraryA(nil) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { LoadLibraryExA("libm.so.6", HANDLE(bitPattern: 4), 0) })
    let own = GetModuleFileNameW(nil, &broad, 4096)
    #expect(own > 0 && text(broad) == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
    #expect(GetModuleFileNameA(nil, &narrow, 4) == 4 && GetLastError() == ERROR_INSUFFICIENT_BUFFER)
    #expect(text(narrow).utf8.count == 3)
    #expect(fails(ERROR_MOD_NOT_FOUND, as: 0) { GetModuleFileNameA(HMODULE(bitPattern: 0x1230), &narrow, 4096) })
    #expect(GetModuleHandleA(nil) != nil && GetModuleHandleA(nil) == GetModuleHandleW(nil))
  }
}

/// Microsoft's pages of the console. Events: Win32ProgramTests.
@Suite struct ConsoleTests {
  @Test("GetConsoleMode's, SetConsoleMode's and WriteConsole's pages: a terminal, and none")
  func terminal() throws {
    let terminal = try Terminal()
    let (master, name) = (terminal.descriptor, terminal.path)
    defer { close(master) }
    let input = CreateFileA(name, GENERIC_READ, 0, nil, DWORD(OPEN_EXISTING), 0, nil)
    let output = CreateFileA(name, GENERIC_WRITE, 0, nil, DWORD(OPEN_EXISTING), 0, nil)
    var mode: DWORD = 0
    let usual = DWORD(ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT)
    #expect(GetConsoleMode(input, &mode) == 1 && mode == usual)
    #expect(SetConsoleMode(input, DWORD(ENABLE_PROCESSED_INPUT)) == 1)
    #expect(GetConsoleMode(input, &mode) == 1 && mode == DWORD(ENABLE_PROCESSED_INPUT))
    var settings = termios()
    #expect(tcgetattr(master, &settings) == 0 && settings.c_lflag & tcflag_t(ICANON | ECHO) == 0)
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleMode(input, DWORD(ENABLE_ECHO_INPUT)) })
    #expect(GetConsoleMode(output, &mode) == 1 && mode & DWORD(ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0)
    #expect(SetConsoleMode(output, mode) == 1)
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleMode(output, 0x100) })
    #expect(fails(ERROR_INVALID_PARAMETER) { GetConsoleMode(output, nil) })
    var written: DWORD = 0
    let hello = WCHAR.units(of: Array("h\u{e9}".utf8))
    #expect(WriteConsoleW(output, hello, DWORD(hello.count), &written, nil) == 1 && written == DWORD(hello.count))
    #expect(WriteConsoleA(output, "!", 1, nil, nil) == 1)
    #expect(String(decoding: try terminal.read(4), as: UTF8.self) == "h\u{e9}!")
    #expect(fails(ERROR_INVALID_PARAMETER) { WriteConsoleA(output, nil, 1, &written, nil) })
    #expect(GetFileType(input) == DWORD(FILE_TYPE_CHAR))
    let null = CreateFileA("nul", GENERIC_WRITE, 0, nil, DWORD(OPEN_EXISTING), 0, nil)
    #expect(fails(ERROR_INVALID_HANDLE) { GetConsoleMode(null, &mode) }, "redirected")
    #expect(fails(ERROR_INVALID_HANDLE) { SetConsoleMode(null, 0) })
    #expect(fails(ERROR_INVALID_HANDLE) { WriteConsoleW(null, hello, 1, &written, nil) })
    for handle in [input, output, null] { CloseHandle(handle) }
  }

  @Test("SetConsoleOutputCP's page: UTF-8, and no other")
  func codePages() {
    #expect(GetConsoleOutputCP() == UINT(CP_UTF8) && GetConsoleCP() == UINT(CP_UTF8))
    #expect(SetConsoleOutputCP(UINT(CP_UTF8)) == 1 && SetConsoleCP(UINT(CP_UTF8)) == 1)
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleOutputCP(437) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleCP(437) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleTitleA(nil) })
    #expect(isatty(1) == 1 || fails(ERROR_INVALID_HANDLE) { SetConsoleTitleW(wide("title")) })
  }

  @Test("GenerateConsoleCtrlEvent's and SetConsoleCtrlHandler's pages: parameters")
  func refusals() {
    #expect(fails(ERROR_INVALID_PARAMETER) { GenerateConsoleCtrlEvent(DWORD(CTRL_CLOSE_EVENT), 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { GenerateConsoleCtrlEvent(DWORD(CTRL_BREAK_EVENT), 0x7fff_fff0) })
    #expect(GenerateConsoleCtrlEvent(DWORD(CTRL_C_EVENT), 0x7fff_fff0) == 1, "nobody receives it")
    #expect(fails(ERROR_INVALID_PARAMETER) { SetConsoleCtrlHandler({ _ in 1 }, 0) })
  }
}
