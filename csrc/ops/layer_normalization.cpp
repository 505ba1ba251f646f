// layer_normalization.cpp: layer and RMS normalisation along the last axis, and their gradients. Rows are spread over
// threads in pieces; a row's bits don't depend on the others. The gradients of gamma and beta are summed over parts of
// rows in double, and the parts added in their order.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;
constexpr int64_t kPartElements = 64 * 1024;
constexpr int64_t kMostParts = 64;

struct Rows {
  int64_t count, n, part_rows, parts;
};

// Checks x.
Rows rows_of(const char* op, const fastnn_tensor& x) {
  check_float(op, "x", x);
  if (x.rank == 0) value_error(op, ": expected x (..., n), got ()");
  Rows r{element_count(x.rank - 1, x.shape), x.shape[x.rank - 1], 1, 0};
  const int64_t wanted = std::clamp<int64_t>(element_count(x) / kPartElements, 1, kMostParts);
  r.part_rows = std::max<int64_t>(ceil_divide(r.count, wanted), 1);
  r.parts = ceil_divide(r.count, r.part_rows);
  return r;
}

void check_row(const char* op, const char* argument, const fastnn_tensor& t, const fastnn_tensor& x) {
  check_same_dtype(op, argument, t, "x", x);
  check_shape(op, argument, t, {x.shape[x.rank - 1]});
}

template <typename T>
const T* optional_data(const fastnn_call& call, int64_t index) {
  return has_input(call, index) ? data<T>(input(call, index)) : nullptr;
}

}  // namespace

size_t layer_normalization_infer(const fastnn_call& call) {
  const char* op = "layer_normalization";
  const fastnn_tensor& x = input(call, 0);
  rows_of(op, x);
  if (has_input(call, 1)) check_row(op, "gamma", input(call, 1), x);
  if (has_input(call, 2)) check_row(op, "beta", input(call, 2), x);
  const double epsilon = attributes<fastnn_layer_normalization_attributes>(call).epsilon;
  check_value(std::isfinite(epsilon) && epsilon > 0, op, "epsilon", "finite and above 0", epsilon);
  set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, x.rank - 1, x.shape);
  }
  return 0;
}

void layer_normalization_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const Rows r = rows_of("layer_normalization", x);
  const auto& a = attributes<fastnn_layer_normalization_attributes>(call);
  const int64_t grain = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(r.n, 1));
  const double nanoseconds = static_cast<double>(r.count) * (20.0 + 0.4 * static_cast<double>(r.n));
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const mean = wants_output(call, 1) ? data<T>(output(call, 1)) : nullptr;
    T* const inverse = wants_output(call, 2) ? data<T>(output(call, 2)) : nullptr;
    parallel_for(*call.context, ceil_divide(r.count, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, r.count, grain);
      const int64_t at = range.begin * r.n;
      table<T>().layer_norm_rows(data<T>(output(call, 0)) + at, mean == nullptr ? nullptr : mean + range.begin,
                                 inverse == nullptr ? nullptr : inverse + range.begin, data<T>(x) + at,
                                 optional_data<T>(call, 1), optional_data<T>(call, 2), range.end - range.begin, r.n,
                                 a.epsilon, a.rms != 0);
    });
  });
}

size_t layer_normalization_backward_infer(const fastnn_call& call) {
  const char* op = "layer_normalization_backward";
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  const Rows r = rows_of(op, x);
  check_same_dtype(op, "dy", dy, "x", x);
  check_same_shape(op, "dy", dy, x);
  fastnn_tensor row = x;
  --row.rank;
  const char* const names[] = {"dy", "x", "mean", "inverse_deviation"};
  for (int64_t i = 2; i < 4; ++i) {
    check_same_dtype(op, names[i], input(call, i), "x", x);
    check_same_shape(op, names[i], input(call, i), row);
  }
  if (has_input(call, 4)) check_row(op, "gamma", input(call, 4), x);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, {r.n});
  }
  return static_cast<size_t>(checked_multiply(checked_multiply(2 * r.parts, r.n), sizeof(double)));
}

void layer_normalization_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  const Rows r = rows_of("layer_normalization_backward", x);
  const bool rms = attributes<fastnn_layer_normalization_backward_attributes>(call).rms != 0;
  auto* const sums = static_cast<double*>(call.workspace);  // parts x (dgamma, dbeta) x n
  const double nanoseconds = static_cast<double>(r.count) * (30.0 + static_cast<double>(r.n));
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const dx = wants_output(call, 0) ? data<T>(output(call, 0)) : nullptr;
    parallel_for(*call.context, r.parts, nanoseconds, [&](int64_t part) {
      const Range range = chunk_range(part, r.count, r.part_rows);
      const int64_t at = range.begin * r.n;
      double* const own = sums + 2 * part * r.n;
      std::fill(own, own + 2 * r.n, 0.0);
      table<T>().layer_norm_backward_rows(dx == nullptr ? nullptr : dx + at, wants_output(call, 1) ? own : nullptr,
                                          wants_output(call, 2) ? own + r.n : nullptr, data<T>(dy) + at,
                                          data<T>(x) + at, data<T>(input(call, 2)) + range.begin,
                                          data<T>(input(call, 3)) + range.begin, optional_data<T>(call, 4),
                                          range.end - range.begin, r.n, rms, accumulates(call, 0));
    });
    for (int64_t kind = 0; kind < 2; ++kind) {
      if (!wants_output(call, kind + 1)) continue;
      T* const total = data<T>(output(call, kind + 1));
      for (int64_t k = 0; k < r.n; ++k) {
        double sum = 0;
        for (int64_t part = 0; part < r.parts; ++part) sum += sums[(2 * part + kind) * r.n + k];
        total[k] = static_cast<T>(sum);
      }
    }
  });
}

}  // namespace fastnn::ops
