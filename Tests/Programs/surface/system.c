// Win32: handles, waits, threads, processes, memory, files.
#include "surface.h"

#include <conio.h>
#include <psapi.h>
#include <winsvc.h>

#define NO_HANDLE ((HANDLE)(ULONG_PTR)0x7ff0)

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
SURE_CALL(GetCurrentProcessId, "each process has one")
SUCCESS(GetCurrentProcessId) {
  HANDLE own = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, GetCurrentProcessId());
  CHECK(own != NULL && GetProcessId(own) == GetCurrentProcessId() && CloseHandle(own));
  DONE;
}
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

CALL(HeapAlloc)
SUCCESS(HeapAlloc) {
  static const char zeros[100];
  void *made = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof zeros);
  CHECK(made != NULL && memcmp(made, zeros, sizeof zeros) == 0 && HeapSize(GetProcessHeap(), 0, made) == sizeof zeros);
  CHECK(HeapFree(GetProcessHeap(), 0, made));
  DONE;
}
FAILURE(HeapAlloc) {
  CHECK(HeapAlloc(GetProcessHeap(), 0, (SIZE_T)1 << 62) == NULL);
  DONE;
}
SURE_CALL(HeapFree, "of a block that is none the behaviour is undefined")
SUCCESS(HeapFree) {
  CHECK(HeapFree(GetProcessHeap(), 0, HeapAlloc(GetProcessHeap(), 0, 1)) && HeapFree(GetProcessHeap(), 0, NULL));
  DONE;
}

CALL(VirtualAlloc)
SUCCESS(VirtualAlloc) {
  char *made = (char *)VirtualAlloc(NULL, 5000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(made != NULL && made[4999] == 0);
  made[8191] = 1;  // to the end of its last page
  CHECK(VirtualFree(made, 0, MEM_RELEASE));
  DONE;
}
FAILURE(VirtualAlloc) {
  FAILS(VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE) == NULL, ERROR_INVALID_PARAMETER);
  DONE;
}
CALL(VirtualFree)
SUCCESS(VirtualFree) { return success_VirtualAlloc(); }
FAILURE(VirtualFree) {
  void *made = VirtualAlloc(NULL, 4096, MEM_COMMIT, PAGE_READWRITE);
  FAILS(!VirtualFree(made, 4096, MEM_RELEASE), ERROR_INVALID_PARAMETER);  // with a size
  CHECK(VirtualFree(made, 0, MEM_RELEASE));
  DONE;
}
CALL(VirtualProtect)
SUCCESS(VirtualProtect) {
  DWORD before = 0;
  void *made = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(VirtualProtect(made, 4096, PAGE_READONLY, &before) && before == PAGE_READWRITE &&
        VirtualFree(made, 0, MEM_RELEASE));
  DONE;
}
FAILURE(VirtualProtect) {
  DWORD before;
  void *made = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  FAILS(!VirtualProtect(made, 4096, 0x7777, &before), ERROR_INVALID_PARAMETER);
  CHECK(VirtualFree(made, 0, MEM_RELEASE));
  DONE;
}
CALL(VirtualQuery)
SUCCESS(VirtualQuery) {
  MEMORY_BASIC_INFORMATION about;
  void *made = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  CHECK(VirtualQuery(made, &about, sizeof about) == sizeof about && about.State == MEM_COMMIT);
  CHECK(about.Protect == PAGE_READWRITE && about.BaseAddress == made && VirtualFree(made, 0, MEM_RELEASE));
  DONE;
}
FAILURE(VirtualQuery) {
  MEMORY_BASIC_INFORMATION about;
  FAILS(VirtualQuery((void *)~(ULONG_PTR)0xfff, &about, sizeof about) == 0, ERROR_INVALID_PARAMETER);
  DONE;
}

