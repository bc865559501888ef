import Glibc

/// An open descriptor of ours; closed when it goes.
struct Descriptor: ~Copyable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  func status() -> stat? {
    var status = stat()
    return unsafe fstat(number, &status) == 0 ? status : nil
  }
}

/// Runs a system call again while a signal interrupts it.
/// - Returns: The call's result, and errno when that is negative.
func retrying(_ call: () -> Int32) -> (result: Int32, errno: Int32) {
  while true {
    let result = call()
    if result >= 0 { return (result, 0) }
    let number = errno
    if number != EINTR { return (result, number) }
  }
}
