#if WFPSHIM_KILL_POINTS
  import CEngine
  import FilterEngine
  import Glibc
  import RedirectCore

  /// The engine of one case, its listeners and its policy.
  struct Ground {
    /// What each port leads to.
    enum Port {
      static let contoso: UInt16 = 7001
      static let fabrikam: UInt16 = 7002
      static let northwind: UInt16 = 7003  // only the participant accepts for it
      static let bulk: UInt16 = 7004  // a large context
    }

    let folder: String
    var path: String { folder + "/engine" }
    let contoso: (descriptor: Int32, port: UInt16)
    let fabrikam: (descriptor: Int32, port: UInt16)
    let northwind: (descriptor: Int32, port: UInt16)
    let bulk: (descriptor: Int32, port: UInt16)
    let header: (descriptor: Int32, port: UInt16)

    init(segmentLimit: UInt64) {
      var template = Array("/dev/shm/wfpshim-kill-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { fail("mkdtemp") }
      folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      (contoso, fabrikam, northwind) = (makeListener(), makeListener(), makeListener())
      (bulk, header) = (makeListener(), makeListener())
      do {
        let engine = try FilterEngine(path: path)
        try engine.loadSet(name: "case", text: policy(), file: "case.yaml")
      } catch { fail("\(error)") }
      View(path).engine.header.pointee.segment_limit = segmentLimit
    }

    /// - Parameters:
    ///   - extra: So many filters more, which match nothing.
    ///   - blocked: A port to which connects are blocked.
    func policy(extra: Int = 0, blocking blocked: UInt16? = nil) -> String {
      func provider(_ name: String, _ port: UInt16, _ more: String) -> String {
        "  - { name: \(name), endpoints: [\"127.0.0.1:\(port)\"], \(more) }\n"
      }
      func filter(_ name: String, _ port: UInt16) -> String {
        "  - { name: to-\(name), action: redirect, provider: \(name), weight: 5, conditions: { ip_remote_port: \(port) } }\n"
      }
      let context = "context: [{sockaddr_storage: remote}, {pid: {}}]"
      var text = "version: 1\nproviders:\n"
      text += provider("contoso", contoso.port, context) + provider("fabrikam", fabrikam.port, context)
      text += provider("northwind", northwind.port, context)
      text += provider("bulk", bulk.port, "context: [{sockaddr_storage: remote}, {pad_to: 60000}]")
      text += provider("header", header.port, "accepts: [proxy-v2], " + context)
      text += "filters:\n" + filter("contoso", Port.contoso) + filter("fabrikam", Port.fabrikam)
      text += filter("northwind", Port.northwind) + filter("bulk", Port.bulk)
      if let blocked {
        text += "  - { name: blocked, action: block, weight: 90, conditions: { ip_remote_port: \(blocked) } }\n"
      }
      for i in 0..<extra {
        text += "  - { name: extra-\(i), action: permit, weight: 1, conditions: { ale_app_id: /nowhere/\(i) } }\n"
      }
      return text
    }

    func remove() {
      for name in ["engine", "blob", "policy", "other", ".other.new"] { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
  }

  /// A view of the engine file of its own: not that through which this process takes part.
  struct View {
    let engine: Engine

    init(_ path: String) {
      let file = open(path, O_RDWR | O_CLOEXEC)
      let length = Int(WFP_PAGE) + 2 * Int(WFP_POLICY_BUFFER_SIZE)
      let reach = Int(flowRegionLength(segments: UInt32(WFP_SEGMENTS)))
      guard file >= 0, let header = wfp_map_file(file, 0, length, 1),
        let flows = wfp_map_file(file, Int64(length), reach, 1)
      else { fail("map \(path)") }
      close(file)
      engine = Engine(
        header: header.assumingMemoryBound(to: wfp_engine.self), headerLength: length,
        flowHeader: flows.assumingMemoryBound(to: wfp_flow_header.self), flowLength: reach)
    }
  }

  func readFile(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0 { fail(path) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return Array(bytes[..<max(0, read(file, &bytes, bytes.count))])
  }

  func writeFile(_ path: String, _ bytes: [UInt8]) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if file < 0 || write(file, bytes, bytes.count) != bytes.count { fail(path) }
    close(file)
  }
#endif
