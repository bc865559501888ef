import ArgumentParser
import Foundation
import Hummingbird
import Logging

@main struct ViewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wfpctl-view",
    abstract: "Shows the redirected connections on a page of this machine's own, as they come and go.",
    discussion:
      "It prints the page's address, with the token without which it answers nothing. /metrics has the counters in "
      + "OpenMetrics' format; there the token may also come as 'Authorization: Bearer TOKEN'.")

  @Option(help: ArgumentHelp("TCP port on 127.0.0.1; 0 takes a free one.", valueName: "number")) var port: Int = 0
  @Option(help: ArgumentHelp("Engine file (default: $WFPSHIM_ENGINE, else the user's own).", valueName: "path"))
  var engine: String?
  @Option(help: ArgumentHelp("How often to look, in milliseconds.", valueName: "ms")) var interval: Int = 250
  @Option(
    help: ArgumentHelp(
      "Takes the token from the first line of a file that only its owner can read, instead of a new one.",
      valueName: "file"))
  var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "The diagnostics that WFPSHIM_LOG names (default: that one): why connections were blocked.", valueName: "file"))
  var log: String?
  @Option(help: ArgumentHelp("wfpctl, which gives its own path here.", valueName: "path", visibility: .hidden))
  var wfpctl: String = "wfpctl"

  func validate() throws {
    if !(0...65535).contains(port) { throw ValidationError("--port is not between 0 and 65535") }
    if !(10...60_000).contains(interval) { throw ValidationError("--interval is not between 10 and 60000 ms") }
  }

  func run() async throws {
    let access = try Access(tokenFile: tokenFile)
    let control = ControlProgram(path: wfpctl, engine: engine)
    let hub = Hub()
    let diagnostics = log ?? ProcessInfo.processInfo.environment["WFPSHIM_LOG"]
    var logger = Logger(label: "wfpctl-view") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    let app = Application(
      router: makeRouter(hub, control, access),
      configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
      onServerRunning: { channel in
        print("http://127.0.0.1:\(channel.localAddress?.port ?? 0)/?token=\(access.token)")
        fflush(nil)
      }, logger: logger)
    let watcher = Watcher(hub: hub, control: control, interval: interval)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await app.run() }
      group.addTask { await watcher.watchFlows() }
      group.addTask { await watcher.watchStatus() }
      group.addTask { await hub.sendBatches() }
      if let diagnostics { group.addTask { await watcher.watchLog(diagnostics) } }
      try await group.next()
      group.cancelAll()
    }
  }
}
