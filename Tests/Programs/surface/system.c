// Processes, the machine, libraries, files.
#include "surface.h"

#include <conio.h>
#include <psapi.h>
#include <winsvc.h>

SURE_CALL(GetCurrentProcessId, "each process has one")
SUCCESS(GetCurrentProcessId) {
  HANDLE own = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, GetCurrentProcessId());
  CHECK(own != NULL && GetProcessId(own) == GetCurrentProcessId() && CloseHandle(own));
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
