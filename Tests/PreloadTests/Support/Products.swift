import Foundation

/// Folder of the built products: that of the test bundle itself.
let products: URL = {
  let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
  if let bundle { return bundle.bundleURL.deletingLastPathComponent() }
  let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/"
  return URL(fileURLWithPath: own).deletingLastPathComponent()
}()

/// The preload under test. WFPSHIM_TEST_LIBRARY names another one: with an empty library in its place every test of
/// this folder that claims something of the shim must fail.
let shim: String =
  ProcessInfo.processInfo.environment["WFPSHIM_TEST_LIBRARY"] ?? products.appending(path: "libwfpshim.so").path

/// Under a sanitizer the shim has undefined references to its runtime and cannot be loaded by plain programs.
let sanitized = dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil

/// The repository's root folder.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// Seconds for which a test waits for a line that must come. A run that is to fail may be short of it.
let patience = ProcessInfo.processInfo.environment["WFPSHIM_TEST_PATIENCE"].flatMap(Double.init) ?? 30
