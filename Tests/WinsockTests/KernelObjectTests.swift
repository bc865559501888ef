import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Events, threads and waits. They need no WSAStartup, so they may run beside the other suites.
@Suite struct KernelObjectTests {
  @Test func aManualEventStaysSignalled() {
    let event = CreateEventW(nil, 1, 0, nil)
    #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
    #expect(SetEvent(event) == 1)
    #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0)
    #expect(ResetEvent(event) == 1)
    #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
    #expect(CloseHandle(event) == 1)
  }

  @Test func anAutomaticEventLetsOneThrough() {
    let event = CreateEventA(nil, 0, 1, nil)
    #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
    nonisolated(unsafe) let shared = event
    let waiting = (0..<4).map { _ in BackgroundCall { WaitForSingleObject(shared, INFINITE) } }
    for (count, _) in waiting.enumerated() {
      SetEvent(event)
      while waiting.filter(\.isDone).count < count + 1 { sched_yield() }
      #expect(waiting.filter(\.isDone).count == count + 1)
    }
    #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
    CloseHandle(event)
  }

  @Test func badHandles() {
    let closed = CreateEventA(nil, 1, 1, nil)
    #expect(CloseHandle(closed) == 1)
    let handles: [HANDLE?] = [nil, closed, HANDLE(bitPattern: 3), HANDLE(bitPattern: UInt.max)]
    for handle in handles {
      let calls: [() -> Bool] = [
        { SetEvent(handle) == 0 }, { ResetEvent(handle) == 0 }, { CloseHandle(handle) == 0 },
        { WaitForSingleObject(handle, 0) == WAIT_FAILED },
        {
          var code: DWORD = 0
          return GetExitCodeThread(handle, &code) == 0
        },
      ]
      for call in calls {
        SetLastError(0xdead)
        #expect(call())
        #expect(GetLastError() == ERROR_INVALID_HANDLE)
      }
    }
    #expect(CreateEventA(nil, 1, 1, "named") == nil)
    #expect(GetLastError() == ERROR_NOT_SUPPORTED)
  }

  @Test func waitingForSeveral() {
    let events = (0..<3).map { _ in CreateEventA(nil, 0, 0, nil) }
    #expect(WaitForMultipleObjects(3, events, 0, 0) == WAIT_TIMEOUT)
    SetEvent(events[2])
    SetEvent(events[1])
    #expect(WaitForMultipleObjects(3, events, 0, 0) == WAIT_OBJECT_0 + 1, "the lowest index")
    #expect(WaitForMultipleObjects(3, events, 0, 0) == WAIT_OBJECT_0 + 2)
    SetEvent(events[0])
    SetEvent(events[1])
    #expect(WaitForMultipleObjects(3, events, 1, 0) == WAIT_TIMEOUT)
    #expect(WaitForSingleObject(events[0], 0) == WAIT_OBJECT_0, "a wait for all takes all or nothing")
    for event in events { SetEvent(event) }
    #expect(WaitForMultipleObjects(3, events, 1, INFINITE) == WAIT_OBJECT_0)
    #expect(WaitForMultipleObjects(3, events, 0, 0) == WAIT_TIMEOUT)
    for count: DWORD in [0, 65] {
      #expect(WaitForMultipleObjects(count, events, 0, 0) == WAIT_FAILED)
      #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    }
    #expect(WaitForMultipleObjects(1, nil, 0, 0) == WAIT_FAILED)
    for event in events { CloseHandle(event) }
  }

  @Test func aWaitForAllSleepsUntilTheLastOne() {
    let events = (0..<2).map { _ in UInt(bitPattern: CreateEventA(nil, 1, 0, nil)) }
    let waiting = BackgroundCall {
      WaitForMultipleObjects(2, events.map { HANDLE(bitPattern: $0) }, 1, INFINITE)
    }
    waiting.untilBlocked()
    SetEvent(HANDLE(bitPattern: events[1]))
    #expect(!waiting.isDone)
    SetEvent(HANDLE(bitPattern: events[0]))
    #expect(waiting.result() == WAIT_OBJECT_0)
    for event in events { CloseHandle(HANDLE(bitPattern: event)) }
  }

  @Test func waitsEndInTime() {
    let event = CreateEventA(nil, 1, 0, nil)
    let start = GetTickCount64()
    #expect(WaitForSingleObject(event, 25) == WAIT_TIMEOUT)
    #expect(GetTickCount64() - start >= 25)
    CloseHandle(event)
    let before = GetTickCount64()
    Sleep(12)
    #expect(GetTickCount64() - before >= 12)
    Sleep(0)
  }

  @Test func threads() {
    let thread = CreateThread(
      nil, 4096, { parameter in DWORD(UInt(bitPattern: parameter)) + 1 }, LPVOID(bitPattern: 41), 0, nil)
    #expect(thread != nil)
    #expect(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1)
    #expect(code == 42)
    #expect(CloseHandle(thread) == 1)
  }

  @Test func aThreadsIdentifierIsKnownAtOnce() {
    var identifier: DWORD = 0
    let thread = CreateThread(nil, 0, { _ in GetCurrentThreadId() }, nil, 0, &identifier)
    #expect(identifier != 0 && identifier != GetCurrentThreadId())
    WaitForSingleObject(thread, INFINITE)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1)
    #expect(code == identifier)
    CloseHandle(thread)
  }

