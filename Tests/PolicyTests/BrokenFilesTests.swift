import Policy
import Testing

/// A broken file, where it is wrong and what is said about it.
struct Broken: CustomTestStringConvertible {
  let text: String
  let position: String
  let message: String

  init(_ text: String, _ position: String, _ message: String) {
    self.text = text
    self.position = position
    self.message = message
  }

  var testDescription: String { message }
}

/// S11: every error is `FILE:LINE:COLUMN: what is wrong; what was expected`.
@Suite struct BrokenFilesTests {
  @Test(arguments: documents + structure)
  func theDocument(_ broken: Broken) { check(broken) }

  @Test(arguments: providers)
  func aProvider(_ broken: Broken) { check(broken) }

  @Test(arguments: filters)
  func aFilter(_ broken: Broken) { check(broken) }

  @Test(arguments: conditions)
  func aCondition(_ broken: Broken) { check(broken) }

  @Test(arguments: fields)
  func aContextField(_ broken: Broken) { check(broken) }

  /// Exactly one problem, so that no mistake is reported twice under another name.
  private func check(_ broken: Broken) {
    do {
      _ = try read(broken.text)
      Issue.record("accepted: \(broken.text)")
    } catch {
      #expect(error.description == "test.yaml:\(broken.position): \(broken.message)")
    }
  }

  static var all: [Broken] { documents + structure + providers + filters + conditions + fields }

  // S11: YAML itself.
  static let documents = [
    Broken("", "1:1", "the file is empty; expected a policy: version, providers, filters"),
    Broken("version: 1\n  bad: [", "2:6", "mapping values are not allowed in this context; expected YAML"),
    Broken("version: 1\nfilters: [\n", "3:1", "did not find expected node content; expected YAML"),
    Broken("version: 1\n---\nversion: 1\n", "2:1", "but found another document; expected one document"),
    Broken(
      "version: 1\nfilters: []\nfilters: []\n", "2:1",
      "the key 'filters' appears more than once in this map; expected each key once"),
    Broken(
      "version: 1\nx: \u{1}\n", "2:4",
      "control characters are not allowed (0x1); expected UTF-8 text without control characters"),
    Broken(
      "version: &a 1\n", "1:10", "an anchor; expected plain values (quote a text that begins with this character)"),
    Broken(
      "version: 1\nfilters: [{name: *a}]\n", "2:18",
      "an alias; expected plain values (quote a text that begins with this character)"),
    Broken("version: !!int 1\n", "1:10", "a tag; expected plain values (quote a text that begins with this character)"),
    Broken(
      "- version: 1\n", "1:1",
      "the policy is a list; expected a map with version, providers, filters, sublayers, options"),
  ]

  // S11, S11.6: keys, version, sublayers, options.
  static let structure = [
    Broken("providers: []\n", "1:1", "the policy has no 'version'; expected version"),
    Broken("version: 2\n", "1:10", "version 2 is out of range; expected a number from 1 to 1"),
    Broken(
      "version: one\n", "1:10",
      "version 'one' is no decimal number without leading zeros, nor a hexadecimal one after 0x; expected a number from 1 to 1"
    ),
    Broken(
      "version: 1\nfilter: []\n", "2:1",
      "unknown key 'filter' in the policy; expected one of version, providers, filters, sublayers, options"),
    Broken(
      "version: 1\n? [a]\n: b\n", "2:3",
      "a key of the policy is a list; expected one of version, providers, filters, sublayers, options"),
    Broken("version: 1\nfilters: {}\n", "2:10", "filters is a map; expected a list of filters"),
    Broken("version: 1\nproviders: x\n", "2:12", "providers is 'x'; expected a list of providers"),
    Broken("version: 1\nproviders:\n", "2:11", "providers is empty; expected a list of providers"),
    Broken(
      "version: 1\nsublayers: [{name: a, weight: 65536}]\n", "2:31",
      "the weight of a sublayer 65536 is out of range; expected a number from 0 to 65535"),
    Broken("version: 1\nsublayers: [{weight: 1}]\n", "2:13", "a sublayer has no 'name'; expected name"),
    Broken(
      "version: 1\nsublayers:\n  - name: a\n  - name: a\n", "4:11",
      "a second sublayer is named 'a'; expected a name of its own"),
    Broken(
      "version: 1\noptions: {hopLimit: 0}\n", "2:21", "hopLimit 0 is out of range; expected a number from 1 to 64"),
    Broken(
      "version: 1\noptions: {hopLimit: 65}\n", "2:21", "hopLimit 65 is out of range; expected a number from 1 to 64"),
    Broken(
      "version: 1\noptions: {hopLimit: 010}\n", "2:21",
      "hopLimit '010' is no decimal number without leading zeros, nor a hexadecimal one after 0x; expected a number from 1 to 64"
    ),
    Broken("version: 1\noptions: {peerName: proxy}\n", "2:21", "peerName is 'proxy'; expected transparent or faithful"),
    Broken(
      "version: 1\noptions: {redirectedByOther: block}\n", "2:30",
      "redirectedByOther is 'block'; expected redirect or permit"),
    Broken(
      "version: 1\noptions: {setRequiresPrivilege: yes}\n", "2:33",
      "setRequiresPrivilege is 'yes'; expected true or false"),
    Broken(
      "version: 1\noptions: []\n", "2:10",
      "options is a list; expected a map with hopLimit, peerName, redirectedByOther, setRequiresPrivilege"),
  ]
}
