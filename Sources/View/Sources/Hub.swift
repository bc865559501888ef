import Foundation

/// What is known of the flows, and who is told of changes.
actor Hub {
  /// A server-sent event.
  struct Message: Sendable {
    let event: String
    let data: String

    var text: String { "event: \(event)\ndata: \(data)\n\n" }
  }

  /// A reader that is so many messages behind is cut off: it comes again and gets the whole picture.
  private static let patience = 1_000
  private static let batch = 500
  private static let diagnosticLines = 100

  private struct Known {
    var summary: FlowSummary
    var line: String
  }

  private var flows: [String: Known] = [:]
  private var changed: Set<String> = []
  private var gone: Set<String> = []
  private var status = Message(event: "status", data: "null")
  private var trouble: String?
  private var diagnostics: [String] = []
  private var readers: [Int: AsyncStream<Message>.Continuation] = [:]
  private var nextReader = 0
  private let encoder = JSONEncoder()

  func line(of id: String) -> String? { flows[id]?.line }

  func take(_ line: String) {
    guard let event = try? JSONDecoder().decode(FlowEvent.self, from: Data(line.utf8)) else { return }
    let id = event.flow.id
    if event.event == "ended" {
      flows[id] = nil
      changed.remove(id)
      gone.insert(id)
    } else {
      flows[id] = Known(summary: event.summary(now: Date()), line: line)
      gone.remove(id)
      changed.insert(id)
    }
  }

  /// The watcher begins anew: what it tells is the whole truth again.
  func forgetFlows() {
    gone.formUnion(flows.keys)
    flows = [:]
    changed = []
  }

  func setStatus(_ json: String) {
    status = Message(event: "status", data: json)
    send(status)
  }

  func setTrouble(_ text: String?) {
    guard text != trouble else { return }
    trouble = text
    send(Message(event: "trouble", data: json(text)))
  }

  func addDiagnostics(_ lines: [String]) {
    diagnostics = Array((diagnostics + lines).suffix(Self.diagnosticLines))
    send(Message(event: "diagnostics", data: json(diagnostics)))
  }

  /// Everything that is known, then what changes.
  func subscribe() -> AsyncStream<Message> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Message.self, bufferingPolicy: .bufferingOldest(Self.patience))
    let number = nextReader
    nextReader += 1
    readers[number] = continuation
    continuation.onTermination = { [weak self] _ in Task { await self?.unsubscribe(number) } }
    continuation.yield(Message(event: "reset", data: "{}"))
    continuation.yield(status)
    continuation.yield(Message(event: "trouble", data: json(trouble)))
    continuation.yield(Message(event: "diagnostics", data: json(diagnostics)))
    for message in messages(of: flows.values.map(\.summary)) { continuation.yield(message) }
    // The page knows by it that it has all.
    continuation.yield(Message(event: "complete", data: "{}"))
    return stream
  }

  private func unsubscribe(_ number: Int) { readers[number] = nil }

  /// Ten times a second: a thousand connections that begin are one message or two.
  func sendBatches() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(100))
      if !gone.isEmpty {
        send(Message(event: "gone", data: json(Array(gone))))
        gone = []
      }
      if !changed.isEmpty {
        let summaries = changed.compactMap { flows[$0]?.summary }
        changed = []
        messages(of: summaries).forEach(send)
      }
    }
  }

  private func messages(of summaries: [FlowSummary]) -> [Message] {
    stride(from: 0, to: summaries.count, by: Self.batch).map {
      Message(event: "flows", data: json(Array(summaries[$0..<min($0 + Self.batch, summaries.count)])))
    }
  }

  private func send(_ message: Message) {
    for (number, reader) in readers {
      if case .dropped = reader.yield(message) {
        reader.finish()
        readers[number] = nil
      }
    }
  }

  private func json(_ value: some Encodable) -> String {
    (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
