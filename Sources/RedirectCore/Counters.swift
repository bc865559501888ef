import CEngine

/// What happened, counted in the engine for `wfpctl status`. Adds that order nothing, on cache lines that no lookup
/// reads; a process that is killed between an event and its count leaves it uncounted.
package enum Count: Int, CaseIterable, Sendable {
  case published = 0, claimed, expired, lost, withdrawn, refused, loops
  // Those of the table, not of a provider.
  case blocked, repaired, full, evicted
}

extension Engine {
  package func count(_ what: Count) { unsafe wfp_count(wfp_counts(flowHeader) + what.rawValue) }

  /// - Parameter provider: Its interned name; 0 where it has none.
  func count(_ what: Count, provider: UInt32) {
    count(what)
    if let row = unsafe row(of: provider), what.rawValue < Int(WFP_COUNTS_PER_PROVIDER) {
      unsafe wfp_count(wfp_counts_of(row) + what.rawValue)
    }
  }

  /// - Parameter slot: Redirected, and taken by this process.
  func count(_ what: Count, _ slot: Slot) { count(what, provider: slot.providerName) }

  /// Those behind the first sixteen providers are counted in the sums only.
  private func row(of provider: UInt32) -> UnsafeMutablePointer<wfp_provider_counts>? {
    if provider == 0 { return nil }
    let mask = UInt64(WFP_COUNTED_PROVIDERS) &- 1
    var tries: UInt64 = 0
    while tries <= mask {
      let at = Int(truncatingIfNeeded: (mix(UInt64(provider)) &+ tries) & mask)
      let row = unsafe wfp_provider_counts_of(flowHeader) + at
      let known = unsafe wfp_load(&row.pointee.name)
      if unsafe known == UInt64(provider) || known == 0 && wfp_swap_if(&row.pointee.name, 0, UInt64(provider)) != 0 {
        return unsafe row
      }
      // Another process took the row for the same provider at this very moment.
      if unsafe known == 0 && wfp_load(&row.pointee.name) == UInt64(provider) { return unsafe row }
      tries &+= 1
    }
    return nil
  }
}

extension Slot {
  /// The provider to whose service the flow goes: that of the last hop.
  var providerName: UInt32 {
    guard let attachment, attachment.hopCount > 0 else { return 0 }
    return unsafe attachment.hops[Int(attachment.hopCount) &- 1].provider_name
  }
}
