import ArgumentParser
import FilterEngine
import Policy

extension PolicyCommand {
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what loading a policy file would change of the set of its name. Changes nothing.",
      discussion: "One line for each option, provider, sublayer and filter that would go ('-') or come ('+'). "
        + "The exit code is 0 when nothing would change, and 1 when something would.")

    @ParentCommand var parent: PolicyCommand
    @OptionGroup var engine: EngineOption
    @Flag(help: "As JSON.") var json = false
    @OptionGroup var source: PolicyFileArguments

    func run() throws {
      try reporting {
        let engine = try FilterEngine(path: engine.path ?? parent.engine)
        let (file, name) = (source.file, source.name ?? PolicyFile.setName(source.file))
        let set = try PolicySet(text: try PolicyFile.read(file), file: file, name: name, userID: userID(named:))
        let known = try engine.sets().first { $0.set.name == name }
        let diff = PolicyDiff(from: known?.set, to: set)
        if json {
          print(try diff.json(name).text())
        } else {
          for line in diff.lines { print(line) }
        }
        if !diff.lines.isEmpty { throw ExitCode(1) }
      }
    }
  }
}

/// What differs between two sets, each as one line for each of its parts.
struct PolicyDiff {
  /// In the order of the new set, what goes before what comes.
  let lines: [String]

  init(from old: PolicySet?, to new: PolicySet) {
    let before = old.map(Self.parts) ?? []
    let after = Self.parts(new)
    var lines: [String] = []
    let changes = after.difference(from: before)
    let gone = Dictionary(grouping: changes.removals, by: Self.offset)
    let come = Set(changes.insertions.map(Self.offset))
    var place = 0
    for (number, part) in after.enumerated() {
      while place < before.count, gone[place] != nil {
        lines.append("- \(before[place])")
        place += 1
      }
      if come.contains(number) { lines.append("+ \(part)") } else { place += 1 }
    }
    lines += before[min(place, before.count)...].map { "- \($0)" }
    self.lines = lines
  }

  func json(_ name: String) -> JSON {
    func texts(_ mark: Character) -> JSON {
      .array(lines.filter { $0.first == mark }.map { .string(String($0.dropFirst(2))) })
    }
    return .object(["version": .number(1), "set": .string(name), "removed": texts("-"), "added": texts("+")])
  }

  private static func offset(_ change: CollectionDifference<String>.Change) -> Int {
    switch change {
    case .insert(let offset, _, _), .remove(let offset, _, _): offset
    }
  }

  private static func parts(_ set: PolicySet) -> [String] {
    let options = set.options
    var parts = [
      "option hopLimit \(options.hopLimit)", "option peerName \(options.peerName)",
      "option redirectedByOther \(options.redirectedByOther)",
      "option setRequiresPrivilege \(options.setRequiresPrivilege)",
    ]
    for provider in set.providers {
      let endpoints = provider.endpoints.map(\.description).joined(separator: ", ")
      let context = provider.context.map { "context \($0.map(\.description).joined(separator: ", "))" } ?? "no context"
      parts.append(
        "provider \(provider.name) {\(provider.guid)} at \(endpoints) accepts "
          + "\(provider.accepts.names.joined(separator: ", ")), \(context)")
    }
    for sublayer in set.sublayers { parts.append("sublayer \(sublayer.name) weight \(sublayer.weight)") }
    // As they are asked: an order that changes is a change.
    for ranked in arbitrationOrder([LoadedSet(set, loaded: 0, firstFilterID: 1)]) { parts.append(text(ranked)) }
    return parts
  }

  private static func text(_ ranked: RankedFilter) -> String {
    let filter = ranked.filter
    let target = ranked.provider.map { " to \($0.name)" } ?? ""
    let conditions = filter.conditions.map { " \($0.key): \($0.texts.joined(separator: ", "));" }.joined()
    let unregistered = filter.permitIfCalloutUnregistered ? " permitIfCalloutUnregistered" : ""
    return "filter \(filter.name) \(filter.action)\(target) weight \(filter.weight) in \(ranked.sublayer.name)"
      + unregistered + (conditions.isEmpty ? "" : " if\(conditions)")
  }
}
