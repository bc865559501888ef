/* GetProcAddress on Windows' own libraries: the addresses are those that the program links to. */
#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <string.h>

static int failures;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      failures++;                                    \
    }                                                \
  } while (0)

int main(void) {
  static const char *names[] = {"ws2_32.dll", "WS2_32", "Kernel32.dll", "mswsock.dll",
                                "C:\\Windows\\System32\\ntdll.dll"};
  char path[MAX_PATH];
  HMODULE module = LoadLibraryA("ws2_32.dll");
  CHECK(module != NULL);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) CHECK(GetModuleHandleA(names[i]) == module);
  CHECK((void *)GetProcAddress(module, "WSAIoctl") == (void *)WSAIoctl);
  CHECK((void *)GetProcAddress(module, "connect") == (void *)ws2_connect);
  CHECK((void *)GetProcAddress(module, "EnumProcesses") != NULL);
  CHECK(GetProcAddress(module, "printf") == NULL && GetLastError() == ERROR_PROC_NOT_FOUND);
  CHECK(GetProcAddress(module, "NoSuchFunction") == NULL && GetLastError() == ERROR_PROC_NOT_FOUND);
  CHECK(GetModuleFileNameA(module, path, sizeof path) > 0 && strstr(path, "libws2_32.so") != NULL);
  CHECK(FreeLibrary(module));
  CHECK((void *)GetProcAddress(GetModuleHandleA("kernel32"), "CloseHandle") == (void *)CloseHandle);
  CHECK(GetModuleHandleA(NULL) != NULL && GetModuleHandleA(NULL) != module);
  OutputDebugStringA("to the debugger\n");
  OutputDebugStringW(NULL);
  printf("debugger %d\n", IsDebuggerPresent());
  return failures;
}
