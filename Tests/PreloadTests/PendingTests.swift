import Foundation
import Testing

/// The two libraries together: the redirect codes as overlapped calls on a redirected connection.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct PendingTests {
  @Test(
    "S5.2, S5.4: each redirect code ends in each way, at once and pending; too small: 0xC007007A and the size",
    arguments: ["0", "1"])
  func redirectCodes(pending: String) throws {
    let stage = try Stage()
    let service = stage.folder + "/service"
    let headers = repository.appending(path: "include/wfpshim").path
    let compiled = try Program(
      tool("gcc"),
      [
        "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I\(headers)", program("pending_service.c"), "-o", service,
        "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
      ]
    ).finish()
    try #require(compiled.status == 0, "\(compiled.lines)")

    let serving = try stage.shimmed(service, ["serve"], environment: ["WFPSHIM_FORCE_PENDING": pending])
    // Nobody listens there: only the redirect makes the connect succeed.
    let dialled = UInt16(9)
    try stage.load(stage.policy("A", port: try serving.port(), redirecting: [dialled]), name: "A")
    let client = try stage.shimmed(service, ["connect", "\(dialled)"])
    #expect(try serving.line() == "code 0 size 128")
    #expect(try serving.line() == "code 1 size 256")
    #expect(try client.line() == "end")
    #expect(try client.finish().status == 0)
    #expect(try serving.finish().status == 0)
  }
}
