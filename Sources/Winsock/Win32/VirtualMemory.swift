public import CWinsock
import Glibc

/// What VirtualAlloc has reserved, by the address of its first page.
private enum Reservations {
  nonisolated(unsafe) private static var sizes: [UInt: Int] = [:]  // under ws2_lock

  static func add(_ start: UInt, _ size: Int) { locked { unsafe sizes[start] = size } }
  static func remove(_ start: UInt) -> Int? { locked { unsafe sizes.removeValue(forKey: start) } }
  static func contains(_ start: UInt, _ size: Int) -> Bool {
    locked { unsafe sizes.contains { $0.key <= start && start + UInt(size) <= $0.key + UInt($0.value) } }
  }
}

private let page = 4096
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
    let start = UInt(bitPattern: address) & ~UInt(page - 1)
    let end = (UInt(bitPattern: address) &+ UInt(size) &+ UInt(page - 1)) & ~UInt(page - 1)
    guard reserves || start == 0 else { return unsafe try commit(start, Int(end &- start), access) }
    let memory = unsafe try reserve(start, Int(end &- start), commits ? access : PROT_NONE)
    return unsafe memory
  }
}

private func access(_ protection: DWORD) -> Int32? {
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

private func commit(_ start: UInt, _ size: Int, _ access: Int32) throws(WSAError) -> LPVOID? {
  guard Reservations.contains(start, size) else { throw WSAError(ERROR_INVALID_ADDRESS) }
  guard unsafe mprotect(UnsafeMutableRawPointer(bitPattern: start), size, access) == 0 else {
    throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
  }
  return unsafe LPVOID(bitPattern: start)
}

/// More is mapped than needed, and what is before the first multiple of 64 KiB and behind the end is given back.
private func reserve(_ wanted: UInt, _ size: Int, _ access: Int32) throws(WSAError) -> LPVOID? {
  let granularity = UInt(allocationGranularity)
  let hint = wanted & ~(granularity - 1)
  let whole = size + Int(wanted - hint)
  let mapped = unsafe ws2_map(LPVOID(bitPattern: hint), whole + (hint == 0 ? allocationGranularity : 0), access)
  guard let mapped = unsafe mapped else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
  let found = UInt(bitPattern: mapped)
  if hint != 0 {
    guard found == hint else {
      unsafe munmap(mapped, whole)
      throw WSAError(ERROR_INVALID_ADDRESS)
    }
  } else {
    let start = (found + granularity - 1) & ~(granularity - 1)
    if start > found { unsafe munmap(mapped, Int(start - found)) }
    let rest = Int(found + granularity - start)
    if rest > 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: start + UInt(whole)), rest) }
    Reservations.add(start, whole)
    return unsafe LPVOID(bitPattern: start)
  }
  Reservations.add(hint, whole)
  return unsafe LPVOID(bitPattern: hint)
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
      let start = UInt(bitPattern: address) & ~UInt(page - 1)
      let end = (UInt(bitPattern: address) &+ UInt(size) &+ UInt(page - 1)) & ~UInt(page - 1)
      guard size < SIZE_T(Int.max), end > start, Reservations.contains(start, Int(end - start)) else {
        throw WSAError(ERROR_INVALID_ADDRESS)
      }
      guard unsafe ws2_unmap_pages(UnsafeMutableRawPointer(bitPattern: start)!, Int(end - start)) else {
        throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
      }
    default: throw WSAError(ERROR_INVALID_PARAMETER)
    }
    return yes
  }
}
