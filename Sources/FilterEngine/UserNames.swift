import Glibc

/// The id of a user.
/// - Returns: `nil` when there is no such user.
package func userID(named name: String) -> UInt32? {
  var capacity = 1024
  while capacity <= 1 << 20 {
    var entry = unsafe passwd()
    var buffer = [CChar](repeating: 0, count: capacity)
    var found: UnsafeMutablePointer<passwd>?
    let result = unsafe getpwnam_r(name, &entry, &buffer, capacity, &found)
    if result == 0 { return unsafe found == nil ? nil : entry.pw_uid }
    if result != ERANGE { return nil }
    capacity *= 4
  }
  return nil
}
