// Locks and waits on an address.
#include "surface.h"

static CRITICAL_SECTION section;
static DWORD WINAPI enters(void *entered) {
  *(BOOL *)entered = TryEnterCriticalSection(&section);
  if (*(BOOL *)entered) LeaveCriticalSection(&section);
  return 0;
}
static int sections(BOOL held) {
  BOOL entered = held;
  InitializeCriticalSection(&section);
  EnterCriticalSection(&section);
  EnterCriticalSection(&section);  // by its owner again
  LeaveCriticalSection(&section);
  if (!held) LeaveCriticalSection(&section);
  HANDLE other = CreateThread(NULL, 0, enters, &entered, 0, NULL);
  CHECK(WaitForSingleObject(other, 10000) == WAIT_OBJECT_0 && CloseHandle(other) && entered == !held);
  if (held) LeaveCriticalSection(&section);
  DeleteCriticalSection(&section);
  DONE;
}
CALL(TryEnterCriticalSection)
SUCCESS(TryEnterCriticalSection) { return sections(FALSE); }
FAILURE(TryEnterCriticalSection) { return sections(TRUE); }
SURE_CALL(InitializeCriticalSection, "it returns nothing")
SUCCESS(InitializeCriticalSection) { return sections(FALSE); }
SURE_CALL(EnterCriticalSection, "it returns nothing")
SUCCESS(EnterCriticalSection) { return sections(TRUE); }
SURE_CALL(LeaveCriticalSection, "it returns nothing")
SUCCESS(LeaveCriticalSection) { return sections(FALSE); }
SURE_CALL(DeleteCriticalSection, "it returns nothing")
SUCCESS(DeleteCriticalSection) { return sections(FALSE); }

static SRWLOCK slim;
static DWORD WINAPI enters_slim(void *entered) {
  *(BOOL *)entered = TryAcquireSRWLockExclusive(&slim);
  if (*(BOOL *)entered) ReleaseSRWLockExclusive(&slim);
  return 0;
}
static int slim_locks(void) {
  BOOL entered[2];
  InitializeSRWLock(&slim);
  for (int held = 0; held < 2; held++) {
    if (held) AcquireSRWLockExclusive(&slim);
    HANDLE other = CreateThread(NULL, 0, enters_slim, &entered[held], 0, NULL);
    CHECK(WaitForSingleObject(other, 10000) == WAIT_OBJECT_0 && CloseHandle(other));
    if (held) ReleaseSRWLockExclusive(&slim);
  }
  CHECK(entered[0] && !entered[1]);
  DONE;
}
SURE_CALL(InitializeSRWLock, "it returns nothing")
SUCCESS(InitializeSRWLock) { return slim_locks(); }
SURE_CALL(AcquireSRWLockExclusive, "it returns nothing")
SUCCESS(AcquireSRWLockExclusive) { return slim_locks(); }
SURE_CALL(ReleaseSRWLockExclusive, "it returns nothing")
SUCCESS(ReleaseSRWLockExclusive) { return slim_locks(); }

CALL(WaitOnAddress)
SUCCESS(WaitOnAddress) {
  volatile LONG value = 1;
  LONG other = 2;
  CHECK(WaitOnAddress(&value, &other, sizeof value, INFINITE));
  DONE;
}
FAILURE(WaitOnAddress) {
  volatile LONG value = 1;
  LONG same = 1;
  FAILS(!WaitOnAddress(&value, &same, sizeof value, 1), ERROR_TIMEOUT);
  DONE;
}
static volatile LONG awaited;
static DWORD WINAPI waits(void *argument) {
  LONG zero = 0;
  (void)argument;
  while (awaited == 0) WaitOnAddress(&awaited, &zero, sizeof zero, INFINITE);
  return 0;
}
static int wakes(void (*wake)(void)) {
  awaited = 0;
  HANDLE other = CreateThread(NULL, 0, waits, NULL, 0, NULL);
  InterlockedExchange(&awaited, 1);
  wake();
  CHECK(WaitForSingleObject(other, 10000) == WAIT_OBJECT_0 && CloseHandle(other));
  DONE;
}
static void wake_one(void) { WakeByAddressSingle((void *)&awaited); }
static void wake_all(void) { WakeByAddressAll((void *)&awaited); }
SURE_CALL(WakeByAddressSingle, "it returns nothing")
SUCCESS(WakeByAddressSingle) { return wakes(wake_one); }
SURE_CALL(WakeByAddressAll, "it returns nothing")
SUCCESS(WakeByAddressAll) { return wakes(wake_all); }
