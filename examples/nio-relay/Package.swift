// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "nio-relay",
  dependencies: [
    .package(name: "wfpshim", path: "../.."),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
  ],
  targets: [
    .executableTarget(
      name: "nio-relay",
      dependencies: [
        .product(name: "WFPRedirect", package: "wfpshim"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], path: "Sources")
  ]
)
