// var.cpp: variance and logsumexp over axes, in two passes: what the terms are measured from (their mean, their largest)
// is kept in the workspace as doubles, one for each output.
#include <cmath>
#include <limits>

#include "fastnn/ops.h"
#include "ops/reduction.h"

namespace fastnn::ops {
namespace {

// As max in folds.cpp, of floats.
template <typename T>
struct LargestFold {
  double start = -std::numeric_limits<double>::infinity();
  void add(double* results, const T* x, bool rows, int64_t count, int64_t length, int64_t stride, int64_t) const {
    if (rows) {
      table<T>().max_rows(results, x, count, length, stride);
    } else {
      table<T>().max_columns(results, x, length, count, stride);
    }
  }
  double join(double a, double b) const { return b > a || b != b ? b : a; }
};

// Sums of a kernel's terms that look at origin[output].
template <typename T>
struct OriginFold {
  using Kernel = void (*)(double* sums, const T* x, const double* origin, int64_t rows, int64_t n, int64_t stride);
  Kernel of_rows, of_columns;
  const double* origin;
  double start = 0;
  void add(double* sums, const T* x, bool rows, int64_t count, int64_t length, int64_t stride, int64_t output) const {
    if (rows) {
      of_rows(sums, x, origin + output, count, length, stride);
    } else {
      of_columns(sums, x, origin + output, length, count, stride);
    }
  }
  double join(double a, double b) const { return a + b; }
};

size_t infer(const char* op, const fastnn_call& call, const fastnn_list& axes, int64_t keepdims) {
  const fastnn_tensor& x = input(call, 0);
  check_float(op, "x", x);
  const uint32_t bits = axis_bits(op, axes, x.rank);
  const Reduction r = make_reduction(x.rank, x.shape, bits);
  set_output_like(&output(call, 0), reduced_tensor(x, bits, keepdims != 0));
  const auto origins = static_cast<size_t>(checked_multiply(r.outputs(), sizeof(double)));
  return origins + reduce_workspace(r);
}

Reduction reduction_of(const char* op, const fastnn_call& call, const fastnn_list& axes) {
  const fastnn_tensor& x = input(call, 0);
  return make_reduction(x.rank, x.shape, axis_bits(op, axes, x.rank));
}

}  // namespace

size_t var_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_var_attributes>(call);
  check_value(a.ddof >= 0, "var", "ddof", "of at least 0", static_cast<double>(a.ddof));
  return infer("var", call, a.axes, a.keepdims);
}

void var_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_var_attributes>(call);
  const Reduction r = reduction_of("var", call, a.axes);
  auto* const means = static_cast<double*>(call.workspace);
  double* const rest = means + r.outputs();
  const auto terms = static_cast<double>(r.terms());
  // 0 / 0 is NaN: of too few numbers there is no variance
  const double divisor = std::max(terms - static_cast<double>(a.ddof), 0.0);
  with_float_type(input(call, 0).dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input(call, 0));
    T* const y = data<T>(output(call, 0));
    fold_terms(*call.context, rest, r, x, 0.1 * sizeof(T), SumFold<T>{},
               [=](int64_t i, double sum) { means[i] = sum / terms; });
    const OriginFold<T> squares{table<T>().squared_deviation_rows, table<T>().squared_deviation_columns, means};
    fold_terms(*call.context, rest, r, x, 0.1 * sizeof(T), squares,
               [=](int64_t i, double sum) { y[i] = static_cast<T>(sum / divisor); });
  });
}

size_t logsumexp_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_logsumexp_attributes>(call);
  return infer("logsumexp", call, a.axes, a.keepdims);
}

void logsumexp_run(const fastnn_call& call) {
  const Reduction r = reduction_of("logsumexp", call, attributes<fastnn_logsumexp_attributes>(call).axes);
  auto* const shifts = static_cast<double*>(call.workspace);
  double* const rest = shifts + r.outputs();
  with_float_type(input(call, 0).dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input(call, 0));
    T* const y = data<T>(output(call, 0));
    // an infinite largest is not subtracted: exp then gives infinity, or 0 everywhere
    fold_terms(*call.context, rest, r, x, 0.1 * sizeof(T), LargestFold<T>{},
               [=](int64_t i, double largest) { shifts[i] = std::isfinite(largest) ? largest : 0.0; });
    const OriginFold<T> exponentials{table<T>().exp_rows, table<T>().exp_columns, shifts};
    fold_terms(*call.context, rest, r, x, 0.2 * sizeof(T), exponentials,
               [=](int64_t i, double sum) { y[i] = static_cast<T>(std::log(sum) + shifts[i]); });
  });
}

}  // namespace fastnn::ops
