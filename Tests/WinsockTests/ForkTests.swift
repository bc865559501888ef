import Foundation
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

  @Test func theChildWorksAndTheParentIsNotDisturbed() throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.program, to: "fork.c")
    try ServiceFixture.compile(source, to: folder.path + "/fork", ServiceFixture.library)
    let finished = try run(folder.path + "/fork", [])
    #expect(finished.status == 0, "\(finished.output)")
  }
}
