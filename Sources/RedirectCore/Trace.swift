import CEngine

/// `wfpctl trace`: each hooked call becomes an event in the file that WFPSHIM_TRACE names (wfp_trace.h). As with the
/// log, the path is opened for each, so that no descriptor of ours is there to be closed.
@c @implementation
func wfp_core_traced_connect(
  _ began: UInt64, _ fd: Int32, _ address: UnsafePointer<sockaddr>?, _ length: UInt32,
  _ plan: UnsafePointer<wfp_connect>, _ result: Int32
) {
  guard let destination = unsafe destination(address, length) else { return }  // another family's
  var event = traceEvent(WFP_TRACE_CONNECT, fd, result)
  event.is_datagram = socketOption(fd, SOL_SOCKET, SO_PROTOCOL) == udpLevel ? 1 : 0
  unsafe event.outcome = UInt16(truncatingIfNeeded: plan.pointee.outcome)
  unsafe event.filter_id = plan.pointee.filter_id
  unsafe destination.store(to: &event.destination)
  unsafe storePeer(plan, &event)
  if let cookie = socketCookie(fd), let engine = mappedEngine(), let slot = engine.slot(client: cookie) {
    addLineage(slot, &event)
  }
  write(&event, began)
}

/// A datagram with an address for which a filter decided.
func traceSend(_ began: UInt64, _ request: ConnectRequest, _ plan: wfp_connect, _ result: Int32) {
  // Another thread's flow: that one tells of it.
  if Int(plan.outcome) == Int(WFP_TRACE_DIRECT) && (result >= 0 || result == -EALREADY) { return }
  var (event, plan) = (traceEvent(WFP_TRACE_SEND, request.descriptor, result < 0 ? result : 0), plan)
  event.is_datagram = 1
  let isRefused = Int(plan.outcome) == Int(WFP_TRACE_DIRECT)
  event.outcome = UInt16(truncatingIfNeeded: isRefused ? UInt32(WFP_TRACE_REFUSED) : plan.outcome)
  event.filter_id = plan.filter_id
  unsafe request.destination.store(to: &event.destination)
  unsafe storePeer(&plan, &event)
  if let cookie = socketCookie(request.descriptor),
    let slot = request.engine.slot(addressed: cookie, to: request.destination)
  {
    addLineage(slot, &event)
  }
  write(&event, began)
}

@c @implementation
func wfp_core_traced_accept(_ began: UInt64, _ fd: Int32) {
  guard let peer = socketPeer(fd) else { return }
  var event = traceEvent(WFP_TRACE_ACCEPT, fd, 0)
  unsafe peer.store(to: &event.peer)
  if let cookie = socketCookie(fd), let (slot, _) = find(cookie) {
    event.outcome = UInt16(truncatingIfNeeded: WFP_TRACE_CLAIMED)
    unsafe event.destination = slot.flow.pointee.destination
    addLineage(slot, &event)
  }
  write(&event, began)
}

@c @implementation
func wfp_core_traced_ioctl(
  _ began: UInt64, _ fd: Int32, _ code: UInt32, _ request: UnsafePointer<wfp_ioctl>?, _ result: Int32
) {
  if code == wouldWaitCode { return }
  var event = traceEvent(WFP_TRACE_IOCTL, fd, result)
  event.code = code
  // Of other errors it may not be there to be read.
  if result == 0 || result == -ENOBUFS, let request = unsafe request {
    unsafe event.length = request.pointee.bytes_returned
  }
  let isSet = code == setRecordsCode
  if isSet && result == -EINVAL, let state = tcpState(fd), state != UInt8(truncatingIfNeeded: TCP_CLOSE) {
    event.outcome = UInt16(truncatingIfNeeded: WFP_TRACE_TOO_LATE)
  }
  if let cookie = socketCookie(fd), let slot = isSet ? mappedEngine()?.slot(client: cookie) : find(cookie)?.0 {
    unsafe event.destination = slot.flow.pointee.destination
    addLineage(slot, &event)
  }
  write(&event, began)
}

private func traceEvent(_ call: Int, _ fd: Int32, _ result: Int32) -> wfp_trace_event {
  var event = wfp_trace_event()
  event.magic = UInt32(WFP_TRACE_MAGIC)
  event.call = UInt16(truncatingIfNeeded: call)
  event.pid = wfp_pid()
  event.thread = wfp_thread()
  event.descriptor = fd
  event.result = result
  return event
}

private func storePeer(_ plan: UnsafePointer<wfp_connect>, _ event: inout wfp_trace_event) {
  if unsafe plan.pointee.length == 0 { return }
  let storage = unsafe withUnsafePointer(to: plan.pointee.address) { at in
    unsafe Address(UnsafeRawPointer(at), length: MemoryLayout<sockaddr_storage>.size)
  }
  unsafe storage?.store(to: &event.peer)
}

private func addLineage(_ slot: Slot, _ event: inout wfp_trace_event) {
  unsafe event.application_pid = slot.flow.pointee.application.pid
  unsafe event.application_path = slot.flow.pointee.application.path
  guard let attachment = slot.attachment else { return }
  event.hop_count = attachment.hopCount
  var i: UInt32 = 0
  while i < attachment.hopCount {
    let hop = unsafe attachment.hops + Int(i)
    if i < UInt32(WFP_TRACE_HOPS) {
      let to = unsafe wfp_trace_hops(&event) + Int(i)
      unsafe to.pointee.provider_name = hop.pointee.provider_name
      unsafe to.pointee.filter_name = hop.pointee.filter_name
      unsafe to.pointee.flags = hop.pointee.flags
    }
    unsafe event.flow_id = hop.pointee.flow_id
    i &+= 1
  }
}

private func addProgram(_ event: inout wfp_trace_event) {
  let path = unsafe ownPath()
  guard let start = path.baseAddress else { return }
  var first = path.count
  while unsafe first > 0 && (start + (first &- 1)).load(as: UInt8.self) != 0x2f { first &-= 1 }
  let count = min(path.count &- first, MemoryLayout.size(ofValue: event.program) &- 1)
  if count <= 0 { return }
  unsafe UnsafeMutableRawPointer(wfp_trace_program(&event)).copyMemory(from: start + first, byteCount: count)
}

private func write(_ event: inout wfp_trace_event, _ began: UInt64) {
  let ended = wfp_now(CLOCK_MONOTONIC)
  event.duration = ended > began ? ended &- began : 0
  event.began = wfp_now(CLOCK_REALTIME) &- event.duration
  addProgram(&event)
  let path = unsafe wfp_text(wfp_process().pointee.trace_path)
  // Its maker makes the file; whatever else stands there is not written to.
  let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW
  let file = unsafe wfp_open_at(AT_FDCWD, path, flags, 0)
  if file < 0 { return }
  _ = unsafe wfp_write_bytes(file, &event, MemoryLayout<wfp_trace_event>.size)
  _ = wfp_close_descriptor(file)
}
