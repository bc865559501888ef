import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// WFPSHIM_FORCE_PENDING, which is read once in a process: Tests/Programs/pending_calls.c.
  @Suite struct ForcePendingTests {
    private func build(_ folder: TemporaryFolder) throws -> String {
      let program = folder.path + "/pending_calls"
      try ServiceFixture.compile(
        TestPaths.package + "/Tests/Programs/pending_calls.c", to: program, ServiceFixture.library)
      return program
    }

    @Test("S5.2: every overlapped call pends when it has to, and says the same in the end") func everyCall() throws {
      let folder = try TemporaryFolder()
      let program = try build(folder)
      let atOnce = try run(program, [], environment: ["WFPSHIM_FORCE_PENDING": "0"])
      #expect(atOnce.status == 0 && atOnce.output == "ok 0 of 10\n", "\(atOnce.output)")
      let pending = try run(program, [], environment: ["WFPSHIM_FORCE_PENDING": "1"])
      #expect(pending.status == 0 && pending.output == "ok 10 of 10\n", "\(pending.output)")
    }

    @Test(
      "S5.2, H44: the child of a fork hears WSAENETDOWN where it would wait for ever; at once works; the parent goes on"
    )
    func fork() throws {
      let folder = try TemporaryFolder()
      let finished = try run(try build(folder), ["fork"], environment: ["WFPSHIM_FORCE_PENDING": "0"])
      #expect(finished.status == 0 && finished.output == "ok\n", "\(finished.output)")
    }
  }
}
