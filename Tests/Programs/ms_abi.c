/* A program whose callbacks have the Windows x64 calling convention (-DWFPSHIM_MS_ABI): each way on which the library
 * calls one, with every argument checked. Prints what is wrong and returns how much. */
#include <stdio.h>

#include "mswsock.h"
#include "winsock2.h"
#include "ws2spi.h"
#include "ws2tcpip.h"
#include "windows.h"

static int faults;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      faults++;                                      \
    }                                                \
  } while (0)

/* A Windows function may use rdi, rsi and xmm6 to xmm15 if it restores them: here it uses them all. */
#define USE_REGISTERS()                                                                     \
  __asm__ volatile(                                                                         \
      "xor %%edi, %%edi; xor %%esi, %%esi;"                                                 \
      "pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7; pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9;" \
      "pxor %%xmm10, %%xmm10; pxor %%xmm11, %%xmm11; pxor %%xmm12, %%xmm12;"                \
      "pxor %%xmm13, %%xmm13; pxor %%xmm14, %%xmm14; pxor %%xmm15, %%xmm15"                 \
      :                                                                                     \
      :                                                                                     \
      : "rdi", "rsi", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

/* Calls a Windows function with a pattern in rdi, rsi and both halves of xmm6 to xmm15, and in the 32 bytes above the
 * return address, which are the callee's; returns how many registers it has not kept. */
int count_changed(void *function, unsigned long long argument);
__asm__(
    ".text\n"
    ".globl count_changed\n"
    "count_changed:\n"
    "  push %rbp\n  mov %rsp, %rbp\n  push %rbx\n  sub $40, %rsp\n"
    "  mov %rdi, %rax\n  mov %rsi, %rcx\n"
    "  movabs $0x1122334455667788, %rdi\n  lea 100(%rdi), %rsi\n"
    "  .irp i, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "  lea \\i(%rdi), %r10\n  movq %r10, %xmm\\i\n  punpcklqdq %xmm\\i, %xmm\\i\n"
    "  .endr\n"
    "  call *%rax\n"
    "  xor %ebx, %ebx\n  movabs $0x1122334455667788, %r10\n"
    "  xor %eax, %eax\n  cmp %r10, %rdi\n  setne %al\n  add %eax, %ebx\n"
    "  lea 100(%r10), %r11\n  xor %eax, %eax\n  cmp %r11, %rsi\n  setne %al\n  add %eax, %ebx\n"
    "  .irp i, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "  lea \\i(%r10), %r11\n"
    "  movq %xmm\\i, %rdx\n  xor %eax, %eax\n  cmp %r11, %rdx\n  setne %al\n  add %eax, %ebx\n"
    "  psrldq $8, %xmm\\i\n"
    "  movq %xmm\\i, %rdx\n  xor %eax, %eax\n  cmp %r11, %rdx\n  setne %al\n  add %eax, %ebx\n"
    "  .endr\n"
    "  mov %ebx, %eax\n  add $40, %rsp\n  pop %rbx\n  pop %rbp\n  ret\n");

static void spoil(void) { USE_REGISTERS(); }

static int ran;
static DWORD expected_bytes;
static WSAOVERLAPPED *expected_overlapped;

static void CALLBACK completed(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags) {
  USE_REGISTERS();
  CHECK(error == 0 && bytes == expected_bytes && overlapped == expected_overlapped && flags == 0);
  ran++;
}

static void NTAPI apc(ULONG_PTR data) {
  USE_REGISTERS();
  CHECK(data == 0x1122334455667788);
  ran++;
}

static DWORD WINAPI start(LPVOID parameter) {
  USE_REGISTERS();
  CHECK(parameter == &faults);
  CHECK(GetCurrentThreadId() != 0); /* a System V function, called from a Windows one */
  return 0x87654321;
}

static int CALLBACK condition(LPWSABUF caller, LPWSABUF caller_data, LPQOS quality, LPQOS group_quality,
                              LPWSABUF callee, LPWSABUF callee_data, GROUP *group, DWORD_PTR data) {
  USE_REGISTERS();
  CHECK(caller != NULL && caller->len == sizeof(SOCKADDR_IN) &&
        ((SOCKADDR *)(void *)caller->buf)->sa_family == AF_INET);
  CHECK(callee != NULL && callee->len == sizeof(SOCKADDR_IN) && callee->buf != caller->buf);
  CHECK(caller_data == NULL && quality == NULL && group_quality == NULL && callee_data == NULL);
  CHECK(group != NULL && *group == 0 && data == 0xabcdef0123456789);
  ran++;
  return CF_ACCEPT;
}

static void wait_for(int count) {
  for (int i = 0; i < 30 && ran < count; i++) SleepEx(1000, TRUE);
  CHECK(ran == count);
}

static int begun(int result, int error) { return result == 0 || (result == SOCKET_ERROR && error == WSA_IO_PENDING); }

static void transfers(SOCKET client, SOCKET server) {
  static char text[] = "data", in[16];
  static WSAOVERLAPPED operations[6];
  static DWORD flags[2], ready;
  WSABUF out = {4, text}, room = {sizeof in, in};
  const struct {
    DWORD bytes;
    int kind;
  } steps[] = {{4, 0}, {4, 1}, {8, 2}, {4, 3}, {4, 0}, {4, 4}};
  for (int i = 0; i < 6; i++) {
    WSAOVERLAPPED *overlapped = expected_overlapped = &operations[i];
    int result = 0;
    expected_bytes = steps[i].bytes;
    ran = 0;
    switch (steps[i].kind) {
      case 0:
        result = WSASend(client, &out, 1, NULL, 0, overlapped, completed);
        break;
      case 1:
        result = WSASendTo(client, &out, 1, NULL, 0, NULL, 0, overlapped, completed);
        break;
      case 2:
        result = WSARecv(server, &room, 1, NULL, &flags[0], overlapped, completed);
        break;
      case 3:
        result = WSARecvFrom(server, &room, 1, NULL, &flags[1], NULL, NULL, overlapped, completed);
        CHECK(result == SOCKET_ERROR && WSAGetLastError() == WSA_IO_PENDING);
        CHECK(send(client, text, 4, 0) == 4);
        result = 0;
        break;
      case 4:
        result = WSAIoctl(server, FIONREAD, NULL, 0, &ready, 4, NULL, overlapped, completed);
        break;
    }
    CHECK(begun(result, WSAGetLastError()));
    wait_for(1);
  }
  CHECK(recv(server, in, sizeof in, 0) == 4);
}

/* WSASendMsg, and both of them found by their identifiers. */
static void messages(void) {
  static WSAOVERLAPPED operations[3];
  static char text[] = "data", in[16];
  WSABUF out = {4, text}, room = {sizeof in, in};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  int size = sizeof name;
  SOCKET from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
  GUID identifiers[] = {WSAID_WSARECVMSG, WSAID_WSASENDMSG};
  LPFN_WSARECVMSG receive_message = NULL;
  LPFN_WSASENDMSG send_message = NULL;
  DWORD count;
  CHECK(bind(to, (struct sockaddr *)&name, size) == 0 && getsockname(to, (struct sockaddr *)&name, &size) == 0);
  WSAIoctl(to, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifiers[0], sizeof(GUID), &receive_message, sizeof(void *),
           &count, NULL, NULL);
  WSAIoctl(to, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifiers[1], sizeof(GUID), &send_message, sizeof(void *), &count,
           NULL, NULL);
  WSAMSG sent = {.name = (struct sockaddr *)&name, .namelen = size, .lpBuffers = &out, .dwBufferCount = 1};
  WSAMSG received = {.lpBuffers = &room, .dwBufferCount = 1};
  expected_bytes = 4;
  for (int i = 0; i < 3; i++) {
    expected_overlapped = &operations[i];
    ran = 0;
    int result = i == 0   ? WSASendMsg(from, &sent, 0, NULL, &operations[0], completed)
                 : i == 1 ? send_message(from, &sent, 0, NULL, &operations[1], completed)
                          : receive_message(to, &received, NULL, &operations[2], completed);
    CHECK(begun(result, WSAGetLastError()));
    wait_for(1);
  }
  closesocket(from);
  closesocket(to);
}

/* A layered provider's own WPUQueueApc. */
static int WSPAPI queue_apc(LPWSATHREADID thread, LPWSAUSERAPC routine, DWORD_PTR context, LPINT error) {
  (void)thread, (void)error;
  CHECK(count_changed((void *)routine, context) == 0);
  return 0;
}

static void provide(SOCKET client, SOCKET server, int is_own) {
  static char in[16];
  static WSAOVERLAPPED operation;
  static DWORD flags;
  WSABUF room = {sizeof in, in};
  WSPDATA data;
  WSAPROTOCOL_INFOW info;
  WSPUPCALLTABLE upcalls;
  WSPPROC_TABLE table;
  WSATHREADID thread;
  INT error = 0;
  memset(&info, 0, sizeof info);
  info.dwCatalogEntryId = 5 + (DWORD)is_own;
  ws2_upcall_table(&upcalls);
  if (is_own) upcalls.lpWPUQueueApc = queue_apc;
  CHECK(WSPStartup(MAKEWORD(2, 2), &data, &info, upcalls, &table) == 0);
  CHECK(WPUOpenCurrentThread(&thread, &error) == 0);
  expected_overlapped = &operation;
  expected_bytes = 4;
  ran = 0;
  CHECK(table.lpWSPRecv(server, &room, 1, NULL, &flags, &operation, completed, &thread, &error) == SOCKET_ERROR);
  CHECK(error == WSA_IO_PENDING);
  CHECK(send(client, "data", 4, 0) == 4);
  wait_for(1);
  ran = 0;
  CHECK(upcalls.lpWPUQueueApc(&thread, apc, 0x1122334455667788, &error) == 0);
  wait_for(1);
  CHECK(WPUCloseThread(&thread, &error) == 0);
  CHECK(table.lpWSPCleanup(&error) == 0);
}

int main(void) {
  WSADATA data;
  SOCKADDR_IN name;
  int size = sizeof name;
  DWORD code = 0;
  CHECK(count_changed((void *)spoil, 0) > 0); /* the check itself */
  CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listener, (SOCKADDR *)&name, sizeof name) == 0 && listen(listener, 4) == 0);
  CHECK(getsockname(listener, (SOCKADDR *)&name, &size) == 0);
  CHECK(connect(client, (SOCKADDR *)&name, sizeof name) == 0);
  SOCKET server = WSAAccept(listener, NULL, NULL, condition, 0xabcdef0123456789);
  CHECK(server != INVALID_SOCKET && ran == 1);

  ran = 0;
  CHECK(QueueUserAPC(apc, GetCurrentThread(), 0x1122334455667788) != 0);
  wait_for(1);
  HANDLE thread = CreateThread(NULL, 0, start, &faults, 0, NULL);
  CHECK(WaitForSingleObject(thread, 30000) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) && code == 0x87654321);
  CHECK(CloseHandle(thread));
  messages();
  transfers(client, server);
  provide(client, server, 0);
  provide(client, server, 1);
  CHECK(closesocket(client) == 0 && closesocket(server) == 0 && closesocket(listener) == 0 && WSACleanup() == 0);
  return faults;
}
