import CWinsock
import Foundation
import Testing

@testable import Winsock

/// A WSAMSG and what it points to.
private final class TestMessage {
  let value = UnsafeMutablePointer<WSAMSG>.allocate(capacity: 1)
  let data = UnsafeMutablePointer<CChar>.allocate(capacity: 65)
  let control = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 8)
  let name = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)
  private let buffer = UnsafeMutablePointer<WSABUF>.allocate(capacity: 1)

  init(_ text: String = "", room: Int = 64, control size: Int = 128) {
    memset(control, 0, 128)
    data.initialize(repeating: 0, count: 65)  // a text, whatever was received
    name.initialize(to: sockaddr_storage())
    buffer.initialize(to: WSABUF(len: ULONG(text.isEmpty ? room : text.utf8.count), buf: data))
    _ = text.withCString { strcpy(data, $0) }
    var message = WSAMSG()
    message.lpBuffers = buffer
    message.dwBufferCount = 1
    if size > 0 { message.Control = WSABUF(len: ULONG(size), buf: control.assumingMemoryBound(to: CChar.self)) }
    value.initialize(to: message)
  }

  func names() {
    value.pointee.name = UnsafeMutableRawPointer(name).assumingMemoryBound(to: sockaddr.self)
    value.pointee.namelen = 128
  }

  deinit {
    value.deallocate()
    data.deallocate()
    control.deallocate()
    name.deallocate()
    buffer.deallocate()
  }
}

private func datagrams(_ family: Family) -> (from: SOCKET, to: SOCKET, port: UInt16) {
  let make = { () -> SOCKET in
    let socket = ws2_socket(family.number, ws2_socket_datagram(), 0)
    #expect(family.withLoopback(0) { ws2_bind(socket, $0, $1) } == 0)
    return socket
  }
  let (from, to) = (make(), make())
  return (from, to, portOf(to, ws2_getsockname))
}

private func sendMessage(_ socket: SOCKET, _ message: TestMessage, to port: UInt16, _ family: Family) -> Outcome {
  family.withLoopback(port) { name, size in
    message.value.pointee.name = UnsafeMutablePointer(mutating: name)
    message.value.pointee.namelen = size
    var count: DWORD = 0
    let result = outcome { WSASendMsg(socket, message.value, 0, &count, nil, nil) }
    return result.error == 0 ? Outcome(result: Int(count), error: 0) : result
  }
}

private func receiveMessage(_ socket: SOCKET, _ message: TestMessage) -> Outcome {
  var count: DWORD = 0
  let result = outcome { ws2_WSARecvMsg(socket, message.value, &count, nil, nil) }
  return result.error == 0 ? Outcome(result: Int(count), error: 0) : result
}

extension WinsockSuite {
  /// Microsoft's pages of WSARecvMsg and WSASendMsg.
  @Suite struct MessageCallTests {
    @Test("a datagram, its sender and its control data", arguments: Family.allCases) func datagram(family: Family) {
      started {
        let (from, to, port) = datagrams(family)
        #expect(setOption(to, SOL_SOCKET, 29, 1) == 0)  // SO_TIMESTAMP
        #expect(sendMessage(from, TestMessage("data", control: 0), to: port, family) == Outcome(result: 4, error: 0))
        let message = TestMessage()
        message.names()
        #expect(receiveMessage(to, message) == Outcome(result: 4, error: 0))
        #expect(String(cString: message.data).hasPrefix("data"))
        #expect(message.value.pointee.namelen == Int32(family.nameSize))
        #expect(message.name.pointee.ss_family == sa_family_t(family.number))
        #expect(message.value.pointee.dwFlags == 0)
        #expect(message.value.pointee.Control.len == 32)
        #expect(message.control.load(as: UInt.self) == 32, "cmsg_len")
        closesocket(from)
        closesocket(to)
      }
    }

    @Test("WSASendMsg hands control data to the kernel") func sendsControl() {
      started {
        let (from, to, port) = datagrams(.four)
        #expect(setOption(to, ws2_protocol_ip(), 13, 1) == 0)  // IP_RECVTOS
        let message = TestMessage("x", control: 24)
        // One IP_TOS of 0x10.
        message.control.storeBytes(of: 20, as: UInt.self)
        message.control.storeBytes(of: ws2_protocol_ip(), toByteOffset: 8, as: Int32.self)
        message.control.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
        message.control.storeBytes(of: 0x10, toByteOffset: 16, as: Int32.self)
        #expect(sendMessage(from, message, to: port, .four) == Outcome(result: 1, error: 0))
        let received = TestMessage()
        #expect(receiveMessage(to, received) == Outcome(result: 1, error: 0))
        #expect(received.control.load(fromByteOffset: 12, as: Int32.self) == 1)
        #expect(received.control.load(fromByteOffset: 16, as: UInt8.self) == 0x10)
        closesocket(from)
        closesocket(to)
      }
    }

