import Glibc

/// What standard output is: colours and tables are for people, so only a terminal gets them (NO_COLOR: https://no-color.org).
enum Terminal {
  enum Style: String {
    case bold = "1"
    case good = "32"
    case waiting = "33"
    case faint = "2"
  }

  static let isOutput = isatty(STDOUT_FILENO) != 0

  static let hasColours: Bool = {
    let variable = { (name: String) in unsafe getenv(name).map { unsafe String(cString: $0) } ?? "" }
    return isOutput && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
  }()

  /// Columns; 80 when nobody knows.
  static var width: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  static func styled(_ text: String, _ style: Style?) -> String {
    guard hasColours, let style else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }
}
