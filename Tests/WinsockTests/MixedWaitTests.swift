import CWinsock
import Foundation
import Testing

@testable import Winsock

/// One wait over objects of every kind (issue 5, point 2). None needs WSAStartup.
@Suite struct MixedWaitTests {
  /// An event, a semaphore, a mutex, a timer and a thread, none of them ready; the mutex is a second thread's.
  private final class Objects: @unchecked Sendable {
    let event = CreateEventExA(nil, nil, 0, 0)
    let semaphore = CreateSemaphoreA(nil, 0, 1, nil)
    let mutex = CreateMutexA(nil, 0, nil)
    let timer = CreateWaitableTimerA(nil, 0, nil)
    let thread = CreateThread(nil, 0, { _ in 5 }, nil, CREATE_SUSPENDED, nil)
    private let releases = CreateEventA(nil, 0, 0, nil)
    private var owner: BackgroundCall<Int32>?

    init() {
      let taken = CreateEventA(nil, 0, 0, nil)
      nonisolated(unsafe) let (mutex, taken_, releases) = (mutex, taken, releases)
      owner = BackgroundCall {
        WaitForSingleObject(mutex, INFINITE)
        SetEvent(taken_)
        WaitForSingleObject(releases, INFINITE)
        return ReleaseMutex(mutex)
      }
      #expect(WaitForSingleObject(taken, patience) == WAIT_OBJECT_0)
      CloseHandle(taken)
    }

    var all: [HANDLE?] { [event, semaphore, mutex, timer, thread] }

    func makeReady(_ index: Int) {
      switch index {
      case 0: #expect(SetEvent(event) == 1)
      case 1: #expect(ReleaseSemaphore(semaphore, 1, nil) == 1)
      case 2:
        SetEvent(releases)
        #expect(owner?.result() == 1)
        owner = nil
      case 3:
        var due = LARGE_INTEGER()
        due.QuadPart = -10_000
        #expect(SetWaitableTimer(timer, &due, 0, nil, nil, 0) == 1)
      default: #expect(ResumeThread(thread) == 1)
      }
    }

    deinit {
      SetEvent(releases)
      _ = owner?.result()
      ResumeThread(thread)
      for handle in all + [releases] { CloseHandle(handle) }
    }
  }

  @Test("Issue 5, point 2: a wait for any ends by whichever is ready", arguments: 0..<5)
  func any(index: Int) {
    let objects = Objects()
    #expect(WaitForMultipleObjects(5, objects.all, 0, 0) == WAIT_TIMEOUT)
    let waiting = BackgroundCall { () -> [DWORD] in
      let outcome = WaitForMultipleObjects(5, objects.all, 0, patience)
      if index == 2 { ReleaseMutex(objects.mutex) }
      return [outcome]
    }
    waiting.untilBlocked()
    objects.makeReady(index)
    #expect(waiting.result() == [WAIT_OBJECT_0 + DWORD(index)])
    // It took what it got: only a thread and a mutex that was given back are ready still.
    #expect(WaitForSingleObject(objects.all[index], 0) == (index == 4 || index == 2 ? WAIT_OBJECT_0 : WAIT_TIMEOUT))
    if index == 2 { ReleaseMutex(objects.mutex) }
  }

  @Test("Issue 5, point 2: a wait for all takes nothing before all are ready", arguments: 0..<5)
  func all(last: Int) {
    let objects = Objects()
    let waiting = BackgroundCall { () -> [DWORD] in
      let outcome = WaitForMultipleObjects(5, objects.all, 1, patience)
      return [outcome, DWORD(ReleaseMutex(objects.mutex))]
    }
    waiting.untilBlocked()
    for index in 0..<5 where index != last { objects.makeReady(index) }
    // What is ready is not taken: others may have it.
    for index in 0..<2 where index != last {
      #expect(WaitForSingleObject(objects.all[index], patience) == WAIT_OBJECT_0)
      objects.makeReady(index)
    }
    #expect(!waiting.isDone)
    objects.makeReady(last)
    #expect(waiting.result() == [WAIT_OBJECT_0, 1])
    for handle in [objects.event, objects.semaphore, objects.timer] {
      #expect(WaitForSingleObject(handle, 0) == WAIT_TIMEOUT, "taken")
    }
  }

