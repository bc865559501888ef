import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// SPEC S4.2, S11.3: what the filters say of a connect, on policies that wfpctl's compiler made.
struct ClassifyTests {
  /// A set with its own provider, the filters given as `name action weight {conditions}`.
  private func set(_ name: String, _ filters: [String], more: String = "") -> (String, String) {
    var text = "version: 1\nproviders: [ {name: \(name), endpoints: [\"127.0.0.1:1\"]} ]\n\(more)\nfilters:\n"
    for filter in filters {
      let words = filter.split(separator: " ", maxSplits: 3).map(String.init)
      text += "  - { name: \(words[0]), action: \(words[1]), weight: \(words[2])"
      if words[1] == "redirect" { text += ", provider: \(name)" }
      if words.count > 3 { text += ", \(words[3])" }
      text += " }\n"
    }
    return (name, text)
  }

  private func verdict(
    _ sets: [(String, String)], to destination: Address = Address("192.0.2.1", 80), records: [String] = [],
    socket family: Int32 = AF_INET
  ) throws -> String {
    let memory = MemoryEngine()
    memory.load(try compiled(sets))
    let policy = try #require(memory.engine.policy())
    let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    if !records.isEmpty { try setRecords(records, memory, policy, descriptor) }
    var request = ConnectRequest(descriptor: descriptor, engine: memory.engine, destination: destination)
    func name(_ filter: UnsafePointer<wfp_filter>) -> String {
      String(decoding: policy.bytes(filter.pointee.name), as: UTF8.self)
    }
    switch policy.classify(&request) {
    case .pass: return "pass"
    case .block(let filter): return "block \(name(filter))"
    case .redirect(let redirect): return "\(name(redirect.filter)) \(redirect.state.rawValue)"
    }
  }

  /// Records of hops by the providers of these names, on the socket.
  private func setRecords(_ names: [String], _ memory: MemoryEngine, _ policy: PolicyImage, _ descriptor: Int32) throws
  {
    let providers = policy.rows(policy.head.providers, of: wfp_provider.self)!
    let hops = names.map { name -> wfp_hop in
      var hop = wfp_hop()
      for i in 0..<providers.count
      where String(decoding: policy.bytes(providers[i].pointee.name), as: UTF8.self) == name {
        hop.provider = providers[i].pointee.guid
      }
      return hop
    }
    let slot = try #require(memory.slot(hops: hops))
    slot.flow.pointee.client_cookie = try #require(socketCookie(descriptor))
    #expect(memory.segment.insert(.client(cookie: slot.flow.pointee.client_cookie), slot, memory.engine))
  }

  @Test(
    "S4.2, S10.7: inside a sublayer the heaviest match decides",
    arguments: [
      (["a redirect 5", "b redirect 9"], "b 0"), (["a redirect 9", "b redirect 9"], "a 0"),
      (["a permit 9", "b redirect 5"], "pass"), (["a permit 9", "b block 5"], "pass"),
      (["a block 9", "b permit 5"], "block a"),
      (["a redirect 9", "b block 5"], "a 0"), (["a block 9", "b redirect 5"], "block a"),
      (["a redirect 9 conditions: {ip_remote_port: 81}", "b redirect 5"], "b 0"),
      (["a redirect 18446744073709551615", "b redirect 18446744073709551614"], "a 0"),
      (["a redirect 9 conditions: {ip_remote_port: 81}"], "pass"),
    ])
  func inside(filters: [String], expected: String) throws {
    #expect(try verdict([set("contoso", filters)]) == expected)
  }

