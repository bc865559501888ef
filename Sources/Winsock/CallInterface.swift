import CFFI

/// How a function of the program expects its arguments. A pointer does not show it: the entry point through which it
/// came says it (ws2msabi.h).
enum CallingConvention {
  case systemV
  /// Windows x64.
  case windows
}

/// libffi's descriptions of calls. In either convention an integer or a pointer takes one place of eight bytes, and
/// callbacks and procedures have no other arguments: the count is all there is to say.
@safe
struct CallInterface: Sendable {
  static let mostArguments = 12

  nonisolated(unsafe) private let descriptions: UnsafeMutablePointer<ffi_cif>

  static let systemV = CallInterface(FFI_DEFAULT_ABI)
  static let windows = CallInterface(wfp_ffi_windows)

  private init(_ convention: ffi_abi) {
    let count = Self.mostArguments + 1
    unsafe descriptions = .allocate(capacity: count)
    let places = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(capacity: count)
    unsafe places.initialize(repeating: wfp_ffi_uint64(), count: count)
    for arguments in 0..<count {
      unsafe (descriptions + arguments).initialize(to: ffi_cif())
      let status = unsafe ffi_prep_cif(
        descriptions + arguments, convention, UInt32(arguments), wfp_ffi_uint64(), places)
      precondition(status == FFI_OK, "libffi knows integers")
    }
  }

  func description(_ arguments: Int) -> UnsafeMutablePointer<ffi_cif> { unsafe descriptions + arguments }

  /// Calls the function; its result is in the low bytes.
  func call(_ function: UnsafeRawPointer?, _ arguments: [UInt64]) -> UInt64 {
    var arguments = arguments
    var result: UInt64 = 0
    unsafe arguments.withUnsafeMutableBufferPointer { values in
      unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: values.count) { places in
        for index in values.indices {
          unsafe places.initializeElement(at: index, to: UnsafeMutableRawPointer(values.baseAddress! + index))
        }
        unsafe ffi_call(
          description(values.count), unsafeBitCast(function, to: (@convention(c) () -> Void)?.self), &result,
          places.baseAddress)
      }
    }
    return result
  }
}
