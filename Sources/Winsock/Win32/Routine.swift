import CWinsock

/// A function of the program's with arguments of one word each, in either convention: by libffi. What is called seldom
/// has no need for a way of its own, as Callback's functions have.
@safe
struct Routine: @unchecked Sendable {  // an address and a word
  private let address: UnsafeRawPointer
  private let convention: CallingConvention

  /// - Parameter function: A C function pointer; nil makes none.
  init?<Function>(_ function: Function?, _ convention: CallingConvention = .systemV) {
    guard let function, let address = unsafe unsafeBitCast(function, to: UnsafeRawPointer?.self) else { return nil }
    unsafe self.address = unsafe address
    self.convention = convention
  }

  var identity: UInt { UInt(bitPattern: unsafe address) }

  /// - Returns: The result is in the low bytes.
  @discardableResult
  func callAsFunction(_ arguments: UInt...) -> UInt64 {
    let interface = convention == .windows ? CallInterface.windows : CallInterface.systemV
    return unsafe interface.call(address, arguments.map { UInt64($0) })
  }
}

extension UInt {
  /// A pointer as an argument.
  static func argument(_ pointer: UnsafeRawPointer?) -> UInt { UInt(bitPattern: pointer) }
}
