// pool_geometry.h: the shape of a pooling over NHWC images, checked; shared by max_pool2d and avg_pool2d.
#pragma once

#include "ops/op.h"

namespace fastnn::ops {

constexpr int64_t kPoolChunkElements = 16 * 1024;  // about so many elements of whole rows make a chunk

template <typename Attributes>
WindowAxis pool_axis(const char* op, int spatial, int64_t size, const Attributes& a) {
  const char* name = spatial == 0 ? "height" : "width";
  const WindowAxis axis = window_axis(op, name, size, a.pool_size[spatial], a.strides[spatial], 1,
                                      static_cast<Padding>(a.padding), a.pads[2 * spatial], a.pads[2 * spatial + 1]);
  if (axis.output > 0 && (size == 0 || axis.pad_before >= axis.kernel || axis.pad_after >= axis.kernel)) {
    value_error(op, ": expected no window of padding alone along the ", name, ", got size ", size, ", pool_size ",
                axis.kernel, " and pads ", axis.pad_before, " and ", axis.pad_after);
  }
  return axis;
}

// Checks x and the attributes.
template <typename Attributes>
kernels::PoolShape pool_shape(const char* op, const fastnn_tensor& x, const Attributes& a) {
  check_float(op, "x", x);
  check_rank(op, "x", x, 4, "(batch, height, width, channels)");
  const WindowAxis height = pool_axis(op, 0, x.shape[1], a);
  const WindowAxis width = pool_axis(op, 1, x.shape[2], a);
  const int64_t taps = checked_multiply(height.kernel, width.kernel);
  if (taps > INT32_MAX) {
    value_error(op, ": expected a pool_size of at most 2^31 - 1 taps, got (", height.kernel, ", ", width.kernel, ")");
  }
  return {x.shape[1],   x.shape[2],    x.shape[3],   height.output,     width.output,     height.kernel,
          width.kernel, height.stride, width.stride, height.pad_before, width.pad_before, taps <= 256 ? 1 : 4};
}

}  // namespace fastnn::ops
