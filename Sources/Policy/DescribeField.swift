/// A field as a policy file would say it: what `policy show` prints.
extension ContextField: CustomStringConvertible {
  package var description: String {
    let options = options.map { "\($0.0): \($0.1)" }
    if let argument { return "{" + (["\(key): \(argument)"] + options).joined(separator: ", ") + "}" }
    return "{\(key): {" + options.joined(separator: ", ") + "}}"
  }

  /// A field's name where its value stands beside it.
  package var label: String {
    switch kind {
    case .sockaddrStorage, .sockaddr, .ipv4, .ipv6, .address16, .port: "\(key) \(argument ?? "")"
    default: key
    }
  }

  var key: String {
    switch kind {
    case .literal: literalKey
    case .sockaddrStorage: "sockaddr_storage"
    case .scopeID: "scope_id"
    case .isRoot: "is_root"
    case .processCreateTime: "process_create_time"
    case .appPath: "app_path"
    case .flowID: "flow_id"
    case .filterID: "filter_id"
    case .filterHash: "filter_hash"
    case .padTo: "pad_to"
    default: "\(kind)"
    }
  }

  private var literalKey: String {
    switch LiteralForm(rawValue: values) {
    case .number: "u\(data.count * 8)"
    case .text: "text"
    case .guid: "guid"
    case .zero: "zero"
    default: "bytes"
    }
  }

  private var argument: String? {
    switch kind {
    case .literal: literalArgument
    case .sockaddrStorage, .sockaddr, .ipv4, .ipv6, .address16, .port: selector == .remote ? "remote" : "local"
    case .scopeID: "remote"
    case .random, .padTo, .align: "\(size)"
    default: nil
    }
  }

  private var literalArgument: String {
    switch LiteralForm(rawValue: values) {
    case .number: "0x" + hexText(bigEndianData)
    case .text: "\"" + String(decoding: data, as: UTF8.self).unicodeScalars.map(quoted).joined() + "\""
    case .guid: "\"" + (GUID(memory: data)?.description ?? hexText(data)) + "\""
    case .zero: "\(data.count)"
    default: "\"" + hexText(data) + "\""
    }
  }

  private var bigEndianData: [UInt8] {
    let isLittle = order == .little || order == .host && UInt16(1).littleEndian == 1
    return isLittle ? data.reversed() : data
  }

  private func quoted(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": "\\\(scalar)"
    case _ where scalar.value < 0x20 || scalar.value == 0x7f: "\\x" + hexText([UInt8(scalar.value)])
    default: String(scalar)
    }
  }

  private var options: [(String, String)] {
    var options: [(String, String)] = []
    if kind == .sockaddrStorage || kind == .sockaddr { options.append(("af", values == 0 ? "linux" : "windows")) }
    if width != 0 { options.append(("as", "u\(width * 8)")) }
    if kind == .family {
      options.append(("values", ["linux", "windows", "ip_version", "zero_one"][Int(values & 3)]))
    }
    if kind == .processCreateTime { options.append(("unit", values == 0 ? "filetime" : "unix_ns")) }
    if kind == .appPath {
      options.append(("encoding", values == 0 ? "utf8" : "utf16"))
      options.append(("terminate", "\(terminate)"))
    }
    if size != 0 && (kind == .appPath || kind == .flowID) { options.append(("size", "\(size)")) }
    if width != 0 || kind == .literal && values == LiteralForm.number.rawValue {
      options.append(("order", ["host", "network", "little"][Int(order.rawValue)]))
    }
    return options
  }
}
