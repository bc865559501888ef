import CWinsock
import Glibc

/// Judges memory without changing it (DESIGN D12): a page is writable when the kernel can OR 0 into a word of it.

private let pageSize: UInt = 4096

/// Beyond this many pages only the first ones and the last one are judged: no answer of the redirect codes is longer
/// than 64 KiB, and a caller that claims gigabytes must not make us walk them.
private let judgedPages: UInt = 256

/// Above this many pages one madvise() is cheaper than a futex call each (2.6 us for 17 pages).
private let populatedPages: UInt = 8

func isWritable(_ pointer: UnsafeMutableRawPointer?, _ size: Int) -> Bool {
  guard size > 0 else { return true }
  if unsafe ws2_is_on_stack(pointer, size) != 0 { return true }
  guard let pages = unsafe pages(of: pointer, size) else { return false }
  let count = min((pages.upperBound - pages.lowerBound) / pageSize, judgedPages)
  if count > populatedPages,
    unsafe ws2_populate_write(UnsafeMutableRawPointer(bitPattern: pages.lowerBound)!, Int(count * pageSize)) == 0
  {
    return count < judgedPages || pageIsWritable(pages.upperBound - pageSize)
  }
  return judge(pages, count, pageIsWritable)
}

func isReadable(_ pointer: UnsafeRawPointer?, _ size: Int) -> Bool {
  guard size > 0 else { return true }
  if unsafe ws2_is_on_stack(pointer, size) != 0 { return true }
  guard let pages = unsafe pages(of: pointer, size) else { return false }
  let count = min((pages.upperBound - pages.lowerBound) / pageSize, judgedPages)
  return judge(pages, count, pageIsReadable)
}

private func judge(_ pages: Range<UInt>, _ count: UInt, _ isGood: (UInt) -> Bool) -> Bool {
  for index in 0..<count where !isGood(pages.lowerBound + index * pageSize) { return false }
  return count < judgedPages || isGood(pages.upperBound - pageSize)
}

/// The pages that the memory touches; nil when it is NULL or wraps around.
private func pages(of pointer: UnsafeRawPointer?, _ size: Int) -> Range<UInt>? {
  let first = UInt(bitPattern: pointer)
  let (end, wraps) = first.addingReportingOverflow(UInt(bitPattern: size))
  guard first != 0, !wraps, end <= UInt.max - pageSize else { return nil }
  return first & ~(pageSize - 1)..<(end + pageSize - 1) & ~(pageSize - 1)
}

private func pageIsWritable(_ page: UInt) -> Bool {
  unsafe ws2_judge_write(UnsafeMutableRawPointer(bitPattern: page)) == 0
}

private func pageIsReadable(_ page: UInt) -> Bool {
  unsafe ws2_judge_read(UnsafeRawPointer(bitPattern: page)) == 0
}
