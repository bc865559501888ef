import Foundation
import Testing

/// WFPRedirect under the preload: what each call answers on a connection that was redirected, and on one that was not.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct RedirectLibraryTests {
  @Test("S2.12, S2.11, S3.1: a redirected connection") func redirected() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let service = try stage.shimmed("ProbeRedirect", ["1"])
    try stage.load(
      stage.policy("contoso", port: try service.port(), redirecting: [port])
        .replacingOccurrences(of: ", {sockaddr_storage: local} ]", with: " ]"), name: "contoso")
    #expect(try stage.shimmed("ProbeClient", ["127.0.0.1", "\(port)"]).finish().status == 0)
    let lines = try service.finish().lines.dropFirst()  // listening
    #expect(
      Array(lines) == [
        "not connected: the socket is not connected",
        "bad records: the connection was not redirected to this service, or the records are not good here",
        "records: true",
        "context: 128",
        "records into 0 less: true",
        "records into 1 less: the buffer is too small: 128 bytes are needed, 0 written",
        "context into 0 less: true",
        "context into 1 less: the buffer is too small: 128 bytes are needed, 0 written",
        "connected on: 0",
        "too late: the connection was not redirected to this service, or the records are not good here",
      ])
  }

  @Test("S2.10: a connection that nobody redirected") func notRedirected() throws {
    let stage = try Stage()
    let service = try stage.shimmed("ProbeRedirect", ["1"])
    let client = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(try service.port())"])
    let lines = try service.finish().lines.dropFirst()  // listening
    _ = try client.finish()
    #expect(
      lines.last
        == "not redirected: the connection was not redirected to this service, or the records are not good here")
  }
}
