import Foundation
import Testing

/// Which filter decides: SPEC S4.2, S10.7, S11.4.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ArbitrationTests {
  /// What a connect met.
  enum Met: Equatable { case direct, service(String), blocked }

  /// Two services with endpoints known to the test, and an origin.
  final class Ground {
    let stage = try! Stage()
    let origin: (program: Program, port: UInt16)
    var services: [(name: String, program: Program, port: UInt16)] = []
    var any: String { "{ ip_remote_port: \(origin.port) }" }

    init(_ names: String...) throws {
      origin = try stage.origin()
      for name in names {
        let program = try stage.shimmed("ProbeService", [name, "::", "0"])
        services.append((name, program, try program.port()))
      }
    }

    /// A policy with a provider for each service, so that filters may name any.
    func policy(_ filters: String..., sublayers: [String: Int] = [:]) -> String {
      let providers = services.map {
        """
          - name: \($0.name)
            endpoints: ["127.0.0.1:\($0.port)"]
            context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
        """
      }
      let list = sublayers.map { "  - { name: \($0.key), weight: \($0.value) }" }.joined(separator: "\n")
      return
        "version: 1\nproviders:\n\(providers.joined(separator: "\n"))\nfilters:\n\(filters.joined(separator: "\n"))\n"
        + (list.isEmpty ? "" : "sublayers:\n\(list)\n")
    }

    /// The services that a connection passed, in their order, or what else became of it.
    func meets() throws -> [Met] {
      let before = services.map { $0.program.output.count }
      let (good, said) = try stage.exchange(origin.port)
      if !good { return said == "failed connect EACCES" ? [.blocked] : [] }
      var seen: [(String, String)] = []
      for (service, count) in zip(services, before) {
        for line in service.program.output.dropFirst(count) where line.contains("flow") {
          seen.append((String(line.split(separator: " ")[4]), service.name))
        }
      }
      return seen.isEmpty ? [.direct] : seen.sorted { $0.0 < $1.0 }.map { .service($0.1) }
    }
  }

  /// S11.4: without a matching filter, and without any, a connect is left alone. S10.7: a block is EACCES.
  @Test func noneAndBlock() throws {
    let ground = try Ground("contoso")
    let stage = ground.stage
    try stage.load(
      stage.redirect("contoso", port: ground.services[0].port, conditions: "{ ip_remote_port: 1 }"), name: "contoso")
    #expect(try ground.meets() == [.direct])
    try stage.load(stage.filters(stage.filter("no", "block", conditions: ground.any)), name: "corporate")
    #expect(try ground.meets() == [.blocked])
    for mode in ["--nonblocking", "--parallel"] {
      #expect(try stage.exchange(ground.origin.port, arguments: [mode]).said == "failed connect EACCES")
    }
    #expect(try stage.exchange(ground.origin.port, host: "::1").said == "failed connect EACCES")
    #expect(try stage.exchange(ground.origin.port, host: "::ffff:127.0.0.1").said == "failed connect EACCES")
    try stage.wfpctl("policy", "unload", "corporate")
    #expect(try ground.meets() == [.direct])
  }

  /// S4.2: block in any sublayer wins, however light, over permits and redirects of heavier ones.
  @Test(arguments: [0, 65535]) func blockAnywhere(weight: Int) throws {
    let ground = try Ground("contoso")
    let stage = ground.stage
    let redirect = stage.filter(
      "to-contoso", "redirect", weight: 1_000_000, provider: "contoso", conditions: ground.any)
    let permit = stage.filter("yes", "permit", sublayer: "trusted", weight: 1_000_000, conditions: ground.any)
    try stage.load(ground.policy(redirect, permit, sublayers: ["trusted": 60000]), name: "contoso")
    #expect(try ground.meets() == [.service("contoso")])
    let block = stage.filter("no", "block", sublayer: "corporate", weight: 0, conditions: ground.any)
    try stage.load(stage.filters(block, sublayers: ["corporate": weight]), name: "corporate")
    #expect(try ground.meets() == [.blocked])
  }

  /// S4.2: a permit ends its own sublayer: a lighter block in it is not asked, a redirect of another sublayer is.
  @Test func permitEndsItsSublayer() throws {
    let ground = try Ground("contoso")
    let stage = ground.stage
    let permit = stage.filter("yes", "permit", weight: 2, conditions: ground.any)
    let block = stage.filter("no", "block", weight: 1, conditions: ground.any)
    try stage.load(stage.filters(permit, block), name: "corporate")
    #expect(try ground.meets() == [.direct])
    try stage.load(
      ground.policy(stage.filter("to-contoso", "redirect", weight: 1, provider: "contoso", conditions: ground.any)),
      name: "vendor")
    #expect(try ground.meets() == [.service("contoso")])
    // In one sublayer with the permit above it, the redirect is not asked.
    let below = stage.filter(
      "to-contoso", "redirect", sublayer: "mine", weight: 1, provider: "contoso", conditions: ground.any)
    let above = stage.filter("yes", "permit", sublayer: "mine", weight: 2, conditions: ground.any)
    try stage.load(ground.policy(below, above, sublayers: ["mine": 32768]), name: "vendor")
    #expect(try ground.meets() == [.direct])
    // The heavier of the two decides: turned round, it is redirected.
    try stage.load(
      ground.policy(below.replacing("weight: 1", with: "weight: 3"), above, sublayers: ["mine": 32768]), name: "vendor")
    #expect(try ground.meets() == [.service("contoso")])
    // And the heavier block of a sublayer is asked before its permit.
    try stage.load(stage.filters(permit, block.replacing("weight: 1", with: "weight: 3")), name: "corporate")
    #expect(try ground.meets() == [.blocked])
  }

  /// S4.2: the weight of the sublayer counts before that of the filter.
  @Test(arguments: [(100, 200), (200, 100), (0, 65535)]) func sublayerWeights(weights: (Int, Int)) throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    let a = stage.filter(
      "a", "redirect", sublayer: "one", weight: weights.1, provider: "contoso", conditions: ground.any)
    let b = stage.filter(
      "b", "redirect", sublayer: "two", weight: weights.0, provider: "fabrikam", conditions: ground.any)
    try stage.load(ground.policy(a, b, sublayers: ["one": weights.0, "two": weights.1]), name: "both")
    let order = ["contoso", "fabrikam"]
    #expect(try ground.meets() == (weights.0 > weights.1 ? order : order.reversed()).map { .service($0) })
  }

  /// S4.2: the default weight of a sublayer is 32768: just below and just above it.
  @Test(arguments: [32767, 32769]) func defaultSublayerWeight(weight: Int) throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    let a = stage.filter("a", "redirect", weight: 5, provider: "contoso", conditions: ground.any)
    let b = stage.filter(
      "b", "redirect", sublayer: "own", weight: weight > 32768 ? 1 : 9, provider: "fabrikam", conditions: ground.any)
    try stage.load(ground.policy(a, b, sublayers: ["own": weight]), name: "both")
    let order = ["contoso", "fabrikam"]
    #expect(try ground.meets() == (weight < 32768 ? order : order.reversed()).map { .service($0) })
  }

  /// S4.2: equal weights: by name, whichever set was loaded first. Weights beyond 2^63 are numbers like others.
  @Test(arguments: [["contoso", "fabrikam"], ["fabrikam", "contoso"]], ["7", "18446744073709551615"])
  func equalWeights(order: [String], weight: String) throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    for name in order {
      let port = try #require(ground.services.first { $0.name == name }).port
      let text = stage.redirect(name, port: port, conditions: ground.any).replacing(
        "weight: 1\n", with: "weight: \(weight)\n")
      try stage.load(text, name: "set-of-" + name)
    }
    #expect(try ground.meets() == [.service("contoso"), .service("fabrikam")])
  }

  /// S4.2: equal sublayers: the weight of the best filter that matches counts, not of one that does not.
  @Test func bestMatchingFilter() throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    let a = stage.filter("a", "redirect", weight: 5, provider: "contoso", conditions: ground.any)
    let far = stage.filter("a2", "redirect", weight: 99, provider: "contoso", conditions: "{ ip_remote_port: 1 }")
    let b = stage.filter("b", "redirect", weight: 6, provider: "fabrikam", conditions: ground.any)
    try stage.load(ground.policy(a, far, b), name: "both")
    #expect(try ground.meets() == [.service("fabrikam"), .service("contoso")])
  }

  /// S4.2: a callout that lets go says CONTINUE: the next filter of its sublayer is asked, another service's or a
  /// block.
  @Test func letsGo() throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    let first = stage.filter(
      "first", "redirect", sublayer: "shared", weight: 9, provider: "contoso", conditions: ground.any)
    let second = stage.filter(
      "second", "redirect", sublayer: "shared", weight: 5, provider: "fabrikam", conditions: ground.any)
    try stage.load(ground.policy(first, second, sublayers: ["shared": 32768]), name: "both")
    #expect(try ground.meets() == [.service("contoso"), .service("fabrikam")])
    let block = stage.filter("second", "block", sublayer: "shared", weight: 5, conditions: ground.any)
    try stage.load(ground.policy(first, block, sublayers: ["shared": 32768]), name: "both")
    // The application is redirected, and the service's own connect is the one that is blocked.
    #expect(try ground.meets() == [])
    #expect(try ground.services[0].program.line("connect") == "contoso connect 127.0.0.1:\(ground.origin.port) EACCES")
  }

  /// S11.6: `redirectedByOther: permit`: a set that does not want what others have redirected.
  @Test func redirectedByOther() throws {
    let ground = try Ground("contoso", "fabrikam")
    let stage = ground.stage
    for (position, service) in ground.services.enumerated() {
      let text = stage.redirect(
        service.name, port: service.port, conditions: ground.any, weight: 9 - position,
        end: "options: { redirectedByOther: permit }")
      try stage.load(text, name: service.name)
    }
    #expect(try ground.meets() == [.service("contoso")])
  }
}
