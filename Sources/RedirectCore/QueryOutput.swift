import CEngine

/// The output buffer of a query (SPEC S2.4).
@unsafe struct QueryOutput {
  let start: UnsafeMutableRawPointer?
  let size: UInt32
  /// The judge of a page costs more than all else in a query (DESIGN P4). Where the buffer lies in one page it waits
  /// until the answer is known: what is to be overwritten anyway may be written by a cheaper system call, and its
  /// EFAULT is the judge's. A call that fails for another reason is judged by the one that leaves the page as it is.
  let isJudgedLate: Bool
  private let socket: Int32

  init(_ socket: Int32, _ arguments: wfp_ioctl) {
    unsafe start = arguments.out
    unsafe size = arguments.out_size
    unsafe self.socket = socket
    if let start = unsafe start, unsafe size >= 8 {
      unsafe isJudgedLate = unsafe isOneUnknownPage(start, Int(size))
    } else {
      unsafe isJudgedLate = false
    }
  }

  /// Without touching it.
  var canBeWritten: Bool {
    if unsafe size == 0 { return true }
    guard let start = unsafe start else { return false }
    return unsafe isWritable(UnsafeRawPointer(start), Int(size))
  }

  /// To be called before the first of `count` bytes is written, when nothing else can fail any more. SO_COOKIE takes
  /// eight of them; the call has asked it of this socket already, so no filter of system calls refuses it.
  func prove(_ count: Int) -> Bool {
    if unsafe !isJudgedLate { return true }
    guard let start = unsafe start, count >= 8 else { return unsafe canBeWritten }
    var length: UInt32 = 8
    let result = unsafe wfp_get_option(socket, SOL_SOCKET, SO_COOKIE, start, &length)
    return unsafe result == 0 || result != -EFAULT && canBeWritten
  }
}
