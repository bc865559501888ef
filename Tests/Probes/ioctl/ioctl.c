// Runs a script of calls on the redirect control codes: `ioctl [--clean] HOST COMMAND...`, one line of result a
// command. --clean: with no descriptors but 0, 1 and 2.
// It is itself a redirect service: it listens, says `listening PORT`, and accepts when it is told to.
//   accept V | raw-accept V        the next connection becomes variable V
//   R|C|S SOCKET [SIZE] [key=...]  one call (call.c); SOCKET is a variable or a kind (sockets.c)
//   new V KIND, bind V HOST, connect V HOST PORT, close V, dup|dup2|fcntl V W
//   peer V f|r                     the peer sends FIN, or resets; waits until that is here
//   drain N                        accepts and resets N connections
//   threads|fork|exec|pass|pidfd|limit CALL...   the call by 8 threads, a child, another program, ...
//   what stands in stream.c
//   refuse CALL ERROR              a seccomp filter (probe_refuse) from here on
//   race R|C|S SOCKET, count, hex, data V (calls of the data path between two calls of getppid)
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/include/probe.h"
#include "table.h"

static struct {
  char name[16];
  int fd;
} variables[64];
static int listener = -1;

int *variable(const char *name) {
  for (int i = 0; i < 64; i++)
    if (strcmp(variables[i].name, name) == 0) return &variables[i].fd;
  return NULL;
}

static void set(const char *name, int fd) {
  int *known = variable(name);
  if (known) {
    *known = fd;
    return;
  }
  int i = 0;
  while (variables[i].name[0]) i++;
  snprintf(variables[i].name, sizeof variables[i].name, "%s", name);
  variables[i].fd = fd;
}

static int run(int count, char **words, char *result, size_t size);

int run_command(int count, char **words, char *result, size_t size) { return run(count, words, result, size); }

// Splits a command in place.
static int split(char *line, char **words, int most) {
  int count = 0;
  for (char *save, *word = strtok_r(line, " ", &save); word && count < most; word = strtok_r(NULL, " ", &save))
    words[count++] = word;
  return count;
}

// --- the same call from elsewhere

struct threaded {
  int count;
  char **words;
  char result[1024];
  char other[1024];  // an answer unlike the one before it
};

static void *in_thread(void *argument) {
  struct threaded *job = argument;
  for (int i = 0; i < 300; i++) {
    char result[1024];
    run(job->count, job->words, result, sizeof result);
    if (i > 0 && strcmp(result, job->result) != 0) memcpy(job->other, job->result, sizeof job->other);
    memcpy(job->result, result, sizeof result);
  }
  return NULL;
}

static void threads(int count, char **words, char *result, size_t size) {
  pthread_t ids[8];
  static struct threaded jobs[8];
  for (int i = 0; i < 8; i++) {
    jobs[i] = (struct threaded){.count = count, .words = words};
    pthread_create(&ids[i], NULL, in_thread, &jobs[i]);
  }
  for (int i = 0; i < 8; i++) pthread_join(ids[i], NULL);
  snprintf(result, size, "%s", jobs[0].result);
  for (int i = 0; i < 8; i++)
    if (jobs[i].other[0] || strcmp(jobs[i].result, jobs[0].result) != 0)
      snprintf(result, size, "mixed: %.300s | %.300s | %.300s", jobs[0].result, jobs[i].result, jobs[i].other);
}

static void read_all(int from, pid_t child, char *result, size_t size) {
  size_t n = 0;
  for (ssize_t got; n + 1 < size && (got = read(from, result + n, size - 1 - n)) > 0;) n += (size_t)got;
  result[n] = 0;
  if (n && result[n - 1] == '\n') result[n - 1] = 0;
  int status;
  waitpid(child, &status, 0);
  if (status) snprintf(result + strlen(result), size - strlen(result), " status %x", status);
}

static void join(int count, char **words, char *line, size_t size) {
  size_t n = 0;
  line[0] = 0;
  for (int i = 0; i < count && n < size; i++) n += (size_t)snprintf(line + n, size - n, i ? " %s" : "%s", words[i]);
}

