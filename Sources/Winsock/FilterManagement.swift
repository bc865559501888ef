public import CWinsock

/// The management functions of the Windows Filtering Platform. A policy file says here what filters there are, and no
/// program changes it: each function is there so that a service links and finds out.
private let notImplemented = DWORD(ERROR_CALL_NOT_IMPLEMENTED)

/// Would open a session of the filter engine. Not here: see `wfpctl policy load`.
/// Page: FwpmEngineOpen0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmEngineOpen0(
  _ serverName: PCWSTR?, _ authnService: UINT32, _ authIdentity: UnsafeMutablePointer<SEC_WINNT_AUTH_IDENTITY_W>?,
  _ session: UnsafePointer<FWPM_SESSION0>?, _ engineHandle: UnsafeMutablePointer<HANDLE?>?
) -> DWORD { notImplemented }

/// Would close a session of the filter engine. Not here: see `wfpctl policy load`.
/// Page: FwpmEngineClose0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmEngineClose0(_ engineHandle: HANDLE?) -> DWORD { notImplemented }

/// Would begin a transaction of a session. Not here: see `wfpctl policy load`.
/// Page: FwpmTransactionBegin0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmTransactionBegin0(_ engineHandle: HANDLE?, _ flags: UINT32) -> DWORD { notImplemented }

/// Would commit the transaction of a session. Not here: see `wfpctl policy load`.
/// Page: FwpmTransactionCommit0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmTransactionCommit0(_ engineHandle: HANDLE?) -> DWORD { notImplemented }

/// Would take back the transaction of a session. Not here: see `wfpctl policy load`.
/// Page: FwpmTransactionAbort0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmTransactionAbort0(_ engineHandle: HANDLE?) -> DWORD { notImplemented }

/// Would add a provider. Not here: see `wfpctl policy load`.
/// Page: FwpmProviderAdd0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmProviderAdd0(
  _ engineHandle: HANDLE?, _ provider: UnsafePointer<FWPM_PROVIDER0>?, _ sd: PSECURITY_DESCRIPTOR?
) -> DWORD { notImplemented }

/// Would delete a provider by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmProviderDeleteByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmProviderDeleteByKey0(_ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?) -> DWORD { notImplemented }

/// Would find a provider by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmProviderGetByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmProviderGetByKey0(
  _ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?,
  _ provider: UnsafeMutablePointer<UnsafeMutablePointer<FWPM_PROVIDER0>?>?
) -> DWORD { notImplemented }

/// Would add a sublayer. Not here: see `wfpctl policy load`.
/// Page: FwpmSubLayerAdd0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmSubLayerAdd0(
  _ engineHandle: HANDLE?, _ subLayer: UnsafePointer<FWPM_SUBLAYER0>?, _ sd: PSECURITY_DESCRIPTOR?
) -> DWORD { notImplemented }

/// Would delete a sublayer by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmSubLayerDeleteByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmSubLayerDeleteByKey0(_ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?) -> DWORD { notImplemented }

/// Would find a sublayer by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmSubLayerGetByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmSubLayerGetByKey0(
  _ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?,
  _ subLayer: UnsafeMutablePointer<UnsafeMutablePointer<FWPM_SUBLAYER0>?>?
) -> DWORD { notImplemented }

/// Would add a callout. Not here: see `wfpctl policy load`.
/// Page: FwpmCalloutAdd0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmCalloutAdd0(
  _ engineHandle: HANDLE?, _ callout: UnsafePointer<FWPM_CALLOUT0>?, _ sd: PSECURITY_DESCRIPTOR?,
  _ id: UnsafeMutablePointer<UINT32>?
) -> DWORD { notImplemented }

/// Would delete a callout by its number in the engine. Not here: see `wfpctl policy load`.
/// Page: FwpmCalloutDeleteById0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmCalloutDeleteById0(_ engineHandle: HANDLE?, _ id: UINT32) -> DWORD { notImplemented }

/// Would delete a callout by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmCalloutDeleteByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmCalloutDeleteByKey0(_ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?) -> DWORD { notImplemented }

/// Would find a callout by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmCalloutGetByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmCalloutGetByKey0(
  _ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?,
  _ callout: UnsafeMutablePointer<UnsafeMutablePointer<FWPM_CALLOUT0>?>?
) -> DWORD { notImplemented }

/// Would add a filter. Not here: see `wfpctl policy load`.
/// Page: FwpmFilterAdd0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmFilterAdd0(
  _ engineHandle: HANDLE?, _ filter: UnsafePointer<FWPM_FILTER0>?, _ sd: PSECURITY_DESCRIPTOR?,
  _ id: UnsafeMutablePointer<UINT64>?
) -> DWORD { notImplemented }

/// Would delete a filter by its number in the engine. Not here: see `wfpctl policy load`.
/// Page: FwpmFilterDeleteById0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmFilterDeleteById0(_ engineHandle: HANDLE?, _ id: UINT64) -> DWORD { notImplemented }

/// Would delete a filter by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmFilterDeleteByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmFilterDeleteByKey0(_ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?) -> DWORD { notImplemented }

/// Would find a filter by its number in the engine. Not here: see `wfpctl policy load`.
/// Page: FwpmFilterGetById0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmFilterGetById0(
  _ engineHandle: HANDLE?, _ id: UINT64, _ filter: UnsafeMutablePointer<UnsafeMutablePointer<FWPM_FILTER0>?>?
) -> DWORD { notImplemented }

/// Would find a filter by its key. Not here: see `wfpctl policy load`.
/// Page: FwpmFilterGetByKey0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmFilterGetByKey0(
  _ engineHandle: HANDLE?, _ key: UnsafePointer<GUID>?,
  _ filter: UnsafeMutablePointer<UnsafeMutablePointer<FWPM_FILTER0>?>?
) -> DWORD { notImplemented }

/// Would give the identifier by which filters know the program of a file. Not here: see `wfpctl policy load`.
/// Page: FwpmGetAppIdFromFileName0.
/// - Returns: ERROR_CALL_NOT_IMPLEMENTED (120); no parameter is looked at.
@c @implementation
public func FwpmGetAppIdFromFileName0(
  _ fileName: PCWSTR?, _ appId: UnsafeMutablePointer<UnsafeMutablePointer<FWP_BYTE_BLOB>?>?
) -> DWORD { notImplemented }

/// Would free what a function of the filter engine has given: none has, so that there is nothing to free.
/// Page: FwpmFreeMemory0.
/// - Parameter p: The address of a pointer, which becomes NULL; NULL or an address that cannot be written is let be.
@c @implementation
public func FwpmFreeMemory0(_ p: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
  guard let p = unsafe p, unsafe isWritable(p, MemoryLayout<UnsafeMutableRawPointer?>.size) else { return }
  unsafe p.pointee = nil
}
