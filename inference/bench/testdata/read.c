/* Times reading of memory for ../read.go: run with a number of threads, it reads lines "BYTES SECONDS" and answers each with the shortest time in
 * seconds in which the threads together read BYTES once, over passes that last SECONDS together and are 3 or more of each way of reading:
 * in one stream or several at once, the memory ahead asked for or not. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef long long lane __attribute__((vector_size(32)));

enum { line = 64, most_threads = 64 };
static char *memory;
static size_t bytes;
static int threads, streams, ahead;
static pthread_barrier_t start, end;
static volatile long long sink[most_threads * 8];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* pass reads the part of one thread. */
static void pass(int thread) {
  size_t part = bytes / threads / streams / line * line;
  char *from = memory + part * streams * thread;
  lane sum[2] = {{0}};
  for (size_t i = 0; i < part; i += line)
    for (int s = 0; s < streams; s++) {
      char *p = from + s * part + i;
      if (ahead) __builtin_prefetch(p + ahead);
      sum[0] += *(lane *)p, sum[1] += *(lane *)(p + 32);
    }
  sum[0] += sum[1];
  sink[thread * 8] = sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3];
}

static void *helper(void *thread) {
  for (;;) {
    pthread_barrier_wait(&start);
    pass((int)(size_t)thread);
    pthread_barrier_wait(&end);
  }
}

int main(int argc, char **argv) {
  static const struct { int streams, ahead; } ways[] = {{1, 0}, {1, 512}, {2, 0}, {4, 0}, {4, 1024}, {8, 0}, {8, 1024}};
  threads = argc > 1 ? atoi(argv[1]) : 1;
  if (threads < 1 || threads > most_threads) return 1;
  pthread_barrier_init(&start, NULL, threads), pthread_barrier_init(&end, NULL, threads);
  for (size_t t = 1; t < (size_t)threads; t++) {
    pthread_t id;
    if (pthread_create(&id, NULL, helper, (void *)t) != 0) return 1;
  }
  double seconds;
  size_t had = 0;
  while (scanf("%zu %lf", &bytes, &seconds) == 2) {
    if (bytes > had) {
      if (had > 0) munmap(memory, had + 4096);
      memory = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) return 1;
      madvise(memory, bytes, MADV_HUGEPAGE);
      memset(memory, 1, bytes);
      had = bytes;
    }
    double best = 1e9, began = now();
    for (int runs = 0; runs < 3 || now() - began < seconds; runs++)
      for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        streams = ways[w].streams, ahead = ways[w].ahead;
        double before = now();
        if (threads > 1) pthread_barrier_wait(&start);
        pass(0);
        if (threads > 1) pthread_barrier_wait(&end);
        double took = now() - before;
        if (took < best) best = took;
      }
    printf("%.9f\n", best);
    fflush(stdout);
  }
  return 0;
}
