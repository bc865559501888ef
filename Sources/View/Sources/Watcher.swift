import Foundation

/// Feeds the hub from what `wfpctl` prints, and starts it again when it ends.
struct Watcher: Sendable {
  let hub: Hub
  let control: ControlProgram
  let interval: Int

  func watchFlows() async {
    while !Task.isCancelled {
      await hub.forgetFlows()
      do {
        try await control.lines("flows", "--follow", "--json", "--interval", "\(interval)") { await hub.take($0) }
      } catch {
        await hub.setTrouble("\(control.path): \(error)")
      }
      // It ends when there is no engine; `watchStatus` says so.
      try? await Task.sleep(for: .seconds(1))
    }
  }

  func watchStatus() async {
    while !Task.isCancelled {
      do {
        let text = try await control.output("status", "--json")
        await hub.setStatus(text.replacing("\n", with: " "))
        await hub.setTrouble(nil)
      } catch {
        await hub.setStatus("null")
        await hub.setTrouble("\(error)".trimmingCharacters(in: .whitespacesAndNewlines))
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }

  /// The lines that are there and those that come.
  func watchLog(_ path: String) async {
    var offset: UInt64 = 0
    while !Task.isCancelled {
      if let file = FileHandle(forReadingAtPath: path) {
        let size = (try? file.seekToEnd()) ?? 0
        if size < offset { offset = 0 }
        if size > offset, (try? file.seek(toOffset: offset)) != nil, let data = try? file.readToEnd(),
          let end = data.lastIndex(of: UInt8(ascii: "\n"))
        {
          let complete = data[data.startIndex...end]
          offset += UInt64(complete.count)
          await hub.addDiagnostics(
            String(decoding: complete, as: UTF8.self).split(separator: "\n").suffix(100).map(String.init))
        }
        try? file.close()
      }
      try? await Task.sleep(for: .milliseconds(500))
    }
  }
}
