import FilterEngine
import Policy

/// `flows --svg`: each connection as a chain of boxes, for a report. Hops that a later one continues are part of its chain.
struct FlowPicture {
  private static let box = (width: 170, height: 26, gap: 40)
  private static let row = 44
  private static let margin = 16

  private let chains: [(flow: Flow, boxes: [(label: String, title: String, isEnd: Bool)])]

  init(flows: [Flow]) {
    let continued = Set(flows.flatMap { flow in flow.hops.map { hexText($0.flowID) }.filter { $0 != flow.id } })
    chains = flows.filter { !continued.contains($0.id) }.map { flow in
      let path = flow.application.path
      let name = lastPart(path)
      let hops = flow.hops.map { hop in
        (
          hop.provider.isEmpty ? "?" : hop.provider, "filter \(hop.filter)\(hop.isInherited ? ", inherited" : "")",
          false
        )
      }
      let destination = flow.destination?.description ?? "?"
      return (flow, [("\(name) [\(flow.application.pid)]", path, true)] + hops + [(destination, destination, true)])
    }
  }

  var svg: String {
    let columns = chains.reduce(1) { max($0, $1.boxes.count) }
    let width = 2 * Self.margin + columns * Self.box.width + (columns - 1) * Self.box.gap
    let height = 2 * Self.margin + max(1, chains.count) * Self.row
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">",
      "<title>\(chains.count) redirected connections</title>",
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        + "orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#555\"/></marker></defs>",
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
    ]
    if chains.isEmpty {
      lines.append("<text x=\"\(Self.margin)\" y=\"\(2 * Self.margin)\">no redirected connection</text>")
    }
    for (row, chain) in chains.enumerated() { lines += draw(chain.flow, chain.boxes, row) }
    return (lines + ["</svg>"]).joined(separator: "\n")
  }

  private func draw(_ flow: Flow, _ boxes: [(label: String, title: String, isEnd: Bool)], _ row: Int) -> [String] {
    let top = Self.margin + row * Self.row
    let middle = top + Self.box.height / 2
    return boxes.enumerated().flatMap { column, box -> [String] in
      let left = Self.margin + column * (Self.box.width + Self.box.gap)
      let dashes = flow.state == .published ? " stroke-dasharray=\"4 3\"" : ""  // not accepted yet
      var lines: [String] = []
      if column > 0 {
        lines.append(
          "<path d=\"M\(left - Self.box.gap) \(middle)H\(left)\" stroke=\"#555\" marker-end=\"url(#arrow)\"\(dashes)/>")
      }
      lines.append(
        "<g><title>\(escaped(box.title))</title><rect x=\"\(left)\" y=\"\(top)\" width=\"\(Self.box.width)\" "
          + "height=\"\(Self.box.height)\" rx=\"5\" fill=\"\(box.isEnd ? "#eee" : "#cfe3ff")\" stroke=\"#555\"/>"
          + "<text x=\"\(left + Self.box.width / 2)\" y=\"\(middle + 4)\" text-anchor=\"middle\">"
          + "\(escaped(shortened(box.label)))</text></g>")
      return lines
    }
  }

  /// The end of an address tells more than its middle.
  private func shortened(_ text: String) -> String {
    text.count <= 25 ? text : "\(text.prefix(11))…\(text.suffix(13))"
  }

  /// What a program or a policy is called is anybody's choice.
  private func escaped(_ text: String) -> String {
    String(
      text.flatMap { character -> String in
        switch character {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        default: character.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? "\u{FFFD}" : String(character)
        }
      })
  }
}