static void send_descriptor(int over, int fd) {
  char byte = 'd', control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(over, &message, 0) != 1) probe_die("sendmsg");
}

static int receive_descriptor(int over) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd = -1;
  if (recvmsg(over, &message, MSG_CMSG_CLOEXEC) == 1) memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

// how: fork (the call in the child), exec (inherited through exec), pass (SCM_RIGHTS), pidfd (pidfd_getfd).
static void elsewhere(const char *how, int count, char **words, char *result, size_t size) {
  int output[2], link[2], fd = *variable(words[1]);
  if (pipe2(output, O_CLOEXEC) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, link) != 0) probe_die("pipe");
  pid_t child = fork();
  if (child == 0) {
    if (strcmp(how, "fork") == 0) {
      run(count, words, result, size);
      _exit(write(output[1], result, strlen(result)) < 0);
    }
    char line[512], number[16];
    join(count, words, line, sizeof line);
    snprintf(number, sizeof number, "%d", strcmp(how, "pass") == 0 ? link[1] : fd);
    if (strcmp(how, "exec") == 0) fcntl(fd, F_SETFD, 0);
    dup2(output[1], 1);
    execl("/proc/self/exe", "ioctl", "--adopt", how, number, words[1], line, NULL);
    _exit(126);
  }
  close(output[1]);
  if (strcmp(how, "pass") == 0) send_descriptor(link[0], fd);
  read_all(output[0], child, result, size);
  close(output[0]);
  close(link[0]);
  close(link[1]);
}

static int adopt(char **argv) {
  int number = atoi(argv[3]), fd = number;
  if (strcmp(argv[2], "pass") == 0) fd = receive_descriptor(number);
  if (strcmp(argv[2], "pidfd") == 0) {
    int of = (int)syscall(SYS_pidfd_open, getppid(), 0);
    fd = (int)syscall(SYS_pidfd_getfd, of, number, 0);
  }
  set(argv[4], fd);
  char *words[64], result[1024] = "";
  run(split(argv[5], words, 64), words, result, sizeof result);
  probe_say("%s", result);
  return 0;
}

// --- commands

static int entries(const char *folder) {
  DIR *opened = opendir(folder);
  int n = 0;
  while (opened && readdir(opened)) n++;
  n -= 2;  // . and ..
  if (opened) closedir(opened);
  return n;
}

static void peer(int fd, char what, char *result, size_t size) {
  if (send(fd, &what, 1, MSG_NOSIGNAL) != 1) probe_die("peer");
  struct pollfd polled = {fd, what == 'r' ? 0 : POLLRDHUP, 0};
  poll(&polled, 1, 30000);
  char byte;
  ssize_t n = recv(fd, &byte, 1, 0);
  snprintf(result, size, "%s", n == 0 ? "end" : n < 0 ? error_name(errno) : "data");
}

static void connect_to(int fd, const char *host, const char *port, char *result, size_t size) {
  struct sockaddr_storage to;
  socklen_t length = probe_address(host, port, &to);
  int outcome = connect(fd, (struct sockaddr *)&to, length);
  snprintf(result, size, "%s", outcome == 0 ? "connected" : error_name(errno));
}

// S10.6: what strace shows between the two marks is what the program asked for.
static void data_path(int fd, char *result, size_t size) {
  char bytes[4] = {0};
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  int sent = 0;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  getppid();
  for (int i = 0; i < 5; i++) {
    sent += send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) == 4;
    sent += sendto(fd, bytes, sizeof bytes, MSG_NOSIGNAL, NULL, 0) == 4;
    sent += sendmsg(fd, &message, MSG_NOSIGNAL) == 4;
    sent += write(fd, bytes, sizeof bytes) == 4;
    sent += read(fd, bytes, sizeof bytes) < 0;
    sent += recv(fd, bytes, sizeof bytes, 0) < 0;
    sent += recvmsg(fd, &message, 0) < 0;
  }
  getppid();
  snprintf(result, size, "done %d", sent);
}

