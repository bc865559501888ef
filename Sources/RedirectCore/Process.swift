import CEngine

/// Who this process is.
struct Identity {
  var pid: UInt32
  /// Clock ticks since boot, /proc/PID/stat's field 22: tells a process from a later one with its number.
  var startTicks: UInt64
  /// Nanoseconds since 1970.
  var startTime: UInt64
}

/// The identity, read once in a process and anew after fork. Two threads may read it at the same time; they
/// store the same values.
func identity() -> Identity {
  let process = unsafe wfp_process()
  let pid = wfp_pid()
  if unsafe wfp_load(&process.pointee.identity_pid) != UInt64(pid) {
    // Ticks are 1/100 s since boot on every Linux architecture (USER_HZ).
    let offsets = ClockOffsets()
    let tickOffset = UInt64(bitPattern: Int64(bitPattern: offsets.boottime) / 10_000_000)
    let ticks = unsafe ProcessStatus(path: "/proc/self/stat", offset: tickOffset)?.startTicks ?? 0
    let boot = wfp_now(CLOCK_REALTIME) &- wfp_now(CLOCK_BOOTTIME) &+ offsets.boottime
    unsafe wfp_store(&process.pointee.clock_offset, offsets.monotonic)
    unsafe wfp_store(&process.pointee.tick_offset, tickOffset)
    unsafe wfp_store(&process.pointee.start_ticks, ticks)
    unsafe wfp_store(&process.pointee.start_time, boot &+ ticks &* 10_000_000)
    unsafe wfp_store(&process.pointee.pid_namespace, namespaceNumber())
    unsafe wfp_store(&process.pointee.identity_pid, UInt64(pid))
  }
  return unsafe Identity(
    pid: pid, startTicks: wfp_load(&process.pointee.start_ticks), startTime: wfp_load(&process.pointee.start_time))
}

private func namespaceNumber() -> UInt64 {
  var status = stat()
  return unsafe wfp_stat_path("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
}

/// The executable's path (ALE_APP_ID); one longer than 1,023 bytes is cut. Read when it is first needed, because
/// /proc/self/exe costs more than all the rest of a start (DESIGN P1). Two threads that read it at once write the same
/// bytes. Without /proc (a changed root) it is the path that was given to execve.
func ownPath() -> UnsafeRawBufferPointer {
  let process = unsafe wfp_process()
  let path = unsafe wfp_own_path()
  if unsafe wfp_load(&process.pointee.path_length) == 0 {
    var length = unsafe wfp_read_link("/proc/self/exe", path, Int(WFP_OWN_PATH_MAX) &- 1)
    if length <= 0 { length = unsafe wfp_executed_path(path, Int(WFP_OWN_PATH_MAX) &- 1) }
    unsafe wfp_store(&process.pointee.path_length, UInt64(truncatingIfNeeded: length > 0 ? length : 0))
  }
  return unsafe UnsafeRawBufferPointer(
    start: path, count: Int(truncatingIfNeeded: wfp_load(&process.pointee.path_length)))
}

/// The executable's path as a number of the engine's arena.
func ownPathNumber(_ engine: Engine) -> UInt32 {
  let process = unsafe wfp_process()
  let known = unsafe wfp_load(&process.pointee.path_number)
  if known != 0 { return UInt32(truncatingIfNeeded: known) }
  let number = unsafe engine.intern(ownPath())
  unsafe wfp_store(&process.pointee.path_number, UInt64(number))
  return number
}

/// This process as the original application of a connection.
func ownApplication(_ engine: Engine) -> wfp_application {
  let identity = identity()
  var application = wfp_application()
  application.start_time = identity.startTime
  application.pid = identity.pid
  application.uid = wfp_uid()
  application.gid = wfp_gid()
  application.session = wfp_session()
  application.path = ownPathNumber(engine)
  application.is_root = application.uid == 0 ? 1 : 0
  return application
}

/// Descriptors that the close hook looks at: those that took part. One bit each.
func watchDescriptor(_ descriptor: Int32) {
  unsafe descriptorWord(descriptor) { word, bit in _ = unsafe wfp_or64(word, bit) }
}

func isWatched(_ descriptor: Int32) -> Bool {
  var watched = false
  unsafe descriptorWord(descriptor) { word, bit in watched = unsafe wfp_load(word) & bit != 0 }
  return watched
}

/// Whether `descriptor` was watched; it is no longer.
func unwatchDescriptor(_ descriptor: Int32) -> Bool {
  var watched = false
  unsafe descriptorWord(descriptor) { word, bit in
    if unsafe wfp_load(word) & bit != 0 { watched = unsafe wfp_and64(word, ~bit) & bit != 0 }
  }
  return watched
}

/// Whether the application shall not see IP_PKTINFO among the control data, because the shim switched it on.
func hidePacketInformation(_ descriptor: Int32, _ isHidden: Bool) {
  unsafe descriptorWord(descriptor, wfp_informed_words()) { word, bit in
    _ = unsafe isHidden ? wfp_or64(word, bit) : wfp_and64(word, ~bit)
  }
}

func hidesPacketInformation(_ descriptor: Int32) -> Bool {
  var hides = false
  unsafe descriptorWord(descriptor, wfp_informed_words()) { word, bit in hides = unsafe wfp_load(word) & bit != 0 }
  return hides
}

private func descriptorWord(
  _ descriptor: Int32, _ words: UnsafeMutablePointer<UInt64> = unsafe wfp_descriptor_words(),
  _ body: (UnsafeMutablePointer<UInt64>, UInt64) -> Void
) {
  if descriptor < 0 || descriptor >= Int32(WFP_DESCRIPTORS) { return }
  unsafe body(words + Int(descriptor &>> 6), 1 &<< UInt64(truncatingIfNeeded: descriptor & 63))
}
