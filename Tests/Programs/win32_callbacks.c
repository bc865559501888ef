/* Win32's callbacks beside Winsock's, every argument checked. It is compiled for both conventions, as ms_abi.c is for
 * the Windows one. Without an argument: timers, waits, the pool, the console. With one, a service whose handler is
 * registered by that function. Prints what is wrong and returns how much. */
#include <windows.h>

#include <process.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int faults;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      faults++;                                      \
    }                                                \
  } while (0)

/* Nothing but its own address: 64 bits, which no convention may shorten. */
static char context;
static const ULONG_PTR number = 0x1122334455667788;
static HANDLE done;
static PTP_WORK work;
static PTP_TIMER timer;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

static void called(void) { ReleaseSemaphore(done, 1, NULL); }
static void wait_for_call(int line) {
  if (WaitForSingleObject(done, 30000) == WAIT_OBJECT_0) return;
  printf("line %d: not called\n", line);
  faults++;
}
#define WAIT() wait_for_call(__LINE__)

static DWORD low_time, high_time;
static VOID CALLBACK timer_routine(LPVOID argument, DWORD low, DWORD high) {
  CHECK(argument == &context);
  low_time = low;
  high_time = high;
  called();
}

static VOID CALLBACK object_is_ready(PVOID parameter, BOOLEAN is_time_out) {
  CHECK(parameter == &context && is_time_out == FALSE);
  called();
}
static VOID CALLBACK time_is_out(PVOID parameter, BOOLEAN is_time_out) {
  CHECK(parameter == &context && is_time_out == TRUE);
  called();
}

static DWORD WINAPI item(LPVOID parameter) {
  CHECK(parameter == &context);
  called();
  return 0;
}
static VOID CALLBACK simple(PTP_CALLBACK_INSTANCE instance, PVOID parameter) {
  (void)instance;
  CHECK(parameter == &context);
  called();
}
static VOID CALLBACK do_work(PTP_CALLBACK_INSTANCE instance, PVOID parameter, PTP_WORK own) {
  (void)instance;
  CHECK(parameter == &context && own == work);
  called();
}
static VOID CALLBACK pool_timer(PTP_CALLBACK_INSTANCE instance, PVOID parameter, PTP_TIMER own) {
  (void)instance;
  CHECK(parameter == &context && own == timer);
  called();
}
static BOOL CALLBACK initialize(PINIT_ONCE own, PVOID parameter, PVOID *result) {
  CHECK(own == &once && parameter == &context);
  *result = (PVOID)(number << 3); /* the low bits are INIT_ONCE's */
  return TRUE;
}
static unsigned __stdcall start(void *parameter) {
  CHECK(parameter == &context);
  return 0x87654321;
}

static void waitable_timer(void) {
  HANDLE handle = CreateWaitableTimerW(NULL, TRUE, NULL);
  LARGE_INTEGER due;
  FILETIME before, after;
  due.QuadPart = -1;
  GetSystemTimeAsFileTime(&before);
  CHECK(SetWaitableTimer(handle, &due, 0, timer_routine, &context, FALSE));
  CHECK(SleepEx(30000, TRUE) == WAIT_IO_COMPLETION);
  WAIT();
  GetSystemTimeAsFileTime(&after);
  const FILETIME told = {low_time, high_time};
  CHECK(CompareFileTime(&before, &told) <= 0 && CompareFileTime(&told, &after) <= 0);
  CHECK(CloseHandle(handle));
}

static void registered_waits(void) {
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), wait = NULL;
  CHECK(RegisterWaitForSingleObject(&wait, event, object_is_ready, &context, INFINITE, WT_EXECUTEONLYONCE));
  CHECK(SetEvent(event));
  WAIT();
  CHECK(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE) && ResetEvent(event));
  CHECK(RegisterWaitForSingleObject(&wait, event, time_is_out, &context, 1, WT_EXECUTEONLYONCE));
  WAIT();
  CHECK(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE) && CloseHandle(event));
}

static void timer_queue(void) {
  HANDLE queue = CreateTimerQueue(), entry = NULL;
  CHECK(CreateTimerQueueTimer(&entry, queue, time_is_out, &context, 0, 0, WT_EXECUTEDEFAULT));
  WAIT();
  CHECK(DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE));
}

