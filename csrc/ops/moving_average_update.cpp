// moving_average_update.cpp: exponential moving averages, such as the statistics of batch normalisation, updated in
// place. The inputs are all averages, then all values.
#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {
constexpr int64_t kGrain = 16 * 1024;
}

size_t moving_average_update_infer(const fastnn_call& call) {
  const char* op = "moving_average_update";
  if (call.input_count % 2 != 0) {
    value_error(op, ": expected averages and values of one number, got ", call.input_count, " tensors");
  }
  const int64_t count = call.input_count / 2;
  for (int64_t i = 0; i < count; ++i) {
    if (!has_input(call, i) || !has_input(call, count + i)) value_error(op, ": expected a tensor, got nothing");
    const fastnn_tensor &average = input(call, i), &value = input(call, count + i);
    check_float(op, "averages", average);
    check_same_dtype(op, "values", value, "averages", average);
    check_same_shape(op, "values", value, average);
    if (!is_contiguous(average)) {
      value_error(op, ": expected averages contiguous, got strides ", shape_text(average.rank, average.strides));
    }
  }
  const double momentum = attributes<fastnn_moving_average_update_attributes>(call).momentum;
  check_value(momentum >= 0 && momentum <= 1, op, "momentum", "in [0, 1]", momentum);
  return 0;
}

void moving_average_update_run(const fastnn_call& call) {
  const double momentum = attributes<fastnn_moving_average_update_attributes>(call).momentum;
  const int64_t count = call.input_count / 2;
  for (int64_t i = 0; i < count; ++i) {
    const fastnn_tensor &average = input(call, i), &value = input(call, count + i);
    const int64_t size = element_count(average);
    with_float_type(average.dtype, [&](auto zero) {
      using T = decltype(zero);
      const double nanoseconds = 0.3 * sizeof(T) * static_cast<double>(size);
      parallel_for(*call.context, ceil_divide(size, kGrain), nanoseconds, [&](int64_t chunk) {
        const Range range = chunk_range(chunk, size, kGrain);
        table<T>().moving_average(data<T>(average) + range.begin, data<T>(value) + range.begin, range.end - range.begin,
                                  static_cast<T>(momentum), static_cast<T>(1 - momentum));
      });
    });
  }
}

}  // namespace fastnn::ops
