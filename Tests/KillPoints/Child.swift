#if WFPSHIM_KILL_POINTS
  import Glibc

  /// Another run of this program, which inherits the descriptors; what it says comes line by line.
  final class Child {
    let pid: pid_t
    private let output: Int32
    private let input: Int32
    private var partial: [UInt8] = []

    init(_ arguments: [String]) {
      var from: [Int32] = [0, 0]
      var to: [Int32] = [0, 0]
      if pipe(&from) != 0 || pipe(&to) != 0 { fail("pipe") }
      for end in from + to { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      posix_spawn_file_actions_adddup2(&actions, from[1], 1)
      posix_spawn_file_actions_adddup2(&actions, to[0], 0)
      defer { posix_spawn_file_actions_destroy(&actions) }
      var words = (["/proc/self/exe"] + arguments).map { strdup($0) } + [nil]
      defer { words.forEach { free($0) } }
      var started: pid_t = 0
      if posix_spawn(&started, "/proc/self/exe", &actions, nil, &words, environ) != 0 { fail("posix_spawn") }
      close(from[1])
      close(to[0])
      (pid, output, input) = (started, from[0], to[1])
    }

    deinit {
      close(output)
      close(input)
    }

    /// The next line; nil at the end, or when none has come for ten seconds.
    /// - Parameter patience: Milliseconds.
    func line(patience: Int32 = 10_000) -> String? {
      while true {
        if let end = partial.firstIndex(of: 0x0a) {
          defer { partial.removeSubrange(...end) }
          return String(decoding: partial[..<end], as: UTF8.self)
        }
        var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        if poll(&polled, 1, patience) <= 0 { return nil }
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(output, &chunk, chunk.count)
        if count <= 0 { return nil }
        partial += chunk[..<count]
      }
    }

    /// Passes over other lines.
    func line(beginning text: String) -> String? {
      while let said = line() {
        if said.hasPrefix(text) { return said }
      }
      return nil
    }

    func say(_ text: String) { _ = write(input, text + "\n", text.utf8.count + 1) }

    /// - Returns: As a shell has it: 128 + signal when it was killed.
    @discardableResult
    func wait() -> Int32 {
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// - Returns: false when it ended.
    func waitForStop() -> Bool {
      var status: Int32 = 0
      while waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR {}
      return status & 0xff == 0x7f
    }

    func end() {
      kill(pid, SIGKILL)
      wait()
    }
  }
#endif
