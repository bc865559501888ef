#if WFPSHIM_KILL_POINTS
  import Glibc
  import RedirectCore

  signal(SIGPIPE, SIG_IGN)
  let arguments = Array(CommandLine.arguments.dropFirst())
  switch arguments.first {
  case "service": serve(Array(arguments.dropFirst()))
  case "participant": participate(Array(arguments.dropFirst()))
  case "filler", "bulk": fill(Array(arguments.dropFirst()), isBulk: arguments[0] == "bulk")
  case "case":
    guard let scenario = Scenario(rawValue: arguments[1]), let passes = Int(arguments[3]) else { fail("arguments") }
    if scenario == .waits { HeaderRace().run(arguments[2]) } else { Case(scenario).run(arguments[2], passes) }
  case "storm": exit(Storm().run(arguments.count > 1 ? Int(arguments[1]) ?? 0 : 100_000) ? 0 : 1)
  case "storm-client": visitForever(Array(arguments.dropFirst()))
  case "storm-service": serveStorm(Array(arguments.dropFirst()))
  default: exit(table(only: arguments.first.flatMap(Scenario.init(rawValue:))) ? 0 : 1)
  }

  /// All points in all scenarios that pass them: each at its first passing, and at its last if that is another one.
  func table(only: Scenario?) -> Bool {
    var rows = KillPoint.allCases.map { Row(point: $0) }
    for scenario in Scenario.allCases where only == nil || scenario == only {
      let run = Child(["case", scenario.rawValue, "none", "0"])
      let said = run.line(beginning: "passed ") ?? ""
      run.wait()
      let passed = said.split(separator: " ").dropFirst().compactMap { Int($0) }
      if passed.count != rows.count { fail("\(scenario.rawValue): \(said)") }
      for at in rows.indices where passed[at] > 0 {
        for passes in Set([0, passed[at] - 1]).sorted() { rows[at].kill(scenario, passes) }
      }
    }
    print("point                 kills  slots lost  wrong  in")
    rows.forEach { print($0.text) }
    let visited = rows.count { $0.kills > 0 }
    let kills = rows.reduce(0) { $0 + $1.kills }
    let (lost, wrong) = (rows.reduce(0) { $0 + $1.lost }, rows.reduce(0) { $0 + $1.wrong })
    print("\(visited) of \(rows.count) points visited, \(kills) kills, \(lost) slots lost, \(wrong) wrong answers")
    return (visited == rows.count || only != nil) && lost == 0 && wrong == 0
  }

  struct Row {
    let point: KillPoint
    var kills = 0, lost = 0, wrong = 0
    private var scenarios: [String] = []

    init(point: KillPoint) { self.point = point }

    mutating func kill(_ scenario: Scenario, _ passes: Int) {
      let run = Child(["case", scenario.rawValue, "\(point)", "\(passes)"])
      let said = run.line(beginning: "result ")
      run.wait()
      let words = (said ?? "result 0 1 no result").split(separator: " ", maxSplits: 3)
      kills += 1
      lost += Int(words[1]) ?? 0
      wrong += Int(words[2]) ?? 1
      if !scenarios.contains(scenario.rawValue) { scenarios.append(scenario.rawValue) }
      if words[1] != "0" || words[2] != "0" { print("\(scenario.rawValue) \(point) \(passes): \(said ?? "no result")") }
    }

    var text: String {
      func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
      }
      return column("\(point)", 22) + column("\(kills)", 7) + column("\(lost)", 12) + column("\(wrong)", 7)
        + (kills == 0 ? "NOT VISITED" : scenarios.joined(separator: " "))
    }
  }
#else
  // Nothing without `-D WFPSHIM_KILL_POINTS`.
  print("build with `make killpoints`")
#endif
