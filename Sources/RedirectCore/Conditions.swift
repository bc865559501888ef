import CEngine

/// Stage 2: whether a filter's conditions hold (SPEC S11.3): all of them, of each one value.
extension PolicyImage {
  func matches(_ filter: UnsafePointer<wfp_filter>, _ request: inout ConnectRequest) -> Bool {
    let table = unsafe filter.pointee.conditions
    if table.count == 0 { return true }
    guard let conditions = rows(table, of: wfp_condition.self) else { return false }
    // First what this process knows already, then what asks the kernel.
    var asking = false
    while true {
      var i: UInt32 = 0
      while i < conditions.count {
        let condition = unsafe conditions[i].pointee
        if costsSystemCall(condition.kind) == asking && !holds(condition, &request) { return false }
        i &+= 1
      }
      if asking { return true }
      asking = true
    }
  }

  private func costsSystemCall(_ kind: UInt32) -> Bool {
    kind == UInt32(WFP_IP_PROTOCOL) || kind == UInt32(WFP_IP_LOCAL_ADDRESS)
      || kind == UInt32(WFP_ALE_ORIGINAL_APP_ID) || kind == UInt32(WFP_ALE_USER_ID)
  }

  func holds(_ condition: wfp_condition, _ request: inout ConnectRequest) -> Bool {
    switch Int(condition.kind) {
    case Int(WFP_IP_PROTOCOL): return equals(condition.values, UInt32(bitPattern: request.protocolNumber()))
    case Int(WFP_IP_REMOTE_ADDRESS): return contains(condition.values, request.remote)
    case Int(WFP_IP_REMOTE_PORT): return containsPort(condition.values, UInt16(bigEndian: request.remote.port))
    case Int(WFP_IP_LOCAL_ADDRESS): return contains(condition.values, request.local())
    case Int(WFP_ALE_APP_ID): return unsafe matchesPath(condition.values, request.path())
    case Int(WFP_ALE_ORIGINAL_APP_ID): return unsafe matchesPath(condition.values, request.originalPath())
    case Int(WFP_ALE_USER_ID): return equals(condition.values, request.user())
    case Int(WFP_LOOPBACK): return equals(condition.values, request.remote.isLoopback ? 1 : 0)
    default: return false
    }
  }

  private func equals(_ table: wfp_table, _ value: UInt32) -> Bool {
    guard let values = rows(table, of: UInt32.self) else { return false }
    var i: UInt32 = 0
    while i < values.count {
      if unsafe values[i].pointee == value { return true }
      i &+= 1
    }
    return false
  }

  private func contains(_ table: wfp_table, _ address: Address) -> Bool {
    guard let ranges = rows(table, of: wfp_address_range.self) else { return false }
    var i: UInt32 = 0
    while i < ranges.count {
      let raw = unsafe UnsafeRawPointer(ranges[i])
      if unsafe ranges[i].pointee.family == UInt32(address.family) {
        let lowHigh = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        let lowLow = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        let highHigh = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 20, as: UInt64.self))
        let highLow = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 28, as: UInt64.self))
        let notBelow = address.high > lowHigh || address.high == lowHigh && address.low >= lowLow
        let notAbove = address.high < highHigh || address.high == highHigh && address.low <= highLow
        if notBelow && notAbove { return true }
      }
      i &+= 1
    }
    return false
  }

  private func containsPort(_ table: wfp_table, _ port: UInt16) -> Bool {
    guard let ranges = rows(table, of: wfp_port_range.self) else { return false }
    var i: UInt32 = 0
    while i < ranges.count {
      let range = unsafe ranges[i].pointee
      if range.low <= port && port <= range.high { return true }
      i &+= 1
    }
    return false
  }

  private func matchesPath(_ table: wfp_table, _ path: UnsafeRawBufferPointer) -> Bool {
    guard let patterns = rows(table, of: wfp_range.self) else { return false }
    var i: UInt32 = 0
    while i < patterns.count {
      if unsafe matchesWildcards(bytes(patterns[i].pointee), path) { return true }
      i &+= 1
    }
    return false
  }
}
