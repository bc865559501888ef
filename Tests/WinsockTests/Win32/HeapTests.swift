import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages "Heap Functions", "Global and Local Functions" and "VirtualAlloc function".
@Suite struct HeapTests {
  @Test("HeapAlloc's, HeapSize's, HeapReAlloc's and HeapFree's pages", arguments: [false, true])
  func blocks(own: Bool) {
    let heap = own ? HeapCreate(0, 0, 0) : GetProcessHeap()
    let block = HeapAlloc(heap, HEAP_ZERO_MEMORY, 100)!
    #expect(UInt(bitPattern: block) % 16 == 0)
    #expect(UnsafeRawBufferPointer(start: block, count: 100).allSatisfy { $0 == 0 })
    #expect(HeapSize(heap, 0, block) == 100, "what was asked for")
    memset(block, 7, 100)
    let larger = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 5000)!
    let bytes = UnsafeRawBufferPointer(start: larger, count: 5000)
    #expect(bytes[..<100].allSatisfy { $0 == 7 } && bytes[100...].allSatisfy { $0 == 0 })
    #expect(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, larger, 1 << 30) == nil)
    #expect(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, larger, 10) == larger)
    #expect(HeapSize(heap, 0, larger) == 10)
    #expect(HeapValidate(heap, 0, larger) == 1 && HeapValidate(heap, 0, nil) == 1)
    #expect(HeapFree(heap, 0, larger) == 1 && HeapFree(heap, 0, nil) == 1)
    #expect(HeapAlloc(heap, 0, .max) == nil)
    if own { #expect(HeapDestroy(heap) == 1) }
  }

  @Test("HeapCreate's page: a maximum is kept; HeapDestroy's: blocks go with the heap")
  func limited() {
    let heap = HeapCreate(0, 0, 10_000)
    let block = HeapAlloc(heap, 0, 9000)
    #expect(block != nil)
    #expect(HeapAlloc(heap, 0, 2000) == nil)
    #expect(HeapReAlloc(heap, 0, block, 11_000) == nil)
    #expect(HeapFree(heap, 0, block) == 1)
    let rest = (0..<10).compactMap { _ in HeapAlloc(heap, 0, 1000) }
    #expect(rest.count == 10)
    #expect(HeapFree(heap, 0, rest[5]) == 1)
    #expect(HeapFree(heap, 0, rest[0]) == 1 && HeapFree(heap, 0, rest[9]) == 1)
    #expect(HeapDestroy(heap) == 1)
    #expect(fails(ERROR_INVALID_HANDLE) { HeapDestroy(GetProcessHeap()) })
    #expect(fails(ERROR_INVALID_HANDLE) { HeapDestroy(nil) })
  }

  @Test("HeapFree's page: no block of this heap")
  func foreign() {
    let (first, second) = (HeapCreate(0, 0, 0), HeapCreate(0, 0, 0))
    let block = HeapAlloc(first, 0, 10)
    #expect(fails(ERROR_INVALID_PARAMETER) { HeapFree(second, 0, block) })
    #expect(HeapSize(second, 0, block) == .max && HeapSize(first, 0, nil) == .max)
    #expect(HeapValidate(second, 0, block) == 0 && HeapValidate(nil, 0, nil) == 0)
    #expect(HeapAlloc(nil, 0, 1) == nil)
    #expect(HeapSetInformation(nil, HeapEnableTerminationOnCorruption, nil, 0) == 1)
    #expect(fails(ERROR_INVALID_PARAMETER) { HeapSetInformation(nil, HEAP_INFORMATION_CLASS(77), nil, 0) })
    #expect(HeapDestroy(first) == 1 && HeapDestroy(second) == 1)
  }

