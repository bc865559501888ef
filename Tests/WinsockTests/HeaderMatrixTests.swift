import Foundation
import Testing

/// All headers together, beside glibc's, the C++ library's and OpenSSL's, before and after them: winsock-surface.md,
/// obstacles 4 and 9, and README's promise that Windows source compiles unchanged.
@Suite struct HeaderMatrixTests {
  /// Those that are read as a part of another one only.
  static let parts: Set = [
    "ws2functions.h", "ws2msabi.h", "ws2names.h", "ws2crtwide.h", "ws2crtarrays.h", "ws2interlocked.h", "ws2wide.h",
  ]

  /// The headers without those that only stand for another spelling.
  static func headers() throws -> [String] {
    let all = try FileManager.default.contentsOfDirectory(atPath: TestPaths.headers).filter { $0.hasSuffix(".h") }
    return all.filter { $0 == $0.lowercased() && !parts.contains($0) }.sorted()
  }

  static let libc = [
    "sys/socket.h", "netinet/in.h", "arpa/inet.h", "netdb.h", "unistd.h", "sys/select.h", "stdlib.h", "poll.h",
    "fcntl.h", "time.h", "stdio.h", "string.h", "wchar.h", "pthread.h", "signal.h",
  ]
  static let openSSL = ["openssl/ssl.h", "openssl/err.h", "openssl/x509v3.h"]
  static let standardLibrary = [
    "functional", "thread", "algorithm", "atomic", "string", "vector", "map", "memory", "mutex", "chrono", "iostream",
  ]

  static let languages: [(compiler: String, standard: String)] =
    ["gcc", "clang"].flatMap { compiler in ["c99", "c11", "gnu17"].map { (compiler, $0) } }
    + ["g++", "clang++"].flatMap { compiler in ["c++11", "c++17", "c++20"].map { (compiler, $0) } }

  static func includes(_ names: [String]) -> String { names.map { "#include <\($0)>\n" }.joined() }

  static func check(_ text: String, _ compiler: String, _ standard: String, _ more: [String] = []) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: compiler.hasSuffix("++") ? "all.cc" : "all.c")
    let program = try #require(TestPaths.tool(compiler))
    let flags = ["-std=\(standard)", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I\(TestPaths.headers)"]
    let finished = try run(program, flags + more + [file])
    #expect(finished.status == 0, "\(compiler) \(standard) \(more)\n\(finished.output.prefix(4000))")
  }

  private static func neighbours(_ compiler: String) -> [String] {
    let ssl = FileManager.default.fileExists(atPath: "/usr/include/openssl/ssl.h") ? openSSL : []
    return libc + ssl + (compiler.hasSuffix("++") ? standardLibrary : [])
  }

  @Test("obstacle 4: every header, before and after glibc, OpenSSL and the C++ library", arguments: languages)
  func together(language: (compiler: String, standard: String)) throws {
    let (ours, others) = (try Self.headers(), Self.neighbours(language.compiler))
    #expect(ours.count > 45)
    let main = "int main(void) { return 0; }\n"
    try Self.check(Self.includes(ours + others) + main, language.compiler, language.standard)
    try Self.check(Self.includes(others + ours.reversed()) + main, language.compiler, language.standard)
  }

  /// -fshort-wchar, UNICODE, the Windows calling convention, and the macros of a Visual Studio project.
  @Test(
    "obstacle 3: the same with what programs are compiled with",
    arguments: [("gcc", "gnu17"), ("clang", "c11"), ("g++", "c++17"), ("clang++", "c++20")])
  func flags(language: (compiler: String, standard: String)) throws {
    let text = Self.includes(try Self.headers() + Self.libc) + "int main(void) { return 0; }\n"
    let project = ["-DUNICODE", "-D_UNICODE", "-DWIN32_LEAN_AND_MEAN", "-DNOMINMAX", "-D_CRT_SECURE_NO_WARNINGS"]
    try Self.check(text, language.compiler, language.standard, ["-fshort-wchar"] + project)
    try Self.check(text, language.compiler, language.standard, project + ["-DWFPSHIM_MS_ABI"])
  }

  /// In C++ the oldest annotations are asked for, as libstdc++ uses their names.
  @Test("winsock-surface.md: SAL annotations, also as __in and __out", arguments: ["gcc", "clang", "g++", "clang++"])
  func oldAnnotations(compiler: String) throws {
    let text = """
      #include <winsock2.h>
      #include <windows.h>
      _Success_(return != 0) _Ret_maybenull_ _Must_inspect_result_ static BOOL probe(_In_reads_bytes_(size) const void *data,
          _In_ DWORD size, _Inout_updates_opt_(2) DWORD *pair, _Out_opt_ _When_(size > 0, _Post_notnull_) DWORD *count,
          __in DWORD first, __out_opt DWORD *second, __inout_ecount_opt(first) DWORD *third) {
        _Analysis_assume_(size > 0);
        return data != NULL && size != 0 && pair == NULL && count == NULL && first != 0 && second == NULL && third == NULL;
      }
      int main(void) { return probe("", 1, NULL, NULL, 1, NULL, NULL); }

      """
    let standard = compiler.hasSuffix("++") ? "c++17" : "c11"
    try Self.check(text, compiler, standard, ["-DWFPSHIM_OLD_ANNOTATIONS"])
  }

  @Test("obstacle 9: every spelling is there, and the list is what the files say") func spellings() throws {
    let finished = try run(TestPaths.package + "/tools/spellings", ["--check"])
    #expect(finished.status == 0 && finished.output.isEmpty, "\(finished.output)")
    for name in ["Mswsock.h", "WinSock2.h", "Fwpmu.h", "Windows.h", "TCHAR.H"] {
      #expect(FileManager.default.fileExists(atPath: TestPaths.headers + "/" + name), "\(name)")
    }
    // A name in capitals that no line of the list knows would be a file that nothing checks.
    let list = try String(contentsOfFile: TestPaths.package + "/tools/spellings", encoding: .utf8)
    let known = Set(list.split(whereSeparator: \.isWhitespace).map(String.init))
    let all = try FileManager.default.contentsOfDirectory(atPath: TestPaths.headers).filter { $0 != $0.lowercased() }
    #expect(all.filter { !known.contains($0) } == [])
  }
}
