import FilterEngine
import RedirectCore

/// `status --openmetrics`: for Prometheus, by the page's /metrics or the node exporter's text files. Format:
/// https://prometheus.io/docs/specs/om/open_metrics_spec/
struct StatusMetrics {
  let status: EngineStatus

  var text: String {
    var lines: [String] = []
    func gauge(_ name: String, _ help: String, _ value: some FixedWidthInteger) {
      lines += ["# TYPE wfpshim_\(name) gauge", "# HELP wfpshim_\(name) \(help)", "wfpshim_\(name) \(value)"]
    }
    gauge("flows_live", "Redirected connections that are there now.", status.liveFlows)
    gauge("flow_slots", "Slots of the flow table.", status.capacity)
    gauge("flow_slots_limit", "Slots to which the flow table may grow.", status.limit)
    gauge("policy_generation", "Counts the changes of the policy.", status.generation)
    gauge("policy_sets", "Policy sets that are loaded.", status.sets.count)
    gauge("policy_filters", "Filters that are loaded.", status.sets.reduce(0) { $0 + $1.set.filters.count })
    counters(
      "events", "What has happened since the engine was made.",
      Count.allCases.map { ("what=\"\($0)\"", status.counts[$0]) })
    counters(
      "provider_events", "The same for each provider.",
      status.providers.flatMap { provider in
        StatusReport.perProvider.map { ("provider=\"\(escaped(provider.name))\",what=\"\($0)\"", provider.counts[$0]) }
      })
    func counters(_ name: String, _ help: String, _ values: [(labels: String, value: UInt64)]) {
      if values.isEmpty { return }
      lines += ["# TYPE wfpshim_\(name) counter", "# HELP wfpshim_\(name) \(help)"]
      lines += values.map { "wfpshim_\(name)_total{\($0.labels)} \($0.value)" }
    }
    return lines.joined(separator: "\n") + "\n# EOF"
  }

  private func escaped(_ label: String) -> String {
    label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
