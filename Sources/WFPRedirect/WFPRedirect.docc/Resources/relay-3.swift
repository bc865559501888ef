import Glibc
import NIOCore
import NIOPosix
import WFPRedirect

typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

/// A redirect service on SwiftNIO: `nio-relay HOST PORT`, under the preload. Its provider's context is
/// [ {sockaddr_storage: remote} ]: where the application wanted to go.
@main struct Relay {
  static let group = MultiThreadedEventLoopGroup.singleton

  static func main() async throws {
    let words = CommandLine.arguments
    guard words.count == 3, let port = Int(words[2]) else { fatalError("usage: nio-relay HOST PORT") }
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .bind(host: words[1], port: port) { channel in
        channel.eventLoop.makeCompletedFuture { try stream(channel) }
      }
    say("listening \(listener.channel.localAddress?.port ?? 0)")
    try await withThrowingDiscardingTaskGroup { connections in
      try await listener.executeThenClose { clients in
        for try await client in clients {
          connections.addTask {
            do { try await serve(client) } catch { say("not relayed: \(error)") }
          }
        }
      }
    }
  }

  static func serve(_ client: Stream) async throws {
    let (records, context) = try await client.channel.eventLoop.submit {
      let socket = try client.channel.redirectSocket
      return (try socket.redirectRecords(), try socket.redirectContext())
    }.get()
    let destination = try SocketAddress(context)
    let server = try await ClientBootstrap(group: group)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(to: destination) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.redirectSocket.setRedirectRecords(records)  // before connect: whose connection it continues
          return try stream(channel)
        }
      }
    say("relaying to \(destination.ipAddress ?? "") port \(destination.port ?? 0)")
    try await client.executeThenClose { fromClient, toClient in
      try await server.executeThenClose { fromServer, toServer in
        async let back: Void = copy(fromServer, toClient)
        try await copy(fromClient, toServer)
        try await back
      }
    }
  }

  static func copy(
    _ source: NIOAsyncChannelInboundStream<ByteBuffer>, _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>
  )
    async throws
  {
    for try await data in source { try await target.write(data) }
    target.finish()
  }

  static func say(_ line: String) {
    print(line)
    fflush(nil)
  }

  static func stream(_ channel: any Channel) throws -> Stream {
    try Stream(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
  }
}

extension Channel {
  /// To be asked for on the channel's event loop.
  var redirectSocket: RedirectSocket {
    get throws {
      let socket = try pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
        RedirectSocket($0)
      }
      guard let socket else { throw ChannelError.operationUnsupported }
      return socket
    }
  }
}

extension SocketAddress {
  /// Of a sockaddr_storage.
  init(_ context: RedirectContext) throws {
    guard let family = context.load(at: 0, as: UInt16.self), let port = context.load(at: 2, as: UInt16.self) else {
      throw ChannelError.unknownLocalAddress
    }
    let address = family == UInt16(AF_INET) ? context.bytes[4..<8] : context.bytes[8..<24]
    try self.init(packedIPAddress: ByteBuffer(bytes: address), port: Int(UInt16(bigEndian: port)))
  }
}
