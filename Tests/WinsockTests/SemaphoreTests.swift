import CWinsock
import Glibc
import Testing

@testable import Winsock

/// The count of a semaphore. It needs no WSAStartup.
@Suite struct SemaphoreTests {
  @Test("Issue 5, point 2: each wait takes one, and what is released is counted")
  func counting() {
    let semaphore = CreateSemaphoreA(nil, 2, 3, nil)
    #expect(WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT)
    var previous: LONG = 77
    #expect(ReleaseSemaphore(semaphore, 2, &previous) == 1 && previous == 0)
    #expect(ReleaseSemaphore(semaphore, 1, nil) == 1)
    previous = 77
    SetLastError(0xdead)
    #expect(ReleaseSemaphore(semaphore, 1, &previous) == 0)
    #expect(GetLastError() == ERROR_TOO_MANY_POSTS && previous == 77)
    for _ in 0..<3 { #expect(WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0) }
    #expect(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT, "the refused one was not counted")
    CloseHandle(semaphore)
  }

  @Test("Issue 5, point 2: arguments that a semaphore does not take")
  func refusals() {
    for (count, maximum): (LONG, LONG) in [(-1, 1), (2, 1), (0, 0), (0, -1)] {
      SetLastError(0xdead)
      #expect(CreateSemaphoreW(nil, count, maximum, nil) == nil)
      #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    }
    #expect(CreateSemaphoreA(nil, 1, 1, "named") == nil)
    #expect(GetLastError() == ERROR_NOT_SUPPORTED)
    let semaphore = CreateSemaphoreW(nil, 0, LONG.max, nil)
    for count: LONG in [0, -1, LONG.min] {
      SetLastError(0xdead)
      #expect(ReleaseSemaphore(semaphore, count, nil) == 0)
      #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    }
    #expect(ReleaseSemaphore(semaphore, LONG.max, nil) == 1)
    #expect(ReleaseSemaphore(semaphore, 1, nil) == 0, "no overflow")
    let event = CreateEventA(nil, 1, 0, nil)
    for handle in [nil, event] {
      #expect(ReleaseSemaphore(handle, 1, nil) == 0)
      #expect(GetLastError() == ERROR_INVALID_HANDLE)
    }
    for handle in [semaphore, event] { CloseHandle(handle) }
  }

  @Test("Issue 5, point 2: one release lets as many threads through as it says")
  func releasesSeveralThreads() {
    let semaphore = UInt(bitPattern: CreateSemaphoreA(nil, 0, 8, nil))
    let waiting = (0..<4).map { _ in
      BackgroundCall { WaitForSingleObject(HANDLE(bitPattern: semaphore), INFINITE) }
    }
    for call in waiting { call.untilBlocked() }
    #expect(ReleaseSemaphore(HANDLE(bitPattern: semaphore), 3, nil) == 1)
    while waiting.filter(\.isDone).count < 3 { sched_yield() }
    #expect(WaitForSingleObject(HANDLE(bitPattern: semaphore), 0) == WAIT_TIMEOUT, "all three are taken")
    #expect(waiting.filter(\.isDone).count == 3)
    #expect(ReleaseSemaphore(HANDLE(bitPattern: semaphore), 1, nil) == 1)
    for call in waiting { #expect(call.result() == WAIT_OBJECT_0) }
    CloseHandle(HANDLE(bitPattern: semaphore))
  }
}
