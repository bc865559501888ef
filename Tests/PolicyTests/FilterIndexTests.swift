import CEngine
import Policy
import Testing

@testable import RedirectCore

/// A sublayer of many filters answers as one that asks them all would, and does not ask them all (SPEC S4.2, S11.3).
@Suite struct FilterIndexTests {
  private struct Sublayer {
    let policy: MappedPolicy
    let row: UnsafePointer<wfp_sublayer>
    let filters: PolicyTable<wfp_filter>
    var count: UInt32 { row.pointee.filters.count }

    init(_ filters: [String]) throws {
      let text = "version: 1\nfilters:\n" + filters.map { "  - \($0)\n" }.joined()
      let set = try PolicySet(text: text, file: "test.yaml", name: "test") { _ in nil }
      policy = try MappedPolicy(Image(set).bytes)
      row = try #require(policy.image.row(policy.image.head.sublayers, 0, of: wfp_sublayer.self))
      self.filters = try #require(policy.image.rows(row.pointee.filters, of: wfp_filter.self))
    }

    private func request(_ destination: RedirectCore.Address) -> ConnectRequest {
      ConnectRequest(descriptor: -1, engine: policy.engine, destination: destination)
    }

    /// All filters that match, by the index.
    func found(_ destination: RedirectCore.Address) -> [UInt32] {
      var request = request(destination)
      var places: [UInt32] = []
      var next: UInt32 = 0
      while let place = policy.image.firstMatch(row, filters, from: next, &request) {
        places.append(place)
        next = place + 1
      }
      return places
    }

    /// The same by asking each.
    func asked(_ destination: RedirectCore.Address) -> [UInt32] {
      var request = request(destination)
      return (0..<count).filter { policy.image.matches(filters[$0], &request) }
    }
  }

  private typealias Random = FuzzTests.Random

  private static func address(_ random: inout Random) -> String {
    let (a, b, c) = (
      Int.random(in: 0...3, using: &random), UInt8.random(in: 0...3, using: &random), Bool.random(using: &random)
    )
    switch a {
    case 0: return "10.0.\(b).\(UInt8.random(in: 0...255, using: &random))"
    case 1: return "fd00::\(b):\(Int.random(in: 0...20, using: &random))"
    case 2: return c ? "255.255.255.255" : "0.0.0.0"
    default: return c ? "::ffff:10.0.0.\(b)" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    }
  }

  private static func range(_ random: inout Random) -> String {
    switch Int.random(in: 0...6, using: &random) {
    case 0: return "10.0.\(Int.random(in: 0...3, using: &random)).0/24"
    case 1: return "10.0.0.0/\(Int.random(in: 15...22, using: &random))"
    case 2: return Bool.random(using: &random) ? "0.0.0.0/0" : "::/0"
    case 3: return "fd00::\(Int.random(in: 0...3, using: &random)):0/112"
    case 4:
      let low = Int.random(in: 0...200, using: &random)
      return "10.0.1.\(low)-10.0.2.\(Int.random(in: 0...255, using: &random))"
    case 5: return "fd00::1:3-fd00::2:5"
    default: return address(&random)
    }
  }

  private static func port(_ random: inout Random) -> String {
    let low = Int.random(in: 1...60, using: &random)
    switch Int.random(in: 0...4, using: &random) {
    case 0: return "\(low)-\(low + Int.random(in: 0...40, using: &random))"
    case 1: return "\(low)-65535"
    default: return "\(low)"
    }
  }

  private static func list(_ random: inout Random, _ value: (inout Random) -> String) -> String {
    let values = (0..<Int.random(in: 1...3, using: &random)).map { _ in "'\(value(&random))'" }
    return "[\(values.joined(separator: ", "))]"
  }

  private static func filter(_ number: Int, _ random: inout Random) -> String {
    var conditions: [String] = []
    if Int.random(in: 0...2, using: &random) > 0 { conditions.append("ip_remote_port: " + list(&random, port)) }
    if Int.random(in: 0...2, using: &random) > 0 { conditions.append("ip_remote_address: " + list(&random, range)) }
    if Int.random(in: 0...9, using: &random) == 0 { conditions.append("loopback: false") }
    let weight = Int.random(in: 0...9, using: &random)
    let text = conditions.isEmpty ? "" : ", conditions: {\(conditions.joined(separator: ", "))}"
    return "{name: f\(number), action: block, weight: \(weight)\(text)}"
  }

