import Foundation
import Testing

/// Beside other preloads, before and behind them (hazards H8, H34).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct NeighbourTests {
  struct Neighbour: CustomTestStringConvertible {
    let name: String
    /// Below the folder of the system's libraries.
    let file: String
    var environment: [String: String] = [:]
    var testDescription: String { name }

    var path: String? {
      ["/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/"].map { $0 + file }
        .first { FileManager.default.fileExists(atPath: $0) }
    }
  }

  static let neighbours = [
    Neighbour(name: "jemalloc", file: "libjemalloc.so.2"),
    Neighbour(name: "tcmalloc", file: "libtcmalloc_minimal.so.4"),
    Neighbour(name: "mimalloc", file: "libmimalloc.so.2"),
    Neighbour(name: "libfaketime", file: "faketime/libfaketime.so.1", environment: ["FAKETIME": "-10d"]),
    Neighbour(name: "proxychains", file: "libproxychains.so.4"),
  ]

  @Test(arguments: neighbours, [true, false]) func beside(neighbour: Neighbour, shimFirst: Bool) throws {
    let other = try #require(neighbour.path, "\(neighbour.name) is not installed: make test installs it")
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    var environment = stage.environment.merging(neighbour.environment) { $1 }
    // What is local goes direct: proxychains stands in the way and changes nothing.
    let configuration = stage.folder + "/proxychains.conf"
    try "strict_chain\nlocalnet 127.0.0.0/255.0.0.0\n[ProxyList]\nsocks5 127.0.0.1 1\n"
      .write(toFile: configuration, atomically: true, encoding: .utf8)
    environment["PROXYCHAINS_CONF_FILE"] = configuration
    environment["PROXYCHAINS_QUIET_MODE"] = "1"
    let preload = (shimFirst ? [shim, other] : [other, shim]).joined(separator: ":")
    let arguments = ["127.0.0.1", "\(origin.port)", "--count", "40", "--parallel", "8"]
    let client = try stage.keep(Program("ProbeClient", arguments, preload: preload, environment: environment))
    let (status, lines) = try client.finish()
    #expect(status == 0 && lines.last?.hasPrefix("ok 40 failed 0 peer 127.0.0.1:\(origin.port)") == true, "\(lines)")
    #expect(service.output.filter { $0.contains(" flow ") }.count == 40)
  }
}
