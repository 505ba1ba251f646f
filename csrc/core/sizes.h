// sizes.h: arithmetic on sizes. Nothing else in the engine multiplies dimensions: a wrapped product is a hole.
#pragma once

#include <cstdint>

#include "core/errors.h"

namespace fastnn {

inline int64_t checked_multiply(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a, b, &result)) value_error("fastnn: the size ", a, " x ", b, " exceeds 2^63 - 1");
  return result;
}

inline int64_t checked_add(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_add_overflow(a, b, &result)) value_error("fastnn: the size ", a, " + ", b, " exceeds 2^63 - 1");
  return result;
}

constexpr int64_t ceil_divide(int64_t a, int64_t b) { return a / b + (a % b != 0); }
constexpr int64_t round_up(int64_t a, int64_t multiple) { return ceil_divide(a, multiple) * multiple; }

// One spatial axis of a convolution or a pooling.
enum class Padding : int64_t { valid = 0, same = 1, explicit_pads = 2 };

struct WindowAxis {
  int64_t input = 0, output = 0;  // sizes
  int64_t kernel = 0, stride = 1, dilation = 1;
  int64_t pad_before = 0, pad_after = 0;
};

// Checks the axis and finds output size and padding. `same` gives ceil(input / stride) and pads the odd one after.
// Errors name the op and the axis.
WindowAxis window_axis(const char* op, const char* axis, int64_t input, int64_t kernel, int64_t stride,
                       int64_t dilation, Padding padding, int64_t pad_before, int64_t pad_after);

// The axis whose output is `input`: what a transposed convolution undoes. Its size is input * stride for `same`,
// (input - 1) * stride + max(window, stride) for `valid`, (input - 1) * stride + window - pads for explicit ones; an
// output_padding other than -1 takes the place of what they add to the odd or whole window.
WindowAxis transposed_axis(const char* op, const char* axis, int64_t input, int64_t kernel, int64_t stride,
                           int64_t dilation, Padding padding, int64_t pad_before, int64_t pad_after,
                           int64_t output_padding);

}  // namespace fastnn
