import Yams

extension PolicyReader {
  mutating func providers(_ node: Node, _ declared: inout Declarations) -> [Provider] {
    var providers: [Provider] = []
    for item in items(node, of: "providers", expected: "providers") {
      guard let (provider, nameNode, guidNode) = provider(item) else { continue }
      if declared.providers[provider.name] != nil {
        report(nameNode, "a second provider is named '\(provider.name)'", expected: "a name of its own")
        continue
      }
      if let other = providers.first(where: { $0.guid == provider.guid }) {
        report(
          guidNode ?? nameNode, "provider '\(other.name)' has the GUID \(provider.guid) too",
          expected: "a GUID of its own")
      }
      declared.providers[provider.name] = providers.count
      providers.append(provider)
    }
    return providers
  }

  private mutating func provider(_ node: Node) -> (Provider, name: Node, guid: Node?)? {
    let keys = ["name", "guid", "endpoints", "accepts", "context"]
    guard let fields = fields(node, of: "a provider", keys: keys, required: ["name", "endpoints"]) else { return nil }
    let name = fields["name"].flatMap { self.name($0, "the name of a provider") }
    let guid = fields["guid"].flatMap { self.guid($0, "the GUID of a provider") }
    let endpoints = fields["endpoints"].map { self.endpoints($0) } ?? []
    let accepts = fields["accepts"].map { self.accepts($0) } ?? .preload
    let context = fields["context"].map { self.context($0) }
    guard let nameNode = fields["name"], let name else { return nil }
    let provider = Provider(
      name: name, guid: guid ?? GUID(urlName: "wfpshim:\(name)"), endpoints: endpoints, accepts: accepts,
      context: context)
    return (provider, nameNode, fields["guid"])
  }

  mutating func guid(_ node: Node, _ what: String) -> GUID? {
    let expected = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal, not all zero"
    guard let text = text(node, what, expected: expected) else { return nil }
    guard let guid = GUID(text), !guid.isNil else {
      report(node, "\(what) is '\(text)'", expected: expected)
      return nil
    }
    return guid
  }

  private mutating func accepts(_ node: Node) -> Accepts {
    var accepts: Accepts = []
    for item in oneOrMore(node, of: "accepts", expected: "producer") {
      if let value = choice(item, "accepts", Accepts.choices) { accepts.insert(value) }
    }
    return accepts
  }

  private mutating func endpoints(_ node: Node) -> [Endpoint] {
    var endpoints: [Endpoint] = []
    for item in oneOrMore(node, of: "endpoints", expected: "address:port") {
      guard let endpoint = endpoint(item) else { continue }
      if endpoints.contains(endpoint) {
        report(item, "the endpoint \(endpoint) appears twice", expected: "each endpoint once")
      } else {
        endpoints.append(endpoint)
      }
    }
    return endpoints
  }

  private mutating func endpoint(_ node: Node) -> Endpoint? {
    let expected = "address:port, an IPv6 address in brackets"
    guard let text = text(node, "an endpoint", expected: expected) else { return nil }
    guard let colon = text.lastIndex(of: ":") else {
      report(node, "the endpoint '\(text)' has no port", expected: expected)
      return nil
    }
    var host = text[..<colon]
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if bracketed { host = host.dropFirst().dropLast() }
    let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    let scope = parts.count == 2 ? parseNumber(String(parts[1])).flatMap { UInt32(exactly: $0) } : 0
    guard let bytes = Address.parse(String(parts[0])), (bytes.count == 16) == bracketed,
      let address = Address(bytes: bytes)
    else {
      report(node, "the endpoint '\(text)' has no address", expected: expected)
      return nil
    }
    guard let scope, bracketed || parts.count == 1 else {
      report(node, "the endpoint '\(text)' has a zone that is no number", expected: "an interface's number after '%'")
      return nil
    }
    guard let port = parseNumber(String(text[text.index(after: colon)...])).flatMap({ UInt16(exactly: $0) }), port > 0
    else {
      report(node, "the endpoint '\(text)' has no port", expected: "a port from 1 to 65535 behind the address")
      return nil
    }
    if bytes.allSatisfy({ $0 == 0 }) {
      report(node, "the endpoint '\(text)' is no address to connect to", expected: "the address of an interface")
      return nil
    }
    return Endpoint(address: address, port: port, scopeID: scope)
  }
}
