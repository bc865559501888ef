public import CWinsock
import Glibc

// Times are 100 ns units since the year 1601, UTC (FILETIME), or dates (SYSTEMTIME).

private let unitsPerSecond: Int64 = 10_000_000
private let epoch: Int64 = 116_444_736_000_000_000  // 1970

func fileTime(seconds: Int, nanoseconds: Int = 0) -> Int64 {
  epoch + Int64(seconds) * unitsPerSecond + Int64(nanoseconds) / 100
}

func fileTime(_ units: Int64) -> FILETIME {
  FILETIME(
    dwLowDateTime: DWORD(truncatingIfNeeded: units), dwHighDateTime: DWORD(truncatingIfNeeded: units >> 32))
}

private func units(_ time: FILETIME) -> Int64 {
  Int64(bitPattern: UInt64(time.dwHighDateTime) << 32 | UInt64(time.dwLowDateTime))
}

private func now() -> Int64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  return fileTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
}

private func date(_ time: tm, milliseconds: Int) -> SYSTEMTIME {
  unsafe SYSTEMTIME(
    wYear: WORD(clamping: time.tm_year + 1900), wMonth: WORD(time.tm_mon + 1), wDayOfWeek: WORD(time.tm_wday),
    wDay: WORD(time.tm_mday), wHour: WORD(time.tm_hour), wMinute: WORD(time.tm_min),
    wSecond: WORD(min(time.tm_sec, 59)),  // Windows has no leap second here
    wMilliseconds: WORD(milliseconds))
}

private func split(_ units: Int64) -> (seconds: Int, milliseconds: Int) {
  let (seconds, rest) = (units / unitsPerSecond, units % unitsPerSecond)
  return (Int(seconds - epoch / unitsPerSecond), Int(rest / 10_000))
}

/// The time now. Page: GetSystemTimeAsFileTime.
@c @implementation
public func GetSystemTimeAsFileTime(_ time: LPFILETIME?) { unsafe time?.pointee = fileTime(now()) }

/// The time now; GetSystemTimeAsFileTime is as precise here. Page: GetSystemTimePreciseAsFileTime.
@c @implementation
public func GetSystemTimePreciseAsFileTime(_ time: LPFILETIME?) { unsafe time?.pointee = fileTime(now()) }

/// The date now, UTC. Page: GetSystemTime.
@c @implementation
public func GetSystemTime(_ date: LPSYSTEMTIME?) {
  var time = fileTime(now())
  _ = unsafe FileTimeToSystemTime(&time, date)
}

/// The date now, in the time zone of the process (TZ). Page: GetLocalTime.
@c @implementation
public func GetLocalTime(_ target: LPSYSTEMTIME?) {
  var (seconds, milliseconds) = split(now())
  var parts = unsafe tm()
  unsafe localtime_r(&seconds, &parts)
  unsafe target?.pointee = date(parts, milliseconds: milliseconds)
}

/// Makes a date of a time, UTC. Page: FileTimeToSystemTime.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (NULL, or 2^63 and above).
@c @implementation
public func FileTimeToSystemTime(_ time: UnsafePointer<FILETIME>?, _ target: LPSYSTEMTIME?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let time = unsafe time, let target = unsafe target, unsafe units(time.pointee) >= 0 else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    var (seconds, milliseconds) = unsafe split(units(time.pointee))
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    unsafe target.pointee = date(parts, milliseconds: milliseconds)
    return yes
  }
}

/// Makes a time of a date, UTC; the day of the week is not looked at. Page: SystemTimeToFileTime.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (NULL, no such date, before 1601).
@c @implementation
public func SystemTimeToFileTime(_ source: UnsafePointer<SYSTEMTIME>?, _ time: LPFILETIME?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let source = unsafe source?.pointee, let time = unsafe time, (1601...30827).contains(source.wYear),
      (1...12).contains(source.wMonth), (1...31).contains(source.wDay), source.wHour < 24, source.wMinute < 60,
      source.wSecond < 60, source.wMilliseconds < 1000
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    var parts = unsafe tm()
    unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday) = (
      Int32(source.wYear) - 1900, Int32(source.wMonth) - 1, Int32(source.wDay)
    )
    unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec) = (
      Int32(source.wHour), Int32(source.wMinute), Int32(source.wSecond)
    )
    let seconds = unsafe timegm(&parts)
    // The 31st of a shorter month has become another day.
    guard unsafe parts.tm_mday == Int32(source.wDay) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe time.pointee = fileTime(fileTime(seconds: seconds) + Int64(source.wMilliseconds) * 10_000)
    return yes
  }
}

/// Moves a time into the time zone of the process, with today's rule for it. Page: FileTimeToLocalFileTime.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER.
@c @implementation
public func FileTimeToLocalFileTime(_ time: UnsafePointer<FILETIME>?, _ target: LPFILETIME?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let time = unsafe time, let target = unsafe target, unsafe units(time.pointee) >= 0 else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    var seconds = split(now()).seconds
    var parts = unsafe tm()
    unsafe localtime_r(&seconds, &parts)
    unsafe target.pointee = fileTime(units(time.pointee) + Int64(parts.tm_gmtoff) * unitsPerSecond)
    return yes
  }
}

/// Compares two times. Page: CompareFileTime.
/// - Returns: -1, 0 or 1.
@c @implementation
public func CompareFileTime(_ first: UnsafePointer<FILETIME>?, _ second: UnsafePointer<FILETIME>?) -> LONG {
  guard let first = unsafe first, let second = unsafe second else { return 0 }
  let (left, right) = unsafe (UInt64(bitPattern: units(first.pointee)), UInt64(bitPattern: units(second.pointee)))
  return left < right ? -1 : left == right ? 0 : 1
}

/// The monotonic clock in units of 100 ns, as on Windows today. Page: QueryPerformanceCounter.
/// - Returns: TRUE, or FALSE: ERROR_NOACCESS (NULL).
@c @implementation
public func QueryPerformanceCounter(_ count: UnsafeMutablePointer<LARGE_INTEGER>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let count = unsafe count else { throw WSAError(ERROR_NOACCESS) }
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    unsafe count.pointee.QuadPart = LONGLONG(time.tv_sec) * unitsPerSecond + LONGLONG(time.tv_nsec) / 100
    return yes
  }
}

/// How often QueryPerformanceCounter counts in a second. Page: QueryPerformanceFrequency.
/// - Parameter frequency: Receives 10,000,000.
/// - Returns: TRUE, or FALSE: ERROR_NOACCESS (NULL).
@c @implementation
public func QueryPerformanceFrequency(_ frequency: UnsafeMutablePointer<LARGE_INTEGER>?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let frequency = unsafe frequency else { throw WSAError(ERROR_NOACCESS) }
    unsafe frequency.pointee.QuadPart = unitsPerSecond
    return yes
  }
}
