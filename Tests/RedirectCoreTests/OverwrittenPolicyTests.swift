import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// DESIGN D3: a reload overwrites a policy under its readers. What they make of it is thrown away, but they must not be
/// led out of it: each count is the one that was checked, not one that was read again.
struct OverwrittenPolicyTests {
  private static let text = """
    version: 1
    providers:
      - { name: contoso, endpoints: ["127.0.0.1:1", "[::1]:1"], context: [ {text: "hello"}, {port: remote} ] }
    filters:
      - { name: a, action: redirect, provider: contoso, weight: 5, conditions: { ip_remote_port: 81 } }
      - { name: b, action: redirect, provider: contoso, weight: 4, conditions: { ip_remote_port: 80 } }
    """

  enum Table: CaseIterable { case filters, endpoints, fields }

  @Test("A count that grows while its table is read leads nobody behind the table", arguments: Table.allCases)
  func counts(table: Table) throws {
    let policy = try LastTable(of: try compiled([("contoso", Self.text)]), table)
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    let memory = MemoryEngine()
    let writer = Overwriter(policy.count)
    writer.start()
    var outcomes: Set<String> = []
    for round in 0..<100_000 {
      // Port 79: no filter matches, so that all are asked.
      let destination = Address("192.0.2.1", table == .filters && round % 8 != 0 ? 79 : 80)
      var request = ConnectRequest(descriptor: descriptor, engine: memory.engine, destination: destination)
      guard case .redirect(let redirect) = policy.image.classify(&request) else {
        outcomes.insert("pass")
        continue
      }
      var context = ContextWriter(nil, limit: .max)
      context.write(redirect.provider, of: policy.image, source(redirect))
      outcomes.insert("\(context.length) bytes")
    }
    writer.stop()
    #expect(outcomes.contains(table == .filters ? "pass" : "7 bytes"), "\(outcomes)")
    #expect(writer.rounds > 1000)
  }

  private func source(_ redirect: Redirect) -> ContextSource {
    ContextSource(
      destination: Address("192.0.2.1", 80), local: Address("0.0.0.0"), application: wfp_application(), path: ownPath(),
      protocolNumber: tcpLevel, flowId: (1, 2), filter: redirect.filter)
  }
}

/// A policy whose last bytes are the rows of one table; behind them lies memory that cannot be read.
private final class LastTable {
  let image: PolicyImage
  /// Where the table's count stands.
  let count: UnsafeMutablePointer<UInt32>
  private let memory: UnsafeMutableRawPointer
  private let length: Int
  private static let page = 4096

  init(of bytes: [UInt8], _ table: OverwrittenPolicyTests.Table) throws {
    let (holder, rowSize) = try LastTable.place(bytes, table)
    let old = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: holder, as: wfp_table.self) }
    let rows = Array(bytes[Int(old.offset)..<Int(old.offset) + Int(old.count) * rowSize])
    let start = (bytes.count + 7) / 8 * 8
    let size = start + rows.count
    length = (size + LastTable.page - 1) / LastTable.page * LastTable.page
    memory = mmap(nil, length + LastTable.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    mprotect(memory + length, LastTable.page, PROT_NONE)
    let base = memory + (length - size)
    bytes.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    rows.withUnsafeBytes { (base + start).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    let moved = (base + holder).assumingMemoryBound(to: wfp_table.self)
    moved.pointee.offset = UInt32(start)
    base.assumingMemoryBound(to: wfp_policy.self).pointee.size = UInt32(size)
    count = (base + holder + MemoryLayout<wfp_table>.offset(of: \wfp_table.count)!).assumingMemoryBound(to: UInt32.self)
    image = try #require(PolicyImage(base: base, capacity: size, generation: 1))
  }

  deinit { munmap(memory, length + LastTable.page) }

  /// Where in the image the table is described, and the size of its rows.
  private static func place(_ bytes: [UInt8], _ table: OverwrittenPolicyTests.Table) throws -> (Int, Int) {
    try bytes.withUnsafeBytes { bytes in
      let image = try #require(PolicyImage(base: bytes.baseAddress!, capacity: bytes.count, generation: 1))
      func offset<Row>(_ rows: wfp_table, _ path: PartialKeyPath<Row>) throws -> Int {
        image.offset(of: try #require(image.row(rows, 0, of: Row.self))) + MemoryLayout<Row>.offset(of: path)!
      }
      switch table {
      case .filters: return (try offset(image.head.sublayers, \wfp_sublayer.filters), MemoryLayout<wfp_filter>.size)
      case .endpoints:
        return (try offset(image.head.providers, \wfp_provider.endpoints), MemoryLayout<wfp_address>.size)
      case .fields: return (try offset(image.head.providers, \wfp_provider.fields), MemoryLayout<wfp_field>.size)
      }
    }
  }
}

/// Writes a huge number in place of a small one, and the small one again, until it is stopped.
private final class Overwriter: @unchecked Sendable {
  private let word: UnsafeMutablePointer<UInt32>
  private let isStopped = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
  private let ended = DispatchSemaphore(value: 0)
  private(set) var rounds = 0

  init(_ word: UnsafeMutablePointer<UInt32>) {
    self.word = word
    isStopped.initialize(to: 0)
  }

  deinit { isStopped.deallocate() }

  func start() {
    Thread.detachNewThread { [self] in
      let known = word.pointee
      while wfp_load(isStopped) == 0 {
        for value in [0x00ff_ffff, known] {
          wfp_store32(word, value)
          for _ in 0..<20 { _ = wfp_load32(word) }
        }
        rounds += 1
      }
      ended.signal()
    }
  }

  func stop() {
    wfp_store(isStopped, 1)
    ended.wait()
  }
}
