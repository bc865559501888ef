import Foundation
import Testing

/// Names are asked for by datagrams, and glibc's resolver sends them past every hook.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ResolverTests {
  private static let canIsolate: Bool = {
    guard geteuid() == 0, let unshare = try? tool("unshare", package: "util-linux") else { return false }
    let program = try? Program(unshare, ["-n", "-m", "/bin/sh", "-c", "mount -t tmpfs none /mnt"])
    return (try? program?.finish().status) == 0
  }()

  @Test(
    "S8.1: what a program asks through libc is redirected; getaddrinfo's own questions cannot be",
    .enabled(if: canIsolate, "namespaces of its own are not permitted here (unshare -n -m)"))
  func resolver() throws {
    let stage = try Stage()
    let relay = stage.folder + "/relay-program"
    let compiled = try Program(
      tool("gcc"),
      [
        "-O1", "-I\(repository.appending(path: "include/wfpshim").path)",
        repository.appending(path: "examples/datagram-relay/datagram_relay.c").path, "-o", relay,
        "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
      ]
    ).finish()
    try #require(compiled.status == 0, "\(compiled.lines)")
    let path = "\(products.path):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    let (status, lines) = try Program(
      tool("unshare", package: "util-linux"), ["-n", "-m", program("resolver.sh"), relay, shim, stage.folder],
      environment: stage.environment.merging(["PATH": path]) { $1 }
    ).finish()
    try #require(status == 0, "\(lines)")
    #expect(lines.first == "dig 192.0.2.7 flows 1")
    #expect(lines.last?.hasPrefix("getaddrinfo 192.0.2.7 ") == true)
    withKnownIssue("glibc's resolver makes its system calls itself") {
      #expect(lines.last == "getaddrinfo 192.0.2.7 flows 2")
    }
  }
}