CALL(OpenProcess)
SUCCESS(OpenProcess) { return success_GetCurrentProcessId(); }
FAILURE(OpenProcess) {
  FAILS(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, 0x7ffffff0) == NULL, ERROR_INVALID_PARAMETER);
  DONE;
}
CALL(QueryFullProcessImageNameW)
SUCCESS(QueryFullProcessImageNameW) {
  WCHAR path[1024];
  DWORD length = 1024;
  HANDLE own = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, GetCurrentProcessId());
  CHECK(QueryFullProcessImageNameW(own, 0, path, &length) && length > 0 && path[length] == 0 && CloseHandle(own));
  DONE;
}
FAILURE(QueryFullProcessImageNameW) {
  WCHAR path[2];
  DWORD length = 2;
  FAILS(!QueryFullProcessImageNameW(GetCurrentProcess(), 0, path, &length), ERROR_INSUFFICIENT_BUFFER);
  DONE;
}

CALL(GetAdaptersAddresses)
SUCCESS(GetAdaptersAddresses) {
  static char room[100000];
  ULONG size = sizeof room;
  IP_ADAPTER_ADDRESSES *found = (IP_ADAPTER_ADDRESSES *)room;
  int loopbacks = 0;
  CHECK(GetAdaptersAddresses(AF_UNSPEC, 0, NULL, found, &size) == NO_ERROR);
  for (; found; found = found->Next) loopbacks += found->IfType == IF_TYPE_SOFTWARE_LOOPBACK;
  CHECK(loopbacks == 1);
  DONE;
}
FAILURE(GetAdaptersAddresses) {
  ULONG size = 0;
  CHECK(GetAdaptersAddresses(AF_UNSPEC, 0, NULL, NULL, &size) == ERROR_BUFFER_OVERFLOW && size > 0);
  DONE;
}
CALL(ConvertInterfaceLuidToIndex)
SUCCESS(ConvertInterfaceLuidToIndex) {
  NET_LUID luid;
  NET_IFINDEX number = 0;
  CHECK(ConvertInterfaceIndexToLuid(1, &luid) == NO_ERROR && ConvertInterfaceLuidToIndex(&luid, &number) == NO_ERROR);
  CHECK(number == 1);
  DONE;
}
FAILURE(ConvertInterfaceLuidToIndex) {
  NET_IFINDEX number;
  CHECK(ConvertInterfaceLuidToIndex(NULL, &number) == ERROR_INVALID_PARAMETER);
  DONE;
}
CALL(CreatePersistentTcpPortReservation)
SUCCESS(CreatePersistentTcpPortReservation) {
  ULONG64 token = 0;
  ULONG made = CreatePersistentTcpPortReservation(htons(47110), 2, &token);
  CHECK(made == NO_ERROR && token != 0 && DeletePersistentTcpPortReservation(htons(47110), 2) == NO_ERROR);
  DONE;
}
FAILURE(CreatePersistentTcpPortReservation) {
  ULONG64 token;
  CHECK(CreatePersistentTcpPortReservation(0, 1, &token) == ERROR_INVALID_PARAMETER);
  DONE;
}

static BOOL WINAPI on_console(DWORD event) { return event == CTRL_C_EVENT; }
CALL(SetConsoleCtrlHandler)
SUCCESS(SetConsoleCtrlHandler) {
  CHECK(SetConsoleCtrlHandler(on_console, TRUE) && SetConsoleCtrlHandler(on_console, FALSE));
  DONE;
}
FAILURE(SetConsoleCtrlHandler) {
  FAILS(!SetConsoleCtrlHandler(on_console, FALSE), ERROR_INVALID_PARAMETER);
  DONE;
}
CALL(OpenSCManagerW)
SUCCESS(OpenSCManagerW) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  CHECK(manager != NULL && CloseServiceHandle(manager));
  DONE;
}
FAILURE(OpenSCManagerW) {
  static const WCHAR name[] = {'n', 'o', 'n', 'e', 0};
  FAILS(OpenSCManagerW(NULL, name, SC_MANAGER_CONNECT) == NULL, ERROR_DATABASE_DOES_NOT_EXIST);
  DONE;
}

