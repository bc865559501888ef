public import CWinsock
import Glibc

/// What one VirtualAlloc has reserved.
struct Reservation {
  let range: Range<UInt>
  /// As VirtualAlloc was told.
  let protection: DWORD
  /// What has memory behind it. The kernel does not tell it from reserved addresses when nobody may use it.
  var committed = RangeSet<UInt>()
}

/// All reservations, by the address of the first page.
enum Reservations {
  nonisolated(unsafe) private static var all: [UInt: Reservation] = [:]  // under ws2_lock

  static func add(_ reservation: Reservation) { locked { unsafe all[reservation.range.lowerBound] = reservation } }
  static func remove(_ start: UInt) -> Int? { locked { unsafe all.removeValue(forKey: start)?.range.count } }
  static func find(_ pages: Range<UInt>) -> Reservation? {
    locked {
      unsafe all.values.first { $0.range.lowerBound <= pages.lowerBound && pages.upperBound <= $0.range.upperBound }
    }
  }
  static func change(_ reservation: Reservation, _ body: (inout RangeSet<UInt>) -> Void) {
    locked {
      if unsafe all[reservation.range.lowerBound] != nil { unsafe body(&all[reservation.range.lowerBound]!.committed) }
    }
  }
}

private let page = 4096

/// The pages that hold these bytes; nil: the addresses end before.
func pages(_ address: UnsafeRawPointer?, _ size: SIZE_T) -> Range<UInt>? {
  let start = UInt(bitPattern: address)
  guard size > 0, size < SIZE_T(Int.max), start <= UInt(Int.max) else { return nil }
  return start & ~UInt(page - 1)..<(start + UInt(size) + UInt(page - 1)) & ~UInt(page - 1)
}
/// Windows' allocations begin at multiples of it.
let allocationGranularity = 65536

/// Reserves addresses, or puts memory behind reserved ones, or both. Page: VirtualAlloc.
/// - Parameters:
///   - address: NULL: anywhere, at a multiple of 64 KiB; to commit, one of a reservation.
///   - size: Bytes, rounded up to pages; above 0.
///   - kind: MEM_RESERVE, MEM_COMMIT or both; MEM_COMMIT of no address reserves too. MEM_TOP_DOWN is a hint.
///   - protection: PAGE_NOACCESS, _READONLY, _READWRITE, _EXECUTE, _EXECUTE_READ, _EXECUTE_READWRITE.
/// - Returns: The first page, zeros, or NULL: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS (taken, or not reserved),
///   ERROR_NOT_ENOUGH_MEMORY.
@c @implementation
public func VirtualAlloc(_ address: LPVOID?, _ size: SIZE_T, _ kind: DWORD, _ protection: DWORD) -> LPVOID? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    let (commits, reserves) = (kind & DWORD(MEM_COMMIT) != 0, kind & DWORD(MEM_RESERVE) != 0)
    let known = DWORD(MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN)
    guard size > 0, kind & ~known == 0, commits || reserves, let access = access(protection) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    guard size < SIZE_T(Int.max) / 2 else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
    guard let wanted = unsafe pages(address, size) else { throw WSAError(ERROR_INVALID_ADDRESS) }
    guard reserves || wanted.lowerBound == 0 else { return unsafe try commit(wanted, access) }
    var reservation = Reservation(
      range: try reserve(wanted, commits ? access : PROT_NONE), protection: protection)
    if commits { reservation.committed.insert(contentsOf: reservation.range) }
    Reservations.add(reservation)
    return unsafe LPVOID(bitPattern: reservation.range.lowerBound)
  }
}

func access(_ protection: DWORD) -> Int32? {
  switch Int32(truncatingIfNeeded: protection) {
  case PAGE_NOACCESS: PROT_NONE
  case PAGE_READONLY: PROT_READ
  case PAGE_READWRITE: PROT_READ | PROT_WRITE
  case PAGE_EXECUTE: PROT_EXEC
  case PAGE_EXECUTE_READ: PROT_READ | PROT_EXEC
  case PAGE_EXECUTE_READWRITE: PROT_READ | PROT_WRITE | PROT_EXEC
  default: nil
  }
}

private func commit(_ pages: Range<UInt>, _ access: Int32) throws(WSAError) -> LPVOID? {
  guard let reservation = Reservations.find(pages) else { throw WSAError(ERROR_INVALID_ADDRESS) }
  guard unsafe mprotect(UnsafeMutableRawPointer(bitPattern: pages.lowerBound), pages.count, access) == 0 else {
    throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
  }
  Reservations.change(reservation) { $0.insert(contentsOf: pages) }
  return unsafe LPVOID(bitPattern: pages.lowerBound)
}

/// More is mapped than needed, and what is before the first multiple of 64 KiB and behind the end is given back.
private func reserve(_ wanted: Range<UInt>, _ access: Int32) throws(WSAError) -> Range<UInt> {
  let granularity = UInt(allocationGranularity)
  let hint = wanted.lowerBound & ~(granularity - 1)
  let whole = Int(wanted.upperBound - hint)
  let mapped = unsafe ws2_map(LPVOID(bitPattern: hint), whole + (hint == 0 ? allocationGranularity : 0), access)
  guard let mapped = unsafe mapped else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
  let found = UInt(bitPattern: mapped)
  if hint != 0 {
    guard found == hint else {
      unsafe munmap(mapped, whole)
      throw WSAError(ERROR_INVALID_ADDRESS)
    }
    return hint..<hint + UInt(whole)
  }
  let start = (found + granularity - 1) & ~(granularity - 1)
  if start > found { unsafe munmap(mapped, Int(start - found)) }
  let rest = Int(found + granularity - start)
  if rest > 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: start + UInt(whole)), rest) }
  return start..<start + UInt(whole)
}

/// Gives back the memory behind addresses, or the addresses too. Page: VirtualFree.
/// - Parameters:
///   - address: Of VirtualAlloc; for MEM_DECOMMIT anywhere in it.
///   - size: Bytes for MEM_DECOMMIT; 0 for MEM_RELEASE, which releases the whole reservation.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS.
@c @implementation
public func VirtualFree(_ address: LPVOID?, _ size: SIZE_T, _ kind: DWORD) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let address = unsafe address else { throw WSAError(ERROR_INVALID_PARAMETER) }
    switch kind {
    case DWORD(MEM_RELEASE):
      guard size == 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
      guard let whole = Reservations.remove(UInt(bitPattern: address)) else { throw WSAError(ERROR_INVALID_ADDRESS) }
      unsafe munmap(address, whole)
    case DWORD(MEM_DECOMMIT):
      guard let pages = unsafe pages(address, size), let reservation = Reservations.find(pages) else {
        throw WSAError(ERROR_INVALID_ADDRESS)
      }
      guard unsafe ws2_unmap_pages(UnsafeMutableRawPointer(bitPattern: pages.lowerBound)!, pages.count) else {
        throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
      }
      Reservations.change(reservation) { $0.remove(contentsOf: pages) }
    default: throw WSAError(ERROR_INVALID_PARAMETER)
    }
    return yes
  }
}
