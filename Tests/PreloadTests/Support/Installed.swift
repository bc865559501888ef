import Foundation
import Testing

/// What `make install` puts into a folder of its own, moved from there to another one.
struct Installed {
  let stage: Stage
  let prefix: String

  var wfpctl: String { prefix + "/bin/wfpctl" }
  var preload: String { prefix + "/lib/libwfpshim.so" }
  var binaries: [String] { [wfpctl, preload, prefix + "/lib/libws2_32.so"] }

  var files: [String] {
    let names = FileManager.default.enumerator(atPath: prefix)?.compactMap { $0 as? String } ?? []
    return names.map { prefix + "/" + $0 }.filter { !$0.hasSuffix(".pc") && isFile($0) }
  }

  private func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = true
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  init() throws {
    stage = try Stage()
    let first = stage.folder + "/first"
    prefix = stage.folder + "/moved"
    // Not `build` again: SwiftPM is running this test and holds its lock.
    let arguments = ["-C", repository.path, "-o", "build", "install", "PREFIX=" + first]
    let (status, lines) = try Program(tool("make"), arguments).finish()
    try #require(status == 0, "\(lines)")
    try FileManager.default.moveItem(atPath: first, toPath: prefix)
  }

  static let isBuilt = ["wfpctl", "libwfpshim.so", "libws2_32.so", "libwfpcrt.a"].allSatisfy {
    access(repository.path + "/.build/release/" + $0, R_OK) == 0
  }

  /// The folders of the Swift toolchain: where `swift` is, and where this test's own runtime was loaded from.
  static let toolchain: [String] = {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/swift" }
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let runtime = maps.split(separator: "\n").first { $0.hasSuffix("/libswiftCore.so") }?.drop { $0 != "/" }
    let found = [path.first { access($0, X_OK) == 0 }.map(resolved), runtime.map { resolved(String($0)) }]
    let folders = found.compactMap { file in
      file.flatMap { $0.range(of: "/usr/", options: .backwards).map { range in String(file![..<range.lowerBound]) } }
    }
    // Of one that is installed into /usr: its libraries.
    return Set(folders).map { $0.isEmpty ? "/usr/lib/swift" : $0 }.sorted()
  }()

  private static let script = """
    for folder in $FOLDERS; do mount -t tmpfs none "$folder" || exit 99; done; unset FOLDERS; exec "$@"
    """

  /// A program in a mount namespace in which the toolchain is not there.
  func hidden(_ command: [String], _ more: [String: String] = [:]) throws -> Program {
    var environment = stage.environment.merging(["FOLDERS": Self.toolchain.joined(separator: " ")]) { $1 }
    var words = command
    // Not for unshare and sh themselves.
    if let preload = more["LD_PRELOAD"] { words = [try tool("env"), "LD_PRELOAD=" + preload] + command }
    environment.merge(more.filter { $0.key != "LD_PRELOAD" }) { $1 }
    return stage.keep(
      try Program(
        tool("unshare"), ["-m", "--propagation", "private", tool("sh"), "-c", Self.script, "sh"] + words,
        environment: environment))
  }

  static let canHide: Bool = {
    let arguments = ["-m", "--propagation", "private", "/bin/sh", "-c", script, "sh", "true"]
    let program = try? Program(
      tool("unshare"), arguments, environment: ["FOLDERS": toolchain.joined(separator: " ")])
    return !toolchain.isEmpty && (try? program?.finish().status) == 0
  }()

  /// Compiles the example against the installed files, without the toolchain.
  /// - Returns: The program, which finds its library by itself.
  func compile(by how: String) throws -> String {
    let source = repository.appending(path: "examples/redirect-service/redirect_service.c").path
    let folder = stage.folder + "/project"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if how == "cmake" {
      try """
      cmake_minimum_required(VERSION 3.13)
      project(proxy C)
      find_package(wfpshim 0.1 REQUIRED)
      add_executable(proxy \(source))
      target_link_libraries(proxy PRIVATE wfpshim::ws2_32)
      foreach(target wfpshim::wfpshim wfpshim::wfpctl)
        get_target_property(file ${target} IMPORTED_LOCATION)
        if(NOT EXISTS "${file}")
          message(FATAL_ERROR "${target}: ${file}")
        endif()
      endforeach()
      """.write(toFile: folder + "/CMakeLists.txt", atomically: true, encoding: .utf8)
      try run([tool("cmake"), "-S", folder, "-B", folder, "-DCMAKE_PREFIX_PATH=" + prefix, "-DCMAKE_C_COMPILER=cc"])
      try run([tool("cmake"), "--build", folder])
    } else {
      let script = """
        set -e; export PKG_CONFIG_PATH=\(prefix)/lib/pkgconfig
        cc $(pkg-config --define-prefix --cflags wfpshim) -o \(folder)/proxy \(source) \
          $(pkg-config --define-prefix --libs wfpshim) -Wl,-rpath,\(prefix)/lib
        """
      try run([tool("sh"), "-c", script])
    }
    return folder + "/proxy"
  }

  /// Compiles a program with wide strings, which starts in wmain.
  /// - Returns: The program, which finds its library by itself.
  func compileWide(by how: String) throws -> String {
    let source = repository.appending(path: "Tests/Programs/windows_service.cc").path
    let folder = stage.folder + "/wide"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if how == "cmake" {
      try """
      cmake_minimum_required(VERSION 3.13)
      project(service CXX)
      find_package(wfpshim 0.1 REQUIRED COMPONENTS wide)
      add_executable(service \(source))
      target_link_libraries(service PRIVATE wfpshim::wide)
      """.write(toFile: folder + "/CMakeLists.txt", atomically: true, encoding: .utf8)
      try run([tool("cmake"), "-S", folder, "-B", folder, "-DCMAKE_PREFIX_PATH=" + prefix, "-DCMAKE_CXX_COMPILER=g++"])
      try run([tool("cmake"), "--build", folder])
    } else {
      let script = """
        set -e; export PKG_CONFIG_PATH=\(prefix)/lib/pkgconfig
        g++ $(pkg-config --define-prefix --cflags wfpshim-wide) -o \(folder)/service \(source) \
          $(pkg-config --define-prefix --libs wfpshim-wide) -Wl,-rpath,\(prefix)/lib
        """
      try run([tool("sh"), "-c", script])
    }
    return folder + "/service"
  }

  private func run(_ command: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let (status, lines) = try hidden(command).finish()
    try #require(status == 0, "\(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
  }
}
