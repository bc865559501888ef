import Foundation
import HTTPTypes
import Hummingbird

/// Who may read: whoever knows the token, and asks for this machine by a name of its own (a page of another site whose
/// name was made to lead here would not).
struct Access: Sendable {
  let token: String

  struct BadTokenFile: Error, CustomStringConvertible {
    let description: String
  }

  /// - Throws: ``BadTokenFile``
  init(tokenFile: String?) throws {
    guard let tokenFile else {
      token = (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
      return
    }
    var status = stat()
    guard stat(tokenFile, &status) == 0 else { throw BadTokenFile(description: "\(tokenFile): no such file") }
    guard status.st_mode & 0o077 == 0 else {
      throw BadTokenFile(
        description: "\(tokenFile): others may read it (mode \(String(status.st_mode & 0o777, radix: 8))); expected 600"
      )
    }
    let line = try String(contentsOfFile: tokenFile, encoding: .utf8).split(separator: "\n").first ?? ""
    guard line.count >= 16, line.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    else {
      throw BadTokenFile(
        description: "\(tokenFile): not a token; expected 16 or more letters, digits, '-' and '_' on the first line")
    }
    token = String(line)
  }

  /// In a time that does not depend on where the first difference is.
  func allows(_ given: some StringProtocol) -> Bool {
    let (left, right) = (Array(token.utf8), Array(given.utf8))
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

struct AccessMiddleware: RouterMiddleware {
  typealias Context = BasicRequestContext

  let access: Access

  private static let bearer = "Bearer "

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let host = (request.head.authority ?? "").split(separator: ":").first
    guard host == "127.0.0.1" || host == "localhost" else {
      throw HTTPError(.misdirectedRequest, message: "this page is at 127.0.0.1")
    }
    let header = request.headers[.authorization].flatMap { field in
      field.hasPrefix(Self.bearer) ? String(field.dropFirst(Self.bearer.count)) : nil
    }
    guard let given = header ?? request.uri.queryParameters["token"].map(String.init), access.allows(given) else {
      throw HTTPError(.forbidden, message: "the token is missing or wrong: it stands in the address that was printed")
    }
    var response = try await next(request, context)
    for (name, value) in Self.fields { response.headers[name] = value }
    return response
  }

  /// The page loads nothing but its own, is in nobody's frame, and its address, which has the token, goes nowhere.
  private static let fields: [(HTTPField.Name, String)] = [
    (
      .contentSecurityPolicy,
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    (HTTPField.Name("Referrer-Policy")!, "no-referrer"), (.xContentTypeOptions, "nosniff"), (.cacheControl, "no-store"),
  ]
}
