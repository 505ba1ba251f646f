// relu.cpp: relu and its gradient, over flat pieces of a size that stays in L2.
#include "ops/op.h"

namespace fastnn::ops {
namespace {
constexpr int64_t kGrain = 16384;
}

size_t relu_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_float("relu", "x", x);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  return 0;
}

void relu_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  with_float_type(x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const from = data<T>(x);
    T* const to = data<T>(output(call, 0));
    const int64_t count = element_count(x);
    const double nanoseconds = 0.2 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, ceil_divide(count, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      table<T>().relu(to + range.begin, from + range.begin, range.end - range.begin);
    });
  });
}

size_t relu_backward_infer(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &y = input(call, 1);
  check_float("relu_backward", "dy", dy);
  check_same_dtype("relu_backward", "y", y, "dy", dy);
  check_same_shape("relu_backward", "y", y, dy);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), dy);
  return 0;
}

void relu_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &y = input(call, 1);
  with_float_type(dy.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const gradient = data<T>(dy);
    const T* const result = data<T>(y);
    T* const dx = data<T>(output(call, 0));
    const int64_t count = element_count(dy);
    const double nanoseconds = 0.3 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, ceil_divide(count, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      table<T>().relu_backward(dx + range.begin, gradient + range.begin, result + range.begin, range.end - range.begin,
                               accumulates(call, 0));
    });
  });
}

}  // namespace fastnn::ops
