import CEngine

/// The address from which a socket will connect: learnt before the connect, so that the flow can be published first
/// (DESIGN D2).
struct BoundSource {
  /// As the service will see it; the host unspecified when the kernel chooses it.
  var source: Address
  /// What the application bound; only the family when it bound nothing.
  var local: Address
}

enum BindOutcome {
  case bound(BoundSource)
  /// The socket is connected, connecting or listening: the kernel's answer is the right one.
  case notFresh
  /// The kernel does not say what address the socket has.
  case unknown
  case failed(Int32)
}

/// So many redirected connects in a minute get a port of the whole namespace, which TIME_WAIT may hold for that long;
/// those beyond come from 127.1.0.0/24, where each address has ports of its own (docs/decisions/0007).
private let spreadFrom: UInt64 = 1024

func bindSource(
  _ descriptor: Int32, for destination: Address, to endpoint: Address, cookie: UInt64, _ engine: Engine
) -> BindOutcome {
  guard let before = socketName(descriptor) else { return .unknown }
  if before.family != destination.family { return .notFresh }
  // What the kernel refuses it shall refuse while the socket is as the application left it.
  if destination.isMapped && socketOption(descriptor, ipv6Level, Int32(truncatingIfNeeded: IPV6_V6ONLY)) != 0 {
    return .notFresh
  }
  var wanted = before
  wanted.port = 0
  if before.isAny && engine.countSource() > spreadFrom { wanted = spread(before, endpoint, cookie) }
  // Only a fresh bind tells the truth: after a refused connect getsockname still shows the port that was released.
  var result = bind(descriptor, wanted)
  if result == -EADDRINUSE && before.isAny {  // no port is left that is free on all addresses
    wanted = spread(before, endpoint, cookie)
    result = bind(descriptor, wanted)
  }
  if result == -EINVAL {
    if tcpState(descriptor) != UInt8(truncatingIfNeeded: TCP_CLOSE) { return .notFresh }
    return .bound(BoundSource(source: before, local: before))
  }
  if result < 0 { return .failed(result == -EADDRINUSE ? -EADDRNOTAVAIL : result) }  // as connect(2) says it
  guard var after = socketName(descriptor) else { return .unknown }
  if after.port == 0 {
    guard let late = bindWithPort(descriptor, wanted) else { return .failed(-EADDRNOTAVAIL) }
    after = late
  }
  var local = before
  local.port = 0
  return .bound(BoundSource(source: after, local: local))
}

extension Engine {
  /// Counts the redirected connects of the running 64 s.
  fileprivate func countSource() -> UInt64 {
    let window = steadyTime() &>> 36
    if unsafe wfp_load(&flowHeader.pointee.source_window) != window {
      unsafe wfp_store(&flowHeader.pointee.source_window, window)
      unsafe wfp_store(&flowHeader.pointee.source_count, 0)
    }
    return unsafe wfp_add(&flowHeader.pointee.source_count, 1)
  }
}

func bind(_ descriptor: Int32, _ address: Address) -> Int32 {
  var storage = sockaddr_storage()
  return unsafe withUnsafeMutablePointer(to: &storage) { at in
    let length = unsafe address.writeSocketAddress(to: UnsafeMutableRawPointer(at), familyNumber: address.family)
    return unsafe wfp_bind_socket(descriptor, at, UInt32(truncatingIfNeeded: length))
  }
}

/// The application asked for IP_BIND_ADDRESS_NO_PORT, which leaves the port to connect: too late for us.
private func bindWithPort(_ descriptor: Int32, _ address: Address) -> Address? {
  var off: Int32 = 0
  var on: Int32 = 1
  let option = Int32(truncatingIfNeeded: IP_BIND_ADDRESS_NO_PORT)
  _ = unsafe wfp_set_option(descriptor, ipLevel, option, &off, 4)
  let result = bind(descriptor, address)
  _ = unsafe wfp_set_option(descriptor, ipLevel, option, &on, 4)
  if result < 0 { return nil }
  guard let name = socketName(descriptor), name.port != 0 else { return nil }
  return name
}

let ipLevel: Int32 = 0

/// A redirected connect failed, and the application connects the socket elsewhere: it must not leave from an address
/// that the shim chose (SPEC S7.4). The kernel has released the port by then, so the socket can be bound anew.
func loosenSource(_ descriptor: Int32) {
  guard let name = socketName(descriptor), name.unmapped.isSpread else { return }
  if tcpState(descriptor) != UInt8(truncatingIfNeeded: TCP_CLOSE) { return }
  _ = bind(descriptor, Address(family: name.family, port: 0, high: 0, low: 0))
}

extension Address {
  fileprivate var isSpread: Bool { family == Address.ipv4 && high &>> 40 == 0x7f0100 }
}

/// 127.1.0.1 to 127.1.0.254 by the socket's cookie; other families and endpoints as they were.
private func spread(_ before: Address, _ endpoint: Address, _ cookie: UInt64) -> Address {
  let plain = endpoint.unmapped
  if plain.family != Address.ipv4 || !plain.isLoopback { return before }
  let host = 0x7f01_0000 | mix(cookie) & 0xff
  let chosen = Address(
    family: Address.ipv4, port: 0, high: (host & 0xff == 0 || host & 0xff == 255 ? 0x7f01_0001 : host) &<< 32, low: 0)
  return before.family == Address.ipv6 ? chosen.mapped : chosen
}
