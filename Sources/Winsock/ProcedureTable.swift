import CFFI
import CWinsock

/// The arguments of one call of a procedure, in their places.
@safe
struct Arguments {
  let places: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  /// The argument as what the procedure takes it for: a smaller one stands in the low bytes of its place.
  subscript<Value>(_ index: Int) -> Value { unsafe places[index]!.load(as: Value.self) }
}

/// One procedure of the service-provider interface.
struct Procedure {
  let arguments: Int
  let body: (Provider, Arguments) -> UInt64

  init<Result: BinaryInteger>(_ arguments: Int, _ body: @escaping (Provider, Arguments) -> Result) {
    self.arguments = arguments
    self.body = { UInt64(truncatingIfNeeded: body($0, $1)) }
  }
}

/// The procedures of one provider: C functions made at run time that know the provider.
@safe
final class ProcedureTable {
  /// What a closure's user data points to.
  private final class Binding {
    unowned let provider: Provider
    let procedure: Procedure

    init(_ provider: Provider, _ procedure: Procedure) {
      self.provider = provider
      self.procedure = procedure
    }
  }

  private var closures: [UnsafeMutableRawPointer] = unsafe []
  private var bindings: [Binding] = []
  private var entries: [UnsafeMutableRawPointer] = unsafe []

  init?(for provider: Provider) {
    for procedure in unsafe Procedure.all {
      guard add(Binding(provider, procedure)) else { return nil }
    }
  }

  deinit { unsafe closures.forEach { unsafe ffi_closure_free($0) } }

  private func add(_ binding: Binding) -> Bool {
    var code: UnsafeMutableRawPointer?
    guard let closure = unsafe ffi_closure_alloc(MemoryLayout<ffi_closure>.size, &code), let code = unsafe code else {
      return false
    }
    unsafe closures.append(closure)
    bindings.append(binding)
    unsafe entries.append(code)
    let description = unsafe CallInterface.systemV.description(binding.procedure.arguments)
    let status = unsafe ffi_prep_closure_loc(
      closure.assumingMemoryBound(to: ffi_closure.self), description, dispatch,
      Unmanaged.passUnretained(binding).toOpaque(), code)
    return status == FFI_OK
  }

  private let dispatch:
    @convention(c) (
      UnsafeMutablePointer<ffi_cif>?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      UnsafeMutableRawPointer?
    ) -> Void = { _, result, places, user in
      guard let result = unsafe result, let places = unsafe places, let user = unsafe user else { return }
      let binding = unsafe Unmanaged<Binding>.fromOpaque(user).takeUnretainedValue()
      let value = unsafe binding.procedure.body(binding.provider, Arguments(places: places))
      unsafe result.storeBytes(of: value, as: UInt64.self)
    }

  func copy(to table: LPWSPPROC_TABLE) {
    unsafe entries.withUnsafeBytes { entries in
      unsafe UnsafeMutableRawPointer(table).copyMemory(
        from: entries.baseAddress!, byteCount: MemoryLayout<WSPPROC_TABLE>.size)
    }
  }
}

extension Procedure {
  /// In the order of WSPPROC_TABLE.
  nonisolated(unsafe) static let all: [Procedure] = [
    Procedure(6) { unsafe $0.accept($1[0], $1[1], $1[2], $1[3], $1[4], $1[5]) },
    Procedure(6) { unsafe $0.addressToString($1[0], $1[1], $1[3], $1[4], $1[5]) },
    Procedure(5) { unsafe $0.refuse($1[0], $1[4]) },  // AsyncSelect: no window receives messages here
    Procedure(4) { unsafe $0.bind($1[0], $1[1], $1[2], $1[3]) },
    Procedure(1) { unsafe $0.cancelBlockingCall($1[0]) },
    Procedure(1) { unsafe $0.cleanUp($1[0]) },
    Procedure(2) { unsafe $0.closeSocket($1[0], $1[1]) },
    Procedure(8) { unsafe $0.connect($1[0], $1[1], $1[2], $1[3], $1[4], $1[7]) },
    Procedure(4) { unsafe $0.duplicateSocket($1[0], $1[1], $1[2], $1[3]) },
    Procedure(4) { unsafe $0.enumNetworkEvents($1[0], $1[1], $1[2], $1[3]) },
    Procedure(4) { unsafe $0.eventSelect($1[0], $1[1], $1[2], $1[3]) },
    Procedure(6) { unsafe $0.getOverlappedResult($1[0], $1[1], $1[2], $1[3], $1[4], $1[5]) },
    Procedure(4) { unsafe $0.getPeerName($1[0], $1[1], $1[2], $1[3]) },
    Procedure(4) { unsafe $0.getSockName($1[0], $1[1], $1[2], $1[3]) },
    Procedure(6) { unsafe $0.getSockOpt($1[0], $1[1], $1[2], $1[3], $1[4], $1[5]) },
    Procedure(4) { unsafe $0.refuse($1[0], failing: no, $1[3]) },  // GetQOSByName
    Procedure(11) {
      unsafe $0.ioctl($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6], $1[7], $1[8], $1[9], $1[10])
    },
    Procedure(9) { unsafe $0.refuse($1[0], failing: invalidSocket, $1[8]) },  // JoinLeaf
    Procedure(3) { unsafe $0.listen($1[0], $1[1], $1[2]) },
    Procedure(9) { unsafe $0.receive($1[0], $1[1], $1[2], $1[3], $1[4], nil, nil, $1[5], $1[6], $1[7], $1[8]) },
    Procedure(3) { unsafe $0.receiveDisconnect($1[0], $1[1], $1[2]) },
    Procedure(11) {
      unsafe $0.receive($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6], $1[7], $1[8], $1[9], $1[10])
    },
    Procedure(6) { unsafe $0.select($1[1], $1[2], $1[3], $1[4], $1[5]) },
    Procedure(9) { unsafe $0.send($1[0], $1[1], $1[2], $1[3], $1[4], nil, 0, $1[5], $1[6], $1[7], $1[8]) },
    Procedure(3) { unsafe $0.sendDisconnect($1[0], $1[1], $1[2]) },
    Procedure(11) {
      unsafe $0.send($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6], $1[7], $1[8], $1[9], $1[10])
    },
    Procedure(6) { unsafe $0.setSockOpt($1[0], $1[1], $1[2], $1[3], $1[4], $1[5]) },
    Procedure(3) { unsafe $0.shutdown($1[0], $1[1], $1[2]) },
    Procedure(7) { unsafe $0.socket($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6]) },
    Procedure(6) { unsafe $0.stringToAddress($1[0], $1[1], $1[3], $1[4], $1[5]) },
  ]
}
