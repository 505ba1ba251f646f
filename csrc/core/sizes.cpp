// sizes.cpp: output size and padding along one axis of a convolution or a pooling.
#include "core/sizes.h"

#include <algorithm>

namespace fastnn {

WindowAxis window_axis(const char* op, const char* axis, int64_t input, int64_t kernel, int64_t stride,
                       int64_t dilation, Padding padding, int64_t pad_before, int64_t pad_after) {
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

  WindowAxis result{input, 0, kernel, stride, dilation, pad_before, pad_after};
  const int64_t extent = checked_add(checked_multiply(kernel - 1, dilation), 1);
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

}  // namespace fastnn
