#if WFPSHIM_KILL_POINTS
  import CEngine
  import FilterEngine
  import Glibc
  import RedirectCore

  /// kill -9 at any instruction: `storm KILLS`. Victims take part in every way and are killed after a random time; in the
  /// midst of it a client goes on, whose every connection must be redirected, served and have its own context. At times
  /// all victims are killed, and nothing may be left of them in the engine.
  final class Storm {
    private let ground = Ground(segmentLimit: 1)
    private let view: View
    private let service: Child
    private let client: Child
    /// A flow that lives through all of it.
    private let living = makeSocket()
    private var victims: [(pid: pid_t, role: Role)] = []
    private var kills = [Int](repeating: 0, count: Role.allCases.count)
    private var checks = 0, lost = 0
    private var wrong: [String] = []
    private var numbers = Numbers(seed: 1)
    private static let atOnce = 6, between = 2000

    init() {
      view = View(ground.path)
      let listeners = [ground.contoso, ground.fabrikam].map { "\($0.descriptor)" }
      service = Child(["storm-service", ground.path] + listeners)
      if service.line() != "serving" { fail("the service") }
      wfp_core_load(ground.path, nil, nil, nil)
      wfp_core_listening(ground.northwind.descriptor)
      _ = fcntl(ground.northwind.descriptor, F_SETFL, O_NONBLOCK)
      if connect(living, Ground.Port.fabrikam) != WFP_REDIRECT { fail("the living connect") }
      service.say("blob \(ground.folder)/blob")
      if service.line() != "written" { fail("the records") }
      client = Child(["storm-client", ground.path])
    }

    private func expect(_ condition: Bool, _ what: String) { if !condition { wrong.append(what) } }

    /// - Returns: Whether all went well.
    func run(_ count: Int) -> Bool {
      let started = wfp_now(CLOCK_MONOTONIC)
      for number in 0..<count {
        while victims.count < Storm.atOnce { start() }
        if number % Storm.between == Storm.between - 1 { check() }
        usleep(UInt32(numbers.next(below: 1000)))
        if !victims.isEmpty { kill(Int(numbers.next(below: UInt64(victims.count)))) }
      }
      check()
      let seconds = (wfp_now(CLOCK_MONOTONIC) - started) / 1_000_000_000
      service.end()
      client.end()
      ground.remove()
      report(Int(seconds))
      return lost == 0 && wrong.isEmpty
    }

    private func start() {
      let role = Role.allCases[Int(numbers.next(below: UInt64(Role.allCases.count)))]
      let seed = numbers.next(below: .max)
      let pid = makeProcess()
      if pid < 0 { fail("fork") }
      if pid == 0 { play(role, ground, view.engine, seed) }
      victims.append((pid, role))
    }

    private func kill(_ at: Int) {
      let (pid, role) = victims.remove(at: at)
      Glibc.kill(pid, SIGKILL)
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      expect(status & 0x7f == SIGKILL, "a \(role.rawValue) ended by itself, \(status)")
      kills[Role.allCases.firstIndex(of: role)!] += 1
    }

    /// Nobody of the victims is left; one flow is.
    private func check() {
      while !victims.isEmpty { kill(0) }
      client.say("pause")
      // On a busy machine the listener's queue may be full, and its connect waits for the kernel's repetitions.
      let said = client.line(patience: 60_000) ?? "silence"
      expect(said.hasSuffix(" wrong 0"), "the living client: \(said)")
      var audit = Audit()
      var left = 0
      let deadline = wfp_now(CLOCK_MONOTONIC) + 20_000_000_000
      repeat {  // connections of the dead end when the kernel and the service are done with them
        sched_yield()
        drain()
        view.engine.sweep()
        audit = view.engine.audit()
        left = audit.busy + audit.settled - 1
      } while left + audit.strayBlocks + audit.strayEntries > 0 && wfp_now(CLOCK_MONOTONIC) < deadline
      lost += left
      expect(audit.strayBlocks == 0, "\(audit.strayBlocks) blocks are nobody's")
      expect(audit.strayEntries == 0, "\(audit.strayEntries) index entries lead nowhere")
      expect(audit.unfound == 0, "\(audit.unfound) slots are not found")
      expect(audit.locked == 0, "\(audit.locked) header locks are held")
      service.say("again")
      expect(service.line() == "flow \(Ground.Port.fabrikam) 1", "the living flow answers as before")
      checks += 1
      client.say("go")
    }

    /// What killed services left in their listener's queue.
    private func drain() {
      while true {
        let descriptor = accept(ground.northwind.descriptor, nil, nil)
        if descriptor < 0 { return }
        wfp_core_accepted(descriptor, nil, 0)
        shut(descriptor)
      }
    }

    private func report(_ seconds: Int) {
      print("| killed | times |\n|---|---:|")
      for (role, count) in zip(Role.allCases, kills) { print("| \(role.text) | \(count) |") }
      let counts = wfp_counts(view.engine.flowHeader)
      print(Count.allCases.map { "\($0) \(wfp_load(counts + $0.rawValue))" }.joined(separator: ", "))
      for text in wrong.prefix(20) { print("WRONG: \(text)") }
      print(
        "\(kills.reduce(0, +)) kills in \(seconds) s, \(checks) checks, \(lost) slots lost, \(wrong.count) wrong answers"
      )
    }
  }

  /// xorshift64: the same storm each time as far as the machine allows.
  struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next(below limit: UInt64) -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state % limit
    }
  }

  /// Swift does not offer fork. This program has one thread.
  private let makeProcess = unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
#endif
