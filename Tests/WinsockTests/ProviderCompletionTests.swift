import CWinsock
import Foundation
import Testing

@testable import Winsock

private let pending: ULONG_PTR = 0x103

extension WinsockSuite {
  /// SPEC S6.1, S5.3: completion routines of operations that a provider was asked for.
  @Suite struct ProviderCompletionTests {
    private func withPair(_ provider: TestProvider, _ body: (_ client: SOCKET, _ server: SOCKET) -> Void) {
      Seen.clear()
      let (client, server) = provider.pair()
      body(client, server)
      provider.close(client)
      provider.close(server)
    }

    private func send(_ provider: TestProvider, _ socket: SOCKET) {
      let call = Call()
      var (buffer, bytes): (WSABUF, DWORD) = (WSABUF(len: 4, buf: call.bytes), 0)
      #expect(
        provider.outcome { provider.table.lpWSPSend(socket, &buffer, 1, &bytes, 0, nil, nil, nil, $0) }.result == 0)
    }

    @Test("S6.1: *lpThreadId is copied: the caller's may go when the call returns") func copied() {
      let provider = TestProvider(11, queueApc: Seen.first)
      withPair(provider) { client, server in
        withThread { thread in
          thread.pointee.Reserved = 77
          let (handle, call) = (UInt(bitPattern: thread.pointee.ThreadHandle), Call())
          #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          thread.pointee = WSATHREADID(ThreadHandle: HANDLE(bitPattern: 0x5a5a), Reserved: 0x5a5a)
          send(provider, client)
          #expect(Seen.waitForQueued(1))
          #expect(Seen.queued == [Seen.Queued(upcall: 1, thread: handle, reserved: 77)])
          #expect(Seen.completions.isEmpty, "S5.3: not before an alertable wait")
          #expect(call.status == 0)
          Seen.waitForCompletions(1)
          #expect(Seen.completions == [Seen.Completion(error: 0, bytes: 4, flags: 0)])
        }
      }
      provider.cleanUp()
    }

    /// All five that take a thread: what can be done at once is indicated too (S5.2), by the upcall.
    @Test("S6.1: routines of WSPIoctl, WSPSend, WSPSendTo, WSPRecv and WSPRecvFrom go by WPUQueueApc") func all() {
      let provider = TestProvider(12, queueApc: Seen.first)
      let table = provider.table
      withPair(provider) { client, server in
        withThread { thread in
          let memory = (0..<5).map { _ in Call() }
          let values = UnsafeMutablePointer<DWORD>.allocate(capacity: 4)
          defer { values.deallocate() }
          values.initialize(repeating: 0, count: 4)
          func buffer(_ call: Call) -> WSABUF { WSABUF(len: 4, buf: call.bytes) }
          var buffers = memory.map(buffer)
          let calls: [(LPINT) -> Int32] = [
            { table.lpWSPSend(client, &buffers[0], 1, nil, 0, memory[0].overlapped, Seen.routine, thread, $0) },
            {
              table.lpWSPSendTo(
                client, &buffers[1], 1, nil, 0, nil, 0, memory[1].overlapped, Seen.routine, thread, $0)
            },
            { table.lpWSPRecv(server, &buffers[2], 1, nil, values, memory[2].overlapped, Seen.routine, thread, $0) },
            {
              table.lpWSPRecvFrom(
                server, &buffers[3], 1, nil, values + 1, nil, nil, memory[3].overlapped, Seen.routine, thread, $0)
            },
            {
              table.lpWSPIoctl(
                server, 0x4004_667f, nil, 0, values + 2, 4, nil, memory[4].overlapped, Seen.routine, thread, $0)
            },
          ]
          for (index, call) in calls.enumerated() {
            let result = provider.outcome { call($0) }
            #expect(result == Outcome(result: 0, error: 0) || result == .failure(WSA_IO_PENDING), "\(index)")
            Seen.waitForCompletions(index + 1)
            #expect(Seen.queued.count == index + 1)
          }
          #expect(Seen.completions == Array(repeating: Seen.Completion(error: 0, bytes: 4, flags: 0), count: 5))
        }
      }
      provider.cleanUp()
    }

    @Test("S6.1: a routine without a thread to run in is refused, and nothing is begun") func noThread() {
      let provider = TestProvider(13, queueApc: Seen.first)
      withPair(provider) { _, server in
        let call = Call()
        #expect(call.receive(provider, server, Seen.routine, nil) == .failure(WSAEFAULT))
        #expect(call.overlapped.pointee.Internal == 0)
        let bad = BadMemory(.noAccess, size: 16)
        let thread = bad.pointer.assumingMemoryBound(to: WSATHREADID.self)
        #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSAEFAULT))
        var value: DWORD = 0
        let asked = provider.outcome {
          provider.table.lpWSPIoctl(
            server, 0x4004_667f, nil, 0, &value, 4, nil, call.overlapped, Seen.routine, nil, $0)
        }
        #expect(asked == .failure(WSAEFAULT))
        #expect(Seen.queued.isEmpty && call.overlapped.pointee.Internal == 0)
        // Without a routine nobody needs the thread.
        #expect(call.receive(provider, server, nil, thread) == .failure(WSA_IO_PENDING))
      }
      provider.cleanUp()
    }

