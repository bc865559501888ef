// The extension functions: found by their identifiers.
#include "oracle.h"

static void identifiers(void) {
  SOCKET client = socket(AF_INET, SOCK_STREAM, 0);
  DWORD count = 777;
  GUID guid = WSAID_CONNECTEX, unknown = {1, 2, 3, {4}};
  void *function = NULL;
  say_call("extension", WSAIoctl(client, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof guid, &function,
                                 sizeof function, &count, NULL, NULL));
  say("extension.count", "%u found %d", (unsigned)count, function != NULL);
  say_call("extension.unknown", WSAIoctl(client, SIO_GET_EXTENSION_FUNCTION_POINTER, &unknown, sizeof unknown,
                                         &function, sizeof function, &count, NULL, NULL));
  closesocket(client);
}

int main(void) {
  start_winsock();
  identifiers();
  return 0;
}