SURE_CALL(GetSystemInfo, "it returns nothing")
SUCCESS(GetSystemInfo) {
  SYSTEM_INFO about;
  GetSystemInfo(&about);
  CHECK(about.dwPageSize >= 4096 && about.dwNumberOfProcessors >= 1);
  DONE;
}
SURE_CALL(GetSystemTimeAsFileTime, "it returns nothing")
SUCCESS(GetSystemTimeAsFileTime) {
  FILETIME time;
  GetSystemTimeAsFileTime(&time);
  ULONGLONG ticks = (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
  CHECK(ticks > 132223104000000000ull);  // 2020, in 100 ns since 1601
  DONE;
}
CALL(LoadLibraryA)
SUCCESS(LoadLibraryA) {
  HMODULE library = LoadLibraryA("ws2_32.dll");
  CHECK(library != NULL && FreeLibrary(library));
  DONE;
}
FAILURE(LoadLibraryA) {
  FAILS(LoadLibraryA("no_such_library.dll") == NULL, ERROR_MOD_NOT_FOUND);
  DONE;
}
CALL(GetProcAddress)
SUCCESS(GetProcAddress) {
  u_short(WSAAPI * call)(u_short) =
      (u_short(WSAAPI *)(u_short))(void *)GetProcAddress(LoadLibraryA("ws2_32.dll"), "htons");
  CHECK(call != NULL && call(0x0102) == htons(0x0102));
  DONE;
}
FAILURE(GetProcAddress) {
  FAILS(GetProcAddress(LoadLibraryA("ws2_32.dll"), "no_such_function") == NULL, ERROR_PROC_NOT_FOUND);
  DONE;
}

static const WCHAR file_name[] = {'s', 'u', 'r', 'f', 'a', 'c', 'e', '.', 't', 'x', 't', 0};
static HANDLE new_file(void) {
  return CreateFileW(file_name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
}
CALL(CreateFileW)
SUCCESS(CreateFileW) {
  HANDLE made = new_file();
  CHECK(made != INVALID_HANDLE_VALUE && CloseHandle(made));
  DONE;
}
FAILURE(CreateFileW) {
  static const WCHAR name[] = {'\\', '\\', '.', '\\', 'N', 'o', 'n', 'e', 0};
  FAILS(CreateFileW(name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
  DONE;
}
CALL(WriteFile)
SUCCESS(WriteFile) {
  DWORD written = 0;
  HANDLE made = new_file();
  CHECK(WriteFile(made, "four", 4, &written, NULL) && written == 4 && CloseHandle(made));
  DONE;
}
FAILURE(WriteFile) {
  DWORD written;
  FAILS(!WriteFile(NO_HANDLE, "four", 4, &written, NULL), ERROR_INVALID_HANDLE);
  DONE;
}
SURE_CALL(_kbhit, "there is a key, or there is none")
SUCCESS(_kbhit) {
  CHECK(_kbhit() == 0);  // standard input is at its end
  DONE;
}

CALL(MultiByteToWideChar)
SUCCESS(MultiByteToWideChar) {
  WCHAR wide[8];
  CHECK(MultiByteToWideChar(CP_UTF8, 0, "\xc3\xa4x", -1, wide, 8) == 3 && wide[0] == 0xe4 && wide[1] == 'x' &&
        wide[2] == 0);
  DONE;
}
FAILURE(MultiByteToWideChar) {
  WCHAR wide[8];
  FAILS(MultiByteToWideChar(CP_UTF8, 0, "four", -1, wide, 2) == 0, ERROR_INSUFFICIENT_BUFFER);
  FAILS(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xff", 1, wide, 8) == 0, ERROR_NO_UNICODE_TRANSLATION);
  DONE;
}
CALL(WideCharToMultiByte)
SUCCESS(WideCharToMultiByte) {
  static const WCHAR wide[] = {0xe4, 'x', 0};
  char text[8];
  CHECK(WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, 8, NULL, NULL) == 4 && memcmp(text, "\xc3\xa4x", 4) == 0);
  DONE;
}
FAILURE(WideCharToMultiByte) {
  static const WCHAR wide[] = {'f', 'o', 'u', 'r', 0};
  char text[2];
  FAILS(WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, 2, NULL, NULL) == 0, ERROR_INSUFFICIENT_BUFFER);
  DONE;
}
