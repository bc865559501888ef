import CEngine
import Glibc
import Policy

@testable import RedirectCore

/// S10.1, DESIGN D3: a compiled policy that is none: the core finds wrong filters in it, or none, and nothing outside it.
@Sendable func fuzzPolicyImage(_ input: Input) {
  var input = input
  let bytes = input.all()
  _ = evaluate(bytes)
  _ = try? loadedSets(in: ContiguousArray(bytes))
}

enum Outcome { case notAnImage, passed, blocked, redirected, tooLong }

private let home = MemoryEngine(segments: 1)
private let sockets = [SOCK_STREAM, SOCK_DGRAM].map { Glibc.socket(AF_INET6, Int32($0.rawValue), 0) }
private let destinations = [
  RedirectCore.Address("192.0.2.1", 80), RedirectCore.Address("2001:db8::1", 443),
  RedirectCore.Address("::ffff:127.0.0.1", 53),
]

/// All that a connect reads of an image, for three destinations and both transports. The last answer that was not a pass.
func evaluate(_ bytes: [UInt8]) -> Outcome {
  withExactMemory(bytes) { memory in
    guard
      let policy = RedirectCore.PolicyImage(
        base: UnsafeRawPointer(memory.baseAddress!), capacity: memory.count, generation: 1)
    else { return .notAnImage }
    var outcome = Outcome.passed
    for destination in destinations {
      _ = policy.isEndpoint(destination)
      _ = policy.provider(acceptingHeadersOn: destination)
      for socket in sockets {
        var request = ConnectRequest(descriptor: socket, engine: home.engine, destination: destination)
        switch policy.classify(&request) {
        case .pass: break
        case .block(let filter):
          _ = policy.bytes(filter.pointee.name).reduce(0) { $0 &+ UInt64($1) }
          outcome = .blocked
        case .redirect(let redirect): outcome = writeContext(policy, redirect, destination)
        }
      }
    }
    return outcome
  }
}

private func writeContext(_ policy: RedirectCore.PolicyImage, _ redirect: Redirect, _ destination: RedirectCore.Address)
  -> Outcome
{
  _ = policy.bytes(redirect.provider.pointee.name).reduce(0) { $0 &+ UInt64($1) }
  let source = ContextSource(
    destination: destination, local: RedirectCore.Address("0.0.0.0"), application: wfp_application(), path: ownPath(),
    protocolNumber: 6, flowId: (1, 2), filter: redirect.filter)
  var measure = ContextWriter(nil, limit: .max)
  measure.write(redirect.provider, of: policy, source)
  if measure.length > Int(WFP_CONTEXT_MAX) { return .tooLong }
  withExactMemory([UInt8](repeating: 0, count: measure.length)) { out in
    var writer = ContextWriter(out.baseAddress!, limit: measure.length)
    writer.write(redirect.provider, of: policy, source)
    mustHold(writer.length == measure.length, "measured \(measure.length), written \(writer.length)")
  }
  return .redirected
}
