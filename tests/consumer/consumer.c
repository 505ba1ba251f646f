/* consumer.c: a C11 program that uses fastnn through its C ABI alone. It computes a convolution and its gradients with
 * the functions of ops.h, compares them with the loops written out here, and sees a wrong call refused with a status and
 * a sentence. Exit code 0 when all agree. */
#include <fastnn/fastnn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 2, HEIGHT = 7, WIDTH = 6, CHANNELS = 3, KERNEL = 3, OUT = 5 };
enum { OUT_HEIGHT = HEIGHT - KERNEL + 1, OUT_WIDTH = WIDTH - KERNEL + 1 };
enum {
  X_COUNT = BATCH * HEIGHT * WIDTH * CHANNELS,
  W_COUNT = KERNEL * KERNEL * CHANNELS * OUT,
  Y_COUNT = BATCH * OUT_HEIGHT * OUT_WIDTH * OUT
};

static const fastnn_dtype float32 = {FASTNN_FLOAT, 32, 1};

/* Numbers in [-1, 1) from a small linear congruential generator. */
static void fill(float* values, int count, uint32_t seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
  }
}

static int x_at(int n, int h, int w, int c) { return ((n * HEIGHT + h) * WIDTH + w) * CHANNELS + c; }
static int w_at(int kh, int kw, int c, int o) { return ((kh * KERNEL + kw) * CHANNELS + c) * OUT + o; }
static int y_at(int n, int h, int w, int o) { return ((n * OUT_HEIGHT + h) * OUT_WIDTH + w) * OUT + o; }

/* y = x * w + b, and from dy: dx, dw; in double. */
static void convolve(const float* x, const float* w, const float* b, const float* dy, double* y, double* dx,
                     double* dw) {
  memset(dx, 0, X_COUNT * sizeof(double));
  memset(dw, 0, W_COUNT * sizeof(double));
  for (int n = 0; n < BATCH; ++n)
    for (int h = 0; h < OUT_HEIGHT; ++h)
      for (int v = 0; v < OUT_WIDTH; ++v)
        for (int o = 0; o < OUT; ++o) {
          double sum = b[o];
          double gradient = dy[y_at(n, h, v, o)];
          for (int kh = 0; kh < KERNEL; ++kh)
            for (int kw = 0; kw < KERNEL; ++kw)
              for (int c = 0; c < CHANNELS; ++c) {
                int at = x_at(n, h + kh, v + kw, c);
                int tap = w_at(kh, kw, c, o);
                sum += (double)x[at] * w[tap];
                dx[at] += gradient * w[tap];
                dw[tap] += gradient * x[at];
              }
          y[y_at(n, h, v, o)] = sum;
        }
}

static int differs(const char* name, const float* got, const double* expected, int count) {
  for (int i = 0; i < count; ++i) {
    if (!(fabs(got[i] - expected[i]) <= 1e-4)) {
      printf("%s[%d]: expected %.9g, got %.9g\n", name, i, expected[i], got[i]);
      return 1;
    }
  }
  printf("%s agrees\n", name);
  return 0;
}

static int failed(const char* what, fastnn_status status) {
  if (status != FASTNN_OK) printf("%s: status %d: %s\n", what, (int)status, fastnn_last_error());
  return status != FASTNN_OK;
}

int main(void) {
  static float x[X_COUNT], w[W_COUNT], b[OUT], dy[Y_COUNT], y[Y_COUNT], dx[X_COUNT], dw[W_COUNT];
  static double expected_y[Y_COUNT], expected_dx[X_COUNT], expected_dw[W_COUNT];
  fill(x, X_COUNT, 1);
  fill(w, W_COUNT, 2);
  fill(b, OUT, 3);
  fill(dy, Y_COUNT, 4);
  convolve(x, w, b, dy, expected_y, expected_dx, expected_dw);

  const int64_t x_shape[] = {BATCH, HEIGHT, WIDTH, CHANNELS};
  const int64_t w_shape[] = {KERNEL, KERNEL, CHANNELS, OUT};
  const int64_t b_shape[] = {OUT};
  const int64_t y_shape[] = {BATCH, OUT_HEIGHT, OUT_WIDTH, OUT};
  fastnn_tensor tx = fastnn_tensor_from_host(x, float32, 4, x_shape);
  fastnn_tensor tw = fastnn_tensor_from_host(w, float32, 4, w_shape);
  fastnn_tensor tb = fastnn_tensor_from_host(b, float32, 1, b_shape);
  fastnn_tensor ty = fastnn_tensor_from_host(y, float32, 4, y_shape);
  fastnn_tensor tdy = fastnn_tensor_from_host(dy, float32, 4, y_shape);
  fastnn_tensor tdx = fastnn_tensor_from_host(dx, float32, 4, x_shape);
  fastnn_tensor tdw = fastnn_tensor_from_host(dw, float32, 4, w_shape);

  if (fastnn_abi_version() != FASTNN_ABI_VERSION) {
    printf("library and header speak different versions\n");
    return 1;
  }
  fastnn_context context;
  fastnn_context_init(&context, sizeof context);
  printf("fastnn %s\n", fastnn_version());

  if (failed("conv2d", fastnn_conv2d(&context, &tx, &tw, &tb, &ty, NULL))) return 1;
  fastnn_conv2d_backward_input_attributes attributes = fastnn_conv2d_backward_input_attributes_default();
  if (failed("dx", fastnn_conv2d_backward_input(&context, &tdy, &tw, &tx, &tdx, &attributes, 0))) return 1;
  if (failed("dw", fastnn_conv2d_backward_weight(&context, &tx, &tdy, &tw, &tdw, NULL, 0))) return 1;
  if (differs("y", y, expected_y, Y_COUNT) || differs("dx", dx, expected_dx, X_COUNT) ||
      differs("dw", dw, expected_dw, W_COUNT))
    return 1;

  /* bit 0 of accumulate: the gradient is added to what the first output holds */
  if (failed("dw", fastnn_conv2d_backward_weight(&context, &tx, &tdy, &tw, &tdw, NULL, 1))) return 1;
  for (int i = 0; i < W_COUNT; ++i) expected_dw[i] *= 2;
  if (differs("dw, accumulated", dw, expected_dw, W_COUNT)) return 1;

  /* a kernel with the wrong number of channels is refused before any work */
  const int64_t wrong_shape[] = {KERNEL, KERNEL, CHANNELS + 1, OUT};
  static float wrong[KERNEL * KERNEL * (CHANNELS + 1) * OUT];
  fastnn_tensor twrong = fastnn_tensor_from_host(wrong, float32, 4, wrong_shape);
  y[0] = 42.0f;
  fastnn_status status = fastnn_conv2d(&context, &tx, &twrong, &tb, &ty, NULL);
  if (status != FASTNN_INVALID_VALUE || strstr(fastnn_last_error(), "conv2d: expected") == NULL || y[0] != 42.0f) {
    printf("a wrong weight: status %d, error \"%s\"\n", (int)status, fastnn_last_error());
    return 1;
  }
  printf("refused: %s\n", fastnn_last_error());
  return 0;
}
