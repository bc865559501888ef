// Heaps and virtual memory.
#include "surface.h"

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
