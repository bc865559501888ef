import CEngine
import Policy
import RedirectCore
import Testing

/// The image of wfp_policy.h as a whole.
@Suite struct ImageTests {
  static let vendorA = """
    version: 1
    options: {hopLimit: 8, peerName: faithful, redirectedByOther: permit, setRequiresPrivilege: true}
    sublayers: [{name: early, weight: 40000}]
    providers:
      - {name: one, endpoints: ["127.0.0.1:1", "[fe80::1%7]:2"], accepts: [tproxy, proxy-v2], context: [{pid: {}}]}
      - {name: two, endpoints: ["127.0.0.1:3"]}
    filters:
      - {name: low, action: redirect, provider: two, weight: 1}
      - {name: tie-first, action: redirect, provider: two, weight: 5, permitIfCalloutUnregistered: true}
      - {name: tie-second, action: redirect, provider: two, weight: 5}
      - {name: allow, action: permit, sublayer: early, conditions: {loopback: true, ale_app_id: ["/bin/*"]}}
      - {name: deny, action: block}
      - {name: other, action: redirect, provider: one, conditions: {ip_remote_address: ["10.0.0.0/8", "::1"]}}
    """
  static let vendorB = """
    version: 1
    providers: [{name: one, endpoints: ["127.0.0.1:9"], context: [{text: "b"}, {app_path: {}}]}]
    filters: [{name: all, action: redirect, provider: one, weight: 18446744073709551615}]
    """

