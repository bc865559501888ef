import CEngine
import Glibc
package import Policy
import RedirectCore

/// One hooked call of a traced program (wfp_trace.h), its names looked up.
package struct TraceEvent {
  package enum Call: Int {
    case connect = 1, send, accept, ioctl
  }

  /// What the shim made of it.
  package enum Outcome: Int {
    case direct = 0, redirected, blocked, notListening, overLimit, claimed, tooLate, refused
  }

  package struct Hop {
    package let provider: String, filter: String
    /// Its service set no records; the hop is known from a connection that the service holds (SPEC S4.4).
    package let isInherited: Bool
  }

  package let call: Call, outcome: Outcome
  /// ns since 1970, and ns
  package let began: UInt64, duration: UInt64
  package let program: String, pid: UInt32, thread: UInt32
  package let descriptor: Int32
  /// errno; 0: it went well
  package let error: Int32
  package let code: UInt32, length: UInt32
  package let filterID: UInt64
  package let transport: String
  package let application: Flow.Process?
  package let destination: Endpoint?, peer: Endpoint?
  /// Of the last hop.
  package let flowID: String
  package let hopCount: Int
  /// Oldest first; the first WFP_TRACE_HOPS.
  package let hops: [Hop]

  /// - Returns: `nil` for bytes that are no event of this version.
  init?(_ bytes: ArraySlice<UInt8>, names: Engine) {
    let event = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: wfp_trace_event.self) }
    guard event.magic == WFP_TRACE_MAGIC, let call = Call(rawValue: Int(event.call)),
      let outcome = Outcome(rawValue: Int(event.outcome))
    else { return nil }
    self.call = call
    self.outcome = outcome
    (began, duration) = (event.began, event.duration)
    let program = unsafe withUnsafeBytes(of: event.program) { unsafe Array($0.prefix { $0 != 0 }) }
    self.program = String(decoding: program, as: UTF8.self)
    (pid, thread, descriptor) = (event.pid, event.thread, event.descriptor)
    error = event.result < 0 ? 0 - max(event.result, -4095) : 0
    (code, length, filterID) = (event.code, event.length, event.filter_id)
    transport = event.is_datagram != 0 ? "udp" : "tcp"
    let path = names.text(event.application_path)
    application = event.application_pid == 0 ? nil : Flow.Process(path: path, pid: event.application_pid)
    (destination, peer) = (Endpoint(event.destination), Endpoint(event.peer))
    hopCount = Int(event.hop_count)
    let hops = unsafe withUnsafeBytes(of: event.hops) { unsafe Array($0.bindMemory(to: wfp_trace_hop.self)) }
    self.hops = hops.prefix(hopCount).map {
      Hop(
        provider: names.text($0.provider_name), filter: names.text($0.filter_name),
        isInherited: $0.flags & UInt32(WFP_HOP_INHERITED) != 0)
    }
    flowID = hopCount == 0 ? "" : unsafe withUnsafeBytes(of: event.flow_id) { hexText(unsafe Array($0)) }
  }
}

/// The file that traced programs append to.
package struct TraceFile: ~Copyable {
  package let path: String
  private let descriptor: Int32
  private var rest: [UInt8] = []

  /// A new one, of this user alone, in TMPDIR.
  package init() throws(EngineError) {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    var name = Array("\(folder.hasPrefix("/") ? folder : "/tmp")/wfpctl-trace.XXXXXX".utf8CString)
    let opened = unsafe mkstemp(&name)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if opened < 0 {
      throw .system(errno, path, "cannot make the file for the trace", expected: "a TMPDIR that can be written")
    }
    _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
    descriptor = opened
  }

  deinit {
    close(descriptor)
    unsafe unlink(path)
  }

  /// What has come since it was asked last.
  package mutating func events(_ engine: borrowing FilterEngine) -> [TraceEvent] {
    let size = MemoryLayout<wfp_trace_event>.size
    var chunk = [UInt8](repeating: 0, count: size * 64)
    var events: [TraceEvent] = []
    while case let count = unsafe read(descriptor, &chunk, chunk.count), count > 0 {
      rest += chunk[..<count]
      while rest.count >= size {
        if let event = TraceEvent(rest[..<size], names: engine.mapped) { events.append(event) }
        rest.removeFirst(size)
      }
    }
    return events
  }
}
