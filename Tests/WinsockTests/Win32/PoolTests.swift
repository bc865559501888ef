import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages "Thread Pool API" and "Timer Queues".
@Suite struct PoolTests {
  @Test(
    "QueueUserWorkItem's and TrySubmitThreadpoolCallback's pages",
    arguments: [WT_EXECUTEDEFAULT, WT_EXECUTELONGFUNCTION])
  func items(flags: ULONG) {
    let counter = Counter()
    let function: LPTHREAD_START_ROUTINE = { context in
      Counter.of(context).add()
      return 0
    }
    for _ in 0..<20 { #expect(QueueUserWorkItem(function, counter.pointer, flags) == 1) }
    #expect(counter.reaches(20))
    #expect(TrySubmitThreadpoolCallback({ _, context in Counter.of(context).add() }, counter.pointer, nil) == 1)
    #expect(counter.reaches(21))
    #expect(fails(ERROR_INVALID_PARAMETER) { QueueUserWorkItem(nil, nil, flags) })
    #expect(fails(ERROR_INVALID_PARAMETER) { TrySubmitThreadpoolCallback(nil, nil, nil) })
  }

  @Test("WaitForThreadpoolWorkCallbacks' page: waits for all that was submitted; the work is the third argument")
  func work() {
    let counter = Counter()
    let work = CreateThreadpoolWork(
      { _, context, work in if work != nil { Counter.of(context).add() } }, counter.pointer, nil)
    for _ in 0..<50 { SubmitThreadpoolWork(work) }
    WaitForThreadpoolWorkCallbacks(work, 0)
    #expect(counter.value == 50)
    CloseThreadpoolWork(work)
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { CreateThreadpoolWork(nil, nil, nil) })
    SubmitThreadpoolWork(nil)
    WaitForThreadpoolWorkCallbacks(nil, 0)
    CloseThreadpoolWork(nil)
  }

  @Test("WaitForThreadpoolWorkCallbacks' page: fCancelPendingCallbacks drops what has not begun")
  func cancelled() {
    final class State: @unchecked Sendable {
      let counter = Counter()
      let gate = UInt(bitPattern: CreateEventA(nil, 1, 0, nil))
    }
    let state = State()
    let pointer = Unmanaged.passUnretained(state).toOpaque()
    let work = CreateThreadpoolWork(
      { _, context, _ in
        let state = Unmanaged<State>.fromOpaque(context!).takeUnretainedValue()
        state.counter.add()
        WaitForSingleObject(HANDLE(bitPattern: state.gate), INFINITE)
      }, pointer, nil)
    for _ in 0..<2000 { SubmitThreadpoolWork(work) }
    #expect(state.counter.reaches(1))
    let shared = UInt(bitPattern: UnsafeMutableRawPointer(work))
    let waiter = BackgroundCall { () -> Bool in
      WaitForThreadpoolWorkCallbacks(PTP_WORK(bitPattern: shared), 1)
      return true
    }
    waiter.untilBlocked()
    SetEvent(HANDLE(bitPattern: state.gate))
    #expect(waiter.result() == true)
    #expect(state.counter.value < 2000)
    CloseThreadpoolWork(work)
    CloseHandle(HANDLE(bitPattern: state.gate))
  }

