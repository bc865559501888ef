import CEngine
import Glibc
import RedirectCore

/// Sizes that a new engine has (wfp_layout.h).
enum EngineLayout {
  static let policyOffset = UInt64(WFP_PAGE)
  static let flowRegionOffset = UInt64(WFP_PAGE) + 2 * UInt64(WFP_POLICY_BUFFER_SIZE)
  static let initialSize = flowRegionOffset + flowRegionLength(segments: 1)
  /// The preload appends segments directly behind the flow region, so a larger policy lies behind all that there
  /// can be. What is between is a hole that nobody touches until a segment fills it.
  static func reachedBySegments(_ header: wfp_engine) -> UInt64 {
    flowRegionLength(segments: UInt32(header.segment_limit))
  }
}

extension EngineDirectory {
  /// The engine file, opened and found to be ours: a regular file of this user, mode 0600, with one name.
  /// - Returns: `nil` when there is none.
  func openFile() throws(EngineError) -> Descriptor? {
    let flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    let opened = retrying { unsafe openat(self.descriptor.number, file, flags) }
    if opened.result < 0 {
      switch opened.errno {
      case ENOENT: return nil
      case ELOOP: throw EngineError(.refused, path, "a symbolic link", expected: "a regular file")
      default: throw .system(opened.errno, path, "cannot open the engine", expected: "a regular file of this user")
      }
    }
    let descriptor = Descriptor(opened.result)
    guard let status = descriptor.status() else {
      throw .system(errno, path, "fstat", expected: "a regular file of this user")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw EngineError(.refused, path, "not a regular file", expected: "a regular file")
    }
    guard status.st_uid == geteuid() else {
      throw EngineError(.refused, path, "the engine belongs to user \(status.st_uid)", expected: "user \(geteuid())")
    }
    guard status.st_mode & 0o7777 == 0o600 else {
      throw EngineError(.refused, path, "the engine has mode \(octal(status.st_mode))", expected: "mode 0600")
    }
    guard status.st_nlink == 1 else {
      throw EngineError(.refused, path, "the engine has \(status.st_nlink) names", expected: "one")
    }
    return descriptor
  }

  /// Opens the engine, or makes it. Two creators at once get the same file.
  /// - Parameter segmentLimit: Of one that is made: to how many segments its table may grow.
  func openOrCreate(segmentLimit: UInt32) throws(EngineError) -> Descriptor {
    if let found = try openFile() { return found }
    try lock()
    defer { flock(descriptor.number, LOCK_UN) }
    killPoint(.directoryLocked)
    if let found = try openFile() { return found }
    try create(segmentLimit)
    guard let made = try openFile() else {
      throw EngineError(.refused, path, "the engine vanished while it was made", expected: "nobody to remove it")
    }
    return made
  }

  /// Makes a whole engine under a temporary name, then gives it its own. Called with the directory locked: a
  /// temporary file that is there was left by a creator that was killed.
  private func create(_ segmentLimit: UInt32) throws(EngineError) {
    let temporary = ".\(file).new"
    _ = unsafe unlinkat(descriptor.number, temporary, 0)
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let opened = retrying { unsafe openat(descriptor.number, temporary, flags, 0o600) }
    guard opened.result >= 0 else {
      throw .system(opened.errno, path, "cannot make the engine", expected: "a directory that can be written")
    }
    let made = Descriptor(opened.result)
    killPoint(.engineMade)
    do throws(EngineError) {
      try fill(made, segmentLimit)
      killPoint(.engineWritten)
      // Not replacing: a creator that takes no lock may have been faster, and its engine may be in use.
      let noReplace = 1
      let renamed = unsafe temporary.withCString { from in
        unsafe file.withCString { to in
          wfp_syscall6(
            Int(SYS_renameat2), Int(descriptor.number), Int(bitPattern: from), Int(descriptor.number),
            Int(bitPattern: to), noReplace, 0)
        }
      }
      if renamed == Int(-EEXIST) {
        _ = unsafe unlinkat(descriptor.number, temporary, 0)
      } else if renamed != 0 {
        throw .system(Int32(-renamed), path, "cannot name the engine", expected: "a file system that can rename")
      }
      killPoint(.engineNamed)
    } catch {
      _ = unsafe unlinkat(descriptor.number, temporary, 0)
      throw error
    }
  }

  private func fill(_ made: borrowing Descriptor, _ segmentLimit: UInt32) throws(EngineError) {
    // The mode that open was given is cut by the umask.
    guard fchmod(made.number, 0o600) == 0 else {
      throw .system(errno, path, "cannot set the engine's mode", expected: "mode 0600")
    }
    let size = EngineLayout.initialSize
    let failure = posix_fallocate(made.number, 0, off_t(size))
    guard failure == 0 else {
      throw .system(failure, path, "cannot allocate the engine", expected: "\(size) bytes of free space")
    }
    killPoint(.engineAllocated)
    try write(engineHeader(segmentLimit), made, at: 0)
    try write(flowHeader(), made, at: EngineLayout.flowRegionOffset)
  }

  private func engineHeader(_ segmentLimit: UInt32) throws(EngineError) -> wfp_engine {
    var header = wfp_engine()
    header.magic = UInt64(WFP_ENGINE_MAGIC)
    header.version = WFP_ENGINE_VERSION
    header.header_size = UInt32(MemoryLayout<wfp_engine>.size)
    header.uid = geteuid()
    let keyLength = MemoryLayout.size(ofValue: header.key)
    let random = unsafe wfp_random(&header.key, keyLength)
    guard random == keyLength else {
      throw .system(Int32(clamping: -random), path, "no random key", expected: "the kernel's random numbers")
    }
    header.policy.0 = wfp_policy_buffer(
      offset: EngineLayout.policyOffset, capacity: WFP_POLICY_BUFFER_SIZE, size: 0)
    header.policy.1 = wfp_policy_buffer(
      offset: EngineLayout.policyOffset + UInt64(WFP_POLICY_BUFFER_SIZE), capacity: WFP_POLICY_BUFFER_SIZE, size: 0)
    header.flow_region_offset = EngineLayout.flowRegionOffset
    header.next_filter_id = 1
    header.created = wfp_now(CLOCK_REALTIME)
    header.segment_limit = UInt64(segmentLimit)
    return header
  }

  private func flowHeader() -> wfp_flow_header {
    var header = wfp_flow_header()
    header.segment_count = 1
    return header
  }

  private func write<Header: BitwiseCopyable>(
    _ header: Header, _ made: borrowing Descriptor, at offset: UInt64
  ) throws(EngineError) {
    let size = MemoryLayout<Header>.size
    let written = unsafe withUnsafeBytes(of: header) { unsafe pwrite(made.number, $0.baseAddress, size, off_t(offset)) }
    guard written == size else {
      throw .system(errno, path, "cannot write the engine", expected: "\(size) bytes written")
    }
  }
}
