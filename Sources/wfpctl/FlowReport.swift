import CEngine
import FilterEngine
import Glibc
import Policy

/// What `flows` prints.
struct FlowReport {
  let flows: [Flow]
  private let layouts: [GUID: [ContextField]]
  private let now: UInt64

  init(flows: [Flow], sets: [LoadedSet], now: UInt64 = wfp_now(CLOCK_REALTIME)) {
    self.flows = flows
    self.now = now
    var layouts: [GUID: [ContextField]] = [:]
    for provider in sets.flatMap(\.set.providers) { layouts[provider.guid] = provider.context }
    self.layouts = layouts
  }

  /// The fields of a flow's context, while its provider is in the policy.
  private func decoded(_ flow: Flow) -> [DecodedField] {
    guard let hop = flow.ownHop, !flow.context.isEmpty, let layout = layouts[hop.guid] else { return [] }
    return decodeContext(flow.context, layout)
  }

  private func age(_ flow: Flow) -> Double {
    now > flow.published ? Double((now - flow.published) / 1_000_000) / 1000 : 0
  }

  var json: JSON { .object(["version": .number(1), "flows": .array(flows.map(json))]) }

  /// A line of `flows --follow --json`.
  func json(_ event: FlowWatch.Event, _ flow: Flow) -> JSON {
    .object(["version": .number(1), "event": .string(event.rawValue), "flow": json(flow)])
  }

  private func json(_ flow: Flow) -> JSON {
    let application = flow.application
    return .object([
      "id": .string(flow.id), "state": .string("\(flow.state)"), "protocol": .string(flow.transport),
      "application": .object([
        "path": .known(application.path), "pid": .number(UInt64(application.pid)),
        "uid": .number(UInt64(application.uid)), "gid": .number(UInt64(application.gid)),
        "session": .number(UInt64(application.session)), "startTime": .time(application.startTime),
      ]),
      "client": .object(["path": .known(flow.client.path), "pid": .number(UInt64(flow.client.pid))]),
      "service": .object([
        "path": .known(flow.service?.path ?? ""), "pid": flow.service.map { .number(UInt64($0.pid)) } ?? .null,
        "provider": .optional(flow.ownHop?.provider),
      ]),
      "source": .optional(flow.source), "endpoint": .optional(flow.endpoint),
      "destination": .optional(flow.destination), "local": .optional(flow.local),
      "lineage": .array(flow.hops.map(json)),
      "context": .object([
        "hex": .string(hexText(flow.context)), "length": .number(UInt64(flow.context.count)),
        "decoded": .array(
          decoded(flow).map { .object(["field": .string($0.field), "value": .string($0.value)]) }),
      ]),
      "age": .decimal(age(flow)),
    ])
  }

  private func json(_ hop: Flow.Hop) -> JSON {
    .object([
      "flow": .string(hexText(hop.flowID)), "provider": .known(hop.provider), "guid": .string(hop.guid.description),
      "filter": .known(hop.filter), "filterId": .number(hop.filterID), "time": .time(hop.time),
      "inherited": .bool(hop.isInherited),
    ])
  }

  var text: String { flows.map(text).joined(separator: "\n\n") }

  private func text(_ flow: Flow) -> String {
    let application = flow.application
    var lines = ["\(flow.id)  \(flow.state)  \(flow.transport)  \(age(flow)) s"]
    lines.append(
      "  application  \(known(application.path))  pid \(application.pid)  uid \(application.uid)")
    if flow.client.pid != application.pid {
      lines.append("  client       \(known(flow.client.path))  pid \(flow.client.pid)")
    }
    lines.append("  destination  \(known(flow.destination))  local \(known(flow.local))")
    if let hop = flow.ownHop {
      let service = flow.service.map { "  \(known($0.path))  pid \($0.pid)" } ?? ""
      lines.append("  service      \(known(hop.provider))\(service)")
      lines.append("  endpoint     \(known(flow.endpoint))  from \(known(flow.source))")
    }
    for hop in flow.hops {
      let inherited = hop.isInherited ? "  inherited" : ""
      lines.append("  hop          \(known(hop.provider))  filter \(known(hop.filter)) (\(hop.filterID))\(inherited)")
    }
    if !flow.context.isEmpty { lines.append("  context      \(flow.context.count) bytes: \(hexText(flow.context))") }
    lines += decoded(flow).map { "    \($0.field): \($0.value)" }
    return lines.joined(separator: "\n")
  }

  private func known(_ text: String) -> String { text.isEmpty ? "?" : text }
  private func known(_ endpoint: Endpoint?) -> String { endpoint?.description ?? "?" }
}
