// A redirect service that goes through every call of WFPRedirect and says what came: ProbeRedirect CLIENTS.
import Glibc
import WFPRedirect

func say(_ words: String) {
  print(words)
  fflush(nil)
}

func attempt(_ name: String, _ body: () throws -> String) {
  do { say("\(name): \(try body())") } catch { say("\(name): \(error)") }
}

/// Both forms of a query, the one that fills memory of the caller's with just enough and with one byte less.
func compare(
  _ name: String, _ bytes: [UInt8], _ fill: (inout OutputRawSpan) throws(RedirectError) -> Void
) {
  for short in [0, 1] {
    attempt("\(name) into \(short) less") {
      let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count - short, alignment: 1)
      defer { room.deallocate() }
      var output = OutputRawSpan(buffer: room, initializedCount: 0)
      do {
        try fill(&output)
        let count = output.finalize(for: room)
        return "\(count == bytes.count && room.elementsEqual(bytes))"
      } catch {
        return "\(error), \(output.byteCount) written"
      }
    }
  }
}

func serve(_ client: CInt) {
  let accepted = RedirectSocket(client)
  let onward = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { for end in [client, onward] { close(end) } }
  let next = RedirectSocket(onward)
  attempt("not connected") { "\(try next.redirectContext().bytes.count) bytes" }
  attempt("bad records") {
    try next.setRedirectRecords(RedirectRecords(bytes: [1, 2, 3]))
    return "taken"
  }
  do {
    let records = try accepted.redirectRecords()
    let context = try accepted.redirectContext()
    say("records: \(!records.bytes.isEmpty && records.bytes.count <= 256)")
    say("context: \(context.bytes.count)")
    compare("records", records.bytes) { output throws(RedirectError) in try accepted.redirectRecords(into: &output) }
    compare("context", context.bytes) { output throws(RedirectError) in try accepted.redirectContext(into: &output) }
    try next.setRedirectRecords(records)
    try next.setRedirectRecords(records.bytes.span.bytes)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = context.load(at: 2, as: UInt16.self) ?? 0
    address.sin_addr.s_addr = context.load(at: 4, as: UInt32.self) ?? 0
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(onward, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    say("connected on: \(result)")
    attempt("too late") {
      try next.setRedirectRecords(records)
      return "taken"
    }
    copy(client, onward)
    copy(onward, client)
  } catch {
    say("not redirected: \(error)")
  }
}

func copy(_ source: CInt, _ target: CInt) {
  var data = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = read(source, &data, data.count)
    guard count > 0 else { break }
    write(target, data, count)
  }
  shutdown(target, Int32(SHUT_WR))
}

let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var address = sockaddr_in()
address.sin_family = sa_family_t(AF_INET)
address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
var size = socklen_t(MemoryLayout<sockaddr_in>.size)
withUnsafeMutablePointer(to: &address) {
  $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
    _ = bind(listener, name, size)
    _ = listen(listener, 16)
    _ = getsockname(listener, name, &size)
  }
}
say("listening \(UInt16(bigEndian: address.sin_port))")
for _ in 0..<(Int(CommandLine.arguments.last ?? "") ?? 1) { serve(accept(listener, nil, nil)) }
