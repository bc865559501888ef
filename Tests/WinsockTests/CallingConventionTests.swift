import CWinsock
import Foundation
import Testing

@testable import Winsock

#if arch(x86_64)
  /// DESIGN D7: callbacks of the Windows x64 convention.
  @Suite struct CallingConventionTests {
    private static let program = TestPaths.package + "/Tests/Programs/ms_abi.c"

    @Test(
      "S5.3, S6.1: callbacks of the Windows x64 convention, all ways, all arguments, registers kept",
      arguments: ["gcc", "clang"], ["-O0", "-O2"])
    func callbacks(compiler: String, level: String) throws {
      let tool = try #require(TestPaths.tool(compiler), "\(compiler) is part of the build's tools")
      let folder = try TemporaryFolder()
      let binary = folder.path + "/ms_abi"
      let flags = [
        "-std=gnu17", level, "-Wall", "-Wextra", "-Werror", "-DWFPSHIM_MS_ABI", "-I\(TestPaths.headers)", Self.program,
        "-o", binary,
      ]
      let compiled = try run(tool, flags + ServiceFixture.library)
      #expect(compiled.status == 0, "\(compiled.output)")
      for environment in [[:], ["WFPSHIM_FORCE_PENDING": "1"]] {
        let finished = try run(binary, [], environment: environment)
        #expect(finished.status == 0 && finished.output.isEmpty, "\(finished.output)")
      }
    }

    @Test(
      "D7: timers, waits, the pool, the console and services call back in either convention, with all arguments",
      arguments: ["gcc", "clang"], [[], ["-DWFPSHIM_MS_ABI"]])
    func systemCallbacks(compiler: String, convention: [String]) throws {
      let tool = try #require(TestPaths.tool(compiler), "\(compiler) is part of the build's tools")
      let folder = try TemporaryFolder()
      let binary = folder.path + "/callbacks"
      let source = TestPaths.package + "/Tests/Programs/win32_callbacks.c"
      let flags = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", source, "-o", binary]
      let compiled = try run(tool, flags + convention + ServiceFixture.library)
      #expect(compiled.status == 0, "\(compiled.output)")
      // A service is what has a manager; nobody needs to listen.
      for way in [[], ["A"], ["W"], ["ExA"], ["ExW"]] {
        let finished = try run(binary, way, environment: ["NOTIFY_SOCKET": folder.path + "/notify"])
        #expect(finished.status == 0 && finished.output.isEmpty, "\(way): \(finished.status) \(finished.output)")
      }
    }

    @Test("D7: these programs call every function that takes a callback and has a twin") func everyTwin() throws {
      let programs = try ["ms_abi.c", "win32_callbacks.c"].map {
        try String(contentsOfFile: TestPaths.package + "/Tests/Programs/" + $0, encoding: .utf8)
      }.joined()
      let map = try String(contentsOfFile: TestPaths.package + "/link/ws2.map", encoding: .utf8)
      let twins = map.matches(of: /ws2_ms_(\w+);/).map { String($0.1) }
      #expect(twins.count > 25)
      for twin in twins {
        let name = twin == "upcall_table" ? "ws2_upcall_table" : twin
        #expect(programs.firstRange(of: try Regex("(^|\\W)(lp)?\(name)\\(")) != nil, "\(name)")
      }
    }

    /// The library's own functions keep the System V convention, whatever WINAPI means to the program.
    @Test("D7: with WFPSHIM_MS_ABI callbacks change, functions do not") func headers() throws {
      let text = """
        #include <windows.h>
        #include <winsock2.h>
        #include <ws2spi.h>
        #define SAME(a, b) _Static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(b)), #a)
        DWORD __attribute__((ms_abi)) start(LPVOID parameter);
        void __attribute__((ms_abi)) completed(DWORD, DWORD, LPWSAOVERLAPPED, DWORD);
        SAME(&start, (LPTHREAD_START_ROUTINE)0);
        SAME(&completed, (LPWSAOVERLAPPED_COMPLETION_ROUTINE)0);
        BOOL close_it(HANDLE);
        int accept_it(SOCKET, const struct sockaddr *, int, LPINT);
        SAME(CloseHandle, close_it);
        SAME((LPWSPBIND)0, &accept_it);
        int main(void) { return 0; }

        """
      let folder = try TemporaryFolder()
      let file = try folder.write(text, to: "program.c")
      for tool in ["gcc", "clang"].compactMap(TestPaths.tool) {
        let flags = ["-std=gnu17", "-Werror", "-fsyntax-only", "-I\(TestPaths.headers)", "-DWFPSHIM_MS_ABI", file]
        let finished = try run(tool, flags)
        #expect(finished.status == 0, "\(tool)\n\(finished.output)")
        let without = try run(tool, flags.filter { !$0.hasPrefix("-DWFP") })
        #expect(without.status != 0, "the check tells the conventions apart")
      }
    }

    @Test("D7: a plain callback is called without libffi") func plain() {
      let apc = Callback<PAPCFUNC>({ _ in })
      #expect(apc?.convention == .systemV)
      #expect(Callback<PAPCFUNC>(nil) == nil)
    }
  }
#endif
