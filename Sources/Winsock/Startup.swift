public import CWinsock
import Synchronization

/// How many WSAStartup calls have not been undone.
let startups = Atomic<Int>(0)

/// Starts Winsock up for this process; counted, WSACleanup takes it back. Page: WSAStartup.
/// - Parameters:
///   - requested: The highest version wanted: the major one in the low byte.
///   - data: Receives the version that both sides know, 2.2 at most.
/// - Returns: 0 or the error: WSAVERNOTSUPPORTED (major 0), WSAEFAULT, WSAEINPROGRESS. Sets no last error.
@c @implementation
public func WSAStartup(_ requested: WORD, _ data: LPWSADATA?) -> Int32 {
  let major = requested & 0xff
  guard major != 0 else { return Int32(WSAVERNOTSUPPORTED) }
  guard ws2_callback_depth() == 0 else { return Int32(WSAEINPROGRESS) }
  guard let data = unsafe data, unsafe isWritable(data, MemoryLayout<WSADATA>.size) else { return Int32(WSAEFAULT) }
  unsafe data.pointee = describe(version: negotiate(requested))
  _ = WarmUp.done
  startups.add(1, ordering: .acquiringAndReleasing)
  return 0
}

/// Takes one WSAStartup back. The last one ends pending operations without any indication; sockets stay open.
/// Page: WSACleanup.
/// - Returns: 0, or SOCKET_ERROR: WSANOTINITIALISED, WSAEINPROGRESS (in a condition function).
@c @implementation
public func WSACleanup() -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    // The last one ends what is under way without a word to anybody.
    if try undo(startups) == 0 { Socket.forEachQueue { $0.abandon() } }
    return 0
  }
}

/// Takes one startup back and returns how many are left. Of two last cleanups at once only one takes the count to zero.
func undo(_ startups: borrowing Atomic<Int>) throws(WSAError) -> Int {
  var count = startups.load(ordering: .acquiring)
  while true {
    guard count > 0 else { throw WSAError(WSANOTINITIALISED) }
    let (done, found) = startups.compareExchange(
      expected: count, desired: count - 1, ordering: .acquiringAndReleasing)
    if done { return count - 1 }
    count = found
  }
}

/// The highest version that both sides know: 1.0, 1.1, 2.0, 2.1 or 2.2. The major version is the low byte.
private func negotiate(_ requested: WORD) -> WORD {
  let major = requested & 0xff
  let minor = requested >> 8
  let highest: WORD = major == 1 ? 1 : 2
  guard major <= 2 else { return 0x0202 }
  return min(minor, highest) << 8 | major
}

private func describe(version: WORD) -> WSADATA {
  var data = unsafe WSADATA()
  unsafe data.wVersion = version
  unsafe data.wHighVersion = 0x0202
  if version & 0xff == 1 {
    // Only version 1 programs read these; Windows gives these numbers.
    unsafe data.iMaxSockets = 32767
    unsafe data.iMaxUdpDg = 65467
  }
  unsafe write("WinSock 2.0", to: &data.szDescription)
  unsafe write("Running", to: &data.szSystemStatus)
  return unsafe data
}

private func write<Field>(_ text: StaticString, to field: inout Field) {
  unsafe withUnsafeMutableBytes(of: &field) { bytes in
    let characters = text.withUTF8Buffer { unsafe Array($0) }
    for (index, byte) in characters.prefix(bytes.count - 1).enumerated() { unsafe bytes[index] = byte }
  }
}
