// avg_pool2d.cpp: mean over windows of NHWC images, padding left out, and its gradient. Work is cut into whole rows:
// output rows forward, input rows backward, so no two chunks write the same element.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/pool_geometry.h"

namespace fastnn::ops {

size_t avg_pool2d_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto s = pool_shape("avg_pool2d", x, attributes<fastnn_avg_pool2d_attributes>(call));
  set_output(&output(call, 0), x.dtype, x.device, {x.shape[0], s.out_height, s.out_width, s.channels});
  return 0;
}

void avg_pool2d_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_tensor& y = output(call, 0);
  const auto s = pool_shape("avg_pool2d", x, attributes<fastnn_avg_pool2d_attributes>(call));
  if (element_count(y) == 0) return;
  const int64_t rows = y.shape[0] * s.out_height;
  const int64_t grain = std::max<int64_t>(1, kPoolChunkElements / (s.out_width * s.channels));
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(x) + element_count(y)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      table<T>().avg_pool2d(data<T>(y), data<T>(x), range.begin, range.end, &s);
    });
  });
}

size_t avg_pool2d_backward_infer(const fastnn_call& call) {
  const char* op = "avg_pool2d_backward";
  const fastnn_tensor& dy = input(call, 0);
  const fastnn_tensor& x = input(call, 1);
  const auto s = pool_shape(op, x, attributes<fastnn_avg_pool2d_backward_attributes>(call));
  check_same_dtype(op, "dy", dy, "x", x);
  check_shape(op, "dy", dy, {x.shape[0], s.out_height, s.out_width, s.channels});
  set_output_like(&output(call, 0), x);
  return 0;
}

void avg_pool2d_backward_run(const fastnn_call& call) {
  const fastnn_tensor& dy = input(call, 0);
  const fastnn_tensor& dx = output(call, 0);
  const auto s = pool_shape("avg_pool2d_backward", dx, attributes<fastnn_avg_pool2d_backward_attributes>(call));
  if (element_count(dx) == 0) return;
  const int64_t rows = dx.shape[0] * s.height;
  const int64_t grain = round_up(std::max<int64_t>(1, kPoolChunkElements / (s.width * s.channels)), s.stride_height);
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(2 * element_count(dx) + element_count(dy)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      table<T>().avg_pool2d_backward(data<T>(dx), data<T>(dy), range.begin, range.end, &s, accumulate);
    });
  });
}

}  // namespace fastnn::ops
