import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages "MultiByteToWideChar function", "WideCharToMultiByte function" and those of lstr*.
@Suite struct TextTests {
  private static let sample = "a\u{e4}\u{20ac}\u{1f600}"

  private func toWide(_ page: Int32, _ flags: DWORD, _ bytes: [UInt8], _ count: Int32, _ room: Int) -> (Int32, [WCHAR])
  {
    var buffer = [WCHAR](repeating: 0x7e, count: max(room, 1))
    let characters = bytes.map { CChar(bitPattern: $0) }
    SetLastError(0)
    let result =
      room == 0
      ? MultiByteToWideChar(UINT(page), flags, characters, count, nil, 0)
      : MultiByteToWideChar(UINT(page), flags, characters, count, &buffer, Int32(room))
    return (result, buffer)
  }

  @Test("Both ways, with a length, to the zero, and the size first", arguments: [CP_UTF8, CP_ACP, CP_THREAD_ACP])
  func roundTrip(page: Int32) {
    let bytes = Array(Self.sample.utf8)
    let expected = WCHAR.units(of: bytes)
    #expect(toWide(page, 0, bytes, Int32(bytes.count), 0).0 == Int32(expected.count))
    let (count, buffer) = toWide(page, 0, bytes, Int32(bytes.count), 20)
    #expect(count == Int32(expected.count) && Array(buffer[..<Int(count)]) == expected)
    #expect(buffer[Int(count)] == 0x7e, "no zero that was not asked for")
    let (terminated, all) = toWide(page, 0, bytes + [0], -1, 20)
    #expect(terminated == Int32(expected.count + 1) && all[expected.count] == 0)
    var narrow = [CChar](repeating: 0x7e, count: 40)
    #expect(WideCharToMultiByte(UINT(page), 0, expected, Int32(expected.count), nil, 0, nil, nil) == Int32(bytes.count))
    #expect(WideCharToMultiByte(UINT(page), 0, expected + [0], -1, &narrow, 40, nil, nil) == Int32(bytes.count + 1))
    #expect(text(narrow) == Self.sample)
  }

  @Test("ERROR_INSUFFICIENT_BUFFER, and ERROR_INVALID_PARAMETER for what is none")
  func sizes() {
    #expect(toWide(CP_UTF8, 0, [97, 98], 2, 1).0 == 0 && GetLastError() == ERROR_INSUFFICIENT_BUFFER)
    #expect(toWide(CP_UTF8, 0, [97], 0, 1).0 == 0 && GetLastError() == ERROR_INVALID_PARAMETER)
    #expect(toWide(CP_UTF8, 0, [97], -2, 1).0 == 0 && GetLastError() == ERROR_INVALID_PARAMETER)
    #expect(toWide(1252, 0, [97], 1, 1).0 == 0 && GetLastError() == ERROR_INVALID_PARAMETER, "no such code page")
    #expect(fails(ERROR_INVALID_PARAMETER) { MultiByteToWideChar(UINT(CP_UTF8), 0, nil, -1, nil, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { MultiByteToWideChar(UINT(CP_UTF8), 0, "a", -1, nil, 5) })
    var narrow = [CChar](repeating: 0, count: 4)
    #expect(
      fails(ERROR_INSUFFICIENT_BUFFER) {
        WideCharToMultiByte(UINT(CP_UTF8), 0, wide("abcd"), -1, &narrow, 4, nil, nil)
      })
  }

  @Test("MB_ERR_INVALID_CHARS and WC_ERR_INVALID_CHARS: ERROR_NO_UNICODE_TRANSLATION; without them U+FFFD")
  func invalid() {
    let bytes: [UInt8] = [97, 0xff, 98]
    #expect(toWide(CP_UTF8, MB_ERR_INVALID_CHARS, bytes, 3, 9).0 == 0)
    #expect(GetLastError() == ERROR_NO_UNICODE_TRANSLATION)
    let (count, buffer) = toWide(CP_UTF8, 0, bytes, 3, 9)
    #expect(count == 3 && buffer[1] == 0xfffd)
    let lone: [WCHAR] = [97, 0xd800]
    var narrow = [CChar](repeating: 0, count: 9)
    #expect(
      fails(ERROR_NO_UNICODE_TRANSLATION) {
        WideCharToMultiByte(UINT(CP_UTF8), WC_ERR_INVALID_CHARS, lone, 2, &narrow, 9, nil, nil)
      })
    #expect(WideCharToMultiByte(UINT(CP_UTF8), 0, lone, 2, &narrow, 9, nil, nil) == 4)
    #expect(text(narrow) == "a\u{fffd}")
  }

  @Test("Flags and the default character: what CP_UTF8 forbids CP_ACP takes")
  func flags() {
    #expect(toWide(CP_UTF8, MB_PRECOMPOSED, [97], 1, 1).0 == 0 && GetLastError() == ERROR_INVALID_FLAGS)
    #expect(toWide(CP_ACP, MB_PRECOMPOSED, [97], 1, 1).0 == 1)
    var (narrow, used) = ([CChar](repeating: 0, count: 9), BOOL(7))
    #expect(
      fails(ERROR_INVALID_PARAMETER) {
        WideCharToMultiByte(UINT(CP_UTF8), 0, wide("a"), -1, &narrow, 9, nil, &used)
      })
    #expect(
      fails(ERROR_INVALID_FLAGS) {
        WideCharToMultiByte(UINT(CP_UTF8), WC_NO_BEST_FIT_CHARS, wide("a"), -1, &narrow, 9, nil, nil)
      })
    #expect(WideCharToMultiByte(UINT(CP_ACP), WC_NO_BEST_FIT_CHARS, wide("a"), -1, &narrow, 9, "?", &used) == 2)
    #expect(used == 0 && GetACP() == UINT(CP_UTF8))
  }

  @Test("lstrlen, lstrcpy, lstrcpyn, lstrcat, lstrcmp, lstrcmpi")
  func strings() {
    #expect(lstrlenA("abc") == 3 && lstrlenA(nil) == 0 && lstrlenW(wide("ab")) == 2 && lstrlenW(nil) == 0)
    var narrow = [CChar](repeating: 1, count: 10)
    #expect(lstrcpyA(&narrow, "one") != nil && lstrcatA(&narrow, "two") != nil && text(narrow) == "onetwo")
    #expect(lstrcpynA(&narrow, "longer", 4) != nil && text(narrow) == "lon")
    #expect(lstrcpyA(nil, "a") == nil && lstrcpynA(&narrow, "a", 0) == nil && lstrcatA(&narrow, nil) == nil)
    var broad = [WCHAR](repeating: 1, count: 10)
    #expect(lstrcpyW(&broad, wide("one")) != nil && lstrcatW(&broad, wide("two")) != nil && text(broad) == "onetwo")
    #expect(lstrcpynW(&broad, wide("longer"), 4) != nil && text(broad) == "lon")
    #expect(lstrcmpA("a", "b") < 0 && lstrcmpA("b", "a") > 0 && lstrcmpA("a", "a") == 0 && lstrcmpA("A", "a") != 0)
    #expect(lstrcmpW(wide("a"), wide("b")) < 0 && lstrcmpW(wide("a"), wide("a")) == 0)
    #expect(lstrcmpiA("ABC", "abc") == 0 && lstrcmpiA("abc", "ABD") < 0)
    #expect(lstrcmpiW(wide("\u{c4}"), wide("\u{e4}")) == 0)
    #expect(lstrcmpA(nil, "a") < 0 && lstrcmpA("a", nil) > 0 && lstrcmpA(nil, nil) == 0)
  }
}

