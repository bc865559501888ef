import CEngine
import Glibc
import Policy
import RedirectCore
import Synchronization
import Testing

@testable import FilterEngine

/// D3, S10.5: the engine file as it is made.
@Suite struct CreationTests {
  @Test func aNewEngine() throws {
    let directory = try PrivateDirectory()
    let before = wfp_now(CLOCK_REALTIME)
    let engine = try FilterEngine(path: directory.engine)
    let header = engine.mapped.header.pointee
    #expect(header.magic == UInt64(WFP_ENGINE_MAGIC) && header.version == WFP_ENGINE_VERSION)
    #expect(header.header_size == UInt32(MemoryLayout<wfp_engine>.size) && header.uid == geteuid())
    #expect(header.superseded == 0 && header.policy_generation == 0 && header.policy_writing == 0)
    #expect(header.key.0 != 0 && header.key.1 != 0 && header.key.0 != header.key.1)
    #expect(header.policy.0.offset == 4096 && header.policy.1.offset == 4096 + 262144)
    #expect(header.policy.0.capacity == 262144 && header.policy.1.capacity == 262144)
    #expect(header.policy.0.size == 0 && header.policy.1.size == 0)
    #expect(header.flow_region_offset == 4096 + 2 * 262144 && header.next_filter_id == 1)
    #expect(header.created >= before && header.created <= wfp_now(CLOCK_REALTIME))
    #expect(header.segment_limit == UInt64(WFP_DEFAULT_SEGMENT_LIMIT))

    let flows = engine.mapped.flowHeader.pointee
    #expect(flows.segment_count == 1 && flows.strings_used == 0 && flows.published == 0)

    #expect(engine.generation == 0)
    #expect(try engine.sets() == [])
    #expect(try engine.policyImage() == nil)
    #expect(engine.flows().isEmpty)
  }

  /// S10.4: mode 0600, one name, nothing else left behind. S10.5: allocated in full.
  @Test func theFile() throws {
    let directory = try PrivateDirectory()
    _ = try FilterEngine(path: directory.engine)
    let status = status(directory.engine)
    #expect(status.st_mode == S_IFREG | 0o600 && status.st_nlink == 1 && status.st_uid == geteuid())
    #expect(UInt64(status.st_size) == EngineLayout.initialSize)
    #expect(Int(status.st_blocks) * 512 >= Int(status.st_size))
    #expect(directory.entries == ["engine"])
  }

  /// S10.4: the directory is made for this user alone.
  @Test func theDirectory() throws {
    let directory = try PrivateDirectory()
    let path = directory.path + "/made"
    _ = try FilterEngine(path: path + "/engine")
    #expect(status(path).st_mode == S_IFDIR | 0o700)
    unlink(path + "/engine")
  }

  /// The second one finds what the first one made.
  @Test func openingAgain() throws {
    let directory = try PrivateDirectory()
    let first = try FilterEngine(path: directory.engine)
    try first.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    let second = try FilterEngine(path: directory.engine)
    #expect(second.mapped.header.pointee.key.0 == first.mapped.header.pointee.key.0)
    #expect(try second.sets() == (try first.sets()))
  }

  @Test func keysDiffer() throws {
    let one = try PrivateDirectory()
    let two = try PrivateDirectory()
    let first = try FilterEngine(path: one.engine)
    let second = try FilterEngine(path: two.engine)
    #expect(first.mapped.header.pointee.key.0 != second.mapped.header.pointee.key.0)
  }

  /// Creators at once agree on one file, whoever wins.
  @Test func creatorsAtOnce() throws {
    for _ in 0..<100 {
      let directory = try PrivateDirectory()
      let path = directory.engine
      let keys = Keys()
      atOnce(4) { _ in
        let key = try? key(of: path)
        keys.known.withLock { $0.append(key) }
      }
      keys.known.withLock { #expect($0.count == 4 && Set($0).count == 1 && $0[0] != nil) }
      #expect(directory.entries == ["engine"])
    }
  }

  /// S10.5: what a killed creator left does not stop the next one.
  @Test func leftoversOfAKilledCreator() throws {
    let directory = try PrivateDirectory()
    _ = try directory.file(".engine.new", "half an engine")
    _ = try FilterEngine(path: directory.engine)
    #expect(directory.entries == ["engine"])
  }

  /// H47: no room: a typed error, and nothing is left behind.
  @Test(.enabled("needs a file system of its own: mount(2) as root") { SmallFileSystem.isPossible })
  func noSpace() throws {
    let directory = try PrivateDirectory()
    let small = try SmallFileSystem(at: directory.path + "/small")
    let error = engineError { _ = try FilterEngine(path: small.path + "/engine") }
    #expect(error?.code == .noSpace)
    #expect(error?.description.contains("4136960 bytes of free space") == true)
    #expect(contents(small.path + "/engine").isEmpty && access(small.path + "/.engine.new", F_OK) != 0)
  }

  /// A table of up to a million flows is for those who ask for it: participants keep address space for so many.
  @Test(arguments: [1, 6, 8]) func growsTo(limit: UInt32) throws {
    let flows = try #require([1: 4096, 6: 258_048, 8: 1_044_480][limit])
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine, segmentLimit: limit)
    let status = try engine.status()
    #expect(status.limit == flows && status.capacity == 4096)
    #expect(engine.mapped.flowLength == Int(flowRegionLength(segments: limit)))
    // A larger policy lies behind all that there can be.
    try engine.loadSet(
      name: "large", text: otherPolicy + "#" + String(repeating: "x", count: 300_000), file: "large.yaml")
    let region = engine.mapped.header.pointee.flow_region_offset
    #expect(engine.mapped.header.pointee.policy.1.offset == region + flowRegionLength(segments: limit))
    // Who opens it without saying has what it was made with.
    let again = try FilterEngine(path: directory.engine)
    #expect(try again.status().limit == flows)
    #expect(try again.sets().map(\.set.name) == ["large"])
  }
}

/// A tmpfs of one MiB.
struct SmallFileSystem: ~Copyable {
  let path: String

  static let isPossible: Bool = {
    guard let directory = try? PrivateDirectory() else { return false }
    return (try? SmallFileSystem(at: directory.path + "/probe")) != nil
  }()

  init(at path: String) throws {
    mkdir(path, 0o700)
    guard mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700") == 0 else {
      rmdir(path)
      throw TestFailure("mount: \(errno)")
    }
    self.path = path
  }

  deinit {
    umount(path)
    rmdir(path)
  }
}

/// The key of the engine at a path, which is made when there is none.
private func key(of path: String) throws -> UInt64 {
  let engine = try FilterEngine(path: path)
  return engine.mapped.header.pointee.key.0
}

private final class Keys: Sendable {
  let known = Mutex<[UInt64?]>([])
}
