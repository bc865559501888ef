import CEngine
import Glibc

@testable import RedirectCore

/// S8.2, cmsg(3): control data of a send, which the program wrote, and of a receive, which go from the kernel into a
/// buffer of the program's: headers that lie about their length, cut anywhere, in memory that ends with them.
@Sendable func fuzzControlMessages(_ input: Input) {
  var input = input
  _ = AttachedEngine.shared
  let call = input.u8()
  let socket = Glibc.socket(call & 2 == 0 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
  defer {
    wfp_core_closing(socket)
    close(socket)
  }
  let room = Int(input.u16() % 2048)
  let hasName = input.u8() & 1 == 0
  let bytes = input.all()
  if call & 1 == 0 {
    send(socket, bytes, hasName: hasName)
  } else {
    receive(socket, bytes, room: room, flags: hasName ? 0 : Int32(truncatingIfNeeded: Int(MSG_PEEK)))
  }
}

private func send(_ socket: Int32, _ bytes: [UInt8], hasName: Bool) {
  let control = HostileMemory.shared.atTheEnd(bytes)
  var plan = wfp_datagram()
  plan.length = 12345
  let what = withSocketAddress(Address("192.0.2.7", 53)) { name, length in
    wfp_core_send(socket, hasName ? name : nil, length, control, min(bytes.count, 2 * Int(WFP_PAGE)), &plan)
  }
  guard what == redirected else { return mustHold(what <= 0, "\(what)") }
  mustHold(plan.control_length <= WFP_CONTROL_MAX, "\(plan.control_length) bytes of control data")
  var messages = ControlReader(wfp_datagram_control(&plan), count: Int(plan.control_length))
  while let message = messages.next() {
    mustHold(message.level != 0 || message.type != 60, "records go out to the kernel")
  }
}

private func receive(_ socket: Int32, _ bytes: [UInt8], room: Int, flags: Int32) {
  var datagram = wfp_datagram()
  let count = min(bytes.count, Int(WFP_CONTROL_MAX))
  wfp_datagram_control(&datagram).copyMemory(from: bytes, byteCount: count)
  let target = HostileMemory.shared.atTheEnd([UInt8](repeating: 0xa5, count: room))
  let before = target.load(fromByteOffset: -1, as: UInt8.self)
  withUnsafeMutablePointer(to: &datagram) { datagram in
    var kernel = msghdr()
    kernel.msg_name = UnsafeMutableRawPointer(datagram)
    kernel.msg_namelen = withSocketAddress(Address("127.0.0.1", 9)) { name, length in
      kernel.msg_name.copyMemory(from: name, byteCount: Int(length))
      return length
    }
    kernel.msg_control = UnsafeMutableRawPointer(wfp_datagram_control(datagram))
    kernel.msg_controllen = count
    var message = msghdr()
    message.msg_control = target
    message.msg_controllen = room
    wfp_core_received(socket, &message, &kernel, datagram, flags)
    mustHold(message.msg_controllen <= room, "\(message.msg_controllen) bytes in \(room)")
  }
  mustHold(target.load(fromByteOffset: -1, as: UInt8.self) == before, "a byte before the buffer has changed")
}
