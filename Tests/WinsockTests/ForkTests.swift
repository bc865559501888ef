import Foundation
import Synchronization
import Testing

/// The library after fork(): a program of its own, as Swift's test process must not fork.
@Suite struct ForkTests {
  /// A thread of the parent waits in accept() and others use handles all the time while the main thread forks: the
  /// child's calls neither wait for threads that it does not have nor wake the parent's.
  static let program = """
    #include <winsock2.h>
    #include <windows.h>
    #include <stdio.h>
    #include <signal.h>
    #include <sys/wait.h>

    #define REQUIRE(condition) \\
      do { \\
        if (!(condition)) { \\
          fprintf(stderr, "line %d: %s, error %d\\n", __LINE__, #condition, WSAGetLastError()); \\
          _exit(1); \\
        } \\
      } while (0)

    static SOCKET listener;
    static LONG volatile stop;

    static DWORD WINAPI wait_for_a_client(LPVOID unused) {
      (void)unused;
      SOCKET client = accept(listener, NULL, NULL);
      return client == INVALID_SOCKET ? (DWORD)WSAGetLastError() : 0;
    }

    static DWORD WINAPI use_handles(LPVOID unused) {
      (void)unused;
      while (!stop) {
        HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
        WaitForSingleObject(event, INFINITE);
        CloseHandle(event);
      }
      return 0;
    }

    static void child(void) {
      alarm(10);
      HANDLE event = CreateEventA(NULL, FALSE, TRUE, NULL);
      REQUIRE(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0);
      HANDLE thread = CreateThread(NULL, 0, use_handles, NULL, 0, NULL);
      stop = 1;
      REQUIRE(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
      REQUIRE(closesocket(listener) == 0);
      _exit(0);
    }

    int main(void) {
      WSADATA data;
      struct sockaddr_in name;
      int size = sizeof name;
      sigset_t none; /* whoever starts this may have blocked SIGALRM */
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      memset(&name, 0, sizeof name);
      name.sin_family = AF_INET;
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
      listener = socket(AF_INET, SOCK_STREAM, 0);
      REQUIRE(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0);
      HANDLE waiting = CreateThread(NULL, 0, wait_for_a_client, NULL, 0, NULL);
      HANDLE busy[2] = {CreateThread(NULL, 0, use_handles, NULL, 0, NULL), CreateThread(NULL, 0, use_handles, NULL, 0, NULL)};
      for (int round = 0; round < 100; round++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) child();
        REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
      }
      REQUIRE(WaitForSingleObject(waiting, 0) == WAIT_TIMEOUT);
      REQUIRE(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
      SOCKET client = socket(AF_INET, SOCK_STREAM, 0);
      REQUIRE(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
      REQUIRE(WaitForSingleObject(waiting, INFINITE) == WAIT_OBJECT_0);
      DWORD code = 1;
      REQUIRE(GetExitCodeThread(waiting, &code) && code == 0);
      InterlockedExchange(&stop, 1);
      REQUIRE(WaitForMultipleObjects(2, busy, TRUE, INFINITE) == WAIT_OBJECT_0);
      return WSACleanup();
    }

    """

  /// A port of the parent is one of the child's own there: the child neither hears of the parent's sockets nor takes
  /// their reports away.
  static let ports = """
    #include <winsock2.h>
    #include <windows.h>
    #include <stdio.h>
    #include <signal.h>
    #include <sys/wait.h>

    #define REQUIRE(condition) \\
      do { \\
        if (!(condition)) { \\
          fprintf(stderr, "line %d: %s, error %d\\n", __LINE__, #condition, WSAGetLastError()); \\
          _exit(1); \\
        } \\
      } while (0)

    static HANDLE port;

    static BOOL take(ULONG_PTR *key, DWORD milliseconds) {
      DWORD count = 0;
      OVERLAPPED *overlapped = NULL;
      return GetQueuedCompletionStatus(port, &count, key, &overlapped, milliseconds);
    }

    static void child(void) {
      ULONG_PTR key = 0;
      alarm(10);
      REQUIRE(!take(&key, 0) && GetLastError() == WAIT_TIMEOUT);
      REQUIRE(PostQueuedCompletionStatus(port, 0, 3, NULL) && take(&key, INFINITE) && key == 3);
      REQUIRE(!take(&key, 100) && GetLastError() == WAIT_TIMEOUT);
      _exit(0);
    }

    int main(void) {
      WSADATA data;
      struct sockaddr_in name;
      int size = sizeof name, status = 0;
      char byte;
      WSABUF buffer = {1, &byte};
      WSAOVERLAPPED overlapped;
      DWORD flags = 0;
      ULONG_PTR key = 0;
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      memset(&name, 0, sizeof name);
      memset(&overlapped, 0, sizeof overlapped);
      name.sin_family = AF_INET;
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
      port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
      SOCKET listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
      REQUIRE(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0);
      REQUIRE(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
      REQUIRE(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
      SOCKET server = accept(listener, NULL, NULL);
      REQUIRE(CreateIoCompletionPort((HANDLE)server, port, 7, 0) == port);
      REQUIRE(WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL) != 0 && WSAGetLastError() == WSA_IO_PENDING);
      REQUIRE(PostQueuedCompletionStatus(port, 0, 5, NULL));
      pid_t pid = fork();
      if (pid == 0) child();
      REQUIRE(send(client, "x", 1, 0) == 1);
      REQUIRE(take(&key, INFINITE) && key == 5 && take(&key, INFINITE) && key == 7);
      REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
      return WSACleanup();
    }

    """

  /// Often and at once, as what hung was a matter of when the library's thread first came to what the child needs too:
  /// one run in seven, with operations pending.
  @Test(arguments: ["0", "1"]) func aPortOfTheParentIsTheChildsOwn(forcePending: String) throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.ports, to: "ports.c")
    let program = folder.path + "/ports"
    try ServiceFixture.compile(source, to: program, ServiceFixture.library)
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 40) { _ in
      let finished = try? run(program, [], environment: ["WFPSHIM_FORCE_PENDING": forcePending])
      if finished?.status != 0 { failures.withLock { $0.append(finished?.output ?? "not started") } }
    }
    #expect(failures.withLock { $0 } == [])
  }

  @Test func theChildWorksAndTheParentIsNotDisturbed() throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.program, to: "fork.c")
    try ServiceFixture.compile(source, to: folder.path + "/fork", ServiceFixture.library)
    let finished = try run(folder.path + "/fork", [])
    #expect(finished.status == 0, "\(finished.output)")
  }
}
