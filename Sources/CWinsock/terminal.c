/* Signals and keys of the terminal, under libc's names. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int ends[2] = {-1, -1};
static pid_t owner;

void ws2_console_default(int number) {
  sigset_t set;
  signal(number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  kill(getpid(), number);
}

/* The child of a fork has the parent's pipe and no thread that reads it. */
static void tell(int number) {
  int error = errno;
  unsigned char byte = (unsigned char)number;
  if (getpid() != owner)
    ws2_console_default(number);
  else if (write(ends[1], &byte, 1) < 0) {
    /* Full: as many events are waiting already. */
  }
  errno = error;
}

int ws2_console_listen(void) {
  if (owner != getpid()) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    owner = getpid();
  }
  return ends[0];
}

void ws2_console_take(int number) {
  struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART}, before;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(number, &action, NULL);
}

void ws2_console_ignore(int number, bool ignored) {
  if (ignored) {
    signal(number, SIG_IGN);
    return;
  }
  signal(number, SIG_DFL);
  if (owner == getpid()) ws2_console_take(number);
}

int ws2_available(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

int ws2_descriptor_is_readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  return poll(&entry, 1, 0) > 0;
}

int ws2_console_key(bool waits) {
  struct termios before, raw;
  bool is_terminal = tcgetattr(0, &before) == 0;
  unsigned char key;
  int answer = -1;
  if (is_terminal) {
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(0, TCSANOW, &raw);
  }
  if (!waits)
    answer = ws2_available(0) > 0 ? 1 : -1;
  else {
    ssize_t count;
    do count = read(0, &key, 1);
    while (count < 0 && errno == EINTR);
    if (count == 1) answer = key;
  }
  if (is_terminal) tcsetattr(0, TCSANOW, &before);
  return answer;
}