    @Test("WSAEMSGSIZE: dwFlags says whether data or control data was cut") func truncated() {
      started {
        let (from, to, port) = datagrams(.four)
        #expect(setOption(to, SOL_SOCKET, 29, 1) == 0)
        #expect(sendMessage(from, TestMessage("123456", control: 0), to: port, .four) == Outcome(result: 6, error: 0))
        let short = TestMessage(room: 3)
        #expect(receiveMessage(to, short) == .failure(WSAEMSGSIZE))
        #expect(short.value.pointee.dwFlags == DWORD(MSG_TRUNC))
        #expect(sendMessage(from, TestMessage("123456", control: 0), to: port, .four) == Outcome(result: 6, error: 0))
        let bare = TestMessage(control: 16)
        #expect(receiveMessage(to, bare) == .failure(WSAEMSGSIZE))
        #expect(bare.value.pointee.dwFlags == DWORD(MSG_CTRUNC))
        closesocket(from)
        closesocket(to)
      }
    }

    @Test(
      "S5.2, S5.5: an overlapped WSARecvMsg pends, ends with the datagram, or is cancelled", arguments: [false, true])
    func pends(isCancelled: Bool) {
      started {
        let (from, to, port) = datagrams(.four)
        let (message, operation) = (TestMessage(), OverlappedCall())
        message.names()
        let begun = outcome { ws2_WSARecvMsg(to, message.value, nil, operation.overlapped, nil) }
        #expect(begun == pendingOutcome)
        if isCancelled {
          closesocket(to)
          #expect(operation.end(begun, from) == .failure(WSA_OPERATION_ABORTED))
        } else {
          #expect(sendMessage(from, TestMessage("late", control: 0), to: port, .four) == Outcome(result: 4, error: 0))
          #expect(operation.end(begun, to) == Outcome(result: 4, error: 0))
          #expect(message.value.pointee.namelen == 16)
          let next = OverlappedCall()
          let sending = TestMessage("x", control: 0)
          let sent = loopback(port: port).withPointer { name, size -> Outcome in
            sending.value.pointee.name = UnsafeMutablePointer(mutating: name)
            sending.value.pointee.namelen = size
            return outcome { WSASendMsg(from, sending.value, 0, nil, next.overlapped, nil) }
          }
          #expect(next.end(sent, from) == Outcome(result: 1, error: 0))
          closesocket(to)
        }
        closesocket(from)
      }
    }

    @Test("what the message calls refuse") func refusals() {
      started {
        let message = TestMessage()
        #expect(receiveMessage(noSocket, message) == .failure(WSAENOTSOCK))
        #expect(receiveMessage(makeStream(), message) == .failure(WSAEOPNOTSUPP))
        #expect(receiveMessage(makeDatagram(), message) == .failure(WSAEINVAL), "not bound")
        let (from, to, port) = datagrams(.four)
        var count: DWORD = 0
        #expect(outcome { ws2_WSARecvMsg(to, nil, &count, nil, nil) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_WSARecvMsg(to, message.value, nil, nil, nil) } == .failure(WSAEFAULT))
        setNonBlocking(to)
        #expect(receiveMessage(to, message) == .failure(WSAEWOULDBLOCK))
        message.value.pointee.dwFlags = 0x4000
        #expect(receiveMessage(to, message) == .failure(WSAEOPNOTSUPP))
        #expect(outcome { WSASendMsg(from, nil, 0, &count, nil, nil) } == .failure(WSAEFAULT))
        #expect(outcome { WSASendMsg(makeStream(), message.value, 0, &count, nil, nil) } == .failure(WSAEOPNOTSUPP))
        let bad = BadMemory(.noAccess, size: 64)
        let broken = TestMessage("x", control: 0)
        broken.value.pointee.Control = WSABUF(len: 64, buf: bad.pointer.assumingMemoryBound(to: CChar.self))
        #expect(sendMessage(from, broken, to: port, .four) == .failure(WSAEFAULT))
        closesocket(from)
        closesocket(to)
      }
    }
  }
}
