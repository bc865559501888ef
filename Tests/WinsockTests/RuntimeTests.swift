import Foundation
import Testing

/// What Windows sources find in Microsoft's C run-time and in strsafe.h, intsafe.h and winnt.h (winsock-surface.md: "secure
/// CRT", Interlocked*). The statements stand in Tests/Programs; each cites its page by its name.
@Suite struct RuntimeTests {
  private static func source(_ name: String) -> String { TestPaths.package + "/Tests/Programs/" + name }

  @Test(
    "the bounded functions, strsafe, intsafe, Interlocked, as C and as C++",
    arguments: [("gcc", "c99"), ("clang", "c11"), ("g++", "c++11"), ("clang++", "c++20")])
  func bounded(language: (compiler: String, standard: String)) throws {
    let isCPlusPlus = language.compiler.hasSuffix("++")
    let text = try String(contentsOfFile: Self.source("runtime_checks.c"), encoding: .utf8)
    let standard = language.standard == "c99" ? "gnu99" : language.standard  // c99 has no u""
    let program = try WindowsProgram(
      text, suffix: isCPlusPlus ? "cc" : "c", compiler: language.compiler, flags: ["-std=\(standard)"])
    let finished = try program.output()
    #expect(finished.status == 0 && finished.output.isEmpty, "\(finished.output)")
  }

  @Test(
    "mstcpip.h and ws2ipdef.h: INETADDR_*, IN4ADDR_*, IN6ADDR_*; tchar.h in both character sets",
    arguments: [("gcc", "c99"), ("clang", "gnu17"), ("g++", "c++11"), ("clang++", "c++20")])
  func addresses(language: (compiler: String, standard: String)) throws {
    let suffix = language.compiler.hasSuffix("++") ? "cc" : "c"
    let text = try String(contentsOfFile: Self.source("address_checks.c"), encoding: .utf8)
    for flags in [[], ["-DUNICODE", "-D_UNICODE", "-fshort-wchar"]] {
      let program = try WindowsProgram(
        text, suffix: suffix, compiler: language.compiler, flags: ["-std=\(language.standard)"] + flags)
      let finished = try program.output()
      #expect(finished.status == 0 && finished.output.isEmpty, "\(flags) \(finished.output)")
    }
  }

  /// glibc's own wide functions, and libstdc++'s binary std::wstring, would take each of these strings for half as many
  /// characters of 32 bits.
  @Test(
    "obstacle 3: wide characters, std::wstring and wmain with -fshort-wchar",
    arguments: [
      ("g++", ["-std=c++11"]), ("g++", ["-std=c++20", "-O2", "-D_FORTIFY_SOURCE=2"]),
      ("clang++", ["-std=c++17", "-O2"]),
    ])
  func wide(language: (compiler: String, flags: [String])) throws {
    let program = try WindowsProgram(
      Self.source("wide_checks.cc"), compiler: language.compiler, flags: ["-fshort-wchar"] + language.flags)
    let finished = try run(program.path, ["Ä😀"], environment: ["NAME": "中"])
    #expect(finished.status == 0 && finished.output == "Ä😀|narrow| 3.14|é\n中", "\(finished.output)")
  }

  @Test(
    "obstacle 3: each way to write wmain, and main when there is one",
    arguments: [
      ("c", "int wmain(int n, wchar_t *v[]) { return n == 2 && v[1][0] == L'x' ? 7 : 1; }"),
      ("c", "int wmain(void) { return 7; }"),
      ("cc", "int wmain(int n, wchar_t **v) { return n == 2 && v[1][0] == L'x' ? 7 : 1; }"),
      ("cc", "int wmain(int, const wchar_t *v[]) { return v[1][0] == L'x' ? 7 : 1; }"),
      ("cc", "int wmain(int, wchar_t *v[], wchar_t *[]) { return v[1][0] == L'x' ? 7 : 1; }"),
      ("cc", "int wmain() { return 7; }"),
      ("cc", "extern \"C\" int wmain(int, wchar_t *v[]) { return v[1][0] == L'x' ? 7 : 1; }"),
      ("cc", "int wmain(int, wchar_t **) { return 1; }\nint main() { return 7; }"),
      ("c", "int main(void) { return 7; }"),
    ])
  func starts(program: (suffix: String, text: String)) throws {
    let compiler = program.suffix == "c" ? "gcc" : "g++"
    let built = try WindowsProgram(
      "#include <stddef.h>\n\(program.text)\n", suffix: program.suffix, compiler: compiler, flags: ["-fshort-wchar"])
    #expect(try built.output(["x"]).status == 7)
  }

  /// Without the flag a WCHAR is a character of u"text".
  @Test(
    "decision 13: wmain and WCHAR without -fshort-wchar", arguments: [("gcc", "c"), ("g++", "cc"), ("clang++", "cc")])
  func withoutTheFlag(language: (compiler: String, suffix: String)) throws {
    let text = """
      #define UNICODE
      #include <windows.h>
      #include <strsafe.h>
      #include <stdio.h>
      int wmain(int count, WCHAR **arguments) {
        WCHAR text[32];
        LPCTSTR format = TEXT("%s %d");
        if (count != 2 || FAILED(StringCchPrintf(text, ARRAYSIZE(text), format, arguments[1], 5))) return 1;
        wprintf_s(WS2_WIDE("%s\\n"), text);
        return wcscpy_s(text, 3, arguments[1]) == ERANGE && _wcsicmp(WS2_WIDE("A"), WS2_WIDE("a")) == 0 ? 7 : 2;
      }

      """
    let program = try WindowsProgram(text, suffix: language.suffix, compiler: language.compiler)
    let finished = try program.output(["Ä中😀"])
    #expect(finished.status == 7 && finished.output == "Ä中😀 5\n", "\(finished)")
  }