/// Microsoft's page "FormatMessage function".
@Suite struct MessageTests {
  private static let system = DWORD(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS)

  private func message(_ flags: DWORD, _ number: DWORD, _ source: String? = nil, values: UnsafeMutableRawPointer? = nil)
    -> String?
  {
    var buffer = [CChar](repeating: 1, count: 200)
    SetLastError(0)
    let count = FormatMessageA(flags, source.map { UnsafeRawPointer(strdup($0)) }, number, 0, &buffer, 200, values)
    guard count > 0 else { return nil }
    #expect(text(buffer).utf8.count == Int(count))
    return text(buffer)
  }

  @Test("Texts of Winsock's and Win32's errors, of HRESULTs that wrap one, and of none")
  func system() {
    #expect(message(Self.system, DWORD(WSAECONNREFUSED)) == "The connection was refused.\r\n")
    #expect(message(Self.system, DWORD(ERROR_FILE_NOT_FOUND)) == "The file is not there.\r\n")
    #expect(message(Self.system, 0x8007_0002) == "The file is not there.\r\n")
    #expect(message(Self.system | DWORD(FORMAT_MESSAGE_MAX_WIDTH_MASK), 5) == "Access is denied. ")
    #expect(message(Self.system, 424_242) == nil && GetLastError() == ERROR_MR_MID_NOT_FOUND)
    #expect(message(DWORD(FORMAT_MESSAGE_FROM_HMODULE), 5) == nil && GetLastError() == ERROR_MR_MID_NOT_FOUND)
    #expect(message(0, 5) == nil && GetLastError() == ERROR_INVALID_PARAMETER)
    var small = [CChar](repeating: 0, count: 3)
    #expect(fails(ERROR_INSUFFICIENT_BUFFER, as: 0) { FormatMessageA(Self.system, nil, 5, 0, &small, 3, nil) })
  }

  @Test("FORMAT_MESSAGE_ALLOCATE_BUFFER: a block for LocalFree, wide too")
  func allocated() {
    var block: LPWSTR?
    let count = withUnsafeMutablePointer(to: &block) {
      FormatMessageW(
        Self.system | DWORD(FORMAT_MESSAGE_ALLOCATE_BUFFER), nil, 5, 0,
        UnsafeMutableRawPointer($0).assumingMemoryBound(to: WCHAR.self), 0, nil)
    }
    let expected = wide("Access is denied.\r\n")
    #expect(count == DWORD(expected.count - 1))
    #expect((0..<expected.count).allSatisfy { block![$0] == expected[$0] })
    #expect(LocalFree(block) == nil)
  }

  @Test("FORMAT_MESSAGE_FROM_STRING: places, their formats, an array of values")
  func inserts() {
    let flags = DWORD(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY)
    let name = strdup("name")
    var values: [UInt] = [UInt(bitPattern: name), UInt(bitPattern: -5), 255]
    let answer = values.withUnsafeMutableBytes {
      message(flags, 0, "%1 is %2!d!, %3!x! %3!u! %% %1%n%t.%0 gone", values: $0.baseAddress)
    }
    #expect(answer == "name is -5, ff 255 % name\r\n\t.")
    #expect(message(flags, 0, "%1") == nil && GetLastError() == ERROR_INVALID_PARAMETER, "no values")
    #expect(message(flags | DWORD(FORMAT_MESSAGE_IGNORE_INSERTS), 0, "%1") == "%1")
    free(name)
  }
}
