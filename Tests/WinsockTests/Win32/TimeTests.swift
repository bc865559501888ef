import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages "Time Functions", "GetSystemInfo function" and those of the environment.
@Suite struct TimeTests {
  @Test("GetSystemTimeAsFileTime's page: 100 ns since 1601; as dates and back")
  func now() {
    var (time, precise, date, again) = (FILETIME(), FILETIME(), SYSTEMTIME(), FILETIME())
    GetSystemTimeAsFileTime(&time)
    GetSystemTimePreciseAsFileTime(&precise)
    #expect(CompareFileTime(&time, &precise) <= 0)
    let seconds = Double(UInt64(time.dwHighDateTime) << 32 | UInt64(time.dwLowDateTime)) / 1e7 - 11_644_473_600
    #expect(abs(seconds - Date().timeIntervalSince1970) < 60)
    #expect(FileTimeToSystemTime(&time, &date) == 1 && SystemTimeToFileTime(&date, &again) == 1)
    #expect(CompareFileTime(&again, &time) <= 0)
    GetSystemTime(&date)
    var parts = DateComponents()
    (parts.year, parts.month, parts.day) = (Int(date.wYear), Int(date.wMonth), Int(date.wDay))
    (parts.hour, parts.minute, parts.second) = (Int(date.wHour), Int(date.wMinute), Int(date.wSecond))
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    #expect(abs(calendar.date(from: parts)!.timeIntervalSinceNow) < 60)
    GetLocalTime(&date)
    #expect((2020...2200).contains(date.wYear))
  }

  @Test("FileTimeToSystemTime's and SystemTimeToFileTime's pages: known dates, and none")
  func dates() {
    var (time, date) = (FILETIME(dwLowDateTime: 0, dwHighDateTime: 0), SYSTEMTIME())
    #expect(FileTimeToSystemTime(&time, &date) == 1)
    #expect(date.wYear == 1601 && date.wMonth == 1 && date.wDay == 1 && date.wDayOfWeek == 1, "a Monday")
    date = SYSTEMTIME(
      wYear: 2000, wMonth: 2, wDayOfWeek: 0, wDay: 29, wHour: 12, wMinute: 34, wSecond: 56, wMilliseconds: 789)
    #expect(SystemTimeToFileTime(&date, &time) == 1)
    #expect(UInt64(time.dwHighDateTime) << 32 | UInt64(time.dwLowDateTime) == 125_963_012_967_890_000)
    var back = SYSTEMTIME()
    #expect(FileTimeToSystemTime(&time, &back) == 1 && back.wDay == 29 && back.wMilliseconds == 789)
    date.wYear = 2001
    #expect(fails(ERROR_INVALID_PARAMETER) { SystemTimeToFileTime(&date, &time) }, "no leap year")
    #expect(fails(ERROR_INVALID_PARAMETER) { FileTimeToSystemTime(nil, &back) })
    time.dwHighDateTime = 0x8000_0000
    #expect(fails(ERROR_INVALID_PARAMETER) { FileTimeToSystemTime(&time, &back) })
    var shifted = FILETIME()
    #expect(fails(ERROR_INVALID_PARAMETER) { FileTimeToLocalFileTime(&time, &shifted) })
    var (early, late) = (FILETIME(dwLowDateTime: 9, dwHighDateTime: 0), FILETIME(dwLowDateTime: 0, dwHighDateTime: 1))
    #expect(CompareFileTime(&early, &late) == -1 && CompareFileTime(&late, &early) == 1)
    #expect(CompareFileTime(&early, &early) == 0)
    #expect(FileTimeToLocalFileTime(&late, &early) == 1)
  }

  @Test("QueryPerformanceCounter's page: it never goes back")
  func counter() {
    var (frequency, first, second) = (LARGE_INTEGER(), LARGE_INTEGER(), LARGE_INTEGER())
    #expect(QueryPerformanceFrequency(&frequency) == 1 && frequency.QuadPart == 10_000_000)
    #expect(QueryPerformanceCounter(&first) == 1)
    Sleep(5)
    #expect(QueryPerformanceCounter(&second) == 1 && second.QuadPart - first.QuadPart >= 50_000)
    #expect(fails(ERROR_NOACCESS) { QueryPerformanceCounter(nil) })
    #expect(fails(ERROR_NOACCESS) { QueryPerformanceFrequency(nil) })
  }

