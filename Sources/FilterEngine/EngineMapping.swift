import CEngine
import Glibc
import RedirectCore

/// The engine file in this process's memory, checked before anything in it is believed.
enum EngineMapping {
  static func map(_ descriptor: borrowing Descriptor, _ path: String) throws(EngineError) -> Engine {
    guard let status = descriptor.status() else {
      throw .system(errno, path, "fstat", expected: "an engine")
    }
    let size = UInt64(status.st_size)
    guard size >= UInt64(WFP_PAGE) else {
      throw EngineError(.damaged, path, "the file has \(size) bytes", expected: "an engine")
    }
    let headerLength = Int(WFP_PAGE)
    guard let start = unsafe wfp_map_file(descriptor.number, 0, headerLength, 1) else {
      throw .system(ENOMEM, path, "cannot map the engine", expected: "address space")
    }
    let header = unsafe start.assumingMemoryBound(to: wfp_engine.self)
    do throws(EngineError) {
      try unsafe check(header.pointee, size, path)
      // All segments that there can be: those that other processes add later are then in sight.
      let flowLength = unsafe Int(EngineLayout.reachedBySegments(header.pointee))
      let offset = unsafe header.pointee.flow_region_offset
      guard let flows = unsafe wfp_map_file(descriptor.number, Int64(offset), flowLength, 1) else {
        throw .system(ENOMEM, path, "cannot map the flows", expected: "address space")
      }
      let engine = unsafe Engine(
        header: header, headerLength: headerLength,
        flowHeader: flows.assumingMemoryBound(to: wfp_flow_header.self), flowLength: flowLength)
      do throws(EngineError) {
        try checkSegments(engine, size, path)
      } catch {
        unsafe wfp_unmap(flows, flowLength)
        throw error
      }
      return engine
    } catch {
      unsafe wfp_unmap(start, headerLength)
      throw error
    }
  }

  static func unmap(_ engine: Engine) {
    unsafe wfp_unmap(engine.flowHeader, engine.flowLength)
    unsafe wfp_unmap(engine.header, engine.headerLength)
  }

  private static func check(_ header: wfp_engine, _ size: UInt64, _ path: String) throws(EngineError) {
    guard header.magic == UInt64(WFP_ENGINE_MAGIC) else {
      throw EngineError(.damaged, path, "the file does not begin like an engine", expected: "an engine")
    }
    guard header.version == WFP_ENGINE_VERSION else {
      throw EngineError(
        .version(header.version), path, "the engine has version \(header.version)",
        expected: "version \(WFP_ENGINE_VERSION); `wfpctl cleanup` removes an engine that nobody uses")
    }
    guard header.header_size == UInt32(MemoryLayout<wfp_engine>.size), header.uid == geteuid() else {
      throw EngineError(.damaged, path, "the engine's header is damaged", expected: "an engine of user \(geteuid())")
    }
    guard (1...UInt64(WFP_SEGMENTS)).contains(header.segment_limit) else {
      throw EngineError(
        .damaged, path, "the engine may grow to \(header.segment_limit) segments", expected: "1 to \(WFP_SEGMENTS)")
    }
    let flows = header.flow_region_offset
    guard flows % UInt64(WFP_PAGE) == 0, flows >= UInt64(WFP_PAGE), flows <= size,
      size - flows >= flowRegionLength(segments: 1)
    else {
      throw EngineError(.damaged, path, "the engine was cut to \(size) bytes", expected: "room for its flows")
    }
    for buffer in [header.policy.0, header.policy.1] {
      let end = buffer.offset.addingReportingOverflow(UInt64(buffer.capacity))
      let apart = end.partialValue <= flows || buffer.offset >= flows + EngineLayout.reachedBySegments(header)
      guard buffer.offset >= UInt64(WFP_PAGE), !end.overflow, end.partialValue <= size, apart,
        buffer.size <= buffer.capacity
      else {
        throw EngineError(.damaged, path, "a policy lies outside the engine", expected: "a policy inside it")
      }
    }
  }

  private static func checkSegments(_ engine: Engine, _ size: UInt64, _ path: String) throws(EngineError) {
    let count = unsafe wfp_load(&engine.flowHeader.pointee.segment_count)
    guard (1...UInt64(WFP_SEGMENTS)).contains(count),
      unsafe size - engine.header.pointee.flow_region_offset >= flowRegionLength(segments: UInt32(count))
    else {
      throw EngineError(.damaged, path, "the engine has \(count) segments", expected: "as many as it has room for")
    }
  }
}

extension Engine {
  /// Where a segment lies; nil for one that is not there.
  func segment(_ number: Int) -> wfp_segment? {
    let count = unsafe min(wfp_load(&flowHeader.pointee.segment_count), UInt64(WFP_SEGMENTS))
    guard number >= 0, number < Int(count) else { return nil }
    return segmentLayout(UInt32(number), from: flowRegionLength(segments: UInt32(number))).segment
  }
}
