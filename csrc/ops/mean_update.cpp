// mean_update.cpp: the running mean behind metrics and the reported loss: a sum and a count, both in double.
#include "ops/op.h"

namespace fastnn::ops {
namespace {
constexpr int64_t kGrain = 65536;  // values in a part; the parts are added in their order
}

size_t mean_update_infer(const fastnn_call& call) {
  const fastnn_tensor &total = input(call, 0), &values = input(call, 1);
  if (!(total.dtype == kFloat64)) type_error("mean_update: expected total of float64, got ", dtype_name(total.dtype));
  check_shape("mean_update", "total", total, {2});
  check_float("mean_update", "values", values);
  return static_cast<size_t>(ceil_divide(element_count(values), kGrain)) * sizeof(double);
}

void mean_update_run(const fastnn_call& call) {
  const fastnn_tensor& values = input(call, 1);
  const int64_t count = element_count(values);
  const int64_t parts = ceil_divide(count, kGrain);
  auto* const sums = static_cast<double*>(call.workspace);
  with_float_type(values.dtype, [&](auto type) {
    using T = decltype(type);
    const double nanoseconds = 0.1 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, parts, nanoseconds, [&](int64_t part) {
      const Range range = chunk_range(part, count, kGrain);
      const int64_t size = range.end - range.begin;
      table<T>().sum_rows(sums + part, data<T>(values) + range.begin, 1, size, size, false);
    });
  });
  double sum = 0;
  for (int64_t part = 0; part < parts; ++part) sum += sums[part];
  auto* const total = data<double>(input(call, 0));
  total[0] += sum;
  total[1] += static_cast<double>(count);
}

}  // namespace fastnn::ops
