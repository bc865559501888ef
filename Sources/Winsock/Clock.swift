public import CWinsock

@c @implementation
public func GetTickCount64() -> ULONGLONG { monotonicMilliseconds() }

@c @implementation
public func GetTickCount() -> DWORD { DWORD(truncatingIfNeeded: monotonicMilliseconds()) }
