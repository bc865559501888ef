/* Overlapped operations and completion ports: part of <windows.h>. */
#ifndef WFPSHIM_IOAPISET_H
#define WFPSHIM_IOAPISET_H

#include "minwindef.h"

#define FILE_SKIP_COMPLETION_PORT_ON_SUCCESS 0x1
#define FILE_SKIP_SET_EVENT_ON_HANDLE 0x2

typedef struct _OVERLAPPED_ENTRY {
  ULONG_PTR lpCompletionKey;
  LPOVERLAPPED lpOverlapped;
  ULONG_PTR Internal;
  DWORD dwNumberOfBytesTransferred;
} OVERLAPPED_ENTRY, *LPOVERLAPPED_ENTRY;

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

HANDLE WINAPI CreateIoCompletionPort(HANDLE FileHandle, HANDLE ExistingCompletionPort, ULONG_PTR CompletionKey,
                                     DWORD NumberOfConcurrentThreads);
BOOL WINAPI GetQueuedCompletionStatus(HANDLE CompletionPort, WS2_DWORD_POINTER lpNumberOfBytesTransferred,
                                      ULONG_PTR *lpCompletionKey, LPOVERLAPPED *lpOverlapped, DWORD dwMilliseconds);
BOOL WINAPI GetQueuedCompletionStatusEx(HANDLE CompletionPort, LPOVERLAPPED_ENTRY lpCompletionPortEntries,
                                        ULONG ulCount, WS2_DWORD_POINTER ulNumEntriesRemoved, DWORD dwMilliseconds,
                                        BOOL fAlertable);
BOOL WINAPI PostQueuedCompletionStatus(HANDLE CompletionPort, DWORD dwNumberOfBytesTransferred,
                                       ULONG_PTR dwCompletionKey, LPOVERLAPPED lpOverlapped);
BOOL WINAPI SetFileCompletionNotificationModes(HANDLE FileHandle, UCHAR Flags);
BOOL WINAPI GetOverlappedResult(HANDLE hFile, LPOVERLAPPED lpOverlapped, WS2_DWORD_POINTER lpNumberOfBytesTransferred,
                                BOOL bWait);
BOOL WINAPI GetOverlappedResultEx(HANDLE hFile, LPOVERLAPPED lpOverlapped, WS2_DWORD_POINTER lpNumberOfBytesTransferred,
                                  DWORD dwMilliseconds, BOOL bAlertable);
BOOL WINAPI CancelIo(HANDLE hFile);
BOOL WINAPI CancelIoEx(HANDLE hFile, LPOVERLAPPED lpOverlapped);

#if defined(__cplusplus)
}

/* As in ws2names.h: 32 bits are stored. */
template <WS2_ONLY(T, unsigned long)>
inline BOOL GetQueuedCompletionStatus(HANDLE port, T *bytes, ULONG_PTR *key, LPOVERLAPPED *overlapped, DWORD time) {
  return GetQueuedCompletionStatus(port, reinterpret_cast<DWORD *>(bytes), key, overlapped, time);
}
template <WS2_ONLY(T, unsigned long)>
inline BOOL GetQueuedCompletionStatusEx(HANDLE port, LPOVERLAPPED_ENTRY entries, ULONG room, T *count, DWORD time,
                                        BOOL alertable) {
  return GetQueuedCompletionStatusEx(port, entries, room, reinterpret_cast<ULONG *>(count), time, alertable);
}
template <WS2_ONLY(T, unsigned long)>
inline BOOL GetOverlappedResult(HANDLE file, LPOVERLAPPED overlapped, T *bytes, BOOL waits) {
  return GetOverlappedResult(file, overlapped, reinterpret_cast<DWORD *>(bytes), waits);
}
template <WS2_ONLY(T, unsigned long)>
inline BOOL GetOverlappedResultEx(HANDLE file, LPOVERLAPPED overlapped, T *bytes, DWORD time, BOOL alertable) {
  return GetOverlappedResultEx(file, overlapped, reinterpret_cast<DWORD *>(bytes), time, alertable);
}
#endif

#pragma pop_macro("WINAPI")

WS2_STATIC_ASSERT(sizeof(OVERLAPPED_ENTRY) == 32 || sizeof(void *) != 8, "OVERLAPPED_ENTRY");

#endif
