#if WFPSHIM_KILL_POINTS
  import CEngine
  import FilterEngine
  import Glibc
  import RedirectCore

  /// What a victim of the storm does over and over until it is killed.
  enum Role: String, CaseIterable {
    /// Connects; connects with records set; connects where victims are the service, and where contexts are large.
    case client, chain, toVictim
    /// Accepts, asks for records and context, sets the records on a socket of its own and connects on.
    case service
    /// Loads policies of several sizes.
    case manager
    /// Gives back what is over or abandoned.
    case repairer

    var text: String { self == .toVictim ? "client of a victim" : rawValue }
  }

  /// In a process of its own.
  func play(_ role: Role, _ ground: Ground, _ engine: Engine, _ seed: UInt64) -> Never {
    let parent = getppid()
    // A fault shall end it at once, and not be on its way to a backtrace when the kill comes.
    for fault in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE] { signal(fault, SIG_DFL) }
    // What it says is no victim's business.
    _ = dup2(open("/dev/null", O_WRONLY), 1)
    var numbers = Numbers(seed: seed)
    let blob = readFile(ground.folder + "/blob")
    while getppid() == parent {
      switch role {
      case .client: visit(numbers.next(below: 2) == 0 ? Ground.Port.contoso : Ground.Port.fabrikam, [], &numbers)
      case .chain: visit(Ground.Port.contoso, blob, &numbers)
      case .toVictim: visit(Ground.Port.northwind, [], &numbers)
      case .service: relay(ground.northwind.descriptor)
      case .manager: load(ground, Int(numbers.next(below: 40)))
      case .repairer: engine.sweep()
      }
    }
    exit(0)
  }

  /// Without TIME_WAIT, which would hold a port for a minute.
  private func close(abruptly descriptor: Int32) {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    shut(descriptor)
  }

  private func visit(_ port: UInt16, _ blob: [UInt8], _ numbers: inout Numbers) {
    let descriptor = makeSocket()
    if !blob.isEmpty { for _ in 0..<8 { _ = setRecords(descriptor, blob) } }
    let outcome = connect(descriptor, port)
    // Some wait to be served, some leave at once.
    if outcome == WFP_REDIRECT && numbers.next(below: 4) != 0 { _ = answer(descriptor, patience: 20) }
    close(abruptly: descriptor)
  }

  /// The line that a service says to its client; nil when none comes in so many milliseconds.
  private func answer(_ descriptor: Int32, patience: Int32) -> String? {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, patience) <= 0 { return nil }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count <= 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  private func relay(_ listener: Int32) {
    wfp_core_listening(listener)
    var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, 1000) <= 0 { return }
    let accepted = accept(listener, nil, nil)
    if accepted < 0 { return }
    wfp_core_accepted(accepted, nil, 0)
    let said = description(accepted)
    if let records = queryRecords(accepted) {
      let onward = makeSocket()
      _ = setRecords(onward, records)
      if connect(onward, Ground.Port.contoso) == WFP_REDIRECT { _ = answer(onward, patience: 20) }
      close(abruptly: onward)
    }
    _ = send(accepted, said, said.utf8.count, Int32(MSG_DONTWAIT))
    shut(accepted)
  }

  /// A set beside the one that leads to the services.
  private func load(_ ground: Ground, _ filters: Int) {
    let lines = (0..<filters).map {
      "  - { name: extra-\($0), action: permit, conditions: { ale_app_id: /nowhere/\($0) } }\n"
    }
    let text = "version: 1\nfilters:\(filters == 0 ? " []" : "")\n" + lines.joined()
    do { try FilterEngine(path: ground.path).loadSet(name: "extra", text: text, file: "extra.yaml") } catch { exit(4) }
  }

  /// `storm-client ENGINE`: the living one. Goes on until it is told `pause`, and then says what it has seen.
  func visitForever(_ arguments: [String]) -> Never {
    wfp_core_load(arguments[0], nil, nil, nil)
    var (good, wrong) = (0, 0)
    while true {
      for port in [Ground.Port.contoso, Ground.Port.fabrikam] {
        let descriptor = makeSocket()
        let outcome = connect(descriptor, port)
        let said = outcome == WFP_REDIRECT ? answer(descriptor, patience: 10_000) : "outcome \(outcome)"
        if said == "flow \(port) 1" { good += 1 } else { wrong += 1 }
        if said != "flow \(port) 1" { say("at \(port): \(said ?? "silence")") }
        close(abruptly: descriptor)
      }
      var polled = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      if poll(&polled, 1, 0) <= 0 { continue }
      guard readLine() != nil else { exit(0) }
      say("good \(good) wrong \(wrong)")
      guard readLine() != nil else { exit(0) }
    }
  }

  /// `storm-service ENGINE LISTENER...` tells each connection what it knows of it (`description`), and keeps the first.
  func serveStorm(_ arguments: [String]) -> Never {
    wfp_core_load(arguments[0], nil, nil, nil)
    let listeners = arguments.dropFirst().map { Int32($0)! }
    for listener in listeners {
      wfp_core_listening(listener)
      _ = fcntl(listener, F_SETFL, O_NONBLOCK)
    }
    var accepted: [Int32] = []
    say("serving")
    while true {
      var polled = ([0] + listeners + accepted).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if poll(&polled, nfds_t(polled.count), -1) < 0 { continue }
      for end in polled.dropFirst(1 + listeners.count) where end.revents != 0 {
        shut(end.fd)
        accepted.removeAll { $0 == end.fd }
      }
      for listener in polled[1...listeners.count] where listener.revents != 0 {
        let descriptor = accept(listener.fd, nil, nil)
        if descriptor < 0 { continue }
        wfp_core_accepted(descriptor, nil, 0)
        let said = description(descriptor)
        _ = send(descriptor, said, said.utf8.count, Int32(MSG_DONTWAIT))
        accepted.append(descriptor)
      }
      if polled[0].revents == 0 { continue }
      guard let line = readLine(), let first = accepted.first else { exit(0) }
      if line == "again" { say(description(first)) }
      if line.hasPrefix("blob ") {
        writeFile(String(line.dropFirst(5)), queryRecords(first) ?? [])
        say("written")
      }
    }
  }
#endif
