#if WFPSHIM_KILL_POINTS
  import CEngine
  import Glibc

  /// The service of contoso, fabrikam and bulk: `service ENGINE LISTENER...`. It says `flow CONTEXT-PORT HOPS` for each
  /// connection, `closed` when one has ended, answers `again` with what the first one's queries say, and writes the last one's records to a file (`blob PATH`).
  func serve(_ arguments: [String]) -> Never {
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
      if polled[0].revents != 0 {
        guard let line = readLine() else { exit(0) }
        if line.hasPrefix("blob "), let last = accepted.last, let records = queryRecords(last) {
          writeFile(String(line.dropFirst(5)), records)
          say("written")
        }
        if line == "again", let first = accepted.first {
          say("again \(text((queryRecords(first) ?? []) + (queryContext(first) ?? [])))")
        }
      }
      for end in polled.dropFirst(1 + listeners.count) where end.revents != 0 {
        shut(end.fd)
        accepted.removeAll { $0 == end.fd }
        say("closed")
      }
      for listener in polled[1...listeners.count] where listener.revents != 0 {
        let descriptor = accept(listener.fd, nil, nil)
        if descriptor < 0 { continue }
        wfp_core_accepted(descriptor, nil, 0)
        accepted.append(descriptor)
        say(description(descriptor))
      }
    }
  }

  /// `flow PORT HOPS`: the dialled port of the context, and the length of the lineage; `stray` for a connection of which
  /// the engine knows nothing.
  func description(_ descriptor: Int32) -> String {
    guard let records = queryRecords(descriptor), let context = queryContext(descriptor), context.count >= 128 else {
      return "stray"
    }
    let hops = (records.count - MemoryLayout<wfp_records>.size) / MemoryLayout<wfp_hop>.size
    return "flow \(UInt16(context[2]) << 8 | UInt16(context[3])) \(hops)"
  }
#endif
