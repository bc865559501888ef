import Yams

extension PolicySet {
  /// Reads and checks a policy file.
  /// - Parameters:
  ///   - file: Names the file in errors.
  ///   - name: Of the set; filters other than redirects are in the sublayer of this name unless they say another.
  ///   - userID: Resolves user names; `nil` for one that does not exist.
  package init(
    text: String, file: String, name: String, userID: @escaping (String) -> UInt32?
  ) throws(PolicyErrors) {
    let root = try Document.compose(text, file: file)
    var reader = PolicyReader(userID: userID)
    let set = reader.set(root, name: name, source: text)
    guard reader.problems.isEmpty else { throw PolicyErrors(file: file, problems: reader.problems) }
    self = set
  }
}

extension PolicyReader {
  fileprivate mutating func set(_ root: Node, name: String, source: String) -> PolicySet {
    var set = PolicySet(name: name, source: source)
    let keys = ["version", "providers", "filters", "sublayers", "options"]
    guard let fields = fields(root, of: "the policy", keys: keys, required: ["version"]) else { return set }
    if let version = fields["version"] { _ = number(version, "version", in: 1...1) }
    if let options = fields["options"] { set.options = self.options(options) }
    if let sublayers = fields["sublayers"] { set.sublayers = self.sublayers(sublayers) }
    var declared = Declarations(setName: name)
    if let providers = fields["providers"] {
      set.providers = self.providers(providers, &declared)
    }
    declared.sublayers = Set(set.sublayers.map(\.name))
    if let filters = fields["filters"] { set.filters = self.filters(filters, declared) }
    for filter in set.filters where !set.sublayers.contains(where: { $0.name == filter.sublayer }) {
      set.sublayers.append(Sublayer(name: filter.sublayer))
    }
    return set
  }

  /// Names that filters may refer to.
  struct Declarations {
    let setName: String
    /// Every provider that is named, also one with mistakes in it: they are not reported again at each reference.
    var providers: [String: Int] = [:]
    var sublayers: Set<String> = []
  }

  private mutating func options(_ node: Node) -> Options {
    var options = Options()
    let keys = ["hopLimit", "peerName", "redirectedByOther", "setRequiresPrivilege"]
    guard let fields = fields(node, of: "options", keys: keys) else { return options }
    if let limit = fields["hopLimit"], let value = number(limit, "hopLimit", in: 1...64) {
      options.hopLimit = UInt32(value)
    }
    if let node = fields["peerName"],
      let value = choice(node, "peerName", [("transparent", false), ("faithful", true)])
    {
      options.peerNameFaithful = value
    }
    if let node = fields["redirectedByOther"],
      let value = choice(node, "redirectedByOther", [("redirect", false), ("permit", true)])
    {
      options.redirectedByOtherPermits = value
    }
    if let node = fields["setRequiresPrivilege"], let value = flag(node, "setRequiresPrivilege") {
      options.setRequiresPrivilege = value
    }
    return options
  }

  private mutating func sublayers(_ node: Node) -> [Sublayer] {
    var sublayers: [Sublayer] = []
    for item in items(node, of: "sublayers", expected: "sublayers") {
      guard let fields = fields(item, of: "a sublayer", keys: ["name", "weight"], required: ["name"]) else { continue }
      let weight = fields["weight"].flatMap { number($0, "the weight of a sublayer", in: 0...65535) }
      guard let nameNode = fields["name"], let name = name(nameNode, "the name of a sublayer") else { continue }
      if sublayers.contains(where: { $0.name == name }) {
        report(nameNode, "a second sublayer is named '\(name)'", expected: "a name of its own")
        continue
      }
      sublayers.append(Sublayer(name: name, weight: weight.map { UInt32($0) } ?? Sublayer.defaultWeight))
    }
    return sublayers
  }
}