  @Test("S11.3: as if each were asked, in the same order", arguments: [1, 15, 16, 17, 40, 300])
  func sameAnswers(count: Int) throws {
    var random = Random(state: UInt64(count))
    for _ in 0..<(count < 50 ? 20 : 3) {
      let sublayer = try Sublayer((0..<count).map { Self.filter($0, &random) })
      #expect(sublayer.row.pointee.is_indexed == (count < 16 ? 0 : 1))
      for _ in 0..<200 {
        let (host, port) = (Self.address(&random), UInt16.random(in: 0...110, using: &random))
        let destination = socketAddress(host, port)
        #expect(sublayer.found(destination) == sublayer.asked(destination), "\(host) \(port)")
      }
      for (host, port) in [("0.0.0.0", UInt16(0)), ("255.255.255.255", 65535), ("::", 65535), ("::1", 0)] {
        let destination = socketAddress(host, port)
        #expect(sublayer.found(destination) == sublayer.asked(destination), "\(host) \(port)")
      }
    }
  }

  /// DESIGN P2: the filters that cannot match are made such that they would, were they asked.
  @Test("P2: of ten thousand filters only those of the destination are asked", arguments: ["port", "address", "both"])
  func fewAreAsked(kind: String) throws {
    let sublayer = try Sublayer(
      (0..<10_000).map { number in
        let port = "ip_remote_port: \(kind == "address" ? 443 : number + 1)"
        let address =
          kind == "port" ? "10.0.0.0/8" : "10.\(number / 2500).\(number / 250 % 10).\(number % 250)"
        return "{name: f\(number), action: block, conditions: {\(port), ip_remote_address: \(address)}}"
      })
    for number in [0, 1, 4_999, 9_998, 9_999] {
      let host = "10.\(number / 2500).\(number / 250 % 10).\(number % 250)"
      let destination = socketAddress(host, UInt16(kind == "address" ? 443 : number + 1))
      #expect(sublayer.found(destination) == [UInt32(number)])
      let rows = UnsafeMutablePointer(mutating: sublayer.filters[0])
      let kept = (0..<10_000).map { rows[$0].conditions }
      for other in 0..<10_000 where other != number { rows[other].conditions = wfp_table() }
      #expect(sublayer.found(destination) == [UInt32(number)])
      #expect(sublayer.asked(destination).count == 10_000)
      for other in 0..<10_000 { rows[other].conditions = kept[other] }
    }
  }

  /// A scribbled index gives wrong filters, never a wild access: each word of it in turn, and then all at random.
  @Test("S10.3: a damaged index") func damaged() throws {
    var random = Random(state: 7)
    let sublayer = try Sublayer((0..<60).map { Self.filter($0, &random) })
    let memory = sublayer.policy.memory
    let size = Int(sublayer.policy.image.head.size)
    let index = UnsafeRawPointer(sublayer.row) - UnsafeRawPointer(memory) + 40
    let nodes = sublayer.row.pointee.ports.nodes
    let places = (Int(nodes.offset)..<Int(nodes.offset) + Int(nodes.count) * 8)
    let words =
      Array(stride(from: index, to: index + 48, by: 4))
      + Array(stride(from: places.lowerBound, to: places.upperBound, by: 4))
    for word in words {
      let at = memory + word
      let kept = at.load(as: UInt32.self)
      for value in [0, 1, 7, UInt32(size), UInt32(size) - 8, .max, .random(in: 0 ... .max, using: &random)] {
        at.storeBytes(of: value, as: UInt32.self)
        #expect(sublayer.found(socketAddress("10.0.1.5", 20)).allSatisfy { $0 < sublayer.count })
        #expect(sublayer.found(socketAddress("fd00::1:5", 65535)).allSatisfy { $0 < sublayer.count })
      }
      at.storeBytes(of: kept, as: UInt32.self)
    }
  }
}