  @Test("LocalAlloc's page and those of its kin")
  func local() {
    let block = LocalAlloc(UINT(LMEM_ZEROINIT), 40)
    #expect(LocalSize(block) == 40)
    #expect(block!.load(as: Int.self) == 0)
    let larger = LocalReAlloc(block, 80, UINT(LMEM_ZEROINIT))
    #expect(LocalSize(larger) == 80)
    #expect(LocalFree(larger) == nil && LocalFree(nil) == nil)
    let global = GlobalAlloc(UINT(GMEM_MOVEABLE | GMEM_ZEROINIT), 10)
    #expect(GlobalLock(global) == global && GlobalUnlock(global) == 1 && GlobalSize(global) == 10)
    #expect(GlobalFree(global) == nil)
    let strange = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 16)
    memset(strange, 0, 256)
    let handle = strange + 128
    #expect(fails(ERROR_INVALID_HANDLE, as: handle) { LocalFree(handle)! })
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { LocalSize(handle) })
    #expect(fails(ERROR_INVALID_HANDLE, as: nil) { GlobalLock(handle) })
    #expect(fails(ERROR_INVALID_HANDLE, as: nil) { LocalReAlloc(handle, 1, 0) })
    #expect(fails(ERROR_NOT_ENOUGH_MEMORY, as: nil) { LocalAlloc(0, .max) })
    strange.deallocate()
  }

  @Test("VirtualAlloc's page: reserve, commit, decommit, release")
  func pages() {
    let (commit, reserve, readWrite) = (DWORD(MEM_COMMIT), DWORD(MEM_RESERVE), DWORD(PAGE_READWRITE))
    let memory = VirtualAlloc(nil, 100_000, reserve, DWORD(PAGE_NOACCESS))!
    #expect(UInt(bitPattern: memory) % 65536 == 0, "the allocation granularity")
    #expect(!isWritable(memory, 1))
    #expect(VirtualAlloc(memory + 8192, 10, commit, readWrite) == memory + 8192)
    #expect(isWritable(memory + 8192, 4096) && !isWritable(memory + 4096, 1) && !isWritable(memory + 12288, 1))
    (memory + 8192).storeBytes(of: 5, as: Int.self)
    #expect(VirtualFree(memory + 8192, 4096, DWORD(MEM_DECOMMIT)) == 1)
    #expect(!isWritable(memory + 8192, 1))
    #expect(VirtualAlloc(memory, 16384, commit, readWrite) == memory)
    #expect((memory + 8192).load(as: Int.self) == 0, "zeros again")
    #expect(VirtualFree(memory, 0, DWORD(MEM_RELEASE)) == 1)
    #expect(fails(ERROR_INVALID_ADDRESS) { VirtualFree(memory, 0, DWORD(MEM_RELEASE)) })
    let both = VirtualAlloc(nil, 5, commit | reserve, readWrite)!
    #expect(isWritable(both, 4096))
    #expect(fails(ERROR_INVALID_ADDRESS, as: nil) { VirtualAlloc(both, 5, reserve, readWrite) }, "taken")
    #expect(VirtualFree(both, 0, DWORD(MEM_RELEASE)) == 1)
  }

  @Test("VirtualAlloc's and VirtualFree's pages: parameters")
  func pageRefusals() {
    let commit = DWORD(MEM_COMMIT)
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { VirtualAlloc(nil, 0, commit, 4) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { VirtualAlloc(nil, 10, commit, 3) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { VirtualAlloc(nil, 10, 0, 4) })
    #expect(fails(ERROR_NOT_ENOUGH_MEMORY, as: nil) { VirtualAlloc(nil, .max, commit, 4) })
    let stack = withUnsafeMutablePointer(to: &Self.somewhere) { UnsafeMutableRawPointer($0) }
    #expect(fails(ERROR_INVALID_ADDRESS, as: nil) { VirtualAlloc(stack, 10, commit, 4) }, "not reserved")
    #expect(fails(ERROR_INVALID_PARAMETER) { VirtualFree(stack, 10, DWORD(MEM_RELEASE)) })
    #expect(fails(ERROR_INVALID_PARAMETER) { VirtualFree(stack, 0, 7) })
    #expect(fails(ERROR_INVALID_PARAMETER) { VirtualFree(nil, 0, DWORD(MEM_RELEASE)) })
  }
  nonisolated(unsafe) private static var somewhere = 0

  private func query(_ address: UnsafeRawPointer?) -> MEMORY_BASIC_INFORMATION? {
    var answer = MEMORY_BASIC_INFORMATION()
    let size = SIZE_T(MemoryLayout<MEMORY_BASIC_INFORMATION>.size)
    return VirtualQuery(address, &answer, size) == size ? answer : nil
  }

  @Test("VirtualProtect's and VirtualQuery's pages: what is reserved, committed, protected and free")
  func protection() throws {
    let (commit, readWrite) = (DWORD(MEM_COMMIT), DWORD(PAGE_READWRITE))
    let memory = VirtualAlloc(nil, 65536, DWORD(MEM_RESERVE), DWORD(PAGE_READONLY))!
    #expect(VirtualAlloc(memory + 4096, 8192, commit, readWrite) == memory + 4096)
    var former: DWORD = 0
    #expect(VirtualProtect(memory + 8192, 1, DWORD(PAGE_NOACCESS), &former) == 1 && former == readWrite)
    #expect(!isReadable(memory + 8192, 1) && isWritable(memory + 4096, 4096))
    let states = try [0, 4096, 8192, 12288].map { try #require(query(memory + $0)) }
    #expect(states.map(\.State) == [MEM_RESERVE, MEM_COMMIT, MEM_COMMIT, MEM_RESERVE].map { DWORD($0) })
    #expect(states.map(\.Protect) == [0, readWrite, DWORD(PAGE_NOACCESS), 0])
    #expect(states.map(\.RegionSize) == [4096, 4096, 4096, 53248])
    for state in states {
      #expect(state.AllocationBase == memory && state.AllocationProtect == DWORD(PAGE_READONLY))
      #expect(state.Type == DWORD(MEM_PRIVATE))
    }
    #expect(query(memory + 4100)?.BaseAddress == memory + 4096)
    #expect(VirtualProtect(memory + 8192, 1, readWrite, &former) == 1 && former == DWORD(PAGE_NOACCESS))
    #expect(isWritable(memory + 4096, 8192))
    #expect(fails(ERROR_INVALID_ADDRESS) { VirtualProtect(memory, 8192, readWrite, &former) }, "reserved only")
    #expect(VirtualFree(memory, 0, DWORD(MEM_RELEASE)) == 1)
    let low = try #require(query(UnsafeRawPointer(bitPattern: 4096)))
    #expect(low.State == DWORD(MEM_FREE) && low.AllocationBase == nil && low.RegionSize > 0)
    let code = try #require(
      query(
        unsafeBitCast(
          VirtualFree as @convention(c) (LPVOID?, SIZE_T, DWORD) -> WindowsBool,
          to: UnsafeRawPointer.self)))
    #expect(code.State == commit && code.Type == DWORD(MEM_IMAGE) && code.Protect == DWORD(PAGE_EXECUTE_READ))
  }

  @Test("VirtualProtect's and VirtualQuery's pages: parameters")
  func protectionRefusals() {
    let memory = VirtualAlloc(nil, 4096, DWORD(MEM_COMMIT), DWORD(PAGE_READWRITE))!
    var (former, answer): (DWORD, MEMORY_BASIC_INFORMATION) = (0, MEMORY_BASIC_INFORMATION())
    #expect(fails(ERROR_INVALID_PARAMETER) { VirtualProtect(memory, 1, 3, &former) })
    #expect(fails(ERROR_INVALID_PARAMETER) { VirtualProtect(memory, 0, 4, &former) })
    #expect(fails(ERROR_NOACCESS) { VirtualProtect(memory, 1, 4, nil) })
    #expect(fails(ERROR_INVALID_ADDRESS) { VirtualProtect(LPVOID(bitPattern: 4096), 1, 4, &former) })
    #expect(fails(ERROR_BAD_LENGTH, as: 0) { VirtualQuery(memory, &answer, 47) })
    #expect(fails(ERROR_NOACCESS, as: 0) { VirtualQuery(memory, nil, 48) })
    #expect(fails(ERROR_INVALID_PARAMETER, as: 0) { VirtualQuery(UnsafeRawPointer(bitPattern: -1), &answer, 48) })
    #expect(VirtualFree(memory, 0, DWORD(MEM_RELEASE)) == 1)
  }
}