  @Test("Issue 5, point 2: threads that wait for all of overlapping sets take whole sets and lose nothing")
  func atomicity() {
    let semaphores = (0..<3).map { _ in UInt(bitPattern: CreateSemaphoreA(nil, 1, 1, nil)) }
    let rounds = 1500
    let philosophers = (0..<3).map { seat in
      BackgroundCall { () -> Int in
        let pair = [semaphores[seat], semaphores[(seat + 1) % 3]].map { HANDLE(bitPattern: $0) }
        var failures = 0
        for _ in 0..<rounds {
          if WaitForMultipleObjects(2, pair, 1, patience) != WAIT_OBJECT_0 { failures += 1 }
          // Both are mine: nobody else can have released or taken one.
          for fork in pair {
            var count: LONG = 77
            if ReleaseSemaphore(fork, 1, &count) != 1 || count != 0 { failures += 1 }
          }
        }
        return failures
      }
    }
    for philosopher in philosophers { #expect(philosopher.result() == 0) }
    for semaphore in semaphores {
      #expect(WaitForSingleObject(HANDLE(bitPattern: semaphore), 0) == WAIT_OBJECT_0)
      #expect(WaitForSingleObject(HANDLE(bitPattern: semaphore), 0) == WAIT_TIMEOUT)
      CloseHandle(HANDLE(bitPattern: semaphore))
    }
  }

  @Test("Issue 5, point 2: two signals let two threads through, first come, first served")
  func handedOver() {
    let event = UInt(bitPattern: CreateEventA(nil, 0, 0, nil))
    let waiting = (0..<3).map { _ in
      let call = BackgroundCall { WaitForSingleObject(HANDLE(bitPattern: event), INFINITE) }
      call.untilBlocked()
      return call
    }
    // The event is set before the first thread can have woken: it belongs to that one already.
    SetEvent(HANDLE(bitPattern: event))
    SetEvent(HANDLE(bitPattern: event))
    #expect(WaitForSingleObject(HANDLE(bitPattern: event), 0) == WAIT_TIMEOUT)
    #expect(waiting[0].result() == WAIT_OBJECT_0)
    #expect(waiting[1].result() == WAIT_OBJECT_0)
    #expect(!waiting[2].isDone)
    SetEvent(HANDLE(bitPattern: event))
    #expect(waiting[2].result() == WAIT_OBJECT_0)
    CloseHandle(HANDLE(bitPattern: event))
  }

  @Test("Issue 5, point 2: time-outs of mixed waits are never early", arguments: [0, 1])
  func timeOut(all: Int32) {
    let objects = Objects()
    let start = GetTickCount64()
    #expect(WaitForMultipleObjects(5, objects.all, all, 30) == WAIT_TIMEOUT)
    #expect(GetTickCount64() - start >= 30)
  }

  @Test("Issue 5, point 2: a wait for all names no object twice, by whatever handle")
  func twice() {
    let semaphore = CreateSemaphoreA(nil, 1, 1, nil)
    var second: HANDLE?
    #expect(DuplicateHandle(GetCurrentProcess(), semaphore, GetCurrentProcess(), &second, 0, 0, 0) == 1)
    SetLastError(0xdead)
    #expect(WaitForMultipleObjects(2, [semaphore, second], 1, 0) == WAIT_FAILED)
    #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    #expect(WaitForMultipleObjects(2, [semaphore, second], 0, 0) == WAIT_OBJECT_0)
    for handle in [semaphore, second] { CloseHandle(handle) }
  }

  @Test("Issue 5, point 2: SignalObjectAndWait signals what can be signalled, then waits")
  func signalAndWait() {
    let (event, semaphore, mutex) = (
      CreateEventA(nil, 1, 0, nil), CreateSemaphoreA(nil, 0, 1, nil), CreateMutexA(nil, 1, nil)
    )
    for handle in [event, semaphore, mutex] {
      #expect(SignalObjectAndWait(handle, handle, 0, 0) == WAIT_OBJECT_0)
    }
    #expect(SignalObjectAndWait(event, semaphore, 0, 0) == WAIT_TIMEOUT)
    #expect(SignalObjectAndWait(semaphore, event, 0, 0) == WAIT_OBJECT_0)
    #expect(ReleaseMutex(mutex) == 1)
    let timer = CreateWaitableTimerA(nil, 0, nil)
    let refusals: [(HANDLE?, HANDLE?, Int)] = [
      (semaphore, event, ERROR_TOO_MANY_POSTS), (mutex, event, ERROR_NOT_OWNER), (timer, event, ERROR_INVALID_HANDLE),
      (nil, event, ERROR_INVALID_HANDLE), (event, nil, ERROR_INVALID_HANDLE),
    ]
    ResetEvent(event)
    for (first, second, error) in refusals {
      SetLastError(0xdead)
      #expect(SignalObjectAndWait(first, second, INFINITE, 0) == WAIT_FAILED)
      #expect(GetLastError() == error)
    }
    #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "a wait that cannot be signals nothing")
    #expect(QueueUserAPC({ _ in }, GetCurrentThread(), 0) == 1)
    #expect(SignalObjectAndWait(event, semaphore, 0, 0) == WAIT_OBJECT_0)
    #expect(SignalObjectAndWait(event, semaphore, patience, 1) == WAIT_IO_COMPLETION)
    for handle in [event, semaphore, mutex, timer] { CloseHandle(handle) }
  }
}
