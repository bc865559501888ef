import CEngine

/// The claimed flows that this process holds, by the destination that was dialled: what stops a service that sets
/// no records (SPEC S4.4). In the process's memory, so that a forked worker holds what its parent accepted.
/// A bucket keeps the eight longest lineages.
func rememberHeld(_ slot: Slot) {
  let destination = unsafe Address(&slot.flow.pointee.destination).unmapped.hash
  let hops = UInt64(unsafe slot.flow.pointee.hop_count)
  let reference = unsafe UInt64(slot.number) | slot.flow.pointee.generation &<< 24
  let bucket = unsafe heldBucket(destination)
  guard case .attached(let engine) = currentEngine() else { return }
  var shortest = -1
  var shortestHops = UInt64.max
  var i = 0
  while i < Int(WFP_HELD_PER_BUCKET) {
    let entry = unsafe bucket + i
    let seen = unsafe wfp_load(&entry.pointee.slot_and_generation)
    if seen == reference { return }
    let alive = seen != 0 && heldSlot(seen, engine) != nil
    let length = alive ? unsafe wfp_load(&entry.pointee.hops) : 0
    if length < shortestHops {
      shortest = i
      shortestHops = length
    }
    i &+= 1
  }
  if shortest < 0 || shortestHops > hops { return }
  let entry = unsafe bucket + shortest
  unsafe wfp_store(&entry.pointee.slot_and_generation, 0)
  unsafe wfp_store(&entry.pointee.destination, destination)
  unsafe wfp_store(&entry.pointee.hops, hops)
  unsafe wfp_store(&entry.pointee.slot_and_generation, reference)
}

/// The held flow to `destination` with the longest lineage.
func longestHeld(_ destination: Address, _ engine: Engine) -> Slot? {
  let wanted = destination.unmapped.hash
  let bucket = unsafe heldBucket(wanted)
  var best: Slot?
  var bestHops: UInt32 = 0
  var i = 0
  while i < Int(WFP_HELD_PER_BUCKET) {
    let entry = unsafe bucket + i
    let seen = unsafe wfp_load(&entry.pointee.slot_and_generation)
    if unsafe seen != 0 && wfp_load(&entry.pointee.destination) == wanted, let slot = heldSlot(seen, engine) {
      let hops = unsafe UInt32(slot.flow.pointee.hop_count)
      if hops > bestHops {
        best = slot
        bestHops = hops
      }
    }
    i &+= 1
  }
  return best
}

private func heldBucket(_ destination: UInt64) -> UnsafeMutablePointer<wfp_held> {
  let which = Int(truncatingIfNeeded: destination & UInt64(WFP_HELD_BUCKETS &- 1))
  return unsafe wfp_held_flows() + which &* Int(WFP_HELD_PER_BUCKET)
}

/// The slot of a reference while it is the same flow.
private func heldSlot(_ reference: UInt64, _ engine: Engine) -> Slot? {
  guard let slot = engine.slot(number: UInt32(truncatingIfNeeded: reference & 0xff_ffff)) else { return nil }
  let word = slot.word
  if word.state != Int(WFP_CLAIMED) && word.state != Int(WFP_PUBLISHED) { return nil }
  return word.generation & 0xff_ffff_ffff == reference &>> 24 & 0xff_ffff_ffff ? slot : nil
}

/// This process closed its descriptor of a flow. A forked child that has another one keeps its own memory of it.
func forgetHeld(_ slot: Slot) {
  let reference = unsafe UInt64(slot.number) | slot.flow.pointee.generation &<< 24
  let bucket = unsafe heldBucket(Address(&slot.flow.pointee.destination).unmapped.hash)
  var i = 0
  while i < Int(WFP_HELD_PER_BUCKET) {
    _ = unsafe wfp_swap_if(&(bucket + i).pointee.slot_and_generation, reference, 0)
    i &+= 1
  }
}
