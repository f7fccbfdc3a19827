/* Times OpenBLAS for ../openblas.go: run with the path of the library (and "cpu", to count processor time), it reads lines "s|d N SECONDS" and answers
 * each with the shortest time in seconds of one product of N x N matrices, over runs that last SECONDS together. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void (*sgemm_t)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void (*dgemm_t)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);

static clockid_t wall = CLOCK_MONOTONIC;

static double now(void) {
  struct timespec t;
  clock_gettime(wall, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
  enum { row_major = 101, no_trans = 111 };
  void *lib = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (lib == NULL) return fprintf(stderr, "%s\n", dlerror()), 1;
  if (argc > 2) wall = CLOCK_PROCESS_CPUTIME_ID;
  sgemm_t sgemm = (sgemm_t)dlsym(lib, "cblas_sgemm");
  dgemm_t dgemm = (dgemm_t)dlsym(lib, "cblas_dgemm");
  char *(*config)(void) = (char *(*)(void))dlsym(lib, "openblas_get_config");
  if (sgemm == NULL || dgemm == NULL) return fprintf(stderr, "no cblas_sgemm in %s\n", argv[1]), 1;
  printf("%s\n", config != NULL ? config() : "OpenBLAS");
  fflush(stdout);
  char type;
  int n;
  double budget;
  while (scanf(" %c %d %lf", &type, &n, &budget) == 3) {
    size_t size = (size_t)n * n * (type == 's' ? sizeof(float) : sizeof(double));
    void *a = aligned_alloc(64, (size + 63) / 64 * 64), *b = aligned_alloc(64, (size + 63) / 64 * 64), *c = aligned_alloc(64, (size + 63) / 64 * 64);
    if (a == NULL || b == NULL || c == NULL) return 1;
    for (size_t i = 0; i < (size_t)n * n; i++) {
      double x = (double)(i * 7919 % 1000) / 500 - 1, y = (double)(i * 104729 % 1000) / 500 - 1;
      if (type == 's') ((float *)a)[i] = x, ((float *)b)[i] = y;
      else ((double *)a)[i] = x, ((double *)b)[i] = y;
    }
    double best = 1e9, start = now();
    for (int runs = 0; runs < 3 || now() - start < budget; runs++) {
      double before = now();
      if (type == 's') sgemm(row_major, no_trans, no_trans, n, n, n, 1, a, n, b, n, 0, c, n);
      else dgemm(row_major, no_trans, no_trans, n, n, n, 1, a, n, b, n, 0, c, n);
      double took = now() - before;
      if (took < best) best = took;
    }
    printf("%.9f\n", best);
    fflush(stdout);
    free(a), free(b), free(c);
  }
  return 0;
}
