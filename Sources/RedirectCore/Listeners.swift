import CEngine

/// Services that accepted a moment ago. The kernel is asked whether somebody listens (docs/decisions/0003), but not
/// again while a living process was seen to accept there within 20 ms: under load the question would cost more than
/// the rest of a publication.
private let freshFor: UInt64 = 20_000_000

extension Engine {
  private func listener(_ key: UInt64) -> UnsafeMutablePointer<wfp_listener> {
    unsafe wfp_listeners(flowHeader) + Int(truncatingIfNeeded: key & UInt64(WFP_LISTENERS &- 1))
  }

  private func key(_ endpoint: Address, _ namespace: UInt64) -> UInt64 {
    let key = mix(endpoint.unmapped.hash ^ namespace)
    return key == 0 ? 1 : key
  }

  private var ownProcess: UInt64 {
    let identity = identity()
    return unsafe UInt64(identity.pid) | wfp_load(&wfp_process().pointee.pid_namespace) &<< 32
  }

  /// This process accepted on `endpoint`.
  func noteListener(_ endpoint: Address, _ namespace: UInt64) {
    let key = key(endpoint, namespace)
    let entry = unsafe listener(key)
    unsafe wfp_store(&entry.pointee.key, 0)
    unsafe wfp_store(&entry.pointee.process, ownProcess)
    unsafe wfp_store(&entry.pointee.seen, steadyTime())
    unsafe wfp_store(&entry.pointee.key, key)
  }

  /// Whether a process that lives accepted there a moment ago. false says nothing.
  func isListenerFresh(_ endpoint: Address, _ namespace: UInt64) -> Bool {
    let key = key(endpoint, namespace)
    let entry = unsafe listener(key)
    if unsafe wfp_load(&entry.pointee.key) != key { return false }
    let (process, seen) = unsafe (wfp_load(&entry.pointee.process), wfp_load(&entry.pointee.seen))
    if unsafe wfp_load(&entry.pointee.key) != key { return false }
    let now = steadyTime()
    if now < seen || now &- seen > freshFor || process &>> 32 != ownProcess &>> 32 { return false }
    return wfp_process_exists(UInt32(truncatingIfNeeded: process)) != -ESRCH
  }

  /// This process closed a listener: what it was seen at counts no longer.
  func forgetListeners() {
    let own = ownProcess
    var i = 0
    while i < Int(WFP_LISTENERS) {
      let entry = unsafe wfp_listeners(flowHeader) + i
      if unsafe wfp_load(&entry.pointee.process) == own { unsafe wfp_store(&entry.pointee.key, 0) }
      i &+= 1
    }
  }
}
