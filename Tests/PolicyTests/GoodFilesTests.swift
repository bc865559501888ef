import Testing

@testable import Policy

/// What a good file means (S11).
@Suite struct GoodFilesTests {
  /// S11.1, S11.2, S11.6, S4.2: everything that a file leaves out.
  @Test func defaults() throws {
    let set = try read(
      """
      version: 1
      providers: [{name: p, endpoints: ["127.0.0.1:1"]}]
      filters:
        - {name: r, action: redirect, provider: p}
        - {name: b, action: block}
      """, name: "vendor")
    #expect(set.name == "vendor")
    #expect(set.options == Options())
    #expect(set.options.hopLimit == 16 && !set.options.peerNameFaithful && !set.options.redirectedByOtherPermits)
    #expect(!set.options.setRequiresPrivilege)
    #expect(set.providers[0].accepts == .preload)
    #expect(set.providers[0].context == nil)
    #expect(set.providers[0].guid == GUID(urlName: "wfpshim:p"))
    #expect(set.filters[0].sublayer == "p" && set.filters[0].provider == 0)
    #expect(set.filters[1].sublayer == "vendor" && set.filters[1].provider == nil)
    #expect(set.filters.allSatisfy { $0.weight == 0 && !$0.permitIfCalloutUnregistered && $0.conditions.isEmpty })
    #expect(set.sublayers == [Sublayer(name: "p", weight: 32768), Sublayer(name: "vendor", weight: 32768)])
  }

