// Completion routines and asynchronous procedure calls: who runs, when, in which order.
#include "oracle.h"

static char bytes[4][64];
static WSAOVERLAPPED overlapped[4];
static SOCKET client, server;
static int runs;

static void CALLBACK note(DWORD error, DWORD count, LPWSAOVERLAPPED which, DWORD flags) {
  runs++;
  say("routine", "operation %d error %u count %u flags %u status %08x", (int)(which - overlapped), (unsigned)error,
      (unsigned)count, (unsigned)flags, (unsigned)which->Internal);
}

static int receive(int index, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  WSABUF buffer = {sizeof bytes[index], bytes[index]};
  DWORD flags = 0;
  return WSARecv(server, &buffer, 1, NULL, &flags, &overlapped[index], routine);
}

static void CALLBACK again(DWORD error, DWORD count, LPWSAOVERLAPPED which, DWORD flags) {
  note(error, count, which, flags);
  if (runs < 3) say_call("again", receive((int)(which - overlapped), again));
}

static void CALLBACK close_in_routine(DWORD error, DWORD count, LPWSAOVERLAPPED which, DWORD flags) {
  note(error, count, which, flags);
  say("close.inside", "%d", closesocket(server));
}

static void CALLBACK call(ULONG_PTR value) { say("call", "%u", (unsigned)value); }

static void CALLBACK call_that_waits(ULONG_PTR value) {
  say("outer", "%u", (unsigned)value);
  say("outer.sleep", "%u", (unsigned)SleepEx(0, TRUE));
}

static DWORD WINAPI sleeper(void *ready) {
  SetEvent((HANDLE)ready);
  DWORD outcome = SleepEx(PATIENCE, TRUE);
  say("sleeper", "%u", (unsigned)outcome);
  return 0;
}

static void calls(void) {
  say("queue", "%d", QueueUserAPC(call, GetCurrentThread(), 1) != 0);
  QueueUserAPC(call, GetCurrentThread(), 2);
  say("sleep", "%u", (unsigned)SleepEx(0, FALSE));
  say("sleep.alertable", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  say("sleep.none", "%u", (unsigned)SleepEx(0, TRUE));
  // An object that is signalled already.
  HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
  QueueUserAPC(call, GetCurrentThread(), 3);
  say("signalled", "%u", (unsigned)WaitForSingleObjectEx(event, PATIENCE, TRUE));
  say("signalled.then", "%u", (unsigned)SleepEx(0, TRUE));
  QueueUserAPC(call_that_waits, GetCurrentThread(), 4);
  QueueUserAPC(call, GetCurrentThread(), 5);
  say("nested", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  HANDLE ready = CreateEventA(NULL, TRUE, FALSE, NULL);
  HANDLE thread = CreateThread(NULL, 0, sleeper, ready, 0, NULL);
  WaitForSingleObject(ready, PATIENCE);
  int queued = QueueUserAPC(call, thread, 6) != 0;
  WaitForSingleObject(thread, PATIENCE);
  say("other", "%d", queued);
  say("ended", "%d", QueueUserAPC(call, thread, 7) != 0);
}

static void routines(void) {
  make_pair(&client, &server);
  say_call("pending", receive(0, note));
  send(client, "one", 3, 0);
  say("not alertable", "%u", (unsigned)SleepEx(50, FALSE));
  say("runs", "%d", runs);
  say("alertable", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  say("runs", "%d", runs);

  // At once: the call says so, and the routine still waits for its wait.
  send(client, "two", 3, 0);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(server, &readable);
  select(0, &readable, NULL, NULL, NULL);
  say("once", "%d", receive(1, note));
  say("runs", "%d", runs);
  HANDLE event = WSACreateEvent();
  say("events", "%u", (unsigned)WSAWaitForMultipleEvents(1, &event, FALSE, PATIENCE, TRUE));

  runs = 0;
  say("chain", "%d", receive(2, again));
  for (int i = 0; i < 3; i++) {
    send(client, "x", 1, 0);
    say("chain.sleep", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  }

  receive(0, note);
  say("cancel", "%d", CancelIo((HANDLE)server));
  say("cancel.sleep", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  receive(3, close_in_routine);
  send(client, "end", 3, 0);
  say("close.sleep", "%u", (unsigned)SleepEx(PATIENCE, TRUE));
  closesocket(client);
}

int main(void) {
  start_winsock();
  calls();
  routines();
  return 0;
}
