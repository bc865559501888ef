import CEngine

/// What a slot is found by.
enum FlowKey {
  /// The address from which the service sees the connection; `host` is zero when the kernel chooses it.
  case tuple(source: Address, isDatagram: Bool)
  /// A socket that connects.
  case client(cookie: UInt64)
  case accepted(cookie: UInt64)
  /// What a socket sends with an address, of which it may have many.
  case addressed(cookie: UInt64, destination: Address)

  var kind: UInt64 {
    switch self {
    case .tuple: UInt64(WFP_KEY_TUPLE)
    case .client: UInt64(WFP_KEY_CLIENT)
    case .accepted: UInt64(WFP_KEY_ACCEPTED)
    case .addressed: UInt64(WFP_KEY_ADDRESSED)
    }
  }

  var hash: UInt64 {
    switch self {
    case .tuple(let source, let isDatagram): mix(source.hash ^ (isDatagram ? 0x7564_7020 : 0x7475_706c))
    case .client(let cookie): mix(cookie ^ 0x636c_6965)
    case .accepted(let cookie): mix(cookie ^ 0x6163_6365)
    case .addressed(let cookie, let destination): mix(destination.unmapped.hash ^ mix(cookie))
    }
  }
}

/// How many pairs of buckets a key may have.
private let maximalDepth: UInt64 = 32

/// The index: a set-associative table of hints, two buckets of eight entries for a key. An entry is one word,
/// so it is there or it is not; who follows it asks the slot whether it is meant. Nothing is ever moved.
extension Segment {
  /// Bucket `pass` of a key: 0 and 1 are its pair, 2 and 3 the next one, and so on.
  private func bucket(_ hash: UInt64, _ pass: UInt64) -> UnsafeMutablePointer<UInt64> {
    let buckets = UInt64(indexCount &>> 3)
    let which = (pass == 0 ? hash : mix(hash &+ pass)) & (buckets &- 1)
    return unsafe index + Int(truncatingIfNeeded: which &<< 3)
  }

  private func entry(_ key: FlowKey, _ hash: UInt64, _ number: UInt32) -> UInt64 {
    hash & 0xffff_ffff_0000_0000 | key.kind &<< 24 | UInt64(number) & 0xff_ffff
  }

  /// Enters `slot` under `key`. Many live flows may share a key (one source port, many sources): when its pair of
  /// buckets is full of entries that are meant, the next pair is taken, and `depth` tells everybody to look there too.
  /// - Returns: false when 32 pairs are full.
  func insert(_ key: FlowKey, _ slot: Slot, _ engine: Engine) -> Bool {
    let hash = key.hash
    let new = entry(key, hash, slot.number)
    var pair: UInt64 = 0
    while pair < maximalDepth {
      // First what is empty, then what is stale.
      if place(new, hash, pair &* 2, stale: false) || place(new, hash, pair &* 2, stale: true) {
        engine.deepen(pair)
        return true
      }
      pair &+= 1
    }
    return false
  }

  private func place(_ new: UInt64, _ hash: UInt64, _ first: UInt64, stale: Bool) -> Bool {
    var pass = first
    while pass < first &+ 2 {
      let at = unsafe bucket(hash, pass)
      var i = 0
      while i < Int(WFP_BUCKET) {
        let seen = unsafe wfp_load(at + i)
        if unsafe (seen == 0 || stale && !isMeant(seen)) && wfp_swap_if(at + i, seen, new) != 0 { return true }
        i &+= 1
      }
      pass &+= 1
    }
    return false
  }

  func remove(_ key: FlowKey, _ slot: Slot, _ engine: Engine) {
    let hash = key.hash
    let old = entry(key, hash, slot.number)
    let passes = passes(engine)
    var pass: UInt64 = 0
    while pass < passes {
      let at = unsafe bucket(hash, pass)
      var i = 0
      while i < Int(WFP_BUCKET) {
        if unsafe wfp_load(at + i) == old { _ = unsafe wfp_swap_if(at + i, old, 0) }
        i &+= 1
      }
      pass &+= 1
    }
  }

