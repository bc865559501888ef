import CEngine
import Glibc

@testable import RedirectCore

private let engine = AttachedEngine.shared
private let memory = HostileMemory.shared
private let descriptors = [
  engine.accepted, engine.client, Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0),
  Glibc.socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0), Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0),
  open("/dev/null", O_RDWR), -1, 1 << 30,
]
private let known = [
  0, ENOTSOCK, EFAULT, EINVAL, EOPNOTSUPP, ENOPROTOOPT, ENOTCONN, ENETDOWN, EACCES, EINTR, ENOBUFS, EINPROGRESS,
]

/// S2.3 to S2.12, S3.2, S12.1: a request of any code on any descriptor, with pointers that lead anywhere and sizes that
/// lie: one of the named errors, no fault, and no byte written outside the output buffer and the request.
@Sendable func fuzzIoctl(_ input: Input) {
  var input = input
  let descriptor = descriptors[Int(input.u8()) % descriptors.count]
  let code = 0x9800_00dc + UInt32(input.u8() % 4)
  let pattern = input.u8()
  let count = memory.end - memory.start
  memset(memory.start, Int32(pattern), count)
  var request = wfp_ioctl()
  (request.in, request.out) = (UnsafeRawPointer(memory.pointer(&input)), memory.pointer(&input))
  (request.in_size, request.out_size, request.reserved) = (size(&input), size(&input), UInt32(input.u8() / 250))
  let at = memory.pointer(&input)
  let size = MemoryLayout<wfp_ioctl>.size
  let isInside = at.map { $0 >= memory.start && $0 <= memory.end - size } ?? false
  if isInside, let at { at.copyMemory(from: &request, byteCount: size) }
  let error = wfp_core_ioctl(descriptor, code, at?.assumingMemoryBound(to: wfp_ioctl.self))
  mustHold(known.contains(-error), "errno \(-error)")
  mustHold(isInside || error != 0 || code == 0x9800_00df, "a request outside memory was answered")
  if descriptor == engine.client || descriptor == descriptors[2] { engine.forgetRecords(of: descriptor) }
  // What may have changed is put back, and then nothing has.
  if isInside, let at { memset(at, Int32(pattern), size) }
  if error == 0, code < 0x9800_00de, let out = request.out, out >= memory.start, out < memory.end {
    memset(out, Int32(pattern), min(Int(request.out_size), memory.end - out))
  }
  let change = (0..<count).first { memory.start.load(fromByteOffset: $0, as: UInt8.self) != pattern }
  mustHold(change == nil, "byte \(change ?? 0) of the caller's memory has changed, errno \(-error)")
}

private func size(_ input: inout Input) -> UInt32 {
  let kind = input.u8()
  let value = input.u32()
  return kind % 4 == 0 ? value : value % 600
}

extension AttachedEngine {
  /// Nothing that SET left stays for the next run.
  fileprivate func forgetRecords(of descriptor: Int32) {
    guard let cookie = socketCookie(descriptor), let slot = slotOfClient(cookie), slot.word.state == Int(WFP_CARRYING),
      let engine = mappedEngine(), slot.take(slot.word)
    else { return }
    engine.free(slot)
  }
}
