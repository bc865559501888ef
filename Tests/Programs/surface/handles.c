// Events, threads and waits for them.
#include "surface.h"

CALL(CreateEventW)
SUCCESS(CreateEventW) {
  HANDLE made = CreateEventW(NULL, FALSE, TRUE, NULL);
  CHECK(made != NULL && WaitForSingleObject(made, 0) == WAIT_OBJECT_0 && WaitForSingleObject(made, 0) == WAIT_TIMEOUT);
  CHECK(CloseHandle(made));
  DONE;
}
FAILURE(CreateEventW) {
  static const WCHAR name[] = {'s', 'u', 'r', 'f', 'a', 'c', 'e', 0};
  FAILS(CreateEventW(NULL, FALSE, FALSE, name) == NULL, ERROR_NOT_SUPPORTED);  // no names here (winsock-semantics.md)
  DONE;
}
CALL(CreateEvent)
SUCCESS(CreateEvent) {
  HANDLE made = CreateEvent(NULL, TRUE, FALSE, NULL);
  CHECK(made != NULL && WaitForSingleObject(made, 0) == WAIT_TIMEOUT && CloseHandle(made));
  DONE;
}
FAILURE(CreateEvent) { return failure_CreateEventW(); }

CALL(SetEvent)
SUCCESS(SetEvent) {
  HANDLE made = CreateEventW(NULL, TRUE, FALSE, NULL);
  CHECK(SetEvent(made) && WaitForSingleObject(made, 0) == WAIT_OBJECT_0 && CloseHandle(made));
  DONE;
}
FAILURE(SetEvent) {
  FAILS(!SetEvent(NO_HANDLE), ERROR_INVALID_HANDLE);
  DONE;
}
CALL(ResetEvent)
SUCCESS(ResetEvent) {
  HANDLE made = CreateEventW(NULL, TRUE, TRUE, NULL);
  CHECK(ResetEvent(made) && WaitForSingleObject(made, 0) == WAIT_TIMEOUT && CloseHandle(made));
  DONE;
}
FAILURE(ResetEvent) {
  FAILS(!ResetEvent(NO_HANDLE), ERROR_INVALID_HANDLE);
  DONE;
}
CALL(CloseHandle)
SUCCESS(CloseHandle) {
  HANDLE made = CreateEventW(NULL, TRUE, TRUE, NULL);
  CHECK(CloseHandle(made));
  FAILS(!SetEvent(made), ERROR_INVALID_HANDLE);
  DONE;
}
FAILURE(CloseHandle) {
  FAILS(!CloseHandle(NO_HANDLE), ERROR_INVALID_HANDLE);
  DONE;
}
CALL(WaitForSingleObject)
SUCCESS(WaitForSingleObject) { return success_CreateEventW(); }
FAILURE(WaitForSingleObject) {
  FAILS(WaitForSingleObject(NO_HANDLE, 0) == WAIT_FAILED, ERROR_INVALID_HANDLE);
  DONE;
}
CALL(WaitForMultipleObjects)
SUCCESS(WaitForMultipleObjects) {
  HANDLE both[2] = {CreateEventW(NULL, FALSE, TRUE, NULL), CreateEventW(NULL, FALSE, TRUE, NULL)};
  CHECK(WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_OBJECT_0);
  CHECK(WaitForMultipleObjects(2, both, FALSE, 0) == WAIT_TIMEOUT && CloseHandle(both[0]) && CloseHandle(both[1]));
  DONE;
}
FAILURE(WaitForMultipleObjects) {
  HANDLE none = NO_HANDLE;
  FAILS(WaitForMultipleObjects(0, &none, TRUE, 0) == WAIT_FAILED, ERROR_INVALID_PARAMETER);
  FAILS(WaitForMultipleObjects(1, &none, TRUE, 0) == WAIT_FAILED, ERROR_INVALID_HANDLE);
  DONE;
}

static DWORD WINAPI thread(void *argument) {
  *(DWORD *)argument = GetCurrentThreadId();
  return 77;
}
CALL(CreateThread)
SUCCESS(CreateThread) {
  DWORD id = 0, seen = 0, code = 0;
  HANDLE made = CreateThread(NULL, 0, thread, &seen, 0, &id);
  CHECK(made != NULL && WaitForSingleObject(made, 10000) == WAIT_OBJECT_0);
  CHECK(seen == id && GetExitCodeThread(made, &code) && code == 77 && CloseHandle(made));
  DONE;
}
FAILURE(CreateThread) {
  DWORD id;
  SIZE_T huge = (SIZE_T)1 << 60;
  FAILS(CreateThread(NULL, huge, thread, &id, STACK_SIZE_PARAM_IS_A_RESERVATION, &id) == NULL, ERROR_NOT_ENOUGH_MEMORY);
  DONE;
}

SURE_CALL(GetCurrentThreadId, "each thread has one")
SUCCESS(GetCurrentThreadId) { return success_CreateThread(); }
SURE_CALL(GetLastError, "it only reads")
SUCCESS(GetLastError) {
  SetLastError(4711);
  CHECK(GetLastError() == 4711);
  DONE;
}
SURE_CALL(Sleep, "it returns nothing")
SUCCESS(Sleep) {
  ULONGLONG before = GetTickCount64();
  Sleep(30);
  CHECK(GetTickCount64() - before >= 15);  // by the tick, which may be 16 ms
  DONE;
}
SURE_CALL(GetTickCount64, "it only reads")
SUCCESS(GetTickCount64) { return success_Sleep(); }
