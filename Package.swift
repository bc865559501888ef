// swift-tools-version:6.2
import PackageDescription

let here = Context.packageDirectory

/// Swift 6 language mode, warnings are errors.
let noWarnings: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Every Swift target but tests: also strict memory safety, and imports that are internal unless they say more.
let strict: [SwiftSetting] =
  noWarnings + [
    .strictMemorySafety(), .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("ExistentialAny"),
  ]

let cNoWarnings: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra"]), .treatAllWarnings(as: .error)]

func linker(_ flags: [String]) -> [String] { flags.flatMap { ["-Xlinker", $0] } }

/// Probes of the preload tests beside the three that every one needs.
let chainProbes: [Target.Dependency] = [
  "ProbeUnruly", "ProbeStream", "ProbeTraffic", "ProbeSockets", "ProbeLaunch", "ProbeSender", "ProbeShapes",
  "ProbeDatagram", "ProbeRelay", "ProbeStorm", "ProbeRedirect",
]

func probe(_ name: String, _ folder: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["ProbeSupport"], path: "Tests/Probes/\(folder)", cSettings: cNoWarnings,
    linkerSettings: [.linkedLibrary("pthread")])
}

let fuzzDependencies: [Target.Dependency] = ["CEngine", "RedirectCore", "Policy", "FilterEngine"]

