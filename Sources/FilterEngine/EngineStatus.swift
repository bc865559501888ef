import CEngine
import Glibc
package import Policy
package import RedirectCore

/// What the engine says of itself and of what happened since it was made.
package struct EngineStatus: Sendable {
  /// The counts of one provider that was ever redirected to.
  package struct Provider: Sendable {
    package let name: String
    package let counts: Counts
  }

  /// By event; one that was never counted is 0.
  package struct Counts: Sendable, Equatable {
    private let values: [UInt64]

    init(_ values: [UInt64]) { self.values = values }

    package subscript(_ what: Count) -> UInt64 { what.rawValue < values.count ? values[what.rawValue] : 0 }
  }

  package let path: String
  package let version: UInt32
  /// ns since 1970
  package let created: UInt64
  package let generation: UInt64
  package let sets: [LoadedSet]
  package let liveFlows: Int
  /// Slots that another process was just changing.
  package let busySlots: Int
  /// Slots that are there now, and that there can be.
  package let capacity: Int, limit: Int
  package let counts: Counts
  /// By name.
  package let providers: [Provider]
}

extension FilterEngine {
  package func status() throws(EngineError) -> EngineStatus {
    let header = unsafe mapped.header.pointee
    let segments = unsafe min(wfp_load(&mapped.flowHeader.pointee.segment_count), UInt64(WFP_SEGMENTS))
    let limit = min(max(header.segment_limit, segments), UInt64(WFP_SEGMENTS))
    return EngineStatus(
      path: path, version: header.version, created: header.created, generation: generation, sets: try sets(),
      liveFlows: flows().count, busySlots: busySlots(UInt32(segments)), capacity: slots(segments), limit: slots(limit),
      counts: counts, providers: providerCounts)
  }

  private func slots(_ segments: UInt64) -> Int { Int(WFP_SEGMENT0_FLOWS) * ((1 << Int(segments)) - 1) }

  private func busySlots(_ segments: UInt32) -> Int {
    (0..<segments).reduce(0) { sum, number in
      let segment = segmentLayout(number, from: flowRegionLength(segments: number)).segment
      let flows = unsafe mapped.flowRegion(segment.flows_offset).assumingMemoryBound(to: wfp_flow.self)
      return sum
        + (0..<Int(segment.flow_count)).count { unsafe wfp_load(&flows[$0].state) & 15 == UInt64(WFP_BUSY) }
    }
  }

  private var counts: EngineStatus.Counts {
    let start = unsafe wfp_counts(mapped.flowHeader)
    return EngineStatus.Counts((0..<Int(WFP_COUNTS)).map { unsafe wfp_load(start + $0) })
  }

  private var providerCounts: [EngineStatus.Provider] {
    let start = unsafe wfp_provider_counts_of(mapped.flowHeader)
    return (0..<Int(WFP_COUNTED_PROVIDERS)).compactMap { at -> EngineStatus.Provider? in
      let row = unsafe start + at
      let name = unsafe mapped.text(UInt32(truncatingIfNeeded: wfp_load(&row.pointee.name)))
      if name.isEmpty { return nil }
      let counts = unsafe wfp_counts_of(row)
      return EngineStatus.Provider(
        name: name,
        counts: EngineStatus.Counts((0..<Int(WFP_COUNTS_PER_PROVIDER)).map { unsafe wfp_load(counts + $0) }))
    }.sorted { $0.name < $1.name }
  }
}
