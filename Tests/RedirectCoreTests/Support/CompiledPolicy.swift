import Policy

/// Compiles policy files as wfpctl does: (name of the set, text).
func compiled(_ sets: [(String, String)]) throws -> [UInt8] {
  var first: UInt64 = 1
  var loaded: [LoadedSet] = []
  for (name, text) in sets {
    let set = try PolicySet(text: text, file: name, name: name) { $0 == "root" ? 0 : nil }
    loaded.append(LoadedSet(set, loaded: 0, firstFilterID: first))
    first += UInt64(set.filters.count)
  }
  return Array(try compilePolicy(loaded) { _ in 0 })
}
