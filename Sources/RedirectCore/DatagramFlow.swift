import CEngine

/// A flow of datagrams has no end that anybody sees: it is over when its application has not sent for so long. RFC 4787
/// (REQ-5) wants at least two minutes of what rewrites addresses.
private let idleLimit: UInt64 = 180_000_000_000
/// A closed socket may have a duplicate, which sends on.
private let closedLimit: UInt64 = 5_000_000_000

/// From now on this process's receives of datagrams are looked at.
func takeDatagrams() { unsafe wfp_store(&wfp_process().pointee.takes_datagrams, 1) }

extension Slot {
  /// The application sent: a second's exactness is enough, and one write a second.
  func touch() {
    let now = steadyTime()
    if unsafe now &- wfp_load(&flow.pointee.unseen) > 1_000_000_000 { unsafe wfp_store(&flow.pointee.unseen, now) }
  }

  fileprivate var idleTime: UInt64 {
    let (now, last) = unsafe (steadyTime(), wfp_load(&flow.pointee.unseen))
    return now > last ? now &- last : 0
  }
}

extension Engine {
  /// Whether the flow would still be found by the application's next datagram.
  func isRecent(_ slot: Slot) -> Bool { slot.idleTime < idleLimit }

  /// A connected socket is asked for; of the others nobody knows more than when they last sent.
  func isDatagramFlowOver(
    _ slot: Slot, _ source: Address, _ endpoint: Address, _ diagnosis: inout SocketDiagnosis
  ) -> Bool {
    let flow = unsafe slot.flow
    let isClosed = unsafe wfp_load32(&flow.pointee.hints) & UInt32(WFP_HINT_CLIENT_CLOSED) != 0
    let isGone = isClosed || slot.client.isGone
    if isGone && slot.idleTime > closedLimit { return true }
    if slot.isAddressed { return !isRecent(slot) }
    if !isGone && isRecent(slot) { return false }
    let from = source.isAny ? chosenSource(source, endpoint) : source
    let answer = unsafe diagnosis.ask(
      local: from, remote: endpoint, cookie: flow.pointee.client_cookie, protocolNumber: udpLevel)
    if case .absent = answer { return true }
    return false
  }
}
