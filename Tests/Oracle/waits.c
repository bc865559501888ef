// Events, semaphores, mutexes, timers, threads and waits for several of them.
#include "oracle.h"

static DWORD WINAPI nothing(void *code) { return (DWORD)(ULONG_PTR)code; }

static DWORD WINAPI take(void *mutex) { return WaitForSingleObject(mutex, PATIENCE); }
static DWORD WINAPI leave(void *unused) {
  (void)unused;
  ExitThread(7);
}

static LARGE_INTEGER in_units(long long units) {
  LARGE_INTEGER due;
  due.QuadPart = units;
  return due;
}

static int calls;
static void APIENTRY count_call(void *step, DWORD low, DWORD high) {
  (void)low;
  calls += high != 0 ? (int)(ULONG_PTR)step : 1000;
}

static unsigned look(HANDLE handle) { return (unsigned)WaitForSingleObject(handle, 0); }

static void look_often(const char *name, HANDLE handle) {
  unsigned first = look(handle), second = look(handle), third = look(handle);
  say(name, "%u %u %u", first, second, third);
}

static void say_null(const char *name, HANDLE handle) {
  say(name, "%d error %u", handle != NULL, handle != NULL ? 0 : (unsigned)GetLastError());
}

static void semaphores(void) {
  HANDLE semaphore = CreateSemaphoreA(NULL, 1, 2, NULL), both[2];
  LONG count = 77;
  look_often("semaphore", semaphore);
  say_bool("semaphore.release", ReleaseSemaphore(semaphore, 2, &count));
  say("semaphore.before", "%d", (int)count);
  count = 77;
  say_bool("semaphore.over", ReleaseSemaphore(semaphore, 1, &count));
  say("semaphore.over.count", "%d", (int)count);
  say_bool("semaphore.none", ReleaseSemaphore(semaphore, 0, NULL));
  say_bool("semaphore.negative", ReleaseSemaphore(semaphore, -1, NULL));
  look_often("semaphore.left", semaphore);
  say_null("semaphore.bad", CreateSemaphoreA(NULL, 3, 2, NULL));
  say_null("semaphore.zero", CreateSemaphoreA(NULL, 0, 0, NULL));
  both[0] = both[1] = semaphore;
  ReleaseSemaphore(semaphore, 2, NULL);
  say_call("all.twice", (int)WaitForMultipleObjects(2, both, TRUE, 0));
  say_bool("semaphore.event", SetEvent(semaphore));
  CloseHandle(semaphore);
}

static void mutexes(void) {
  HANDLE mutex = CreateMutexA(NULL, TRUE, NULL), event = CreateEventA(NULL, TRUE, TRUE, NULL), both[2] = {event, mutex};
  DWORD code = 0;
  say("mutex", "%u", look(mutex));
  say_bool("mutex.release", ReleaseMutex(mutex));
  say_bool("mutex.release.again", ReleaseMutex(mutex));
  say_bool("mutex.release.none", ReleaseMutex(mutex));
  for (int round = 0; round < 2; round++) {
    HANDLE thread = CreateThread(NULL, 0, take, mutex, 0, NULL);
    WaitForSingleObject(thread, PATIENCE);
    say("mutex.owner", "%d", GetExitCodeThread(thread, &code));
    say("mutex.owner.waited", "%u", (unsigned)code);
    CloseHandle(thread);
    if (round == 0) {
      ResetEvent(event);
      say("mutex.abandoned", "%u", (unsigned)WaitForMultipleObjects(2, both, FALSE, 0));
    } else {
      SetEvent(event);
      say("mutex.abandoned.all", "%u", (unsigned)WaitForMultipleObjects(2, both, TRUE, 0));
    }
    say("mutex.mine", "%u", look(mutex));
    say_bool("mutex.back", ReleaseMutex(mutex));
    say_bool("mutex.back.again", ReleaseMutex(mutex));
    say_bool("mutex.back.none", ReleaseMutex(mutex));
  }
  say_bool("mutex.event", ReleaseMutex(event));
  CloseHandle(mutex);
  CloseHandle(event);
}

