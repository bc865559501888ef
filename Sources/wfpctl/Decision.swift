import ArgumentParser
import CEngine
import FilterEngine
import Glibc
import Policy
import RedirectCore

/// Which connect `explain` and `policy test` are about.
struct ConnectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where it goes: address and port, an IPv6 address in brackets.", valueName: "address:port"))
  var to: String
  @Option(help: ArgumentHelp("The connecting program.", valueName: "path"))
  var app: String
  @Option(
    help: ArgumentHelp("The original application, when a proxy connects (default: the program).", valueName: "path"))
  var originalApp: String?
  @Option(name: .customLong("user"), help: ArgumentHelp("As whom it runs (default: you).", valueName: "name"))
  var user: String?
  @Option(help: ArgumentHelp("tcp or udp.", valueName: "protocol")) var `protocol` = TransportProtocol.tcp
  @Option(help: ArgumentHelp("The local address that it has bound.", valueName: "address")) var from: String?
  @Option(
    help: ArgumentHelp(
      "A provider that has redirected the connection before, as the records on its socket say; oldest first.",
      valueName: "provider"))
  var through: [String] = []
  @Option(
    help: ArgumentHelp(
      "Fail with 1 unless that is what happens: none, permit, block, redirect or redirect:PROVIDER.",
      valueName: "outcome"))
  var expect: String?
  @Flag(help: "As JSON.") var json = false
}

enum TransportProtocol: String, ExpressibleByArgument {
  case tcp, udp

  var number: Int32 { self == .udp ? 17 : 6 }
}

/// What the policy makes of a connect, and what each filter says of it.
struct Decision {
  let options: ConnectOptions
  let filters: [RankedFilter]
  private let answer: Supposition.Answer

  init(_ options: ConnectOptions, sets: [LoadedSet]) throws {
    self.options = options
    filters = arbitrationOrder(sets)
    let supposition = try Decision.supposition(options, sets)
    let image = try compilePolicy(sets) { _ in 0 }
    guard let answer = unsafe image.withUnsafeBytes({ unsafe supposition.answer(by: $0) }) else {
      throw Failure("the compiled policy cannot be read")
    }
    self.answer = answer
  }

  private static func supposition(_ options: ConnectOptions, _ sets: [LoadedSet]) throws -> Supposition {
    guard let destination = Endpoint(dialled: options.to) else {
      throw ValidationError("'\(options.to)' is no destination; expected address:port or [address]:port")
    }
    var local = wfp_address()
    local.family = destination.address.isIPv4 ? UInt16(AF_INET) : UInt16(AF_INET6)
    if let from = options.from {
      guard let address = Policy.Address(from) else { throw ValidationError("'\(from)' is no address") }
      local = wfp_address(Endpoint(address: address, port: 0))
    }
    var user = geteuid()
    if let name = options.user {
      guard let number = UInt32(name) ?? userID(named: name) else { throw Failure("no user '\(name)'") }
      user = number
    }
    let providers = sets.flatMap(\.set.providers)
    let lineage = try options.through.map { name in
      guard let provider = providers.first(where: { $0.name == name }) else {
        let known = providers.map(\.name).joined(separator: ", ")
        throw Failure("no provider '\(name)'; expected \(known.isEmpty ? "a loaded provider" : known)")
      }
      return provider.guid.bytes
    }
    return Supposition(
      destination: wfp_address(destination), local: local, protocolNumber: options.protocol.number,
      path: Array(options.app.utf8), originalPath: Array((options.originalApp ?? options.app).utf8), user: user,
      lineage: lineage)
  }

  func match(_ filter: RankedFilter) -> Supposition.Match { answer.filters[filter.id] ?? .holds }

  /// The filter that decided. A permit ends only its sublayer, and so it is none.
  var deciding: RankedFilter? {
    switch answer.outcome {
    case .pass: nil
    case .block(let id), .redirect(let id, _, _): filters.first { $0.id == id }
    }
  }

  /// Where a redirected connect goes; nil when nobody listens there.
  var endpoint: Endpoint? {
    guard case .redirect(_, _, let stored?) = answer.outcome else { return nil }
    return Endpoint(stored)
  }

  /// The filter that lets a connect pass which no other sublayer redirects or blocks.
  var permitting: RankedFilter? {
    guard case .pass = answer.outcome else { return nil }
    return filters.first { match($0) == .holds && $0.filter.action != .block }
  }

  /// What --expect compares.
  var outcome: String {
    switch answer.outcome {
    case .pass: permitting == nil ? "none" : "permit"
    case .block: "block"
    case .redirect: "redirect:\(deciding?.provider?.name ?? "")"
    }
  }

  /// Throws exit code 1 when something else was expected.
  func check() throws {
    guard let expected = options.expect else { return }
    guard ["none", "permit", "block", "redirect"].contains(expected) || expected.hasPrefix("redirect:") else {
      throw ValidationError(
        "'\(expected)' is no outcome; expected none, permit, block, redirect or redirect:PROVIDER")
    }
    if outcome == expected || expected == "redirect" && outcome.hasPrefix("redirect:") { return }
    throw Failure("the outcome is \(outcome); expected \(expected)")
  }
}

extension Endpoint {
  /// `address:port`, `[address]:port` or `[address%number]:port`.
  fileprivate init?(dialled text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      return nil
    }
    let host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let parts = (isBracketed ? host.dropFirst().dropLast() : host).split(
      separator: "%", omittingEmptySubsequences: false)
    guard let first = parts.first, first.contains(":") == isBracketed, let address = Policy.Address(String(first)),
      let scope = parts.count < 2 ? 0 : UInt32(parts[1])
    else { return nil }
    self.init(address: address, port: port, scopeID: scope)
  }

  /// As the engine stores it.
  fileprivate init?(_ stored: wfp_address) {
    let length = stored.family == UInt16(AF_INET) ? 4 : 16
    let bytes = unsafe withUnsafeBytes(of: stored.bytes) { unsafe Array($0.prefix(length)) }
    guard let address = Policy.Address(bytes: bytes) else { return nil }
    self.init(address: address, port: UInt16(bigEndian: stored.port), scopeID: stored.scope_id)
  }
}