  /// The handle goes, the thread stays.
  @Test func aThreadOutlivesItsHandle() {
    let event = CreateEventA(nil, 1, 0, nil)
    let done = CreateEventA(nil, 1, 0, nil)
    let pair = UnsafeMutablePointer<HANDLE?>.allocate(capacity: 2)
    (pair[0], pair[1]) = (event, done)
    let thread = CreateThread(
      nil, 0,
      { parameter in
        let pair = parameter!.assumingMemoryBound(to: HANDLE?.self)
        WaitForSingleObject(pair[0], INFINITE)
        SetEvent(pair[1])
        return 0
      }, pair, 0, nil)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1)
    #expect(code == STILL_ACTIVE)
    CloseHandle(thread)
    SetEvent(event)
    #expect(WaitForSingleObject(done, INFINITE) == WAIT_OBJECT_0)
    pair.deallocate()
  }

  @Test func threadsThatCannotBe() {
    #expect(CreateThread(nil, 0, nil, nil, 0, nil) == nil)
    #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    #expect(CreateThread(nil, 0, { _ in 0 }, nil, 0x20, nil) == nil, "no such flag")
    #expect(GetLastError() == ERROR_INVALID_PARAMETER)
  }

  @Test func criticalSectionsAreRecursiveAndExclude() {
    let section = LPCRITICAL_SECTION.allocate(capacity: 1)
    defer { section.deallocate() }
    InitializeCriticalSection(section)
    EnterCriticalSection(section)
    #expect(TryEnterCriticalSection(section) == 1)
    nonisolated(unsafe) let shared = section
    let other = BackgroundCall { TryEnterCriticalSection(shared) }
    #expect(other.result() == 0)
    LeaveCriticalSection(section)
    LeaveCriticalSection(section)
    let next = BackgroundCall { () -> Int32 in
      defer { LeaveCriticalSection(shared) }
      return TryEnterCriticalSection(shared)
    }
    #expect(next.result() == 1)
    DeleteCriticalSection(section)
    #expect(InitializeCriticalSectionAndSpinCount(section, 4000) == 1)
    DeleteCriticalSection(section)
  }

  @Test func identities() {
    #expect(GetCurrentProcessId() == DWORD(getpid()))
    #expect(FileManager.default.fileExists(atPath: "/proc/self/task/\(GetCurrentThreadId())"))
  }
}

extension WinsockSuite {
  @Suite struct WinsockEventTests {
    @Test func events() {
      started {
        let event = WSACreateEvent()
        var events = [event]
        #expect(WSAWaitForMultipleEvents(1, &events, 0, 0, 0) == WSA_WAIT_TIMEOUT)
        #expect(WSASetEvent(event) == 1)
        #expect(WSAWaitForMultipleEvents(1, &events, 0, WSA_INFINITE, 1) == WSA_WAIT_EVENT_0)
        #expect(WSAWaitForMultipleEvents(1, &events, 0, 0, 0) == WSA_WAIT_EVENT_0, "manual reset")
        #expect(WSAResetEvent(event) == 1)
        #expect(WSAWaitForMultipleEvents(1, &events, 1, 0, 0) == WSA_WAIT_TIMEOUT)
        #expect(WSAWaitForMultipleEvents(0, &events, 1, 0, 0) == WSA_WAIT_FAILED)
        #expect(WSAGetLastError() == WSA_INVALID_PARAMETER)
        #expect(WSACloseEvent(event) == 1)
        #expect(WSACloseEvent(event) == 0)
        #expect(WSAGetLastError() == WSA_INVALID_HANDLE)
        #expect(WSASetEvent(event) == 0)
        #expect(WSAResetEvent(event) == 0)
        #expect(WSAWaitForMultipleEvents(1, &events, 0, 0, 0) == WSA_WAIT_FAILED)
        #expect(WSAGetLastError() == WSA_INVALID_HANDLE)
      }
    }
  }
}
