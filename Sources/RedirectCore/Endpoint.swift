import CEngine

/// Which of a provider's endpoints takes the connection: the first listening one of the socket's family, in file
/// order; a dual-stack socket may use an IPv4 one (SPEC S11.1).
enum EndpointChoice {
  case listening(Address)
  case none
}

extension PolicyImage {
  func chooseEndpoint(_ provider: UnsafePointer<wfp_provider>, _ request: inout ConnectRequest) -> EndpointChoice {
    let which = unsafe offset(of: provider)
    if let known = request.chosen, known.provider == which { return .listening(known.endpoint) }
    let choice = unsafe askForEndpoint(provider, &request)
    if case .listening(let endpoint) = choice { request.chosen = (which, endpoint) }
    return choice
  }

  private func askForEndpoint(
    _ provider: UnsafePointer<wfp_provider>, _ request: inout ConnectRequest
  ) -> EndpointChoice {
    if unsafe !takesPrograms(provider) { return .none }
    guard let endpoints = unsafe rows(provider.pointee.endpoints, of: wfp_address.self) else { return .none }
    var diagnosis = SocketDiagnosis()
    let protocolNumber = request.protocolNumber()
    // First the socket's own family, then what a dual-stack socket reaches besides. The other way round for datagrams
    // that are sent with an address: only IPv4's loopback has addresses to tell the flows of one socket apart.
    let prefersOther =
      request.isAddressed && request.destination.family == Address.ipv6 && !request.destination.isMapped
    var own = !prefersOther
    while true {
      var i: UInt32 = 0
      while i < endpoints.count {
        let endpoint = unsafe Address(endpoints[i])
        let isOwn = endpoint.unmapped.family == request.remote.family
        if isOwn == own && reaches(endpoint, request) {
          // Only listeners of TCP are remembered.
          let isFresh =
            protocolNumber == tcpLevel && request.engine.isListenerFresh(endpoint, request.namespace())
          if isFresh || diagnosis.listens(endpoint, protocolNumber: protocolNumber) ?? true {
            return .listening(endpoint)
          }
        }
        i &+= 1
      }
      if own == prefersOther || request.destination.family == Address.ipv4 { return .none }
      own = prefersOther
    }
  }

  /// Whether the service takes connections that the shim redirects in their program. One that waits for PROXY headers
  /// alone does not: it would take the program's first bytes for a header. Its proxy is not there for them (S10.2).
  func takesPrograms(_ provider: UnsafePointer<wfp_provider>) -> Bool {
    let accepts = unsafe provider.pointee.accepts
    return accepts & UInt32(WFP_ACCEPTS_PRELOAD) != 0 || accepts & UInt32(WFP_ACCEPTS_PROXY_V2) == 0
  }

  private func reaches(_ endpoint: Address, _ request: ConnectRequest) -> Bool {
    let family = endpoint.unmapped.family
    if request.destination.family == Address.ipv4 { return family == Address.ipv4 }
    if family == request.remote.family || request.destination.isMapped { return true }
    return socketOption(request.descriptor, ipv6Level, Int32(truncatingIfNeeded: IPV6_V6ONLY)) == 0
  }
}

let ipv6Level: Int32 = 41
