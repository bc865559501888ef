/* What a redirect service does with its driver: the service manager says that it runs, its device takes control codes,
 * synchronous and overlapped. Windows source; run with the plug-in device_plugin.c. Prints what is wrong. */
#include <windows.h>
#include <winsvc.h>

#include <stdio.h>
#include <string.h>

static int failures;
#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      printf("line %d: %s, error %u\n", __LINE__, #condition, (unsigned)GetLastError()); \
      failures++;                                                                        \
    }                                                                                    \
  } while (0)

static void manager(void) {
  SERVICE_STATUS status;
  SC_HANDLE scm = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  CHECK(scm != NULL);
  CHECK(CreateServiceA(scm, "ContosoCallout", NULL, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
                       SERVICE_ERROR_NORMAL, "c.sys", NULL, NULL, NULL, NULL, NULL) == NULL &&
        GetLastError() == ERROR_SERVICE_EXISTS);
  SC_HANDLE service = OpenServiceA(scm, "contosocallout", SERVICE_START | SERVICE_QUERY_STATUS);
  CHECK(service != NULL);
  CHECK(!StartServiceA(service, 0, NULL) && GetLastError() == ERROR_SERVICE_ALREADY_RUNNING);
  CHECK(QueryServiceStatus(service, &status) && status.dwCurrentState == SERVICE_RUNNING);
  CHECK(!QueryServiceStatus(service, NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
  CHECK(!ControlService(service, SERVICE_CONTROL_STOP, &status) && GetLastError() == ERROR_INVALID_SERVICE_CONTROL);
  CHECK(ControlService(service, SERVICE_CONTROL_INTERROGATE, &status));
  CHECK(!DeleteService(service) && GetLastError() == ERROR_ACCESS_DENIED);
  CHECK(CloseServiceHandle(service) && CloseServiceHandle(scm));
}

static void synchronous(void) {
  char out[16];
  DWORD bytes = 99;
  HANDLE device = CreateFileA("\\\\.\\contoso", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  CHECK(device != INVALID_HANDLE_VALUE);
  CHECK(DeviceIoControl(device, 1, (void *)"abc", 3, out, sizeof out, &bytes, NULL) && bytes == 3 &&
        memcmp(out, "abc", 3) == 0);
  CHECK(!DeviceIoControl(device, 1, (void *)"abc", 3, out, 2, &bytes, NULL) &&
        GetLastError() == ERROR_INSUFFICIENT_BUFFER && bytes == 2);
  CHECK(!DeviceIoControl(device, 4, NULL, 0, out, 8, &bytes, NULL) && GetLastError() == ERROR_MORE_DATA && bytes == 4);
  CHECK(!DeviceIoControl(device, 99, NULL, 0, NULL, 0, &bytes, NULL) && GetLastError() == ERROR_INVALID_FUNCTION);
  CHECK(DeviceIoControl(device, 6, NULL, 0, NULL, 0, &bytes, NULL) && bytes == 7);
  CHECK(!DeviceIoControl(device, 1, NULL, 0, NULL, 0, NULL, NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
  CHECK(ReadFile(device, out, sizeof out, &bytes, NULL) && bytes == 7 && memcmp(out, "contoso", 7) == 0);
  CHECK(!WriteFile(device, out, 1, &bytes, NULL) && GetLastError() == ERROR_INVALID_FUNCTION);
  CHECK(CloseHandle(device));
  CHECK(!DeviceIoControl(device, 1, NULL, 0, NULL, 0, &bytes, NULL) && GetLastError() == ERROR_INVALID_HANDLE);
}

static void overlapped(void) {
  char out[16];
  DWORD bytes = 0;
  ULONG_PTR key = 0;
  LPOVERLAPPED found = NULL;
  OVERLAPPED operation;
  memset(&operation, 0, sizeof operation);
  HANDLE device =
      CreateFileA("\\\\.\\Contoso", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
  CHECK(device != INVALID_HANDLE_VALUE);
  operation.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
  CHECK(!DeviceIoControl(device, 1, NULL, 0, NULL, 0, &bytes, NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
  CHECK(!DeviceIoControl(device, 2, NULL, 0, out, sizeof out, NULL, &operation) && GetLastError() == ERROR_IO_PENDING);
  CHECK(!HasOverlappedIoCompleted(&operation) && WaitForSingleObject(operation.hEvent, 0) == WAIT_TIMEOUT);
  CHECK(!GetOverlappedResult(device, &operation, &bytes, FALSE) && GetLastError() == ERROR_IO_INCOMPLETE);
  OVERLAPPED other;
  memset(&other, 0, sizeof other);
  CHECK(DeviceIoControl(device, 3, NULL, 0, NULL, 0, &bytes, &other));
  CHECK(WaitForSingleObject(operation.hEvent, 10000) == WAIT_OBJECT_0);
  CHECK(GetOverlappedResult(device, &operation, &bytes, TRUE) && bytes == 4 && memcmp(out, "late", 4) == 0);

  /* Cancelled. */
  CHECK(!DeviceIoControl(device, 2, NULL, 0, out, sizeof out, NULL, &operation) && GetLastError() == ERROR_IO_PENDING);
  CHECK(CancelIoEx(device, &operation));
  CHECK(!GetOverlappedResult(device, &operation, &bytes, TRUE) && GetLastError() == ERROR_OPERATION_ABORTED);
  CHECK(!CancelIoEx(device, &operation) && GetLastError() == ERROR_NOT_FOUND);

  /* At a port, and fails at once. */
  HANDLE port = CreateIoCompletionPort(device, NULL, 5, 0);
  CHECK(port != NULL);
  CHECK(!DeviceIoControl(device, 2, NULL, 0, out, sizeof out, NULL, &operation) && GetLastError() == ERROR_IO_PENDING);
  CHECK(DeviceIoControl(device, 3, NULL, 0, NULL, 0, NULL, &other));
  for (int i = 0; i < 2; i++) CHECK(GetQueuedCompletionStatus(port, &bytes, &key, &found, 10000) && key == 5);
  operation.Internal = 4711;
  CHECK(!DeviceIoControl(device, 99, NULL, 0, NULL, 0, NULL, &operation) && GetLastError() == ERROR_INVALID_FUNCTION);
  CHECK(operation.Internal == 4711);
  CHECK(!GetQueuedCompletionStatus(port, &bytes, &key, &found, 0) && found == NULL);

  /* The handle's end. */
  CHECK(!DeviceIoControl(device, 2, NULL, 0, out, sizeof out, NULL, &operation) && GetLastError() == ERROR_IO_PENDING);
  CHECK(CloseHandle(device));
  CHECK(!GetOverlappedResult(device, &operation, &bytes, TRUE) && GetLastError() == ERROR_OPERATION_ABORTED);
  CloseHandle(operation.hEvent);
  CloseHandle(port);
}

int main(void) {
  DWORD bytes;
  int open = 0;
  manager();
  synchronous();
  overlapped();
  CHECK(CreateFileA("\\\\.\\Contoso", GENERIC_ALL, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE &&
        GetLastError() == ERROR_ACCESS_DENIED);
  CHECK(CreateFileA("\\\\.\\Fabrikam", 0, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE &&
        GetLastError() == ERROR_FILE_NOT_FOUND);
  HANDLE plain = CreateFileA("\\\\.\\Plain", 0, 0, NULL, OPEN_EXISTING, 0, NULL);
  CHECK(!DeviceIoControl(plain, 1, NULL, 0, NULL, 0, &bytes, NULL) && GetLastError() == ERROR_INVALID_FUNCTION);
  CHECK(CloseHandle(plain));
  HANDLE last = CreateFileA("\\\\.\\Contoso", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
  CHECK(DeviceIoControl(last, 5, NULL, 0, &open, sizeof open, &bytes, NULL) && open == 1);
  CloseHandle(last);
  return failures;
}
