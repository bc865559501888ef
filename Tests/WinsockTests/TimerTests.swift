import CWinsock
import Foundation
import Testing

@testable import Winsock

private func units(milliseconds: Int64) -> LARGE_INTEGER {
  var due = LARGE_INTEGER()
  due.QuadPart = milliseconds * 10_000
  return due
}

private func microseconds(_ clock: clockid_t) -> Int64 {
  var now = timespec()
  clock_gettime(clock, &now)
  return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
}

/// What the routines of a test have said; they run on the thread that set the timer.
private struct Log {
  var count = 0
  var thread: DWORD = 0
  var time: UInt64 = 0
}

private let logCall: PTIMERAPCROUTINE = { argument, low, high in
  let log = argument!.assumingMemoryBound(to: Log.self)
  log.pointee.count += 1
  log.pointee.thread = GetCurrentThreadId()
  log.pointee.time = UInt64(high) << 32 | UInt64(low)
}

/// Waitable timers: bounds only below, as a loaded machine may be late but never early.
@Suite struct TimerTests {
  @Test("Issue 5, point 2: a relative time, never early", arguments: [false, true])
  func relative(isManual: Bool) {
    let timer = CreateWaitableTimerA(nil, isManual ? 1 : 0, nil)
    #expect(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "not set")
    var due = units(milliseconds: -20)
    let start = microseconds(CLOCK_MONOTONIC)
    #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
    #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0)
    #expect(microseconds(CLOCK_MONOTONIC) - start >= 20_000)
    #expect(WaitForSingleObject(timer, 0) == (isManual ? WAIT_OBJECT_0 : WAIT_TIMEOUT))
    due = units(milliseconds: -3_600_000)
    #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
    #expect(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "set anew: not signalled")
    CloseHandle(timer)
  }

  @Test("Issue 5, point 2: an absolute time, never early; one that is over expires at once")
  func absolute() {
    let timer = CreateWaitableTimerExW(nil, nil, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, 0)
    let target = microseconds(CLOCK_REALTIME) + 25_000
    var due = LARGE_INTEGER()
    due.QuadPart = target * 10 + 116_444_736_000_000_000
    #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
    #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0)
    #expect(microseconds(CLOCK_REALTIME) >= target)
    for past: Int64 in [0, 1, due.QuadPart - 10_000_000] {
      due.QuadPart = past
      #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
      #expect(WaitForSingleObject(timer, 0) == WAIT_OBJECT_0)
      #expect(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT)
    }
    for never in [Int64.min, Int64.max] {
      due.QuadPart = never
      #expect(SetWaitableTimer(timer, &due, 1, nil, nil, 0) == 1)
      #expect(WaitForSingleObject(timer, 20) == WAIT_TIMEOUT)
    }
    CloseHandle(timer)
  }

