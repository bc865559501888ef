/// Shell wildcards, bytewise (the C locale's fnmatch without flags): `*` any bytes, `?` one, `[a-z]` and `[!a-z]`
/// one of a set, `\` takes the next byte as it is. libc's own fnmatch may allocate and follows the host's locale.
package func matchesWildcards(_ pattern: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> Bool {
  var p = 0
  var t = 0
  var starPattern = -1
  var starText = 0
  while t < text.count {
    if p < pattern.count, unsafe byte(pattern, p) == 0x2a {  // *
      starPattern = p
      starText = t
      p &+= 1
      continue
    }
    let next = unsafe matchOne(pattern, p, byte(text, t))
    if next >= 0 {
      p = next
      t &+= 1
    } else if starPattern >= 0 {
      starText &+= 1
      t = starText
      p = starPattern &+ 1
    } else {
      return false
    }
  }
  while p < pattern.count, unsafe byte(pattern, p) == 0x2a { p &+= 1 }
  return p == pattern.count
}

private func byte(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt8 {
  // Every caller has compared `at` with count; the buffer's own load would check again, with a trap.
  guard let start = bytes.baseAddress else { return 0 }
  return unsafe (start + at).load(as: UInt8.self)
}

/// - Returns: Where the pattern goes on when its element at `p` takes `value`, else -1.
private func matchOne(_ pattern: UnsafeRawBufferPointer, _ p: Int, _ value: UInt8) -> Int {
  if p >= pattern.count { return -1 }
  switch unsafe byte(pattern, p) {
  case 0x3f: return p &+ 1  // ?
  case 0x5c where p &+ 1 < pattern.count: return unsafe byte(pattern, p &+ 1) == value ? p &+ 2 : -1
  case 0x5b:
    let (end, matched) = unsafe matchSet(pattern, p &+ 1, value)
    if end >= 0 { return matched ? end : -1 }
    return value == 0x5b ? p &+ 1 : -1  // a set that never ends is a plain bracket
  case value: return p &+ 1
  default: return -1
  }
}

private func matchSet(_ pattern: UnsafeRawBufferPointer, _ from: Int, _ value: UInt8) -> (end: Int, matched: Bool) {
  var p = from
  var negated = false
  if p < pattern.count, unsafe byte(pattern, p) == 0x21 || byte(pattern, p) == 0x5e {
    negated = true
    p &+= 1
  }
  let first = p
  var found = false
  while p < pattern.count {
    var low = unsafe byte(pattern, p)
    if low == 0x5d && p > first { return (p &+ 1, found != negated) }
    if low == 0x5c && p &+ 1 < pattern.count {
      p &+= 1
      low = unsafe byte(pattern, p)
    }
    if p &+ 2 < pattern.count, unsafe byte(pattern, p &+ 1) == 0x2d && byte(pattern, p &+ 2) != 0x5d {
      p &+= 2
      if unsafe byte(pattern, p) == 0x5c && p &+ 1 < pattern.count { p &+= 1 }
      if unsafe low <= value && value <= byte(pattern, p) { found = true }
      p &+= 1
    } else {
      if low == value { found = true }
      p &+= 1
    }
  }
  return (-1, false)
}
