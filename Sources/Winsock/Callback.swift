import CWinsock

/// A function of the program's, with its convention. A System V one is called as it is, a Windows one through libffi.
@safe
struct Callback<Function> {
  let function: Function
  let convention: CallingConvention

  init?(_ function: Function?, _ convention: CallingConvention = .systemV) {
    guard let function else { return nil }
    self.function = function
    self.convention = convention
  }

  private var address: UnsafeRawPointer? { unsafe unsafeBitCast(function, to: UnsafeRawPointer?.self) }

  fileprivate func callWindows(_ arguments: [UInt64]) -> UInt64 {
    unsafe CallInterface.windows.call(address, arguments)
  }
}

private func word(_ pointer: UnsafeMutableRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

extension Callback where Function == LPWSAOVERLAPPED_COMPLETION_ROUTINE {
  func callAsFunction(_ error: DWORD, _ bytes: DWORD, _ overlapped: LPWSAOVERLAPPED, _ flags: DWORD) {
    switch unsafe convention {
    case .systemV: unsafe function(error, bytes, overlapped, flags)
    case .windows: _ = unsafe callWindows([UInt64(error), UInt64(bytes), word(overlapped), UInt64(flags)])
    }
  }
}

/// QueueUserAPC's and WPUQueueApc's have the same type.
extension Callback where Function == PAPCFUNC {
  func callAsFunction(_ data: ULONG_PTR) {
    switch convention {
    case .systemV: function(data)
    case .windows: _ = callWindows([UInt64(data)])
    }
  }
}

extension Callback where Function == PTIMERAPCROUTINE {
  func callAsFunction(_ argument: LPVOID?, _ low: DWORD, _ high: DWORD) {
    switch unsafe convention {
    case .systemV: unsafe function(argument, low, high)
    case .windows: _ = unsafe callWindows([word(argument), UInt64(low), UInt64(high)])
    }
  }
}

extension Callback where Function == LPTHREAD_START_ROUTINE {
  func callAsFunction(_ parameter: LPVOID?) -> DWORD {
    switch unsafe convention {
    case .systemV: unsafe function(parameter)
    case .windows: unsafe DWORD(truncatingIfNeeded: callWindows([word(parameter)]))
    }
  }
}

extension Callback where Function == LPCONDITIONPROC {
  func callAsFunction(
    _ caller: LPWSABUF, _ called: LPWSABUF, _ group: UnsafeMutablePointer<GROUP>, _ data: DWORD_PTR
  ) -> Int32 {
    switch unsafe convention {
    case .systemV: return unsafe function(caller, nil, nil, nil, called, nil, group, data)
    case .windows:
      let arguments = unsafe [word(caller), 0, 0, 0, word(called), 0, word(group), UInt64(data)]
      return unsafe Int32(truncatingIfNeeded: callWindows(arguments))
    }
  }
}