// With no descriptor left to open: what the shim opens for itself must not be missing.
static void limited(int count, char **words, char *result, size_t size) {
  struct rlimit before, none;
  getrlimit(RLIMIT_NOFILE, &before);
  none = (struct rlimit){3, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  run(count, words, result, size);
  setrlimit(RLIMIT_NOFILE, &before);
}

static int run(int count, char **words, char *result, size_t size) {
  const char *what = words[0];
  snprintf(result, size, "ok");
  int *v = count > 1 ? variable(words[1]) : NULL;
  if (strlen(what) == 1) {  // R, C, S
    int fd = v ? *v : socket_of_kind(words[1]);
    if (fd == -2) return snprintf(result, size, "unsupported %s", error_name(errno));
    run_call(what[0], fd, count - 2, words + 2, result, size);
    if (!v && fd >= 0 && fd < 900000) close(fd);
  } else if (strcmp(what, "accept") == 0) {
    set(words[1], accept(listener, NULL, NULL));
  } else if (strcmp(what, "raw-accept") == 0) {
    set(words[1], (int)syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC));
  } else if (strcmp(what, "drain") == 0) {
    struct linger now = {1, 0};  // no TIME_WAIT: thousands of them would take the namespace's ports
    for (int i = atoi(words[1]); i > 0; i--) {
      int fd = accept(listener, NULL, NULL);
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(fd);
    }
  } else if (strcmp(what, "new") == 0) {
    set(words[1], socket_of_kind(words[2]));
  } else if (strcmp(what, "bind") == 0) {
    struct sockaddr_storage at;
    socklen_t length = probe_address(words[2], "0", &at);
    if (bind(*v, (struct sockaddr *)&at, length) != 0) snprintf(result, size, "%s", error_name(errno));
  } else if (strcmp(what, "connect") == 0) {
    connect_to(*v, words[2], words[3], result, size);
  } else if (strcmp(what, "dup") == 0) {
    set(words[2], dup(*v));
  } else if (strcmp(what, "dup2") == 0) {
    set(words[2], dup2(*v, 300));
  } else if (strcmp(what, "fcntl") == 0) {
    set(words[2], fcntl(*v, F_DUPFD_CLOEXEC, 400));
  } else if (strcmp(what, "close") == 0) {
    close(*v);
  } else if (strcmp(what, "peer") == 0) {
    peer(*v, words[2][0], result, size);
  } else if (strcmp(what, "threads") == 0) {
    threads(count - 1, words + 1, result, size);
  } else if (strcmp(what, "limit") == 0) {
    limited(count - 1, words + 1, result, size);
  } else if (strcmp(what, "refuse") == 0) {
    probe_refuse(words[1], words[2]);
  } else if (strcmp(what, "race") == 0) {
    int *on = variable(words[2]);
    run_race(words[1][0], on ? *on : socket_of_kind(words[2]), result, size);
  } else if (strcmp(what, "data") == 0) {
    data_path(*v, result, size);
  } else if (strcmp(what, "count") == 0) {
    snprintf(result, size, "descriptors %d threads %d", entries("/proc/self/fd"), entries("/proc/self/task"));
  } else if (strcmp(what, "hex") == 0) {
    for (size_t i = 0; i < records_size && 2 * i + 3 < size; i++) snprintf(result + 2 * i, 3, "%02x", records[i]);
  } else if (!run_stream(listener, count, words, result, size)) {
    elsewhere(what, count - 1, words + 1, result, size);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 5 && strcmp(argv[1], "--adopt") == 0) return adopt(argv);
  if (argc > 2 && strcmp(argv[1], "--clean") == 0) {
    close_range(3, ~0u, 0);
    argv[1] = argv[0];
    execv("/proc/self/exe", argv + 1);
  }
  if (argc < 2) return 2;
  uint16_t port;
  listener = probe_listen(argv[1], "0", 0, &port);
  probe_say("listening %u", port);
  for (int i = 2; i < argc; i++) {
    static char result[16384];
    char *words[64], *line = strdup(argv[i]);
    int count = split(line, words, 64);
    if (count > 0) run(count, words, result, sizeof result);
    probe_say("%s", result);
    free(line);
  }
  return 0;
}
