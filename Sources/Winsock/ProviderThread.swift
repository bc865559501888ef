import CFFI
import CWinsock

/// Where a provider queues a completion routine: its upcall, and the thread as the caller named it. The name is copied
/// when the call comes in, as the caller's memory is free again when it returns, and lives until WPUQueueApc has
/// returned (SPEC S6.1).
@safe
struct ProviderThread {
  private let provider: Provider
  /// Nil: the caller's could not be read.
  private let identifier: WSATHREADID?

  init(_ provider: Provider, _ identifier: LPWSATHREADID?) {
    self.provider = provider
    guard let identifier = unsafe identifier, unsafe isReadable(identifier, MemoryLayout<WSATHREADID>.size) else {
      unsafe self.identifier = nil
      return
    }
    unsafe self.identifier = unsafe identifier.pointee
  }

  var isKnown: Bool { unsafe identifier != nil && provider.queueApc != nil }

  /// An upcall that fails has queued nothing: the OVERLAPPED says how the operation ended, and the routine never runs.
  func queue(_ call: CompletionCall) {
    guard var identifier = unsafe identifier, let queueApc = unsafe provider.queueApc else { return }
    let context = unsafe Unmanaged.passRetained(call)
    var error: INT = 0
    let result = enter(nil) {
      unsafe queueApc(&identifier, apc(provider.convention), DWORD_PTR(UInt(bitPattern: context.toOpaque())), &error)
    }
    if result != 0 { unsafe context.release() }
  }
}

/// The APC of the provider, which calls the application's routine in the thread that WPUQueueApc was told.
private func runCompletionCall(_ context: DWORD_PTR) {
  guard let context = unsafe UnsafeRawPointer(bitPattern: UInt(context)) else { return }
  unsafe Unmanaged<CompletionCall>.fromOpaque(context).takeRetainedValue().run()
}

/// In the convention in which the program's WPUQueueApc calls it or hands it on.
private func apc(_ convention: CallingConvention) -> LPWSAUSERAPC? {
  convention == .windows ? windowsApc : runCompletionCall
}

private let windowsApc: LPWSAUSERAPC? = {
  var code: UnsafeMutableRawPointer?
  guard let closure = unsafe ffi_closure_alloc(MemoryLayout<ffi_closure>.size, &code) else { return nil }
  let status = unsafe ffi_prep_closure_loc(
    closure.assumingMemoryBound(to: ffi_closure.self), CallInterface.windows.description(1),
    { _, _, arguments, _ in
      if let place = unsafe arguments?[0] { runCompletionCall(unsafe place.load(as: DWORD_PTR.self)) }
    }, nil, code)
  return unsafe status == FFI_OK ? unsafeBitCast(code, to: LPWSAUSERAPC?.self) : nil
}()
