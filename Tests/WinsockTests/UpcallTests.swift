import CWinsock
import Foundation
import Testing

@testable import Winsock

/// What an upcall returns and leaves in *lpErrno; the last error has to stay.
private func upcallOutcome<Result: BinaryInteger>(failing failure: Result = -1, _ call: (LPINT) -> Result) -> Outcome {
  var error = INT(Outcome.untouched)
  WSASetLastError(0x1234)
  let result = call(&error)
  #expect(WSAGetLastError() == 0x1234)
  guard result == failure else { return Outcome(result: Int(truncatingIfNeeded: result), error: 0) }
  return .failure(Int(error))
}

private let done = Outcome(result: 0, error: 0)

extension WinsockSuite {
  /// SPEC S6.1: what ws2_32 does for a provider.
  @Suite struct UpcallTests {
    @Test("S6.1: the upcall table is whole") func table() {
      var table = WSPUPCALLTABLE()
      ws2_upcall_table(&table)
      let entries = withUnsafeBytes(of: table) { Array($0.bindMemory(to: UInt.self)) }
      #expect(entries.count == 15 && !entries.contains(0) && Set(entries).count == 15)
    }

    @Test("S6.1: WPUOpenCurrentThread, WPUQueueApc and WPUCloseThread") func threads() {
      nonisolated(unsafe) var thread = WSATHREADID()
      #expect(upcallOutcome { WPUOpenCurrentThread(&thread, $0) } == done)
      Seen.clear()
      let apc: LPWSAUSERAPC = { Seen.add(Seen.Completion(error: DWORD($0), bytes: 0, flags: 0)) }
      let queued = BackgroundCall { WPUQueueApc(&thread, apc, 42, nil) }
      #expect(queued.result() == 0)
      #expect(Seen.completions.isEmpty)
      Seen.waitForCompletions(1)
      #expect(Seen.completions.map(\.error) == [42])
      #expect(upcallOutcome { WPUQueueApc(&thread, nil, 0, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUCloseThread(&thread, $0) } == done)
      #expect(upcallOutcome { WPUCloseThread(&thread, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUQueueApc(&thread, apc, 0, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUQueueApc(nil, apc, 0, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUOpenCurrentThread(nil, $0) } == .failure(WSAEFAULT))
      // An event is no thread.
      var event = WSATHREADID(ThreadHandle: WPUCreateEvent(nil), Reserved: 0)
      #expect(upcallOutcome { WPUCloseThread(&event, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUQueueApc(&event, apc, 0, $0) } == .failure(WSAEFAULT))
      #expect(WPUCloseEvent(event.ThreadHandle, nil) == 1)
    }

    @Test("S6.1: a thread that has ended runs no APC") func endedThread() {
      let handle = CreateThread(
        nil, 0,
        { place in
          WPUOpenCurrentThread(place!.assumingMemoryBound(to: WSATHREADID.self), nil)
          return 0
        }, shared, 0, nil)
      #expect(WaitForSingleObject(handle, 30_000) == WAIT_OBJECT_0)
      // Its record ends with the pthread, a moment after its handle says so.
      let limit = Date(timeIntervalSinceNow: 30)
      while WPUQueueApc(shared, { _ in }, 0, nil) == 0, Date() < limit { sched_yield() }
      #expect(upcallOutcome { WPUQueueApc(shared, { _ in }, 0, $0) } == .failure(WSAEFAULT))
      #expect(WPUCloseThread(shared, nil) == 0)
      #expect(CloseHandle(handle) == 1)
    }
    private let shared = { () -> LPWSATHREADID in
      let place = UnsafeMutablePointer<WSATHREADID>.allocate(capacity: 1)
      place.initialize(to: WSATHREADID())
      return place
    }()

    @Test("S6.1: WPUCompleteOverlappedRequest: the count, the status, the event; never a routine") func complete() {
      let (s, event, call) = (WPUCreateSocketHandle(7, 0xabcd, nil), WPUCreateEvent(nil), Call())
      call.overlapped.pointee.hEvent = event
      call.overlapped.pointee.Internal = 0x103
      call.overlapped.pointee.Offset = 9
      #expect(upcallOutcome { WPUCompleteOverlappedRequest(s, call.overlapped, 0, 12, $0) } == done)
      #expect(call.status == 0 && call.overlapped.pointee.InternalHigh == 12 && call.overlapped.pointee.Offset == 9)
      #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
      started {
        var (count, flags): (DWORD, DWORD) = (0, 0)
        #expect(WSAGetOverlappedResult(s, call.overlapped, &count, 0, &flags) == 1 && count == 12 && flags == 9)
        let failed = upcallOutcome {
          WPUCompleteOverlappedRequest(s, call.overlapped, DWORD(WSAECONNRESET), 3, $0)
        }
        #expect(failed == done)
        #expect(WSAGetOverlappedResult(s, call.overlapped, &count, 0, &flags) == 0)
        #expect(WSAGetLastError() == WSAECONNRESET)
      }
      #expect(WPUCloseEvent(event, nil) == 1)
      #expect(WPUCloseSocketHandle(s, nil) == 0)
    }

