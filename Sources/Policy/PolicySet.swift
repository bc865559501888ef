/// One policy file, checked: every reference resolves, every number is in range (SPEC S11).
package struct PolicySet: Equatable, Sendable {
  package var name: String
  /// The file's text; the engine keeps it beside what was compiled from it.
  package var source: String
  package var options = Options()
  package var providers: [Provider] = []
  /// The declared ones and those that filters are in without saying so.
  package var sublayers: [Sublayer] = []
  /// In file order, which decides between equal weights.
  package var filters: [Filter] = []
}

/// SPEC S11.6.
package struct Options: Equatable, Sendable {
  package var hopLimit: UInt32 = 16
  package var peerNameFaithful = false
  package var redirectedByOtherPermits = false
  package var setRequiresPrivilege = false
}

/// SPEC S11.1.
package struct Provider: Equatable, Sendable {
  package var name: String
  /// The redirect handle.
  package var guid: GUID
  package var endpoints: [Endpoint]
  package var accepts: Accepts = .preload
  /// `nil`: records only.
  package var context: [ContextField]?
}

package struct Accepts: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let preload = Accepts(rawValue: 1)
  package static let redirect = Accepts(rawValue: 2)
  package static let tproxy = Accepts(rawValue: 4)
  package static let proxyV2 = Accepts(rawValue: 8)
}

package struct Sublayer: Equatable, Sendable {
  package static let defaultWeight: UInt32 = 32768

  package var name: String
  package var weight = Sublayer.defaultWeight
}

package enum Action: UInt32, Sendable {
  case permit = 1
  case block = 2
  case redirect = 3
}

/// SPEC S11.2.
package struct Filter: Equatable, Sendable {
  package var name: String
  package var action: Action
  /// Index into the set's providers, with `redirect`.
  package var provider: Int?
  package var weight: UInt64 = 0
  /// Name of one of the set's sublayers.
  package var sublayer: String
  /// At most one of each kind, in the order of `Condition`'s cases.
  package var conditions: [Condition] = []
  package var permitIfCalloutUnregistered = false
}

/// SPEC S11.3: one of the values must hold.
package enum Condition: Equatable, Sendable {
  case ipProtocol([UInt32])
  case ipRemoteAddress([AddressRange])
  case ipRemotePort([ClosedRange<UInt16>])
  case ipLocalAddress([AddressRange])
  case aleAppID([String])
  case aleOriginalAppID([String])
  case aleUserID([UInt32])
  case loopback([Bool])
}