  /// A function that is not there must not be glibc's: that would read past the end of the text.
  @Test("with -fshort-wchar no function of 32-bit characters is left") func nothingOfGlibc() throws {
    let folder = try TemporaryFolder()
    let text = """
      #include <wchar.h>
      #include <stdlib.h>
      #include <stdio.h>
      size_t use(wchar_t *to, const wchar_t *from, char *narrow, FILE *file) {
        mbstate_t state = {0};
        fgetws(to, 5, file);
        fputws(wcspbrk(wcschr(from, L'x'), L"y"), file);
        return wcslen(from) + mbstowcs(to, narrow, 3) + wcsftime(to, 3, from, NULL) + mbrtowc(to, narrow, 1, &state) +
               (size_t)(wcstoull(from, NULL, 10) + wmemcmp(to, from, 3)) + (size_t)wmemchr(to, L'x', 3);
      }

      """
    let file = try folder.write(text, to: "use.c")
    let gcc = try #require(TestPaths.tool("gcc"))
    let object = folder.path + "/use.o"
    let built = try run(
      gcc, ["-fshort-wchar", "-O2", "-D_FORTIFY_SOURCE=2", "-I\(TestPaths.headers)", "-w", "-c", file, "-o", object])
    #expect(built.status == 0, "\(built.output)")
    let nm = try #require(TestPaths.tool("nm") ?? TestPaths.tool("llvm-nm"))
    let wanted = try run(nm, ["-u", object]).output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(wanted.count >= 9 && wanted.contains("ws2_wcslen") && wanted.contains("ws2_wcsftime_is_missing"))
    #expect(wanted.allSatisfy { $0.hasPrefix("ws2_") }, "\(wanted)")
  }

  /// D9: 32 bits are stored where a program has an unsigned long, also by these functions.
  @Test("D9: unsigned long * where Windows has DWORD *", arguments: [("gcc", "c"), ("g++", "cc"), ("clang++", "cc")])
  func thirtyTwoBits(language: (compiler: String, suffix: String)) throws {
    let text = """
      #include <winsock2.h>
      #include <windows.h>
      static DWORD CALLBACK run(LPVOID parameter) { return parameter == NULL ? 0xfeedu : 0; }
      int main(void) {
        unsigned long code = ~0UL, identifier = ~0UL, bytes = ~0UL, count = ~0UL;
        ULONG_PTR key = 0;
        LPOVERLAPPED got = NULL;
        OVERLAPPED done = {0};
        OVERLAPPED_ENTRY entry;
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
        HANDLE thread = CreateThread(NULL, 0, run, NULL, 0, &identifier);
        done.InternalHigh = 3;
        if (WaitForSingleObject(thread, INFINITE) != WAIT_OBJECT_0 || !GetExitCodeThread(thread, &code)) return 1;
        if (code != 0xffffffff0000feedUL || identifier >> 32 != 0xffffffffUL || (unsigned)identifier == ~0u) return 2;
        PostQueuedCompletionStatus(port, 5, 7, NULL);
        if (!GetQueuedCompletionStatus(port, &bytes, &key, &got, 0) || bytes != 0xffffffff00000005UL || key != 7) return 3;
        PostQueuedCompletionStatus(port, 6, 7, NULL);
        if (!GetQueuedCompletionStatusEx(port, &entry, 1, &count, 0, FALSE) || count != 0xffffffff00000001UL) return 4;
        bytes = ~0UL;
        return GetOverlappedResult(INVALID_HANDLE_VALUE, &done, &bytes, FALSE) && bytes == 0xffffffff00000003UL ? 0 : 5;
      }

      """
    let flags = language.suffix == "cc" ? ["-Wno-missing-field-initializers"] : []
    let program = try WindowsProgram(text, suffix: language.suffix, compiler: language.compiler, flags: flags)
    #expect(try program.output().status == 0)
  }

  @Test("guiddef.h: DEFINE_GUID declares, and defines after <initguid.h>, in as many files as one likes")
  func defineGUID() throws {
    let folder = try TemporaryFolder()
    let gcc = try #require(TestPaths.tool("gcc"))
    let guid = "DEFINE_GUID(CONTOSO, 0x01020304, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);\n"
    let user = "#include <guiddef.h>\n\(guid)int main(void) { return CONTOSO.Data4[7] + (int)CONTOSO.Data2; }\n"
    let main = try folder.write(user, to: "main.c")
    let one = try folder.write("#include <guiddef.h>\n#include <initguid.h>\n" + guid, to: "one.c")
    let two = try folder.write("#define INITGUID\n#include <windows.h>\n" + guid, to: "two.c")
    let build = { (files: [String]) in
      try run(gcc, ["-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", "-o", folder.path + "/p"] + files)
    }
    #expect(try build([main]).output.contains("CONTOSO"))
    let finished = try build([main, one, two])
    #expect(finished.status == 0, "\(finished.output)")
    #expect(try run(folder.path + "/p", []).status == 19)
  }
}
