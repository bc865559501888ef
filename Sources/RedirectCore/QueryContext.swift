import CEngine

/// Stage 5, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT: what the callout attached for the service on whose endpoint the
/// socket was accepted (SPEC S2.14).
func queryContext(_ slot: Slot, _ output: QueryOutput) -> QueryResult {
  guard let context = unsafe slot.context, context.count > 0, let from = context.baseAddress else {
    return QueryResult(error: -EINVAL, bytes: 0)
  }
  // The smallest buffer is a ULONG (S2.5), so that is what the probe says of a context of 1 to 3 bytes.
  let needed = context.count < 4 ? 4 : context.count
  guard let out = unsafe output.start, unsafe Int(output.size) >= needed else {
    return QueryResult(error: -ENOBUFS, bytes: UInt32(truncatingIfNeeded: needed))
  }
  if unsafe !output.prove(context.count) { return QueryResult(error: -EFAULT, bytes: 0) }
  unsafe out.copyMemory(from: from, byteCount: context.count)
  return QueryResult(error: 0, bytes: UInt32(truncatingIfNeeded: context.count))
}
