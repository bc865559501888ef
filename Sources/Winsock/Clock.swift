public import CWinsock

/// Milliseconds of the monotonic clock, which has its own beginning. Page: GetTickCount64.
@c @implementation
public func GetTickCount64() -> ULONGLONG { monotonicMilliseconds() }

/// The low 32 bits of GetTickCount64, which come round after 49.7 days. Page: GetTickCount.
@c @implementation
public func GetTickCount() -> DWORD { DWORD(truncatingIfNeeded: monotonicMilliseconds()) }
