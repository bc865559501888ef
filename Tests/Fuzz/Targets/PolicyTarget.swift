import CEngine
import Policy

/// S11, S11.7: a policy file, through the whole pipeline: text, sets, image, what wfpctl reads back of it, and what the
/// core makes of it.
@Sendable func fuzzPolicyText(_ input: Input) {
  var input = input
  let text = String(decoding: input.all(), as: UTF8.self)
  let set: PolicySet
  do throws(PolicyErrors) {
    set = try PolicySet(text: text, file: "fuzz.yaml", name: "fuzz") { $0 == "root" ? 0 : nil }
  } catch {
    mustHold(!error.problems.isEmpty, "refused without a reason")
    for problem in error.problems {
      mustHold(problem.position.line >= 1 && problem.position.column >= 1, "\(problem)")
      mustHold(!problem.wrong.isEmpty && !problem.wrong.contains("Optional("), "\(problem)")
    }
    return
  }
  let loaded = LoadedSet(set, loaded: 1, firstFilterID: 1)
  guard let image = try? compilePolicy([loaded], intern: { _ in 4 }) else { return }  // larger than an image can be
  let again = try? loadedSets(in: image)
  mustHold(again == [loaded], "the image says something else than the file")
  let outcome = evaluate(Array(image))
  mustHold(outcome != .notAnImage, "the core does not know the compiler's image")
  mustHold(outcome != .tooLong || set.providers.contains { $0.context != nil }, "a context from nothing")
}
