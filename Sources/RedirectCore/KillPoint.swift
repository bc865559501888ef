/// The steps of every change of the engine, between which a process may be killed (SPEC S10.5). In a build with
/// -D WFPSHIM_KILL_POINTS (`make killpoints`) the process ends itself at the one that was chosen; in every other build
/// nothing is left of them.
package enum KillPoint: Int, CaseIterable {
  // A slot and its blocks
  case slotTaken, slotCleared, blockTaken, blocksTaken, blocksNoted
  // Publish
  case hopsWritten, contextWritten, tupleWritten, ownerIndexed, tupleIndexed, flowPublished, flowCounted
  case carryingReplaced, previousUnindexed, previousLeft, connectPlanned
  // The real connect failed
  case withdrawalTaken, tupleUnindexed, redirectUndone
  // Records are set
  case recordsWritten, previousTaken, recordsNoted, recordsIndexed, recordsSet, previousFreed
  // Claim
  case serviceNoted, acceptedSet, acceptedIndexed, flowClaimed
  // Release
  case keysRemoved, blockReleased, blocksReleased, slotFreed
  // Repair
  case reclaimTaken, reclaimUnindexed, reclaimReleased, reclaimed
  case abandonedTaken, evictionBegun, evictionTaken, evictionEnded
  // Growth
  case fileGrown, segmentCounted
  // The arena of names
  case stringReserved, stringWritten, stringFound
  // A PROXY header
  case headerSeenInPart, headerLocked, headerPublished, headerTaken, headerNoted
  // A policy is read
  case policyFound, policyJudged
  // A policy is put in force
  case engineLocked, bufferAllocated, writingAnnounced, policyWritten, bufferNoted, filterNumbersNoted, policyInForce
  // An engine is made
  case directoryLocked, engineMade, engineAllocated, engineWritten, engineNamed
}

#if WFPSHIM_KILL_POINTS
  import CEngine

  extension KillPoint {
    /// Where the process ends itself, and how often it passes there before.
    nonisolated(unsafe) package static var chosen: (point: KillPoint, passes: Int)?
    /// The process stops there instead, until it is told to go on.
    nonisolated(unsafe) package static var stops = false
    /// How often each was passed.
    nonisolated(unsafe) package static var passed = [Int](repeating: 0, count: allCases.count)
  }

  package func killPoint(_ point: KillPoint) {
    unsafe KillPoint.passed[point.rawValue] += 1
    if let chosen = unsafe KillPoint.chosen, chosen.point == point,
      unsafe KillPoint.passed[point.rawValue] == chosen.passes + 1
    {
      unsafe KillPoint.stops ? wfp_stop_self() : wfp_kill_self()
    }
  }
#else
  @inline(__always) package func killPoint(_ point: KillPoint) {}
#endif
