import CEngine

/// Which of a provider's endpoints takes the connection: the first listening one of the socket's family, in file
/// order; a dual-stack socket may use an IPv4 one (SPEC S11.1).
enum EndpointChoice {
  case listening(Address)
  case none
}

extension PolicyImage {
  func chooseEndpoint(_ provider: UnsafePointer<wfp_provider>, _ request: ConnectRequest) -> EndpointChoice {
    guard let endpoints = unsafe rows(provider.pointee.endpoints, of: wfp_address.self) else { return .none }
    let count = unsafe Int(provider.pointee.endpoints.count)
    let diagnosis = SocketDiagnosis()
    // An IPv4-mapped destination goes to an IPv4 endpoint if there is one.
    let passes = request.destination.isMapped ? 2 : 1
    var pass = 0
    while pass < passes {
      var i = 0
      while i < count {
        let endpoint = unsafe Address(endpoints + i)
        let first = passes == 1 || endpoint.unmapped.family == Address.ipv4 && pass == 0
          || endpoint.unmapped.family == Address.ipv6 && pass == 1
        if first && reaches(endpoint, request) && (diagnosis.listens(endpoint) ?? true) { return .listening(endpoint) }
        i &+= 1
      }
      pass &+= 1
    }
    return .none
  }

  private func reaches(_ endpoint: Address, _ request: ConnectRequest) -> Bool {
    let family = endpoint.unmapped.family
    if request.destination.family == Address.ipv4 { return family == Address.ipv4 }
    if family == Address.ipv6 || request.destination.isMapped { return true }
    return socketOption(request.descriptor, ipv6Level, Int32(truncatingIfNeeded: IPV6_V6ONLY)) == 0
  }
}

let ipv6Level: Int32 = 41
