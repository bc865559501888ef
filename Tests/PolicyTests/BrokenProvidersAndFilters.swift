/// Columns count from the beginning of the provider's value: `    ` and the key are before it.
private func provider(_ line: String) -> String {
  "version: 1\nproviders:\n  - name: p\n    endpoints: [\"127.0.0.1:1\"]\n    \(line)\n"
}

private func endpoint(_ text: String) -> String {
  "version: 1\nproviders:\n  - name: p\n    endpoints: [\"\(text)\"]\n"
}

private func filter(_ line: String) -> String {
  """
  version: 1
  providers: [{name: p, endpoints: ["127.0.0.1:1"]}]
  filters:
    - name: f
      \(line)

  """
}

extension BrokenFilesTests {
  private static let form = "address:port, an IPv6 address in brackets"

  // S11.1.
  static let providers = [
    Broken(
      "version: 1\nproviders: [p]\n", "2:13",
      "a provider is 'p'; expected a map with name, guid, endpoints, accepts, context"),
    Broken("version: 1\nproviders:\n  - name: p\n", "3:5", "a provider has no 'endpoints'; expected name, endpoints"),
    Broken(
      "version: 1\nproviders:\n  - endpoints: [\"127.0.0.1:1\"]\n", "3:5",
      "a provider has no 'name'; expected name, endpoints"),
    Broken(
      "version: 1\nproviders:\n  - name: a b\n    endpoints: [\"127.0.0.1:1\"]\n", "3:11",
      "the name of a provider 'a b' has other characters; expected a name of letters, digits, '.', '_', '-'"),
    Broken(
      "version: 1\nproviders:\n  - name: ''\n    endpoints: [\"127.0.0.1:1\"]\n", "3:11",
      "the name of a provider is empty; expected a name of letters, digits, '.', '_', '-'"),
    Broken(
      "version: 1\nproviders:\n  - name: [p]\n    endpoints: [\"127.0.0.1:1\"]\n", "3:11",
      "the name of a provider is a list; expected a name of letters, digits, '.', '_', '-'"),
    Broken(
      "version: 1\nproviders:\n  - {name: p, endpoints: [\"127.0.0.1:1\"]}\n  - {name: p, endpoints: [\"127.0.0.1:2\"]}\n",
      "4:12", "a second provider is named 'p'; expected a name of its own"),
    Broken(
      "version: 1\nproviders:\n  - {name: p, endpoints: [\"127.0.0.1:1\"]}\n  - {name: q, guid: 00000000-0000-0000-0000-00000000000g, endpoints: [\"127.0.0.1:2\"]}\n",
      "4:21",
      "the GUID of a provider is '00000000-0000-0000-0000-00000000000g'; expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal, not all zero"
    ),
    Broken(
      provider("guid: 00000000-0000-0000-0000-000000000000"), "5:11",
      "the GUID of a provider is '00000000-0000-0000-0000-000000000000'; expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal, not all zero"
    ),
    Broken(
      "version: 1\nproviders:\n  - {name: p, guid: 12345678-1234-1234-1234-123456789abc, endpoints: [\"127.0.0.1:1\"]}\n  - {name: q, guid: 12345678-1234-1234-1234-123456789ABC, endpoints: [\"127.0.0.1:1\"]}\n",
      "4:21", "provider 'p' has the GUID 12345678-1234-1234-1234-123456789abc too; expected a GUID of its own"),
    // Blanks are skipped between the digits of `bytes`, not here: fifteen bytes are no GUID.
    Broken(
      provider("guid: '12 34 56-1234-1234-1234-123456789abc'"), "5:11",
      "the GUID of a provider is '12 34 56-1234-1234-1234-123456789abc'; expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal, not all zero"
    ),
    Broken(
      provider("accepts: proxy"), "5:14", "accepts is 'proxy'; expected preload or redirect or tproxy or proxy-v2"),
    Broken(provider("accepts: []"), "5:14", "accepts is an empty list; expected at least one producer"),
    Broken(
      provider("context: []"), "5:14",
      "the context is an empty list; expected at least one field (without context: records only)"),
    Broken(provider("context: {pid: {}}"), "5:14", "context is a map; expected a list of fields"),
    Broken(
      provider("endpoint: x"), "5:5",
      "unknown key 'endpoint' in a provider; expected one of name, guid, endpoints, accepts, context"),
    Broken(
      "version: 1\nproviders:\n  - name: p\n    endpoints: []\n", "4:16",
      "endpoints is an empty list; expected at least one address:port"),
    Broken(endpoint("127.0.0.1"), "4:17", "the endpoint '127.0.0.1' has no port; expected \(form)"),
    Broken(endpoint("localhost:80"), "4:17", "the endpoint 'localhost:80' has no address; expected \(form)"),
    Broken(endpoint("::1:80"), "4:17", "the endpoint '::1:80' has no address; expected \(form)"),
    Broken(endpoint("[127.0.0.1]:80"), "4:17", "the endpoint '[127.0.0.1]:80' has no address; expected \(form)"),
    Broken(
      endpoint("127.0.0.1:0"), "4:17",
      "the endpoint '127.0.0.1:0' has no port; expected a port from 1 to 65535 behind the address"),
    Broken(
      endpoint("127.0.0.1:65536"), "4:17",
      "the endpoint '127.0.0.1:65536' has no port; expected a port from 1 to 65535 behind the address"),
    Broken(endpoint("127.0.0.256:80"), "4:17", "the endpoint '127.0.0.256:80' has no address; expected \(form)"),
    Broken(
      endpoint("[fe80::1%eth0]:80"), "4:17",
      "the endpoint '[fe80::1%eth0]:80' has a zone that is no number; expected an interface's number after '%'"),
    Broken(
      endpoint("0.0.0.0:80"), "4:17",
      "the endpoint '0.0.0.0:80' is no address to connect to; expected the address of an interface"),
    Broken(
      endpoint("127.0.0.1:80\", \"127.0.0.1:80"), "4:33",
      "the endpoint 127.0.0.1:80 appears twice; expected each endpoint once"),
  ]

