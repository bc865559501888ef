import CEngine
import Foundation
import Policy
import RedirectCore
import Testing

@testable import FilterEngine

/// `wfpctl flows`: keys that stay, decoded contexts.
@Suite struct FlowsCommandTests {
  /// One published flow with a context of `contoso`.
  private func publish(_ engine: borrowing FilterEngine) throws {
    let mapped = engine.mapped
    let segment = try #require(mapped.segment(0))
    var hop = wfp_hop()
    withUnsafeMutableBytes(of: &hop.flow_id) { $0.copyBytes(from: [UInt8](repeating: 0xab, count: 16)) }
    withUnsafeMutableBytes(of: &hop.provider) { $0.copyBytes(from: GUID(urlName: "wfpshim:contoso").bytes) }
    hop.filter_id = 1
    hop.time = 1_700_000_000_000_000_001
    hop.provider_name = mapped.intern("contoso")
    hop.filter_name = mapped.intern("web")
    let context: [UInt8] = [2, 0, 1, 187, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0] + [57, 48, 0, 0]
    let at = mapped.flowRegion(segment.blocks_offset)
    withUnsafeBytes(of: hop) { at.copyMemory(from: $0.baseAddress!, byteCount: 64) }
    (at + 64).copyMemory(from: context, byteCount: context.count)
    var slot = wfp_flow()
    slot.state = 1 << 4 | UInt64(WFP_PUBLISHED)
    slot.block_count = 1
    slot.hop_count = 1
    slot.context_length = UInt32(context.count)
    slot.published = wfp_now(CLOCK_REALTIME) - 5_000_000_000
    // Of another network namespace: a living process stands for its sockets.
    slot.netns = 1
    slot.client_pid = UInt32(getpid())
    slot.application = wfp_application(
      start_time: 1_700_000_000_500_000_000, pid: 12345, uid: 1, gid: 2, session: 3,
      path: mapped.intern("/usr/bin/curl"), is_root: 0)
    slot.destination.family = 2
    slot.destination.port = UInt16(443).bigEndian
    withUnsafeMutableBytes(of: &slot.destination.bytes) { $0.copyBytes(from: [192, 0, 2, 1]) }
    mapped.flowRegion(segment.flows_offset).assumingMemoryBound(to: wfp_flow.self).pointee = slot
  }

  private func published() throws -> PrivateDirectory {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "web", text: webPolicy, file: "web.yaml")
    try publish(engine)
    return directory
  }

  @Test(
    "--filter: all must hold, wildcards as a shell's",
    arguments: [
      (["provider=contoso"], true), (["provider=cont*", "state=published", "protocol=tcp"], true),
      (["provider=fabrikam"], false),
      (["app=*/curl", "user=1"], true), (["app=curl"], false), (["pid=12345"], true), (["pid=1234"], false),
      (["destination=192.0.2.1:443"], true), (["destination=192.0.2.*"], true), (["destination=10.*"], false),
      (["state=published", "state=claimed"], false),
    ]) func filters(filters: [String], isShown: Bool) throws
  {
    let directory = try published()
    let arguments = filters.flatMap { ["--filter", $0] }
    let answer = try wfpctl(["flows", "--json", "--engine", directory.engine] + arguments)
    #expect((try parsed(answer.output)["flows"] as? [Any])?.count == (isShown ? 1 : 0))
  }

  @Test func filtersThatAreNone() throws {
    for filter in ["provider", "colour=red", "=x"] {
      let answer = try wfpctl(["flows", "--filter", filter])
      #expect(answer.code == 64 && answer.errors.contains("--filter"), "\(answer.errors)")
    }
    #expect(try wfpctl(["flows", "--follow", "--interval", "1"]).code == 64)
  }

  @Test func json() throws {
    let directory = try published()
    let answer = try parsed(try wfpctl(["flows", "--json", "--engine", directory.engine]).output)
    #expect(answer.keys.sorted() == ["flows", "version"] && answer["version"] as? Int == 1)
    let flow = try #require((answer["flows"] as? [[String: Any]])?.first)
    #expect(
      flow.keys.sorted() == [
        "age", "application", "client", "context", "destination", "endpoint", "id", "lineage", "local", "protocol",
        "service", "source", "state",
      ])
    #expect(flow["id"] as? String == String(repeating: "ab", count: 16))
    #expect(flow["state"] as? String == "published" && flow["protocol"] as? String == "tcp")
    #expect(flow["destination"] as? String == "192.0.2.1:443" && flow["local"] is NSNull && flow["source"] is NSNull)
    let age = try #require(flow["age"] as? Double)
    #expect(age >= 5 && age < 300)
    let application = try #require(flow["application"] as? [String: Any])
    #expect(application.keys.sorted() == ["gid", "path", "pid", "session", "startTime", "uid"])
    #expect(application["path"] as? String == "/usr/bin/curl" && application["pid"] as? Int == 12345)
    #expect(application["startTime"] as? String == "2023-11-14T22:13:20.500000000Z")
    let client = try #require(flow["client"] as? [String: Any])
    #expect(client.keys.sorted() == ["path", "pid"] && client["path"] is NSNull && client["pid"] as? Int32 == getpid())
    let service = try #require(flow["service"] as? [String: Any])
    #expect(service.keys.sorted() == ["path", "pid", "provider"])
    #expect(service["provider"] as? String == "contoso" && service["pid"] is NSNull)
    let hop = try #require((flow["lineage"] as? [[String: Any]])?.first)
    #expect(hop.keys.sorted() == ["filter", "filterId", "flow", "guid", "inherited", "provider", "time"])
    #expect(hop["guid"] as? String == "9c38c060-e172-5e06-9803-8a7d45faf0a8" && hop["filterId"] as? Int == 1)
    #expect(hop["time"] as? String == "2023-11-14T22:13:20.000000001Z" && hop["inherited"] as? Bool == false)
    let context = try #require(flow["context"] as? [String: Any])
    #expect(context.keys.sorted() == ["decoded", "hex", "length"] && context["length"] as? Int == 20)
    #expect(context["hex"] as? String == "020001bbc0000201000000000000000039300000")
    #expect(
      context["decoded"] as? [[String: String]] == [
        ["field": "sockaddr remote", "value": "192.0.2.1:443"], ["field": "pid", "value": "12345"],
      ])
  }

  @Test func text() throws {
    let directory = try published()
    let output = try wfpctl(["flows", "--engine", directory.engine]).output
    #expect(output.hasPrefix(String(repeating: "ab", count: 16) + "  published  tcp  "))
    #expect(output.contains("  application  /usr/bin/curl  pid 12345  uid 1\n"))
    #expect(output.contains("  destination  192.0.2.1:443  local ?\n"))
    #expect(output.contains("  hop          contoso  filter web (1)\n"))
    #expect(output.contains("    sockaddr remote: 192.0.2.1:443\n    pid: 12345\n"))
  }

  /// Without the provider a context is bytes.
  @Test func contextOfAnUnloadedProvider() throws {
    let directory = try published()
    #expect(try wfpctl(["policy", "unload", "web", "--engine", directory.engine]).code == 0)
    let answer = try parsed(try wfpctl(["flows", "--json", "--engine", directory.engine]).output)
    let context = (answer["flows"] as? [[String: Any]])?.first?["context"] as? [String: Any]
    #expect((context?["decoded"] as? [Any])?.isEmpty == true && context?["length"] as? Int == 20)
  }

  @Test func nothing() throws {
    let directory = try PrivateDirectory()
    let text = try wfpctl(["flows", "--engine", directory.engine])
    #expect(text.code == 0 && text.output.isEmpty && text.errors.isEmpty)
  }
}
