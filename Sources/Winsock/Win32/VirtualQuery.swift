public import CWinsock
import Glibc

/// Changes who may use pages: of VirtualAlloc's, or of anything else in the process. Page: VirtualProtect.
/// - Parameters:
///   - size: Bytes; the pages that hold them change.
///   - protection: As VirtualAlloc's; no modifiers.
///   - former: Receives the protection of the first page.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (protection, no bytes), ERROR_INVALID_ADDRESS (not all committed),
///   ERROR_NOACCESS (former), ERROR_ACCESS_DENIED (a file that may not be written).
@c @implementation
public func VirtualProtect(
  _ address: LPVOID?, _ size: SIZE_T, _ protection: DWORD, _ former: UnsafeMutablePointer<DWORD>?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let access = access(protection), size > 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard let former = unsafe former, unsafe isWritable(former, MemoryLayout<DWORD>.size) else {
      throw WSAError(ERROR_NOACCESS)
    }
    guard let pages = unsafe pages(address, size), Reservations.find(pages)?.isCommitted(pages) ?? true,
      let first = Mapping.all.first(where: { $0.range.contains(pages.lowerBound) })
    else { throw WSAError(ERROR_INVALID_ADDRESS) }
    guard unsafe mprotect(UnsafeMutableRawPointer(bitPattern: pages.lowerBound), pages.count, access) == 0 else {
      throw WSAError(ws2_errno() == EACCES ? ERROR_ACCESS_DENIED : ERROR_INVALID_ADDRESS)
    }
    unsafe former.pointee = first.protection
    return yes
  }
}

/// Tells of the pages from an address on that are alike. Page: VirtualQuery.
/// - Parameters:
///   - information: Receives it. A file that is mapped is MEM_IMAGE, or MEM_MAPPED when it is shared, and everything
///     that VirtualAlloc has not made is an allocation by itself.
///   - size: Bytes there are.
/// - Returns: Bytes written, or 0: ERROR_BAD_LENGTH, ERROR_NOACCESS, ERROR_INVALID_PARAMETER (no address of a process).
@c @implementation
public func VirtualQuery(
  _ address: UnsafeRawPointer?, _ information: PMEMORY_BASIC_INFORMATION?, _ size: SIZE_T
) -> SIZE_T {
  win32(failing: 0) { () throws(WSAError) in
    let needed = unsafe MemoryLayout<MEMORY_BASIC_INFORMATION>.size
    guard size >= needed else { throw WSAError(ERROR_BAD_LENGTH) }
    guard let information = unsafe information, unsafe isWritable(information, needed) else {
      throw WSAError(ERROR_NOACCESS)
    }
    guard let page = unsafe pages(address, 1), page.upperBound <= addressLimit else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    unsafe information.pointee = unsafe describe(page.lowerBound)
    return SIZE_T(needed)
  }
}

/// Of a process on x86-64; other processors have as much or more.
private let addressLimit: UInt = 0x7fff_ffff_f000

extension Reservation {
  fileprivate func isCommitted(_ pages: Range<UInt>) -> Bool {
    committed.ranges.contains { $0.lowerBound <= pages.lowerBound && pages.upperBound <= $0.upperBound }
  }
}

extension Mapping {
  fileprivate var protection: DWORD {
    let canWrite = access & PROT_WRITE != 0
    let canRead = access & PROT_READ != 0 || canWrite
    if access & PROT_EXEC != 0 {
      return DWORD(canWrite ? PAGE_EXECUTE_READWRITE : canRead ? PAGE_EXECUTE_READ : PAGE_EXECUTE)
    }
    return DWORD(canWrite ? PAGE_READWRITE : canRead ? PAGE_READONLY : PAGE_NOACCESS)
  }

  fileprivate var type: DWORD { DWORD(!isOfFile ? MEM_PRIVATE : isShared ? MEM_MAPPED : MEM_IMAGE) }
}

private func describe(_ start: UInt) -> MEMORY_BASIC_INFORMATION {
  var answer = unsafe MEMORY_BASIC_INFORMATION()
  unsafe answer.BaseAddress = unsafe PVOID(bitPattern: start)
  let mappings = Mapping.all
  guard let mapping = mappings.first(where: { $0.range.contains(start) }) else {
    let next = mappings.first { $0.range.lowerBound > start }
    unsafe answer.RegionSize = SIZE_T((next?.range.lowerBound ?? addressLimit) - start)
    unsafe answer.State = DWORD(MEM_FREE)
    unsafe answer.Protect = DWORD(PAGE_NOACCESS)
    return unsafe answer
  }
  var end = mapping.range.upperBound
  unsafe answer.State = DWORD(MEM_COMMIT)
  unsafe answer.Protect = mapping.protection
  unsafe answer.Type = mapping.type
  unsafe answer.AllocationBase = unsafe PVOID(bitPattern: mapping.range.lowerBound)
  unsafe answer.AllocationProtect = mapping.protection
  if let reservation = Reservations.find(start..<start + 1) {
    unsafe answer.AllocationBase = unsafe PVOID(bitPattern: reservation.range.lowerBound)
    unsafe answer.AllocationProtect = reservation.protection
    let isCommitted = reservation.committed.contains(start)
    // Reserved addresses are alike however the kernel has cut them, and two reservations are never one region.
    let edges =
      reservation.committed.ranges.flatMap { [$0.lowerBound, $0.upperBound] } + [reservation.range.upperBound]
    let edge = edges.filter { $0 > start }.min() ?? reservation.range.upperBound
    end = isCommitted ? min(end, edge) : edge
    if !isCommitted {
      unsafe answer.State = DWORD(MEM_RESERVE)
      unsafe answer.Protect = 0
    }
  }
  unsafe answer.RegionSize = SIZE_T(end - start)
  return unsafe answer
}
