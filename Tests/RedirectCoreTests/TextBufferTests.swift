import Foundation
import Testing

@testable import RedirectCore

/// SPEC S10.1: what stands in a line of the log.
struct TextBufferTests {
  private func text(capacity: Int = 200, _ body: (inout TextBuffer) -> Void) -> String {
    var memory = [CChar](repeating: 0x7e, count: capacity + 1)
    let length = memory.withUnsafeMutableBufferPointer { memory -> Int in
      var line = TextBuffer(memory.baseAddress!, capacity: capacity)
      body(&line)
      return line.length
    }
    #expect(memory[length...].allSatisfy { $0 == 0x7e }, "nothing behind the text")
    return String(decoding: memory[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test(
    arguments: [0, 1, 9, 10, 11, 99, 100, 4_294_967_296, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000, .max]
      as [UInt64])
  func numbers(number: UInt64) { #expect(text { $0.add(number) } == "\(number)") }

  @Test func powersOfTen() {
    var power: UInt64 = 1
    for _ in 0..<20 {
      for number in [power - 1, power, power + 1] { #expect(text { $0.add(number) } == "\(number)") }
      power = power &* 10
    }
  }

  @Test(arguments: [0, 1, 9, 10, 15, 16, 0x0fff, 0xffff, 0x1_0000_0000, .max] as [UInt64])
  func hexadecimal(number: UInt64) {
    #expect(text { $0.add(hexadecimal: number) } == String(number, radix: 16))
  }

  @Test(
    arguments: [
      ("1.2.3.4", 80, "1.2.3.4:80"), ("255.0.10.100", 0, "255.0.10.100:0"), ("::1", 65535, "[0:0:0:0:0:0:0:1]:65535"),
      ("2001:db8::fedc:1", 443, "[2001:db8:0:0:0:0:fedc:1]:443"),
    ] as [(String, UInt16, String)])
  func addresses(host: String, port: UInt16, expected: String) {
    #expect(text { $0.add(Address(host, port)) } == expected)
  }

  @Test func aLineStaysALine() {
    #expect(text { line in buffer("a\nb\u{7f}\u{1b}[0mé\0") { line.add($0) } } == "a?b??[0mé?")
  }

  @Test(arguments: 0...12) func capacity(size: Int) {
    #expect(
      text(capacity: size) { line in
        line.add("12345"); line.add(67890); line.add(byte: 0x21)
      } == String("1234567890!".prefix(size)))
  }
}
