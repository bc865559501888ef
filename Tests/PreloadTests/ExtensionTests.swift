import Foundation
import Testing

/// The two libraries together: Winsock's extensions on a redirected connection.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ExtensionTests {
  @Test(
    "S2.13: a connection of ConnectEx is redirected; AcceptEx's socket has record and context before SO_UPDATE_ACCEPT_CONTEXT and after",
    arguments: ["0", "1"])
  func acceptExAndConnectEx(pending: String) throws {
    let stage = try Stage()
    let service = stage.folder + "/service"
    let headers = repository.appending(path: "include/wfpshim").path
    let compiled = try Program(
      tool("gcc"),
      [
        "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I\(headers)", program("extension_service.c"), "-o", service,
        "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
      ]
    ).finish()
    try #require(compiled.status == 0, "\(compiled.lines)")

    let forced = ["WFPSHIM_FORCE_PENDING": pending]
    let serving = try stage.shimmed(service, ["serve"], environment: forced)
    // Nobody listens there: only the redirect makes the connect succeed.
    let dialled = UInt16(9)
    try stage.load(stage.policy("A", port: try serving.port(), redirecting: [dialled]), name: "A")
    let client = try stage.shimmed(service, ["connect", "\(dialled)"], environment: forced)
    #expect(try serving.line() == "before records=128 context=256")
    #expect(try serving.line() == "after records=128 context=256")
    #expect(try client.line() == "peer 9 answer bye")
    #expect(try client.finish().status == 0)
    #expect(try serving.finish().status == 0)
  }
}
