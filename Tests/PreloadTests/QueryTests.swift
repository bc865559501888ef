import Foundation
import Testing

/// SPEC S2 by plain ioctl (S12.1, S12.2): the checks of a query in their order, and what each leaves alone. R asks for the
/// records, C for the context; out is 1,024 bytes unless the row says more.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct QueryTests {
  static let queries = ["R", "C"]

  /// Places that no blob may be written to, with what can still be seen of the buffer there.
  static let unwritable = [
    ("null", "-"), ("unmapped", "-"), ("none", "same"), ("readonly", "same"), ("end", "same"), ("rw-none", "same"),
    ("rw-ro", "same"), ("ro-rw", "same"), ("eof", "-"), ("kernel", "-"), ("noncanonical", "-"), ("wrap", "-"),
    ("low", "-"), ("code", "-"),
  ]

  @Test("S2.3 comes first: what is no socket") func noSocket() throws {
    let kinds = ["closed", "never", "null", "file", "epoll", "pipe"]
    var rows = combine(["R", "C"], kinds).map { Row("S2.3", $0, "-1 ENOTSOCK kept same") }
    rows += kinds.map { Row("S2.3", "S \($0) in=zeros:128", "-1 ENOTSOCK kept -") }
    rows += [
      Row("S2.3 before S2.4", "R closed req=null", "-1 ENOTSOCK - same"),
      Row("S2.3 before S2.4", "C file req=unmapped", "-1 ENOTSOCK - same"),
      Row("S2.3 before S2.4", "C pipe 256 out=none", "-1 ENOTSOCK kept same"),
      Row("S2.3 before S2.5", "C epoll 2", "-1 ENOTSOCK kept same"),
      Row("S2.3 before S2.5", "R null reserved=1", "-1 ENOTSOCK kept same"),
      Row("S2.3 before S2.4", "S never req=null in=zeros:128", "-1 ENOTSOCK - -"),
    ]
    try Calls.check(rows)
  }

  @Test("S2.4, D12, H43: a buffer that cannot be written") func badBuffer() throws {
    var rows = Self.unwritable.flatMap { place, seen in
      Self.queries.map { Row("S2.4", "\($0) flow 256 out=\(place)", "-1 EFAULT kept \(seen)") }
    }
    for query in Self.queries {
      rows += [
        Row("S2.4", "\(query) flow 12288 out=hole", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 65536 out=late", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 1048576 out=late", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 1048576 out=none", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 0x7fffffff out=small", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 0xffffffff out=small", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 0x7fffffff out=small-maps", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 0xffffffff out=small-maps", "-1 EFAULT kept same"),
        Row("S2.4", "\(query) flow 0xffffffff out=wrap", "-1 EFAULT kept -"),
      ]
    }
    try Calls.check(rows)
  }

  @Test("S2.4: a request that cannot be written") func badRequest() throws {
    let requests = [
      ("null", "-"), ("unmapped", "-"), ("none", "kept"), ("readonly", "kept"), ("end", "-"), ("rw-none", "kept"),
      ("rw-ro", "kept"), ("ro-rw", "kept"), ("eof", "-"), ("kernel", "-"), ("noncanonical", "-"), ("wrap", "-"),
      ("low", "-"), ("code", "-"),
    ]
    var rows = requests.flatMap { place, bytes in
      Self.queries.map { Row("S2.4", "\($0) flow 256 req=\(place)", "-1 EFAULT \(bytes) same") }
    }
    rows += requests.map { Row("S2.4", "S tcp in=zeros:128 req=\($0)", "-1 EFAULT \($1) -") }
    try Calls.check(rows)
  }

  @Test("S2.4: memory that is in order, wherever it lies") func goodMemory() throws {
    let places = ["heap", "stack", "rw-rw", "exact", "odd"]
    var rows = places.map { Row("S2.4", "C flow 256 out=\($0)", "0 - 256 wrote") }
    rows += places.map { Row("S2.4", "R flow 128 out=\($0)", "0 - 128 wrote") }
    rows += places.map { Row("S2.4", "C flow 256 req=\($0)", "0 - 256 wrote") }
    rows += [
      Row("S2.4, more pages than are judged one by one", "C flow 1048576", "0 - 256 wrote"),
      // The codes carry the bit of an input and not that of an output: neither is believed. Every query here names an
      // input that cannot be read; these state a size for it, too.
      Row("S1.3", "R flow 128 insize=4096", "0 - 128 wrote"),
      Row("S1.3", "C flow 256 insize=4294967295", "0 - 256 wrote"),
      Row("S2.11, no buffer is looked at for a probe", "C flow 0 out=null", "-1 ENOBUFS 256 -"),
      Row("S2.11, the same", "R flow 0 out=noncanonical", "-1 ENOBUFS 128 -"),
      Row("S2.11, the same", "R flow 0 out=none", "-1 ENOBUFS 128 same"),
    ]
    try Calls.check(rows)
  }

  @Test("S2.4 comes before all that follows") func faultFirst() throws {
    try Calls.check([
      Row("S2.4 before S2.5", "C flow 2 out=null", "-1 EFAULT kept -"),
      Row("S2.4 before S2.5", "R flow 3 out=readonly", "-1 EFAULT kept same"),
      Row("S2.4 before S2.6", "C unix out=none", "-1 EFAULT kept same"),
      Row("S2.4 before S2.6", "R netlink 2 out=null", "-1 EFAULT kept -"),
      Row("S2.4 before S2.8", "R tcp out=unmapped", "-1 EFAULT kept -"),
      Row("S2.4 before S2.8", "R listener req=readonly", "-1 EFAULT kept same"),
      Row("S2.4 before S2.10", "C accepted out=eof", "-1 EFAULT kept -"),
      Row("S2.4 before S2.11", "C flow 8 out=readonly", "-1 EFAULT kept same"),
    ])
  }

  @Test("S2.4, D12: another thread's bytes survive the judging") func race() throws {
    let results = try Calls.run(
      try Stage(), ["R flow keep", "new s tcp", "race C flow", "race R flow", "race S s"])
    #expect(Array(results.suffix(3)) == ["ENOBUFS lost 0 of many", "ENOBUFS lost 0 of many", "0 lost 0 of many"])
  }

  @Test("S2.5: 1, 2 and 3 bytes, before the kind of socket is looked at") func tooSmallForULong() throws {
    let sockets = ["flow", "tcp", "udp", "unix", "netlink", "listener", "accepted", "reset"]
    var rows = combine(["R", "C"], sockets, ["1", "2", "3"]).map { Row("S2.5", $0, "-1 EINVAL 0 same") }
    rows += combine(["R", "C"], ["flow", "unix", "tcp"], ["0 reserved=1", "1024 reserved=0x80000000"]).map {
      Row("S12.1", $0, "-1 EINVAL 0 same")
    }
    try Calls.check(rows)
  }

  @Test("S2.6: families without a WFP layer") func noLayer() throws {
    let kinds = ["unix", "unix-pair", "unix-datagram", "unix-packet", "netlink"]
    try Calls.check(
      combine(["R", "C"], kinds, ["0", "4", "1024"]).map { Row("S2.6", $0, "-1 EOPNOTSUPP 0 same") })
  }

  @Test(
    "S2.6: vsock and packet sockets",
    .enabled(if: canMake(AF_VSOCK, 1, 0) && canMake(AF_PACKET, 2, 0), "no such sockets here"))
  func otherFamilies() throws {
    try Calls.check(combine(["R", "C"], ["vsock", "packet"]).map { Row("S2.6", $0, "-1 EOPNOTSUPP 0 same") })
  }

  @Test("S2.7: raw sockets", .enabled(if: canMake(AF_INET, 3, 1), "raw sockets need CAP_NET_RAW"))
  func raw() throws {
    try Calls.check(
      combine(["R", "C"], ["raw-icmp", "raw-raw"], ["0", "1024"]).map { Row("S2.7", $0, "-1 EINVAL 0 same") })
    try Calls.check(combine(["R", "C"], ["raw-tcp", "raw-udp"]).map { Row("S2.7", $0, "-1 EINVAL 0 same") })
  }

  @Test("S2.7: other datagrams", .enabled(if: canMake(AF_INET, 2, 136), "the kernel has no UDP-Lite"))
  func udpLite() throws {
    try Calls.check(combine(["R", "C"], ["udplite"]).map { Row("S2.7", $0, "-1 EINVAL 0 same") })
  }

  @Test("S2.7: ping sockets", .enabled(if: canMake(AF_INET, 2, 1), "net.ipv4.ping_group_range excludes this user"))
  func ping() throws {
    try Calls.check(combine(["R", "C"], ["ping"]).map { Row("S2.7", $0, "-1 EINVAL 0 same") })
  }

  @Test("S2.7: MPTCP", .enabled(if: canMake(AF_INET, 1, 262), "the kernel has no MPTCP"))
  func mptcp() throws {
    try Calls.check(combine(["R", "C"], ["mptcp"], ["0", "1024"]).map { Row("S2.7", $0, "-1 ENOPROTOOPT 0 same") })
  }

  @Test("S2.7: SCTP", .enabled(if: canMake(AF_INET, 1, 132), "the kernel has no SCTP"))
  func sctp() throws {
    try Calls.check(combine(["R", "C"], ["sctp"], ["0", "1024"]).map { Row("S2.7", $0, "-1 ENOPROTOOPT 0 same") })
  }

  @Test("S2.8: listening and unconnected, without a claimed flow") func notConnected() throws {
    let kinds = ["tcp", "tcp6", "nonblocking", "listener", "listener6", "udp", "udp6", "connecting", "reset"]
    try Calls.check(
      combine(["R", "C"], kinds, ["0", "4", "1024"]).map { Row("S2.8", $0, "-1 ENOTCONN 0 same") })
  }

  @Test("S2.10: connected but not redirected, for every buffer") func notRedirected() throws {
    let kinds = ["accepted", "dialled", "udp-connected"]
    try Calls.check(
      combine(["R", "C"], kinds, ["0", "4", "1024"]).map { Row("S2.10", $0, "-1 EINVAL 0 same") })
  }

  @Test("S2.10: no engine at all") func noEngine() throws {
    let calls = combine(["R", "C"], ["accepted"], ["0", "4", "1024"])
    let others = ["R tcp", "C unix", "R accepted 3", "C accepted out=null", "S tcp in=zeros:128"]
    let script = try Calls(try Stage(), calls + others)
    let results = try script.results()
    #expect(results.prefix(6).allSatisfy { $0 == "-1 EINVAL 0 same" })
    #expect(results[6] == "-1 ENOTCONN 0 same", "S2.8 before S2.10")
    #expect(results[7] == "-1 EOPNOTSUPP 0 same", "S2.6 before S2.10")
    #expect(results[8] == "-1 EINVAL 0 same", "S2.5")
    #expect(results[9] == "-1 EFAULT kept -", "S2.4")
    #expect(results[10] == "-1 EINVAL 0 -", "S3.2: nobody made this blob")
  }

  @Test("S2.10, S11.1: a provider without context has records only") func recordsOnly() throws {
    var rows = combine(["C flow"], ["0", "4", "1024"]).map { Row("S2.10", $0, "-1 EINVAL 0 same") }
    rows += [
      Row("S2.4 before S2.10", "C flow out=null", "-1 EFAULT kept -"), Row("S2.12", "R flow", "0 - 128 wrote"),
      Row("S2.11", "R flow 0", "-1 ENOBUFS 128 same"),
    ]
    try Calls.check(rows, context: nil)
  }

  @Test("S2.11, S2.12: probe, exact, one less") func sizes() throws {
    try Calls.check([
      Row("S2.11", "C flow 0", "-1 ENOBUFS 256 same"), Row("S2.11", "C flow 4", "-1 ENOBUFS 256 same"),
      Row("S2.11", "C flow 255", "-1 ENOBUFS 256 same"), Row("S2.12", "C flow 256", "0 - 256 wrote"),
      Row("S2.12", "C flow 257", "0 - 256 wrote"), Row("S2.11", "R flow 0", "-1 ENOBUFS 128 same"),
      Row("S2.11", "R flow 127", "-1 ENOBUFS 128 same"), Row("S2.12", "R flow 128", "0 - 128 wrote"),
      Row("S2.12", "R flow 4160", "0 - 128 wrote"),
    ])
  }

  @Test("S2.12: the bytes of the context are the policy's") func content() throws {
    let fields = #"[ {bytes: "00ff10"}, {text: "proxy"}, {u16: 258, order: big}, {zero: 2} ]"#
    let results = try Calls.run(try Stage(), ["C flow hex"], context: fields)
    #expect(results == ["0 - 12 wrote 00ff1070726f787901020000"])
  }
}
