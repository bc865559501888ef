import CWinsock

/// An open device of a plug-in.
@safe
final class DeviceFile: FileObject, @unchecked Sendable {  // its state is under ws2_lock
  private let device: UnsafePointer<wfp_device>
  private var file: UnsafeMutableRawPointer?
  private var requests: [DeviceRequest] = []

  /// - Throws: ERROR_FILE_NOT_FOUND, or what the device says.
  init(named name: String, _ access: DWORD, isOverlapped: Bool) throws(WSAError) {
    guard let device = unsafe Devices.device(named: name) else { throw WSAError(ERROR_FILE_NOT_FOUND) }
    unsafe self.device = unsafe device
    super.init(isOverlapped: isOverlapped)
    guard let create = unsafe device.pointee.create else { return }
    let error = unsafe create(device.pointee.context, access, &file)
    guard error == 0 else {
      isOpen = false
      throw WSAError(rawValue: Int32(bitPattern: error))
    }
  }

  private var isOpen = true

  /// Requests hold the object: none is under way.
  deinit {
    if isOpen { unsafe device.pointee.close?(file) }
  }

  override func lastHandleWasClosed() { _ = cancel { _, _ in true } }

  override func run(_ transfer: Transfer, _ done: LPDWORD?, _ overlapped: LPOVERLAPPED?) throws(WSAError) {
    try unsafe judge(done, overlapped)
    guard let callback = unsafe callback(transfer) else { throw WSAError(ERROR_INVALID_FUNCTION) }
    let indication = unsafe overlapped == nil ? nil : try Indication(overlapped!, nil, port)
    let request = unsafe DeviceRequest(self, transfer, overlapped, indication)
    locked { requests.append(request) }
    let answer = unsafe request.begin { unsafe callback(file, $0) }
    if answer == nil, isOverlapped, unsafe overlapped != nil { throw WSAError(ERROR_IO_PENDING) }
    let result = answer ?? request.wait()
    if let done = unsafe done { unsafe done.pointee = result.bytes }
    if let error = result.error { throw error }
  }

  fileprivate func forget(_ request: DeviceRequest) { locked { requests.removeAll { $0 === request } } }

  private func callback(
    _ transfer: Transfer
  ) -> (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<wfp_device_request>?) -> UInt32)? {
    switch unsafe transfer {
    case .read: unsafe device.pointee.read
    case .write: unsafe device.pointee.write
    case .control: unsafe device.pointee.device_io_control
    }
  }

  override func cancel(_ isWanted: (_ overlapped: UInt, _ thread: ThreadRecord) -> Bool) -> Int {
    let wanted = locked { requests }.filter { isWanted($0.identity, $0.thread) }
    if let cancel = unsafe device.pointee.cancel {
      for request in wanted { unsafe cancel(file, request.block) }
    }
    return wanted.count
  }
}

/// One request of a device, from its beginning to whoever ends it.
@safe
private final class DeviceRequest: @unchecked Sendable {  // its state is under ws2_lock
  /// What the plug-in sees.
  let block: UnsafeMutablePointer<wfp_device_request>
  let identity: UInt
  let thread = ThreadRecord.current
  private let device: DeviceFile
  private let overlapped: LPOVERLAPPED?
  private let indication: Indication?
  private let offset: DWORD
  private let before: ULONG_PTR
  private let ended = Event(isManual: true, isSignalled: false)
  private var result = OperationResult()

  init(_ device: DeviceFile, _ transfer: FileObject.Transfer, _ overlapped: LPOVERLAPPED?, _ indication: Indication?) {
    self.device = device
    unsafe self.overlapped = unsafe overlapped
    self.indication = indication
    identity = UInt(bitPattern: overlapped)
    offset = unsafe overlapped?.pointee.Offset ?? 0
    before = unsafe overlapped?.pointee.Internal ?? 0
    unsafe block = .allocate(capacity: 1)
    unsafe block.initialize(to: wfp_device_request())
    switch unsafe transfer {
    case .read(let buffer, let size): unsafe (block.pointee.out, block.pointee.out_size) = (buffer, UInt32(size))
    case .write(let buffer, let size): unsafe (block.pointee.in, block.pointee.in_size) = (buffer, UInt32(size))
    case .control(let code, let input, let inputSize, let output, let outputSize):
      unsafe block.pointee.code = code
      unsafe (block.pointee.in, block.pointee.in_size) = (UnsafeRawPointer(input), inputSize)
      unsafe (block.pointee.out, block.pointee.out_size) = (output, outputSize)
    }
    unsafe block.pointee.complete = { block, error, bytes in
      guard let library = unsafe block?.pointee.library else { return }
      unsafe Unmanaged<DeviceRequest>.fromOpaque(library).takeRetainedValue().end(error, bytes)
    }
  }

  deinit { unsafe block.deallocate() }

  /// - Returns: How it has ended, or nil: it is under way, or was and `complete` has told it.
  func begin(_ call: (UnsafeMutablePointer<wfp_device_request>) -> UInt32) -> OperationResult? {
    indication?.begin()
    if let overlapped = unsafe overlapped { unsafe ws2_mark_pending(overlapped) }
    let retained = unsafe Unmanaged.passRetained(self)
    unsafe block.pointee.library = retained.toOpaque()
    let error = unsafe call(block)
    guard error != DWORD(ERROR_IO_PENDING) else { return nil }
    unsafe retained.release()
    let bytes = unsafe block.pointee.bytes
    guard error == 0 else {
      // Nothing was begun: the OVERLAPPED stays as it was.
      if let overlapped = unsafe overlapped { unsafe overlapped.pointee.Internal = before }
      device.forget(self)
      return OperationResult(error: WSAError(rawValue: Int32(bitPattern: error)), bytes: bytes)
    }
    finish(OperationResult(bytes: bytes, flags: offset), isLate: false)
    return OperationResult(bytes: bytes)
  }

  private func end(_ error: UInt32, _ bytes: UInt32) {
    finish(
      OperationResult(
        error: error == 0 ? nil : WSAError(rawValue: Int32(bitPattern: error)), bytes: bytes, flags: offset),
      isLate: true)
  }

  private func finish(_ result: OperationResult, isLate: Bool) {
    device.forget(self)
    if let overlapped = unsafe overlapped {
      unsafe indication?.deliver(result, overlapped, to: thread, skipsPort: !isLate && device.skipsPortOnSuccess)
    }
    locked {
      self.result = result
      ended.signalLocked()
    }
  }

  func wait() -> OperationResult {
    _ = Wait(for: [ended]).run(until: .never)
    return locked { result }
  }
}
