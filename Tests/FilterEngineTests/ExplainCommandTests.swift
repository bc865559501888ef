import Foundation
import Glibc
import Testing

/// `wfpctl policy test` and `wfpctl explain`: SPEC S4, S4.2, S11.3.
@Suite struct ExplainCommandTests {
  private static let policy = """
    version: 1
    providers:
      - {name: contoso, endpoints: ["127.0.0.1:8888"]}
      - {name: fabrikam, endpoints: ["127.0.0.1:8889"], accepts: [preload]}
    sublayers: [{name: last, weight: 1}]
    filters:
      - {name: web, action: redirect, provider: contoso, weight: 100, conditions: {ip_remote_port: [80, 443]}}
      - {name: inspect, action: redirect, provider: fabrikam, conditions: {ip_remote_port: 443, ale_app_id: /usr/bin/*}}
      - {name: names, action: redirect, provider: fabrikam, conditions: {ip_protocol: udp, ip_remote_port: 53}}
      - {name: deny, action: block, sublayer: last, conditions: {ip_remote_address: fd00::/8}}
      - {name: root, action: permit, weight: 7, conditions: {ale_user_id: 0, ip_remote_port: 25}}
      - {name: mail, action: block, conditions: {ip_remote_port: 25}}
      - {name: near, action: permit, conditions: {ip_local_address: 10.0.0.0/8, ip_remote_port: 99}}

    """

  private struct Case: CustomTestStringConvertible, Sendable {
    let to: String
    let outcome: String
    let filter: String?
    var arguments: [String] = []
    var testDescription: String { "\(to) \(arguments.joined(separator: " ")): \(outcome)" }

    init(_ to: String, _ outcome: String, _ filter: String?, _ arguments: String...) {
      (self.to, self.outcome, self.filter, self.arguments) = (to, outcome, filter, arguments)
    }
  }

  private static let cases = [
    Case("192.0.2.1:443", "redirect:contoso", "web"), Case("192.0.2.1:8080", "none", nil),
    Case("[::ffff:192.0.2.1]:80", "redirect:contoso", "web"),
    // The next service, when the first has redirected; then none is left (SPEC S4).
    Case("192.0.2.1:443", "redirect:fabrikam", "inspect", "--through", "contoso"),
    Case("192.0.2.1:443", "none", nil, "--through", "contoso", "--through", "fabrikam"),
    Case("192.0.2.1:443", "redirect:contoso", "web", "--through", "fabrikam"),
    Case("192.0.2.1:443", "redirect:contoso", "web", "--app", "/opt/x"),
    Case("192.0.2.1:443", "none", nil, "--app", "/opt/x", "--through", "contoso"),
    // block in any sublayer wins.
    Case("[fd00::1]:443", "block", "deny"), Case("[fd00::1]:1", "block", "deny"), Case("[fe80::1%2]:1", "none", nil),
    Case("192.0.2.1:53", "none", nil), Case("192.0.2.1:53", "redirect:fabrikam", "names", "--protocol", "udp"),
    Case("192.0.2.1:443", "none", nil, "--protocol", "udp"),
    Case("192.0.2.1:25", "permit", "root", "--user", "root"), Case("192.0.2.1:25", "block", "mail", "--user", "12345"),
    Case("192.0.2.1:99", "permit", "near", "--from", "10.1.1.1"),
    Case("192.0.2.1:99", "none", nil, "--from", "11.1.1.1"),
  ]

  private func arguments(_ one: Case, _ more: [String]) -> [String] {
    ["--to", one.to] + (one.arguments.contains("--app") ? [] : ["--app", "/usr/bin/curl"]) + one.arguments + more
  }

