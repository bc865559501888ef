/* Handlers of console events: says which of them saw what. The first argument says what to do. */
#include <windows.h>

#include <stdio.h>
#include <string.h>

static HANDLE done; /* a semaphore: two events at once are two */
static DWORD main_thread;

static void say(const char *name, DWORD event) {
  printf("%s %u%s\n", name, (unsigned)event, GetCurrentThreadId() == main_thread ? " on the main thread" : "");
  fflush(stdout);
}

static BOOL WINAPI first(DWORD event) {
  say("first", event);
  ReleaseSemaphore(done, 1, NULL);
  return TRUE;
}

static BOOL WINAPI second(DWORD event) {
  say("second", event);
  return FALSE;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  main_thread = GetCurrentThreadId();
  done = CreateSemaphoreA(NULL, 0, 8, NULL);
  if (strcmp(mode, "ignored") == 0) {
    if (!SetConsoleCtrlHandler(NULL, TRUE)) return 2;
    GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    if (!SetConsoleCtrlHandler(first, TRUE) || !SetConsoleCtrlHandler(NULL, FALSE)) return 3;
    GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    return WaitForSingleObject(done, 10000) == WAIT_OBJECT_0 ? 0 : 4;
  }
  if (!SetConsoleCtrlHandler(first, TRUE) || !SetConsoleCtrlHandler(second, TRUE)) return 2;
  if (strcmp(mode, "removed") == 0) {
    SetConsoleCtrlHandler(first, FALSE);
    if (SetConsoleCtrlHandler(first, FALSE) || GetLastError() != ERROR_INVALID_PARAMETER) return 5;
  }
  printf("ready\n");
  fflush(stdout);
  for (int i = 0; i < 2; i++)
    if (WaitForSingleObject(done, 10000) != WAIT_OBJECT_0) return 4;
  return 0;
}
