import CEngine

/// Stage 6, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS: the records of one connection on the socket of the next.
extension Engine {
  /// - Returns: 0, or -errno: EINVAL a blob that this engine did not make, or a socket that is past connect; EACCES the
  ///   policy wants privilege; ENOBUFS the table is full.
  func setRecords(_ fd: Int32, _ cookie: UInt64, _ blob: UnsafeRawPointer, _ size: Int) -> Int32 {
    if requiresPrivilege() && !isPrivileged() { return -EACCES }
    if tcpState(fd) != UInt8(truncatingIfNeeded: TCP_CLOSE) {
      logSetTooLate(fd)
      return -EINVAL
    }
    let (slot, error) = unsafe copyRecords(blob, size)
    guard let slot else { return error }
    return install(slot, fd, cookie, replacing: self.slot(client: cookie))
  }

  /// A slot, taken, with the verified hops of a records blob and its application.
  /// - Returns: nil and -errno: EINVAL a blob that this engine did not make, ENOBUFS.
  private func copyRecords(_ blob: UnsafeRawPointer, _ size: Int) -> (slot: Slot?, error: Int32) {
    if size < MemoryLayout<wfp_records>.size || size > Int(WFP_RECORDS_MAX) { return (nil, -EINVAL) }
    var header = wfp_records()
    unsafe withUnsafeMutablePointer(to: &header) {
      unsafe UnsafeMutableRawPointer($0).copyMemory(from: blob, byteCount: MemoryLayout<wfp_records>.size)
    }
    let count = UInt32(header.hop_count)
    if header.magic != WFP_RECORDS_MAGIC || header.version != 1 || header.size != UInt32(truncatingIfNeeded: size)
      || count == 0 || Engine.recordsLength(count) != size
    {
      return (nil, -EINVAL)
    }
    let length = Int(header.hop_count) &* MemoryLayout<wfp_hop>.size
    guard let new = allocate(bytes: length) else { return (nil, -ENOBUFS) }
    let flow = unsafe new.flow
    unsafe flow.pointee.hop_count = header.hop_count
    unsafe flow.pointee.set_hop_count = header.hop_count
    // Copied first, then verified: the caller's memory may change between the two.
    if let to = unsafe new.hops {
      let hops = unsafe blob + MemoryLayout<wfp_records>.size
      unsafe UnsafeMutableRawPointer(to).copyMemory(from: hops, byteCount: length)
    }
    guard let copied = unsafe new.hops, unsafe seal(header, copied) == storedSeal(header) else {
      free(new)
      return (nil, -EINVAL)
    }
    unsafe flow.pointee.application = header.application
    killPoint(.recordsWritten)
    return (new, 0)
  }

  /// The records of what a datagram socket sends to `destination` (SPEC S8.2).
  /// - Parameter isAddressed: Else the socket is connected there.
  /// - Returns: As setRecords.
  func setRecords(
    _ fd: Int32, _ cookie: UInt64, _ blob: UnsafeRawBufferPointer, to destination: Address, isAddressed: Bool
  ) -> Int32 {
    if requiresPrivilege() && !isPrivileged() { return -EACCES }
    guard let start = blob.baseAddress else { return -EINVAL }
    let (slot, error) = unsafe copyRecords(start, blob.count)
    guard let slot else { return error }
    let flags = UInt32(WFP_FLOW_DATAGRAM) | (isAddressed ? UInt32(WFP_FLOW_ADDRESSED) : 0)
    let previous = isAddressed ? self.slot(addressed: cookie, to: destination) : self.slot(client: cookie)
    return install(slot, fd, cookie, replacing: previous, flags: flags, destination)
  }

  /// The last set wins; a blob that is not ours leaves what was set before (S3.2).
  private func install(
    _ new: Slot, _ fd: Int32, _ cookie: UInt64, replacing previous: Slot?, flags: UInt32 = 0,
    _ destination: Address = Address(family: 0, port: 0, high: 0, low: 0)
  ) -> Int32 {
    let flow = unsafe new.flow
    let isAddressed = flags & UInt32(WFP_FLOW_ADDRESSED) != 0
    let previous = repaired(previous) { isAddressed ? slot(addressed: cookie, to: destination) : slot(client: cookie) }
    if let previous {
      let word = previous.word
      if !word.isSettled || !previous.take(word) {
        free(new)
        return -EINVAL
      }
      killPoint(.previousTaken)
    }
    unsafe flow.pointee.client_cookie = cookie
    new.setClient(path: ownPathNumber(self))
    unsafe flow.pointee.netns = 0  // asked for when it is redirected
    unsafe flow.pointee.published = wfp_now(CLOCK_REALTIME)
    clearAddresses(new)
    unsafe destination.store(to: &flow.pointee.destination)
    unsafe flow.pointee.flags = flags
    unsafe flow.pointee.unseen = flags == 0 ? 0 : steadyTime()
    killPoint(.recordsNoted)
    if !new.segment.insert(new.ownerKey, new, self) {
      free(new)
      if let previous { restore(previous) }
      return -ENOBUFS
    }
    killPoint(.recordsIndexed)
    new.settle(Int(WFP_CARRYING))
    killPoint(.recordsSet)
    if let previous { free(previous) }
    killPoint(.previousFreed)
    watchDescriptor(fd)
    return 0
  }

  private func clearAddresses(_ slot: Slot) {
    let none = Address(family: 0, port: 0, high: 0, low: 0)
    let flow = unsafe slot.flow
    unsafe none.store(to: &flow.pointee.source)
    unsafe none.store(to: &flow.pointee.endpoint)
    unsafe none.store(to: &flow.pointee.destination)
    unsafe none.store(to: &flow.pointee.local)
  }

  private func requiresPrivilege() -> Bool {
    guard let policy = policy() else { return false }
    guard let sets = policy.rows(policy.head.sets, of: wfp_policy_set.self) else { return false }
    var i: UInt32 = 0
    while i < sets.count {
      if unsafe sets[i].pointee.flags & UInt32(WFP_SET_REQUIRES_PRIVILEGE) != 0 { return true }
      i &+= 1
    }
    return false
  }

  /// CAP_NET_ADMIN in the effective set, as an administrator has on Windows.
  private func isPrivileged() -> Bool { wfp_has_capability(12) != 0 }
}

/// One real proxy sets records after connect and looks away: say what it did wrong.
private func logSetTooLate(_ fd: Int32) {
  log { line in
    line.add("SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS on descriptor ")
    line.add(UInt64(truncatingIfNeeded: fd))
    line.add(": the socket is connected, connecting or listening; records must be set before connect")
  }
}