static void pool(void) {
  FILETIME at_once = {0, 0};
  CHECK(QueueUserWorkItem(item, &context, WT_EXECUTEDEFAULT));
  WAIT();
  CHECK(TrySubmitThreadpoolCallback(simple, &context, NULL));
  WAIT();
  work = CreateThreadpoolWork(do_work, &context, NULL);
  CHECK(work != NULL);
  SubmitThreadpoolWork(work);
  WAIT();
  WaitForThreadpoolWorkCallbacks(work, FALSE);
  CloseThreadpoolWork(work);
  timer = CreateThreadpoolTimer(pool_timer, &context, NULL);
  CHECK(timer != NULL);
  SetThreadpoolTimer(timer, &at_once, 0, 0);
  WAIT();
  WaitForThreadpoolTimerCallbacks(timer, TRUE);
  CloseThreadpoolTimer(timer);
}

static void threads(void) {
  PVOID result = NULL;
  DWORD code = 0;
  CHECK(InitOnceExecuteOnce(&once, initialize, &context, &result) && result == (PVOID)(number << 3));
  HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, start, &context, 0, NULL);
  CHECK(WaitForSingleObject(thread, 30000) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) && code == 0x87654321);
  CHECK(CloseHandle(thread));
}

static BOOL WINAPI takes_it(DWORD event) {
  CHECK(event == CTRL_C_EVENT);
  called();
  return TRUE;
}
static int asked;
/* FALSE in the low 32 bits only: the rest of the register is not the answer's. */
static BOOL WINAPI leaves_it(DWORD event) {
  CHECK(event == CTRL_C_EVENT);
  asked++;
  return FALSE;
}
static void console(void) {
  CHECK(SetConsoleCtrlHandler(takes_it, TRUE) && SetConsoleCtrlHandler(leaves_it, TRUE));
  kill(getpid(), SIGINT); /* GenerateConsoleCtrlEvent would tell the tests themselves */
  WAIT();
  CHECK(asked == 1);
  CHECK(SetConsoleCtrlHandler(leaves_it, FALSE) && SetConsoleCtrlHandler(takes_it, FALSE));
}

static const char *way;
static int controls, mains;
static SERVICE_STATUS_HANDLE status_handle;
static char name[] = "Contoso";
static WCHAR wide_name[] = {'C', 'o', 'n', 't', 'o', 's', 'o', 0};

static void report(DWORD state) {
  SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, 0, 0, 0, 0};
  CHECK(SetServiceStatus(status_handle, &status));
}
static VOID WINAPI handler(DWORD control) {
  CHECK(control == SERVICE_CONTROL_STOP);
  controls++;
  called();
}
static DWORD WINAPI handler_ex(DWORD control, DWORD type, LPVOID data, LPVOID own) {
  CHECK(control == SERVICE_CONTROL_STOP && type == 0 && data == NULL && own == &context);
  controls++;
  called();
  return NO_ERROR;
}
static void serve(void) {
  mains++;
  CHECK(status_handle != NULL);
  report(SERVICE_RUNNING);
  kill(getpid(), SIGTERM); /* as a manager stops it */
  WAIT();
  report(SERVICE_STOPPED);
}
static VOID WINAPI main_a(DWORD count, LPSTR *arguments) {
  CHECK(count == 1 && arguments[0] == name && arguments[1] == NULL);
  status_handle = strcmp(way, "ExA") == 0 ? RegisterServiceCtrlHandlerExA(name, handler_ex, &context)
                                          : RegisterServiceCtrlHandlerA(name, handler);
  serve();
}
static VOID WINAPI main_w(DWORD count, LPWSTR *arguments) {
  CHECK(count == 1 && arguments[0] == wide_name && arguments[1] == NULL);
  status_handle = strcmp(way, "ExW") == 0 ? RegisterServiceCtrlHandlerExW(wide_name, handler_ex, &context)
                                          : RegisterServiceCtrlHandlerW(wide_name, handler);
  serve();
}
static void service(void) {
  SERVICE_TABLE_ENTRYA table[] = {{name, main_a}, {NULL, NULL}};
  SERVICE_TABLE_ENTRYW wide_table[] = {{wide_name, main_w}, {NULL, NULL}};
  CHECK(strchr(way, 'W') != NULL ? StartServiceCtrlDispatcherW(wide_table) : StartServiceCtrlDispatcherA(table));
  CHECK(mains == 1 && controls == 1);
}

int main(int argc, char **argv) {
  done = CreateSemaphoreW(NULL, 0, 8, NULL);
  way = argc > 1 ? argv[1] : "";
  if (argc > 1) {
    service();
    return faults;
  }
  waitable_timer();
  registered_waits();
  timer_queue();
  pool();
  threads();
  console();
  CHECK(WaitForSingleObject(done, 0) == WAIT_TIMEOUT); /* nothing was called twice */
  return faults;
}
