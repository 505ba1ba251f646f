/* processes.c: a C11 program that opens the library by hand beside being linked to it, computes on several threads at
 * once, and goes on computing in a forked child while the others still do. Every product has the bits of the first one.
 * Exit code 0 when all agree. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <fastnn/fastnn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 192, THREADS = 3, ROUNDS = 20 };

static float a[SIZE * SIZE], b[SIZE * SIZE], expected[SIZE * SIZE];
static atomic_int wrong, stop;

/* The product of a and b; whether it succeeded, and a product of other shapes was refused on this thread alone. */
static int multiply(float* y) {
  const fastnn_dtype float32 = {FASTNN_FLOAT, 32, 1};
  const int64_t square[] = {SIZE, SIZE}, narrow[] = {SIZE / 2, SIZE};
  fastnn_tensor ta = fastnn_tensor_from_host(a, float32, 2, square);
  fastnn_tensor tb = fastnn_tensor_from_host(b, float32, 2, square);
  fastnn_tensor wrong_b = fastnn_tensor_from_host(b, float32, 2, narrow);
  fastnn_tensor ty = fastnn_tensor_from_host(y, float32, 2, square);
  fastnn_context context;
  fastnn_context_init(&context, sizeof context);
  if (fastnn_gemm(&context, &ta, &wrong_b, &ty, NULL, 0) != FASTNN_INVALID_VALUE) return 0;
  if (strstr(fastnn_last_error(), "gemm: expected") == NULL) return 0;
  return fastnn_gemm(&context, &ta, &tb, &ty, NULL, 0) == FASTNN_OK;
}

static int rounds_agree(void) {
  static _Thread_local float y[SIZE * SIZE];
  for (int i = 0; i < ROUNDS; ++i) {
    memset(y, 0, sizeof y);
    if (!multiply(y) || memcmp(y, expected, sizeof y) != 0) return 0;
  }
  return 1;
}

static void* compute(void* unused) {
  do {
    if (!rounds_agree()) wrong = 1;
  } while (!stop);
  return unused;
}

static int child_agrees(void) {
  const pid_t child = fork();
  if (child == 0) _exit(rounds_agree() ? 0 : 1);
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void) {
  /* ISO C has no conversion between pointers to functions and to objects; POSIX says they are alike */
  const char* (*version)(void);
  *(void**)&version = dlsym(RTLD_DEFAULT, "fastnn_version");
  Dl_info linked;
  if (version == NULL || dladdr(*(void**)&version, &linked) == 0) return 1;
  void* first = dlopen(linked.dli_fname, RTLD_NOW | RTLD_LOCAL);
  void* second = dlopen(linked.dli_fname, RTLD_NOW | RTLD_GLOBAL);
  if (first == NULL || first != second || dlsym(first, "fastnn_version") != *(void**)&version) {
    printf("dlopen: %s\n", first == NULL ? dlerror() : "the library is there twice");
    return 1;
  }
  dlclose(first);
  dlclose(second);

  if (fastnn_set_num_threads(2) != FASTNN_OK) return 1;
  for (int i = 0; i < SIZE * SIZE; ++i) {
    a[i] = (float)(i % 17) - 8.0f;
    b[i] = 1.0f / (float)(i % 13 + 1);
  }
  if (!multiply(expected)) {
    printf("gemm: %s\n", fastnn_last_error());
    return 1;
  }
  if (!child_agrees()) wrong = 1;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; ++i) {
    if (pthread_create(&threads[i], NULL, compute, NULL) != 0) return 1;
  }
  for (int i = 0; i < 5; ++i) {
    if (!child_agrees()) wrong = 1;
  }
  stop = 1;
  for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  printf("threads and children %s\n", wrong ? "differ" : "agree");
  return wrong;
}
