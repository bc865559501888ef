import CEngine
import FilterEngine
import Glibc
import Policy

/// What `trace` prints of one event.
struct TraceReport {
  let event: TraceEvent
  /// The filters in force, by their numbers.
  let filters: [UInt64: String]

  private static let codes: [UInt32: String] = [
    SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS: "SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS",
    SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT: "SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT",
    SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS: "SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS",
  ]

  private var filter: String? {
    guard event.filterID != 0 else { return nil }
    if event.outcome == .redirected, let last = event.hops.last, event.hopCount == event.hops.count {
      return last.filter
    }
    return filters[event.filterID]
  }

  private var lineage: String {
    let names = event.hops.map { $0.isInherited ? "(\($0.provider))" : $0.provider }
    return (names + (event.hopCount > names.count ? ["..."] : [])).joined(separator: " -> ")
  }

  private var what: String {
    switch event.call {
    case .connect: "connect \(event.descriptor) to \(name(event.destination))"
    case .send: "send \(event.descriptor) to \(name(event.destination))"
    case .accept: "accept \(event.descriptor) from \(name(event.peer))"
    case .ioctl: "\(Self.codes[event.code] ?? "control code") on \(event.descriptor)"
    }
  }

  /// What is wrong with the program, where the event shows it.
  var advice: String? {
    if event.outcome == .tooLate {
      return "too late: the socket is connected, connecting or listening; records are set before connect"
    }
    let isRedirect = event.outcome == .redirected || event.outcome == .overLimit
    guard event.call != .ioctl, event.call != .accept, isRedirect, event.hops.contains(where: \.isInherited) else {
      return nil
    }
    return
      "no records were set on this socket: SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS before connect would say whose it is"
  }

  private var outcome: String? {
    let byFilter = " by filter \(filter ?? "?") (\(event.filterID))"
    let service = event.hops.last?.provider ?? "?"
    switch event.outcome {
    case .direct: return event.call == .connect ? "direct" : nil
    case .redirected: return "redirected to \(service) at \(name(event.peer))" + byFilter
    case .blocked: return "blocked" + byFilter
    case .notListening: return "refused: redirected" + byFilter + ", and no endpoint of the service is listening"
    case .overLimit: return "refused: redirected" + byFilter + " once more than the limit, a loop"
    case .claimed:
      let dialled = event.application.map { "\(lastPart($0.path))[\($0.pid)] dialled " } ?? ""
      return "claimed, \(dialled)\(name(event.destination))"
    case .tooLate: return nil
    case .refused: return "refused by the preload"
    }
  }

  /// - Parameter start: ns since 1970 from which times count.
  func text(since start: UInt64) -> String {
    let microseconds = String(event.began > start ? (event.began - start) / 1000 % 1_000_000 : 0)
    let seconds = event.began > start ? (event.began - start) / 1_000_000_000 : 0
    let time = "\(seconds).\(String(repeating: "0", count: 6 - microseconds.count))\(microseconds)"
    var parts = [outcome, event.error == 0 ? nil : errorName(event.error)].compactMap { $0 }
    if event.call == .ioctl, event.length > 0 || event.error == 0 { parts.append("\(event.length) bytes") }
    if !event.hops.isEmpty { parts.append("lineage \(lineage)") }
    if let advice { parts.append(advice) }
    parts.append("\(Double(event.duration / 1000) / 1000) ms")
    return "\(time)  \(event.program)[\(event.pid)]  \(what): \(parts.joined(separator: "; "))"
  }

  var json: JSON {
    .object([
      "version": .number(1), "call": .string("\(event.call)"), "outcome": .string("\(event.outcome)"),
      "time": .time(event.began), "seconds": .decimal(Double(event.duration) / 1_000_000_000),
      "program": .known(event.program), "pid": .number(UInt64(event.pid)), "thread": .number(UInt64(event.thread)),
      "descriptor": event.descriptor < 0 ? .null : .number(UInt64(event.descriptor)),
      "protocol": .string(event.transport),
      "error": event.error == 0 ? .null : .string(errorName(event.error)),
      "code": event.call == .ioctl ? .optional(Self.codes[event.code]) : .null,
      "bytes": event.call == .ioctl ? .number(UInt64(event.length)) : .null,
      "destination": .optional(event.destination), "peer": .optional(event.peer),
      "application": .known(event.application?.path ?? ""),
      "applicationPid": event.application.map { .number(UInt64($0.pid)) } ?? .null,
      "filter": .optional(filter), "filterId": event.filterID == 0 ? .null : .number(event.filterID),
      "flow": .known(event.flowID),
      "lineage": .array(
        event.hops.map {
          .object([
            "provider": .known($0.provider), "filter": .known($0.filter), "inherited": .bool($0.isInherited),
          ])
        }),
      "advice": .optional(advice),
    ])
  }

  private func name(_ endpoint: Endpoint?) -> String { endpoint?.description ?? "?" }
}

/// As a program's source has it: ECONNREFUSED.
func errorName(_ number: Int32) -> String {
  unsafe wfp_error_name(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
}

/// A program's name; `?` when its path is not known.
func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "?" }