  private func passes(_ engine: Engine) -> UInt64 {
    let depth = unsafe wfp_load(&engine.flowHeader.pointee.index_depth)
    return ((depth < maximalDepth ? depth : maximalDepth &- 1) &+ 1) &* 2
  }

  /// Calls `body` with each slot that stands under `key`'s hash until it says true.
  func find(_ key: FlowKey, _ engine: Engine, _ body: (Slot) -> Bool) -> Slot? {
    let hash = key.hash
    let wanted = entry(key, hash, 0)
    let passes = passes(engine)
    var pass: UInt64 = 0
    while pass < passes {
      let at = unsafe bucket(hash, pass)
      var i = 0
      while i < Int(WFP_BUCKET) {
        let seen = unsafe wfp_load(at + i)
        if seen != 0 && seen & ~0xff_ffff == wanted {
          let number = UInt32(truncatingIfNeeded: seen & 0xff_ffff)
          if number > firstNumber && number &- firstNumber <= flowCount {
            let slot = slot(number &- firstNumber &- 1)
            if body(slot) { return slot }
          }
        }
        i &+= 1
      }
      pass &+= 1
    }
    return nil
  }

  /// Whether the slot that an entry names still stands under that key. A slot that is being changed counts.
  func isMeant(_ entry: UInt64) -> Bool {
    let number = UInt32(truncatingIfNeeded: entry & 0xff_ffff)
    if number <= firstNumber || number &- firstNumber > flowCount { return false }
    let slot = slot(number &- firstNumber &- 1)
    let word = slot.word
    if word.state == Int(WFP_BUSY) { return true }
    if !word.isSettled { return false }
    switch entry &>> 24 & 0xff {
    case UInt64(WFP_KEY_TUPLE):
      return word.isRedirected && same(slot.tupleKey, entry)
    case UInt64(WFP_KEY_CLIENT): return unsafe same(.client(cookie: slot.flow.pointee.client_cookie), entry)
    case UInt64(WFP_KEY_ADDRESSED): return slot.isAddressed && same(slot.ownerKey, entry)
    case UInt64(WFP_KEY_ACCEPTED):
      return unsafe same(.accepted(cookie: wfp_load(&slot.flow.pointee.accepted_cookie)), entry)
    default: return false
    }
  }

  private func same(_ key: FlowKey, _ entry: UInt64) -> Bool { key.hash &>> 32 == entry &>> 32 }
}

extension Engine {
  /// From now on everybody looks at `pair` further pairs of buckets.
  fileprivate func deepen(_ pair: UInt64) {
    while true {
      let known = unsafe wfp_load(&flowHeader.pointee.index_depth)
      if unsafe known >= pair || wfp_swap_if(&flowHeader.pointee.index_depth, known, pair) != 0 { return }
    }
  }

  /// The slot of a key in whichever segment, if `body` accepts it.
  func find(_ key: FlowKey, _ body: (Slot) -> Bool) -> Slot? {
    var number = segmentCount
    while number > 0 {
      number &-= 1
      if let segment = segment(number), let slot = segment.find(key, self, body) { return slot }
    }
    return nil
  }

  /// The slot of a client socket that connects.
  func slot(client cookie: UInt64) -> Slot? {
    find(.client(cookie: cookie)) { slot in
      unsafe slot.word.state != Int(WFP_FREE) && slot.flow.pointee.client_cookie == cookie && !slot.isAddressed
    }
  }

  /// The slot of what a socket sends to `destination`.
  func slot(addressed cookie: UInt64, to destination: Address) -> Slot? {
    find(.addressed(cookie: cookie, destination: destination)) { slot in
      if unsafe slot.word.state == Int(WFP_FREE) || slot.flow.pointee.client_cookie != cookie { return false }
      let known = unsafe Address(&slot.flow.pointee.destination)
      return slot.isAddressed && known.port == destination.port && known.sameHost(as: destination)
    }
  }

  /// The slot of an accepted socket.
  func slot(accepted cookie: UInt64) -> Slot? {
    find(.accepted(cookie: cookie)) { slot in
      unsafe slot.word.isRedirected && wfp_load(&slot.flow.pointee.accepted_cookie) == cookie
    }
  }
}
