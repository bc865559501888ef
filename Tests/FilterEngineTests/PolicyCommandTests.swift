import FilterEngine
import Foundation
import Glibc
import Policy
import Testing

/// `wfpctl policy` (S11.7): what it prints, where, and its exit codes.
@Suite struct PolicyCommandTests {
  @Test func check() throws {
    let directory = try PrivateDirectory()
    let good = try directory.file("good.yaml", webPolicy)
    let bad = try directory.file("bad.yaml", "version: 1\nfilter: []\n")
    let worse = try directory.file("worse.yaml", "version: 9\nfilters: 1\n")
    let fine = try wfpctl(["policy", "check", good])
    #expect(fine.code == 0 && fine.output.isEmpty && fine.errors.isEmpty)
    let found = try wfpctl(["policy", "check", bad, good, worse])
    #expect(found.code == 1 && found.output.isEmpty)
    let keys = "version, providers, filters, sublayers, options"
    #expect(
      found.errors == """
        \(bad):2:1: unknown key 'filter' in the policy; expected one of \(keys)
        \(worse):1:10: version 9 is out of range; expected a number from 1 to 1
        \(worse):2:10: filters is '1'; expected a list of filters

        """)
    // Checking needs no engine and makes none.
    #expect(directory.entries == ["bad.yaml", "good.yaml", "worse.yaml"])
  }

  /// S11: the schema that is printed is the one in docs.
  @Test func schema() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/policy.schema.json")
    let printed = try wfpctl(["policy", "schema"])
    #expect(printed.code == 0 && printed.errors.isEmpty)
    #expect(printed.output == (try String(contentsOf: file, encoding: .utf8)))
  }

  @Test func filesThatCannotBeRead() throws {
    let directory = try PrivateDirectory()
    let missing = try wfpctl(["policy", "check", directory.path + "/none.yaml"])
    #expect(missing.code == 1 && missing.errors == "\(directory.path)/none.yaml: No such file or directory\n")
    let folder = try wfpctl(["policy", "check", directory.path])
    #expect(folder.code == 1 && folder.errors.hasSuffix(": Is a directory\n"))
    let latin = directory.path + "/latin.yaml"
    try write(Array("version: 1\n# caf".utf8) + [0xe9, 10], to: latin, mode: 0o600)
    let found = try wfpctl(["policy", "check", latin])
    #expect(found.code == 1 && found.errors == "\(latin):2:6: the text is not UTF-8; expected UTF-8\n")
  }

  /// S11.7: the set's name is the file's base name, or the one given; others stay.
  @Test func loadAndUnload() throws {
    let directory = try PrivateDirectory()
    let web = try directory.file("web.yaml", webPolicy)
    let other = try directory.file("other.yml", otherPolicy)
    let engine = ["--engine", directory.engine]
    #expect(try wfpctl(["policy", "load", web] + engine).code == 0)
    #expect(try wfpctl(["policy", "load", other, "--name", "named"] + engine).code == 0)
    #expect(try wfpctl(engine + ["policy", "load", other]).code == 0)
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["named", "other", "web"])
    #expect(try wfpctl(["policy"] + engine + ["unload", "named"]).code == 0)
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["other", "web"])
    #expect(try wfpctl(["policy", "unload", other] + engine).code == 0)
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["web"])
    let again = try wfpctl(["policy", "unload", "named"] + engine)
    #expect(again.code == 1 && again.output.isEmpty)
    #expect(again.errors == "\(directory.engine): no set 'named' is loaded; expected web\n")
  }

  /// The engine in force: WFPSHIM_ENGINE.
  @Test func engineOfTheEnvironment() throws {
    let directory = try PrivateDirectory()
    let web = try directory.file("web.yaml", webPolicy)
    #expect(try wfpctl(["policy", "load", web], environment: ["WFPSHIM_ENGINE": directory.engine]).code == 0)
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["web"])
  }

  @Test func refusedEngine() throws {
    let directory = try PrivateDirectory()
    let web = try directory.file("web.yaml", webPolicy)
    chmod(directory.path, 0o755)
    let refused = try wfpctl(["policy", "load", web, "--engine", directory.engine])
    #expect(refused.code == 1)
    #expect(
      refused.errors
        == "\(directory.path): the directory has mode 0755; expected mode 0700, nothing for group and others\n")
    #expect(access(directory.engine, F_OK) != 0)
  }

  @Test(arguments: [
    ["policy"], ["policy", "check"], ["policy", "load"], ["policy", "unload"], ["policy", "frob"], ["frob"], ["run"],
    ["policy", "load", "a", "b"], ["flows", "--yaml"], ["policy", "show", "extra"], ["--engine"],
  ])
  func usage(_ arguments: [String]) throws {
    let result = try wfpctl(arguments)
    if arguments == ["policy"] {
      // A command group alone prints its help.
      #expect(result.code == 0 && result.output.contains("SUBCOMMANDS"))
    } else {
      #expect(result.code == 64 && result.output.isEmpty && !result.errors.isEmpty)
    }
  }

  @Test func show() throws {
    let directory = try PrivateDirectory()
    let engine = ["--engine", directory.engine]
    #expect(try wfpctl(["policy", "show"] + engine).output == "no policy is loaded\n")
    #expect(try wfpctl(["policy", "load", directory.file("web.yaml", webPolicy)] + engine).code == 0)
    let text = try wfpctl(["policy", "show"] + engine).output
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("set web  loaded 20"))
    #expect(
      Array(lines[1...]) == [
        "  options  hopLimit 16  peerName transparent  redirectedByOther redirect  setRequiresPrivilege false",
        "  provider contoso  {9c38c060-e172-5e06-9803-8a7d45faf0a8}  at 127.0.0.1:8888  accepts preload",
        "    {sockaddr: remote, af: linux}", "    {pid: {as: u32, order: host}}",
        "filters, in the order in which they are asked",
        "  1  web  redirect to contoso  weight 100  in web/contoso 32768", "    ip_remote_port: 80, 443",
        "  2  deny  block  weight 0  in web/web 32768", "    ip_remote_port: 25",
      ])
  }

  @Test func showAsJSON() throws {
    let directory = try PrivateDirectory()
    let engine = ["--engine", directory.engine]
    #expect(try wfpctl(["policy", "load", directory.file("web.yaml", webPolicy)] + engine).code == 0)
    let answer = try parsed(try wfpctl(["policy", "show", "--json"] + engine).output)
    #expect(answer.keys.sorted() == ["filters", "generation", "sets", "version"])
    #expect(answer["version"] as? Int == 1 && answer["generation"] as? Int == 1)
    let set = try #require((answer["sets"] as? [[String: Any]])?.first)
    #expect(set.keys.sorted() == ["loaded", "name", "options", "providers", "sublayers"])
    let options = try #require(set["options"] as? [String: Any])
    #expect(options["hopLimit"] as? Int == 16 && options["peerName"] as? String == "transparent")
    let provider = try #require((set["providers"] as? [[String: Any]])?.first)
    #expect(provider.keys.sorted() == ["accepts", "context", "endpoints", "guid", "name"])
    #expect(provider["endpoints"] as? [String] == ["127.0.0.1:8888"])
    let filters = try #require(answer["filters"] as? [[String: Any]])
    #expect(filters.map { $0["name"] as? String } == ["web", "deny"])
    #expect(filters[0]["provider"] as? String == "contoso" && filters[1]["provider"] is NSNull)
    #expect((filters[0]["conditions"] as? [String: [String]]) == ["ip_remote_port": ["80", "443"]])
  }
}
