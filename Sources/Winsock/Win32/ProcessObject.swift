import CWinsock
import Dispatch
import Glibc

/// A process of Linux, signalled when it has ended. Its descriptor (pidfd) names it, whoever gets its number later.
final class ProcessObject: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  let identifier: Int32
  let descriptor: Int32
  private var source: (any DispatchSourceRead)?
  private static let queue = DispatchQueue(label: "wfpshim.processes")

  /// - Throws: ERROR_INVALID_PARAMETER: there is no such process.
  init(_ identifier: DWORD) throws(WSAError) {
    guard let number = Int32(exactly: identifier), number > 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let opened = ws2_process_open(number)
    guard opened >= 0 else {
      switch ws2_errno() {
      case EMFILE, ENFILE: throw WSAError(ERROR_TOO_MANY_OPEN_FILES)
      case ENOSYS: throw WSAError(ERROR_NOT_SUPPORTED)
      default: throw WSAError(ERROR_INVALID_PARAMETER)
      }
    }
    self.identifier = number
    descriptor = opened
    super.init(isSignalled: false)
    // In the child of a fork Dispatch does not live: there a wait sees only what is true when it begins.
    guard ThreadLife.isHere else { return }
    // A copy for the source, which closes it when it has told: the exit code is asked for afterwards.
    let watched = ws2_duplicate(opened)
    guard watched >= 0 else { return }
    let source = DispatchSource.makeReadSource(fileDescriptor: watched, queue: Self.queue)
    source.setEventHandler { [weak self] in
      self?.signal()
      self?.source?.cancel()
    }
    source.setCancelHandler { close(watched) }
    source.activate()
    self.source = source
  }

  deinit {
    source?.cancel()
    close(descriptor)
  }

  override func isReady(for thread: ThreadRecord) -> Bool { isSignalled || hasEnded }

  var hasEnded: Bool { ws2_descriptor_is_readable(descriptor) != 0 }
}

/// What a handle of a process names.
enum ProcessReference {
  case current
  case other(ProcessObject)

  init(_ handle: HANDLE?) throws(WSAError) {
    if UInt(bitPattern: handle) == HandleTable.currentProcess {
      self = .current
    } else {
      self = .other(try HandleTable.object(UInt(bitPattern: handle), as: ProcessObject.self))
    }
  }

  var identifier: Int32 {
    switch self {
    case .current: getpid()
    case .other(let process): process.identifier
    }
  }

  /// Of /proc; nil when the process has ended, also while it was read: the number could be another one's by then.
  func read<Answer>(_ body: (String) throws(WSAError) -> Answer) throws(WSAError) -> Answer? {
    let answer = try body("/proc/\(identifier)")
    if case .other(let process) = self, process.hasEnded { return nil }
    return answer
  }

  /// The path of the program; a file that was replaced meanwhile keeps its name.
  /// - Throws: ERROR_ACCESS_DENIED (another user's), ERROR_GEN_FAILURE (it has ended, or has no program).
  func imagePath() throws(WSAError) -> [UInt8] {
    let path = try read { folder throws(WSAError) in
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = unsafe readlink(folder + "/exe", &buffer, buffer.count)
      guard count >= 0 else {
        throw WSAError(ws2_errno() == EACCES || ws2_errno() == EPERM ? ERROR_ACCESS_DENIED : ERROR_GEN_FAILURE)
      }
      return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }
    guard let path else { throw WSAError(ERROR_GEN_FAILURE) }
    let mark = Array(" (deleted)".utf8)
    return path.suffix(mark.count) == mark[...] ? Array(path.dropLast(mark.count)) : path
  }
}
