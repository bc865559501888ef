public import CWinsock
import Glibc

/// Tells of the processors and the memory. Page: GetSystemInfo.
/// - Parameter info: Processors are those that the process may run on; pages have 4,096 bytes as a rule, allocations
///   begin at multiples of 65,536.
@c @implementation
public func GetSystemInfo(_ info: LPSYSTEM_INFO?) {
  guard let info = unsafe info else { return }
  let processors = max(1, ws2_processor_count())
  var answer = unsafe SYSTEM_INFO()
  #if arch(x86_64)
    unsafe answer.wProcessorArchitecture = WORD(PROCESSOR_ARCHITECTURE_AMD64)
    unsafe answer.dwProcessorType = DWORD(PROCESSOR_AMD_X8664)
  #elseif arch(arm64)
    unsafe answer.wProcessorArchitecture = WORD(PROCESSOR_ARCHITECTURE_ARM64)
  #else
    unsafe answer.wProcessorArchitecture = WORD(PROCESSOR_ARCHITECTURE_UNKNOWN)
  #endif
  unsafe answer.dwPageSize = DWORD(sysconf(Int32(_SC_PAGESIZE)))
  unsafe answer.lpMinimumApplicationAddress = LPVOID(bitPattern: allocationGranularity)
  unsafe answer.lpMaximumApplicationAddress = LPVOID(bitPattern: 0x7fff_fffe_ffff)
  unsafe answer.dwActiveProcessorMask = processors >= 64 ? DWORD_PTR.max : (1 << DWORD_PTR(processors)) - 1
  unsafe answer.dwNumberOfProcessors = DWORD(processors)
  unsafe answer.dwAllocationGranularity = DWORD(allocationGranularity)
  unsafe info.pointee = unsafe answer
}

/// As GetSystemInfo: nothing runs under another architecture here. Page: GetNativeSystemInfo.
@c @implementation
public func GetNativeSystemInfo(_ info: LPSYSTEM_INFO?) { unsafe GetSystemInfo(info) }

/// Tells how much memory there is. Page: GlobalMemoryStatusEx.
/// - Parameter status: `dwLength` is its size. Bytes; the page file is memory and swap together, available memory what
///   /proc/meminfo says of it.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (NULL, another length).
@c @implementation
public func GlobalMemoryStatusEx(_ status: LPMEMORYSTATUSEX?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let status = unsafe status, unsafe status.pointee.dwLength == DWORD(MemoryLayout<MEMORYSTATUSEX>.size) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    var sizes: [Substring: UInt64] = [:]
    for line in String(decoding: contents(of: "/proc/meminfo"), as: UTF8.self).split(separator: "\n") {
      let fields = line.split(whereSeparator: { $0 == " " || $0 == ":" })
      if fields.count > 1, let size = UInt64(fields[1]) { sizes[fields[0]] = size << 10 }
    }
    let total = max(sizes["MemTotal"] ?? 0, 1)
    let available = min(sizes["MemAvailable"] ?? 0, total)
    var answer = MEMORYSTATUSEX()
    answer.dwLength = DWORD(MemoryLayout<MEMORYSTATUSEX>.size)
    answer.dwMemoryLoad = DWORD((total - available) * 100 / total)
    (answer.ullTotalPhys, answer.ullAvailPhys) = (total, available)
    answer.ullTotalPageFile = total + (sizes["SwapTotal"] ?? 0)
    answer.ullAvailPageFile = available + (sizes["SwapFree"] ?? 0)
    (answer.ullTotalVirtual, answer.ullAvailVirtual) = (0x7fff_fffe_0000, 0x7fff_fffe_0000)
    unsafe status.pointee = answer
    return yes
  }
}

private func computerName<Unit: TextUnit>(_ buffer: UnsafeMutablePointer<Unit>?, _ size: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let size = unsafe size else { throw WSAError(ERROR_INVALID_PARAMETER) }
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { throw WSAError(ERROR_GEN_FAILURE) }
    let text = name.prefix { $0 != 0 && $0 != 46 }.map { UInt8(bitPattern: $0) }
    let count = DWORD(Unit.units(of: text).count)
    let fits = unsafe copy(text, to: buffer, room: Int(size.pointee))
    unsafe size.pointee = fits ? count : count + 1
    guard fits else { throw WSAError(ERROR_BUFFER_OVERFLOW) }
    return yes
  }
}

/// The name of this host, without its domain. Page: GetComputerNameA.
/// - Parameter size: In: of the buffer in characters. Out: characters without the zero, or what the buffer needs.
/// - Returns: TRUE, or FALSE: ERROR_BUFFER_OVERFLOW, ERROR_INVALID_PARAMETER.
@c @implementation
public func GetComputerNameA(_ buffer: LPSTR?, _ size: LPDWORD?) -> WindowsBool { unsafe computerName(buffer, size) }

/// As GetComputerNameA. Page: GetComputerNameW.
@c @implementation
public func GetComputerNameW(_ buffer: LPWSTR?, _ size: LPDWORD?) -> WindowsBool { unsafe computerName(buffer, size) }
