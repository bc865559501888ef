import CEngine

@testable import RedirectCore

/// A policy image with one provider's context fields, put together by hand.
struct FieldImage {
  let bytes: [UInt8]
  let provider: wfp_provider

  /// - Parameter fields: Each with its literal bytes.
  init(_ fields: [(wfp_field, [UInt8])]) {
    let start = 64
    var data = start + fields.count * MemoryLayout<wfp_field>.stride
    var bytes = [UInt8](repeating: 0, count: data)
    for (i, (field, literal)) in fields.enumerated() {
      var row = field
      row.data = wfp_range(offset: UInt32(data), length: UInt32(literal.count))
      data += literal.count
      bytes += literal
      let at = start + i * MemoryLayout<wfp_field>.stride
      withUnsafeBytes(of: row) { bytes.replaceSubrange(at..<(at + $0.count), with: $0) }
    }
    var head = wfp_policy()
    head.magic = WFP_POLICY_MAGIC
    head.version = WFP_POLICY_VERSION
    head.size = UInt32(bytes.count)
    withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<$0.count, with: $0) }
    var row = wfp_provider()
    row.has_context = 1
    row.fields = wfp_table(offset: UInt32(start), count: UInt32(fields.count))
    provider = row
    self.bytes = bytes
  }

  /// The context that stage 3 makes: measured first, then written into exactly that many bytes.
  func context(
    to destination: Address, local: Address = Address("0.0.0.0"), path: String = "/usr/bin/curl",
    application: wfp_application = wfp_application(), filter: wfp_filter = wfp_filter()
  ) -> (measured: Int, bytes: [UInt8]) {
    var (provider, filter) = (provider, filter)
    let path = Array(path.utf8)
    return path.withUnsafeBytes { path in
      bytes.withUnsafeBytes { image -> (Int, [UInt8]) in
        withUnsafePointer(to: &provider) { provider in
          withUnsafePointer(to: &filter) { filter in
            let policy = PolicyImage(base: image.baseAddress!, capacity: image.count, generation: 1)!
            let source = ContextSource(
              destination: destination, local: local, application: application, path: path, protocolNumber: 6,
              flowId: (0x0807_0605_0403_0201, 0x100f_0e0d_0c0b_0a09), filter: filter)
            var measure = ContextWriter(nil, limit: .max)
            measure.write(provider, of: policy, source)
            let guardBytes = 64
            var out = [UInt8](repeating: 0xa5, count: measure.length + guardBytes)
            let length = measure.length
            out.withUnsafeMutableBytes {
              var writer = ContextWriter($0.baseAddress!, limit: length)
              writer.write(provider, of: policy, source)
            }
            precondition(out[length...].allSatisfy { $0 == 0xa5 }, "nothing is written behind the context")
            return (length, Array(out[..<length]))
          }
        }
      }
    }
  }
}
