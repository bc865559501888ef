// P1: what a preload adds to the start of /bin/true: `spawn RUNS PRELOAD...`, each started in turn; `-` is none,
// `+FILE` is FILE with the environment's WFPSHIM_ENGINE. One line: for each the median of posix_spawn to waitpid in us.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double start_once(const char *preload) {
  char variable[4096], engine[4096];
  char *none = NULL, *environment[] = {none, none, none}, *arguments[] = {"/bin/true", NULL};
  int with_engine = preload[0] == '+';
  if (preload[0] != '-') {
    snprintf(variable, sizeof variable, "LD_PRELOAD=%s", preload + with_engine);
    environment[0] = variable;
  }
  // The others are told one that is not there: the user may have an engine of his own.
  snprintf(engine, sizeof engine, "WFPSHIM_ENGINE=%s%s", getenv("WFPSHIM_ENGINE"), with_engine ? "" : ".none");
  environment[!!environment[0]] = engine;
  struct timespec before, after;
  pid_t child;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &before);
  if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environment) != 0) exit(1);
  if (waitpid(child, &status, 0) < 0 || status != 0) exit(1);
  clock_gettime(CLOCK_MONOTONIC, &after);
  return (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int runs = atoi(argv[1]), variants = argc - 2;
  double *times = calloc((size_t)(runs * variants), sizeof *times);
  for (int run = 0; run < runs; run++)
    for (int i = 0; i < variants; i++) times[i * runs + run] = start_once(argv[2 + i]);
  for (int i = 0; i < variants; i++) {
    qsort(times + i * runs, (size_t)runs, sizeof *times, by_value);
    printf("%.3f%c", times[i * runs + runs / 2], i + 1 < variants ? ' ' : '\n');
  }
  return 0;
}
