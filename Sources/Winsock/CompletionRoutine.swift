import CWinsock

/// A completion routine, and the way on which it comes to its thread.
@safe
struct CompletionRoutine {
  @unsafe struct Call {
    let error: DWORD
    let bytes: DWORD
    let overlapped: LPWSAOVERLAPPED
    let flags: DWORD
  }

  private let callback: Callback<LPWSAOVERLAPPED_COMPLETION_ROUTINE>
  /// A provider has its own queue the routine (SPEC S6.1); nil: it is queued here, to the calling thread.
  private let providerThread: ProviderThread?

  init?(
    _ function: LPWSAOVERLAPPED_COMPLETION_ROUTINE?, _ convention: CallingConvention = .systemV,
    _ providerThread: ProviderThread? = nil
  ) {
    guard let callback = unsafe Callback(function, convention) else { return nil }
    unsafe self.callback = unsafe callback
    self.providerThread = providerThread
  }

  var function: LPWSAOVERLAPPED_COMPLETION_ROUTINE { unsafe callback.function }

  /// Whether it is known where to.
  var canBeQueued: Bool { providerThread?.isKnown ?? true }

  func queue(_ call: Call, to thread: ThreadRecord) {
    if let providerThread { return unsafe providerThread.queue(CompletionCall(callback, call)) }
    let callback = unsafe callback
    thread.queue { unsafe callback(call.error, call.bytes, call.overlapped, call.flags) }
  }
}

/// A call that a provider's APC makes: the context behind its DWORD_PTR.
@safe
final class CompletionCall {
  private let callback: Callback<LPWSAOVERLAPPED_COMPLETION_ROUTINE>
  private let call: CompletionRoutine.Call

  init(_ callback: Callback<LPWSAOVERLAPPED_COMPLETION_ROUTINE>, _ call: CompletionRoutine.Call) {
    unsafe self.callback = unsafe callback
    unsafe self.call = unsafe call
  }

  func run() { unsafe callback(call.error, call.bytes, call.overlapped, call.flags) }
}