static void timers(void) {
  HANDLE manual = CreateWaitableTimerA(NULL, TRUE, NULL), itself = CreateWaitableTimerA(NULL, FALSE, NULL);
  LARGE_INTEGER soon = in_units(-10000), later = in_units(-36000000000LL), past = in_units(1);
  say("timer", "%u", look(manual));
  say_bool("timer.set", SetWaitableTimer(manual, &soon, 0, NULL, NULL, FALSE));
  say("timer.due", "%u", (unsigned)WaitForSingleObject(manual, PATIENCE));
  say("timer.stays", "%u", look(manual));
  say_bool("timer.cancel", CancelWaitableTimer(manual));
  say("timer.cancelled", "%u", look(manual));
  SetWaitableTimer(manual, &later, 0, NULL, NULL, FALSE);
  say("timer.later", "%u", look(manual));
  SetWaitableTimer(itself, &past, 0, NULL, NULL, FALSE);
  say("timer.past", "%u", (unsigned)WaitForSingleObject(itself, PATIENCE));
  say("timer.taken", "%u", look(itself));
  SetWaitableTimer(itself, &soon, 1, NULL, NULL, FALSE);
  say("timer.period", "%u", (unsigned)WaitForSingleObject(itself, PATIENCE));
  say("timer.period.again", "%u", (unsigned)WaitForSingleObject(itself, PATIENCE));
  say_bool("timer.negative", SetWaitableTimer(itself, &soon, -1, NULL, NULL, FALSE));
  CancelWaitableTimer(itself);
  say_bool("timer.call", SetWaitableTimer(itself, &soon, 0, count_call, (void *)1, FALSE));
  say("timer.call.plain", "%u", (unsigned)WaitForSingleObject(itself, PATIENCE));
  say("timer.call.none", "%d", calls);
  say("timer.call.sleep", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  say("timer.call.one", "%d", calls);
  say_bool("timer.event", CancelWaitableTimer(GetCurrentThread()));
  CloseHandle(manual);
  CloseHandle(itself);
}

static void handles(void) {
  HANDLE event = CreateEventExA(NULL, NULL, CREATE_EVENT_INITIAL_SET, EVENT_ALL_ACCESS), second = NULL;
  HANDLE mutex = CreateMutexA(NULL, FALSE, NULL), self = GetCurrentProcess(), thread;
  DWORD identifier = 0, code = 0;
  say_bool("duplicate", DuplicateHandle(self, event, self, &second, 0, FALSE, DUPLICATE_SAME_ACCESS));
  CloseHandle(event);
  look_often("duplicate.lives", second);
  say_bool("duplicate.null", DuplicateHandle(self, NULL, self, &event, 0, FALSE, DUPLICATE_SAME_ACCESS));
  say_bool("duplicate.closed",
           DuplicateHandle(self, second, self, &event, 0, FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
  say("duplicate.moved", "%u", look(event));
  event = CreateEventA(NULL, TRUE, FALSE, NULL);
  say_call("signal", (int)SignalObjectAndWait(event, event, 0, FALSE));
  say_call("signal.owner", (int)SignalObjectAndWait(mutex, event, 0, FALSE));
  say_call("signal.null", (int)SignalObjectAndWait(NULL, event, 0, FALSE));
  thread = CreateThread(NULL, 0, nothing, (void *)9, CREATE_SUSPENDED, &identifier);
  say("suspended", "%u", look(thread));
  second = OpenThread(THREAD_ALL_ACCESS, FALSE, identifier);
  say("suspended.open", "%d", second != NULL);
  say("suspended.resume", "%d", (int)ResumeThread(second));
  say("suspended.end", "%u", (unsigned)WaitForSingleObject(thread, PATIENCE));
  say_bool("suspended.code", GetExitCodeThread(second, &code));
  say("suspended.code.value", "%u", (unsigned)code);
  say("resume.ended", "%d", (int)ResumeThread(thread));
  say_null("open.none", OpenThread(THREAD_ALL_ACCESS, FALSE, 0));
  thread = CreateThread(NULL, 0, leave, NULL, 0, NULL);
  say("exit", "%u", (unsigned)WaitForSingleObject(thread, PATIENCE));
  GetExitCodeThread(thread, &code);
  say("exit.code", "%u", (unsigned)code);
}

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
  semaphores();
  mutexes();
  timers();
  handles();
  return 0;
}