let package = Package(
  name: "wfpshim",
  products: [
    .library(name: "wfpshim", type: .dynamic, targets: ["ShimLink"]),
    .library(name: "ws2_32", type: .dynamic, targets: ["WinsockLink"]),
    .library(name: "wfpcrt", type: .static, targets: ["CRuntime"]),
    .executable(name: "wfpctl", targets: ["wfpctl"]),
    .library(name: "WFPRedirect", targets: ["WFPRedirect"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
  ],
  targets: [
    .target(name: "CEngine", cSettings: cNoWarnings),
    .target(name: "RedirectCore", dependencies: ["CEngine"], swiftSettings: strict),

    // The preload: C hooks and the same core in Embedded Swift (its folder is a link to RedirectCore).
    .target(
      name: "RedirectCoreEmbedded", dependencies: ["CEngine"],
      swiftSettings: strict + [
        .enableExperimentalFeature("Embedded"),
        .unsafeFlags([
          "-wmo", "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-stack-protector",
        ]),
        // No trap may be left in a host: one that survives is an undefined symbol at the link.
        .unsafeFlags(
          ["-Xfrontend", "-trap-function", "-Xfrontend", "wfp_a_trap_is_reachable"],
          .when(configuration: .release)),
      ]),
    .target(
      name: "CHooks", dependencies: ["CEngine"], path: "shim",
      cSettings: cNoWarnings + [.unsafeFlags(["-fvisibility=hidden"])]),
    .target(
      name: "ShimLink", dependencies: ["CHooks", "RedirectCoreEmbedded"],
      linkerSettings: [
        .unsafeFlags(
          [
            "-enable-experimental-feature", "Embedded", "-use-ld=lld", "-Xclang-linker",
            "-nostartfiles",
          ]
            + linker([
              "-z", "pack-relative-relocs", "--gc-sections", "--as-needed", "--no-rosegment",
              "--build-id=none", "-z", "norelro", "-z", "now", "-z", "separate-loadable-segments",
              "--version-script=\(here)/link/shim.map",
              "-T", "\(here)/link/discard.ld",
            ])),
        .unsafeFlags(
          linker(["-z", "defs", "-s", "--symbol-ordering-file=\(here)/link/start.order"]),
          .when(configuration: .release)),
      ]),

    // The Winsock library: full Swift, everything static.
    .target(name: "CWinsock", cSettings: cNoWarnings),
    .systemLibrary(name: "CFFI"),
    .target(
      name: "Winsock",
      dependencies: ["CWinsock", "CFFI", .product(name: "DequeModule", package: "swift-collections")],
      swiftSettings: strict,
      linkerSettings: [.linkedLibrary("ffi")]),
    .target(
      name: "WinsockLink", dependencies: ["Winsock"],
      linkerSettings: [
        .unsafeFlags(
          ["-static-stdlib", "-use-ld=lld", "-L\(here)/link/static"]
            + linker([
              "-soname", "libws2_32.so", "-z", "pack-relative-relocs", "--gc-sections", "--as-needed",
              "--version-script=\(here)/link/ws2.map",
            ])),
        .unsafeFlags(linker(["-z", "defs", "-s"]), .when(configuration: .release)),
      ]),

    // The seam for proxies in Swift. No unsafe flag, so that packages can depend on it.
    .target(name: "CRedirect"),
    .target(
      name: "WFPRedirect", dependencies: ["CRedirect"], swiftSettings: strict),

    // What of Microsoft's C run-time cannot be an inline function, wmain among it: linked into Windows programs.
    .target(name: "CRuntime", cSettings: cNoWarnings + [.unsafeFlags(["-ffunction-sections"])]),

    // The management side: YAML to a compiled policy, the engine file, the command.
    .target(
      name: "Policy",
      dependencies: ["CEngine", "RedirectCore", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(
      name: "FilterEngine", dependencies: ["CEngine", "RedirectCore", "Policy"],
      swiftSettings: strict),
    .executableTarget(
      name: "wfpctl",
      dependencies: [
        "CEngine", "FilterEngine", "Policy", "RedirectCore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], resources: [.embedInCode("policy.schema.json")], swiftSettings: strict,
      // What is installed needs no toolchain. The libraries are what the static Foundation is made of.
      linkerSettings: [
        .unsafeFlags(
          [
            "-static-stdlib", "-use-ld=lld", "-L\(here)/link/static", "-lCoreFoundation", "-l_FoundationICU",
            "-l_FoundationCollections", "-l_FoundationCShims", "-lswiftSynchronization",
          ] + linker(["--gc-sections", "--as-needed"]), .when(configuration: .release))
      ]),

    .testTarget(
      name: "RedirectCoreTests", dependencies: ["RedirectCore", "CEngine", "Policy"],
      swiftSettings: noWarnings),
    .testTarget(
      name: "PolicyTests",
      dependencies: ["Policy", "RedirectCore", "CEngine", .product(name: "Yams", package: "Yams")],
      swiftSettings: noWarnings),
    .testTarget(
      name: "FilterEngineTests", dependencies: ["FilterEngine", "Policy", "RedirectCore", "CEngine"],
      swiftSettings: noWarnings),
    .testTarget(
      name: "FuzzTests", dependencies: fuzzDependencies, path: "Tests/Fuzz",
      exclude: ["Corpus", "Runner", "fuzz", "seeds"],
      swiftSettings: noWarnings),
    .testTarget(name: "WFPRedirectTests", dependencies: ["WFPRedirect"], swiftSettings: noWarnings),
    .testTarget(
      name: "WinsockTests", dependencies: ["Winsock", "CWinsock"], swiftSettings: noWarnings),
    .testTarget(
      name: "PreloadTests",
      dependencies: [
        "ProbeOrigin", "ProbeService", "ProbeClient", "Spawn", "ProbeHosts", "ProbeIoctl", "ProbePeer", "wfpctl",
      ]
        + chainProbes,
      swiftSettings: noWarnings),

    // Plain Linux programs that the preload tests run with and without the shim.
    .target(name: "Spawn", path: "Tests/Spawn", cSettings: cNoWarnings),
    .target(name: "ProbeSupport", path: "Tests/Probes/support", cSettings: cNoWarnings),
    probe("ProbeOrigin", "origin"), probe("ProbeService", "service"), probe("ProbeClient", "client"),
    probe("ProbeHosts", "hosts"),
    probe("ProbeUnruly", "unruly"),
    probe("ProbeStream", "stream"),
    probe("ProbeShapes", "shapes"),
    probe("ProbeTraffic", "traffic"),
    probe("ProbeSockets", "sockets"),
    probe("ProbeIoctl", "ioctl"),
    probe("ProbePeer", "peer"),
    probe("ProbeSender", "sender"),
    probe("ProbeLaunch", "launch"),
    probe("ProbeDatagram", "datagram"),
    probe("ProbeRelay", "relay"),
    probe("ProbeStorm", "storm"),
    .executableTarget(
      name: "ProbeRedirect", dependencies: ["WFPRedirect"], path: "Tests/Probes/redirect", swiftSettings: noWarnings),

    // Kills participants at every step of a change of the engine (`make killpoints`).
    .executableTarget(
      name: "KillPoints", dependencies: ["CEngine", "RedirectCore", "FilterEngine"], path: "Tests/KillPoints",
      swiftSettings: noWarnings),
  ]
)

// `make bench`: a table of a million flows, which needs the core's testing interfaces in a release build.
if Context.environment["WFPSHIM_BENCH"] != nil {
  package.targets.removeAll { $0.isTest }
  package.targets.append(
    .executableTarget(
      name: "million", dependencies: ["CEngine", "RedirectCore"], path: "Tests/Bench/million", swiftSettings: noWarnings
    ))
}

// `make fuzz`: what the tests replay becomes a program of libFuzzer's, and nothing else is built.
if Context.environment["WFPSHIM_FUZZ"] != nil {
  package.targets.removeAll { $0.isTest }
  package.targets.append(
    .executableTarget(
      name: "wfpfuzz", dependencies: fuzzDependencies, path: "Tests/Fuzz",
      exclude: ["Corpus", "ReplayTests.swift", "fuzz", "seeds"], swiftSettings: noWarnings))
}
