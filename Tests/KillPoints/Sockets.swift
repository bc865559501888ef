#if WFPSHIM_KILL_POINTS
  import CEngine
  import Glibc

  /// Sockets as a host under the preload has them: each call goes through the core, as the hooks do it (shim/).

  /// One line, at once: stdout is a pipe.
  func say(_ text: String) { _ = write(1, text + "\n", text.utf8.count + 1) }

  func fail(_ what: String) -> Never {
    say("failed \(what) \(String(cString: strerror(errno)))")
    exit(3)
  }

  /// Inherited by those who are started: the service and the participant get listeners and sockets so.
  func makeSocket(_ type: __socket_type = SOCK_STREAM) -> Int32 {
    let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
    if descriptor < 0 { fail("socket") }
    return descriptor
  }

  func withAddress<Result>(
    _ host: String, _ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    return withUnsafeMutablePointer(to: &address) { at in
      at.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  func makeListener() -> (descriptor: Int32, port: UInt16) {
    let descriptor = makeSocket()
    var address = sockaddr_in()
    let named = withAddress("127.0.0.1", 0) { at, length -> Bool in
      var size = length
      let ok =
        bind(descriptor, at, length) == 0 && listen(descriptor, 4096) == 0 && getsockname(descriptor, at, &size) == 0
      address = UnsafeRawPointer(at).loadUnaligned(as: sockaddr_in.self)
      return ok
    }
    if !named { fail("listen") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  let somewhere = "192.0.2.1"  // nobody is there: what reaches somebody was redirected

  /// - Returns: What the core said; the real connect was made when it redirected.
  @discardableResult
  func connect(_ descriptor: Int32, _ port: UInt16, pretending result: Int32? = nil) -> Int32 {
    var plan = wfp_connect()
    let what = withAddress(somewhere, port) { wfp_core_connect(descriptor, $0, $1, &plan) }
    guard what == WFP_REDIRECT else { return what }
    let made =
      result
      ?? withUnsafePointer(to: &plan.address) { at in
        at.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(descriptor, $0, plan.length) == 0 ? 0 : -errno
        }
      }
    wfp_core_connected(descriptor, &plan, made)
    return made == 0 ? what : made
  }

  func setRecords(_ descriptor: Int32, _ blob: [UInt8]) -> Int32 {
    blob.withUnsafeBytes { bytes in
      var request = wfp_ioctl(
        in: bytes.baseAddress, out: nil, in_size: UInt32(bytes.count), out_size: 0, bytes_returned: 0, reserved: 0)
      return wfp_core_ioctl(descriptor, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &request)
    }
  }

  /// - Returns: `nil` for an error.
  func query(_ descriptor: Int32, _ code: UInt32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 70_000)
    let capacity = UInt32(bytes.count)
    var length: UInt32 = 0
    let result = bytes.withUnsafeMutableBytes { memory in
      var request = wfp_ioctl(
        in: nil, out: memory.baseAddress, in_size: 0, out_size: capacity, bytes_returned: 0, reserved: 0)
      defer { length = request.bytes_returned }
      return wfp_core_ioctl(descriptor, code, &request)
    }
    return result == 0 ? Array(bytes[..<Int(length)]) : nil
  }

  func queryRecords(_ descriptor: Int32) -> [UInt8]? { query(descriptor, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS) }
  func queryContext(_ descriptor: Int32) -> [UInt8]? { query(descriptor, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT) }

  func shut(_ descriptor: Int32) {
    wfp_core_closing(descriptor)
    close(descriptor)
  }

  func text(_ bytes: [UInt8]) -> String { bytes.map { String($0, radix: 16) }.joined(separator: ".") }
#endif