  @Test("SetThreadpoolTimer's page: once, then each period, until it is stopped")
  func timer() {
    let counter = Counter()
    let timer = CreateThreadpoolTimer({ _, context, _ in Counter.of(context).add() }, counter.pointer, nil)
    #expect(IsThreadpoolTimerSet(timer) == 0)
    var due = FILETIME(dwLowDateTime: DWORD(bitPattern: -10_000), dwHighDateTime: DWORD(bitPattern: -1))
    SetThreadpoolTimer(timer, &due, 0, 0)
    #expect(IsThreadpoolTimerSet(timer) == 1)
    #expect(counter.reaches(1))
    SetThreadpoolTimer(timer, &due, 1, 0)
    #expect(counter.reaches(4))
    SetThreadpoolTimer(timer, nil, 0, 0)
    WaitForThreadpoolTimerCallbacks(timer, 1)
    #expect(IsThreadpoolTimerSet(timer) == 0)
    GetSystemTimeAsFileTime(&due)
    let before = counter.value
    SetThreadpoolTimer(timer, &due, 0, 0)
    #expect(counter.reaches(before + 1), "a time that is over")
    CloseThreadpoolTimer(timer)
    CloseThreadpoolTimer(nil)
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { CreateThreadpoolTimer(nil, nil, nil) })
  }

  @Test("CreateTimerQueueTimer's, ChangeTimerQueueTimer's and DeleteTimerQueueTimer's pages", arguments: [false, true])
  func queues(own: Bool) {
    let queue = own ? CreateTimerQueue() : nil
    let counter = Counter()
    let fired: WAITORTIMERCALLBACK = { context, fired in if fired != 0 { Counter.of(context).add() } }
    var timer: HANDLE?
    #expect(CreateTimerQueueTimer(&timer, queue, fired, counter.pointer, 1, 0, WT_EXECUTEDEFAULT) == 1)
    #expect(counter.reaches(1))
    #expect(ChangeTimerQueueTimer(queue, timer, 0, 1) == 1)
    #expect(counter.reaches(4))
    #expect(DeleteTimerQueueTimer(queue, timer, invalidHandle) == 1, "waits for its callbacks")
    #expect(fails(ERROR_INVALID_HANDLE) { DeleteTimerQueueTimer(queue, timer, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { ChangeTimerQueueTimer(queue, timer, 0, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { CreateTimerQueueTimer(&timer, queue, nil, nil, 1, 0, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { CreateTimerQueueTimer(nil, queue, fired, nil, 1, 0, 0) })
    let event = CreateEventA(nil, 1, 0, nil)
    #expect(fails(ERROR_INVALID_HANDLE) { CreateTimerQueueTimer(&timer, event, fired, nil, 1, 0, 0) })
    guard own else { return #expect(fails(ERROR_INVALID_HANDLE) { DeleteTimerQueueEx(nil, nil) }) }
    #expect(CreateTimerQueueTimer(&timer, queue, fired, counter.pointer, 600_000, 0, 0) == 1)
    #expect(DeleteTimerQueueEx(queue, event) == 1)
    #expect(WaitForSingleObject(event, 10_000) == WAIT_OBJECT_0)
    #expect(fails(ERROR_INVALID_HANDLE) { ChangeTimerQueueTimer(nil, timer, 0, 0) }, "its timers go with it")
    CloseHandle(event)
  }

  @Test("RegisterWaitForSingleObject's page: at each signal, at a time-out, once; UnregisterWaitEx's")
  func waits() {
    let (signals, timeOuts) = (Counter(), Counter())
    let event = CreateEventA(nil, 0, 0, nil)
    var wait: HANDLE?
    let signalled: WAITORTIMERCALLBACK = { context, isTimeOut in if isTimeOut == 0 { Counter.of(context).add() } }
    #expect(RegisterWaitForSingleObject(&wait, event, signalled, signals.pointer, INFINITE, WT_EXECUTEDEFAULT) == 1)
    for count in 1...3 {
      SetEvent(event)
      #expect(signals.reaches(count))
    }
    #expect(UnregisterWaitEx(wait, invalidHandle) == 1)
    #expect(fails(ERROR_INVALID_HANDLE) { UnregisterWait(wait) })
    let timedOut: WAITORTIMERCALLBACK = { context, isTimeOut in if isTimeOut == 1 { Counter.of(context).add() } }
    #expect(RegisterWaitForSingleObject(&wait, event, timedOut, timeOuts.pointer, 1, WT_EXECUTEONLYONCE) == 1)
    #expect(timeOuts.reaches(1))
    let ended = CreateEventA(nil, 1, 0, nil)
    #expect(UnregisterWaitEx(wait, ended) == 1 && WaitForSingleObject(ended, 10_000) == WAIT_OBJECT_0)
    #expect(
      RegisterWaitForSingleObject(&wait, event, signalled, signals.pointer, INFINITE, WT_EXECUTEINWAITTHREAD) == 1)
    SetEvent(event)
    #expect(signals.reaches(4))
    UnregisterWaitEx(wait, invalidHandle)
    #expect(fails(ERROR_INVALID_HANDLE) { RegisterWaitForSingleObject(&wait, nil, signalled, nil, 1, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { RegisterWaitForSingleObject(&wait, event, nil, nil, 1, 0) })
    for handle in [event, ended] { CloseHandle(handle) }
  }
}
