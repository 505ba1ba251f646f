// sizes.cpp: output size and padding along one axis of a convolution or a pooling.
#include "core/sizes.h"

#include <algorithm>

namespace fastnn {

namespace {

void check_window(const char* op, const char* axis, int64_t kernel, int64_t stride, int64_t dilation, Padding padding,
                  int64_t pad_before, int64_t pad_after) {
  if (kernel < 1) value_error(op, ": expected a window of ", axis, " at least 1, got ", kernel);
  if (stride < 1) value_error(op, ": expected a stride of at least 1 along the ", axis, ", got ", stride);
  if (dilation < 1) value_error(op, ": expected a dilation of at least 1 along the ", axis, ", got ", dilation);
  if (padding != Padding::valid && padding != Padding::same && padding != Padding::explicit_pads) {
    value_error(op, ": expected padding 'valid', 'same' or 'explicit', got ", static_cast<int64_t>(padding));
  }
  if (pad_before < 0 || pad_after < 0) {
    value_error(op, ": expected pads of at least 0 along the ", axis, ", got ", pad_before, " and ", pad_after);
  }
  if (padding != Padding::explicit_pads && (pad_before != 0 || pad_after != 0)) {
    value_error(op, ": expected pads with padding='explicit' only, got ", pad_before, " and ", pad_after, " along the ",
                axis, " with padding='", padding == Padding::same ? "same" : "valid", "'");
  }
}

int64_t extent_of(int64_t kernel, int64_t dilation) { return checked_add(checked_multiply(kernel - 1, dilation), 1); }

}  // namespace

WindowAxis window_axis(const char* op, const char* axis, int64_t input, int64_t kernel, int64_t stride,
                       int64_t dilation, Padding padding, int64_t pad_before, int64_t pad_after) {
  check_window(op, axis, kernel, stride, dilation, padding, pad_before, pad_after);

  WindowAxis result{input, 0, kernel, stride, dilation, pad_before, pad_after};
  const int64_t extent = extent_of(kernel, dilation);
  if (padding == Padding::same) {
    result.output = ceil_divide(input, stride);
    if (result.output == 0) return result;
    // (output - 1) * stride < input, so only the sum can overflow
    const int64_t total = std::max<int64_t>(checked_add((result.output - 1) * stride, extent) - input, 0);
    result.pad_before = total / 2;
    result.pad_after = total - total / 2;
    return result;
  }
  const int64_t padded = checked_add(checked_add(input, pad_before), pad_after);
  if (extent > padded) {
    value_error(op, ": expected a window of ", axis, " at most ", padded, " (input ", input, ", padding ", pad_before,
                " and ", pad_after, "), got ", extent,
                dilation > 1 ? concat(" (", kernel, " dilated by ", dilation, ")") : "");
  }
  result.output = (padded - extent) / stride + 1;
  return result;
}

WindowAxis transposed_axis(const char* op, const char* axis, int64_t input, int64_t kernel, int64_t stride,
                           int64_t dilation, Padding padding, int64_t pad_before, int64_t pad_after,
                           int64_t output_padding) {
  check_window(op, axis, kernel, stride, dilation, padding, pad_before, pad_after);
  if (output_padding < -1 || output_padding >= stride) {
    value_error(op, ": expected an output_padding in [0, ", stride, "), or -1, along the ", axis, ", got ",
                output_padding);
  }
  if (input < 1) value_error(op, ": expected at least 1 along the ", axis, " of x, got ", input);
  const int64_t extent = extent_of(kernel, dilation), steps = checked_multiply(input - 1, stride);
  int64_t output;
  if (padding == Padding::same) {
    if (output_padding == 0 && extent % 2 == 0) {
      value_error(op, ": expected an output_padding of at least 1 along the ", axis, ", whose window is even, got 0");
    }
    output = checked_add(steps, output_padding < 0 ? stride : extent % 2 + output_padding);
  } else {
    const int64_t least = padding == Padding::valid ? std::max(extent, stride) : extent;
    output = checked_add(steps, output_padding < 0 ? least : checked_add(extent, output_padding));
    output -= checked_add(pad_before, pad_after);
    if (output < 1) {
      value_error(op, ": expected pads that leave something along the ", axis, ", got ", pad_before, " and ", pad_after,
                  " of ", output + pad_before + pad_after);
    }
  }
  return window_axis(op, axis, output, kernel, stride, dilation, padding, pad_before, pad_after);
}

}  // namespace fastnn
