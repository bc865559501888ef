import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Windows sources of Tests/Programs, compiled unchanged and run.
@Suite struct Win32ProgramTests {
  @Test("CreateFile's, DeviceIoControl's and OpenService's pages, with a plug-in of WFPSHIM_DEVICES")
  func devices() throws {
    let folder = try TemporaryFolder()
    let plugin = folder.path + "/contoso.so"
    try ServiceFixture.compile(
      TestPaths.package + "/Tests/Programs/device_plugin.c", to: plugin, ["-shared", "-fPIC", "-lpthread"])
    let program = try buildProgram("device_service", in: folder)
    let finished = try run(program, [], environment: ["WFPSHIM_DEVICES": "/nowhere.so:\(plugin)"])
    #expect(finished.status == 0, "\(finished.output)")
  }

  @Test("GetProcAddress' page: Windows' libraries are this one; OutputDebugString's: only a debugger sees it")
  func names() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("loaded_names", in: folder)
    let finished = try run(program, [])
    #expect(finished.status == 0 && finished.output == "debugger 0\n", "\(finished.output)")
    let tracer = try #require(TestPaths.tool("strace"), "strace is part of the tests' tools")
    let traced = try run(tracer, ["-f", "-o", folder.path + "/trace", program])
    #expect(traced.status == 0, "\(traced.output)")
    #expect(traced.output.contains("to the debugger\n") && traced.output.contains("debugger 1\n"))
  }

  @Test("SetConsoleCtrlHandler's page: the last one first, on a thread of its own, until one takes it")
  func events() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("console_events", in: folder)
    let service = try RunningService(program, [], environment: [:])
    #expect(service.line() == "ready")
    kill(service.identifier, SIGINT)
    #expect(service.line() == "second 0")
    #expect(service.line() == "first 0")
    kill(service.identifier, SIGQUIT)
    #expect(service.line() == "second 1")
    #expect(service.line() == "first 1")
    #expect(service.status() == 0)
  }

  @Test("HandlerRoutine's page: after CTRL_CLOSE_EVENT the process ends; nobody took CTRL_C_EVENT: it ends too")
  func ends() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("console_events", in: folder)
    for (arguments, signal, lines) in [([], SIGTERM, ["second 2", "first 2"]), (["removed"], SIGINT, ["second 0"])] {
      let service = try RunningService(program, arguments, environment: [:])
      #expect(service.line() == "ready")
      kill(service.identifier, signal)
      for line in lines { #expect(service.line() == line) }
      #expect(service.status() == signal, "by the signal")
    }
  }

  @Test("SetConsoleCtrlHandler's page: NULL ignores CTRL+C, and no longer; GenerateConsoleCtrlEvent's page")
  func ignored() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("console_events", in: folder)
    let setsid = try #require(TestPaths.tool("setsid"), "util-linux: a process group of its own")
    let finished = try run(setsid, ["-w", program, "ignored"])
    #expect(finished.status == 0 && finished.output == "first 0\n", "\(finished.output)")
  }

  @Test("StartServiceCtrlDispatcher's page: under a manager that listens at NOTIFY_SOCKET, and from a shell")
  func service() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("hosted_service", in: folder)
    let shell = try run(program, [], environment: ["NOTIFY_SOCKET": ""])
    #expect(shell.status == 1 && shell.output == "error 1063\n")
    let path = folder.path + "/notify"
    let manager = socket(AF_UNIX, ws2_socket_datagram(), 0)
    defer { close(manager) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(manager, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let heard = { () -> String in
      var bytes = [UInt8](repeating: 0, count: 256)
      let count = recv(manager, &bytes, bytes.count, 0)
      return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
    let service = try RunningService(program, [], environment: ["NOTIFY_SOCKET": path])
    #expect(heard() == "STATUS=starting\nEXTEND_TIMEOUT_USEC=3000000")
    #expect(heard() == "READY=1")
    #expect(service.line() == "main 1 Contoso")
    kill(service.identifier, SIGTERM)
    #expect(service.line() == "control 1 0 1 context")
    #expect(heard() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=3000000")
    #expect(service.line() == "stopped")
    #expect(service.status() == 0)
  }

  @Test("_kbhit's, _getch's and _getche's pages: on a terminal without a line's end; on a pipe to its end")
  func keys() throws {
    let folder = try TemporaryFolder()
    let program = try buildProgram("key_reader", in: folder)
    let terminal = try Terminal()
    let master = terminal.descriptor
    defer { close(master) }
    let slave = try #require(FileHandle(forUpdatingAtPath: terminal.path))
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.standardInput = slave
    process.standardOutput = output
    try process.run()
    write(master, "axq", 3)
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(said == "hit 1\na\necho 97\nkey 120\nkey 113\n" && process.terminationStatus == 0, "\(said)")
    let piped = try run("/bin/sh", ["-c", "printf b | '\(program)'"])
    #expect(piped.output == "hit 1\nb\necho 98\nkey -1\n" && piped.status == 0, "\(piped.output)")
  }
}

extension WinsockSuite {
  @Suite struct SocketHandoverTests {
    @Test("WSADuplicateSocket's page: a socket goes to another process") func handover() throws {
      let folder = try TemporaryFolder()
      let program = try buildProgram("socket_giver", in: folder)
      try started {
        let (listener, port) = makeListener()
        let start = { (argument: String) -> (Process, FileHandle, FileHandle) in
          let (process, input, output) = (Process(), Pipe(), Pipe())
          process.executableURL = URL(fileURLWithPath: program)
          process.arguments = [argument]
          (process.standardInput, process.standardOutput) = (input, output)
          try process.run()
          return (process, input.fileHandleForWriting, output.fileHandleForReading)
        }
        let (giver, giverIn, giverOut) = try start("\(port)")
        let server = ws2_accept(listener, nil, nil)
        let (taker, takerIn, takerOut) = try start("take")
        giverIn.write(takerOut.availableData)
        takerIn.write(try giverOut.read(upToCount: 372) ?? Data())
        taker.waitUntilExit()
        #expect(taker.terminationStatus == 0)
        giverIn.write(Data("go on\n".utf8))
        giver.waitUntilExit()
        #expect(giver.terminationStatus == 0)
        #expect(receive(server).text.hasPrefix("taken "))
        closesocket(server)
        closesocket(listener)
      }
    }
  }
}
