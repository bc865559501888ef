import CWinsock
import Synchronization
import Testing

@testable import Winsock

/// Ownership of a mutex. It needs no WSAStartup.
@Suite struct MutexTests {
  @Test("Issue 5, point 2: a mutex is recursive, its owner's and no one else's")
  func ownership() {
    let mutex = UInt(bitPattern: CreateMutexA(nil, 1, nil))
    let handle = HANDLE(bitPattern: mutex)
    #expect(WaitForSingleObject(handle, 0) == WAIT_OBJECT_0, "again by its owner")
    let other = BackgroundCall { () -> [DWORD] in
      let waited = WaitForSingleObject(HANDLE(bitPattern: mutex), 0)
      let released = ReleaseMutex(HANDLE(bitPattern: mutex))
      return [waited, DWORD(released), GetLastError()]
    }
    #expect(other.result() == [WAIT_TIMEOUT, 0, DWORD(ERROR_NOT_OWNER)])
    #expect(ReleaseMutex(handle) == 1)
    let waiting = BackgroundCall { () -> [DWORD] in
      let waited = WaitForSingleObject(HANDLE(bitPattern: mutex), INFINITE)
      return [waited, DWORD(ReleaseMutex(HANDLE(bitPattern: mutex)))]
    }
    waiting.untilBlocked()
    #expect(!waiting.isDone, "still owned once")
    #expect(ReleaseMutex(handle) == 1)
    #expect(waiting.result() == [WAIT_OBJECT_0, 1])
    SetLastError(0xdead)
    #expect(ReleaseMutex(handle) == 0)
    #expect(GetLastError() == ERROR_NOT_OWNER)
    CloseHandle(handle)
  }

  @Test("Issue 5, point 2: handles that are no mutex, and names")
  func refusals() {
    let event = CreateEventA(nil, 1, 0, nil)
    for handle in [nil, event] {
      #expect(ReleaseMutex(handle) == 0)
      #expect(GetLastError() == ERROR_INVALID_HANDLE)
    }
    CloseHandle(event)
    #expect(CreateMutexA(nil, 0, "named") == nil)
    #expect(GetLastError() == ERROR_NOT_SUPPORTED)
    let mutex = CreateMutexW(nil, 0, nil)
    #expect(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0)
    #expect(ReleaseMutex(mutex) == 1)
    CloseHandle(mutex)
  }

  @Test("Issue 5, point 2: the end of the owner abandons a mutex, and one wait is told", arguments: [false, true])
  func abandoned(byExitThread: Bool) {
    let mutex = CreateMutexA(nil, 0, nil)
    let take: LPTHREAD_START_ROUTINE = { handle in
      WaitForSingleObject(handle, INFINITE)
      return WaitForSingleObject(handle, INFINITE)
    }
    let takeAndExit: LPTHREAD_START_ROUTINE = { handle in
      WaitForSingleObject(handle, INFINITE)
      ExitThread(7)
    }
    let thread = CreateThread(nil, 0, byExitThread ? takeAndExit : take, mutex, 0, nil)
    let event = CreateEventA(nil, 1, 0, nil)
    #expect(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1 && code == (byExitThread ? 7 : 0))
    #expect(WaitForMultipleObjects(2, [event, mutex], 0, 0) == WAIT_ABANDONED_0 + 1)
    #expect(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "told once, and owned")
    #expect(ReleaseMutex(mutex) == 1)
    #expect(ReleaseMutex(mutex) == 1)
    #expect(ReleaseMutex(mutex) == 0)
    for handle in [mutex, thread, event] { CloseHandle(handle) }
  }

  @Test("Issue 5, point 2: a thread that waits gets the mutex when its owner ends, foreign threads too")
  func abandonedWhileOthersWait() {
    let mutex = UInt(bitPattern: CreateMutexA(nil, 1, nil))
    let gate = UInt(bitPattern: CreateEventA(nil, 1, 0, nil))
    // A thread that CreateThread did not start: its end is seen all the same.
    let owner = BackgroundCall { () -> DWORD in
      let taken = WaitForSingleObject(HANDLE(bitPattern: mutex), INFINITE)
      WaitForSingleObject(HANDLE(bitPattern: gate), INFINITE)
      return taken
    }
    owner.untilBlocked()
    #expect(ReleaseMutex(HANDLE(bitPattern: mutex)) == 1)
    while WaitForSingleObject(HANDLE(bitPattern: mutex), 0) == WAIT_OBJECT_0 {
      ReleaseMutex(HANDLE(bitPattern: mutex))
    }
    let next = BackgroundCall { WaitForSingleObject(HANDLE(bitPattern: mutex), INFINITE) }
    next.untilBlocked()
    SetEvent(HANDLE(bitPattern: gate))
    #expect(owner.result() == WAIT_OBJECT_0)
    #expect(next.result() == WAIT_ABANDONED_0)
    for handle in [mutex, gate] { CloseHandle(HANDLE(bitPattern: handle)) }
  }

  @Test("Issue 5, point 2: it excludes")
  func exclusion() {
    let mutex = UInt(bitPattern: CreateMutexA(nil, 0, nil))
    let counter = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    counter.pointee = 0
    nonisolated(unsafe) let shared = counter
    let threads = (0..<4).map { _ in
      BackgroundCall { () -> Int in
        var failures = 0
        for _ in 0..<2000 {
          if WaitForSingleObject(HANDLE(bitPattern: mutex), INFINITE) != WAIT_OBJECT_0 { failures += 1 }
          shared.pointee += 1
          if ReleaseMutex(HANDLE(bitPattern: mutex)) != 1 { failures += 1 }
        }
        return failures
      }
    }
    for thread in threads { #expect(thread.result() == 0) }
    #expect(counter.pointee == 8000)
    counter.deallocate()
    CloseHandle(HANDLE(bitPattern: mutex))
  }
}