    @Test("S6.1: a WPUQueueApc that fails: the operation ends, its routine never runs") func failingUpcall() {
      let provider = TestProvider(14, queueApc: Seen.failing)
      withPair(provider) { client, server in
        withThread { thread in
          let call = Call()
          #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          send(provider, client)
          #expect(Seen.waitForQueued(1))
          #expect(call.status == 0 && call.overlapped.pointee.InternalHigh == 4)
          #expect(SleepEx(0, 1) == 0 && Seen.completions.isEmpty)
          // And the provider goes on.
          #expect(provider.start(queueApc: Seen.first) == 0)
          #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          send(provider, client)
          Seen.waitForCompletions(1)
          provider.cleanUp()
        }
      }
      provider.cleanUp()
    }

    @Test("S6.1: the most recent upcall table is the one in use, for what is under way too") func mostRecent() {
      let provider = TestProvider(15, queueApc: Seen.first)
      withPair(provider) { client, server in
        withThread { thread in
          let (call, before) = (Call(), provider.entries)
          #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          #expect(provider.start(queueApc: Seen.second) == 0)
          #expect(provider.entries == before, "one provider, one table")
          send(provider, client)
          Seen.waitForCompletions(1)
          #expect(Seen.queued.map(\.upcall) == [2])
          provider.cleanUp()
        }
      }
      provider.cleanUp()
    }

    @Test("S6.1: each provider has its own table, and its own upcalls are used") func twoProviders() {
      let (one, two) = (TestProvider(16, queueApc: Seen.first), TestProvider(17, queueApc: Seen.second))
      #expect(Set(one.entries).isDisjoint(with: two.entries))
      withPair(one) { client, server in
        withThread { thread in
          for (provider, upcall) in [(one, 1), (two, 2), (one, 1)] {
            Seen.clear()
            let call = Call()
            #expect(call.receive(provider, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
            send(one, client)
            Seen.waitForCompletions(1)
            #expect(Seen.queued.map(\.upcall) == [upcall])
          }
        }
      }
      one.cleanUp()
      two.cleanUp()
    }

    @Test("S6.1: the last WSPCleanup ends the provider's operations, tells nobody and leaves the others'") func last() {
      let (one, two) = (TestProvider(18, queueApc: Seen.first), TestProvider(19, queueApc: Seen.second))
      withPair(one) { client, server in
        withThread { thread in
          let event = WPUCreateEvent(nil)
          let (first, second, third) = (Call(), Call(event), Call())
          #expect(first.receive(one, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          #expect(second.receive(one, server, nil, nil) == .failure(WSA_IO_PENDING))
          #expect(third.receive(two, server, Seen.routine, thread) == .failure(WSA_IO_PENDING))
          #expect(one.start() == 0)
          one.cleanUp()
          #expect(first.status == pending, "not the last one")
          one.cleanUp()
          for call in [first, second] {
            #expect(ws2_error_from_status(DWORD(call.status)) == WSA_OPERATION_ABORTED)
          }
          #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && third.status == pending)
          #expect(WPUCloseEvent(event, nil) == 1)
          send(two, client)
          Seen.waitForCompletions(1)
          #expect(Seen.queued.map(\.upcall) == [2])
          #expect(one.start() == 0)
        }
      }
      one.cleanUp()
      two.cleanUp()
    }

    @Test("S5.3: a routine runs in the thread that the caller named, whichever that is") func otherThread() {
      let provider = TestProvider(20, queueApc: Seen.first)
      withPair(provider) { client, server in
        final class Box: @unchecked Sendable { var thread = WSATHREADID() }
        let (box, opened, call) = (Box(), DispatchSemaphore(value: 0), Call())
        let other = BackgroundCall { () -> Int in
          WPUOpenCurrentThread(&box.thread, nil)
          opened.signal()
          Seen.waitForCompletions(1)
          return Seen.completions.count
        }
        opened.wait()
        var thread = box.thread
        #expect(call.receive(provider, server, Seen.routine, &thread) == .failure(WSA_IO_PENDING))
        send(provider, client)
        #expect(other.result() == 1)
        #expect(WPUCloseThread(&thread, nil) == 0)
      }
      provider.cleanUp()
    }

    /// Over a transport that has a record and a context, at once and forced to pend.
    @Test("S6.1, S2.11, S2.12: the redirect codes through WSPIoctl, with a routine", arguments: ["0", "1"])
    func redirectCodes(forced: String) throws {
      let folder = try TemporaryFolder()
      let transport = try ServiceFixture.buildTransport(in: folder)
      let program = folder.path + "/provider_query"
      try ServiceFixture.compile(
        TestPaths.package + "/Tests/Programs/provider_query.c", to: program, ServiceFixture.library)
      let environment = ["LD_PRELOAD": transport, "DESTINATION_PORT": "9", "WFPSHIM_FORCE_PENDING": forced]
      let finished = try run(program, ["96"], environment: environment)
      #expect(finished.status == 0 && finished.output.isEmpty, "\(finished.output)")
    }
  }
}
