package import CEngine

/// The mapped engine file (wfp_layout.h): where its parts lie in this process. A value, copied freely; the
/// mapping stays for the life of the process.
@safe
package struct Engine {
  /// Header page and policy buffers. Read-only in preloaded processes.
  package let header: UnsafeMutablePointer<wfp_engine>
  /// Bytes that may be read behind `header`.
  package let headerLength: Int
  /// The flow region: header page, string arena, segments.
  package let flowHeader: UnsafeMutablePointer<wfp_flow_header>
  /// Bytes of address space behind `flowHeader`; the file may be shorter.
  package let flowLength: Int

  package init(
    header: UnsafeMutablePointer<wfp_engine>, headerLength: Int,
    flowHeader: UnsafeMutablePointer<wfp_flow_header>, flowLength: Int
  ) {
    unsafe self.header = header
    self.headerLength = headerLength
    unsafe self.flowHeader = flowHeader
    self.flowLength = flowLength
  }

  /// Address of a byte of the flow region.
  package func flowRegion(_ offset: UInt64) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(flowHeader) + Int(truncatingIfNeeded: offset)
  }
}
