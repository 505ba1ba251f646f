// dropout.cpp: dropout and its gradient. What is dropped depends on seed, stream, step and the element's position only
// (kernels/cpu/random.inl), so pieces can be computed in any order.
#include <cmath>

#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kGrain = 16384;

void check_rate(const char* op, double rate) {
  check_value(rate >= 0 && rate < 1, op, "rate", "in [0, 1)", rate);  // NaN fails both
}

}  // namespace

size_t dropout_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_float("dropout", "x", x);
  check_rate("dropout", attributes<fastnn_dropout_attributes>(call).rate);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  if (wants_output(call, 1)) set_output(&output(call, 1), kUint8, x.device, x.rank, x.shape);
  return 0;
}

void dropout_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& a = attributes<fastnn_dropout_attributes>(call);
  const kernels::RandomStream random{static_cast<uint64_t>(a.seed), static_cast<uint64_t>(a.stream),
                                     static_cast<uint64_t>(a.step)};
  const auto threshold = static_cast<int64_t>(std::ceil(a.rate * 0x1p32));
  uint8_t* const mask = wants_output(call, 1) ? data<uint8_t>(output(call, 1)) : nullptr;
  const int64_t count = element_count(x);
  with_float_type(x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const from = data<T>(x);
    T* const to = data<T>(output(call, 0));
    const T scale = static_cast<T>(1.0 / (1.0 - a.rate));
    parallel_for(*call.context, ceil_divide(count, kGrain), 1.5 * static_cast<double>(count), [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      table<T>().dropout(to + range.begin, mask == nullptr ? nullptr : mask + range.begin, from + range.begin,
                         call.first + range.begin, range.end - range.begin, scale, threshold, random);
    });
  });
}

size_t dropout_backward_infer(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &mask = input(call, 1);
  check_float("dropout_backward", "dy", dy);
  check_rate("dropout_backward", attributes<fastnn_dropout_backward_attributes>(call).rate);
  if (!(mask.dtype == kUint8)) type_error("dropout_backward: expected mask of uint8, got ", dtype_name(mask.dtype));
  check_same_shape("dropout_backward", "mask", mask, dy);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), dy);
  return 0;
}

void dropout_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &mask = input(call, 1);
  const double rate = attributes<fastnn_dropout_backward_attributes>(call).rate;
  const int64_t count = element_count(dy);
  with_float_type(dy.dtype, [&](auto type) {
    using T = decltype(type);
    const T scale = static_cast<T>(1.0 / (1.0 - rate));
    const double nanoseconds = 0.25 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, ceil_divide(count, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      table<T>().dropout_backward(data<T>(output(call, 0)) + range.begin, data<T>(dy) + range.begin,
                                  data<uint8_t>(mask) + range.begin, range.end - range.begin, scale,
                                  accumulates(call, 0));
    });
  });
}

}  // namespace fastnn::ops
