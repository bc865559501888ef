#if WFPSHIM_KILL_POINTS
  import CEngine
  import Glibc
  import RedirectCore

  /// `case waits POINT PASSES`: two processes share an accepted socket. One has seen a part of its PROXY header and is about
  /// to wait for the rest, when the other takes the whole. It has the same answer, although nothing comes any more, and
  /// the socket is readable from the first byte on, as before.
  struct HeaderRace {
    private static let point = KillPoint.headerSeenInPart
    private let ground = Ground(segmentLimit: 1)
    private let client = makeSocket()
    private let header: [UInt8] =
      [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12]
      + [192, 0, 2, 7, 192, 0, 2, 1, 0x30, 0x39, 0x1b, 0x59]
    private static let part = 20

    func run(_ point: String) {
      if point == "none" {
        say("passed " + KillPoint.allCases.map { $0 == Self.point ? "1" : "0" }.joined(separator: " "))
      } else {
        let wrong = race()
        say("result 0 \(wrong.count) \(wrong.joined(separator: "; "))")
      }
      ground.remove()
    }

    private func race() -> [String] {
      var wrong: [String] = []
      func expect(_ condition: Bool, _ what: String) { if !condition { wrong.append(what) } }
      wfp_core_load(ground.path, nil, nil, nil)
      let connected = withAddress("127.0.0.1", ground.header.port) { Glibc.connect(client, $0, $1) }
      expect(connected == 0 && send(client, header, Self.part, 0) == Self.part, "a part of the header is sent")
      let accepted = accept(ground.header.descriptor, nil, nil)
      let participant = Child(["participant", "\(Scenario.waits)", "\(Self.point)", "0", ground.path, "\(accepted)"])
      expect(participant.waitForStop(), "it stops")
      let rest = Array(header[Self.part...])
      expect(send(client, rest, rest.count, 0) == rest.count, "the rest is sent")
      let own = queryContext(accepted)?.count ?? -1
      expect(own > 0, "this process has the header")
      kill(participant.pid, SIGCONT)
      let said = participant.line(beginning: "outcome ") ?? "silence"
      expect(said == "outcome \(own)", "\(said), not a context of \(own) bytes")
      if said == "silence" { kill(participant.pid, SIGKILL) }
      participant.wait()
      expect(lowWater(accepted) == 1, "the socket waits for \(lowWater(accepted)) bytes")
      shut(accepted)
      shut(client)
      return wrong
    }

    private func lowWater(_ descriptor: Int32) -> Int32 {
      var (mark, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
      getsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &mark, &size)
      return mark
    }
  }
#endif