  @Test("Issue 5, point 2: a period signals again and again until the timer is cancelled")
  func periodic() {
    let timer = CreateWaitableTimerW(nil, 0, nil)
    var due = units(milliseconds: -5)
    let start = microseconds(CLOCK_MONOTONIC)
    #expect(SetWaitableTimer(timer, &due, 5, nil, nil, 0) == 1)
    for _ in 0..<4 { #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0) }
    #expect(microseconds(CLOCK_MONOTONIC) - start >= 20_000)
    due = units(milliseconds: 0)
    #expect(SetWaitableTimer(timer, &due, 5, nil, nil, 0) == 1)
    for _ in 0..<3 { #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0) }
    #expect(CancelWaitableTimer(timer) == 1)
    _ = WaitForSingleObject(timer, 0)  // signalled or not, it stays so
    #expect(WaitForSingleObject(timer, 25) == WAIT_TIMEOUT)
    CloseHandle(timer)
  }

  @Test("Issue 5, point 2: cancel leaves the state as it is")
  func cancel() {
    let timer = CreateWaitableTimerA(nil, 1, nil)
    #expect(CancelWaitableTimer(timer) == 1, "never set")
    var due = units(milliseconds: -10)
    #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
    #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0)
    #expect(CancelWaitableTimer(timer) == 1)
    #expect(WaitForSingleObject(timer, 0) == WAIT_OBJECT_0, "still signalled")
    due = units(milliseconds: -200)
    #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
    #expect(CancelWaitableTimer(timer) == 1)
    #expect(WaitForSingleObject(timer, 300) == WAIT_TIMEOUT)
    CloseHandle(timer)
  }

  @Test("Issue 5, point 2, S5.3: a timer's routine runs on the thread that set it, and only in an alertable wait")
  func routine() {
    let timer = CreateWaitableTimerA(nil, 1, nil)
    let log = UnsafeMutablePointer<Log>.allocate(capacity: 1)
    log.initialize(to: Log())
    var due = units(milliseconds: -5)
    let before = microseconds(CLOCK_REALTIME) * 10 + 116_444_736_000_000_000
    #expect(SetWaitableTimer(timer, &due, 0, logCall, log, 0) == 1)
    #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0, "not alertable")
    Sleep(1)
    #expect(log.pointee.count == 0)
    #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION)
    #expect(log.pointee.count == 1 && log.pointee.thread == GetCurrentThreadId())
    #expect(Int64(log.pointee.time) >= before + 50_000, "the time of the expiry, a FILETIME")
    #expect(SleepEx(0, 1) == 0)
    // Once at a time, however often the timer expires before the thread looks.
    due = units(milliseconds: -1)
    #expect(SetWaitableTimer(timer, &due, 1, logCall, log, 0) == 1)
    Sleep(20)
    #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0)
    #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION)
    #expect(log.pointee.count >= 2)
    #expect(CancelWaitableTimer(timer) == 1)
    // A routine that is queued goes with its setting.
    due = units(milliseconds: 0)
    for end in [{ _ = CancelWaitableTimer(timer) }, { CloseHandle(timer) }] {
      #expect(SetWaitableTimer(timer, &due, 0, logCall, log, 0) == 1)
      let count = log.pointee.count
      end()
      #expect(SleepEx(0, 1) == 0)
      #expect(log.pointee.count == count)
    }
    log.deallocate()
  }

  @Test("Issue 5, point 2: with a routine the timer ends with the thread that set it, without one it does not")
  func theThreadEnds() {
    let timers = (0..<2).map { _ in CreateWaitableTimerA(nil, 1, nil) }
    let pair = UnsafeMutablePointer<HANDLE?>.allocate(capacity: 2)
    (pair[0], pair[1]) = (timers[0], timers[1])
    let thread = CreateThread(
      nil, 0,
      { argument in
        let pair = argument!.assumingMemoryBound(to: HANDLE?.self)
        var due = units(milliseconds: -300)
        let first = SetWaitableTimer(pair[0], &due, 0, logCall, nil, 0)
        return DWORD(first + SetWaitableTimer(pair[1], &due, 0, nil, nil, 0))
      }, pair, 0, nil)
    #expect(WaitForSingleObject(thread, patience) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1 && code == 2)
    #expect(WaitForSingleObject(timers[1], patience) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(timers[0], 20) == WAIT_TIMEOUT)
    for handle in timers + [thread] { CloseHandle(handle) }
    pair.deallocate()
  }

  @Test("Issue 5, point 2: arguments that a timer does not take")
  func refusals() {
    let timer = CreateWaitableTimerA(nil, 0, nil)
    let event = CreateEventA(nil, 1, 0, nil)
    var due = units(milliseconds: -3_600_000)
    let calls: [(Int, () -> Bool)] = [
      (ERROR_NOT_SUPPORTED, { CreateWaitableTimerA(nil, 0, "named") == nil }),
      (ERROR_INVALID_PARAMETER, { CreateWaitableTimerExA(nil, nil, 4, 0) == nil }),
      (ERROR_INVALID_PARAMETER, { SetWaitableTimer(timer, nil, 0, nil, nil, 0) == 0 }),
      (ERROR_INVALID_PARAMETER, { SetWaitableTimer(timer, &due, -1, nil, nil, 0) == 0 }),
      (ERROR_INVALID_HANDLE, { SetWaitableTimer(event, &due, 0, nil, nil, 0) == 0 }),
      (ERROR_INVALID_HANDLE, { CancelWaitableTimer(event) == 0 }),
      (ERROR_INVALID_HANDLE, { CancelWaitableTimer(nil) == 0 }),
      (ERROR_NOT_SUPPORTED, { SetWaitableTimer(timer, &due, 0, nil, nil, 1) == 1 }),  // fResume
    ]
    for (error, call) in calls {
      SetLastError(0xdead)
      #expect(call())
      #expect(GetLastError() == error)
    }
    for handle in [timer, event] { CloseHandle(handle) }
  }

  @Test("Issue 5, point 2: many timers need no thread each, and set again leave nothing behind")
  func many() throws {
    let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    let timers = (0..<500).map { _ in CreateWaitableTimerA(nil, 1, nil) }
    var due = units(milliseconds: -3_600_000)
    let before = try threads()
    for _ in 0..<20 { for timer in timers { #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1) } }
    due = units(milliseconds: -30)
    for timer in timers { #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1) }
    for timer in timers { #expect(WaitForSingleObject(timer, patience) == WAIT_OBJECT_0) }
    #expect(try threads() < before + 100)
    for timer in timers { CloseHandle(timer) }
  }
}
