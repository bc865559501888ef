private func condition(_ text: String) -> String { policy(conditions: text) }
private func field(_ text: String) -> String { policy(context: text) }

extension BrokenFilesTests {
  private static let range = "an address, address/length or first-last"
  private static let path = "an absolute path, or a pattern that begins with '/', '*', '?' or '['"
  private static let number = "is no decimal number without leading zeros, nor a hexadecimal one after 0x"

  // S11.3.
  static let conditions = [
    Broken(
      condition("ip_proto: tcp"), "5:19",
      "unknown key 'ip_proto' in conditions; expected one of ip_protocol, ip_remote_address, ip_remote_port, ip_local_address, ale_app_id, ale_original_app_id, ale_user_id, loopback"
    ),
    Broken(condition("ip_protocol: icmp"), "5:32", "ip_protocol is 'icmp'; expected tcp or udp"),
    Broken(condition("ip_protocol: [tcp, 17]"), "5:38", "ip_protocol is '17'; expected tcp or udp"),
    Broken(condition("ip_protocol: []"), "5:32", "ip_protocol is an empty list; expected at least one value"),
    Broken(
      condition("ip_remote_address: example.org"), "5:38",
      "ip_remote_address 'example.org' is no address; expected \(range)"),
    Broken(
      condition("ip_remote_address: 10.1.0.0/8"), "5:38",
      "ip_remote_address '10.1.0.0/8' has bits behind its prefix; expected 10.0.0.0/8"),
    Broken(
      condition("ip_remote_address: 'fd00::1/8'"), "5:38",
      "ip_remote_address 'fd00::1/8' has bits behind its prefix; expected fd00::/8"),
    Broken(
      condition("ip_remote_address: 10.0.0.0/33"), "5:38",
      "ip_remote_address '10.0.0.0/33' has a bad prefix length; expected a length from 0 to 32"),
    Broken(
      condition("ip_remote_address: 'fd00::/129'"), "5:38",
      "ip_remote_address 'fd00::/129' has a bad prefix length; expected a length from 0 to 128"),
    Broken(
      condition("ip_remote_address: 10.0.0.0/08"), "5:38",
      "ip_remote_address '10.0.0.0/08' has a bad prefix length; expected a length from 0 to 32"),
    Broken(
      condition("ip_remote_address: 10.0.0.2-10.0.0.1"), "5:38",
      "ip_remote_address '10.0.0.2-10.0.0.1' ends before it begins; expected the lower address first"),
    Broken(
      condition("ip_remote_address: '10.0.0.1-::2'"), "5:38",
      "ip_remote_address '10.0.0.1-::2' mixes IPv4 and IPv6; expected two addresses of one family"),
    Broken(
      condition("ip_remote_address: 10.0.0.010"), "5:38",
      "ip_remote_address '10.0.0.010' is no address; expected \(range)"),
    Broken(condition("ip_local_address: {a: b}"), "5:37", "ip_local_address is a map; expected \(range)"),
    Broken(
      condition("ip_remote_port: 65536"), "5:35",
      "ip_remote_port '65536' is no port; expected a port from 0 to 65535, or first-last"),
    Broken(
      condition("ip_remote_port: http"), "5:35",
      "ip_remote_port 'http' is no port; expected a port from 0 to 65535, or first-last"),
    Broken(
      condition("ip_remote_port: [80, 90-80]"), "5:40",
      "ip_remote_port '90-80' ends before it begins; expected the lower port first"),
    Broken(
      condition("ip_remote_port: 80-"), "5:35",
      "ip_remote_port '80-' is no port; expected a port from 0 to 65535, or first-last"),
    Broken(condition("ale_app_id: curl"), "5:31", "ale_app_id 'curl' is no absolute path; expected \(path)"),
    Broken(condition("ale_original_app_id: ''"), "5:40", "ale_original_app_id is empty; expected \(path)"),
    Broken(
      condition("ale_user_id: bob"), "5:32",
      "ale_user_id: there is no user 'bob'; expected a user id from 0 to 4294967294, or the name of a user"),
    Broken(
      condition("ale_user_id: 4294967295"), "5:32",
      "ale_user_id 4294967295 is out of range; expected a number from 0 to 4294967294"),
    Broken(condition("loopback: no"), "5:29", "loopback is 'no'; expected true or false"),
  ]