  /// Whatever the order of loading.
  private func inAnyOrder(_ sets: [(String, String)], _ expected: String, records: [String] = []) throws {
    for order in [sets, sets.reversed()] { #expect(try verdict(order, records: records) == expected) }
  }

  @Test("S4.2: sublayers by weight, then by their best matching filter, then by name") func between() throws {
    let (a, b) = (["a redirect 5"], ["b redirect 9"])
    try inAnyOrder([set("adatum", a), set("bestfor", b)], "b 0")
    try inAnyOrder([set("adatum", ["a redirect 9"]), set("bestfor", b)], "a 0")
    let heavy = "sublayers: [ {name: adatum, weight: 40000} ]"
    let filter = "a redirect 5 sublayer: adatum"
    try inAnyOrder([set("adatum", [filter], more: heavy), set("bestfor", b)], "a 0")
    // Of equal weight: the best *matching* one, which may itself let go or be lighter than one that does not match.
    let other = "x redirect 99 conditions: {ip_remote_port: 81}"
    try inAnyOrder([set("adatum", a + [other]), set("bestfor", b)], "b 0")
  }

  @Test("S4.2: permit ends its own sublayer only, block in any wins") func acrossSublayers() throws {
    try inAnyOrder([set("adatum", ["a permit 99"]), set("bestfor", ["b redirect 1"])], "b 0")
    try inAnyOrder([set("adatum", ["a redirect 99"]), set("bestfor", ["b block 1"])], "block b")
    try inAnyOrder([set("adatum", ["a permit 99"]), set("bestfor", ["b block 1"])], "block b")
    let heavy = "sublayers: [ {name: adatum, weight: 65535} ]"
    try inAnyOrder(
      [set("adatum", ["a redirect 99 sublayer: adatum"], more: heavy), set("bestfor", ["b block 1"])], "block b")
  }

  @Test("S4: a callout that lets go says CONTINUE") func letsGo() throws {
    let sets = [set("adatum", ["a redirect 9"]), set("bestfor", ["b redirect 5"])]
    try inAnyOrder(sets, "a 0")
    try inAnyOrder(sets, "b 2", records: ["adatum"])
    try inAnyOrder(sets, "a 2", records: ["bestfor"])
    try inAnyOrder(sets, "pass", records: ["adatum", "bestfor"])
    try inAnyOrder(sets, "pass", records: ["bestfor", "adatum"])
    // The next filter of the same sublayer is asked.
    try inAnyOrder([set("adatum", ["a redirect 9", "stop block 5"])], "block stop", records: ["adatum"])
    try inAnyOrder([set("adatum", ["a redirect 9", "p permit 7", "stop block 5"])], "pass", records: ["adatum"])
  }

  @Test("S11.6: redirectedByOther: permit") func byOther() throws {
    let shy = "options: {redirectedByOther: permit}"
    let sets = [set("adatum", ["a redirect 9"], more: shy), set("bestfor", ["b redirect 5"])]
    try inAnyOrder(sets, "a 0")
    try inAnyOrder(sets, "pass", records: ["bestfor"])
    try inAnyOrder(sets, "b 2", records: ["adatum"])
  }

  static let me = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""

  @Test(
    "S11.3: conditions",
    arguments: [
      ("ip_protocol: tcp", true), ("ip_protocol: udp", false), ("ip_protocol: [udp, tcp]", true),
      ("ip_remote_port: 80", true), ("ip_remote_port: 81", false), ("ip_remote_port: [79, 81]", false),
      ("ip_remote_port: 80-90", true), ("ip_remote_port: 70-80", true), ("ip_remote_port: 81-90", false),
      ("ip_remote_port: [1, 2, 80]", true), ("ip_remote_address: 192.0.2.1", true),
      ("ip_remote_address: 192.0.2.2", false),
      ("ip_remote_address: 192.0.2.0/24", true), ("ip_remote_address: 192.0.3.0/24", false),
      ("ip_remote_address: 0.0.0.0/0", true), ("ip_remote_address: 192.0.2.0/31", true),
      ("ip_remote_address: 192.0.2.2/31", false), ("ip_remote_address: 192.0.2.1/32", true),
      ("ip_remote_address: 192.0.1.255-192.0.2.1", true), ("ip_remote_address: 192.0.2.1-192.0.2.9", true),
      ("ip_remote_address: 192.0.2.2-192.0.2.9", false), ("ip_remote_address: \"::/0\"", false),
      ("ip_remote_address: [\"::1\", 192.0.2.1]", true), ("loopback: true", false), ("loopback: false", true),
      ("ale_user_id: 54321", false), ("ale_app_id: /no/such", false), ("ale_app_id: \"*\"", true),
      ("ip_protocol: tcp, ip_remote_port: 80, ip_remote_address: 192.0.2.1", true),
      ("ip_protocol: tcp, ip_remote_port: 81, ip_remote_address: 192.0.2.1", false),
      ("ip_local_address: 0.0.0.0", true), ("ip_local_address: 127.0.0.1", false),
    ])
  func conditions(text: String, matches: Bool) throws {
    let sets = [set("contoso", ["a redirect 1 conditions: {\(text)}"])]
    #expect(try verdict(sets) == (matches ? "a 0" : "pass"))
    // S7.1: the same for an IPv4-mapped destination, whatever it comes through.
    if !text.contains("local") {
      let mapped = Address("::ffff:192.0.2.1", 80)
      #expect(try verdict(sets, to: mapped, socket: AF_INET6) == (matches ? "a 0" : "pass"))
    }
  }

  @Test("S11.3: own user, own executable, and that of the original application") func self_() throws {
    for text in ["ale_user_id: \(geteuid())", "ale_app_id: \(Self.me)", "ale_original_app_id: \(Self.me)"] {
      #expect(try verdict([set("contoso", ["a redirect 1 conditions: {\(text)}"])]) == "a 0", "\(text)")
    }
    // S4.5: records name another application; one whose path is not known matches no path.
    let sets = [
      set("adatum", ["a redirect 1"]), set("bestfor", ["b redirect 5 conditions: {ale_original_app_id: \(Self.me)}"]),
    ]
    #expect(try verdict(sets, records: ["adatum"]) == "pass")
    #expect(try verdict(sets) == "b 0")
  }

  @Test(
    "S11.3: IPv6 ranges",
    arguments: [
      ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false), ("::1", "::1", true),
      ("2001:db8::1-2001:db8::ff", "2001:db8::80", true), ("2001:db8::1-2001:db8::ff", "2001:db8::100", false),
      ("::/0", "ff02::1", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("0.0.0.0/0", "2001:db8::1", false),
      ("::ffff:0:0/96", "2001:db8::1", false),
    ])
  func ipv6(range: String, host: String, matches: Bool) throws {
    let sets = [set("contoso", ["a redirect 1 conditions: {ip_remote_address: \"\(range)\"}"])]
    #expect(try verdict(sets, to: Address(host, 80), socket: AF_INET6) == (matches ? "a 0" : "pass"))
  }
}
