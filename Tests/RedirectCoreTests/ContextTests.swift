import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// SPEC S11.5: every field of a context, byte by byte. The fields are put together by hand, as wfp_policy.h says.
struct ContextTests {
  private func field(
    _ kind: Int, width: UInt8 = 0, order: Int = 0, values: Int = 0, size: UInt32 = 0, selector: Int = 0,
    terminate: Bool = false
  ) -> wfp_field {
    var field = wfp_field()
    field.kind = UInt16(kind)
    (field.width, field.order, field.values) = (width, UInt8(order), UInt8(values))
    (field.size, field.selector, field.terminate) = (size, UInt8(selector), terminate ? 1 : 0)
    return field
  }

  private func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.filter { $0 != " " })
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16)! }
  }

  /// One field behind one byte 0xEE, so that it does not stand at an even offset.
  private func check(
    _ field: wfp_field, _ expected: String, to destination: Address = Address("192.0.2.7", 443),
    local: Address = Address("0.0.0.0"), path: String = "/usr/bin/curl", _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let image = FieldImage([(self.field(Int(WFP_FIELD_LITERAL)), [0xee]), (field, [])])
    var application = wfp_application()
    (application.pid, application.uid, application.gid) = (0x0001_0203, 0x0a0b_0c0d, 7)
    (application.session, application.is_root) = (9, 1)
    application.start_time = 1_700_000_000_123_456_789
    var filter = wfp_filter()
    (filter.id, filter.name_hash) = (0x1122_3344_5566_7788, 0xcbf2_9ce4_8422_2325)
    let context = image.context(
      to: destination, local: local, path: path, application: application, filter: filter)
    #expect(context.bytes == [0xee] + hex(expected), comment, sourceLocation: sourceLocation)
  }

  private let v6 = Address("2001:db8::fedc", 443)
  private let mapped = Address("::ffff:192.0.2.7", 443)

  @Test("sockaddr and sockaddr_storage") func sockaddr() {
    let plain = "0200 01bb c0000207 0000000000000000"
    check(field(Int(WFP_FIELD_SOCKADDR)), plain)
    check(field(Int(WFP_FIELD_SOCKADDR), values: Int(WFP_AF_WINDOWS)), plain)
    check(field(Int(WFP_FIELD_SOCKADDR_STORAGE)), plain + String(repeating: "00", count: 112))
    var scoped = v6
    (scoped.scope, scoped.flowInfo) = (3, 0x0403_0201)
    let rest = "01bb 01020304 20010db800000000000000000000fedc 03000000"
    check(field(Int(WFP_FIELD_SOCKADDR)), "0a00" + rest, to: scoped)
    check(field(Int(WFP_FIELD_SOCKADDR), values: Int(WFP_AF_WINDOWS)), "1700" + rest, to: scoped)
    check(
      field(Int(WFP_FIELD_SOCKADDR_STORAGE), values: Int(WFP_AF_WINDOWS)),
      "1700" + rest + String(repeating: "00", count: 100), to: scoped)
    check(
      field(Int(WFP_FIELD_SOCKADDR)), "0a00 01bb 00000000 00000000000000000000ffffc0000207 00000000", to: mapped,
      "a v4-mapped destination as dialled")
    check(
      field(Int(WFP_FIELD_SOCKADDR), selector: Int(WFP_LOCAL)), "0200 0000 00000000 0000000000000000",
      "local, unbound: all zero but the family")
    check(
      field(Int(WFP_FIELD_SOCKADDR), selector: Int(WFP_LOCAL)), "0200 1f90 7f000001 0000000000000000",
      local: Address("127.0.0.1", 8080))
  }

  @Test("ipv4, ipv6, address16") func addresses() {
    let zeros16 = String(repeating: "00", count: 16)
    let long = "20010db800000000000000000000fedc"
    for destination in [Address("192.0.2.7", 443), mapped] {
      check(field(Int(WFP_FIELD_IPV4)), "c0000207", to: destination)
      check(field(Int(WFP_FIELD_IPV6)), zeros16, to: destination, "v4-mapped counts as v4")
      check(field(Int(WFP_FIELD_ADDRESS16)), "c0000207 000000000000000000000000", to: destination)
    }
    check(field(Int(WFP_FIELD_IPV4)), "00000000", to: v6)
    check(field(Int(WFP_FIELD_IPV6)), long, to: v6)
    check(field(Int(WFP_FIELD_ADDRESS16)), long, to: v6)
    check(field(Int(WFP_FIELD_IPV4), selector: Int(WFP_LOCAL)), "7f000009", local: Address("127.0.0.9", 1))
  }

  @Test("port") func port() {
    let kind = Int(WFP_FIELD_PORT)
    check(field(kind, width: 2, order: Int(WFP_ORDER_NETWORK)), "01bb")
    check(field(kind, width: 2, order: Int(WFP_ORDER_HOST)), "bb01")
    check(field(kind, width: 2, order: Int(WFP_ORDER_LITTLE)), "bb01")
    check(field(kind, width: 4, order: Int(WFP_ORDER_HOST)), "bb010000")
    check(field(kind, width: 4, order: Int(WFP_ORDER_LITTLE)), "bb010000")
    check(field(kind, width: 4, order: Int(WFP_ORDER_NETWORK)), "01bb0000", "the 16-bit network value widened")
    check(field(kind, width: 2, order: 1, selector: Int(WFP_LOCAL)), "1f90", local: Address("127.0.0.1", 8080))
  }

  @Test("family, protocol, scope_id") func family() {
    let kind = Int(WFP_FIELD_FAMILY)
    for (values, four, six) in [
      (WFP_AF_LINUX, "02", "0a"), (WFP_AF_WINDOWS, "02", "17"), (WFP_AF_IP_VERSION, "04", "06"),
      (WFP_AF_ZERO_ONE, "00", "01"),
    ] {
      check(field(kind, width: 1, values: Int(values)), four)
      check(field(kind, width: 1, values: Int(values)), six, to: v6)
      check(field(kind, width: 1, values: Int(values)), four, to: mapped, "v4-mapped counts as v4")
      check(field(kind, width: 2, order: 0, values: Int(values)), six + "00", to: v6)
      check(field(kind, width: 4, order: 1, values: Int(values)), "000000" + six, to: v6)
    }
    check(field(Int(WFP_FIELD_PROTOCOL), width: 1), "06")
    check(field(Int(WFP_FIELD_PROTOCOL), width: 4, order: 1), "00000006")
    var scoped = v6
    scoped.scope = 0x0102_0304
    check(field(Int(WFP_FIELD_SCOPE_ID), width: 4), "04030201", to: scoped)
    check(field(Int(WFP_FIELD_SCOPE_ID), width: 4, order: 1), "01020304", to: scoped)
  }

  @Test("what is known of the application and the filter") func numbers() {
    for (kind, little, big) in [
      (WFP_FIELD_PID, "03020100", "00010203"), (WFP_FIELD_UID, "0d0c0b0a", "0a0b0c0d"),
      (WFP_FIELD_GID, "07000000", "00000007"), (WFP_FIELD_SESSION, "09000000", "00000009"),
      (WFP_FIELD_IS_ROOT, "01000000", "00000001"),
    ] {
      check(field(Int(kind), width: 4), little)
      check(field(Int(kind), width: 4, order: 2), little)
      check(field(Int(kind), width: 4, order: 1), big)
      check(field(Int(kind), width: 8), little + "00000000")
      check(field(Int(kind), width: 8, order: 1), "00000000" + big)
    }
    check(field(Int(WFP_FIELD_IS_ROOT), width: 1), "01")
    let created = Int(WFP_FIELD_PROCESS_CREATE_TIME)
    check(field(created, width: 8, order: 1, values: 1), "17979cfe3d85cd15")  // ns since 1970
    check(field(created, width: 8, order: 1, values: 0), "01da1747c67fd687")  // 100 ns since 1601
    check(field(Int(WFP_FIELD_FILTER_ID), width: 8), "8877665544332211")
    check(field(Int(WFP_FIELD_FILTER_ID), width: 8, order: 1), "1122334455667788")
    check(field(Int(WFP_FIELD_FILTER_HASH), width: 8, order: 1), "cbf29ce484222325")
    check(field(Int(WFP_FIELD_FLOW_ID), size: 8), "0102030405060708")
    check(field(Int(WFP_FIELD_FLOW_ID), size: 16), "0102030405060708090a0b0c0d0e0f10")
  }

  @Test("app_path") func path() {
    let kind = Int(WFP_FIELD_APP_PATH)
    check(field(kind), "2f612f62", path: "/a/b")
    check(field(kind, terminate: true), "2f612f6200", path: "/a/b")
    check(field(kind, values: 1), "2f0061002f006200", path: "/a/b")
    check(field(kind, values: 1, terminate: true), "2f0061000000", path: "/a")
    check(field(kind, size: 6, terminate: true), "2f612f620000", path: "/a/b")
    check(field(kind, size: 4, terminate: true), "2f612f00", path: "/a/b", "cut, the last one a NUL")
    check(field(kind, size: 4), "2f612f62", path: "/a/b")
    check(field(kind, size: 3), "2f612f", path: "/a/b")
    check(field(kind, size: 4, terminate: true), "2fc3a900", path: "/éx", "cut on a character")
    check(field(kind, size: 3, terminate: true), "2f0000", path: "/éx")
    check(field(kind, size: 3), "2fc3a9", path: "/éx")
    check(field(kind, values: 1), "2f003dd800de", path: "/😀")
    check(field(kind, values: 1, size: 6, terminate: true), "2f0000000000", path: "/😀", "no half of a surrogate pair")
    check(field(kind, values: 1, size: 8, terminate: true), "2f003dd800de0000", path: "/😀")
    check(field(kind, size: 1, terminate: true), "00", path: "/a")
    check(field(kind, terminate: true), "00", path: "")
  }

  @Test("zero, pad_to, align, random, and literals") func filling() {
    check(field(Int(WFP_FIELD_PAD_TO), size: 4), "000000")
    check(field(Int(WFP_FIELD_PAD_TO), size: 1), "", "already there")
    check(field(Int(WFP_FIELD_ALIGN), size: 8), "00000000000000")
    check(field(Int(WFP_FIELD_ALIGN), size: 1), "")
    let random = FieldImage([(field(Int(WFP_FIELD_RANDOM), size: 64), [])])
    let (a, b) = (random.context(to: v6).bytes, random.context(to: v6).bytes)
    #expect(a.count == 64 && b.count == 64 && a != b && Set(a).count > 16)
    let literal = field(Int(WFP_FIELD_LITERAL))
    let image = FieldImage([
      (literal, [1, 2, 3]), (literal, []), (field(Int(WFP_FIELD_ALIGN), size: 4), []), (literal, [4]),
    ])
    #expect(image.context(to: v6).bytes == [1, 2, 3, 0, 4])
  }

  @Test("S2.16: 65,536 bytes are whole; what is longer is measured as longer") func largest() {
    let literal = field(Int(WFP_FIELD_LITERAL))
    let most = [UInt8](repeating: 7, count: 65536)
    #expect(FieldImage([(literal, most)]).context(to: v6).measured == 65536)
    #expect(FieldImage([(literal, most + [1])]).context(to: v6).measured == 65537)
    let path = FieldImage([(literal, most), (field(Int(WFP_FIELD_APP_PATH)), [])])
    #expect(path.context(to: v6).measured > 65536)
    let late = FieldImage([(literal, Array(most.dropLast())), (field(Int(WFP_FIELD_APP_PATH)), [])])
    #expect(late.context(to: v6).measured > 65536)
  }

  /// S10.1: a scribbled size does not keep a connect busy.
  @Test("S10.1: measuring ends where a context is too long", arguments: [WFP_FIELD_PAD_TO, WFP_FIELD_APP_PATH])
  func hugeSize(kind: Int) {
    let image = FieldImage([(field(kind, size: .max), [])])
    #expect(image.context(to: v6).measured < 1 << 20)
  }
}
