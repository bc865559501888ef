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
    say("records: \(records.bytes.count) bytes, context: \(context.bytes.count) bytes")
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
