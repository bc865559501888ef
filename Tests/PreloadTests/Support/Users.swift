import Foundation
import Testing

let isRoot = geteuid() == 0

/// Words that run a command as another user, with that user's group alone. Only for root.
func asUser(_ name: String) throws -> [String] {
  let entry = try #require(getpwnam(name), "no user \(name)")
  return [
    try tool("setpriv", package: "util-linux"), "--reuid", "\(entry.pointee.pw_uid)", "--regid",
    "\(entry.pointee.pw_gid)", "--clear-groups", "--",
  ]
}

/// Gives a file or folder to a user.
func give(_ path: String, to name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let entry = try #require(getpwnam(name), "no user \(name)", sourceLocation: sourceLocation)
  try #require(chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0, sourceLocation: sourceLocation)
}

/// Makes folders below `root`.
func makeFolders(_ root: String, _ names: [String]) throws {
  for name in names {
    try FileManager.default.createDirectory(atPath: root + "/" + name, withIntermediateDirectories: true)
  }
}

extension Stage {
  /// A redirect service (the probe), and the policy that sends what the conditions say to it.
  func service(_ name: String, conditions: String) throws -> Program {
    let service = try shimmed("ProbeService", [name, "127.0.0.1", "0"])
    try load(redirect(name, port: try service.port(), conditions: conditions), name: name)
    return service
  }
}

extension Program {
  /// How many connections a service (the probe) has handed on, with records of one hop and the context.
  var redirected: Int { output.count { $0.contains(" flow ") && $0.hasSuffix(" records 128 context 256") } }
}
