/* A service as Windows has them: run from a shell it says so and ends. */
#include <windows.h>
#include <winsvc.h>

#include <stdio.h>

static SERVICE_STATUS_HANDLE handle;
static HANDLE stop;

static void report(DWORD state) {
  SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, 0, 0, 0, 3000};
  if (!SetServiceStatus(handle, &status)) printf("SetServiceStatus %u\n", (unsigned)GetLastError());
}

static DWORD WINAPI control(DWORD code, DWORD type, LPVOID data, LPVOID context) {
  printf("control %u %u %d %s\n", (unsigned)code, (unsigned)type, data == NULL, (const char *)context);
  fflush(stdout);
  if (code == SERVICE_CONTROL_STOP) {
    report(SERVICE_STOP_PENDING);
    SetEvent(stop);
  }
  return NO_ERROR;
}

static VOID WINAPI service_main(DWORD count, LPSTR *arguments) {
  printf("main %u %s\n", (unsigned)count, arguments[0]);
  fflush(stdout);
  handle = RegisterServiceCtrlHandlerExA("any name", control, (LPVOID) "context");
  if (handle == NULL) printf("RegisterServiceCtrlHandlerEx %u\n", (unsigned)GetLastError());
  stop = CreateEventA(NULL, TRUE, FALSE, NULL);
  report(SERVICE_START_PENDING);
  report(SERVICE_RUNNING);
  WaitForSingleObject(stop, 10000);
  report(SERVICE_STOPPED);
}

int main(void) {
  char name[] = "Contoso";
  SERVICE_TABLE_ENTRYA table[] = {{name, service_main}, {NULL, NULL}};
  if (StartServiceCtrlDispatcherA(table)) {
    printf("stopped\n");
    return 0;
  }
  printf("error %u\n", (unsigned)GetLastError());
  return 1;
}
