/* WSADuplicateSocket between processes. `give PORT`: connects there, starts itself as `take` and hands the socket over
 * through its standard input, as programs of Windows do; both write to the connection. */
#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <string.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  WSADATA data;
  WSAPROTOCOL_INFOA info;
  char line[64];
  if (argc < 2 || WSAStartup(MAKEWORD(2, 2), &data) != 0) return 2;
  if (strcmp(argv[1], "take") == 0) {
    printf("%u\n", (unsigned)GetCurrentProcessId());
    fflush(stdout);
    if (fread(&info, sizeof info, 1, stdin) != 1) return 3;
    SOCKET s = WSASocketA(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
    if (s == INVALID_SOCKET) return 4;
    return send(s, "taken ", 6, 0) == 6 && closesocket(s) == 0 ? 0 : 5;
  }
  struct sockaddr_in name;
  SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_port = htons((u_short)atoi(argv[1]));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(s, (struct sockaddr *)&name, sizeof name) != 0) return 6;
  /* The number of the other process comes on standard input; the structure goes out on standard output. */
  if (fgets(line, sizeof line, stdin) == NULL) return 7;
  if (WSADuplicateSocketA(s, (DWORD)atoi(line), &info) != 0) return 8;
  fwrite(&info, sizeof info, 1, stdout);
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL) return 9;
  return send(s, "given", 5, 0) == 5 && closesocket(s) == 0 ? 0 : 10;
}
