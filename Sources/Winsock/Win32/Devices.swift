import CWinsock
import Glibc

/// The devices of plug-ins (wfp_device.h), loaded when one is first asked for.
enum Devices {
  nonisolated(unsafe) private static let all: [UnsafePointer<wfp_device>] = unsafe load()

  static func device(named name: String) -> UnsafePointer<wfp_device>? {
    unsafe all.first { unsafe string($0.pointee.name)?.lowercased() == name.lowercased() }
  }

  static func service(named name: String) -> Bool {
    unsafe all.contains { unsafe string($0.pointee.service)?.lowercased() == name.lowercased() }
  }

  private static func load() -> [UnsafePointer<wfp_device>] {
    guard let variable = unsafe string(ws2_secure_variable("WFPSHIM_DEVICES")) else { return unsafe [] }
    return unsafe variable.split(separator: ":").flatMap { unsafe devices(of: String($0)) }
  }

  /// None when the library is none, or of another version: opening its devices says ERROR_FILE_NOT_FOUND.
  private static func devices(of library: String) -> [UnsafePointer<wfp_device>] {
    typealias Entry = @convention(c) () -> UnsafePointer<wfp_device_list>?
    guard let handle = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL), let entry = unsafe dlsym(handle, "wfp_devices"),
      let list = unsafe unsafeBitCast(entry, to: Entry.self)(),
      unsafe list.pointee.version == UInt32(WFP_DEVICE_VERSION), let devices = unsafe list.pointee.devices
    else { return unsafe [] }
    return unsafe (0..<Int(list.pointee.count)).map { unsafe devices + $0 }.filter { unsafe $0.pointee.name != nil }
  }
}