  // S11.5.
  static let fields = [
    Broken(field("pid"), "5:16", "a context field is 'pid'; expected a map: the field's key and its value"),
    Broken(field("{}"), "5:16", "unknown context field ''; expected one of \(fieldKeys)"),
    Broken(field("{ppid: {}}"), "5:17", "unknown context field 'ppid'; expected one of \(fieldKeys)"),
    Broken(
      field("{pid: {}, uid: {}}"), "5:26", "a second field in one map; expected each field as a list item of its own"),
    Broken(field("{pid: 5}"), "5:22", "pid is '5'; expected a map with as, order"),
    Broken(field("{pid: {}, as: u64}"), "5:26", "'as' beside pid; expected pid: {...} with it inside"),
    Broken(field("{pid: {as: u16}}"), "5:27", "'as' of pid is 'u16'; expected u32 or u64"),
    Broken(
      field("{pid: {order: middle}}"), "5:30", "'order' of pid is 'middle'; expected host or network or big or little"),
    Broken(field("{pid: {width: 4}}"), "5:23", "unknown option 'width' of pid; expected as, order"),
    Broken(field("{sockaddr_storage: peer}"), "5:35", "sockaddr_storage is 'peer'; expected remote or local"),
    Broken(field("{sockaddr: remote, af: bsd}"), "5:39", "'af' of sockaddr is 'bsd'; expected linux or windows"),
    Broken(field("{ipv4: remote, order: host}"), "5:31", "unknown option 'order' of ipv4; expected none"),
    Broken(field("{port: remote, as: u64}"), "5:35", "'as' of port is 'u64'; expected u16 or u32"),
    Broken(field("{family: {values: linux}}"), "5:16", "family has no width; expected as: u8 or u16 or u32"),
    Broken(
      field("{family: {as: u8, values: bsd}}"), "5:42",
      "'values' of family is 'bsd'; expected linux or windows or ip_version or zero_one"),
    Broken(field("{protocol: {}}"), "5:16", "protocol has no width; expected as: u8 or u16 or u32"),
    Broken(field("{scope_id: local}"), "5:27", "scope_id is 'local'; expected remote"),
    Broken(field("{is_root: }"), "5:16", "is_root has no width; expected as: u8 or u16 or u32 or u64"),
    Broken(
      field("{process_create_time: {unit: ms}}"), "5:45",
      "'unit' of process_create_time is 'ms'; expected filetime or unix_ns"),
    Broken(
      field("{app_path: {encoding: latin1}}"), "5:38", "'encoding' of app_path is 'latin1'; expected utf8 or utf16"),
    Broken(
      field("{app_path: {encoding: utf16, size: 5}}"), "5:16",
      "app_path in UTF-16 has the odd size 5; expected an even number of bytes"),
    Broken(
      field("{app_path: {size: 0}}"), "5:34", "'size' of app_path 0 is out of range; expected a number from 1 to 65536"),
    Broken(field("{u8: 256}"), "5:21", "u8 256 is out of range; expected a number from 0 to 255"),
    Broken(field("{u16: 0x10000}"), "5:22", "u16 0x10000 is out of range; expected a number from 0 to 65535"),
    Broken(field("{u32: 1.5}"), "5:22", "u32 '1.5' \(number); expected a number from 0 to 4294967295"),
    Broken(field("{u64: 0x}"), "5:22", "u64 '0x' \(number); expected a number from 0 to 18446744073709551615"),
    Broken(field("{text: \"\"}"), "5:23", "text is empty; expected text (bytes: for anything else)"),
    Broken(
      field("{text: \"a\\0b\"}"), "5:23", "text contains a NUL character; expected text (bytes: for anything else)"),
    Broken(field("{bytes: \"abc\"}"), "5:24", "bytes 'abc' is not hexadecimal; expected pairs of hexadecimal digits"),
    Broken(
      field("{guid: 1234}"), "5:23",
      "guid is '1234'; expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal, not all zero"),
    Broken(field("{flow_id: {size: 4}}"), "5:33", "'size' of flow_id is '4'; expected 8 or 16"),
    Broken(field("{filter_id: {as: u32}}"), "5:33", "'as' of filter_id is 'u32'; expected u64"),
    Broken(field("{random: 0}"), "5:25", "random 0 is out of range; expected a number from 1 to 65536"),
    Broken(field("{zero: 65537}"), "5:23", "zero 65537 is out of range; expected a number from 1 to 65536"),
    Broken(
      field("{zero: 5}, {pad_to: 4}"), "5:27",
      "pad_to 4 lies before the end of the fields so far; expected an offset from 5"),
    Broken(
      field("{sockaddr: remote}, {pad_to: 20}"), "5:36",
      "pad_to 20 lies before the end of the fields so far; expected an offset from 28"),
    Broken(
      field("{app_path: {}}, {pad_to: 64}"), "5:32",
      "pad_to behind an app_path of any length; expected a size on that app_path, so that the offset holds"),
    Broken(field("{align: 3}"), "5:24", "align 3 is no power of two; expected 1, 2, 4, 8, ..."),
    Broken(
      field("{align: 8}"), "5:14",
      "the context has no bytes; expected at least one byte (without context: records only)"),
    // S2.16: reported once, at the field that is too much.
    Broken(
      field("{zero: 65536}, {u8: 1}, {u8: 1}"), "5:31",
      "with this field the context has 65537 bytes; expected at most 65536"),
    Broken(
      field("{zero: 65520}, {sockaddr: remote}"), "5:31",
      "with this field the context has 65548 bytes; expected at most 65536"),
  ]

  private static let fieldKeys =
    "sockaddr_storage, sockaddr, ipv4, ipv6, address16, port, family, protocol, pid, uid, gid, session, scope_id, "
    + "is_root, process_create_time, app_path, u8, u16, u32, u64, text, bytes, guid, flow_id, random, filter_id, "
    + "filter_hash, zero, pad_to, align"
}
