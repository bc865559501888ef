import CWinsock
import Foundation
import Testing

@testable import Winsock

/// The example, built with a compiler of the machine, over a transport that answers the redirect codes: a preloaded
/// ioctl() that stands for the seam's other side, with one record and a context that names one destination.
enum ServiceFixture {
  static let transport = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <netinet/in.h>
    #include <stdarg.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/ioctl.h>
    #include <sys/socket.h>
    #include "wfp_ioctl.h"

    static const char record[96] = "the one and only record";

    static size_t make_context(char *context) {
      unsigned short port = (unsigned short)atoi(getenv("DESTINATION_PORT"));
      if (getenv("PACKED") != NULL) {
        memset(context, 0, 20);
        context[0] = 4;
        memcpy(context + 2, &port, 2);
        context[4] = 127;
        context[7] = 1;
        return 20;
      }
      struct sockaddr_in *remote = (struct sockaddr_in *)context;
      memset(context, 0, 256);
      remote->sin_family = AF_INET;
      remote->sin_port = htons(port);
      remote->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return 256;
    }

    static int answer(struct wfp_ioctl *request, const void *blob, size_t size) {
      request->bytes_returned = (uint32_t)size;
      if (request->out_size < size) {
        errno = ENOBUFS;
        return -1;
      }
      memcpy(request->out, blob, size);
      return 0;
    }

    int ioctl(int fd, unsigned long code, ...) {
      va_list list;
      va_start(list, code);
      void *argument = va_arg(list, void *);
      va_end(list);
      char context[256];
      struct wfp_ioctl *request = argument;
      switch ((unsigned)code) {
        case SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS: return answer(request, record, sizeof record);
        case SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT: return answer(request, context, make_context(context));
        case SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS:
          request->bytes_returned = 0;
          if (request->in_size == sizeof record && memcmp(request->in, record, sizeof record) == 0) return 0;
          errno = EINVAL;
          return -1;
      }
      int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
      return real(fd, code, argument);
    }

    """

  static func compile(_ source: String, to output: String, _ flags: [String]) throws {
    let gcc = try #require(TestPaths.tool("gcc"))
    let finished = try run(
      gcc,
      ["-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", source, "-o", output] + flags
    )
    #expect(finished.status == 0, "\(finished.output)")
  }

  static let library = ["-L\(TestPaths.products)", "-lws2_32", "-Wl,-rpath,\(TestPaths.products)"]

  static func buildTransport(in folder: TemporaryFolder) throws -> String {
    let source = try folder.write(transport, to: "transport.c")
    try compile(source, to: folder.path + "/transport.so", ["-shared", "-fPIC", "-ldl"])
    return folder.path + "/transport.so"
  }

  static func buildService(in folder: TemporaryFolder) throws -> String {
    try compile(TestPaths.example, to: folder.path + "/redirect_service", library)
    return folder.path + "/redirect_service"
  }
}

/// A running service, its lines of output and its end.
final class RunningService {
  private let process = Process()
  private let pipe = Pipe()
  private var pending = ""

  init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// Not by SIGTERM: the program inherits the blocked signals of the thread that started it.
  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  var identifier: Int32 { process.processIdentifier }

  /// The next line of standard output; nil at its end.
  func line() -> String? {
    while !pending.contains("\n") {
      let more = pipe.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      pending += String(decoding: more, as: UTF8.self)
    }
    let parts = pending.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    pending = String(parts[1])
    return String(parts[0])
  }

  func status() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }
}
