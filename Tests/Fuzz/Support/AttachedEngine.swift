import CEngine
import FilterEngine
import Glibc

@testable import RedirectCore

/// A real engine file with a policy, one published and one claimed flow, to which this process's core is attached: what a
/// preloaded program has. Made once; what a run changes is put back.
final class AttachedEngine: @unchecked Sendable {  // one thread at a time uses it
  static let shared = AttachedEngine()

  let path: String
  let size: Int
  /// The file as it was made, and where it is written to.
  let pristine: [UInt8]
  let file: UnsafeMutableRawPointer
  /// The application's socket of the claimed flow, and the service's.
  let client, accepted: Int32
  private let listener: Int32

  private init() {
    var template = Array("/tmp/wfpshim-fuzz-XXXXXX".utf8CString)
    mustHold(mkdtemp(&template) != nil, "mkdtemp")
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = folder + "/engine"
    listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    mustHold(bind(listener, Address("127.0.0.1")) == 0 && listen(listener, 8) == 0, "no listener")
    let endpoint = socketName(listener)!
    do {
      let engine = try FilterEngine(path: path)
      try engine.loadSet(name: "fuzz", text: Self.policy(UInt16(bigEndian: endpoint.port)), file: "fuzz.yaml")
    } catch { fatalError("\(error)") }
    wfp_core_load(path, nil, nil, nil)
    (client, accepted) = Self.makeFlow(listener)
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    size = Int(status.st_size)
    file = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)!
    pristine = Array(UnsafeRawBufferPointer(start: file, count: size))
    atexit {
      unlink(AttachedEngine.shared.path)
      rmdir(String(AttachedEngine.shared.path.dropLast("/engine".count)))
    }
  }

  private static func policy(_ port: UInt16) -> String {
    """
    version: 1
    providers:
      - { name: contoso, endpoints: ["127.0.0.1:\(port)"], context: [ {sockaddr: remote}, {app_path: {}}, {pid: {}} ] }
    filters:
      - { name: to-contoso, action: redirect, provider: contoso, conditions: {
          ip_protocol: [tcp, udp], ip_remote_address: [192.0.2.0/24, "2001:db8::/32"] } }
      - { name: no, action: block, conditions: { ip_remote_address: 198.51.100.0/24 } }
    """
  }

  /// Connects as a hooked program does, and accepts as a hooked service does.
  private static func makeFlow(_ listener: Int32) -> (Int32, Int32) {
    let client = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var plan = wfp_connect()
    let what = withSocketAddress(Address("192.0.2.9", 443)) { wfp_core_connect(client, $0, $1, &plan) }
    mustHold(what == redirected, "not redirected: \(what)")
    let result = wfp_connect_socket(client, &plan.address, plan.length)
    wfp_core_connected(client, &plan, result)
    let accepted = accept(listener, nil, nil)
    wfp_core_accepted(accepted, nil, 0)
    mustHold(find(socketCookie(accepted) ?? 0) != nil, "not claimed")
    return (client, accepted)
  }

  /// Puts back what the run changed, in the file and in the process.
  func restore() {
    let chunk = 16 * Int(WFP_PAGE)
    pristine.withUnsafeBytes { pristine in
      for at in stride(from: 0, to: size, by: chunk) {
        let (from, count) = (pristine.baseAddress! + at, min(chunk, size - at))
        if memcmp(file + at, from, count) != 0 { memcpy(file + at, from, count) }
      }
    }
    forgetProcess()
  }

  /// As if the process had just been started.
  func forgetProcess() {
    let mappings = wfp_mappings()
    for number in 0..<Int(WFP_MAPPINGS) {
      if let header = mappings[number].header { wfp_unmap(header, mappings[number].header_length) }
      if let flows = mappings[number].flow_header { wfp_unmap(flows, mappings[number].flow_length) }
    }
    memset(wfp_process(), 0, MemoryLayout<wfp_process>.size)
    wfp_core_load(path, nil, nil, nil)
  }
}

func withSocketAddress<Result>(_ address: Address, _ body: (UnsafePointer<sockaddr>, UInt32) -> Result) -> Result {
  var storage = sockaddr_storage()
  return withUnsafeMutablePointer(to: &storage) { at in
    let length = address.writeSocketAddress(to: at, familyNumber: address.family)
    return at.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, UInt32(length)) }
  }
}

/// Two pages that can be written, one that can only be read, two that cannot be touched: where hostile pointers lead.
final class HostileMemory: @unchecked Sendable {  // as AttachedEngine
  static let shared = HostileMemory()
  let start: UnsafeMutableRawPointer
  /// Where writable memory ends.
  let end: UnsafeMutableRawPointer

  private init() {
    let page = Int(WFP_PAGE)
    let base = mmap(nil, 5 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    start = base + page
    end = start + 2 * page
    mprotect(start, 2 * page, PROT_READ | PROT_WRITE)
    mprotect(end + page, page, PROT_READ)
  }

  /// Bytes that end where the next page cannot be touched.
  func atTheEnd(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
    let at = end - min(bytes.count, 2 * Int(WFP_PAGE))
    at.copyMemory(from: bytes, byteCount: min(bytes.count, 2 * Int(WFP_PAGE)))
    return at
  }

  /// Somewhere in or around the pages; NULL and the ends of the address space too.
  func pointer(_ input: inout Input) -> UnsafeMutableRawPointer? {
    let kind = input.u8()
    let offset = Int(input.u16()) % (5 * Int(WFP_PAGE))
    switch kind % 8 {
    case 0: return nil
    case 1: return UnsafeMutableRawPointer(bitPattern: UInt.max - UInt(offset))
    case 2: return UnsafeMutableRawPointer(bitPattern: UInt(offset) + 1)
    case 3, 4: return start - Int(WFP_PAGE) + offset
    default: return end - offset % (2 * Int(WFP_PAGE))
    }
  }
}