  @Test("GetSystemInfo's and GlobalMemoryStatusEx's pages")
  func machine() {
    var info = SYSTEM_INFO()
    GetSystemInfo(&info)
    #expect(info.dwPageSize == DWORD(getpagesize()) && info.dwAllocationGranularity == 65536)
    #expect(info.dwNumberOfProcessors >= 1 && info.dwActiveProcessorMask & 1 == 1)
    var native = SYSTEM_INFO()
    GetNativeSystemInfo(&native)
    #expect(native.wProcessorArchitecture == info.wProcessorArchitecture)
    GetSystemInfo(nil)
    var status = MEMORYSTATUSEX()
    #expect(fails(ERROR_INVALID_PARAMETER) { GlobalMemoryStatusEx(&status) }, "dwLength")
    status.dwLength = 64
    #expect(GlobalMemoryStatusEx(&status) == 1)
    #expect(status.ullTotalPhys > status.ullAvailPhys && status.ullAvailPhys > 0 && status.dwMemoryLoad <= 100)
  }

  @Test("GetComputerName's page: the name, ERROR_BUFFER_OVERFLOW and the size")
  func computer() {
    var (narrow, broad) = ([CChar](repeating: 0, count: 300), [WCHAR](repeating: 0, count: 300))
    var size: DWORD = 300
    #expect(GetComputerNameA(&narrow, &size) == 1 && Int(size) == text(narrow).utf8.count && size > 0)
    size = 300
    #expect(GetComputerNameW(&broad, &size) == 1 && text(broad) == text(narrow))
    let length = size
    size = 1
    #expect(fails(ERROR_BUFFER_OVERFLOW) { GetComputerNameA(&narrow, &size) } && size == length + 1)
    #expect(fails(ERROR_INVALID_PARAMETER) { GetComputerNameA(&narrow, nil) })
  }

  @Test("GetEnvironmentVariable's and SetEnvironmentVariable's pages")
  func environment() {
    var (narrow, broad) = ([CChar](repeating: 9, count: 20), [WCHAR](repeating: 9, count: 20))
    #expect(fails(ERROR_ENVVAR_NOT_FOUND, as: 0) { GetEnvironmentVariableA("WFPSHIM_TEST_NONE", &narrow, 20) })
    #expect(SetEnvironmentVariableA("WFPSHIM_TEST_A", "value") == 1)
    #expect(GetEnvironmentVariableA("WFPSHIM_TEST_A", &narrow, 20) == 5 && text(narrow) == "value")
    #expect(GetEnvironmentVariableW(wide("WFPSHIM_TEST_A"), &broad, 20) == 5 && text(broad) == "value")
    #expect(GetEnvironmentVariableA("WFPSHIM_TEST_A", &narrow, 5) == 6, "the room that it needs")
    #expect(GetEnvironmentVariableA("WFPSHIM_TEST_A", nil, 0) == 6)
    #expect(SetEnvironmentVariableW(wide("WFPSHIM_TEST_A"), wide("")) == 1)
    #expect(fails(0, as: 0) { GetEnvironmentVariableA("WFPSHIM_TEST_A", &narrow, 20) }, "empty is no error")
    #expect(SetEnvironmentVariableA("WFPSHIM_TEST_A", nil) == 1)
    #expect(fails(ERROR_ENVVAR_NOT_FOUND) { SetEnvironmentVariableA("WFPSHIM_TEST_A", nil) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SetEnvironmentVariableA("A=B", "x") })
    let folder = FileManager.default.currentDirectoryPath
    var path = [CChar](repeating: 0, count: 4096)
    #expect(GetCurrentDirectoryA(4096, &path) == DWORD(folder.utf8.count) && text(path) == folder)
    #expect(GetCurrentDirectoryW(0, nil) == DWORD(folder.utf16.count + 1))
  }

  @Test("GetCommandLine's page: one text, the same each time, quoted")
  func commandLine() {
    let line = String(cString: GetCommandLineA())
    #expect(line.hasPrefix(CommandLine.arguments[0]) || line.hasPrefix("\"" + CommandLine.arguments[0]))
    #expect(GetCommandLineA() == GetCommandLineA() && GetCommandLineW() == GetCommandLineW())
    #expect(lstrlenW(GetCommandLineW()) > 0)
  }
}
