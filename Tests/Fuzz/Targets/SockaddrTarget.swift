import CEngine
import Glibc

@testable import RedirectCore

/// H26, H43, S7.1: an address of every length and family, at the end of what can be read, into every call of the core that
/// takes one; the length may be more than there is.
@Sendable func fuzzSocketAddress(_ input: Input) {
  var input = input
  let engine = AttachedEngine.shared
  let memory = HostileMemory.shared
  let call = input.u8()
  let kind = input.u8()
  let more = UInt32(input.u8() & 3 == 0 ? input.u16() : 0)
  let socket = Glibc.socket(
    kind & 1 == 0 ? AF_INET : AF_INET6, Int32(kind & 2 == 0 ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue), 0)
  defer {
    wfp_core_closing(socket)
    close(socket)
  }
  let bytes = input.all()
  let raw = memory.atTheEnd(bytes)
  let length = UInt32(min(bytes.count, 2 * Int(WFP_PAGE))) &+ more
  let address = raw.assumingMemoryBound(to: sockaddr.self)
  switch call % 5 {
  case 0: ask(socket, kind & 4 == 0 ? address : nil, length)
  case 1: send(socket, kind & 4 == 0 ? raw : nil, length)
  case 2:
    // The kernel's answer, which is as long as it says.
    if more == 0 { wfp_core_accepted(socket, address, length) }
  case 3:
    var said = length
    let given = said
    let result = wfp_core_peer_name(kind & 4 == 0 ? engine.client : socket, address, &said)
    mustHold(result != 1 || Int32(bitPattern: given) >= 0, "a negative length was taken")
  default: wfp_core_received_early(kind & 4 == 0 ? engine.client : socket, raw, length)
  }
}

/// Not called `connect`: that would be glibc's.
private func ask(_ socket: Int32, _ address: UnsafePointer<sockaddr>?, _ length: UInt32) {
  var plan = wfp_connect()
  let what = wfp_core_connect(socket, address, length, &plan)
  if what == redirected {
    let shown = withUnsafePointer(to: &plan.address) { Address(UnsafeRawPointer($0), length: Int(plan.length)) }
    mustHold(shown?.isLoopback == true, "redirected to somewhere else")
    wfp_core_connected(socket, &plan, -ECONNREFUSED)
  }
  mustHold(what >= 0 || known.contains(-what), "connect: errno \(-what)")
}

private let known = [EACCES, ECONNREFUSED, EADDRNOTAVAIL, EAGAIN, EINVAL, ENOBUFS, EADDRINUSE, EALREADY]

private func send(_ socket: Int32, _ name: UnsafeRawPointer?, _ length: UInt32) {
  var plan = wfp_datagram()
  let what = wfp_core_send(socket, name, length, nil, 0, &plan)
  mustHold(what >= 0 || known.contains(-what), "send: errno \(-what)")
  if what == redirected { mustHold(plan.length == 16 || plan.length == 28, "an address of \(plan.length) bytes") }
}