    @Test("S6.1: WPUCompleteOverlappedRequest: the port's packet") func completeOnPort() {
      let (s, call) = (WPUCreateSocketHandle(7, 0, nil), Call())
      let port = CreateIoCompletionPort(HANDLE(bitPattern: UInt(s)), nil, 5, 0)
      #expect(upcallOutcome { WPUCompleteOverlappedRequest(s, call.overlapped, 0, 12, $0) } == done)
      var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
      #expect(GetQueuedCompletionStatus(port, &count, &key, &found, 30_000) == 1)
      #expect(count == 12 && key == 5 && found == call.overlapped)
      #expect(CloseHandle(port) == 1)
      #expect(WPUCloseSocketHandle(s, nil) == 0)
    }

    @Test("S6.1: WPUCompleteOverlappedRequest is for sockets of WPUCreateSocketHandle only") func completeOthers() {
      let call = Call()
      started {
        let socket = makeStream()
        for handle in [socket, 9999, noSocket] {
          let result = upcallOutcome { WPUCompleteOverlappedRequest(handle, call.overlapped, 0, 1, $0) }
          #expect(result == .failure(WSAEINVAL))
        }
        closesocket(socket)
      }
      let s = WPUCreateSocketHandle(7, 0, nil)
      #expect(upcallOutcome { WPUCompleteOverlappedRequest(s, nil, 0, 1, $0) } == .failure(WSAEINVAL))
      let pending = upcallOutcome { WPUCompleteOverlappedRequest(s, call.overlapped, DWORD(WSA_IO_PENDING), 1, $0) }
      #expect(pending == .failure(WSAEINVAL))
      #expect(call.overlapped.pointee.InternalHigh == 0)
      #expect(WPUCloseSocketHandle(s, nil) == 0)
      #expect(upcallOutcome { WPUCompleteOverlappedRequest(s, call.overlapped, 0, 1, $0) } == .failure(WSAEINVAL))
    }

    @Test("S6.1: socket handles and their contexts") func handles() {
      let (s, other) = (WPUCreateSocketHandle(7, 0xabcd, nil), WPUCreateSocketHandle(7, 0xef, nil))
      var context: DWORD_PTR = 0
      #expect(upcallOutcome { WPUQuerySocketHandleContext(s, &context, $0) } == done && context == 0xabcd)
      #expect(upcallOutcome { WPUQuerySocketHandleContext(other, &context, $0) } == done && context == 0xef)
      #expect(upcallOutcome { WPUQuerySocketHandleContext(s, nil, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUCloseSocketHandle(s, $0) } == done)
      started {
        let plain = makeStream()  // gets the number
        #expect(upcallOutcome { WPUQuerySocketHandleContext(plain, &context, $0) } == .failure(WSAENOTSOCK))
        #expect(upcallOutcome { WPUCloseSocketHandle(plain, $0) } == .failure(WSAENOTSOCK))
        #expect(upcallOutcome(failing: noSocket) { WPUModifyIFSHandle(7, plain, $0) }.result == Int(plain))
        closesocket(plain)
      }
      #expect(upcallOutcome(failing: noSocket) { WPUModifyIFSHandle(7, 9999, $0) } == .failure(WSAEINVAL))
      #expect(upcallOutcome { WPUCloseSocketHandle(other, $0) } == done)
    }

    @Test("S6.1: events, and the upcalls that have nothing to do here") func others() {
      let event = WPUCreateEvent(nil)
      #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
      #expect(upcallOutcome(failing: 0) { WPUSetEvent(event, $0) }.result == 1)
      #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
      #expect(upcallOutcome(failing: 0) { WPUResetEvent(event, $0) }.result == 1)
      #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
      #expect(upcallOutcome(failing: 0) { WPUCloseEvent(event, $0) }.result == 1)
      #expect(upcallOutcome(failing: 0) { WPUCloseEvent(event, $0) } == .failure(WSA_INVALID_HANDLE))
      #expect(upcallOutcome(failing: 0) { WPUSetEvent(event, $0) } == .failure(WSA_INVALID_HANDLE))
      #expect(upcallOutcome(failing: 0) { WPUResetEvent(event, $0) } == .failure(WSA_INVALID_HANDLE))
      var (callback, context): (LPBLOCKINGCALLBACK?, DWORD_PTR) = ({ _ in 0 }, 1)
      #expect(upcallOutcome { WPUQueryBlockingCallback(7, &callback, &context, $0) } == done)
      #expect(callback == nil && context == 0)
      #expect(upcallOutcome { WPUQueryBlockingCallback(7, nil, &context, $0) } == .failure(WSAEFAULT))
      #expect(upcallOutcome { WPUGetProviderPath(nil, nil, nil, $0) } == .failure(WSAEINVAL))
      SetLastError(0)
      #expect(WPUPostMessage(nil, 0, 0, 0) == 0 && GetLastError() == ERROR_NOT_SUPPORTED)
    }
  }
}
