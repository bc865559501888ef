import CEngine

/// Stage 5, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS: the whole chain (SPEC S2.14).
func queryRecords(_ slot: Slot, _ engine: Engine, _ output: QueryOutput) -> QueryResult {
  guard let attachment = slot.attachment else { return QueryResult(error: -EINVAL, bytes: 0) }
  let (hops, count) = unsafe (attachment.hops, attachment.hopCount)
  let length = Engine.recordsLength(count)
  guard let out = unsafe output.start, unsafe Int(output.size) >= length else {
    return QueryResult(error: -ENOBUFS, bytes: UInt32(truncatingIfNeeded: length))
  }
  if unsafe !output.prove(length) { return QueryResult(error: -EFAULT, bytes: 0) }
  var header = unsafe engine.recordsHeader(slot.flow.pointee.application, hops, count)
  unsafe withUnsafePointer(to: &header) {
    unsafe out.copyMemory(from: UnsafeRawPointer($0), byteCount: MemoryLayout<wfp_records>.size)
  }
  unsafe (out + MemoryLayout<wfp_records>.size).copyMemory(
    from: UnsafeRawPointer(hops), byteCount: length &- MemoryLayout<wfp_records>.size)
  return QueryResult(error: 0, bytes: UInt32(truncatingIfNeeded: length))
}
