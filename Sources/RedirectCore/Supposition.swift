#if !hasFeature(Embedded)
  package import CEngine

  /// A connect that nobody makes, decided by the code that decides the real ones (wfpctl explain).
  package struct Supposition {
    package var destination: wfp_address
    /// The family alone when the socket is not bound.
    package var local: wfp_address
    package var protocolNumber: Int32
    /// The path of the connecting program, and that of the original application.
    package var path: [UInt8]
    package var originalPath: [UInt8]
    package var user: UInt32
    /// The redirect handles of the records on the socket, oldest first.
    package var lineage: [[UInt8]]

    package init(
      destination: wfp_address, local: wfp_address, protocolNumber: Int32, path: [UInt8], originalPath: [UInt8],
      user: UInt32, lineage: [[UInt8]]
    ) {
      self.destination = destination
      self.local = local
      self.protocolNumber = protocolNumber
      self.path = path
      self.originalPath = originalPath
      self.user = user
      self.lineage = lineage
    }

    package struct Answer {
      package var outcome: Outcome
      /// By the filters' numbers.
      package var filters: [UInt64: Match]
    }

    package enum Outcome: Equatable {
      /// No filter decides.
      case pass
      case block(filter: UInt64)
      /// `endpoint` is nil when none is listening: the connect is refused (SPEC S10.2).
      case redirect(filter: UInt64, provider: UInt32, endpoint: (wfp_address)?)

      package static func == (left: Outcome, right: Outcome) -> Bool {
        switch (left, right) {
        case (.pass, .pass): true
        case (.block(let a), .block(let b)): a == b
        case (.redirect(let a, _, let x), .redirect(let b, _, let y)): a == b && (x == nil) == (y == nil)
        default: false
        }
      }
    }

    package enum Match: Equatable {
      /// wfp_condition.kind of the first condition that does not hold.
      case unmet(kind: UInt32)
      case holds
      /// A redirect filter that does not name UDP is for TCP alone.
      case isForTCP
      /// The callout lets go: the provider has redirected this connection before (SPEC S4).
      case hasRedirected
      /// Another provider has, and the set's options say that this is enough.
      case isRedirectedByOther
    }

    /// - Parameter image: A compiled policy.
    /// - Returns: nil when the image cannot be read.
    package func answer(by image: UnsafeRawBufferPointer) -> Answer? {
      guard let base = image.baseAddress,
        let policy = unsafe PolicyImage(base: base, capacity: image.count, generation: 1)
      else { return nil }
      let engine = SupposedEngine()
      return unsafe path.withUnsafeBytes { path in
        var request = ConnectRequest(
          descriptor: -1, engine: engine.engine, destination: address(destination))
        unsafe request.suppose(
          path: path, user: user, protocolNumber: protocolNumber, local: address(local).unmapped,
          slot: engine.slot(lineage: lineage, originalPath: originalPath))
        return withExtendedLifetime(engine) {
          Answer(outcome: outcome(policy, &request), filters: matches(policy, &request))
        }
      }
    }

    private func address(_ stored: wfp_address) -> Address {
      unsafe withUnsafePointer(to: stored) { unsafe Address($0) }
    }

    private func outcome(_ policy: PolicyImage, _ request: inout ConnectRequest) -> Outcome {
      switch policy.classify(&request) {
      case .pass: return .pass
      case .block(let filter): return unsafe .block(filter: filter.pointee.id)
      case .redirect(let redirect):
        var endpoint: wfp_address?
        if case .listening(let address) = unsafe policy.chooseEndpoint(redirect.provider, &request) {
          var stored = wfp_address()
          unsafe withUnsafeMutablePointer(to: &stored) { unsafe address.store(to: $0) }
          endpoint = stored
        }
        return unsafe .redirect(
          filter: redirect.filter.pointee.id, provider: redirect.filter.pointee.provider, endpoint: endpoint)
      }
    }

    private func matches(_ policy: PolicyImage, _ request: inout ConnectRequest) -> [UInt64: Match] {
      var answers: [UInt64: Match] = [:]
      let head = policy.head
      for number in 0..<head.sublayers.count {
        guard let sublayer = unsafe policy.row(head.sublayers, number, of: wfp_sublayer.self) else { continue }
        let table = unsafe sublayer.pointee.filters
        for place in 0..<table.count {
          guard let filter = unsafe policy.row(table, place, of: wfp_filter.self) else { continue }
          unsafe answers[filter.pointee.id] = unsafe match(policy, filter, sublayer, &request)
        }
      }
      return answers
    }

    private func match(
      _ policy: PolicyImage, _ filter: UnsafePointer<wfp_filter>, _ sublayer: UnsafePointer<wfp_sublayer>,
      _ request: inout ConnectRequest
    ) -> Match {
      if let kind = unsafe policy.unmetCondition(of: filter, &request) { return .unmet(kind: kind) }
      if unsafe Int(filter.pointee.action) != Int(WFP_ACTION_REDIRECT) { return .holds }
      if unsafe filter.pointee.flags & UInt32(WFP_FILTER_NAMES_UDP) == 0 && protocolNumber != tcpLevel {
        return .isForTCP
      }
      guard let provider = unsafe policy.row(policy.head.providers, filter.pointee.provider, of: wfp_provider.self),
        let set = unsafe policy.row(policy.head.sets, sublayer.pointee.set, of: wfp_policy_set.self)
      else { return .holds }
      let state = unsafe redirectState(request.slot(), provider: UnsafeRawPointer(provider))
      if state.letsGo { return .hasRedirected }
      let permits = unsafe set.pointee.flags & UInt32(WFP_SET_OTHER_PERMIT) != 0
      return state == .redirectedByOther && permits ? .isRedirectedByOther : .holds
    }
  }

  extension PolicyImage {
    fileprivate func unmetCondition(
      of filter: UnsafePointer<wfp_filter>, _ request: inout ConnectRequest
    ) -> UInt32? {
      let table = unsafe filter.pointee.conditions
      for place in 0..<table.count {
        guard let condition = unsafe row(table, place, of: wfp_condition.self) else { return 0 }
        if unsafe !holds(condition.pointee, &request) { return unsafe condition.pointee.kind }
      }
      return nil
    }
  }

  /// An engine in this process's own memory, for the records that a supposed socket carries.
  @safe
  private final class SupposedEngine {
    private let memory: UnsafeMutableRawPointer
    let engine: Engine

    init() {
      let length = Int(flowRegionLength(segments: 1))
      unsafe memory = .allocate(byteCount: Int(WFP_PAGE) + length, alignment: Int(WFP_PAGE))
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(WFP_PAGE) + length)
      let flows = unsafe (memory + Int(WFP_PAGE)).assumingMemoryBound(to: wfp_flow_header.self)
      unsafe flows.pointee.segment_count = 1
      engine = unsafe Engine(
        header: memory.assumingMemoryBound(to: wfp_engine.self), headerLength: Int(WFP_PAGE), flowHeader: flows,
        flowLength: length)
    }

    deinit { unsafe memory.deallocate() }

    /// A socket with the records of redirects by these handles; nil without any.
    func slot(lineage: [[UInt8]], originalPath: [UInt8]) -> Slot? {
      guard !lineage.isEmpty, let slot = engine.allocate(bytes: lineage.count * MemoryLayout<wfp_hop>.size),
        let hops = unsafe slot.hops
      else { return nil }
      for (place, handle) in lineage.enumerated() {
        var hop = wfp_hop()
        unsafe withUnsafeMutableBytes(of: &hop.provider) { unsafe $0.copyBytes(from: handle.prefix(16)) }
        unsafe (hops + place).initialize(to: hop)
      }
      unsafe slot.flow.pointee.hop_count = UInt16(lineage.count)
      unsafe slot.flow.pointee.set_hop_count = UInt16(lineage.count)
      unsafe slot.flow.pointee.application.path = unsafe originalPath.withUnsafeBytes { unsafe engine.intern($0) }
      slot.settle(Int(WFP_CARRYING))
      return slot
    }
  }
#endif
