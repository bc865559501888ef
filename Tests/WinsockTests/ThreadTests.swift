import CWinsock
import Foundation
import Testing

@testable import Winsock

/// How threads begin and end, and second handles (issue 5, point 2).
@Suite struct ThreadTests {
  @Test("Issue 5, point 2: a suspended thread begins when it is resumed, and first runs what is queued to it")
  func suspended() {
    let order = UnsafeMutablePointer<Int>.allocate(capacity: 2)
    order.initialize(repeating: 0, count: 2)
    var identifier: DWORD = 0
    let thread = CreateThread(
      nil, 0,
      { order in
        let order = order!.assumingMemoryBound(to: Int.self)
        order[1] = order[0] + 1
        return GetCurrentThreadId()
      }, order, CREATE_SUSPENDED, &identifier)
    #expect(identifier != 0)
    #expect(
      QueueUserAPC(
        { UnsafeMutablePointer<Int>(bitPattern: UInt($0))!.pointee = 41 }, thread, ULONG_PTR(UInt(bitPattern: order)))
        == 1)
    #expect(WaitForSingleObject(thread, 10) == WAIT_TIMEOUT)
    #expect(order[1] == 0)
    #expect(ResumeThread(thread) == 1)
    #expect(WaitForSingleObject(thread, patience) == WAIT_OBJECT_0)
    #expect(order[1] == 42)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1 && code == identifier)
    #expect(ResumeThread(thread) == 0)
    #expect(ResumeThread(nil) == DWORD.max)
    #expect(GetLastError() == ERROR_INVALID_HANDLE)
    CloseHandle(thread)
    order.deallocate()
  }

  @Test("Issue 5, point 2: ExitThread ends a thread from within, in a procedure call too", arguments: [false, true])
  func exitThread(inCall: Bool) {
    let plain: LPTHREAD_START_ROUTINE = { _ in ExitThread(9) }
    let called: LPTHREAD_START_ROUTINE = { _ in
      QueueUserAPC({ ExitThread(DWORD($0)) }, GetCurrentThread(), 9)
      SleepEx(INFINITE, 1)
      return 1
    }
    let thread = CreateThread(nil, 0, inCall ? called : plain, nil, 0, nil)
    #expect(WaitForSingleObject(thread, patience) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(thread, &code) == 1 && code == 9)
    #expect(QueueUserAPC({ _ in }, thread, 0) == 0, "it runs nothing any more")
    CloseHandle(thread)
  }

  @Test("Issue 5, point 2: ExitThread in a thread that CreateThread did not start")
  func exitForeignThread() {
    let handles = UnsafeMutablePointer<HANDLE?>.allocate(capacity: 2)
    (handles[0], handles[1]) = (nil, CreateEventA(nil, 1, 0, nil))
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { argument in
        let handles = argument!.assumingMemoryBound(to: HANDLE?.self)
        DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &handles[0], 0, 0, 2)
        SetEvent(handles[1])
        ExitThread(11)
      }, handles)
    #expect(error == 0)
    #expect(WaitForSingleObject(handles[1], patience) == WAIT_OBJECT_0)
    #expect(WaitForSingleObject(handles[0], patience) == WAIT_OBJECT_0)
    var code: DWORD = 0
    #expect(GetExitCodeThread(handles[0], &code) == 1 && code == 11)
    #expect(pthread_join(thread, nil) == 0)
    for index in 0..<2 { CloseHandle(handles[index]) }
    handles.deallocate()
  }

  @Test("Issue 5, point 2: OpenThread names threads that run")
  func openThread() {
    var identifier: DWORD = 0
    let thread = CreateThread(nil, 0, { _ in 3 }, nil, CREATE_SUSPENDED, &identifier)
    let second = OpenThread(THREAD_ALL_ACCESS, 0, identifier)
    #expect(second != nil && second != thread)
    #expect(ResumeThread(second) == 1)
    for handle in [thread, second] { #expect(WaitForSingleObject(handle, patience) == WAIT_OBJECT_0) }
    var code: DWORD = 0
    #expect(GetExitCodeThread(second, &code) == 1 && code == 3)
    for ended in [identifier, 0, DWORD.max] {
      SetLastError(0xdead)
      #expect(OpenThread(SYNCHRONIZE, 0, ended) == nil)
      #expect(GetLastError() == ERROR_INVALID_PARAMETER)
    }
    let own = OpenThread(SYNCHRONIZE, 0, GetCurrentThreadId())
    #expect(GetExitCodeThread(own, &code) == 1 && code == STILL_ACTIVE)
    #expect(QueueUserAPC({ _ in }, own, 0) == 1)
    #expect(SleepEx(0, 1) == WAIT_IO_COMPLETION)
    #expect(WaitForSingleObject(GetCurrentThread(), 0) == WAIT_TIMEOUT)
    for handle in [thread, second, own] { CloseHandle(handle) }
  }

  @Test("Issue 5, point 2: an object lives as long as one of its handles; DUPLICATE_CLOSE_SOURCE moves it")
  func duplicates() {
    let process = GetCurrentProcess()
    let event = CreateEventExW(nil, nil, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET, EVENT_ALL_ACCESS)
    var second: HANDLE?
    #expect(DuplicateHandle(process, event, process, &second, 0, 0, DUPLICATE_SAME_ACCESS) == 1)
    #expect(second != event)
    #expect(CloseHandle(event) == 1)
    #expect(WaitForSingleObject(second, 0) == WAIT_OBJECT_0)
    #expect(ResetEvent(second) == 1)
    var third: HANDLE?
    #expect(DuplicateHandle(process, second, process, &third, 0, 0, DUPLICATE_CLOSE_SOURCE) == 1)
    #expect(WaitForSingleObject(second, 0) == WAIT_FAILED)
    #expect(WaitForSingleObject(third, 0) == WAIT_TIMEOUT)
    #expect(DuplicateHandle(process, third, process, nil, 0, 0, DUPLICATE_CLOSE_SOURCE) == 1)
    #expect(CloseHandle(third) == 0)
    let refusals: [(HANDLE?, HANDLE?, DWORD, Int)] = [
      (process, third, 0, ERROR_INVALID_HANDLE), (nil, GetCurrentThread(), 0, ERROR_INVALID_HANDLE),
      (process, GetCurrentThread(), 4, ERROR_INVALID_PARAMETER),
    ]
    for (source, handle, options, error) in refusals {
      SetLastError(0xdead)
      #expect(DuplicateHandle(source, handle, process, &third, 0, 0, options) == 0)
      #expect(GetLastError() == error)
    }
    #expect(CreateEventExA(nil, nil, 4, 0) == nil)
    #expect(GetLastError() == ERROR_INVALID_PARAMETER)
  }

  @Test("Issue 5: a port is closed with its last handle, and only then are its waiters told")
  func portHandles() {
    let port = UInt(bitPattern: CreateIoCompletionPort(HANDLE(bitPattern: UInt.max), nil, 0, 0))
    var second: HANDLE?
    let process = GetCurrentProcess()
    #expect(DuplicateHandle(process, HANDLE(bitPattern: port), process, &second, 0, 0, 0) == 1)
    let waiting = BackgroundCall { () -> [DWORD] in
      var (bytes, key): (DWORD, ULONG_PTR) = (0, 0)
      var overlapped: LPOVERLAPPED?
      let result = GetQueuedCompletionStatus(HANDLE(bitPattern: port), &bytes, &key, &overlapped, patience)
      return [DWORD(result), GetLastError()]
    }
    waiting.untilBlocked()
    #expect(CloseHandle(HANDLE(bitPattern: port)) == 1)
    var (bytes, key): (DWORD, ULONG_PTR) = (0, 0)
    var overlapped: LPOVERLAPPED?
    #expect(GetQueuedCompletionStatus(second, &bytes, &key, &overlapped, 0) == 0)
    #expect(GetLastError() == WAIT_TIMEOUT, "it is open still")
    #expect(!waiting.isDone)
    #expect(CloseHandle(second) == 1)
    #expect(waiting.result() == [0, DWORD(ERROR_ABANDONED_WAIT_0)])
  }
}
