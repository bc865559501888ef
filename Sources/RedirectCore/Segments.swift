package import CEngine

/// The size of segment `number` and where its parts lie from the flow region's start, given where it begins.
/// - Returns: The segment, and the offset of the byte behind it.
package func segmentLayout(_ number: UInt32, from start: UInt64) -> (segment: wfp_segment, end: UInt64) {
  let flows = UInt64(WFP_SEGMENT0_FLOWS) << UInt64(number)
  let blocks = flows &* UInt64(WFP_BLOCKS_PER_FLOW)
  let entries = flows &* UInt64(WFP_INDEX_PER_FLOW)
  var segment = wfp_segment()
  segment.flows_offset = start
  segment.blocks_offset = start &+ flows &* UInt64(MemoryLayout<wfp_flow>.size)
  segment.block_owners_offset = segment.blocks_offset &+ blocks &* UInt64(WFP_BLOCK_SIZE)
  segment.index_offset = segment.block_owners_offset &+ blocks &* 4
  segment.flow_count = UInt32(truncatingIfNeeded: flows)
  segment.block_count = UInt32(truncatingIfNeeded: blocks)
  segment.index_count = UInt32(truncatingIfNeeded: entries)
  let end = segment.index_offset &+ entries &* 8
  return (segment, (end &+ UInt64(WFP_PAGE) &- 1) & ~(UInt64(WFP_PAGE) &- 1))
}

/// Where the flow region ends when segments 0..<count are allocated.
package func flowRegionLength(segments count: UInt32) -> UInt64 {
  var end = UInt64(WFP_SEGMENT0_OFFSET)
  var number: UInt32 = 0
  while number < count {
    end = segmentLayout(number, from: end).end
    number &+= 1
  }
  return end
}