  // S11.2.
  static let filters = [
    Broken(filter("weight: 1"), "4:5", "a filter has no 'action'; expected name, action"),
    Broken(filter("action: drop"), "5:13", "the action of a filter is 'drop'; expected redirect or permit or block"),
    Broken(filter("action: redirect"), "4:5", "a redirect filter has no 'provider'; expected the name of a provider"),
    Broken(filter("action: redirect\n    provider: q"), "6:15", "unknown provider 'q'; expected one of p"),
    Broken(
      "version: 1\nfilters: [{name: f, action: redirect, provider: q}]\n", "2:49",
      "unknown provider 'q'; expected a provider that this file declares"),
    Broken(
      "version: 1\nproviders: [{name: p, endpoints: [\"127.0.0.1:1\"]}]\nfilters: [{name: f, action: block, provider: p}]\n",
      "3:46", "'provider' in a filter that does not redirect; expected no provider, or action: redirect"),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, sublayer: other}]\n", "2:46",
      "unknown sublayer 'other'; expected one of test"),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, weight: 18446744073709551616}]\n", "2:44",
      "the weight of a filter '18446744073709551616' is no decimal number without leading zeros, nor a hexadecimal one after 0x; expected a number from 0 to 18446744073709551615"
    ),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, weight: -1}]\n", "2:44",
      "the weight of a filter '-1' is no decimal number without leading zeros, nor a hexadecimal one after 0x; expected a number from 0 to 18446744073709551615"
    ),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, weight: 0755}]\n", "2:44",
      "the weight of a filter '0755' is no decimal number without leading zeros, nor a hexadecimal one after 0x; expected a number from 0 to 18446744073709551615"
    ),
    Broken(
      "version: 1\nfilters:\n  - {name: f, action: block}\n  - {name: f, action: permit}\n", "4:12",
      "a second filter is named 'f'; expected a name of its own"),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, permitIfCalloutUnregistered: 1}]\n", "2:65",
      "permitIfCalloutUnregistered is '1'; expected true or false"),
    Broken(
      "version: 1\nfilters: [{name: f, action: block, condition: {}}]\n", "2:36",
      "unknown key 'condition' in a filter; expected one of name, action, provider, weight, sublayer, conditions, permitIfCalloutUnregistered"
    ),
  ]
}
