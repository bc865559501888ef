import CEngine
import Testing

@testable import RedirectCore

/// SPEC S4: what the records on a connection are to one redirect handle. S is a hop of the handle's own service, O and
/// P are others'; a small letter is a hop that was inherited (S4.4), which does not count.
struct RedirectStateTests {
  private func guid(_ letter: Character) -> [UInt8] {
    // Handles that differ in one bit of either half only.
    var bytes = [UInt8](repeating: 0x11, count: 16)
    if letter == "O" { bytes[0] ^= 1 }
    if letter == "P" { bytes[15] ^= 0x80 }
    return bytes
  }

  private func hop(_ letter: Character) -> wfp_hop {
    var hop = wfp_hop()
    let guid = guid(Character(letter.uppercased()))
    withUnsafeMutableBytes(of: &hop.provider) { $0.copyBytes(from: guid) }
    hop.flags = letter.isLowercase ? UInt32(WFP_HOP_INHERITED) : 0
    return hop
  }

  @Test(arguments: [
    ("", 0), ("S", 1), ("O", 2), ("P", 2), ("SO", 3), ("SP", 3), ("OS", 1), ("OP", 2), ("SOS", 1), ("SOP", 3),
    ("OSP", 3), ("SS", 1), ("s", 0), ("o", 0), ("sO", 2), ("So", 1), ("oS", 1), ("Os", 2), ("SOs", 3), ("sSoO", 3),
    ("OOOOOOOS", 1), ("SOOOOOOO", 3),
  ])
  func state(lineage: String, expected: UInt8) throws {
    let memory = MemoryEngine()
    let slot = lineage.isEmpty ? nil : memory.slot(hops: lineage.map(hop))
    let state = buffer(guid("S")) { redirectState(slot, provider: $0.baseAddress!) }
    #expect(state.rawValue == expected)
    #expect(state.letsGo == (expected == 1 || expected == 3))
  }

  @Test("The redirect itself is no record of the connection") func ownHop() {
    let memory = MemoryEngine()
    let slot = memory.slot(hops: [hop("O"), hop("S")], set: 1)
    #expect(buffer(guid("S")) { redirectState(slot, provider: $0.baseAddress!) } == .redirectedByOther)
    let fresh = memory.slot(hops: [hop("S")], set: 0)
    #expect(buffer(guid("S")) { redirectState(fresh, provider: $0.baseAddress!) } == .notRedirected)
  }

  @Test("The whole GUID counts", arguments: 0..<16) func everyByte(at: Int) {
    let memory = MemoryEngine()
    let slot = memory.slot(hops: [hop("S")])
    var other = guid("S")
    other[at] ^= 0x20
    #expect(buffer(other) { redirectState(slot, provider: $0.baseAddress!) } == .redirectedByOther)
  }
}
