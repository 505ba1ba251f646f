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

/* Matrix product ``y = op(a) @ op(b)``, where op transposes the last two axes when asked to; the axes before them
 * broadcast as NumPy's do.
 *   in  a: (..., m, k), or (..., k, m) when transpose_a
 *   in  b: (..., k, n), or (..., n, k) when transpose_b
 *   out y: (..., m, n)
 */
typedef struct fastnn_gemm_attributes {
  size_t struct_size;
  int64_t transpose_a; /* use the transposes of a */
  int64_t transpose_b; /* use the transposes of b */
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

/* One-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.
 *   in  x: (batch, steps, channels)
 *   in  weight: (k, channels / groups, out)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_steps, out)
 */
enum { FASTNN_CONV1D_PADDING_VALID = 0, FASTNN_CONV1D_PADDING_SAME = 1, FASTNN_CONV1D_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV1D_ACTIVATION_LINEAR = 0, FASTNN_CONV1D_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv1d_attributes {
  size_t struct_size;
  int64_t strides[1]; /* step of the window */
  int64_t padding; /* 'same' keeps ceil(size / stride) and puts the odd one at the end */
  int64_t pads[2]; /* before, after; with padding='explicit' only */
  int64_t dilation[1]; /* distance between the taps of the kernel */
  int64_t groups; /* independent groups of channels */
  int64_t activation; /* applied to the sum */
} fastnn_conv1d_attributes;

static inline fastnn_conv1d_attributes fastnn_conv1d_attributes_default(void) {
  fastnn_conv1d_attributes attributes = {sizeof(fastnn_conv1d_attributes), {1}, 0, {0, 0}, {1}, 1, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv1d(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv1d_attributes* attributes) {
  static const char name[] = "conv1d";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* Gradient of conv1d with respect to its input.
 *   in  dy: (batch, out_steps, out)
 *   in  weight: (k, channels / groups, out)
 *   in  x: (batch, steps, channels) (only its shape is used)
 *   out dx: (batch, steps, channels)
 */
enum { FASTNN_CONV1D_BACKWARD_INPUT_PADDING_VALID = 0, FASTNN_CONV1D_BACKWARD_INPUT_PADDING_SAME = 1, FASTNN_CONV1D_BACKWARD_INPUT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv1d_backward_input_attributes {
  size_t struct_size;
  int64_t strides[1]; /* as in conv1d */
  int64_t padding; /* as in conv1d */
  int64_t pads[2]; /* as in conv1d */
  int64_t dilation[1]; /* as in conv1d */
  int64_t groups; /* as in conv1d */
} fastnn_conv1d_backward_input_attributes;

static inline fastnn_conv1d_backward_input_attributes fastnn_conv1d_backward_input_attributes_default(void) {
  fastnn_conv1d_backward_input_attributes attributes = {sizeof(fastnn_conv1d_backward_input_attributes), {1}, 0, {0, 0}, {1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv1d_backward_input(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* weight, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_conv1d_backward_input_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv1d_backward_input";
  const fastnn_tensor* inputs[] = {dy, weight, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Gradient of conv1d with respect to its weight.
 *   in  x: (batch, steps, channels)
 *   in  dy: (batch, out_steps, out)
 *   in  weight: (k, channels / groups, out) (only its shape is used)
 *   out dw: (k, channels / groups, out)
 */
enum { FASTNN_CONV1D_BACKWARD_WEIGHT_PADDING_VALID = 0, FASTNN_CONV1D_BACKWARD_WEIGHT_PADDING_SAME = 1, FASTNN_CONV1D_BACKWARD_WEIGHT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv1d_backward_weight_attributes {
  size_t struct_size;
  int64_t strides[1]; /* as in conv1d */
  int64_t padding; /* as in conv1d */
  int64_t pads[2]; /* as in conv1d */
  int64_t dilation[1]; /* as in conv1d */
  int64_t groups; /* as in conv1d */
} fastnn_conv1d_backward_weight_attributes;

static inline fastnn_conv1d_backward_weight_attributes fastnn_conv1d_backward_weight_attributes_default(void) {
  fastnn_conv1d_backward_weight_attributes attributes = {sizeof(fastnn_conv1d_backward_weight_attributes), {1}, 0, {0, 0}, {1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv1d_backward_weight(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* dy, const fastnn_tensor* weight, fastnn_tensor* dw, const fastnn_conv1d_backward_weight_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv1d_backward_weight";
  const fastnn_tensor* inputs[] = {x, dy, weight};
  fastnn_tensor* outputs[] = {dw};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* One-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y =
 * activation(y + bias)``. It is the gradient of the input of the conv1d that leads back to x, and its own
 * gradients are that conv1d of dy and conv1d_backward_weight of dy and x.
 *   in  x: (batch, steps, channels)
 *   in  weight: (k, out, channels)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_steps, out)
 */
enum { FASTNN_CONV1D_TRANSPOSE_PADDING_VALID = 0, FASTNN_CONV1D_TRANSPOSE_PADDING_SAME = 1, FASTNN_CONV1D_TRANSPOSE_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV1D_TRANSPOSE_ACTIVATION_LINEAR = 0, FASTNN_CONV1D_TRANSPOSE_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv1d_transpose_attributes {
  size_t struct_size;
  int64_t strides[1]; /* distance between the windows of neighbours */
  int64_t padding; /* sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same' */
  int64_t pads[2]; /* cut off (size - 1) * stride + window: before, after; with padding='explicit' only */
  int64_t dilation[1]; /* distance between the taps of the kernel */
  int64_t output_padding[1]; /* below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride + window % 2 + it; -1 leaves them as padding says */
  int64_t activation; /* applied to the sum */
} fastnn_conv1d_transpose_attributes;

static inline fastnn_conv1d_transpose_attributes fastnn_conv1d_transpose_attributes_default(void) {
  fastnn_conv1d_transpose_attributes attributes = {sizeof(fastnn_conv1d_transpose_attributes), {1}, 0, {0, 0}, {1}, {-1}, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv1d_transpose(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv1d_transpose_attributes* attributes) {
  static const char name[] = "conv1d_transpose";
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

/* Two-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y =
 * activation(y + bias)``. It is the gradient of the input of the conv2d that leads back to x, and its own
 * gradients are that conv2d of dy and conv2d_backward_weight of dy and x.
 *   in  x: (batch, height, width, channels)
 *   in  weight: (kh, kw, out, channels)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_height, out_width, out)
 */
enum { FASTNN_CONV2D_TRANSPOSE_PADDING_VALID = 0, FASTNN_CONV2D_TRANSPOSE_PADDING_SAME = 1, FASTNN_CONV2D_TRANSPOSE_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV2D_TRANSPOSE_ACTIVATION_LINEAR = 0, FASTNN_CONV2D_TRANSPOSE_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv2d_transpose_attributes {
  size_t struct_size;
  int64_t strides[2]; /* distance between the windows of neighbours, (height, width) */
  int64_t padding; /* sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same' */
  int64_t pads[4]; /* cut off (size - 1) * stride + window: top, bottom, left, right; with padding='explicit' only */
  int64_t dilation[2]; /* distance between the taps of the kernel */
  int64_t output_padding[2]; /* below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride + window % 2 + it; -1 leaves them as padding says */
  int64_t activation; /* applied to the sum */
} fastnn_conv2d_transpose_attributes;

static inline fastnn_conv2d_transpose_attributes fastnn_conv2d_transpose_attributes_default(void) {
  fastnn_conv2d_transpose_attributes attributes = {sizeof(fastnn_conv2d_transpose_attributes), {1, 1}, 0, {0, 0, 0, 0}, {1, 1}, {-1, -1}, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv2d_transpose(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv2d_transpose_attributes* attributes) {
  static const char name[] = "conv2d_transpose";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* Three-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.
 *   in  x: (batch, depth, height, width, channels)
 *   in  weight: (kd, kh, kw, channels / groups, out)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_depth, out_height, out_width, out)
 */
enum { FASTNN_CONV3D_PADDING_VALID = 0, FASTNN_CONV3D_PADDING_SAME = 1, FASTNN_CONV3D_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV3D_ACTIVATION_LINEAR = 0, FASTNN_CONV3D_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv3d_attributes {
  size_t struct_size;
  int64_t strides[3]; /* step of the window, (depth, height, width) */
  int64_t padding; /* 'same' keeps ceil(size / stride) and puts the odd one at the end */
  int64_t pads[6]; /* front, back, top, bottom, left, right; with padding='explicit' only */
  int64_t dilation[3]; /* distance between the taps of the kernel */
  int64_t groups; /* independent groups of channels */
  int64_t activation; /* applied to the sum */
} fastnn_conv3d_attributes;

static inline fastnn_conv3d_attributes fastnn_conv3d_attributes_default(void) {
  fastnn_conv3d_attributes attributes = {sizeof(fastnn_conv3d_attributes), {1, 1, 1}, 0, {0, 0, 0, 0, 0, 0}, {1, 1, 1}, 1, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv3d(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv3d_attributes* attributes) {
  static const char name[] = "conv3d";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* Gradient of conv3d with respect to its input.
 *   in  dy: (batch, out_depth, out_height, out_width, out)
 *   in  weight: (kd, kh, kw, channels / groups, out)
 *   in  x: (batch, depth, height, width, channels) (only its shape is used)
 *   out dx: (batch, depth, height, width, channels)
 */
enum { FASTNN_CONV3D_BACKWARD_INPUT_PADDING_VALID = 0, FASTNN_CONV3D_BACKWARD_INPUT_PADDING_SAME = 1, FASTNN_CONV3D_BACKWARD_INPUT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv3d_backward_input_attributes {
  size_t struct_size;
  int64_t strides[3]; /* as in conv3d */
  int64_t padding; /* as in conv3d */
  int64_t pads[6]; /* as in conv3d */
  int64_t dilation[3]; /* as in conv3d */
  int64_t groups; /* as in conv3d */
} fastnn_conv3d_backward_input_attributes;

static inline fastnn_conv3d_backward_input_attributes fastnn_conv3d_backward_input_attributes_default(void) {
  fastnn_conv3d_backward_input_attributes attributes = {sizeof(fastnn_conv3d_backward_input_attributes), {1, 1, 1}, 0, {0, 0, 0, 0, 0, 0}, {1, 1, 1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv3d_backward_input(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* weight, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_conv3d_backward_input_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv3d_backward_input";
  const fastnn_tensor* inputs[] = {dy, weight, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Gradient of conv3d with respect to its weight.
 *   in  x: (batch, depth, height, width, channels)
 *   in  dy: (batch, out_depth, out_height, out_width, out)
 *   in  weight: (kd, kh, kw, channels / groups, out) (only its shape is used)
 *   out dw: (kd, kh, kw, channels / groups, out)
 */
enum { FASTNN_CONV3D_BACKWARD_WEIGHT_PADDING_VALID = 0, FASTNN_CONV3D_BACKWARD_WEIGHT_PADDING_SAME = 1, FASTNN_CONV3D_BACKWARD_WEIGHT_PADDING_EXPLICIT = 2 };
typedef struct fastnn_conv3d_backward_weight_attributes {
  size_t struct_size;
  int64_t strides[3]; /* as in conv3d */
  int64_t padding; /* as in conv3d */
  int64_t pads[6]; /* as in conv3d */
  int64_t dilation[3]; /* as in conv3d */
  int64_t groups; /* as in conv3d */
} fastnn_conv3d_backward_weight_attributes;

static inline fastnn_conv3d_backward_weight_attributes fastnn_conv3d_backward_weight_attributes_default(void) {
  fastnn_conv3d_backward_weight_attributes attributes = {sizeof(fastnn_conv3d_backward_weight_attributes), {1, 1, 1}, 0, {0, 0, 0, 0, 0, 0}, {1, 1, 1}, 1};
  return attributes;
}

static inline fastnn_status fastnn_conv3d_backward_weight(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* dy, const fastnn_tensor* weight, fastnn_tensor* dw, const fastnn_conv3d_backward_weight_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "conv3d_backward_weight";
  const fastnn_tensor* inputs[] = {x, dy, weight};
  fastnn_tensor* outputs[] = {dw};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Three-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y
 * = activation(y + bias)``. It is the gradient of the input of the conv3d that leads back to x, and its own
 * gradients are that conv3d of dy and conv3d_backward_weight of dy and x.
 *   in  x: (batch, depth, height, width, channels)
 *   in  weight: (kd, kh, kw, out, channels)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_depth, out_height, out_width, out)
 */
enum { FASTNN_CONV3D_TRANSPOSE_PADDING_VALID = 0, FASTNN_CONV3D_TRANSPOSE_PADDING_SAME = 1, FASTNN_CONV3D_TRANSPOSE_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV3D_TRANSPOSE_ACTIVATION_LINEAR = 0, FASTNN_CONV3D_TRANSPOSE_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv3d_transpose_attributes {
  size_t struct_size;
  int64_t strides[3]; /* distance between the windows of neighbours, (depth, height, width) */
  int64_t padding; /* sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same' */
  int64_t pads[6]; /* cut off (size - 1) * stride + window: front, back, top, bottom, left, right; with padding='explicit' only */
  int64_t dilation[3]; /* distance between the taps of the kernel */
  int64_t output_padding[3]; /* below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride + window % 2 + it; -1 leaves them as padding says */
  int64_t activation; /* applied to the sum */
} fastnn_conv3d_transpose_attributes;

static inline fastnn_conv3d_transpose_attributes fastnn_conv3d_transpose_attributes_default(void) {
  fastnn_conv3d_transpose_attributes attributes = {sizeof(fastnn_conv3d_transpose_attributes), {1, 1, 1}, 0, {0, 0, 0, 0, 0, 0}, {1, 1, 1}, {-1, -1, -1}, 0};
  return attributes;
}

static inline fastnn_status fastnn_conv3d_transpose(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, const fastnn_conv3d_transpose_attributes* attributes) {
  static const char name[] = "conv3d_transpose";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
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

/* ``max_pool2d(conv2d(x, weight, bias))`` for windows side by side, without the image between them: a window's
 * sums stay at hand until the largest of them is known. The bits are those of the two ops.
 *   in  x: (batch, height, width, channels)
 *   in  weight: (kh, kw, channels, out)
 *   in  bias: (out,) (optional)
 *   out y: (batch, out_height, out_width, out)
 *   out index: (batch, out_height, out_width, out) (optional)
 */
enum { FASTNN_CONV2D_MAX_POOL2D_PADDING_VALID = 0, FASTNN_CONV2D_MAX_POOL2D_PADDING_SAME = 1, FASTNN_CONV2D_MAX_POOL2D_PADDING_EXPLICIT = 2 };
enum { FASTNN_CONV2D_MAX_POOL2D_ACTIVATION_LINEAR = 0, FASTNN_CONV2D_MAX_POOL2D_ACTIVATION_RELU = 1 };
typedef struct fastnn_conv2d_max_pool2d_attributes {
  size_t struct_size;
  int64_t strides[2]; /* as in conv2d */
  int64_t padding; /* as in conv2d */
  int64_t pads[4]; /* as in conv2d */
  int64_t dilation[2]; /* as in conv2d */
  int64_t activation; /* applied to the sum */
  int64_t pool_size[2]; /* size of the windows and distance between them, (height, width); pixels behind the last whole one are left out */
} fastnn_conv2d_max_pool2d_attributes;

static inline fastnn_conv2d_max_pool2d_attributes fastnn_conv2d_max_pool2d_attributes_default(void) {
  fastnn_conv2d_max_pool2d_attributes attributes = {sizeof(fastnn_conv2d_max_pool2d_attributes), {1, 1}, 0, {0, 0, 0, 0}, {1, 1}, 0, {2, 2}};
  return attributes;
}

static inline fastnn_status fastnn_conv2d_max_pool2d(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* weight, const fastnn_tensor* bias, fastnn_tensor* y, fastnn_tensor* index, const fastnn_conv2d_max_pool2d_attributes* attributes) {
  static const char name[] = "conv2d_max_pool2d";
  const fastnn_tensor* inputs[] = {x, weight, bias};
  fastnn_tensor* outputs[] = {y, index};
  return fastnn_run_named(context, name, inputs, 3, outputs, 2, attributes, 0);
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

/* Mean over windows. Padding is left out: a window at the edge is the mean of the elements it meets.
 *   in  x: (batch, height, width, channels)
 *   out y: (batch, out_height, out_width, channels)
 */
enum { FASTNN_AVG_POOL2D_PADDING_VALID = 0, FASTNN_AVG_POOL2D_PADDING_SAME = 1, FASTNN_AVG_POOL2D_PADDING_EXPLICIT = 2 };
typedef struct fastnn_avg_pool2d_attributes {
  size_t struct_size;
  int64_t pool_size[2]; /* size of the window, (height, width) */
  int64_t strides[2]; /* step of the window */
  int64_t padding; /* as in conv2d */
  int64_t pads[4]; /* top, bottom, left, right; with padding='explicit' only */
} fastnn_avg_pool2d_attributes;

static inline fastnn_avg_pool2d_attributes fastnn_avg_pool2d_attributes_default(void) {
  fastnn_avg_pool2d_attributes attributes = {sizeof(fastnn_avg_pool2d_attributes), {2, 2}, {2, 2}, 0, {0, 0, 0, 0}};
  return attributes;
}

static inline fastnn_status fastnn_avg_pool2d(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_avg_pool2d_attributes* attributes) {
  static const char name[] = "avg_pool2d";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of avg_pool2d: every dy is shared out evenly over the elements its window meets.
 *   in  dy: (batch, out_height, out_width, channels)
 *   in  x: (batch, height, width, channels) (only its shape is used)
 *   out dx: (batch, height, width, channels)
 */
enum { FASTNN_AVG_POOL2D_BACKWARD_PADDING_VALID = 0, FASTNN_AVG_POOL2D_BACKWARD_PADDING_SAME = 1, FASTNN_AVG_POOL2D_BACKWARD_PADDING_EXPLICIT = 2 };
typedef struct fastnn_avg_pool2d_backward_attributes {
  size_t struct_size;
  int64_t pool_size[2]; /* as in avg_pool2d */
  int64_t strides[2]; /* as in avg_pool2d */
  int64_t padding; /* as in avg_pool2d */
  int64_t pads[4]; /* as in avg_pool2d */
} fastnn_avg_pool2d_backward_attributes;

static inline fastnn_avg_pool2d_backward_attributes fastnn_avg_pool2d_backward_attributes_default(void) {
  fastnn_avg_pool2d_backward_attributes attributes = {sizeof(fastnn_avg_pool2d_backward_attributes), {2, 2}, {2, 2}, 0, {0, 0, 0, 0}};
  return attributes;
}

static inline fastnn_status fastnn_avg_pool2d_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_avg_pool2d_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "avg_pool2d_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = softmax(scale * query @ key.T + mask) @ value`` for every head (Vaswani et al. 2017), in blocks whose
 * scores are never stored together (Dao et al. 2022). Heads of query share those of key and value in equal groups.
 * A query that no key is left for gives zeros. A masked key takes no part, unless its value is inf or NaN: its
 * probability is 0, and 0 * NaN is NaN.
 *   in  query: (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
 *   in  key: (batch, kv_heads, keys, depth), axes as query's
 *   in  value: (batch, kv_heads, keys, value_depth), axes as query's
 *   in  mask: broadcasts to (batch, heads, queries, keys): bool or uint8, true where a query attends to a key; or as query, added to the scaled scores (optional)
 *   out y: (batch, heads, queries, value_depth), axes as query's
 *   out logsumexp: (batch, heads, queries), of the scores; for the gradient (optional)
 */
typedef struct fastnn_scaled_dot_product_attention_attributes {
  size_t struct_size;
  int64_t heads_axis; /* axis of the heads, 1 or 2 */
  int64_t is_causal; /* query i attends to keys 0 to i only */
  double scale; /* factor of the scores; 0 stands for 1 / sqrt(depth) */
} fastnn_scaled_dot_product_attention_attributes;

static inline fastnn_scaled_dot_product_attention_attributes fastnn_scaled_dot_product_attention_attributes_default(void) {
  fastnn_scaled_dot_product_attention_attributes attributes = {sizeof(fastnn_scaled_dot_product_attention_attributes), 1, 0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_scaled_dot_product_attention(const fastnn_context* context, const fastnn_tensor* query, const fastnn_tensor* key, const fastnn_tensor* value, const fastnn_tensor* mask, fastnn_tensor* y, fastnn_tensor* logsumexp, const fastnn_scaled_dot_product_attention_attributes* attributes) {
  static const char name[] = "scaled_dot_product_attention";
  const fastnn_tensor* inputs[] = {query, key, value, mask};
  fastnn_tensor* outputs[] = {y, logsumexp};
  return fastnn_run_named(context, name, inputs, 4, outputs, 2, attributes, 0);
}

/* As scaled_dot_product_attention, with dropout of the probabilities: ``y = dropout(softmax(...)) @ value``. The
 * random number of a probability is a function of (seed, stream, step), its sample, head, query and key alone.
 *   in  query: (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
 *   in  key: (batch, kv_heads, keys, depth), axes as query's
 *   in  value: (batch, kv_heads, keys, value_depth), axes as query's
 *   in  mask: broadcasts to (batch, heads, queries, keys): bool or uint8, true where a query attends to a key; or as query, added to the scaled scores (optional)
 *   out y: (batch, heads, queries, value_depth), axes as query's
 *   out logsumexp: (batch, heads, queries), of the scores; for the gradient (optional)
 *   out draw: (3,) int64: seed, stream and step; for the gradient (optional)
 */
typedef struct fastnn_scaled_dot_product_attention_dropout_attributes {
  size_t struct_size;
  int64_t heads_axis; /* as in scaled_dot_product_attention */
  int64_t is_causal; /* as in scaled_dot_product_attention */
  double scale; /* as in scaled_dot_product_attention */
  double rate; /* probability of a zero, in [0, 1) */
  int64_t stream; /* which random stream */
  int64_t seed; /* the seed */
  int64_t step; /* which draw from the stream */
} fastnn_scaled_dot_product_attention_dropout_attributes;

static inline fastnn_scaled_dot_product_attention_dropout_attributes fastnn_scaled_dot_product_attention_dropout_attributes_default(void) {
  fastnn_scaled_dot_product_attention_dropout_attributes attributes = {sizeof(fastnn_scaled_dot_product_attention_dropout_attributes), 1, 0, 0.0, 0.5, 0, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_scaled_dot_product_attention_dropout(const fastnn_context* context, const fastnn_tensor* query, const fastnn_tensor* key, const fastnn_tensor* value, const fastnn_tensor* mask, fastnn_tensor* y, fastnn_tensor* logsumexp, fastnn_tensor* draw, const fastnn_scaled_dot_product_attention_dropout_attributes* attributes) {
  static const char name[] = "scaled_dot_product_attention_dropout";
  const fastnn_tensor* inputs[] = {query, key, value, mask};
  fastnn_tensor* outputs[] = {y, logsumexp, draw};
  return fastnn_run_named(context, name, inputs, 4, outputs, 3, attributes, 0);
}

/* Gradient of scaled_dot_product_attention; the probabilities are computed again.
 *   in  dy: as y
 *   in  query: (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
 *   in  key: (batch, kv_heads, keys, depth), axes as query's
 *   in  value: (batch, kv_heads, keys, value_depth), axes as query's
 *   in  y: (batch, heads, queries, value_depth), axes as query's
 *   in  logsumexp: (batch, heads, queries)
 *   in  mask: as in scaled_dot_product_attention (optional)
 *   in  draw: (3,) int64; needed when rate is above 0 (optional)
 *   out dquery: as query (optional)
 *   out dkey: as key (optional)
 *   out dvalue: as value (optional)
 */
typedef struct fastnn_scaled_dot_product_attention_backward_attributes {
  size_t struct_size;
  int64_t heads_axis; /* as in scaled_dot_product_attention */
  int64_t is_causal; /* as in scaled_dot_product_attention */
  double scale; /* as in scaled_dot_product_attention */
  double rate; /* as in scaled_dot_product_attention_dropout */
} fastnn_scaled_dot_product_attention_backward_attributes;

static inline fastnn_scaled_dot_product_attention_backward_attributes fastnn_scaled_dot_product_attention_backward_attributes_default(void) {
  fastnn_scaled_dot_product_attention_backward_attributes attributes = {sizeof(fastnn_scaled_dot_product_attention_backward_attributes), 1, 0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_scaled_dot_product_attention_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* query, const fastnn_tensor* key, const fastnn_tensor* value, const fastnn_tensor* y, const fastnn_tensor* logsumexp, const fastnn_tensor* mask, const fastnn_tensor* draw, fastnn_tensor* dquery, fastnn_tensor* dkey, fastnn_tensor* dvalue, const fastnn_scaled_dot_product_attention_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "scaled_dot_product_attention_backward";
  const fastnn_tensor* inputs[] = {dy, query, key, value, y, logsumexp, mask, draw};
  fastnn_tensor* outputs[] = {dquery, dkey, dvalue};
  return fastnn_run_named(context, name, inputs, 8, outputs, 3, attributes, accumulate);
}

/* Mean and biased variance of each channel, over all axes but the last: one pass, in float around the mean of 16
 * rows, in double over those.
 *   in  x: (..., channels)
 *   out mean: (channels,)
 *   out variance: (channels,)
 */
typedef struct fastnn_batch_statistics_attributes {
  size_t struct_size;
} fastnn_batch_statistics_attributes;

static inline fastnn_batch_statistics_attributes fastnn_batch_statistics_attributes_default(void) {
  fastnn_batch_statistics_attributes attributes = {sizeof(fastnn_batch_statistics_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_batch_statistics(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* mean, fastnn_tensor* variance, const fastnn_batch_statistics_attributes* attributes) {
  static const char name[] = "batch_statistics";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {mean, variance};
  return fastnn_run_named(context, name, inputs, 1, outputs, 2, attributes, 0);
}

/* ``y = activation((x - mean) / sqrt(variance + epsilon) * gamma + beta)`` (Ioffe and Szegedy 2015), for mean and
 * variance of the batch or moving ones.
 *   in  x: (..., channels)
 *   in  mean: (channels,)
 *   in  variance: (channels,)
 *   in  gamma: (channels,) (optional)
 *   in  beta: (channels,) (optional)
 *   out y: as x
 */
enum { FASTNN_BATCH_NORMALIZATION_ACTIVATION_LINEAR = 0, FASTNN_BATCH_NORMALIZATION_ACTIVATION_RELU = 1 };
typedef struct fastnn_batch_normalization_attributes {
  size_t struct_size;
  double epsilon; /* added to the variance, positive */
  int64_t activation; /* applied to the result */
} fastnn_batch_normalization_attributes;

static inline fastnn_batch_normalization_attributes fastnn_batch_normalization_attributes_default(void) {
  fastnn_batch_normalization_attributes attributes = {sizeof(fastnn_batch_normalization_attributes), 0.001, 0};
  return attributes;
}

static inline fastnn_status fastnn_batch_normalization(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* mean, const fastnn_tensor* variance, const fastnn_tensor* gamma, const fastnn_tensor* beta, fastnn_tensor* y, const fastnn_batch_normalization_attributes* attributes) {
  static const char name[] = "batch_normalization";
  const fastnn_tensor* inputs[] = {x, mean, variance, gamma, beta};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 5, outputs, 1, attributes, 0);
}

/* Gradient of batch_normalization. With training, mean and variance are those of x itself and the gradient goes
 * through them; without, they are constants. beta matters to an activation, whose slope is computed again from x.
 *   in  dy: as x
 *   in  x: (..., channels)
 *   in  mean: (channels,)
 *   in  variance: (channels,)
 *   in  gamma: (channels,) (optional)
 *   in  beta: (channels,) (optional)
 *   out dx: as x (optional)
 *   out dgamma: (channels,) (optional)
 *   out dbeta: (channels,) (optional)
 */
enum { FASTNN_BATCH_NORMALIZATION_BACKWARD_ACTIVATION_LINEAR = 0, FASTNN_BATCH_NORMALIZATION_BACKWARD_ACTIVATION_RELU = 1 };
typedef struct fastnn_batch_normalization_backward_attributes {
  size_t struct_size;
  double epsilon; /* as in batch_normalization */
  int64_t training; /* mean and variance are those of x */
  int64_t activation; /* as in batch_normalization */
} fastnn_batch_normalization_backward_attributes;

static inline fastnn_batch_normalization_backward_attributes fastnn_batch_normalization_backward_attributes_default(void) {
  fastnn_batch_normalization_backward_attributes attributes = {sizeof(fastnn_batch_normalization_backward_attributes), 0.001, 1, 0};
  return attributes;
}

static inline fastnn_status fastnn_batch_normalization_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, const fastnn_tensor* mean, const fastnn_tensor* variance, const fastnn_tensor* gamma, const fastnn_tensor* beta, fastnn_tensor* dx, fastnn_tensor* dgamma, fastnn_tensor* dbeta, const fastnn_batch_normalization_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "batch_normalization_backward";
  const fastnn_tensor* inputs[] = {dy, x, mean, variance, gamma, beta};
  fastnn_tensor* outputs[] = {dx, dgamma, dbeta};
  return fastnn_run_named(context, name, inputs, 6, outputs, 3, attributes, accumulate);
}

/* ``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance of each row of the last axis
 * (Ba et al. 2016); with rms, ``y = x / sqrt(mean(x * x) + epsilon) * gamma + beta`` (Zhang and Sennrich 2019).
 *   in  x: (..., n)
 *   in  gamma: (n,) (optional)
 *   in  beta: (n,) (optional)
 *   out y: as x
 *   out mean: (...), zeros with rms (optional)
 *   out inverse_deviation: (...): 1 / sqrt(variance + epsilon) (optional)
 */
typedef struct fastnn_layer_normalization_attributes {
  size_t struct_size;
  double epsilon; /* added to the variance, positive */
  int64_t rms; /* divide by the root of the mean square and subtract nothing */
} fastnn_layer_normalization_attributes;

static inline fastnn_layer_normalization_attributes fastnn_layer_normalization_attributes_default(void) {
  fastnn_layer_normalization_attributes attributes = {sizeof(fastnn_layer_normalization_attributes), 0.001, 0};
  return attributes;
}

static inline fastnn_status fastnn_layer_normalization(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* gamma, const fastnn_tensor* beta, fastnn_tensor* y, fastnn_tensor* mean, fastnn_tensor* inverse_deviation, const fastnn_layer_normalization_attributes* attributes) {
  static const char name[] = "layer_normalization";
  const fastnn_tensor* inputs[] = {x, gamma, beta};
  fastnn_tensor* outputs[] = {y, mean, inverse_deviation};
  return fastnn_run_named(context, name, inputs, 3, outputs, 3, attributes, 0);
}

/* Gradient of layer_normalization from what it kept of each row.
 *   in  dy: as x
 *   in  x: (..., n)
 *   in  mean: (...)
 *   in  inverse_deviation: (...)
 *   in  gamma: (n,) (optional)
 *   out dx: as x (optional)
 *   out dgamma: (n,) (optional)
 *   out dbeta: (n,) (optional)
 */
typedef struct fastnn_layer_normalization_backward_attributes {
  size_t struct_size;
  int64_t rms; /* as in layer_normalization */
} fastnn_layer_normalization_backward_attributes;

static inline fastnn_layer_normalization_backward_attributes fastnn_layer_normalization_backward_attributes_default(void) {
  fastnn_layer_normalization_backward_attributes attributes = {sizeof(fastnn_layer_normalization_backward_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_layer_normalization_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, const fastnn_tensor* mean, const fastnn_tensor* inverse_deviation, const fastnn_tensor* gamma, fastnn_tensor* dx, fastnn_tensor* dgamma, fastnn_tensor* dbeta, const fastnn_layer_normalization_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "layer_normalization_backward";
  const fastnn_tensor* inputs[] = {dy, x, mean, inverse_deviation, gamma};
  fastnn_tensor* outputs[] = {dx, dgamma, dbeta};
  return fastnn_run_named(context, name, inputs, 5, outputs, 3, attributes, accumulate);
}

/* ``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance of each sample's groups of
 * neighbouring channels, over all positions (Wu and He 2018): two passes, summed in double.
 *   in  x: (batch, ..., channels)
 *   in  gamma: (channels,) (optional)
 *   in  beta: (channels,) (optional)
 *   out y: as x
 *   out mean: (batch, groups) (optional)
 *   out inverse_deviation: (batch, groups): 1 / sqrt(variance + epsilon) (optional)
 */
typedef struct fastnn_group_normalization_attributes {
  size_t struct_size;
  int64_t groups; /* divides the channels */
  double epsilon; /* added to the variance, positive */
} fastnn_group_normalization_attributes;

static inline fastnn_group_normalization_attributes fastnn_group_normalization_attributes_default(void) {
  fastnn_group_normalization_attributes attributes = {sizeof(fastnn_group_normalization_attributes), 32, 0.001};
  return attributes;
}

static inline fastnn_status fastnn_group_normalization(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* gamma, const fastnn_tensor* beta, fastnn_tensor* y, fastnn_tensor* mean, fastnn_tensor* inverse_deviation, const fastnn_group_normalization_attributes* attributes) {
  static const char name[] = "group_normalization";
  const fastnn_tensor* inputs[] = {x, gamma, beta};
  fastnn_tensor* outputs[] = {y, mean, inverse_deviation};
  return fastnn_run_named(context, name, inputs, 3, outputs, 3, attributes, 0);
}

/* Gradient of group_normalization from what it kept of each group.
 *   in  dy: as x
 *   in  x: (batch, ..., channels)
 *   in  mean: (batch, groups)
 *   in  inverse_deviation: (batch, groups)
 *   in  gamma: (channels,) (optional)
 *   out dx: as x (optional)
 *   out dgamma: (channels,) (optional)
 *   out dbeta: (channels,) (optional)
 */
typedef struct fastnn_group_normalization_backward_attributes {
  size_t struct_size;
  int64_t groups; /* as in group_normalization */
} fastnn_group_normalization_backward_attributes;

static inline fastnn_group_normalization_backward_attributes fastnn_group_normalization_backward_attributes_default(void) {
  fastnn_group_normalization_backward_attributes attributes = {sizeof(fastnn_group_normalization_backward_attributes), 32};
  return attributes;
}

static inline fastnn_status fastnn_group_normalization_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, const fastnn_tensor* mean, const fastnn_tensor* inverse_deviation, const fastnn_tensor* gamma, fastnn_tensor* dx, fastnn_tensor* dgamma, fastnn_tensor* dbeta, const fastnn_group_normalization_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "group_normalization_backward";
  const fastnn_tensor* inputs[] = {dy, x, mean, inverse_deviation, gamma};
  fastnn_tensor* outputs[] = {dx, dgamma, dbeta};
  return fastnn_run_named(context, name, inputs, 5, outputs, 3, attributes, accumulate);
}

/* Long short-term memory over a whole sequence (Hochreiter and Schmidhuber 1997; with forget gates, Gers et al.
 * 2000). With ``z = x[t] @ kernel + bias + h @ recurrent_kernel`` cut into i, f, c, o: ``c = f(z_f) * c + f(z_i) *
 * a(z_c)`` and ``h = f(z_o) * a(c)``, where f is the recurrent activation and a the activation. A step whose mask
 * is zero repeats both states. y holds h of all steps in the order in which they are processed. The recurrent mask
 * multiplies the h of the product in every step (Gal and Ghahramani 2016).
 *   in  x: (batch, time, in)
 *   in  kernel: (in, 4 * units)
 *   in  recurrent_kernel: (units, 4 * units)
 *   in  bias: (4 * units,) (optional)
 *   in  h0: (batch, units); zeros when absent (optional)
 *   in  c0: (batch, units); zeros when absent (optional)
 *   in  mask: (batch, time) of bool or uint8: which steps count (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out y: (batch, time, units)
 *   out c_n: (batch, units): c of the last step (optional)
 *   out gates: (batch, time, 4 * units): i, f, c, o behind their activations, at the time of their x (optional)
 *   out cells: (batch, time, units): c of all steps, as y (optional)
 */
enum { FASTNN_LSTM_ACTIVATION_LINEAR = 0, FASTNN_LSTM_ACTIVATION_RELU = 1, FASTNN_LSTM_ACTIVATION_TANH = 2, FASTNN_LSTM_ACTIVATION_SIGMOID = 3, FASTNN_LSTM_ACTIVATION_HARD_SIGMOID = 4 };
enum { FASTNN_LSTM_RECURRENT_ACTIVATION_LINEAR = 0, FASTNN_LSTM_RECURRENT_ACTIVATION_RELU = 1, FASTNN_LSTM_RECURRENT_ACTIVATION_TANH = 2, FASTNN_LSTM_RECURRENT_ACTIVATION_SIGMOID = 3, FASTNN_LSTM_RECURRENT_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_lstm_attributes {
  size_t struct_size;
  int64_t activation; /* of the candidate and of the cell */
  int64_t recurrent_activation; /* of the gates */
  int64_t go_backwards; /* process x from its last step to its first */
} fastnn_lstm_attributes;

static inline fastnn_lstm_attributes fastnn_lstm_attributes_default(void) {
  fastnn_lstm_attributes attributes = {sizeof(fastnn_lstm_attributes), 2, 3, 0};
  return attributes;
}

static inline fastnn_status fastnn_lstm(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* bias, const fastnn_tensor* h0, const fastnn_tensor* c0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* y, fastnn_tensor* c_n, fastnn_tensor* gates, fastnn_tensor* cells, const fastnn_lstm_attributes* attributes) {
  static const char name[] = "lstm";
  const fastnn_tensor* inputs[] = {x, kernel, recurrent_kernel, bias, h0, c0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {y, c_n, gates, cells};
  return fastnn_run_named(context, name, inputs, 8, outputs, 4, attributes, 0);
}

/* Gradient of lstm from what it kept.
 *   in  x: (batch, time, in)
 *   in  kernel: (in, 4 * units)
 *   in  recurrent_kernel: (units, 4 * units)
 *   in  y: (batch, time, units)
 *   in  gates: (batch, time, 4 * units)
 *   in  cells: (batch, time, units)
 *   in  dy: (batch, time, units) (optional)
 *   in  dc_n: (batch, units) (optional)
 *   in  h0: (batch, units) (optional)
 *   in  c0: (batch, units) (optional)
 *   in  mask: (batch, time) of bool or uint8 (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out dx: as x (optional)
 *   out dkernel: as kernel (optional)
 *   out drecurrent_kernel: as recurrent_kernel (optional)
 *   out dbias: (4 * units,) (optional)
 *   out dh0: (batch, units) (optional)
 *   out dc0: (batch, units) (optional)
 */
enum { FASTNN_LSTM_BACKWARD_ACTIVATION_LINEAR = 0, FASTNN_LSTM_BACKWARD_ACTIVATION_RELU = 1, FASTNN_LSTM_BACKWARD_ACTIVATION_TANH = 2, FASTNN_LSTM_BACKWARD_ACTIVATION_SIGMOID = 3, FASTNN_LSTM_BACKWARD_ACTIVATION_HARD_SIGMOID = 4 };
enum { FASTNN_LSTM_BACKWARD_RECURRENT_ACTIVATION_LINEAR = 0, FASTNN_LSTM_BACKWARD_RECURRENT_ACTIVATION_RELU = 1, FASTNN_LSTM_BACKWARD_RECURRENT_ACTIVATION_TANH = 2, FASTNN_LSTM_BACKWARD_RECURRENT_ACTIVATION_SIGMOID = 3, FASTNN_LSTM_BACKWARD_RECURRENT_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_lstm_backward_attributes {
  size_t struct_size;
  int64_t activation; /* as in lstm */
  int64_t recurrent_activation; /* as in lstm */
  int64_t go_backwards; /* as in lstm */
} fastnn_lstm_backward_attributes;

static inline fastnn_lstm_backward_attributes fastnn_lstm_backward_attributes_default(void) {
  fastnn_lstm_backward_attributes attributes = {sizeof(fastnn_lstm_backward_attributes), 2, 3, 0};
  return attributes;
}

static inline fastnn_status fastnn_lstm_backward(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* y, const fastnn_tensor* gates, const fastnn_tensor* cells, const fastnn_tensor* dy, const fastnn_tensor* dc_n, const fastnn_tensor* h0, const fastnn_tensor* c0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* dx, fastnn_tensor* dkernel, fastnn_tensor* drecurrent_kernel, fastnn_tensor* dbias, fastnn_tensor* dh0, fastnn_tensor* dc0, const fastnn_lstm_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "lstm_backward";
  const fastnn_tensor* inputs[] = {x, kernel, recurrent_kernel, y, gates, cells, dy, dc_n, h0, c0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {dx, dkernel, drecurrent_kernel, dbias, dh0, dc0};
  return fastnn_run_named(context, name, inputs, 12, outputs, 6, attributes, accumulate);
}

/* Gated recurrent units over a whole sequence (Cho et al. 2014), the reset gate behind the product. With ``p =
 * x[t] @ kernel + bias[0]`` and ``q = h @ recurrent_kernel + bias[1]`` cut into z, r, h: ``z = f(p_z + q_z)``, ``r
 * = f(p_r + q_r)`` and ``h = z * h + (1 - z) * a(p_h + r * q_h)``, where f is the recurrent activation and a the
 * activation. Masks and y as for lstm.
 *   in  x: (batch, time, in)
 *   in  kernel: (in, 3 * units)
 *   in  recurrent_kernel: (units, 3 * units)
 *   in  bias: (2, 3 * units) (optional)
 *   in  h0: (batch, units); zeros when absent (optional)
 *   in  mask: (batch, time) of bool or uint8: which steps count (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out y: (batch, time, units)
 *   out gates: (batch, time, 4 * units): z, r, the candidate and q_h, at the time of their x (optional)
 */
enum { FASTNN_GRU_ACTIVATION_LINEAR = 0, FASTNN_GRU_ACTIVATION_RELU = 1, FASTNN_GRU_ACTIVATION_TANH = 2, FASTNN_GRU_ACTIVATION_SIGMOID = 3, FASTNN_GRU_ACTIVATION_HARD_SIGMOID = 4 };
enum { FASTNN_GRU_RECURRENT_ACTIVATION_LINEAR = 0, FASTNN_GRU_RECURRENT_ACTIVATION_RELU = 1, FASTNN_GRU_RECURRENT_ACTIVATION_TANH = 2, FASTNN_GRU_RECURRENT_ACTIVATION_SIGMOID = 3, FASTNN_GRU_RECURRENT_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_gru_attributes {
  size_t struct_size;
  int64_t activation; /* of the candidate */
  int64_t recurrent_activation; /* of the gates */
  int64_t go_backwards; /* process x from its last step to its first */
} fastnn_gru_attributes;

static inline fastnn_gru_attributes fastnn_gru_attributes_default(void) {
  fastnn_gru_attributes attributes = {sizeof(fastnn_gru_attributes), 2, 3, 0};
  return attributes;
}

static inline fastnn_status fastnn_gru(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* bias, const fastnn_tensor* h0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* y, fastnn_tensor* gates, const fastnn_gru_attributes* attributes) {
  static const char name[] = "gru";
  const fastnn_tensor* inputs[] = {x, kernel, recurrent_kernel, bias, h0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {y, gates};
  return fastnn_run_named(context, name, inputs, 7, outputs, 2, attributes, 0);
}

/* Gradient of gru from what it kept.
 *   in  dy: (batch, time, units)
 *   in  x: (batch, time, in)
 *   in  kernel: (in, 3 * units)
 *   in  recurrent_kernel: (units, 3 * units)
 *   in  y: (batch, time, units)
 *   in  gates: (batch, time, 4 * units)
 *   in  h0: (batch, units) (optional)
 *   in  mask: (batch, time) of bool or uint8 (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out dx: as x (optional)
 *   out dkernel: as kernel (optional)
 *   out drecurrent_kernel: as recurrent_kernel (optional)
 *   out dbias: (2, 3 * units) (optional)
 *   out dh0: (batch, units) (optional)
 */
enum { FASTNN_GRU_BACKWARD_ACTIVATION_LINEAR = 0, FASTNN_GRU_BACKWARD_ACTIVATION_RELU = 1, FASTNN_GRU_BACKWARD_ACTIVATION_TANH = 2, FASTNN_GRU_BACKWARD_ACTIVATION_SIGMOID = 3, FASTNN_GRU_BACKWARD_ACTIVATION_HARD_SIGMOID = 4 };
enum { FASTNN_GRU_BACKWARD_RECURRENT_ACTIVATION_LINEAR = 0, FASTNN_GRU_BACKWARD_RECURRENT_ACTIVATION_RELU = 1, FASTNN_GRU_BACKWARD_RECURRENT_ACTIVATION_TANH = 2, FASTNN_GRU_BACKWARD_RECURRENT_ACTIVATION_SIGMOID = 3, FASTNN_GRU_BACKWARD_RECURRENT_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_gru_backward_attributes {
  size_t struct_size;
  int64_t activation; /* as in gru */
  int64_t recurrent_activation; /* as in gru */
  int64_t go_backwards; /* as in gru */
} fastnn_gru_backward_attributes;

static inline fastnn_gru_backward_attributes fastnn_gru_backward_attributes_default(void) {
  fastnn_gru_backward_attributes attributes = {sizeof(fastnn_gru_backward_attributes), 2, 3, 0};
  return attributes;
}

static inline fastnn_status fastnn_gru_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* y, const fastnn_tensor* gates, const fastnn_tensor* h0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* dx, fastnn_tensor* dkernel, fastnn_tensor* drecurrent_kernel, fastnn_tensor* dbias, fastnn_tensor* dh0, const fastnn_gru_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "gru_backward";
  const fastnn_tensor* inputs[] = {dy, x, kernel, recurrent_kernel, y, gates, h0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {dx, dkernel, drecurrent_kernel, dbias, dh0};
  return fastnn_run_named(context, name, inputs, 9, outputs, 5, attributes, accumulate);
}

/* Simple recurrent network (Elman 1990): ``h = activation(x[t] @ kernel + bias + h @ recurrent_kernel)`` over a
 * whole sequence. Masks and y as for lstm.
 *   in  x: (batch, time, in)
 *   in  kernel: (in, units)
 *   in  recurrent_kernel: (units, units)
 *   in  bias: (units,) (optional)
 *   in  h0: (batch, units); zeros when absent (optional)
 *   in  mask: (batch, time) of bool or uint8: which steps count (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out y: (batch, time, units)
 */
enum { FASTNN_SIMPLE_RNN_ACTIVATION_LINEAR = 0, FASTNN_SIMPLE_RNN_ACTIVATION_RELU = 1, FASTNN_SIMPLE_RNN_ACTIVATION_TANH = 2, FASTNN_SIMPLE_RNN_ACTIVATION_SIGMOID = 3, FASTNN_SIMPLE_RNN_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_simple_rnn_attributes {
  size_t struct_size;
  int64_t activation; /* of the sum */
  int64_t go_backwards; /* process x from its last step to its first */
} fastnn_simple_rnn_attributes;

static inline fastnn_simple_rnn_attributes fastnn_simple_rnn_attributes_default(void) {
  fastnn_simple_rnn_attributes attributes = {sizeof(fastnn_simple_rnn_attributes), 2, 0};
  return attributes;
}

static inline fastnn_status fastnn_simple_rnn(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* bias, const fastnn_tensor* h0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* y, const fastnn_simple_rnn_attributes* attributes) {
  static const char name[] = "simple_rnn";
  const fastnn_tensor* inputs[] = {x, kernel, recurrent_kernel, bias, h0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 7, outputs, 1, attributes, 0);
}

/* Gradient of simple_rnn from its result.
 *   in  dy: (batch, time, units)
 *   in  x: (batch, time, in)
 *   in  kernel: (in, units)
 *   in  recurrent_kernel: (units, units)
 *   in  y: (batch, time, units)
 *   in  h0: (batch, units) (optional)
 *   in  mask: (batch, time) of bool or uint8 (optional)
 *   in  recurrent_mask: (batch, units) (optional)
 *   out dx: as x (optional)
 *   out dkernel: as kernel (optional)
 *   out drecurrent_kernel: as recurrent_kernel (optional)
 *   out dbias: (units,) (optional)
 *   out dh0: (batch, units) (optional)
 */
enum { FASTNN_SIMPLE_RNN_BACKWARD_ACTIVATION_LINEAR = 0, FASTNN_SIMPLE_RNN_BACKWARD_ACTIVATION_RELU = 1, FASTNN_SIMPLE_RNN_BACKWARD_ACTIVATION_TANH = 2, FASTNN_SIMPLE_RNN_BACKWARD_ACTIVATION_SIGMOID = 3, FASTNN_SIMPLE_RNN_BACKWARD_ACTIVATION_HARD_SIGMOID = 4 };
typedef struct fastnn_simple_rnn_backward_attributes {
  size_t struct_size;
  int64_t activation; /* as in simple_rnn */
  int64_t go_backwards; /* as in simple_rnn */
} fastnn_simple_rnn_backward_attributes;

static inline fastnn_simple_rnn_backward_attributes fastnn_simple_rnn_backward_attributes_default(void) {
  fastnn_simple_rnn_backward_attributes attributes = {sizeof(fastnn_simple_rnn_backward_attributes), 2, 0};
  return attributes;
}

static inline fastnn_status fastnn_simple_rnn_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, const fastnn_tensor* kernel, const fastnn_tensor* recurrent_kernel, const fastnn_tensor* y, const fastnn_tensor* h0, const fastnn_tensor* mask, const fastnn_tensor* recurrent_mask, fastnn_tensor* dx, fastnn_tensor* dkernel, fastnn_tensor* drecurrent_kernel, fastnn_tensor* dbias, fastnn_tensor* dh0, const fastnn_simple_rnn_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "simple_rnn_backward";
  const fastnn_tensor* inputs[] = {dy, x, kernel, recurrent_kernel, y, h0, mask, recurrent_mask};
  fastnn_tensor* outputs[] = {dx, dkernel, drecurrent_kernel, dbias, dh0};
  return fastnn_run_named(context, name, inputs, 8, outputs, 5, attributes, accumulate);
}

/* Rows of a table by number: ``y[i] = table[ids[i]]``. Ids out of range are refused before anything is written.
 *   in  ids: (...) of int32 or int64
 *   in  table: (rows, n)
 *   out y: (..., n)
 */
typedef struct fastnn_embedding_attributes {
  size_t struct_size;
} fastnn_embedding_attributes;

static inline fastnn_embedding_attributes fastnn_embedding_attributes_default(void) {
  fastnn_embedding_attributes attributes = {sizeof(fastnn_embedding_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_embedding(const fastnn_context* context, const fastnn_tensor* ids, const fastnn_tensor* table, fastnn_tensor* y, const fastnn_embedding_attributes* attributes) {
  static const char name[] = "embedding";
  const fastnn_tensor* inputs[] = {ids, table};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of embedding with respect to its table: the dy of equal ids are summed in their order, other rows are
 * 0.
 *   in  dy: (..., n)
 *   in  ids: (...) of int32 or int64
 *   in  table: (rows, n) (only its shape is used)
 *   out dtable: (rows, n)
 */
typedef struct fastnn_embedding_backward_attributes {
  size_t struct_size;
} fastnn_embedding_backward_attributes;

static inline fastnn_embedding_backward_attributes fastnn_embedding_backward_attributes_default(void) {
  fastnn_embedding_backward_attributes attributes = {sizeof(fastnn_embedding_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_embedding_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* ids, const fastnn_tensor* table, fastnn_tensor* dtable, const fastnn_embedding_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "embedding_backward";
  const fastnn_tensor* inputs[] = {dy, ids, table};
  fastnn_tensor* outputs[] = {dtable};
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

/* ``y = 1 / (1 + exp(-x))``, from ``exp(-|x|)``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_sigmoid_attributes {
  size_t struct_size;
} fastnn_sigmoid_attributes;

static inline fastnn_sigmoid_attributes fastnn_sigmoid_attributes_default(void) {
  fastnn_sigmoid_attributes attributes = {sizeof(fastnn_sigmoid_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_sigmoid(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_sigmoid_attributes* attributes) {
  static const char name[] = "sigmoid";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of sigmoid from its output: ``dx = dy * y * (1 - y)``.
 *   in  dy: as y
 *   in  y: (...)
 *   out dx: as y
 */
typedef struct fastnn_sigmoid_backward_attributes {
  size_t struct_size;
} fastnn_sigmoid_backward_attributes;

static inline fastnn_sigmoid_backward_attributes fastnn_sigmoid_backward_attributes_default(void) {
  fastnn_sigmoid_backward_attributes attributes = {sizeof(fastnn_sigmoid_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_sigmoid_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* y, fastnn_tensor* dx, const fastnn_sigmoid_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "sigmoid_backward";
  const fastnn_tensor* inputs[] = {dy, y};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Hyperbolic tangent.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_tanh_attributes {
  size_t struct_size;
} fastnn_tanh_attributes;

static inline fastnn_tanh_attributes fastnn_tanh_attributes_default(void) {
  fastnn_tanh_attributes attributes = {sizeof(fastnn_tanh_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_tanh(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_tanh_attributes* attributes) {
  static const char name[] = "tanh";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of tanh from its output: ``dx = dy * (1 - y * y)``.
 *   in  dy: as y
 *   in  y: (...)
 *   out dx: as y
 */
typedef struct fastnn_tanh_backward_attributes {
  size_t struct_size;
} fastnn_tanh_backward_attributes;

static inline fastnn_tanh_backward_attributes fastnn_tanh_backward_attributes_default(void) {
  fastnn_tanh_backward_attributes attributes = {sizeof(fastnn_tanh_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_tanh_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* y, fastnn_tensor* dx, const fastnn_tanh_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "tanh_backward";
  const fastnn_tensor* inputs[] = {dy, y};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = x`` where ``x > 0``, else ``negative_slope * x``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_leaky_relu_attributes {
  size_t struct_size;
  double negative_slope; /* factor of negative numbers */
} fastnn_leaky_relu_attributes;

static inline fastnn_leaky_relu_attributes fastnn_leaky_relu_attributes_default(void) {
  fastnn_leaky_relu_attributes attributes = {sizeof(fastnn_leaky_relu_attributes), 0.2};
  return attributes;
}

static inline fastnn_status fastnn_leaky_relu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_leaky_relu_attributes* attributes) {
  static const char name[] = "leaky_relu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of leaky_relu: ``dx = dy`` where ``x > 0``, else ``negative_slope * dy``.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_leaky_relu_backward_attributes {
  size_t struct_size;
  double negative_slope; /* as in leaky_relu */
} fastnn_leaky_relu_backward_attributes;

static inline fastnn_leaky_relu_backward_attributes fastnn_leaky_relu_backward_attributes_default(void) {
  fastnn_leaky_relu_backward_attributes attributes = {sizeof(fastnn_leaky_relu_backward_attributes), 0.2};
  return attributes;
}

static inline fastnn_status fastnn_leaky_relu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_leaky_relu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "leaky_relu_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Exponential linear unit (Clevert et al. 2016): ``y = x`` where ``x > 0``, else ``alpha * (exp(x) - 1)``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_elu_attributes {
  size_t struct_size;
  double alpha; /* limit of negative numbers */
} fastnn_elu_attributes;

static inline fastnn_elu_attributes fastnn_elu_attributes_default(void) {
  fastnn_elu_attributes attributes = {sizeof(fastnn_elu_attributes), 1.0};
  return attributes;
}

static inline fastnn_status fastnn_elu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_elu_attributes* attributes) {
  static const char name[] = "elu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of elu: ``dx = dy`` where ``x > 0``, else ``dy * alpha * exp(x)``.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_elu_backward_attributes {
  size_t struct_size;
  double alpha; /* as in elu */
} fastnn_elu_backward_attributes;

static inline fastnn_elu_backward_attributes fastnn_elu_backward_attributes_default(void) {
  fastnn_elu_backward_attributes attributes = {sizeof(fastnn_elu_backward_attributes), 1.0};
  return attributes;
}

static inline fastnn_status fastnn_elu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_elu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "elu_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Scaled exponential linear unit (Klambauer et al. 2017): 1.0507... times elu with alpha 1.6732...
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_selu_attributes {
  size_t struct_size;
} fastnn_selu_attributes;

static inline fastnn_selu_attributes fastnn_selu_attributes_default(void) {
  fastnn_selu_attributes attributes = {sizeof(fastnn_selu_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_selu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_selu_attributes* attributes) {
  static const char name[] = "selu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of selu.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_selu_backward_attributes {
  size_t struct_size;
} fastnn_selu_backward_attributes;

static inline fastnn_selu_backward_attributes fastnn_selu_backward_attributes_default(void) {
  fastnn_selu_backward_attributes attributes = {sizeof(fastnn_selu_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_selu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_selu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "selu_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Gaussian error linear unit (Hendrycks and Gimpel 2016): ``y = x * (1 + erf(x / sqrt(2))) / 2``, or the form with
 * tanh, ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_gelu_attributes {
  size_t struct_size;
  int64_t approximate; /* the form with tanh */
} fastnn_gelu_attributes;

static inline fastnn_gelu_attributes fastnn_gelu_attributes_default(void) {
  fastnn_gelu_attributes attributes = {sizeof(fastnn_gelu_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_gelu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_gelu_attributes* attributes) {
  static const char name[] = "gelu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of gelu.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_gelu_backward_attributes {
  size_t struct_size;
  int64_t approximate; /* as in gelu */
} fastnn_gelu_backward_attributes;

static inline fastnn_gelu_backward_attributes fastnn_gelu_backward_attributes_default(void) {
  fastnn_gelu_backward_attributes attributes = {sizeof(fastnn_gelu_backward_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_gelu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_gelu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "gelu_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = x * sigmoid(x)``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_silu_attributes {
  size_t struct_size;
} fastnn_silu_attributes;

static inline fastnn_silu_attributes fastnn_silu_attributes_default(void) {
  fastnn_silu_attributes attributes = {sizeof(fastnn_silu_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_silu(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_silu_attributes* attributes) {
  static const char name[] = "silu";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of silu: ``dx = dy * s * (1 + x * (1 - s))`` with ``s = sigmoid(x)``.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_silu_backward_attributes {
  size_t struct_size;
} fastnn_silu_backward_attributes;

static inline fastnn_silu_backward_attributes fastnn_silu_backward_attributes_default(void) {
  fastnn_silu_backward_attributes attributes = {sizeof(fastnn_silu_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_silu_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_silu_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "silu_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = log(1 + exp(x))``, as ``max(x, 0) + log(1 + exp(-|x|))``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_softplus_attributes {
  size_t struct_size;
} fastnn_softplus_attributes;

static inline fastnn_softplus_attributes fastnn_softplus_attributes_default(void) {
  fastnn_softplus_attributes attributes = {sizeof(fastnn_softplus_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softplus(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_softplus_attributes* attributes) {
  static const char name[] = "softplus";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of softplus: ``dx = dy * sigmoid(x)``.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_softplus_backward_attributes {
  size_t struct_size;
} fastnn_softplus_backward_attributes;

static inline fastnn_softplus_backward_attributes fastnn_softplus_backward_attributes_default(void) {
  fastnn_softplus_backward_attributes attributes = {sizeof(fastnn_softplus_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softplus_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_softplus_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "softplus_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = x / (1 + |x|)``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_softsign_attributes {
  size_t struct_size;
} fastnn_softsign_attributes;

static inline fastnn_softsign_attributes fastnn_softsign_attributes_default(void) {
  fastnn_softsign_attributes attributes = {sizeof(fastnn_softsign_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softsign(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_softsign_attributes* attributes) {
  static const char name[] = "softsign";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of softsign: ``dx = dy / (1 + |x|)**2``.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_softsign_backward_attributes {
  size_t struct_size;
} fastnn_softsign_backward_attributes;

static inline fastnn_softsign_backward_attributes fastnn_softsign_backward_attributes_default(void) {
  fastnn_softsign_backward_attributes attributes = {sizeof(fastnn_softsign_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softsign_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_softsign_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "softsign_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = min(max(x + 3, 0), 6) / 6``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_hard_sigmoid_attributes {
  size_t struct_size;
} fastnn_hard_sigmoid_attributes;

static inline fastnn_hard_sigmoid_attributes fastnn_hard_sigmoid_attributes_default(void) {
  fastnn_hard_sigmoid_attributes attributes = {sizeof(fastnn_hard_sigmoid_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_hard_sigmoid(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_hard_sigmoid_attributes* attributes) {
  static const char name[] = "hard_sigmoid";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of hard_sigmoid: ``dx = dy / 6`` where ``-3 < x < 3``, else 0.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_hard_sigmoid_backward_attributes {
  size_t struct_size;
} fastnn_hard_sigmoid_backward_attributes;

static inline fastnn_hard_sigmoid_backward_attributes fastnn_hard_sigmoid_backward_attributes_default(void) {
  fastnn_hard_sigmoid_backward_attributes attributes = {sizeof(fastnn_hard_sigmoid_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_hard_sigmoid_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_hard_sigmoid_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "hard_sigmoid_backward";
  const fastnn_tensor* inputs[] = {dy, x};
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

/* ``y = x - max(x) - log(sum(exp(x - max(x))))`` along one axis.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_log_softmax_attributes {
  size_t struct_size;
  int64_t axis; /* the axis whose exponentials sum to one */
} fastnn_log_softmax_attributes;

static inline fastnn_log_softmax_attributes fastnn_log_softmax_attributes_default(void) {
  fastnn_log_softmax_attributes attributes = {sizeof(fastnn_log_softmax_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_log_softmax(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_log_softmax_attributes* attributes) {
  static const char name[] = "log_softmax";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of log_softmax from its output: ``dx = dy - exp(y) * sum(dy)``.
 *   in  dy: as y
 *   in  y: (...)
 *   out dx: as y
 */
typedef struct fastnn_log_softmax_backward_attributes {
  size_t struct_size;
  int64_t axis; /* as in log_softmax */
} fastnn_log_softmax_backward_attributes;

static inline fastnn_log_softmax_backward_attributes fastnn_log_softmax_backward_attributes_default(void) {
  fastnn_log_softmax_backward_attributes attributes = {sizeof(fastnn_log_softmax_backward_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_log_softmax_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* y, fastnn_tensor* dx, const fastnn_log_softmax_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "log_softmax_backward";
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

/* softmax_cross_entropy and its gradient in one pass over the logits, for a gradient of the losses that is known
 * already, such as ones or the weights of the samples. The bits are those of the two ops.
 *   in  logits: (..., classes)
 *   in  labels: as in softmax_cross_entropy
 *   in  dloss: (...)
 *   out loss: (...)
 *   out dlogits: (..., classes)
 */
typedef struct fastnn_softmax_cross_entropy_with_gradient_attributes {
  size_t struct_size;
} fastnn_softmax_cross_entropy_with_gradient_attributes;

static inline fastnn_softmax_cross_entropy_with_gradient_attributes fastnn_softmax_cross_entropy_with_gradient_attributes_default(void) {
  fastnn_softmax_cross_entropy_with_gradient_attributes attributes = {sizeof(fastnn_softmax_cross_entropy_with_gradient_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_softmax_cross_entropy_with_gradient(const fastnn_context* context, const fastnn_tensor* logits, const fastnn_tensor* labels, const fastnn_tensor* dloss, fastnn_tensor* loss, fastnn_tensor* dlogits, const fastnn_softmax_cross_entropy_with_gradient_attributes* attributes) {
  static const char name[] = "softmax_cross_entropy_with_gradient";
  const fastnn_tensor* inputs[] = {logits, labels, dloss};
  fastnn_tensor* outputs[] = {loss, dlogits};
  return fastnn_run_named(context, name, inputs, 3, outputs, 2, attributes, 0);
}

/* Mean over the last axis of ``(predictions - targets)**2``.
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out loss: (...)
 */
typedef struct fastnn_squared_error_attributes {
  size_t struct_size;
} fastnn_squared_error_attributes;

static inline fastnn_squared_error_attributes fastnn_squared_error_attributes_default(void) {
  fastnn_squared_error_attributes attributes = {sizeof(fastnn_squared_error_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_squared_error(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* loss, const fastnn_squared_error_attributes* attributes) {
  static const char name[] = "squared_error";
  const fastnn_tensor* inputs[] = {predictions, targets};
  fastnn_tensor* outputs[] = {loss};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of squared_error: ``dpredictions = dloss * 2 * (predictions - targets) / n``.
 *   in  dloss: (...)
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out dpredictions: (..., n)
 */
typedef struct fastnn_squared_error_backward_attributes {
  size_t struct_size;
} fastnn_squared_error_backward_attributes;

static inline fastnn_squared_error_backward_attributes fastnn_squared_error_backward_attributes_default(void) {
  fastnn_squared_error_backward_attributes attributes = {sizeof(fastnn_squared_error_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_squared_error_backward(const fastnn_context* context, const fastnn_tensor* dloss, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* dpredictions, const fastnn_squared_error_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "squared_error_backward";
  const fastnn_tensor* inputs[] = {dloss, predictions, targets};
  fastnn_tensor* outputs[] = {dpredictions};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Mean over the last axis of ``abs(predictions - targets)``.
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out loss: (...)
 */
typedef struct fastnn_absolute_error_attributes {
  size_t struct_size;
} fastnn_absolute_error_attributes;

static inline fastnn_absolute_error_attributes fastnn_absolute_error_attributes_default(void) {
  fastnn_absolute_error_attributes attributes = {sizeof(fastnn_absolute_error_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_absolute_error(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* loss, const fastnn_absolute_error_attributes* attributes) {
  static const char name[] = "absolute_error";
  const fastnn_tensor* inputs[] = {predictions, targets};
  fastnn_tensor* outputs[] = {loss};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of absolute_error: ``dpredictions = dloss * sign(predictions - targets) / n``.
 *   in  dloss: (...)
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out dpredictions: (..., n)
 */
typedef struct fastnn_absolute_error_backward_attributes {
  size_t struct_size;
} fastnn_absolute_error_backward_attributes;

static inline fastnn_absolute_error_backward_attributes fastnn_absolute_error_backward_attributes_default(void) {
  fastnn_absolute_error_backward_attributes attributes = {sizeof(fastnn_absolute_error_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_absolute_error_backward(const fastnn_context* context, const fastnn_tensor* dloss, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* dpredictions, const fastnn_absolute_error_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "absolute_error_backward";
  const fastnn_tensor* inputs[] = {dloss, predictions, targets};
  fastnn_tensor* outputs[] = {dpredictions};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Huber's loss, mean over the last axis: with d = predictions - targets ``d * d / 2`` where abs(d) <= delta, else
 * ``delta * (abs(d) - delta / 2)``.
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out loss: (...)
 */
typedef struct fastnn_huber_attributes {
  size_t struct_size;
  double delta; /* where the parabola ends, above 0 */
} fastnn_huber_attributes;

static inline fastnn_huber_attributes fastnn_huber_attributes_default(void) {
  fastnn_huber_attributes attributes = {sizeof(fastnn_huber_attributes), 1.0};
  return attributes;
}

static inline fastnn_status fastnn_huber(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* loss, const fastnn_huber_attributes* attributes) {
  static const char name[] = "huber";
  const fastnn_tensor* inputs[] = {predictions, targets};
  fastnn_tensor* outputs[] = {loss};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of huber: ``dpredictions = dloss * clip(predictions - targets, -delta, delta) / n``.
 *   in  dloss: (...)
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out dpredictions: (..., n)
 */
typedef struct fastnn_huber_backward_attributes {
  size_t struct_size;
  double delta; /* as in huber */
} fastnn_huber_backward_attributes;

static inline fastnn_huber_backward_attributes fastnn_huber_backward_attributes_default(void) {
  fastnn_huber_backward_attributes attributes = {sizeof(fastnn_huber_backward_attributes), 1.0};
  return attributes;
}

static inline fastnn_status fastnn_huber_backward(const fastnn_context* context, const fastnn_tensor* dloss, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* dpredictions, const fastnn_huber_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "huber_backward";
  const fastnn_tensor* inputs[] = {dloss, predictions, targets};
  fastnn_tensor* outputs[] = {dpredictions};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Mean over the last axis of ``-(targets * log(p) + (1 - targets) * log(1 - p))``. Probabilities p are predictions
 * clipped to [1e-7, 1 - 1e-7], as in Keras; of logits p is the sigmoid, and nothing overflows or is clipped.
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out loss: (...)
 */
typedef struct fastnn_binary_cross_entropy_attributes {
  size_t struct_size;
  int64_t from_logits; /* predictions are logits, else probabilities */
} fastnn_binary_cross_entropy_attributes;

static inline fastnn_binary_cross_entropy_attributes fastnn_binary_cross_entropy_attributes_default(void) {
  fastnn_binary_cross_entropy_attributes attributes = {sizeof(fastnn_binary_cross_entropy_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_binary_cross_entropy(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* loss, const fastnn_binary_cross_entropy_attributes* attributes) {
  static const char name[] = "binary_cross_entropy";
  const fastnn_tensor* inputs[] = {predictions, targets};
  fastnn_tensor* outputs[] = {loss};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of binary_cross_entropy: ``dloss * (p - targets) / n`` of logits; of probabilities ``dloss * (p -
 * targets) / (p * (1 - p)) / n``, and 0 where they are clipped.
 *   in  dloss: (...)
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out dpredictions: (..., n)
 */
typedef struct fastnn_binary_cross_entropy_backward_attributes {
  size_t struct_size;
  int64_t from_logits; /* as in binary_cross_entropy */
} fastnn_binary_cross_entropy_backward_attributes;

static inline fastnn_binary_cross_entropy_backward_attributes fastnn_binary_cross_entropy_backward_attributes_default(void) {
  fastnn_binary_cross_entropy_backward_attributes attributes = {sizeof(fastnn_binary_cross_entropy_backward_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_binary_cross_entropy_backward(const fastnn_context* context, const fastnn_tensor* dloss, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* dpredictions, const fastnn_binary_cross_entropy_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "binary_cross_entropy_backward";
  const fastnn_tensor* inputs[] = {dloss, predictions, targets};
  fastnn_tensor* outputs[] = {dpredictions};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Share of the last axis where ``predictions > threshold`` is what targets say, 1 or 0.
 *   in  predictions: (..., n)
 *   in  targets: as predictions
 *   out matches: (...)
 */
typedef struct fastnn_binary_accuracy_attributes {
  size_t struct_size;
  double threshold; /* predictions above it say 1 */
} fastnn_binary_accuracy_attributes;

static inline fastnn_binary_accuracy_attributes fastnn_binary_accuracy_attributes_default(void) {
  fastnn_binary_accuracy_attributes attributes = {sizeof(fastnn_binary_accuracy_attributes), 0.5};
  return attributes;
}

static inline fastnn_status fastnn_binary_accuracy(const fastnn_context* context, const fastnn_tensor* predictions, const fastnn_tensor* targets, fastnn_tensor* matches, const fastnn_binary_accuracy_attributes* attributes) {
  static const char name[] = "binary_accuracy";
  const fastnn_tensor* inputs[] = {predictions, targets};
  fastnn_tensor* outputs[] = {matches};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
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

/* ``y = a + b`` with broadcasting; integers wrap around, here and in subtract and multiply.
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

/* The larger of a and b with broadcasting, NaN when one is; of bools ``a or b``.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_maximum_attributes {
  size_t struct_size;
} fastnn_maximum_attributes;

static inline fastnn_maximum_attributes fastnn_maximum_attributes_default(void) {
  fastnn_maximum_attributes attributes = {sizeof(fastnn_maximum_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_maximum(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_maximum_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "maximum";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* The smaller of a and b with broadcasting, NaN when one is; of bools ``a and b``.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_minimum_attributes {
  size_t struct_size;
} fastnn_minimum_attributes;

static inline fastnn_minimum_attributes fastnn_minimum_attributes_default(void) {
  fastnn_minimum_attributes attributes = {sizeof(fastnn_minimum_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_minimum(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_minimum_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "minimum";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = a ** b`` with broadcasting, as C's pow: ``pow(x, 0) = 1``, NaN for a negative number to a power that is
 * not whole.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_power_attributes {
  size_t struct_size;
} fastnn_power_attributes;

static inline fastnn_power_attributes fastnn_power_attributes_default(void) {
  fastnn_power_attributes attributes = {sizeof(fastnn_power_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_power(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_power_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "power";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* The angle between the first axis and the point (b, a), in [-pi, pi], with broadcasting; zeros and infinities as
 * C's atan2 has them.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b
 */
typedef struct fastnn_arctan2_attributes {
  size_t struct_size;
} fastnn_arctan2_attributes;

static inline fastnn_arctan2_attributes fastnn_arctan2_attributes_default(void) {
  fastnn_arctan2_attributes attributes = {sizeof(fastnn_arctan2_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_arctan2(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_arctan2_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "arctan2";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = a == b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_equal_attributes {
  size_t struct_size;
} fastnn_equal_attributes;

static inline fastnn_equal_attributes fastnn_equal_attributes_default(void) {
  fastnn_equal_attributes attributes = {sizeof(fastnn_equal_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_equal(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_equal_attributes* attributes) {
  static const char name[] = "equal";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a != b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_not_equal_attributes {
  size_t struct_size;
} fastnn_not_equal_attributes;

static inline fastnn_not_equal_attributes fastnn_not_equal_attributes_default(void) {
  fastnn_not_equal_attributes attributes = {sizeof(fastnn_not_equal_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_not_equal(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_not_equal_attributes* attributes) {
  static const char name[] = "not_equal";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a < b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_less_attributes {
  size_t struct_size;
} fastnn_less_attributes;

static inline fastnn_less_attributes fastnn_less_attributes_default(void) {
  fastnn_less_attributes attributes = {sizeof(fastnn_less_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_less(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_less_attributes* attributes) {
  static const char name[] = "less";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a <= b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_less_equal_attributes {
  size_t struct_size;
} fastnn_less_equal_attributes;

static inline fastnn_less_equal_attributes fastnn_less_equal_attributes_default(void) {
  fastnn_less_equal_attributes attributes = {sizeof(fastnn_less_equal_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_less_equal(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_less_equal_attributes* attributes) {
  static const char name[] = "less_equal";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a > b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_greater_attributes {
  size_t struct_size;
} fastnn_greater_attributes;

static inline fastnn_greater_attributes fastnn_greater_attributes_default(void) {
  fastnn_greater_attributes attributes = {sizeof(fastnn_greater_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_greater(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_greater_attributes* attributes) {
  static const char name[] = "greater";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a >= b`` with broadcasting.
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of a and b, bool
 */
typedef struct fastnn_greater_equal_attributes {
  size_t struct_size;
} fastnn_greater_equal_attributes;

static inline fastnn_greater_equal_attributes fastnn_greater_equal_attributes_default(void) {
  fastnn_greater_equal_attributes attributes = {sizeof(fastnn_greater_equal_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_greater_equal(const fastnn_context* context, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_greater_equal_attributes* attributes) {
  static const char name[] = "greater_equal";
  const fastnn_tensor* inputs[] = {a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``y = a`` where condition is true, else b, with broadcasting.
 *   in  condition: (...), bool or uint8
 *   in  a: (...)
 *   in  b: (...)
 *   out y: broadcast of condition, a and b
 */
typedef struct fastnn_where_attributes {
  size_t struct_size;
} fastnn_where_attributes;

static inline fastnn_where_attributes fastnn_where_attributes_default(void) {
  fastnn_where_attributes attributes = {sizeof(fastnn_where_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_where(const fastnn_context* context, const fastnn_tensor* condition, const fastnn_tensor* a, const fastnn_tensor* b, fastnn_tensor* y, const fastnn_where_attributes* attributes) {
  static const char name[] = "where";
  const fastnn_tensor* inputs[] = {condition, a, b};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, 0);
}

/* The same numbers of another dtype. Floats are cut towards zero to integers and held within the dtype's ends, NaN
 * is 0; integers wrap around; as bool everything but 0 is true.
 *   in  x: (...)
 *   out y: as x, of dtype
 */
enum { FASTNN_CAST_DTYPE_FLOAT32 = 0, FASTNN_CAST_DTYPE_FLOAT64 = 1, FASTNN_CAST_DTYPE_INT32 = 2, FASTNN_CAST_DTYPE_INT64 = 3, FASTNN_CAST_DTYPE_UINT8 = 4, FASTNN_CAST_DTYPE_BOOL = 5 };
typedef struct fastnn_cast_attributes {
  size_t struct_size;
  int64_t dtype; /* dtype of the result */
} fastnn_cast_attributes;

static inline fastnn_cast_attributes fastnn_cast_attributes_default(void) {
  fastnn_cast_attributes attributes = {sizeof(fastnn_cast_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_cast(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_cast_attributes* attributes) {
  static const char name[] = "cast";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* ``y = e ** x``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_exp_attributes {
  size_t struct_size;
} fastnn_exp_attributes;

static inline fastnn_exp_attributes fastnn_exp_attributes_default(void) {
  fastnn_exp_attributes attributes = {sizeof(fastnn_exp_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_exp(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_exp_attributes* attributes) {
  static const char name[] = "exp";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Natural logarithm; log(0) is -infinity, NaN for negative numbers.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_log_attributes {
  size_t struct_size;
} fastnn_log_attributes;

static inline fastnn_log_attributes fastnn_log_attributes_default(void) {
  fastnn_log_attributes attributes = {sizeof(fastnn_log_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_log(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_log_attributes* attributes) {
  static const char name[] = "log";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Square root; NaN for negative numbers.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_sqrt_attributes {
  size_t struct_size;
} fastnn_sqrt_attributes;

static inline fastnn_sqrt_attributes fastnn_sqrt_attributes_default(void) {
  fastnn_sqrt_attributes attributes = {sizeof(fastnn_sqrt_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_sqrt(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_sqrt_attributes* attributes) {
  static const char name[] = "sqrt";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* ``y = |x|``.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_abs_attributes {
  size_t struct_size;
} fastnn_abs_attributes;

static inline fastnn_abs_attributes fastnn_abs_attributes_default(void) {
  fastnn_abs_attributes attributes = {sizeof(fastnn_abs_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_abs(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_abs_attributes* attributes) {
  static const char name[] = "abs";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of abs: ``dx = dy * sign(x)``, 0 at 0.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_abs_backward_attributes {
  size_t struct_size;
} fastnn_abs_backward_attributes;

static inline fastnn_abs_backward_attributes fastnn_abs_backward_attributes_default(void) {
  fastnn_abs_backward_attributes attributes = {sizeof(fastnn_abs_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_abs_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_abs_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "abs_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* ``y = min(max(x, minimum), maximum)``; NaN stays NaN.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_clip_attributes {
  size_t struct_size;
  double minimum; /* smallest result */
  double maximum; /* largest result */
} fastnn_clip_attributes;

static inline fastnn_clip_attributes fastnn_clip_attributes_default(void) {
  fastnn_clip_attributes attributes = {sizeof(fastnn_clip_attributes), 0.0, 1.0};
  return attributes;
}

static inline fastnn_status fastnn_clip(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_clip_attributes* attributes) {
  static const char name[] = "clip";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of clip: ``dx = dy`` where ``minimum <= x <= maximum``, else 0.
 *   in  dy: as x
 *   in  x: (...)
 *   out dx: as x
 */
typedef struct fastnn_clip_backward_attributes {
  size_t struct_size;
  double minimum; /* as in clip */
  double maximum; /* as in clip */
} fastnn_clip_backward_attributes;

static inline fastnn_clip_backward_attributes fastnn_clip_backward_attributes_default(void) {
  fastnn_clip_backward_attributes attributes = {sizeof(fastnn_clip_backward_attributes), 0.0, 1.0};
  return attributes;
}

static inline fastnn_status fastnn_clip_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_clip_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "clip_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
}

/* Sum over axes, in a fixed order: the bits don't depend on the number of threads. Of integers and bools int64,
 * which wraps around.
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

/* Largest number over axes, NaN when one is; of bools whether any is true. Of nothing there is none but of bools.
 *   in  x: (...)
 *   out y: x without the axes
 */
typedef struct fastnn_max_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to reduce; all when empty */
  int64_t keepdims; /* keep the reduced axes with size one */
} fastnn_max_attributes;

static inline fastnn_max_attributes fastnn_max_attributes_default(void) {
  fastnn_max_attributes attributes = {sizeof(fastnn_max_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_max(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_max_attributes* attributes) {
  static const char name[] = "max";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Smallest number over axes, NaN when one is; of bools whether all are true. Of nothing there is none but of
 * bools.
 *   in  x: (...)
 *   out y: x without the axes
 */
typedef struct fastnn_min_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to reduce; all when empty */
  int64_t keepdims; /* keep the reduced axes with size one */
} fastnn_min_attributes;

static inline fastnn_min_attributes fastnn_min_attributes_default(void) {
  fastnn_min_attributes attributes = {sizeof(fastnn_min_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_min(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_min_attributes* attributes) {
  static const char name[] = "min";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Product over axes; of integers int64, which wraps around.
 *   in  x: (...)
 *   out y: x without the axes
 */
typedef struct fastnn_prod_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to reduce; all when empty */
  int64_t keepdims; /* keep the reduced axes with size one */
} fastnn_prod_attributes;

static inline fastnn_prod_attributes fastnn_prod_attributes_default(void) {
  fastnn_prod_attributes attributes = {sizeof(fastnn_prod_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_prod(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_prod_attributes* attributes) {
  static const char name[] = "prod";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Variance over axes: the sum of ``(x - mean)**2``, in double about the mean in double, over ``n - ddof``.
 *   in  x: (...)
 *   out y: x without the axes
 */
typedef struct fastnn_var_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to reduce; all when empty */
  int64_t keepdims; /* keep the reduced axes with size one */
  int64_t ddof; /* what is subtracted from the number of terms; 1 for an estimate from a sample */
} fastnn_var_attributes;

static inline fastnn_var_attributes fastnn_var_attributes_default(void) {
  fastnn_var_attributes attributes = {sizeof(fastnn_var_attributes), {0, {0}}, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_var(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_var_attributes* attributes) {
  static const char name[] = "var";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* ``log(sum(exp(x)))`` over axes as ``m + log(sum(exp(x - m)))`` with the largest m; of nothing -infinity.
 *   in  x: (...)
 *   out y: x without the axes
 */
typedef struct fastnn_logsumexp_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes to reduce; all when empty */
  int64_t keepdims; /* keep the reduced axes with size one */
} fastnn_logsumexp_attributes;

static inline fastnn_logsumexp_attributes fastnn_logsumexp_attributes_default(void) {
  fastnn_logsumexp_attributes attributes = {sizeof(fastnn_logsumexp_attributes), {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_logsumexp(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_logsumexp_attributes* attributes) {
  static const char name[] = "logsumexp";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Where the largest number along one axis first stands; as in NumPy the first NaN, when there is one.
 *   in  x: (...)
 *   out index: x without the axis, int64
 */
typedef struct fastnn_argmax_attributes {
  size_t struct_size;
  int64_t axis; /* the axis to look along */
  int64_t keepdims; /* keep the axis with size one */
} fastnn_argmax_attributes;

static inline fastnn_argmax_attributes fastnn_argmax_attributes_default(void) {
  fastnn_argmax_attributes attributes = {sizeof(fastnn_argmax_attributes), -1, 0};
  return attributes;
}

static inline fastnn_status fastnn_argmax(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* index, const fastnn_argmax_attributes* attributes) {
  static const char name[] = "argmax";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {index};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Where the smallest number along one axis first stands; as in NumPy the first NaN, when there is one.
 *   in  x: (...)
 *   out index: x without the axis, int64
 */
typedef struct fastnn_argmin_attributes {
  size_t struct_size;
  int64_t axis; /* the axis to look along */
  int64_t keepdims; /* keep the axis with size one */
} fastnn_argmin_attributes;

static inline fastnn_argmin_attributes fastnn_argmin_attributes_default(void) {
  fastnn_argmin_attributes attributes = {sizeof(fastnn_argmin_attributes), -1, 0};
  return attributes;
}

static inline fastnn_status fastnn_argmin(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* index, const fastnn_argmin_attributes* attributes) {
  static const char name[] = "argmin";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {index};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Sums of all numbers up to each along one axis, in double for floats; integers wrap around.
 *   in  x: (...)
 *   out y: as x
 */
typedef struct fastnn_cumsum_attributes {
  size_t struct_size;
  int64_t axis; /* the axis to sum along */
  int64_t reverse; /* sum from the end */
  int64_t exclusive; /* leave each number out of its own sum */
} fastnn_cumsum_attributes;

static inline fastnn_cumsum_attributes fastnn_cumsum_attributes_default(void) {
  fastnn_cumsum_attributes attributes = {sizeof(fastnn_cumsum_attributes), -1, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_cumsum(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_cumsum_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "cumsum";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, accumulate);
}

/* Numbers in order along one axis and where they stood. The order is stable, and NaN is the largest number: last,
 * or first when descending.
 *   in  x: (...)
 *   out y: as x (optional)
 *   out index: as x, int64 (optional)
 */
typedef struct fastnn_sort_attributes {
  size_t struct_size;
  int64_t axis; /* the axis to sort along */
  int64_t descending; /* the largest first */
} fastnn_sort_attributes;

static inline fastnn_sort_attributes fastnn_sort_attributes_default(void) {
  fastnn_sort_attributes attributes = {sizeof(fastnn_sort_attributes), -1, 0};
  return attributes;
}

static inline fastnn_status fastnn_sort(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, fastnn_tensor* index, const fastnn_sort_attributes* attributes) {
  static const char name[] = "sort";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y, index};
  return fastnn_run_named(context, name, inputs, 1, outputs, 2, attributes, 0);
}

/* The k largest numbers along one axis, the largest first, and where they stood; of equal ones those that come
 * first. NaN is the largest number.
 *   in  x: (...)
 *   out y: as x, with k along the axis (optional)
 *   out index: as y, int64 (optional)
 */
typedef struct fastnn_top_k_attributes {
  size_t struct_size;
  int64_t k; /* how many, at most the size of the axis */
  int64_t axis; /* the axis to look along */
} fastnn_top_k_attributes;

static inline fastnn_top_k_attributes fastnn_top_k_attributes_default(void) {
  fastnn_top_k_attributes attributes = {sizeof(fastnn_top_k_attributes), 1, -1};
  return attributes;
}

static inline fastnn_status fastnn_top_k(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, fastnn_tensor* index, const fastnn_top_k_attributes* attributes) {
  static const char name[] = "top_k";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y, index};
  return fastnn_run_named(context, name, inputs, 1, outputs, 2, attributes, 0);
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

/* x with its axes in another order, the result shares x's memory: axes names the axis of x for every axis of y. -1
 * puts in a new axis of size one, and axes of size one may be left out.
 *   in  x: (...)
 *   out y: by the axes
 */
typedef struct fastnn_rearrange_attributes {
  size_t struct_size;
  fastnn_list axes; /* axes of x, from 0 on, each at most once; -1 for a new one */
} fastnn_rearrange_attributes;

static inline fastnn_rearrange_attributes fastnn_rearrange_attributes_default(void) {
  fastnn_rearrange_attributes attributes = {sizeof(fastnn_rearrange_attributes), {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_rearrange(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_rearrange_attributes* attributes) {
  static const char name[] = "rearrange";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* x repeated to a shape by NumPy's broadcasting; the result shares x's memory, with strides of 0.
 *   in  x: (...)
 *   out y: shape
 */
typedef struct fastnn_broadcast_to_attributes {
  size_t struct_size;
  fastnn_list shape; /* the new shape; -1 keeps the size that x has there */
} fastnn_broadcast_to_attributes;

static inline fastnn_broadcast_to_attributes fastnn_broadcast_to_attributes_default(void) {
  fastnn_broadcast_to_attributes attributes = {sizeof(fastnn_broadcast_to_attributes), {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_broadcast_to(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_broadcast_to_attributes* attributes) {
  static const char name[] = "broadcast_to";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Arrays of any dtype joined along an axis that they have.
 *   in  arrays: (...), alike but for the axis (variadic)
 *   out y: as the arrays, with the sum of their sizes along the axis
 */
typedef struct fastnn_concatenate_attributes {
  size_t struct_size;
  int64_t axis; /* the axis to join along; negative counts from the end */
} fastnn_concatenate_attributes;

static inline fastnn_concatenate_attributes fastnn_concatenate_attributes_default(void) {
  fastnn_concatenate_attributes attributes = {sizeof(fastnn_concatenate_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_concatenate(const fastnn_context* context, fastnn_tensor* const* arrays, int64_t count, fastnn_tensor* y, const fastnn_concatenate_attributes* attributes) {
  static const char name[] = "concatenate";
  fastnn_tensor* const* groups[] = {arrays};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_groups(context, name, groups, 1, count, outputs, 1, attributes, 0);
}

/* x of any dtype with a border of one value. The gradient is a slice.
 *   in  x: (...)
 *   out y: x with before + after more elements along each axis
 */
typedef struct fastnn_pad_attributes {
  size_t struct_size;
  fastnn_list before; /* elements put before each axis */
  fastnn_list after; /* elements put after each axis */
  double value; /* the value of the border */
} fastnn_pad_attributes;

static inline fastnn_pad_attributes fastnn_pad_attributes_default(void) {
  fastnn_pad_attributes attributes = {sizeof(fastnn_pad_attributes), {0, {0}}, {0, {0}}, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_pad(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_pad_attributes* attributes) {
  static const char name[] = "pad";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
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

/* A tensor whose elements all have one value, like another or, without one, of a shape and dtype.
 *   in  like: (...) (optional, only its shape is used)
 *   out y: as like, or shape
 */
enum { FASTNN_FILL_DTYPE_FLOAT32 = 0, FASTNN_FILL_DTYPE_FLOAT64 = 1, FASTNN_FILL_DTYPE_INT32 = 2, FASTNN_FILL_DTYPE_INT64 = 3, FASTNN_FILL_DTYPE_UINT8 = 4, FASTNN_FILL_DTYPE_BOOL = 5 };
typedef struct fastnn_fill_attributes {
  size_t struct_size;
  double value; /* every element */
  fastnn_list shape; /* the shape without like */
  int64_t dtype; /* the dtype without like */
} fastnn_fill_attributes;

static inline fastnn_fill_attributes fastnn_fill_attributes_default(void) {
  fastnn_fill_attributes attributes = {sizeof(fastnn_fill_attributes), 0.0, {0, {0}}, 0};
  return attributes;
}

static inline fastnn_status fastnn_fill(const fastnn_context* context, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_fill_attributes* attributes) {
  static const char name[] = "fill";
  const fastnn_tensor* inputs[] = {like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* ``target[...] = value`` for any dtype, with NumPy's broadcasting of value. target may be a view of something
 * larger.
 *   in  target: (...) (updated in place)
 *   in  value: broadcasts to target
 */
typedef struct fastnn_assign_update_attributes {
  size_t struct_size;
} fastnn_assign_update_attributes;

static inline fastnn_assign_update_attributes fastnn_assign_update_attributes_default(void) {
  fastnn_assign_update_attributes attributes = {sizeof(fastnn_assign_update_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_assign_update(const fastnn_context* context, const fastnn_tensor* target, const fastnn_tensor* value, const fastnn_assign_update_attributes* attributes) {
  static const char name[] = "assign_update";
  const fastnn_tensor* inputs[] = {target, value};
  return fastnn_run_named(context, name, inputs, 2, NULL, 0, attributes, 0);
}

/* Parts of x by number along an axis: ``y[..., i, ...] = x[..., indices[i], ...]``, of any dtype. Negative indices
 * count from the end; others out of range are refused before anything is written.
 *   in  x: (...)
 *   in  indices: (...) of int32 or int64
 *   out y: x with the shape of indices in place of the axis
 */
typedef struct fastnn_take_attributes {
  size_t struct_size;
  int64_t axis; /* the axis of x; negative counts from the end */
} fastnn_take_attributes;

static inline fastnn_take_attributes fastnn_take_attributes_default(void) {
  fastnn_take_attributes attributes = {sizeof(fastnn_take_attributes), 0};
  return attributes;
}

static inline fastnn_status fastnn_take(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* indices, fastnn_tensor* y, const fastnn_take_attributes* attributes) {
  static const char name[] = "take";
  const fastnn_tensor* inputs[] = {x, indices};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* ``target[indices[i]] = values[i]`` along the first axis, for any dtype; of equal indices the last one stays.
 * Negative indices count from the end; others out of range are refused before anything is written.
 *   in  target: (rows, ...) (updated in place)
 *   in  indices: (...) of int32 or int64
 *   in  values: (*indices, ...)
 */
typedef struct fastnn_put_update_attributes {
  size_t struct_size;
} fastnn_put_update_attributes;

static inline fastnn_put_update_attributes fastnn_put_update_attributes_default(void) {
  fastnn_put_update_attributes attributes = {sizeof(fastnn_put_update_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_put_update(const fastnn_context* context, const fastnn_tensor* target, const fastnn_tensor* indices, const fastnn_tensor* values, const fastnn_put_update_attributes* attributes) {
  static const char name[] = "put_update";
  const fastnn_tensor* inputs[] = {target, indices, values};
  return fastnn_run_named(context, name, inputs, 3, NULL, 0, attributes, 0);
}

/* Gradient of take: the dy of equal indices are summed in their order, other elements are 0. With size instead of
 * x it scatters: an array of that size along the axis, in which values of equal indices are added.
 *   in  dy: the shape of y in take
 *   in  indices: (...) of int32 or int64
 *   in  x: (...) (optional, only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_take_backward_attributes {
  size_t struct_size;
  int64_t axis; /* as in take */
  int64_t size; /* size of x along the axis, without x */
} fastnn_take_backward_attributes;

static inline fastnn_take_backward_attributes fastnn_take_backward_attributes_default(void) {
  fastnn_take_backward_attributes attributes = {sizeof(fastnn_take_backward_attributes), 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_take_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* indices, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_take_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "take_backward";
  const fastnn_tensor* inputs[] = {dy, indices, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* One element for each index: ``y[.., i, ..] = x[.., indices[.., i, ..], ..]``, as NumPy's, of any dtype. Negative
 * indices count from the end; others out of range are refused before anything is written.
 *   in  x: (...)
 *   in  indices: as x but for the axis, of int32 or int64
 *   out y: as indices
 */
typedef struct fastnn_take_along_axis_attributes {
  size_t struct_size;
  int64_t axis; /* the axis of x; negative counts from the end */
} fastnn_take_along_axis_attributes;

static inline fastnn_take_along_axis_attributes fastnn_take_along_axis_attributes_default(void) {
  fastnn_take_along_axis_attributes attributes = {sizeof(fastnn_take_along_axis_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_take_along_axis(const fastnn_context* context, const fastnn_tensor* x, const fastnn_tensor* indices, fastnn_tensor* y, const fastnn_take_along_axis_attributes* attributes) {
  static const char name[] = "take_along_axis";
  const fastnn_tensor* inputs[] = {x, indices};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, 0);
}

/* Gradient of take_along_axis: the dy of equal indices are summed in their order, other elements are 0.
 *   in  dy: as indices
 *   in  indices: as x but for the axis, of int32 or int64
 *   in  x: (...) (only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_take_along_axis_backward_attributes {
  size_t struct_size;
  int64_t axis; /* as in take_along_axis */
} fastnn_take_along_axis_backward_attributes;

static inline fastnn_take_along_axis_backward_attributes fastnn_take_along_axis_backward_attributes_default(void) {
  fastnn_take_along_axis_backward_attributes attributes = {sizeof(fastnn_take_along_axis_backward_attributes), -1};
  return attributes;
}

static inline fastnn_status fastnn_take_along_axis_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* indices, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_take_along_axis_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "take_along_axis_backward";
  const fastnn_tensor* inputs[] = {dy, indices, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 3, outputs, 1, attributes, accumulate);
}

/* Numbers of elements in C order from an index for each axis, with broadcasting. Negative indices count from the
 * end; others out of range are refused before anything is written.
 *   in  indices: (...) of int32 or int64, one for each axis (variadic)
 *   out y: broadcast of the indices, int64
 */
typedef struct fastnn_ravel_multi_index_attributes {
  size_t struct_size;
  fastnn_list dims; /* sizes of the axes */
} fastnn_ravel_multi_index_attributes;

static inline fastnn_ravel_multi_index_attributes fastnn_ravel_multi_index_attributes_default(void) {
  fastnn_ravel_multi_index_attributes attributes = {sizeof(fastnn_ravel_multi_index_attributes), {0, {0}}};
  return attributes;
}

static inline fastnn_status fastnn_ravel_multi_index(const fastnn_context* context, fastnn_tensor* const* indices, int64_t count, fastnn_tensor* y, const fastnn_ravel_multi_index_attributes* attributes) {
  static const char name[] = "ravel_multi_index";
  fastnn_tensor* const* groups[] = {indices};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_groups(context, name, groups, 1, count, outputs, 1, attributes, 0);
}

/* 1 at the label of each row, else 0. Labels out of range are refused before anything is written.
 *   in  labels: (...) of uint8, int32 or int64
 *   out y: (..., classes)
 */
enum { FASTNN_ONE_HOT_DTYPE_FLOAT32 = 0, FASTNN_ONE_HOT_DTYPE_FLOAT64 = 1, FASTNN_ONE_HOT_DTYPE_INT32 = 2, FASTNN_ONE_HOT_DTYPE_INT64 = 3, FASTNN_ONE_HOT_DTYPE_UINT8 = 4, FASTNN_ONE_HOT_DTYPE_BOOL = 5 };
typedef struct fastnn_one_hot_attributes {
  size_t struct_size;
  int64_t classes; /* the number of classes, at least 1 */
  int64_t dtype; /* the dtype of the result */
} fastnn_one_hot_attributes;

static inline fastnn_one_hot_attributes fastnn_one_hot_attributes_default(void) {
  fastnn_one_hot_attributes attributes = {sizeof(fastnn_one_hot_attributes), 1, 0};
  return attributes;
}

static inline fastnn_status fastnn_one_hot(const fastnn_context* context, const fastnn_tensor* labels, fastnn_tensor* y, const fastnn_one_hot_attributes* attributes) {
  static const char name[] = "one_hot";
  const fastnn_tensor* inputs[] = {labels};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Images of another size by bilinear interpolation between the centres of pixels, without antialiasing. Output
 * pixel i lies at ``(i + 0.5) * height / out_height - 0.5``; beyond the outer centres the image goes on as it is
 * there.
 *   in  x: (batch, height, width, channels)
 *   out y: (batch, out_height, out_width, channels)
 */
typedef struct fastnn_resize_bilinear_attributes {
  size_t struct_size;
  int64_t size[2]; /* height and width of the result */
} fastnn_resize_bilinear_attributes;

static inline fastnn_resize_bilinear_attributes fastnn_resize_bilinear_attributes_default(void) {
  fastnn_resize_bilinear_attributes attributes = {sizeof(fastnn_resize_bilinear_attributes), {1, 1}};
  return attributes;
}

static inline fastnn_status fastnn_resize_bilinear(const fastnn_context* context, const fastnn_tensor* x, fastnn_tensor* y, const fastnn_resize_bilinear_attributes* attributes) {
  static const char name[] = "resize_bilinear";
  const fastnn_tensor* inputs[] = {x};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Gradient of resize_bilinear.
 *   in  dy: (batch, out_height, out_width, channels)
 *   in  x: (batch, height, width, channels) (only its shape is used)
 *   out dx: as x
 */
typedef struct fastnn_resize_bilinear_backward_attributes {
  size_t struct_size;
} fastnn_resize_bilinear_backward_attributes;

static inline fastnn_resize_bilinear_backward_attributes fastnn_resize_bilinear_backward_attributes_default(void) {
  fastnn_resize_bilinear_backward_attributes attributes = {sizeof(fastnn_resize_bilinear_backward_attributes)};
  return attributes;
}

static inline fastnn_status fastnn_resize_bilinear_backward(const fastnn_context* context, const fastnn_tensor* dy, const fastnn_tensor* x, fastnn_tensor* dx, const fastnn_resize_bilinear_backward_attributes* attributes, uint64_t accumulate) {
  static const char name[] = "resize_bilinear_backward";
  const fastnn_tensor* inputs[] = {dy, x};
  fastnn_tensor* outputs[] = {dx};
  return fastnn_run_named(context, name, inputs, 2, outputs, 1, attributes, accumulate);
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

/* Numbers spread evenly over [low, high): ``low + (high - low) * u``. The random number of element i is a function
 * of (seed, stream, step, i) alone, as in dropout; float32 has 32 random bits, float64 53, of which the first are
 * the same.
 *   in  like: (...) (optional, only its shape is used)
 *   out y: as like, or shape
 */
enum { FASTNN_RANDOM_UNIFORM_DTYPE_FLOAT32 = 0, FASTNN_RANDOM_UNIFORM_DTYPE_FLOAT64 = 1 };
typedef struct fastnn_random_uniform_attributes {
  size_t struct_size;
  double low; /* the smallest number */
  double high; /* above all numbers, but for rounding */
  fastnn_list shape; /* the shape without like */
  int64_t dtype; /* the dtype without like */
  int64_t stream; /* which random stream */
  int64_t seed; /* the seed */
  int64_t step; /* which draw from the stream */
} fastnn_random_uniform_attributes;

static inline fastnn_random_uniform_attributes fastnn_random_uniform_attributes_default(void) {
  fastnn_random_uniform_attributes attributes = {sizeof(fastnn_random_uniform_attributes), 0.0, 1.0, {0, {0}}, 0, 0, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_random_uniform(const fastnn_context* context, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_random_uniform_attributes* attributes) {
  static const char name[] = "random_uniform";
  const fastnn_tensor* inputs[] = {like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* Normally distributed numbers ``mean + std * z``, z by Box and Muller's transform (1958) of the numbers of
 * random_uniform: elements 2i and 2i + 1 are the cosine and the sine.
 *   in  like: (...) (optional, only its shape is used)
 *   out y: as like, or shape
 */
enum { FASTNN_RANDOM_NORMAL_DTYPE_FLOAT32 = 0, FASTNN_RANDOM_NORMAL_DTYPE_FLOAT64 = 1 };
typedef struct fastnn_random_normal_attributes {
  size_t struct_size;
  double mean; /* the expected value */
  double std; /* the standard deviation, at least 0 */
  fastnn_list shape; /* the shape without like */
  int64_t dtype; /* the dtype without like */
  int64_t stream; /* which random stream */
  int64_t seed; /* the seed */
  int64_t step; /* which draw from the stream */
} fastnn_random_normal_attributes;

static inline fastnn_random_normal_attributes fastnn_random_normal_attributes_default(void) {
  fastnn_random_normal_attributes attributes = {sizeof(fastnn_random_normal_attributes), 0.0, 1.0, {0, {0}}, 0, 0, 0, 0};
  return attributes;
}

static inline fastnn_status fastnn_random_normal(const fastnn_context* context, const fastnn_tensor* like, fastnn_tensor* y, const fastnn_random_normal_attributes* attributes) {
  static const char name[] = "random_normal";
  const fastnn_tensor* inputs[] = {like};
  fastnn_tensor* outputs[] = {y};
  return fastnn_run_named(context, name, inputs, 1, outputs, 1, attributes, 0);
}

/* One step of gradient descent on all parameters. With momentum m: ``v = m * v - learning_rate * g``, then ``w +=
 * v``, or with Nesterov's form ``w += m * v - learning_rate * g``. Keras's formula.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  velocities: as parameters; none when momentum is 0 (optional, variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_sgd_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double momentum; /* in [0, 1) */
  int64_t nesterov; /* Nesterov's form */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_sgd_update_attributes;

static inline fastnn_sgd_update_attributes fastnn_sgd_update_attributes_default(void) {
  fastnn_sgd_update_attributes attributes = {sizeof(fastnn_sgd_update_attributes), 0.01, 0.0, 0, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_sgd_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* velocities, fastnn_tensor* const* ids, int64_t count, const fastnn_sgd_update_attributes* attributes) {
  static const char name[] = "sgd_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, velocities, ids};
  return fastnn_run_groups(context, name, groups, 4, count, NULL, 0, attributes, 0);
}

/* One step of Adam (Kingma and Ba 2015) on all parameters, by Keras's formula: with t = iterations + 1, ``alpha =
 * learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``, ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) *
 * (1 - beta_2)``, ``w -= alpha * m / (sqrt(v) + epsilon)``. The powers are computed in double.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  first_moments: as parameters (variadic, updated in place)
 *   in  second_moments: as parameters (variadic, updated in place)
 *   in  largest_second_moments: as parameters; none without amsgrad (optional, variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_adam_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  int64_t iterations; /* steps taken before this one */
  double beta_1; /* decay of the first moment, in [0, 1) */
  double beta_2; /* decay of the second moment, in [0, 1) */
  double epsilon; /* added outside the root */
  int64_t amsgrad; /* divide by the largest second moment so far */
  int64_t lazy; /* leave rows that ids don't name, and their moments, as they are */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_adam_update_attributes;

static inline fastnn_adam_update_attributes fastnn_adam_update_attributes_default(void) {
  fastnn_adam_update_attributes attributes = {sizeof(fastnn_adam_update_attributes), 0.001, 0, 0.9, 0.999, 1e-07, 0, 0, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_adam_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* first_moments, fastnn_tensor* const* second_moments, fastnn_tensor* const* largest_second_moments, fastnn_tensor* const* ids, int64_t count, const fastnn_adam_update_attributes* attributes) {
  static const char name[] = "adam_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, first_moments, second_moments, largest_second_moments, ids};
  return fastnn_run_groups(context, name, groups, 6, count, NULL, 0, attributes, 0);
}

/* One step of RMSprop (Hinton 2012) on all parameters, by Keras's formula: ``v = rho * v + (1 - rho) * g * g``;
 * when centered ``a = rho * a + (1 - rho) * g`` and a * a is taken off v below; ``step = learning_rate * g /
 * sqrt(v + epsilon)``; ``w -= step``, or with momentum ``m = momentum * m + step``, ``w -= m``.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  velocities: as parameters (variadic, updated in place)
 *   in  momenta: as parameters; none when momentum is 0 (optional, variadic, updated in place)
 *   in  average_gradients: as parameters; none unless centered (optional, variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_rmsprop_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double rho; /* decay of the averages, in [0, 1) */
  double momentum; /* in [0, 1) */
  double epsilon; /* added inside the root */
  int64_t centered; /* divide by the variance instead of the second moment */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_rmsprop_update_attributes;

static inline fastnn_rmsprop_update_attributes fastnn_rmsprop_update_attributes_default(void) {
  fastnn_rmsprop_update_attributes attributes = {sizeof(fastnn_rmsprop_update_attributes), 0.001, 0.9, 0.0, 1e-07, 0, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_rmsprop_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* velocities, fastnn_tensor* const* momenta, fastnn_tensor* const* average_gradients, fastnn_tensor* const* ids, int64_t count, const fastnn_rmsprop_update_attributes* attributes) {
  static const char name[] = "rmsprop_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, velocities, momenta, average_gradients, ids};
  return fastnn_run_groups(context, name, groups, 6, count, NULL, 0, attributes, 0);
}

/* One step of Adagrad (Duchi, Hazan and Singer 2011) on all parameters, by Keras's formula: ``a += g * g``, ``w -=
 * learning_rate * g / sqrt(a + epsilon)``.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  accumulators: as parameters (variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_adagrad_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double epsilon; /* added inside the root */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_adagrad_update_attributes;

static inline fastnn_adagrad_update_attributes fastnn_adagrad_update_attributes_default(void) {
  fastnn_adagrad_update_attributes attributes = {sizeof(fastnn_adagrad_update_attributes), 0.001, 1e-07, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_adagrad_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* accumulators, fastnn_tensor* const* ids, int64_t count, const fastnn_adagrad_update_attributes* attributes) {
  static const char name[] = "adagrad_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, accumulators, ids};
  return fastnn_run_groups(context, name, groups, 4, count, NULL, 0, attributes, 0);
}

/* One step of Adadelta (Zeiler 2012) on all parameters, by Keras's formula: ``a = rho * a + (1 - rho) * g * g``,
 * ``d = -g * sqrt(b + epsilon) / sqrt(a + epsilon)``, ``b = rho * b + (1 - rho) * d * d``, ``w += learning_rate *
 * d``.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  accumulated_gradients: as parameters (variadic, updated in place)
 *   in  accumulated_steps: as parameters (variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_adadelta_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double rho; /* decay of the averages, in [0, 1) */
  double epsilon; /* added inside the roots */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_adadelta_update_attributes;

static inline fastnn_adadelta_update_attributes fastnn_adadelta_update_attributes_default(void) {
  fastnn_adadelta_update_attributes attributes = {sizeof(fastnn_adadelta_update_attributes), 0.001, 0.95, 1e-07, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_adadelta_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* accumulated_gradients, fastnn_tensor* const* accumulated_steps, fastnn_tensor* const* ids, int64_t count, const fastnn_adadelta_update_attributes* attributes) {
  static const char name[] = "adadelta_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, accumulated_gradients, accumulated_steps, ids};
  return fastnn_run_groups(context, name, groups, 5, count, NULL, 0, attributes, 0);
}

/* One step of Adamax (Kingma and Ba 2015, section 7) on all parameters, by Keras's formula: with t = iterations +
 * 1, ``m += (g - m) * (1 - beta_1)``, ``u = max(beta_2 * u, abs(g))``, ``w -= learning_rate / (1 - beta_1**t) * m
 * / (u + epsilon)``.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  first_moments: as parameters (variadic, updated in place)
 *   in  norms: as parameters (variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_adamax_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  int64_t iterations; /* steps taken before this one */
  double beta_1; /* decay of the first moment, in [0, 1) */
  double beta_2; /* decay of the norm, in [0, 1) */
  double epsilon; /* added to the norm */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_adamax_update_attributes;

static inline fastnn_adamax_update_attributes fastnn_adamax_update_attributes_default(void) {
  fastnn_adamax_update_attributes attributes = {sizeof(fastnn_adamax_update_attributes), 0.001, 0, 0.9, 0.999, 1e-07, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_adamax_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* first_moments, fastnn_tensor* const* norms, fastnn_tensor* const* ids, int64_t count, const fastnn_adamax_update_attributes* attributes) {
  static const char name[] = "adamax_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, first_moments, norms, ids};
  return fastnn_run_groups(context, name, groups, 5, count, NULL, 0, attributes, 0);
}

/* One step of Nadam (Dozat 2016) on all parameters, by Keras's formula: with t = iterations + 1, ``u(t) = beta_1 *
 * (1 - 0.96**t / 2)`` and ``p(t) = u(1) * ... * u(t)``: ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) * (1 -
 * beta_2)``, ``h = u(t + 1) * m / (1 - p(t + 1)) + (1 - u(t)) * g / (1 - p(t))``, ``w -= learning_rate * h /
 * (sqrt(v / (1 - beta_2**t)) + epsilon)``. The powers and p are computed in double.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  first_moments: as parameters (variadic, updated in place)
 *   in  second_moments: as parameters (variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_nadam_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  int64_t iterations; /* steps taken before this one */
  double beta_1; /* decay of the first moment, in [0, 1) */
  double beta_2; /* decay of the second moment, in [0, 1) */
  double epsilon; /* added outside the root */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_nadam_update_attributes;

static inline fastnn_nadam_update_attributes fastnn_nadam_update_attributes_default(void) {
  fastnn_nadam_update_attributes attributes = {sizeof(fastnn_nadam_update_attributes), 0.001, 0, 0.9, 0.999, 1e-07, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_nadam_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* first_moments, fastnn_tensor* const* second_moments, fastnn_tensor* const* ids, int64_t count, const fastnn_nadam_update_attributes* attributes) {
  static const char name[] = "nadam_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, first_moments, second_moments, ids};
  return fastnn_run_groups(context, name, groups, 5, count, NULL, 0, attributes, 0);
}

/* One step of Lion (Chen et al. 2023) on all parameters, by Keras's formula: ``w -= learning_rate * sign(beta_1 *
 * m + (1 - beta_1) * g)``, then ``m = beta_2 * m + (1 - beta_2) * g``.
 *   in  parameters: (...) (variadic, updated in place)
 *   in  gradients: as parameters, or (..., n) with ids (variadic)
 *   in  momenta: as parameters (variadic, updated in place)
 *   in  ids: (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others (optional, variadic)
 */
typedef struct fastnn_lion_update_attributes {
  size_t struct_size;
  double learning_rate; /* step size */
  double beta_1; /* share of the momentum in the step, in [0, 1) */
  double beta_2; /* decay of the momentum, in [0, 1) */
  double weight_decay; /* w is first multiplied by 1 - learning_rate * weight_decay */
  double clipvalue; /* gradients are clipped to [-clipvalue, clipvalue]; 0 does not */
  double clipnorm; /* every gradient is scaled down to this norm; 0 does not */
  double global_clipnorm; /* all gradients together are scaled down to this norm; 0 does not */
} fastnn_lion_update_attributes;

static inline fastnn_lion_update_attributes fastnn_lion_update_attributes_default(void) {
  fastnn_lion_update_attributes attributes = {sizeof(fastnn_lion_update_attributes), 0.001, 0.9, 0.99, 0.0, 0.0, 0.0, 0.0};
  return attributes;
}

static inline fastnn_status fastnn_lion_update(const fastnn_context* context, fastnn_tensor* const* parameters, fastnn_tensor* const* gradients, fastnn_tensor* const* momenta, fastnn_tensor* const* ids, int64_t count, const fastnn_lion_update_attributes* attributes) {
  static const char name[] = "lion_update";
  fastnn_tensor* const* groups[] = {parameters, gradients, momenta, ids};
  return fastnn_run_groups(context, name, groups, 4, count, NULL, 0, attributes, 0);
}

/* Exponential moving averages: ``average = momentum * average + (1 - momentum) * value`` for each of a list.
 *   in  averages: (...) (variadic, updated in place)
 *   in  values: as averages (variadic)
 */
typedef struct fastnn_moving_average_update_attributes {
  size_t struct_size;
  double momentum; /* share of the old average, in [0, 1] */
} fastnn_moving_average_update_attributes;

static inline fastnn_moving_average_update_attributes fastnn_moving_average_update_attributes_default(void) {
  fastnn_moving_average_update_attributes attributes = {sizeof(fastnn_moving_average_update_attributes), 0.99};
  return attributes;
}

static inline fastnn_status fastnn_moving_average_update(const fastnn_context* context, fastnn_tensor* const* averages, fastnn_tensor* const* values, int64_t count, const fastnn_moving_average_update_attributes* attributes) {
  static const char name[] = "moving_average_update";
  fastnn_tensor* const* groups[] = {averages, values};
  return fastnn_run_groups(context, name, groups, 2, count, NULL, 0, attributes, 0);
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