  @Test("S4.2, S11.3: a file that nobody loaded, and the engine in force", arguments: cases) private func outcome(
    one: Case
  ) throws {
    let directory = try PrivateDirectory()
    let file = try directory.file("web.yaml", Self.policy)
    let arguments = arguments(one, ["--expect", one.outcome, "--json"])
    let tested = try wfpctl(["policy", "test", file] + arguments)
    #expect(tested.code == 0 && tested.errors.isEmpty, "\(tested.errors)")
    #expect(directory.entries == ["web.yaml"], "no engine was made")
    let answer = try parsed(tested.output)
    #expect(answer["filter"] as? String == one.filter && answer["version"] as? Int == 1)
    let filters = try #require(answer["filters"] as? [[String: Any]])
    #expect(filters.count == 7)
    #expect(
      filters.compactMap { $0["decides"] as? Bool == true ? $0["name"] as? String : nil }
        == [one.filter].compactMap { $0 })

    let engine = ["--engine", directory.engine]
    #expect(try wfpctl(["policy", "load", file] + engine).code == 0)
    let explained = try wfpctl(["explain"] + engine + arguments)
    #expect(explained.code == 0 && explained.output == tested.output)
  }

  @Test("S4.2: every candidate, in the order in which they are asked, and why not") func text() throws {
    let directory = try PrivateDirectory()
    let file = try directory.file("web.yaml", Self.policy)
    let command = ["policy", "test", file, "--app", "/usr/bin/curl", "--to", "192.0.2.1:443"]
    #expect(
      try wfpctl(command + ["--through", "contoso"]).output == """
        tcp connect to 192.0.2.1:443 by /usr/bin/curl
        sublayer web/contoso, weight 32768
          1  web  redirect to contoso  weight 100  lets go: contoso has redirected the connection before
        sublayer web/web, weight 32768
          5  root  permit  weight 7  does not match: ip_remote_port is not 25
          6  mail  block  weight 0  does not match: ip_remote_port is not 25
          7  near  permit  weight 0  does not match: ip_remote_port is not 99
        sublayer web/fabrikam, weight 32768
          2  inspect  redirect to fabrikam  weight 0  matches  <- decides
          3  names  redirect to fabrikam  weight 0  does not match: ip_protocol is not udp
        sublayer web/last, weight 1
          4  deny  block  weight 0  does not match: ip_remote_address is not fd00::/8
        redirected to fabrikam, which is not listening (127.0.0.1:8889): ECONNREFUSED

        """)
  }

  @Test("S10.2: a service that listens") func listening() throws {
    let directory = try PrivateDirectory()
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(listener, $0, length)
        _ = listen(listener, 1)
        _ = getsockname(listener, $0, &length)
      }
    }
    let endpoint = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    let text = Self.policy.replacingOccurrences(of: "127.0.0.1:8888", with: endpoint)
    let file = try directory.file("web.yaml", text)
    let command = ["policy", "test", file, "--app", "/x", "--to", "192.0.2.1:80"]
    #expect(try wfpctl(command).output.hasSuffix("redirected to contoso at \(endpoint), which is listening\n"))
    #expect(try parsed(wfpctl(command + ["--json"]).output)["endpoint"] as? String == endpoint)
  }

  @Test(
    "S11.3: what was not expected, and what cannot be asked",
    arguments: [
      (["--to", "192.0.2.1:80", "--expect", "permit"], "the outcome is redirect:contoso; expected permit"),
      (
        ["--to", "192.0.2.1:80", "--expect", "redirect:fabrikam"],
        "the outcome is redirect:contoso; expected redirect:fabrikam"
      ),
      (
        ["--to", "192.0.2.1:80", "--expect", "deny"],
        "'deny' is no outcome; expected none, permit, block, redirect or redirect:PROVIDER"
      ),
      (["--to", "192.0.2.1"], "'192.0.2.1' is no destination; expected address:port or [address]:port"),
      (["--to", "::1:80"], "'::1:80' is no destination; expected address:port or [address]:port"),
      (["--to", "192.0.2.1:80", "--through", "nobody"], "no provider 'nobody'; expected contoso, fabrikam"),
      (["--to", "192.0.2.1:80", "--user", "no such user"], "no user 'no such user'"),
    ]) func refused(arguments: [String], error: String) throws
  {
    let directory = try PrivateDirectory()
    let file = try directory.file("web.yaml", Self.policy)
    let said = try wfpctl(["policy", "test", file, "--app", "/x"] + arguments)
    #expect(said.code == 1 && said.errors == error + "\n")
  }
}
