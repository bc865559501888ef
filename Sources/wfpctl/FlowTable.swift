import FilterEngine

/// `flows` on a terminal: a line for each, as wide as the terminal is.
struct FlowTable {
  let flows: [Flow]
  let width: Int

  private static let titles = ["ID", "STATE", "PROTO", "APPLICATION", "VIA", "DESTINATION"]

  private func cells(_ flow: Flow) -> [String] {
    let name = lastPart(flow.application.path)
    let via = flow.hops.map(\.provider).joined(separator: " → ")
    return [
      String(flow.id.prefix(8)), "\(flow.state)", flow.transport, "\(name)[\(flow.application.pid)]",
      via.isEmpty ? "?" : via, flow.destination?.description ?? "?",
    ]
  }

  var text: String {
    let rows = flows.map(cells)
    let widths = Self.titles.indices.map { column in
      ([Self.titles] + rows).reduce(0) { max($0, $1[column].count) }
    }
    var lines = [Terminal.styled(line(Self.titles, widths), .bold)]
    for (flow, row) in zip(flows, rows) {
      lines.append(Terminal.styled(line(row, widths), flow.state == .claimed ? .good : .waiting))
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
    return String(padded.joined(separator: "  ").prefix(width)).trimmingSuffix { $0 == " " }
  }
}

extension String {
  fileprivate func trimmingSuffix(while holds: (Character) -> Bool) -> String {
    String(reversed().drop(while: holds).reversed())
  }
}
