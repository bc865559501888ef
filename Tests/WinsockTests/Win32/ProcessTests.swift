import CWinsock
import Foundation
import Testing

@testable import Winsock

/// A child of this process, which somebody waits for.
private final class Child {
  let identifier: pid_t

  init(_ command: String) {
    var number: pid_t = 0
    let words = ["/bin/sh", "-c", command]
    var arguments = words.map { word in word.withCString { strdup($0) } } + [nil]
    posix_spawn(&number, "/bin/sh", nil, nil, &arguments, environ)
    identifier = number
    arguments.forEach { free($0) }
  }

  func open() -> HANDLE? { OpenProcess(PROCESS_ALL_ACCESS, 0, DWORD(identifier)) }

  private var hasEnded = false

  func wait() {
    waitpid(identifier, nil, 0)
    hasEnded = true
  }

  deinit {
    guard !hasEnded else { return }
    kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
  }
}

/// Microsoft's pages "OpenProcess function", "QueryFullProcessImageNameW function" and those around them.
@Suite struct ProcessTests {
  @Test("QueryFullProcessImageName's page: the path, its length, ERROR_INSUFFICIENT_BUFFER, parameters")
  func imageName() throws {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var (narrow, broad) = ([CChar](repeating: 1, count: 4096), [WCHAR](repeating: 1, count: 4096))
    let handle = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, GetCurrentProcessId())
    #expect(handle != nil)
    for process in [handle, GetCurrentProcess()] {
      var size: DWORD = 4096
      #expect(QueryFullProcessImageNameA(process, 0, &narrow, &size) == 1)
      #expect(text(narrow) == own && Int(size) == own.utf8.count)
      size = 4096
      #expect(QueryFullProcessImageNameW(process, PROCESS_NAME_NATIVE, &broad, &size) == 1 && text(broad) == own)
      #expect(GetProcessId(process) == GetCurrentProcessId())
    }
    var size = DWORD(own.utf8.count)
    #expect(fails(ERROR_INSUFFICIENT_BUFFER) { QueryFullProcessImageNameA(handle, 0, &narrow, &size) })
    #expect(fails(ERROR_INVALID_PARAMETER) { QueryFullProcessImageNameA(handle, 8, &narrow, &size) })
    #expect(fails(ERROR_INVALID_PARAMETER) { QueryFullProcessImageNameA(handle, 0, &narrow, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { QueryFullProcessImageNameA(nil, 0, &narrow, &size) })
    CloseHandle(handle)
  }

  @Test("OpenProcess' page: ERROR_INVALID_PARAMETER for no process")
  func noProcess() {
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { OpenProcess(PROCESS_ALL_ACCESS, 0, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { OpenProcess(PROCESS_ALL_ACCESS, 0, 0x7fff_fff0) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { OpenProcess(PROCESS_ALL_ACCESS, 0, .max) })
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { GetProcessId(nil) })
  }

  @Test("GetExitCodeProcess' page: STILL_ACTIVE, then the code; its handle is signalled at the end")
  func end() {
    let child = Child("read x; exit 7")
    let process = child.open()
    var code: DWORD = 0
    let running = Child("exec sleep 600")
    let other = running.open()
    #expect(GetExitCodeProcess(other, &code) == 1 && code == STILL_ACTIVE)
    #expect(WaitForSingleObject(other, 0) == WAIT_TIMEOUT)
    #expect(WaitForSingleObject(process, 10_000) == WAIT_OBJECT_0)
    #expect(GetExitCodeProcess(process, &code) == 1 && code == 7)
    #expect(GetExitCodeProcess(GetCurrentProcess(), &code) == 1 && code == STILL_ACTIVE)
    let number = UInt(bitPattern: other)
    let waiter = BackgroundCall { WaitForSingleObject(HANDLE(bitPattern: number), INFINITE) }
    waiter.untilBlocked()
    #expect(TerminateProcess(other, 3) == 1)
    #expect(waiter.result() == WAIT_OBJECT_0)
    #expect(GetExitCodeProcess(other, &code) == 1 && code == 128 + 9)
    #expect(fails(ERROR_ACCESS_DENIED) { TerminateProcess(other, 3) }, "it has ended")
    var (buffer, size) = ([CChar](repeating: 0, count: 100), DWORD(100))
    #expect(fails(ERROR_GEN_FAILURE) { QueryFullProcessImageNameA(other, 0, &buffer, &size) })
    #expect(fails(ERROR_INVALID_PARAMETER) { GetExitCodeProcess(other, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { TerminateProcess(nil, 3) })
    CloseHandle(process)
    CloseHandle(other)
    withExtendedLifetime((child, running)) {}
  }

  @Test("GetExitCodeProcess' page: of no child Linux does not tell: ERROR_ACCESS_DENIED")
  func stranger() throws {
    let folder = try TemporaryFolder()
    let middle = Child("sleep 600 & echo $! > '\(folder.path)/number'")
    middle.wait()
    let line = try String(contentsOfFile: folder.path + "/number", encoding: .utf8)
    let identifier = try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    let process = OpenProcess(PROCESS_ALL_ACCESS, 0, DWORD(identifier))
    #expect(TerminateProcess(process, 0) == 1)
    #expect(WaitForSingleObject(process, 10_000) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(fails(ERROR_ACCESS_DENIED) { GetExitCodeProcess(process, &code) })
    CloseHandle(process)
  }

  @Test("GetProcessTimes' page: it began before now and has used some time")
  func times() {
    var (creation, exit, kernel, user, now) = (FILETIME(), FILETIME(), FILETIME(), FILETIME(), FILETIME())
    #expect(GetProcessTimes(GetCurrentProcess(), &creation, &exit, &kernel, &user) == 1)
    GetSystemTimeAsFileTime(&now)
    #expect(CompareFileTime(&creation, &now) <= 0 && creation.dwHighDateTime > 0)
    #expect(user.dwLowDateTime > 0 || kernel.dwLowDateTime > 0)
    #expect(exit.dwLowDateTime == 0 && exit.dwHighDateTime == 0)
    #expect(fails(ERROR_INVALID_PARAMETER) { GetProcessTimes(GetCurrentProcess(), nil, &exit, &kernel, &user) })
    #expect(fails(ERROR_INVALID_HANDLE) { GetProcessTimes(nil, &creation, &exit, &kernel, &user) })
  }

  @Test("The pages of psapi: processes, names with and without their folder, memory")
  func status() throws {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var (identifiers, needed) = ([DWORD](repeating: 0, count: 65536), DWORD(0))
    #expect(K32EnumProcesses(&identifiers, DWORD(identifiers.count * 4), &needed) == 1)
    #expect(identifiers[..<Int(needed / 4)].contains(GetCurrentProcessId()))
    #expect(K32EnumProcesses(&identifiers, 4, &needed) == 1 && needed == 4)
    #expect(fails(ERROR_INVALID_PARAMETER) { K32EnumProcesses(nil, 4, &needed) })
    let process = GetCurrentProcess()
    var (narrow, broad) = ([CChar](repeating: 1, count: 4096), [WCHAR](repeating: 1, count: 4096))
    #expect(K32GetProcessImageFileNameA(process, &narrow, 4096) == DWORD(own.utf8.count) && text(narrow) == own)
    #expect(K32GetProcessImageFileNameW(process, &broad, 4096) > 0 && text(broad) == own)
    #expect(fails(ERROR_INSUFFICIENT_BUFFER, as: 0) { K32GetProcessImageFileNameA(process, &narrow, 3) })
    #expect(K32GetModuleFileNameExA(process, nil, &narrow, 4096) > 0 && text(narrow) == own)
    #expect(K32GetModuleFileNameExW(process, nil, &broad, 4) == 4 && text(broad) == String(own.prefix(3)), "cut")
    let base = URL(fileURLWithPath: own).lastPathComponent
    #expect(K32GetModuleBaseNameA(process, nil, &narrow, 4096) > 0 && text(narrow) == base)
    #expect(K32GetModuleBaseNameW(process, nil, &broad, 4096) > 0 && text(broad) == base)
    let module = HMODULE(bitPattern: 8)
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { K32GetModuleBaseNameA(process, module, &narrow, 4096) })
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { K32GetModuleFileNameExA(process, module, &narrow, 4096) })
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { K32GetProcessImageFileNameA(nil, &narrow, 4096) })
    var counters = PROCESS_MEMORY_COUNTERS()
    let size = DWORD(MemoryLayout<PROCESS_MEMORY_COUNTERS>.size)
    #expect(K32GetProcessMemoryInfo(process, &counters, size) == 1)
    #expect(counters.WorkingSetSize > 1 << 20 && counters.PeakWorkingSetSize >= counters.WorkingSetSize / 2)
    #expect(fails(ERROR_INSUFFICIENT_BUFFER) { K32GetProcessMemoryInfo(process, &counters, 8) })
    #expect(fails(ERROR_INVALID_PARAMETER) { K32GetProcessMemoryInfo(process, nil, size) })
  }

  @Test("GetThreadId's, SwitchToThread's and GetCurrentProcessorNumber's pages")
  func threads() {
    #expect(GetThreadId(GetCurrentThread()) == GetCurrentThreadId())
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { GetThreadId(nil) })
    #expect(SwitchToThread() == 1 && GetCurrentProcessorNumber() < 4096)
    #expect(IsDebuggerPresent() == 0 || IsDebuggerPresent() == 1)
  }

  @Test("_beginthreadex's page: a handle with the code; _endthreadex; errno EINVAL")
  func libraryThreads() {
    var identifier: UInt32 = 0
    let thread = _beginthreadex(
      nil, 0, { argument in UInt32(UInt(bitPattern: argument)) + 1 },
      UnsafeMutableRawPointer(bitPattern: 41), CREATE_SUSPENDED, &identifier)
    let handle = HANDLE(bitPattern: thread)
    #expect(GetThreadId(handle) == identifier && identifier != 0)
    #expect(WaitForSingleObject(handle, 0) == WAIT_TIMEOUT)
    #expect(ResumeThread(handle) == 1 && WaitForSingleObject(handle, 10_000) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(handle, &code) == 1 && code == 42)
    CloseHandle(handle)
    let ended = HANDLE(bitPattern: _beginthreadex(nil, 0, { _ in _endthreadex(9) }, nil, 0, nil))
    #expect(WaitForSingleObject(ended, 10_000) == WAIT_OBJECT_0 && GetExitCodeThread(ended, &code) == 1 && code == 9)
    CloseHandle(ended)
    errno = 0
    #expect(_beginthreadex(nil, 0, nil, nil, 0, nil) == 0 && errno == EINVAL)
  }

  @Test("_beginthread's page: its handle is closed when the thread ends; _endthread")
  func plainThreads() {
    let counter = Counter()
    #expect(_beginthread({ Counter.of($0).add() }, 0, counter.pointer) != .max)
    let thread = _beginthread(
      {
        Counter.of($0).add()
        _endthread()
      }, 0, counter.pointer)
    #expect(counter.reaches(2))
    var code: DWORD = 0
    let limit = Date(timeIntervalSinceNow: 10)
    while GetExitCodeThread(HANDLE(bitPattern: thread), &code) == 1, Date() < limit { sched_yield() }
    #expect(fails(ERROR_INVALID_HANDLE) { GetExitCodeThread(HANDLE(bitPattern: thread), &code) })
    errno = 0
    #expect(_beginthread(nil, 0, nil) == .max && errno == EINVAL)
  }
}
