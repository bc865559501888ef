// Events and waits for several objects.
#include "oracle.h"

static DWORD WINAPI nothing(void *code) { return (DWORD)(ULONG_PTR)code; }

int main(void) {
  start_winsock();
  HANDLE manual = CreateEventA(NULL, TRUE, FALSE, NULL), itself = CreateEventA(NULL, FALSE, TRUE, NULL);
  HANDLE both[2] = {manual, itself};
  say("manual", "%u", (unsigned)WaitForSingleObject(manual, 0));
  say("any", "%u", (unsigned)WaitForMultipleObjects(2, both, FALSE, 0));
  say("any.again", "%u", (unsigned)WaitForMultipleObjects(2, both, FALSE, 0));
  SetEvent(itself);
  say("all", "%u", (unsigned)WaitForMultipleObjects(2, both, TRUE, 0));
  say("all.kept", "%u", (unsigned)WaitForSingleObject(itself, 0));
  SetEvent(itself);
  SetEvent(manual);
  say("all.both", "%u", (unsigned)WaitForMultipleObjects(2, both, TRUE, 0));
  say("all.taken", "%u %u", (unsigned)WaitForSingleObject(itself, 0), (unsigned)WaitForSingleObject(manual, 0));
  ResetEvent(manual);
  say("reset", "%u", (unsigned)WaitForSingleObject(manual, 0));
  say_call("none", (int)WaitForMultipleObjects(0, both, FALSE, 0));
  say_call("many", (int)WaitForMultipleObjects(65, both, FALSE, 0));
  say_call("wsa.none", (int)WSAWaitForMultipleEvents(0, both, FALSE, 0, FALSE));
  HANDLE thread = CreateThread(NULL, 0, nothing, (void *)42, 0, NULL);
  DWORD code = 0;
  say("thread", "%u", (unsigned)WaitForSingleObject(thread, PATIENCE));
  say_bool("thread.code", GetExitCodeThread(thread, &code));
  say("thread.code.value", "%u", (unsigned)code);
  say_bool("close", CloseHandle(thread));
  say_bool("close.twice", CloseHandle(thread));
  say_bool("set.closed", SetEvent(thread));
  say_bool("set.null", SetEvent(NULL));
  say_call("wait.null", (int)WaitForSingleObject(NULL, 0));
  return 0;
}