  @Test func everyOption() throws {
    let set = try read(
      """
      version: 1
      options: {hopLimit: 64, peerName: faithful, redirectedByOther: permit, setRequiresPrivilege: true}
      sublayers: [{name: first, weight: 65535}, {name: plain}]
      providers:
        - name: a.b_c-9
          guid: "{00112233-4455-6677-8899-AABBCCDDEEFF}"
          endpoints: ["127.0.0.1:8888", "[::1]:8888", "[fe80::1%3]:80", "[::ffff:127.0.0.2]:9"]
          accepts: [preload, redirect, tproxy, proxy-v2]
          context: [{pid: {}}]
      filters:
        - {name: f, action: redirect, provider: a.b_c-9, weight: 18446744073709551615, sublayer: first,
           permitIfCalloutUnregistered: true}
        - {name: g, action: permit, sublayer: a.b_c-9}
      """)
    #expect(set.options.hopLimit == 64 && set.options.peerNameFaithful && set.options.redirectedByOtherPermits)
    #expect(set.options.setRequiresPrivilege)
    let provider = set.providers[0]
    #expect(provider.guid.description == "00112233-4455-6677-8899-aabbccddeeff")
    #expect(
      provider.endpoints.map(\.description)
        == ["127.0.0.1:8888", "[::1]:8888", "[fe80::1%3]:80", "127.0.0.2:9"])
    #expect(provider.accepts == [.preload, .redirect, .tproxy, .proxyV2])
    #expect(provider.context?.count == 1)
    #expect(set.filters[0].weight == .max && set.filters[0].permitIfCalloutUnregistered)
    // S4.2: a filter may join a provider's own sublayer by the provider's name.
    #expect(set.filters[1].sublayer == "a.b_c-9")
    #expect(set.sublayers.map(\.name) == ["first", "plain", "a.b_c-9"])
    #expect(set.sublayers.map(\.weight) == [65535, 32768, 32768])
  }

  /// S11: scalars are typed by the schema, so what YAML 1.1 takes for a boolean, null or number may name a filter.
  @Test(arguments: ["no", "yes", "on", "null", "0755", "1e3", "1", "'true'", "\"y\"", "0x10", "1_000"])
  func namesThatYAMLWouldGuessAt(_ name: String) throws {
    let set = try read("version: 1\nfilters: [{name: \(name), action: block}]\n")
    #expect(set.filters[0].name == name.filter { $0 != "'" && $0 != "\"" })
  }

  /// S11: quotes make no difference, and a number may be hexadecimal.
  @Test(arguments: [("16", 16), ("'16'", 16), ("\"0x10\"", 16), ("0x0F", 15), ("0", 0)])
  func numbers(_ text: String, _ value: UInt64) throws {
    let set = try read("version: \"1\"\nfilters: [{name: f, action: block, weight: \(text)}]\n")
    #expect(set.filters[0].weight == value)
  }

  /// S11.3: one value needs no list; user names are resolved when the file is read.
  @Test func oneValueWithoutList() throws {
    let set = try read(
      policy(conditions: "ip_protocol: udp, ip_remote_port: 53, ale_user_id: alice, loopback: false"))
    #expect(
      set.filters[0].conditions == [
        .ipProtocol([17]), .ipRemotePort([53...53]), .aleUserID([1000]), .loopback([false]),
      ])
  }

  /// S7.1: conditions on IPv4 hold for IPv4-mapped destinations, so a mapped range is the IPv4 range.
  @Test(arguments: [
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:10.0.0.1", "10.0.0.1"),
    ("::ffff:10.0.0.1-::ffff:10.0.0.9", "10.0.0.1-10.0.0.9"), ("::ffff:0:0/96", "0.0.0.0/0"), ("::/0", "::/0"),
    ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1/32", "10.0.0.1"), ("fe80::/10", "fe80::/10"),
    ("10.0.0.1-10.0.0.6", "10.0.0.1-10.0.0.6"), ("::fffe:ffff:ffff-::ffff:1.2.3.4", "::fffe:ffff:ffff-::ffff:1.2.3.4"),
  ])
  func addressRanges(_ text: String, _ meaning: String) throws {
    let set = try read(policy(conditions: "ip_remote_address: '\(text)'"))
    guard case .ipRemoteAddress(let ranges) = set.filters[0].conditions[0] else {
      Issue.record("no range")
      return
    }
    #expect(ranges.map(\.description) == [meaning])
  }

  /// S11: all mistakes of a file, by position.
  @Test func allProblemsAtOnce() throws {
    let found = problems(
      """
      version: 3
      filters:
        - name: f
          action: drop
          weight: heavy
          conditions: { ip_remote_port: [70000, 80, http] }
        - {action: block}
      providers:
        - {name: p, endpoints: [nowhere], context: [{pid: {as: u8}}]}
      """)
    let positions = found.map { "\($0.position.line):\($0.position.column)" }
    #expect(positions == ["1:10", "4:13", "5:13", "6:36", "6:47", "7:5", "9:27", "9:58"])
    #expect(found == found.sorted { $0.position < $1.position })
  }

  /// A text with tabs, accents and several scalars to a character: columns count scalars, as libyaml does.
  @Test func columnsCountScalars() {
    let found = problems("version: 1\nfilters: [{name: e\u{301}, action: drop}]\n")
    #expect(found.map { "\($0.position.line):\($0.position.column)" } == ["2:18", "2:30"])
  }

  /// A set may be empty: a vendor's file may only set options.
  @Test func nothingButAVersion() throws {
    let set = try read("# nothing yet\nversion: 1\n")
    #expect(set.providers.isEmpty && set.filters.isEmpty && set.sublayers.isEmpty)
  }

  @Test func textsLongerThanAMebibyteAreRefused() {
    let found = problems("version: 1\n" + String(repeating: "#", count: 1 << 20))
    #expect(found.map(\.wrong) == ["the file has 1048587 bytes"])
  }

  /// An alias bomb is refused before the parser multiplies it.
  @Test(.timeLimit(.minutes(1))) func aliasBomb() {
    var text = "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n"
    for (name, before) in zip("bcdefghijk", "abcdefghij") {
      let many = Array(repeating: "*\(before)", count: 9).joined(separator: ",")
      text += "\(name): &\(name) [\(many)]\n"
    }
    text += "? *k\n: 1\n"
    #expect(problems(text).map(\.wrong) == ["an anchor"])
  }

  /// A tree that is deeper than any policy is an error, not the end of the process.
  @Test func deepNesting() {
    #expect(problems("version: 1\nx: " + String(repeating: "[", count: 100_000)).count == 1)
  }

  /// What looks like an anchor, alias or tag where a value cannot begin is text.
  @Test(arguments: [
    "a&b", "a *b", "'&a'", "\"*a\"", "a!b", "x # &a", "x # 'open quote", "it's &x", "\"\\\": &b\"", "'it''s: &b'",
    "|\n      &a\n      'b",
    ">\n      *a",
  ])
  func indicatorsInText(_ value: String) {
    let found = problems("version: 1\nfilters:\n  - name: \(value)\n    action: block\n")
    #expect(!found.contains { $0.wrong.hasPrefix("an a") || $0.wrong == "a tag" }, "\(found)")
  }

  @Test(arguments: ["{&a b: c}", "[x, *a]", "- ! x", "? &a b", "\"q\": *a", "- - &a x", "{a: 'b', c: !d e}"])
  func indicatorsWhereAValueBegins(_ value: String) {
    let found = problems("version: 1\nx:\n  \(value)\n")
    #expect(found.count == 1 && found[0].position.line == 3, "\(found)")
    #expect(["an anchor", "an alias", "a tag"].contains(found.first?.wrong))
  }
}