  @Test func everyTable() throws {
    let image = try Image(try read(Self.vendorA, name: "a"), firstFilterID: 100)
    #expect(image.header.magic == WFP_POLICY_MAGIC && image.header.version == WFP_POLICY_VERSION)
    #expect(Int(image.header.size) == image.bytes.count && image.bytes.count % 8 == 0)
    let set = image.sets[0]
    #expect(image.text(set.name) == "a" && image.text(set.source) == Self.vendorA)
    #expect(set.hop_limit == 8 && set.flags == 7 && set.loaded == 5 && set.first_filter_id == 100)

    let provider = image.providers[0]
    #expect(image.text(provider.name) == "one" && provider.interned_name == 1003 && provider.set == 0)
    #expect(provider.accepts == UInt32(WFP_ACCEPTS_TPROXY | WFP_ACCEPTS_PROXY_V2) && provider.has_context == 1)
    let guid = withUnsafeBytes(of: provider.guid) { Array($0) }
    #expect(guid == GUID(urlName: "wfpshim:one").bytes)
    let endpoints = image.slice(Int(provider.endpoints.offset), 56)
    #expect(
      Array(endpoints[..<28]) == [2, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 0] + [127, 0, 0, 1]
        + .init(repeating: 0, count: 12))
    #expect(
      Array(endpoints[28...])
        == [10, 0, 0, 2, 0, 0, 0, 0, 7, 0, 0, 0, 0xfe, 0x80] + .init(repeating: 0, count: 13) + [1])
  }

  /// S4.2: inside a sublayer by weight, file order on ties; each provider has one of its own.
  @Test func sublayersAndOrder() throws {
    let image = try Image(try read(Self.vendorA, name: "a"), firstFilterID: 100)
    let names = image.sublayers.map { image.text($0.name) }
    #expect(names == ["early", "two", "a", "one"])
    #expect(image.sublayers.map(\.weight) == [40000, 32768, 32768, 32768])
    let members = image.sublayers.map { sublayer in
      let rows: [wfp_filter] = image.rows(sublayer.filters)
      return rows.map { image.text($0.name) }
    }
    #expect(members == [["allow"], ["tie-first", "tie-second", "low"], ["deny"], ["other"]])
    #expect(image.filters.map(\.id).sorted() == Array(100...105))
    // Numbers follow the file, not the order of arbitration.
    let byName = Dictionary(uniqueKeysWithValues: image.filters.map { (image.text($0.name), $0) })
    #expect(byName["low"]?.id == 100 && byName["other"]?.id == 105)
    #expect(byName["low"]?.provider == 1 && byName["other"]?.provider == 0)
    #expect(byName["tie-first"]?.flags == UInt32(WFP_FILTER_PERMIT_IF_UNREGISTERED) && byName["low"]?.flags == 0)
    #expect(byName["allow"]?.action == UInt32(WFP_ACTION_PERMIT) && byName["deny"]?.action == UInt32(WFP_ACTION_BLOCK))
  }

  /// S11.5 `filter_hash`: FNV-1a, 64 bits. The value is the published one for "foobar".
  @Test func filterHash() throws {
    let image = try Image(try read("version: 1\nfilters: [{name: foobar, action: block}]\n"))
    #expect(image.filters[0].name_hash == 0x8594_4171_f739_67e8)
    #expect(image.filters[0].interned_name == 1006)
  }

  /// S11.7: the order of loading changes nothing; sets stand by name, and a set's names are its own.
  @Test func twoSetsInAnyOrder() throws {
    let a = LoadedSet(try read(Self.vendorA, name: "a"), loaded: 1, firstFilterID: 1)
    let b = LoadedSet(try read(Self.vendorB, name: "b"), loaded: 2, firstFilterID: 7)
    let forth = try compilePolicy([a, b]) { _ in 1 }
    let back = try compilePolicy([b, a]) { _ in 1 }
    #expect(forth == back)
    let image = try Image(a.set, b.set)
    #expect(image.sets.map { image.text($0.name) } == ["a", "b"])
    #expect(image.providers.map(\.set) == [0, 0, 1])
    let all = try #require(image.filters.first { image.text($0.name) == "all" })
    #expect(all.provider == 2 && all.id == 7)
  }

  @Test func tablesAreAligned() throws {
    let image = try Image(try read(Self.vendorA, name: "a"), try read(Self.vendorB, name: "b"))
    var tables = [image.header.sets, image.header.providers, image.header.sublayers, image.header.filters]
    tables += image.providers.flatMap { [$0.endpoints, $0.fields] } + image.sublayers.map(\.filters)
    tables += image.filters.map(\.conditions)
    for filter in image.filters {
      let conditions: [wfp_condition] = image.rows(filter.conditions)
      tables += conditions.map(\.values)
    }
    #expect(tables.allSatisfy { $0.offset % 8 == 0 })
  }

  /// What wfpctl compiles again after a change is what it compiled before.
  @Test func roundTrip() throws {
    let sets = [
      LoadedSet(try read(Self.vendorA, name: "a"), loaded: 1, firstFilterID: 40),
      LoadedSet(try read(Self.vendorB, name: "b"), loaded: 2, firstFilterID: 7),
    ]
    #expect(try loadedSets(in: try compilePolicy(sets) { _ in 0 }) == sets)
    #expect(try loadedSets(in: try compilePolicy([]) { _ in 0 }) == [])
  }

  /// Every condition and field survives the way through the image.
  @Test(
    arguments: FieldImageTests.addresses + FieldImageTests.numbers + FieldImageTests.paths + FieldImageTests.literals)
  func roundTripOfFields(_ field: CompiledField) throws {
    let set = try read(policy(context: field.text))
    let loaded = LoadedSet(set, loaded: 0, firstFilterID: 1)
    #expect(try loadedSets(in: try compilePolicy([loaded]) { _ in 0 }) == [loaded])
  }

  /// A damaged image is refused, wherever it is cut and whichever word is wrong: never a trap.
  @Test func damagedImages() throws {
    let image = try Image(try read(Self.vendorA, name: "a"), try read(Self.vendorB, name: "b")).bytes
    for length in stride(from: 0, to: image.count, by: 7) {
      #expect(throws: ImageDamaged.self) { try loadedSets(in: ContiguousArray(image[..<length])) }
    }
    // With a size that fits, so that the tables are what is found to be cut.
    for length in stride(from: 48, to: image.count, by: 1) {
      var cut = ContiguousArray(image[..<length])
      cut.replaceSubrange(8..<12, with: little(UInt64(length), 4))
      _ = try? loadedSets(in: cut)
    }
    for at in stride(from: 0, to: image.count - 3, by: 4) {
      var damaged = image
      damaged.replaceSubrange(at..<at + 4, with: [0xf0, 0xff, 0xff, 0xff])
      _ = try? loadedSets(in: damaged)
    }
  }

  @Test func imagesThatAreTooLarge() throws {
    let set = try read("version: 1\n#" + String(repeating: "x", count: 1_000_000))
    let many = (0..<9).map { number in
      var set = set
      set.name = "s\(number)"
      return LoadedSet(set, loaded: 0, firstFilterID: 1)
    }
    #expect(throws: ImageTooLarge.self) { try compilePolicy(many) { _ in 0 } }
    #expect(throws: Never.self) { try compilePolicy(Array(many[..<8])) { _ in 0 } }
  }

  /// S4.2: what `policy show` calls the order.
  @Test func orderOfArbitration() throws {
    let a = LoadedSet(try read(Self.vendorA, name: "a"), loaded: 1, firstFilterID: 1)
    let b = LoadedSet(try read(Self.vendorB, name: "b"), loaded: 2, firstFilterID: 7)
    let names = arbitrationOrder([b, a]).map { "\($0.set.set.name)/\($0.sublayer.name)/\($0.filter.name)" }
    #expect(
      names == [
        "a/early/allow", "b/one/all", "a/two/tie-first", "a/two/tie-second", "a/two/low", "a/a/deny", "a/one/other",
      ])
  }
}
