import CEngine
import Glibc
import Testing

@testable import RedirectCore

/// Times that several processes compare: time_namespaces(7), SPEC S10.5.
struct ClockTests {
  private func read(_ text: String) -> [UInt64] {
    var bytes = Array(text.utf8)
    return bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return [] }
      let (monotonic, boottime) = offsets(ByteReader(start, count: buffer.count))
      return [monotonic, boottime]
    }
  }

  private static func nanoseconds(_ seconds: Int64, _ rest: Int64 = 0) -> UInt64 {
    UInt64(bitPattern: seconds * 1_000_000_000 + rest)
  }

  @Test(
    "The offsets of a time namespace, by name or by number, also those that go back",
    arguments: [
      ("monotonic           0         0\nboottime      1000000         0\n", [0, nanoseconds(1_000_000)]),
      (
        "monotonic       -4000         5\nboottime        -300 999999999\n",
        [nanoseconds(-4000, 5), nanoseconds(-300, 999_999_999)]
      ),
      ("1 7 9\n7 8 1\n", [nanoseconds(7, 9), nanoseconds(8, 1)]),
    ]) func known(text: String, expected: [UInt64])
  {
    #expect(read(text) == expected)
  }

  @Test(
    "A text of another form counts as no offset, and is not read beyond its end",
    arguments: ["\n", "monotonic", "monotonic -", "\n\n\n", "monotonic boottime\n", String(repeating: "-", count: 300)])
  func unknown(text: String) {
    #expect(read(text) == [0, 0])
  }

  @Test("Numbers that do not fit wrap") func wraps() {
    #expect(read("monotonic 99999999999999999999999 0\nboottime 1 0\n").last == 1_000_000_000)
  }

  @Test("Steady time is CLOCK_MONOTONIC without this process' offset") func steady() {
    _ = identity()
    let process = wfp_process()
    let own = wfp_load(&process.pointee.clock_offset)
    defer { wfp_store(&process.pointee.clock_offset, own) }
    let (before, now, after) = (wfp_now(CLOCK_MONOTONIC), steadyTime() &+ own, wfp_now(CLOCK_MONOTONIC))
    #expect(before <= now && now <= after)
  }
}
