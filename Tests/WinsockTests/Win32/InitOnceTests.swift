import CWinsock
import Testing

@testable import Winsock

/// Microsoft's page "One-Time Initialization".
@Suite struct InitOnceTests {
  @Test("InitOnceExecuteOnce's page: once, others wait, all get the context")
  func once() {
    let (state, counter, gate) = (SharedMemory(INIT_ONCE()), Counter(), CreateEventA(nil, 1, 0, nil))
    let parameter = SharedMemory((counter.pointer, gate))
    let threads = (0..<4).map { _ in
      BackgroundCall { () -> UInt in
        var context: LPVOID?
        let result = InitOnceExecuteOnce(
          state.pointer,
          { _, parameter, context in
            let (counter, gate) = parameter!.load(as: (UnsafeMutableRawPointer, HANDLE?).self)
            Counter.of(counter).add()
            WaitForSingleObject(gate, INFINITE)
            context?.pointee = PVOID(bitPattern: 0x1000)
            return 1
          }, parameter.pointer, &context)
        return result == 0 ? 0 : UInt(bitPattern: context)
      }
    }
    threads.forEach { $0.untilBlocked() }
    SetEvent(gate)
    for thread in threads { #expect(thread.result() == 0x1000) }
    #expect(counter.value == 1)
    CloseHandle(gate)
  }

  @Test("InitOnceExecuteOnce's page: a function that fails is tried again; its error stays")
  func failing() {
    var state = INIT_ONCE()
    let refuse: PINIT_ONCE_FN = { _, _, _ in
      SetLastError(4711)
      return 0
    }
    #expect(fails(4711) { InitOnceExecuteOnce(&state, refuse, nil, nil) })
    #expect(InitOnceExecuteOnce(&state, { _, _, _ in 1 }, nil, nil) == 1)
    #expect(InitOnceExecuteOnce(&state, refuse, nil, nil) == 1, "done")
    #expect(fails(ERROR_INVALID_PARAMETER) { InitOnceExecuteOnce(&state, nil, nil, nil) })
    InitOnceInitialize(&state)
    #expect(fails(4711) { InitOnceExecuteOnce(&state, refuse, nil, nil) })
  }

  @Test("InitOnceBeginInitialize's and InitOnceComplete's pages: the synchronous way")
  func synchronous() {
    let state = SharedMemory(INIT_ONCE())
    var (pending, context): (BOOL, LPVOID?) = (0, nil)
    #expect(fails(ERROR_GEN_FAILURE) { InitOnceBeginInitialize(state.pointer, INIT_ONCE_CHECK_ONLY, &pending, nil) })
    #expect(InitOnceBeginInitialize(state.pointer, 0, &pending, &context) == 1 && pending == 1)
    let other = BackgroundCall { () -> UInt in
      var (pending, context): (BOOL, LPVOID?) = (1, nil)
      let result = InitOnceBeginInitialize(state.pointer, 0, &pending, &context)
      return result == 1 && pending == 0 ? UInt(bitPattern: context) : 0
    }
    other.untilBlocked()
    #expect(fails(ERROR_INVALID_PARAMETER) { InitOnceBeginInitialize(state.pointer, INIT_ONCE_ASYNC, &pending, nil) })
    #expect(fails(ERROR_INVALID_PARAMETER) { InitOnceComplete(state.pointer, 0, LPVOID(bitPattern: 0x1001)) })
    #expect(InitOnceComplete(state.pointer, 0, LPVOID(bitPattern: 0x2000)) == 1)
    #expect(other.result() == 0x2000)
    #expect(fails(ERROR_GEN_FAILURE) { InitOnceComplete(state.pointer, 0, nil) })
    #expect(InitOnceBeginInitialize(state.pointer, INIT_ONCE_CHECK_ONLY, &pending, &context) == 1)
    #expect(pending == 0 && UInt(bitPattern: context) == 0x2000)
  }

  @Test("InitOnceComplete's page: the asynchronous way, and a failure")
  func asynchronous() {
    var state = INIT_ONCE()
    var pending: BOOL = 0
    for _ in 0..<2 { #expect(InitOnceBeginInitialize(&state, INIT_ONCE_ASYNC, &pending, nil) == 1 && pending == 1) }
    #expect(InitOnceComplete(&state, INIT_ONCE_ASYNC, LPVOID(bitPattern: 0x10)) == 1)
    #expect(fails(ERROR_GEN_FAILURE) { InitOnceComplete(&state, INIT_ONCE_ASYNC, LPVOID(bitPattern: 0x20)) })
    InitOnceInitialize(&state)
    #expect(InitOnceBeginInitialize(&state, 0, &pending, nil) == 1)
    #expect(InitOnceComplete(&state, INIT_ONCE_INIT_FAILED, nil) == 1)
    #expect(InitOnceBeginInitialize(&state, 0, &pending, nil) == 1 && pending == 1, "to be tried again")
    #expect(fails(ERROR_INVALID_PARAMETER) { InitOnceComplete(&state, INIT_ONCE_INIT_FAILED | INIT_ONCE_ASYNC, nil) })
    #expect(fails(ERROR_INVALID_PARAMETER) { InitOnceBeginInitialize(&state, 8, &pending, nil) })
  }
}
