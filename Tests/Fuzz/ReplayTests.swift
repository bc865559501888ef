import Foundation
import Testing

/// SPEC S10.1: what `make fuzz` found or began with, once more. A fault ends the test's process, and the line before says
/// with which file.
@Suite(.serialized) struct ReplayTests {
  static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

  @Test(arguments: FuzzTarget.all) func corpus(target: FuzzTarget) async throws {
    let folder = Self.corpus.appending(path: target.name)
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(files.count >= 3, "each target has seeds")
    _ = await #expect(processExitsWith: .success) {
      [name = target.name as String, paths = files.map(\.path) as [String]] in
      let target = FuzzTarget.all.first { $0.name == name }!
      target.run(Input([]))
      for path in paths.sorted() {
        FileHandle.standardError.write(Data("\(path)\n".utf8))
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        target.run(Input(bytes))
        target.run(Input(Array(bytes.prefix(bytes.count / 2))))
      }
    }
  }
}
