public import CWinsock
import Glibc

/// Waits while the value at an address is another's, until somebody says that it has changed. Page: WaitOnAddress.
/// - Parameters:
///   - address: Of the value; within this process.
///   - undesired: Of the value that is waited out.
///   - size: Bytes of both: 1, 2, 4 or 8.
///   - milliseconds: INFINITE is for ever; never shorter.
/// - Returns: TRUE, also without a change: the caller looks again; or FALSE: ERROR_TIMEOUT, ERROR_INVALID_PARAMETER
///   (NULL, another size).
@c @implementation
public func WaitOnAddress(
  _ address: UnsafeMutableRawPointer?, _ undesired: PVOID?, _ size: SIZE_T, _ milliseconds: DWORD
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let address = unsafe address, let undesired = unsafe undesired, [1, 2, 4, 8].contains(size) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let word = unsafe ws2_wakes_of(address)
    let deadline = Deadline(wait: milliseconds)
    // Before the value: a wake after a change that is not seen is.
    let wakes = unsafe ws2_condition_begin(word)
    guard unsafe memcmp(address, undesired, Int(size)) == 0 else { return yes }
    while unsafe ws2_word_load(word) == wakes {
      guard !deadline.isOver else { throw WSAError(ERROR_TIMEOUT) }
      unsafe ws2_futex_wait(word, wakes, deadline.remaining)
    }
    return yes
  }
}

/// Wakes a thread that waits at the address, and may wake others, as WaitOnAddress allows: addresses share what is
/// waited on. Page: WakeByAddressSingle.
@c @implementation
public func WakeByAddressSingle(_ address: PVOID?) { unsafe WakeByAddressAll(address) }

/// Wakes all threads that wait at the address. Page: WakeByAddressAll.
@c @implementation
public func WakeByAddressAll(_ address: PVOID?) {
  if let address = unsafe address { unsafe ws2_condition_wake(ws2_wakes_of(address), true) }
}
