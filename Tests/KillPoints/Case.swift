#if WFPSHIM_KILL_POINTS
  import CEngine
  import FilterEngine
  import Glibc
  import RedirectCore

  /// One participant that is killed at one point, and what the living find afterwards: `case SCENARIO POINT PASSES`.
  final class Case {
    private let scenario: Scenario
    private let ground: Ground
    private let service: Child
    private let view: View
    /// The living flow, made before.
    private let living = makeSocket()
    private var livingAnswer: String?
    private var fillers: [Child] = []
    private var wrong: [String] = []
    private var blob: String { ground.folder + "/blob" }

    init(_ scenario: Scenario) {
      self.scenario = scenario
      ground = Ground(segmentLimit: scenario == .grow ? 2 : 1)
      view = View(ground.path)
      let listeners = [ground.contoso, ground.fabrikam, ground.bulk].map { "\($0.descriptor)" }
      service = Child(["service", ground.path] + listeners)
      expect(service.line() == "serving", "the service runs")
      wfp_core_load(ground.path, nil, nil, nil)
      expect(connect(living, Ground.Port.contoso) == WFP_REDIRECT, "the living connect is redirected")
      expect(service.line() == "flow \(Ground.Port.contoso) 1", "the living flow is claimed")
      service.say("again")
      livingAnswer = service.line(beginning: "again ")
      expect((livingAnswer?.count ?? 0) > 500, "the living flow answers")
      // Records of fabrikam may be set on sockets that go to contoso.
      exchange("blob \(blob)", "written")
    }

    private func expect(_ condition: Bool, _ what: String) { if !condition { wrong.append(what) } }

    /// A connect to fabrikam of this process, and what its service says then.
    private func exchange(_ command: String, _ answer: String) {
      let descriptor = makeSocket()
      let outcome = connect(descriptor, Ground.Port.fabrikam)
      expect(outcome == WFP_REDIRECT, "a connect of the living is redirected, not \(outcome)")
      expect(service.line(beginning: "flow \(Ground.Port.fabrikam) 1") != nil, "its service has its context")
      service.say(command)
      let said = service.line(beginning: String(answer.prefix(6)))
      expect(said == answer, "the service answers as before")
      shut(descriptor)
      expect(service.line(beginning: "closed") != nil, "its connection ends")
    }

    func run(_ point: String, _ passes: Int) {
      let shared = prepare()
      let participant = start(point, passes, shared)
      if scenario == .stopped && point != "none" { replacePolicy(under: participant) }
      let client = scenario == .claim || scenario == .header ? meet() : nil
      let outcome = scenario == .stopped ? participant.line(beginning: "outcome ") : nil
      let said = participant.line(beginning: "passed ")
      let status = participant.wait()
      if let client { shut(client) }
      var lost = 0
      if point == "none" {
        say(said ?? "nothing was said, status \(status)")
      } else if scenario == .stopped {
        let wanted = Case.decided.contains(point) ? Int32(WFP_REDIRECT) : -EACCES
        expect(outcome == "outcome \(wanted)", "\(outcome ?? "silence"), not \(wanted)")
        lost = check(1)
      } else {
        expect(status == 128 + SIGKILL, "killed at the point, not \(status)")
        goOn(shared)
        lost = check(shared != nil ? 2 : 1)
      }
      fillers.forEach { $0.end() }
      service.end()
      ground.remove()
      if point != "none" { say("result \(lost) \(wrong.count) \(wrong.joined(separator: "; "))") }
    }

    /// Where the connect goes by the policy that it has read: nothing of it is read any more.
    private static let decided = [
      "\(KillPoint.ownerIndexed)", "\(KillPoint.tupleIndexed)", "\(KillPoint.flowPublished)",
      "\(KillPoint.flowCounted)", "\(KillPoint.connectPlanned)",
    ]

    private func start(_ point: String, _ passes: Int, _ shared: Int32?) -> Child {
      let descriptor =
        shared
        ?? (scenario == .claim ? ground.northwind.descriptor : scenario == .header ? ground.header.descriptor : 0)
      return Child(["participant", scenario.rawValue, point, "\(passes)", ground.path, "\(descriptor)"])
    }

    /// Both buffers are written anew: first as before, then so that the participant's connect is blocked.
    private func replacePolicy(under participant: Child) {
      expect(participant.waitForStop(), "it stops")
      do {
        let engine = try FilterEngine(path: ground.path)
        for text in [ground.policy(extra: 7), ground.policy(extra: 1, blocking: Ground.Port.contoso)] {
          try engine.loadSet(name: "case", text: text, file: "case.yaml")
        }
      } catch { fail("\(error)") }
      kill(participant.pid, SIGCONT)
    }

    /// - Returns: The socket that this process shares with the participant.
    private func prepare() -> Int32? {
      switch scenario {
      case .sharedConnect, .sharedSet, .sharedRepair:
        let shared = makeSocket()
        expect(setRecords(shared, readFile(blob)) == 0, "records are set on the shared socket")
        if scenario == .sharedRepair {
          let point = "\(KillPoint.tupleIndexed)"
          let killed = Child(["participant", "\(Scenario.sharedConnect)", point, "0", ground.path, "\(shared)"])
          expect(killed.wait() == 128 + SIGKILL, "one was killed before")
        }
        return shared
      case .repair:
        fill(5, leaving: 1)
        let killed = Child(["participant", "connect", "\(KillPoint.tupleIndexed)", "0", ground.path, "0"])
        expect(killed.wait() == 128 + SIGKILL, "one was killed before, in the last slot")
      case .reclaim:
        fill(5)
        for filler in fillers {
          filler.say("close")
          filler.wait()
        }
        fillers = []
      case .grow: fill(5)
      case .evict: fill(1)
      case .blocks:
        let filler = Child(["bulk", ground.path, "40"])
        expect(filler.line() == "filled", "large contexts")
        filler.end()
        for _ in 0..<40 { _ = service.line(beginning: "closed") }
      case .reload, .create: writeFile(ground.folder + "/policy", Array(ground.policy(extra: 1).utf8))
      case .enlarge: writeFile(ground.folder + "/policy", Array(ground.policy(extra: 3000).utf8))
      default: break
      }
      return nil
    }

    /// Takes every free slot but a few, in so many processes.
    private func fill(_ processes: Int, leaving left: Int = 0) {
      view.engine.sweep()
      let free = view.engine.audit().free - left
      for number in 0..<processes {
        let share = free / processes + (number < free % processes ? 1 : 0)
        fillers.append(Child(["filler", ground.path, "\(share)", blob]))
        expect(fillers[number].line() == "filled", "the table is filled")
      }
      expect(view.engine.audit().free == left, "the table is full")
    }

    /// The other side of a service that is the participant.
    private func meet() -> Int32 {
      let descriptor = makeSocket()
      if scenario == .claim {
        expect(connect(descriptor, Ground.Port.northwind) == WFP_REDIRECT, "the connect to the participant")
        return descriptor
      }
      let connected = withAddress("127.0.0.1", ground.header.port) { Glibc.connect(descriptor, $0, $1) }
      let header: [UInt8] =
        [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12]
        + [192, 0, 2, 7, 192, 0, 2, 1, 0x30, 0x39, 0x1b, 0x59]
      expect(connected == 0 && send(descriptor, header, header.count, 0) == header.count, "the header is sent")
      return descriptor
    }

    /// The next one does what the killed one was at.
    private func goOn(_ shared: Int32?) {
      switch scenario {
      case .sharedConnect, .sharedSet, .sharedRepair:
        guard let shared else { return }
        if scenario == .sharedSet { expect(setRecords(shared, readFile(blob)) == 0, "SET on the shared socket") }
        let outcome = connect(shared, Ground.Port.contoso)
        expect(outcome == WFP_REDIRECT, "a connect of the shared socket is redirected, not \(outcome)")
        expect(service.line(beginning: "flow ") == "flow \(Ground.Port.contoso) 2", "with its records")
      case .reclaim, .repair, .blocks, .grow, .evict:
        let next = start("none", 0, nil)
        let said = next.line(beginning: "outcome ")
        expect(said == "outcome \(WFP_REDIRECT)", "the next one connects, not \(said ?? "silence")")
        next.wait()
      case .reload, .enlarge, .create:
        let next = start("none", 0, nil)
        expect(next.line(beginning: "passed ") != nil && next.wait() == 0, "the next manager does it")
      default: break
      }
    }

    /// - Returns: How many slots are neither free nor a living flow's.
    private func check(_ flows: Int) -> Int {
      fillers.forEach { $0.end() }
      fillers = []
      exchange("again", livingAnswer ?? "")
      var audit = Audit()
      var lost = 0
      let deadline = wfp_now(CLOCK_MONOTONIC) + 5_000_000_000
      repeat {  // connections of the dead end when the kernel is done with them
        sched_yield()
        view.engine.sweep()
        audit = view.engine.audit()
        lost = audit.busy + audit.settled - flows
      } while lost + audit.strayBlocks + audit.strayEntries > 0 && wfp_now(CLOCK_MONOTONIC) < deadline
      expect(audit.strayBlocks == 0, "\(audit.strayBlocks) blocks are nobody's")
      expect(audit.strayEntries == 0, "\(audit.strayEntries) index entries lead nowhere")
      expect(audit.unfound == 0, "\(audit.unfound) slots are not found")
      expect(audit.locked == 0, "\(audit.locked) header locks are held")
      for path in [ground.path, ground.folder] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        expect(flock(file, LOCK_EX | LOCK_NB) == 0, "nobody holds the lock of \(path)")
        close(file)
      }
      return lost
    }
  }
#endif
