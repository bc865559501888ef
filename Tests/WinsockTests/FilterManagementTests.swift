import CWinsock
import Testing

@testable import Winsock

/// The functions of fwpmu.h: there to link with, and they say so. What filters there are is a policy's (docs/policy.md).
@Suite struct FilterManagementTests {
  static let missing = DWORD(120)  // ERROR_CALL_NOT_IMPLEMENTED

  @Test("README, Limits: sessions and transactions of the filter engine") func sessions() {
    var engine: HANDLE? = HANDLE(bitPattern: 7)
    #expect(FwpmEngineOpen0(nil, 0xffff_ffff, nil, nil, &engine) == Self.missing)
    #expect(engine == HANDLE(bitPattern: 7), "nothing is written")
    #expect(FwpmTransactionBegin0(engine, 0) == Self.missing && FwpmTransactionCommit0(engine) == Self.missing)
    #expect(FwpmTransactionAbort0(engine) == Self.missing && FwpmEngineClose0(engine) == Self.missing)
  }

  @Test("README, Limits: providers, sublayers, callouts, filters") func objects() {
    var (provider, layer, callout, filter) = (FWPM_PROVIDER0(), FWPM_SUBLAYER0(), FWPM_CALLOUT0(), FWPM_FILTER0())
    var (key, number, wide) = (GUID(), UINT32(1), UINT64(2))
    #expect(
      FwpmProviderAdd0(nil, &provider, nil) == Self.missing && FwpmProviderDeleteByKey0(nil, &key) == Self.missing)
    #expect(FwpmSubLayerAdd0(nil, &layer, nil) == Self.missing && FwpmSubLayerDeleteByKey0(nil, &key) == Self.missing)
    #expect(
      FwpmCalloutAdd0(nil, &callout, nil, &number) == Self.missing && FwpmCalloutDeleteById0(nil, 1) == Self.missing)
    #expect(FwpmCalloutDeleteByKey0(nil, &key) == Self.missing && FwpmFilterDeleteByKey0(nil, &key) == Self.missing)
    #expect(FwpmFilterAdd0(nil, &filter, nil, &wide) == Self.missing && FwpmFilterDeleteById0(nil, 1) == Self.missing)
    #expect(number == 1 && wide == 2)
    #expect(
      FwpmProviderGetByKey0(nil, &key, nil) == Self.missing && FwpmSubLayerGetByKey0(nil, &key, nil) == Self.missing)
    #expect(FwpmCalloutGetByKey0(nil, &key, nil) == Self.missing && FwpmFilterGetByKey0(nil, &key, nil) == Self.missing)
    #expect(FwpmFilterGetById0(nil, 1, nil) == Self.missing && FwpmGetAppIdFromFileName0(nil, nil) == Self.missing)
  }

  /// FwpmFreeMemory0: programs call it with the address of what a function gave them, also after that has failed.
  @Test("page FwpmFreeMemory0") func freeing() {
    var pointer = UnsafeMutableRawPointer(bitPattern: 8)
    FwpmFreeMemory0(&pointer)
    #expect(pointer == nil)
    FwpmFreeMemory0(nil)
    FwpmFreeMemory0(UnsafeMutablePointer(bitPattern: 8))
  }

  /// The identifiers are the run-time's own (windows-facts.md 6.1).
  @Test("identifiers of layers, bytes in memory order") func identifiers() {
    let v4 = withUnsafeBytes(of: FWPM_LAYER_ALE_CONNECT_REDIRECT_V4) { $0.map { String($0, radix: 16) } }
    #expect(v4.joined(separator: " ") == "8c 3c e6 c6 84 b7 62 45 aa 7d a 67 cf ca f9 a3")
    #expect(FWPM_LAYER_ALE_CONNECT_REDIRECT_V6.Data1 == 0x587e_54a7 && FWPM_SUBLAYER_UNIVERSAL.Data1 == 0xeebe_cc03)
  }
}
