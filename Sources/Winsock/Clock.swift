public import CWinsock
import Glibc

@c @implementation
public func Sleep(_ milliseconds: DWORD) {
  guard milliseconds > 0 else {
    sched_yield()
    return
  }
  guard milliseconds != DWORD.max else {
    while true { pause() }
  }
  let deadline = Deadline(wait: milliseconds)
  while !deadline.isOver {
    let left = deadline.remaining
    var time = timespec(tv_sec: Int(left / 1000), tv_nsec: Int(left % 1000) * 1_000_000)
    unsafe nanosleep(&time, nil)  // a signal must not shorten it
  }
}

@c @implementation
public func GetTickCount64() -> ULONGLONG { monotonicMilliseconds() }

@c @implementation
public func GetTickCount() -> DWORD { DWORD(truncatingIfNeeded: monotonicMilliseconds()) }
