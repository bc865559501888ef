#if WFPSHIM_KILL_POINTS
  import CEngine
  import FilterEngine
  import Glibc
  import RedirectCore

  /// What a participant does until it is killed.
  enum Scenario: String, CaseIterable {
    /// A connect; the same on a socket with records; one whose real connect fails, without and with records; one again
    /// on a socket that was redirected before.
    case connect, chain, refused, refusedChain, reconnect
    /// The same on a socket that another process shares, and that goes on with it afterwards.
    case sharedConnect, sharedSet, sharedRepair
    /// SET twice on one socket.
    case set
    /// A service accepts; a service accepts a connection with a PROXY header.
    case claim, header
    /// A connect when the table is full: of flows whose sockets are closed; of flows of the living and one of a killed
    /// process; of large contexts whose process is dead; of flows of the living, so that it grows; of one process's.
    case reclaim, repair, blocks, grow, evict
    /// A policy is loaded; one that needs a larger buffer; an engine is made.
    case reload, enlarge, create
    /// A connect stops in the middle of reading the policy, which is replaced twice. It goes by the last one.
    case stopped
    /// A query has seen a part of a PROXY header and stops; meanwhile another process takes the header.
    case waits
  }

  /// `participant SCENARIO POINT PASSES ENGINE DESCRIPTOR`; POINT is `none` to run through and say what was passed.
  func participate(_ arguments: [String]) -> Never {
    guard let scenario = Scenario(rawValue: arguments[0]), let passes = Int(arguments[2]) else { fail("arguments") }
    let (path, descriptor) = (arguments[3], Int32(arguments[4])!)
    let folder = String(path.dropLast("/engine".count))
    wfp_core_load(path, nil, nil, nil)
    if let point = KillPoint.allCases.first(where: { "\($0)" == arguments[1] }) {
      KillPoint.passed = [Int](repeating: 0, count: KillPoint.allCases.count)
      KillPoint.chosen = (point, passes)
      KillPoint.stops = scenario == .stopped || scenario == .waits
    }
    switch scenario {
    case .connect, .reclaim, .repair, .grow, .evict, .stopped:
      say("outcome \(connect(makeSocket(), Ground.Port.contoso))")
    case .blocks: say("outcome \(connect(makeSocket(), Ground.Port.bulk))")
    case .chain: withRecords(folder) { connect($0, Ground.Port.contoso) }
    case .refused: connect(makeSocket(), Ground.Port.contoso, pretending: -ECONNREFUSED)
    case .refusedChain: withRecords(folder) { connect($0, Ground.Port.contoso, pretending: -ECONNREFUSED) }
    case .reconnect: reconnect()
    case .sharedConnect, .sharedRepair: connect(descriptor, Ground.Port.contoso)
    case .sharedSet: _ = setRecords(descriptor, readFile(folder + "/blob"))
    case .set: withRecords(folder) { _ = setRecords($0, readFile(folder + "/blob")) }
    case .claim, .header: claim(descriptor)
    case .waits: say("outcome \(queryContext(descriptor)?.count ?? -1)")
    case .reload, .enlarge, .create: manage(scenario, folder, readFile(folder + "/policy"))
    }
    say("passed \(KillPoint.passed.map(String.init).joined(separator: " "))")
    exit(0)
  }

  private func withRecords(_ folder: String, _ body: (Int32) -> Void) {
    let descriptor = makeSocket()
    if setRecords(descriptor, readFile(folder + "/blob")) != 0 { fail("SET") }
    body(descriptor)
  }

  private func reconnect() {
    let descriptor = makeSocket()
    connect(descriptor, Ground.Port.contoso)
    var nobody = sockaddr()
    nobody.sa_family = sa_family_t(AF_UNSPEC)
    if Glibc.connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size)) != 0 { fail("AF_UNSPEC") }
    if connect(descriptor, Ground.Port.contoso) < 0 { fail("reconnect") }
  }

  private func claim(_ listener: Int32) {
    wfp_core_listening(listener)
    let accepted = accept(listener, nil, nil)
    if accepted < 0 { fail("accept") }
    wfp_core_accepted(accepted, nil, 0)
    if queryContext(accepted) == nil { fail("query") }
  }

  private func manage(_ scenario: Scenario, _ folder: String, _ policy: [UInt8]) {
    do {
      let engine = try FilterEngine(path: folder + (scenario == .create ? "/other" : "/engine"))
      let text = String(decoding: policy, as: UTF8.self)
      try engine.loadSet(name: scenario == .create ? "first" : "case", text: text, file: "case.yaml")
    } catch { fail("\(error)") }
  }

  /// Fills the table: `filler ENGINE COUNT BLOB` holds so many sockets with records; `bulk ENGINE COUNT` connects so often
  /// to where the context is large, and closes.
  func fill(_ arguments: [String], isBulk: Bool) -> Never {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    wfp_core_load(arguments[0], nil, nil, nil)
    let blob = isBulk ? [] : readFile(arguments[2])
    var descriptors: [Int32] = []
    for _ in 0..<Int(arguments[1])! {
      let descriptor = makeSocket()
      if isBulk {
        if connect(descriptor, Ground.Port.bulk) != WFP_REDIRECT { fail("bulk") }
        shut(descriptor)
      } else {
        if setRecords(descriptor, blob) != 0 { fail("filling") }
        descriptors.append(descriptor)
      }
    }
    say("filled")
    if readLine() == "close" { descriptors.forEach(shut) }
    exit(0)
  }
#endif
