import CEngine
import Glibc
import Policy
import RedirectCore
import Testing

@testable import FilterEngine

/// S11.7 and the protocol of wfp_layout.h: load, replace, unload.
@Suite struct PolicyChangeTests {
  private func largePolicy(_ bytes: Int) -> String { otherPolicy + "#" + String(repeating: "x", count: bytes) }

  /// The image that the header says is in force, read past the handle.
  private func imageInFile(_ engine: borrowing FilterEngine) -> [UInt8] {
    let header = engine.mapped.header.pointee
    let buffer = header.policy_generation & 1 == 0 ? header.policy.0 : header.policy.1
    let fd = open(engine.path, O_RDONLY | O_CLOEXEC)
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: Int(buffer.size))
    _ = pread(fd, &bytes, bytes.count, off_t(buffer.offset))
    return bytes
  }

  @Test func loading() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    let header = engine.mapped.header.pointee
    #expect(header.policy_generation == 1 && header.policy_writing == 1 && header.next_filter_id == 3)
    #expect(header.policy.1.size > 0 && header.policy.0.size == 0)
    let sets = try engine.sets()
    #expect(sets.map(\.set.name) == ["web"] && sets[0].set.source == webPolicy && sets[0].firstFilterID == 1)
    #expect(imageInFile(engine) == Array(try #require(try engine.policyImage())))
    let known = engine.mapped
    #expect(try compilePolicy(sets) { known.intern($0) } == engine.policyImage())
  }

  /// D3: names that flows refer to are in the arena.
  @Test func namesAreInterned() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    let used = engine.mapped.flowHeader.pointee.strings_used
    #expect(used == 12 + 8 + 8)
    #expect(engine.mapped.text(engine.mapped.intern("contoso")) == "contoso")
    #expect(engine.mapped.flowHeader.pointee.strings_used == used)
  }

  /// Each change writes the buffer that is not in force.
  @Test func buffersAlternate() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "a", text: webPolicy, file: "a.yaml")
    let first = imageInFile(engine)
    try engine.loadSet(name: "b", text: otherPolicy, file: "b.yaml")
    #expect(engine.generation == 2)
    #expect(try engine.sets().map(\.set.name) == ["a", "b"])
    let header = engine.mapped.header.pointee
    #expect(Int(header.policy.1.size) == first.count)
    try engine.unloadSet("b")
    #expect(engine.generation == 3 && imageInFile(engine) == first)
    try engine.unloadSet("a")
    #expect(engine.generation == 4)
    #expect(try engine.sets() == [])
    #expect(try engine.policyImage()?.isEmpty == false)
  }

  /// S11.7: one set is replaced, others keep their filters' numbers.
  @Test func replacingOneSet() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "b", text: webPolicy, file: "b.yaml")
    try engine.loadSet(name: "a", text: otherPolicy, file: "a.yaml")
    let before = try engine.sets()
    #expect(before.map(\.firstFilterID) == [3, 1])
    // The same text: the same filters.
    try engine.loadSet(name: "b", text: webPolicy, file: "b.yaml")
    #expect(try engine.sets().map(\.firstFilterID) == [3, 1])
    // Another text: other filters, with numbers that nobody had.
    try engine.loadSet(name: "b", text: webPolicy + "\n", file: "b.yaml")
    let after = try engine.sets()
    #expect(after.map(\.firstFilterID) == [3, 4] && after[0] == before[0])
    #expect(engine.mapped.header.pointee.next_filter_id == 6)
  }

  /// S11.7: two vendors load in any order; only the numbers of filters tell.
  @Test func orderOfLoading() throws {
    let one = try PrivateDirectory()
    let two = try PrivateDirectory()
    let forth = try FilterEngine(path: one.engine)
    let back = try FilterEngine(path: two.engine)
    try forth.loadSet(name: "a", text: webPolicy, file: "a.yaml")
    try forth.loadSet(name: "b", text: otherPolicy, file: "b.yaml")
    try back.loadSet(name: "b", text: otherPolicy, file: "b.yaml")
    try back.loadSet(name: "a", text: webPolicy, file: "a.yaml")
    #expect(try forth.sets().map(\.set) == back.sets().map(\.set))
    let order = arbitrationOrder(try forth.sets()).map(\.filter.name)
    #expect(order == arbitrationOrder(try back.sets()).map(\.filter.name))
  }

  /// What fails changes nothing.
  @Test func failuresChangeNothing() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    let before = imageInFile(engine)
    let bad = engineError { try engine.loadSet(name: "web", text: "version: 2\n", file: "bad.yaml") }
    #expect(bad?.description == "bad.yaml:1:10: version 2 is out of range; expected a number from 1 to 1")
    let unknown = engineError { try engine.unloadSet("other") }
    #expect(unknown?.code == .unknownSet && unknown?.expected == "web")
    let name = engineError { try engine.loadSet(name: "a/b", text: otherPolicy, file: "b.yaml") }
    #expect(name?.code == .refused)
    #expect(engine.generation == 1 && imageInFile(engine) == before)
  }

  /// A larger policy gets a buffer behind every segment that there can be.
  @Test func largePolicies() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let region = engine.mapped.header.pointee.flow_region_offset
    let behind = region + flowRegionLength(segments: WFP_DEFAULT_SEGMENT_LIMIT)
    try engine.loadSet(name: "large", text: largePolicy(300_000), file: "large.yaml")
    var header = engine.mapped.header.pointee
    #expect(header.policy.1.offset == behind && header.policy.1.capacity == 524_288)
    #expect(header.policy.0.offset == 4096 && header.policy.0.capacity == 262_144)
    #expect(behind % UInt64(WFP_PAGE) == 0)
    #expect(try engine.sets()[0].set.source.utf8.count == largePolicy(300_000).utf8.count)

    try engine.loadSet(name: "larger", text: largePolicy(900_000), file: "larger.yaml")
    header = engine.mapped.header.pointee
    #expect(header.policy.0.offset == behind + 524_288 && header.policy.0.capacity == 2_097_152)
    #expect(try engine.sets().map(\.set.name) == ["large", "larger"])

    // The other buffer grows too, in its turn, and a small policy uses what is there.
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    header = engine.mapped.header.pointee
    #expect(header.policy.1.offset == behind + 524_288 + 2_097_152)
    let size = status(directory.engine).st_size
    try engine.unloadSet("larger")
    try engine.unloadSet("large")
    #expect(status(directory.engine).st_size == size)
    #expect(UInt64(size) <= behind + UInt64(WFP_POLICY_REACH))
    // What lies between is a hole: the file takes the room of what was allocated.
    #expect(Int(status(directory.engine).st_blocks) * 512 < 16 << 20)
    // A handle that is opened now reads it as well.
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["web"])
  }

  /// Growing to the limit in any order stays within WFP_POLICY_REACH.
  @Test func growingToTheLimit() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    for number in 0..<8 {
      // Twice, so that both buffers grow at every step.
      for _ in 0..<2 { try engine.loadSet(name: "s\(number)", text: largePolicy(1_000_000), file: "s.yaml") }
    }
    let full = engine.generation
    let error = engineError { try engine.loadSet(name: "s8", text: largePolicy(1_000_000), file: "s.yaml") }
    #expect(error?.code == .noSpace && engine.generation == full)
    #expect(try engine.sets().count == 8)
  }

  /// Managers at once: every change is there in the end.
  @Test func managersAtOnce() throws {
    let directory = try PrivateDirectory()
    let path = directory.engine
    atOnce(4) { number in
      for _ in 0..<100 {
        let error = engineError {
          try FilterEngine(path: path).loadSet(name: "s\(number)", text: otherPolicy, file: "s.yaml")
        }
        #expect(error == nil)
      }
    }
    let engine = try FilterEngine(path: path)
    #expect(try engine.sets().map(\.set.name) == (0..<4).map { "s\($0)" })
    #expect(engine.generation == 400 && engine.mapped.header.pointee.next_filter_id == 5)
    #expect(Set(try engine.sets().map(\.firstFilterID)) == Set(1...4))
  }

  /// S10.5: a writer that was killed leaves the old policy in force, and the next one goes on.
  @Test func killedWriter() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    // As far as a writer gets without the last store.
    engine.mapped.header.pointee.policy_writing = 2
    patch(directory.engine, at: 4096, .init(repeating: 0xff, count: 1000))
    #expect(try engine.sets().map(\.set.name) == ["web"])
    try engine.loadSet(name: "other", text: otherPolicy, file: "other.yaml")
    #expect(engine.generation == 2)
    #expect(try engine.sets().map(\.set.name) == ["other", "web"])
  }

  @Test func damagedPolicy() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    patch(directory.engine, at: 4096 + 262_144, [0])
    #expect(engineError { _ = try engine.sets() }?.code == .damaged)
    #expect(engineError { try engine.loadSet(name: "b", text: otherPolicy, file: "b.yaml") }?.code == .damaged)
  }

  /// S11.3 `ale_user_id`: names of this machine.
  @Test func users() {
    #expect(userID(named: "root") == 0)
    #expect(userID(named: "no-such-user-here") == nil)
    #expect(userID(named: String(repeating: "x", count: 5000)) == nil)
  }
}
