/* ops.h: one function per op. Made by csrc/ops/generate.py from csrc/ops/schema.toml; change those.
 *
 * Attributes may be NULL: the defaults then hold. Outputs are filled in by fastnn_infer or by hand and must
 * match what the op infers. An optional tensor may be NULL. fastnn.h has the generic form of these calls.
 */
#ifndef FASTNN_OPS_H
#define FASTNN_OPS_H

#include "fastnn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fastnn_list {
  int64_t length;
  int64_t values[FASTNN_MAX_RANK];
} fastnn_list;

/* Matrix product ``y = op(a) @ op(b)``, where op transposes when asked to.
 *   in  a: (m, k), or (k, m) when transpose_a
 *   in  b: (k, n), or (n, k) when transpose_b
 *   out y: (m, n)
 */
typedef struct fastnn_gemm_attributes {
  size_t struct_size;
  int64_t transpose_a; /* use the transpose of a */
  int64_t transpose_b; /* use the transpose of b */
} fastnn_gemm_attributes;

static inline fastnn_gemm_attributes fastnn_gemm_attributes_default(void) {
  fastnn_gemm_attributes attributes = {sizeof(fastnn_gemm_attributes), 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_gemm(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_gemm_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "gemm";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Dense layer ``y = activation(x @ weight + bias)``.
 *   in  x: (..., in)
 *   in  weight: (in, out)
 *   in  bias: (out,) (optional)
 *   out y: (..., out)
 */
enum { FASTNN_LINEAR_ACTIVATION_LINEAR = 0, FASTNN_LINEAR_ACTIVATION_RELU = 1 };
typedef struct fastnn_linear_attributes {
  size_t struct_size;
  int64_t activation; /* applied to the sum */
} fastnn_linear_attributes;

static inline fastnn_linear_attributes fastnn_linear_attributes_default(void) {
  fastnn_linear_attributes attributes = {sizeof(fastnn_linear_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_linear(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_linear_attributes* attributes) {
  static const char name[] = "linear";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* Two-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.
 *   in  x: (batch, height, width, channels)
 *   in  weight: (kh, kw, channels / groups, out)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_height, out_width, out)
 */
enum { FASTNN_CONV2D_PADDING_VALID = 0, FASTNN_CONV2D_PADDING_SAME = 1, FASTNN_CONV2D_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV2D_ACTIVATION_LINEAR = 0, FASTNN_CONV2D_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv2d_attributes {
  size_t struct_size;
  int64_t strides[2]; /* step of the window, (height, width) */
  int64_t padding; /* 'same' keeps ceil(size / stride) and puts the odd one at the bottom and right */
  int64_t pads[4]; /* top, bottom, left, right; with padding='explicit' only */
  int64_t dilation[2]; /* distance between the taps of the kernel */
  int64_t groups; /* independent groups of channels */
  int64_t activation; /* applied to the sum */
} fastnn_conv2d_attributes;

static inline fastnn_conv2d_attributes fastnn_conv2d_attributes_default(void) {
  fastnn_conv2d_attributes attributes = {sizeof(fastnn_conv2d_attributes), {1, 1}, 0, {0, 0, 0, 0}, {1, 1}, 1, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv2d(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv2d_attributes* attributes) {
  static const char name[] = "conv2d";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* Gradient of conv2d with respect to its input.
 *   in  dy: (batch, out_height, out_width, out)
 *   in  weight: (kh, kw, channels / groups, out)
 *   in  x: (batch, height, width, channels) (only its shape is used)
 *   out dx: (batch, height, width, channels)
 */
enum { FASTNN_CONV2D_BACKWARD_INPUT_PADDING_VALID = 0, FASTNN_CONV2D_BACKWARD_INPUT_PADDING_SAME = 1, FASTNN_CONV2D_BACKWARD_INPUT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv2d_backward_input_attributes {
  size_t struct_size;
  int64_t strides[2]; /* as in conv2d */
  int64_t padding; /* as in conv2d */
  int64_t pads[4]; /* as in conv2d */
  int64_t dilation[2]; /* as in conv2d */
  int64_t groups; /* as in conv2d */
} fastnn_conv2d_backward_input_attributes;

static inline fastnn_conv2d_backward_input_attributes fastnn_conv2d_backward_input_attributes_default(void) {
  fastnn_conv2d_backward_input_attributes attributes = {sizeof(fastnn_conv2d_backward_input_attributes), {1, 1}, 0, {0, 0, 0, 0}, {1, 1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv2d_backward_input(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* weight, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_conv2d_backward_input_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv2d_backward_input";
  const fastnn_tensor* inputs[] = {dy, weight, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Gradient of conv2d with respect to its weight.
 *   in  x: (batch, height, width, channels)
 *   in  dy: (batch, out_height, out_width, out)
 *   in  weight: (kh, kw, channels / groups, out) (only its shape is used)
 *   out dw: (kh, kw, channels / groups, out)
 */
enum { FASTNN_CONV2D_BACKWARD_WEIGHT_PADDING_VALID = 0, FASTNN_CONV2D_BACKWARD_WEIGHT_PADDING_SAME = 1, FASTNN_CONV2D_BACKWARD_WEIGHT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv2d_backward_weight_attributes {
  size_t struct_size;
  int64_t strides[2]; /* as in conv2d */
  int64_t padding; /* as in conv2d */
  int64_t pads[4]; /* as in conv2d */
  int64_t dilation[2]; /* as in conv2d */
  int64_t groups; /* as in conv2d */
} fastnn_conv2d_backward_weight_attributes;

static inline fastnn_conv2d_backward_weight_attributes fastnn_conv2d_backward_weight_attributes_default(void) {
  fastnn_conv2d_backward_weight_attributes attributes = {sizeof(fastnn_conv2d_backward_weight_attributes), {1, 1}, 0, {0, 0, 0, 0}, {1, 1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv2d_backward_weight(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* dy, const fastnn_tensor* weight, fastnn_tensor* dw, const fastnn_conv2d_backward_weight_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv2d_backward_weight";
  const fastnn_tensor* inputs[] = {x, dy, weight};
  fastnn_tensor* outputs[] = {dw};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Maximum over windows. NaN propagates; padding never wins. index is the tap of the maximum within its window,
 * kept for the gradient: uint8, or int32 for windows of more than 256 taps.
 *   in  x: (batch, height, width, channels)
 *   out y: (batch, out_height, out_width, channels)
 *   out index: (batch, out_height, out_width, channels) (optional)
 */
enum { FASTNN_MAX_POOL2D_PADDING_VALID = 0, FASTNN_MAX_POOL2D_PADDING_SAME = 1, FASTNN_MAX_POOL2D_PADDING_EXPLICIT = 2 };
typedef struct fastnn_max_pool2d_attributes {
  size_t struct_size;
  int64_t pool_size[2]; /* size of the window, (height, width) */
  int64_t strides[2]; /* step of the window */
  int64_t padding; /* as in conv2d */
  int64_t pads[4]; /* top, bottom, left, right; with padding='explicit' only */
} fastnn_max_pool2d_attributes;

static inline fastnn_max_pool2d_attributes fastnn_max_pool2d_attributes_default(void) {
  fastnn_max_pool2d_attributes attributes = {sizeof(fastnn_max_pool2d_attributes), {2, 2}, {2, 2}, 0, {0, 0, 0, 0}};
  return attributes;
}

static inline fastnn_status fastnn_max_pool2d(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, fastnn_tensor* index, const fastnn_max_pool2d_attributes* attributes) {
  static const char name[] = "max_pool2d";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y, index};
  return fastnn_run_named(context, name, inputs, 1, outputs, 2, attributes, 0);
}

/* Gradient of max_pool2d: every dy goes to the tap that index names; overlapping windows add.
 *   in  dy: (batch, out_height, out_width, channels)
 *   in  index: (batch, out_height, out_width, channels)
 *   in  x: (batch, height, width, channels) (only its shape is used)
 *   out dx: (batch, height, width, channels)
 */
enum { FASTNN_MAX_POOL2D_BACKWARD_PADDING_VALID = 0, FASTNN_MAX_POOL2D_BACKWARD_PADDING_SAME = 1, FASTNN_MAX_POOL2D_BACKWARD_PADDING_EXPLICIT = 2 };
typedef struct fastnn_max_pool2d_backward_attributes {
  size_t struct_size;
  int64_t pool_size[2]; /* as in max_pool2d */
  int64_t strides[2]; /* as in max_pool2d */
  int64_t padding; /* as in max_pool2d */
  int64_t pads[4]; /* as in max_pool2d */
} fastnn_max_pool2d_backward_attributes;

static inline fastnn_max_pool2d_backward_attributes fastnn_max_pool2d_backward_attributes_default(void) {
  fastnn_max_pool2d_backward_attributes attributes = {sizeof(fastnn_max_pool2d_backward_attributes), {2, 2}, {2, 2}, 0, {0, 0, 0, 0}};
  return attributes;
}

static inline fastnn_status fastnn_max_pool2d_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* index, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_max_pool2d_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "max_pool2d_backward";
  const fastnn_tensor* inputs[] = {dy, index, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* ``y = max(x, 0)``; NaN stays NaN.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_relu_attributes {
  size_t struct_size;
} fastnn_relu_attributes;

static inline fastnn_relu_attributes fastnn_relu_attributes_default(void) {
  fastnn_relu_attributes attributes = {sizeof(fastnn_relu_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_relu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_relu_attributes* attributes) {
  static const char name[] = "relu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of relu from its output: ``dx = dy`` where ``y > 0``, else 0.
 *   in  dy: as y
 *   in  y: (...)
 *   out dx: as y
 */
typedef struct fastnn_relu_backward_attributes {
  size_t struct_size;
} fastnn_relu_backward_attributes;

static inline fastnn_relu_backward_attributes fastnn_relu_backward_attributes_default(void) {
  fastnn_relu_backward_attributes attributes = {sizeof(fastnn_relu_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_relu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* y, fastnn_tensor* dx, const fastnn_relu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "relu_backward";
  const fastnn_tensor* inputs[] = {dy, y};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = exp(x - max(x)) / sum(exp(x - max(x)))`` along one axis; softmax(-inf) is 0.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_softmax_attributes {
  size_t struct_size;
  int64_t axis; /* the axis that sums to one */
} fastnn_softmax_attributes;

static inline fastnn_softmax_attributes fastnn_softmax_attributes_default(void) {
  fastnn_softmax_attributes attributes = {sizeof(fastnn_softmax_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_softmax(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_softmax_attributes* attributes) {
  static const char name[] = "softmax";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of softmax from its output: ``dx = y * (dy - sum(dy * y))``.
 *   in  dy: as y
 *   in  y: (...)
 *   out dx: as y
 */
typedef struct fastnn_softmax_backward_attributes {
  size_t struct_size;
  int64_t axis; /* as in softmax */
} fastnn_softmax_backward_attributes;

static inline fastnn_softmax_backward_attributes fastnn_softmax_backward_attributes_default(void) {
  fastnn_softmax_backward_attributes attributes = {sizeof(fastnn_softmax_backward_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_softmax_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* y, fastnn_tensor* dx, const fastnn_softmax_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "softmax_backward";
  const fastnn_tensor* inputs[] = {dy, y};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Cross-entropy of softmax(logits) against labels, one loss per sample: ``logsumexp(logits) - logits[label]`` for
 * integer labels, ``sum(labels * (logsumexp(logits) - logits))`` for a distribution. Labels out of range are
 * refused.
 *   in  logits: (..., classes)
 *   in  labels: (...) of uint8, int32 or int64, or (..., classes) of the dtype of logits
 *   out loss: (...)
 *   out probabilities: (..., classes) (optional)
 */
typedef struct fastnn_softmax_cross_entropy_attributes {
  size_t struct_size;
} fastnn_softmax_cross_entropy_attributes;

static inline fastnn_softmax_cross_entropy_attributes fastnn_softmax_cross_entropy_attributes_default(void) {
  fastnn_softmax_cross_entropy_attributes attributes = {sizeof(fastnn_softmax_cross_entropy_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softmax_cross_entropy(const fastnn_context* context, const fastnn_tensor* logits, const fastnn_tensor* labels, fastnn_tensor* loss, fastnn_tensor* probabilities, const fastnn_softmax_cross_entropy_attributes* attributes) {
  static const char name[] = "softmax_cross_entropy";
  const fastnn_tensor* inputs[] = {logits, labels};
  fastnn_tensor* outputs[] = {loss, probabilities};
  return fastnn_run_named(context, name, inputs, 2, outputs, 2, attributes, 0);
}

/* Gradient of softmax_cross_entropy: ``dlogits = dloss * (probabilities * sum(labels) - labels)``.
 *   in  dloss: (...)
 *   in  probabilities: (..., classes)
 *   in  labels: as in softmax_cross_entropy
 *   out dlogits: (..., classes)
 */
typedef struct fastnn_softmax_cross_entropy_backward_attributes {
  size_t struct_size;
} fastnn_softmax_cross_entropy_backward_attributes;

static inline fastnn_softmax_cross_entropy_backward_attributes fastnn_softmax_cross_entropy_backward_attributes_default(void) {
  fastnn_softmax_cross_entropy_backward_attributes attributes = {sizeof(fastnn_softmax_cross_entropy_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softmax_cross_entropy_backward(const fastnn_context* context, const fastnn_tensor* dloss, const fastnn_tensor* probabilities, const fastnn_tensor* labels, fastnn_tensor* dlogits, const fastnn_softmax_cross_entropy_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "softmax_cross_entropy_backward";
  const fastnn_tensor* inputs[] = {dloss, probabilities, labels};
  fastnn_tensor* outputs[] = {dlogits};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* 1 where the first largest prediction is the label, else 0; labels are integers or one-hot.
 *   in  predictions: (..., classes)
 *   in  labels: (...) of uint8, int32 or int64, or (..., classes) of the dtype of predictions
 *   out matches: (...)
 */
typedef struct fastnn_categorical_accuracy_attributes {
  size_t struct_size;
} fastnn_categorical_accuracy_attributes;

static inline fastnn_categorical_accuracy_attributes fastnn_categorical_accuracy_attributes_default(void) {
  fastnn_categorical_accuracy_attributes attributes = {sizeof(fastnn_categorical_accuracy_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_categorical_accuracy(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* labels, fastnn_tensor* matches, const fastnn_categorical_accuracy_attributes* attributes) {
  static const char name[] = "categorical_accuracy";
  const fastnn_tensor* inputs[] = {predictions, labels};
  fastnn_tensor* outputs[] = {matches};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a + b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_add_attributes {
  size_t struct_size;
} fastnn_add_attributes;

static inline fastnn_add_attributes fastnn_add_attributes_default(void) {
  fastnn_add_attributes attributes = {sizeof(fastnn_add_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_add(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_add_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "add";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = a - b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_subtract_attributes {
  size_t struct_size;
} fastnn_subtract_attributes;

static inline fastnn_subtract_attributes fastnn_subtract_attributes_default(void) {
  fastnn_subtract_attributes attributes = {sizeof(fastnn_subtract_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_subtract(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_subtract_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "subtract";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = a * b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_multiply_attributes {
  size_t struct_size;
} fastnn_multiply_attributes;

static inline fastnn_multiply_attributes fastnn_multiply_attributes_default(void) {
  fastnn_multiply_attributes attributes = {sizeof(fastnn_multiply_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_multiply(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_multiply_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "multiply";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = a / b`` with broadcasting, by IEEE rules: 1 / 0 is infinity.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_divide_attributes {
  size_t struct_size;
} fastnn_divide_attributes;

static inline fastnn_divide_attributes fastnn_divide_attributes_default(void) {
  fastnn_divide_attributes attributes = {sizeof(fastnn_divide_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_divide(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_divide_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "divide";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Sum over axes, in a fixed order: the bits don't depend on the number of threads.
 *   in  x: (...)
 *   out y: x without the axes, or with ones there when keepdims
 */
typedef struct fastnn_sum_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to sum over; none named means all */
  int64_t keepdims; /* keep the axes with size one */
} fastnn_sum_attributes;

static inline fastnn_sum_attributes fastnn_sum_attributes_default(void) {
  fastnn_sum_attributes attributes = {sizeof(fastnn_sum_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_sum(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_sum_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "sum";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, accumulate);
}

/* Mean over axes; the mean of nothing is NaN.
 *   in  x: (...)
 *   out y: x without the axes, or with ones there when keepdims
 */
typedef struct fastnn_mean_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to average over; none named means all */
  int64_t keepdims; /* keep the axes with size one */
} fastnn_mean_attributes;

static inline fastnn_mean_attributes fastnn_mean_attributes_default(void) {
  fastnn_mean_attributes attributes = {sizeof(fastnn_mean_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_mean(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_mean_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "mean";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, accumulate);
}

/* Gradient of sum: dy spread over the axes of x.
 *   in  dy: the shape of y in sum
 *   in  x: (...) (only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_sum_backward_attributes {
  size_t struct_size;
  fastnn_list axes; /* as in sum */
  int64_t keepdims; /* as in sum */
} fastnn_sum_backward_attributes;

static inline fastnn_sum_backward_attributes fastnn_sum_backward_attributes_default(void) {
  fastnn_sum_backward_attributes attributes = {sizeof(fastnn_sum_backward_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_sum_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_sum_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "sum_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Gradient of mean: dy divided by the number of elements averaged, spread over the axes of x.
 *   in  dy: the shape of y in mean
 *   in  x: (...) (only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_mean_backward_attributes {
  size_t struct_size;
  fastnn_list axes; /* as in mean */
  int64_t keepdims; /* as in mean */
} fastnn_mean_backward_attributes;

static inline fastnn_mean_backward_attributes fastnn_mean_backward_attributes_default(void) {
  fastnn_mean_backward_attributes attributes = {sizeof(fastnn_mean_backward_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_mean_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_mean_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "mean_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Sums x down to a shape that broadcasts to it: the gradient of broadcasting.
 *   in  x: (...)
 *   in  like: a shape that broadcasts to x (only its shape is used)
 *   out y: as like
 */
typedef struct fastnn_sum_to_like_attributes {
  size_t struct_size;
} fastnn_sum_to_like_attributes;

static inline fastnn_sum_to_like_attributes fastnn_sum_to_like_attributes_default(void) {
  fastnn_sum_to_like_attributes attributes = {sizeof(fastnn_sum_to_like_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_sum_to_like(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_sum_to_like_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "sum_to_like";
  const fastnn_tensor* inputs[] = {x, like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* The same elements in C order under another shape; the result shares x's memory. With like, its shape counts.
 *   in  x: (...)
 *   in  like: the wanted shape (optional, only its shape is used)
 *   out y: shape
 */
typedef struct fastnn_reshape_attributes {
  size_t struct_size;
  fastnn_list shape; /* the new shape; one entry may be -1 */
} fastnn_reshape_attributes;

static inline fastnn_reshape_attributes fastnn_reshape_attributes_default(void) {
  fastnn_reshape_attributes attributes = {sizeof(fastnn_reshape_attributes), {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_reshape(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_reshape_attributes* attributes) {
  static const char name[] = "reshape";
  const fastnn_tensor* inputs[] = {x, like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* A part of x, as x[start:stop:step] along each axis; the result shares x's memory. Starts and stops count as in
 * Python; missing axes are whole.
 *   in  x: (...)
 *   out y: by the slices
 */
typedef struct fastnn_slice_attributes {
  size_t struct_size;
  fastnn_list starts; /* first index along each axis */
  fastnn_list stops; /* index after the last; 2**63 - 1 means the end */
  fastnn_list steps; /* distances, positive or negative; -2**63 as a stop means before the first */
} fastnn_slice_attributes;

static inline fastnn_slice_attributes fastnn_slice_attributes_default(void) {
  fastnn_slice_attributes attributes = {sizeof(fastnn_slice_attributes), {0, {0}}, {0, {0}}, {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_slice(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_slice_attributes* attributes) {
  static const char name[] = "slice";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of slice: dy in its place in x's shape. Accumulating touches only that place.
 *   in  dy: the shape of y in slice
 *   in  x: (...) (only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_slice_backward_attributes {
  size_t struct_size;
  fastnn_list starts; /* as in slice */
  fastnn_list stops; /* as in slice */
  fastnn_list steps; /* as in slice */
} fastnn_slice_backward_attributes;

static inline fastnn_slice_backward_attributes fastnn_slice_backward_attributes_default(void) {
  fastnn_slice_backward_attributes attributes = {sizeof(fastnn_slice_backward_attributes), {0, {0}}, {0, {0}}, {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_slice_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_slice_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "slice_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* A contiguous copy, of any dtype; accumulating needs float32 or float64.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_copy_attributes {
  size_t struct_size;
} fastnn_copy_attributes;

static inline fastnn_copy_attributes fastnn_copy_attributes_default(void) {
  fastnn_copy_attributes attributes = {sizeof(fastnn_copy_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_copy(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_copy_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "copy";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, accumulate);
}

/* A tensor like another, every element the same value.
 *   in  like: (...) (only its shape is used)
 *   out y: as like
 */
typedef struct fastnn_fill_attributes {
  size_t struct_size;
  double value; /* every element */
} fastnn_fill_attributes;

static inline fastnn_fill_attributes fastnn_fill_attributes_default(void) {
  fastnn_fill_attributes attributes = {sizeof(fastnn_fill_attributes), 0.0};
  return attributes;
}

static inline fastnn_status fastnn_fill(const fastnn_context* context, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_fill_attributes* attributes) {
  static const char name[] = "fill";
  const fastnn_tensor* inputs[] = {like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Zeroes each element with probability rate and scales the rest by 1 / (1 - rate). The random number of element i
 * is a function of (seed, stream, step, i) alone (Philox 4x32-10, Salmon et al. 2011).
 *   in  x: (...)
 *   out y: as x
 *   out mask: as x, uint8 (optional)
 */
typedef struct fastnn_dropout_attributes {
  size_t struct_size;
  double rate; /* probability of a zero, in [0, 1) */
  int64_t stream; /* which random stream */
  int64_t seed; /* the seed */
  int64_t step; /* which draw from the stream */
} fastnn_dropout_attributes;

static inline fastnn_dropout_attributes fastnn_dropout_attributes_default(void) {
  fastnn_dropout_attributes attributes = {sizeof(fastnn_dropout_attributes), 0.5, 0, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_dropout(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, fastnn_tensor* mask, const fastnn_dropout_attributes* attributes) {
  static const char name[] = "dropout";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y, mask};
  return fastnn_run_named(context, name, inputs, 1, outputs, 2, attributes, 0);
}

/* Gradient of dropout: ``dx = dy * mask / (1 - rate)``.
 *   in  dy: (...)
 *   in  mask: as dy, uint8
 *   out dx: as dy
 */
typedef struct fastnn_dropout_backward_attributes {
  size_t struct_size;
  double rate; /* as in dropout */
} fastnn_dropout_backward_attributes;

static inline fastnn_dropout_backward_attributes fastnn_dropout_backward_attributes_default(void) {
  fastnn_dropout_backward_attributes attributes = {sizeof(fastnn_dropout_backward_attributes), 0.5};
  return attributes;
}

static inline fastnn_status fastnn_dropout_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* mask, fastnn_tensor* dx, const fastnn_dropout_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "dropout_backward";
  const fastnn_tensor* inputs[] = {dy, mask};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* One step of gradient descent on all parameters. With momentum m: ``v = m * v - learning_rate * g``, then ``w +=
 * v``, or with Nesterov's form ``w += m * v - learning_rate * g``. Keras's formula.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters (variadic)
 *   in  velocities: as parameters; none when momentum is 0 (optional, variadic, updated in place)
 */
typedef struct fastnn_sgd_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double momentum; /* in [0, 1) */
  int64_t nesterov; /* Nesterov's form */
} fastnn_sgd_update_attributes;

static inline fastnn_sgd_update_attributes fastnn_sgd_update_attributes_default(void) {
  fastnn_sgd_update_attributes attributes = {sizeof(fastnn_sgd_update_attributes), 0.01, 0.0, 0};
  return attributes;
}

static inline fastnn_status fastnn_sgd_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* velocities, int64_t count, const fastnn_sgd_update_attributes* attributes) {
  static const char name[] = "sgd_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, velocities};
  return fastnn_run_groups(context, name, groups, 3, count, attributes);
}

/* One step of Adam (Kingma and Ba 2015) on all parameters, by Keras's formula: with t = iterations + 1, ``alpha =
 * learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``, ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) *
 * (1 - beta_2)``, ``w -= alpha * m / (sqrt(v) + epsilon)``. The powers are computed in double.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters (variadic)
 *   in  first_moments: as parameters (variadic, updated in place)
 *   in  second_moments: as parameters (variadic, updated in place)
 */
typedef struct fastnn_adam_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  int64_t iterations; /* steps taken before this one */
  double beta_1; /* decay of the first moment, in [0, 1) */
  double beta_2; /* decay of the second moment, in [0, 1) */
  double epsilon; /* added outside the root */
} fastnn_adam_update_attributes;

static inline fastnn_adam_update_attributes fastnn_adam_update_attributes_default(void) {
  fastnn_adam_update_attributes attributes = {sizeof(fastnn_adam_update_attributes), 0.001, 0, 0.9, 0.999, 1e-07};
  return attributes;
}

static inline fastnn_status fastnn_adam_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* first_moments, fastnn_tensor* const* second_moments, int64_t count, const fastnn_adam_update_attributes* attributes) {
  static const char name[] = "adam_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, first_moments, second_moments};
  return fastnn_run_groups(context, name, groups, 4, count, attributes);
}

/* A running mean: ``total[0] += sum(values)``, ``total[1] += size(values)``, summed in double.
 *   in  total: (2,) of float64 (updated in place)
 *   in  values: (...)
 */
typedef struct fastnn_mean_update_attributes {
  size_t struct_size;
} fastnn_mean_update_attributes;

static inline fastnn_mean_update_attributes fastnn_mean_update_attributes_default(void) {
  fastnn_mean_update_attributes attributes = {sizeof(fastnn_mean_update_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_mean_update(const fastnn_context* context, const fastnn_tensor* total, const fastnn_tensor* values, const fastnn_mean_update_attributes* attributes) {
  static const char name[] = "mean_update";
  const fastnn_tensor* inputs[] = {total, values};
  return fastnn_run_named(context, name, inputs, 2, NULL, 0, attributes, 0);
}

#ifdef __cplusplus
}
#endif

#endif
