// folds.cpp: the largest, the smallest and the product over axes.
#include <limits>

#include "fastnn/ops.h"
#include "ops/reduction.h"

namespace fastnn::ops {
namespace {

// NaN wins. Integers start at the worst number of their dtype, bools at false or true: so max of bools is "any" and min
// is "all", of nothing too.
template <typename T, bool kSmallest>
struct ExtremeFold {
  using A = kernels::Accumulator<T>;
  using Limits = std::numeric_limits<T>;
  A start = static_cast<A>(Limits::has_infinity ? (kSmallest ? Limits::infinity() : -Limits::infinity())
                                                : (kSmallest ? Limits::max() : Limits::lowest()));
  void add(A* results, const T* x, bool rows, int64_t count, int64_t length, int64_t stride, int64_t) const {
    const auto& kernels = table<T>();
    if (rows) {
      (kSmallest ? kernels.min_rows : kernels.max_rows)(results, x, count, length, stride);
    } else {
      (kSmallest ? kernels.min_columns : kernels.max_columns)(results, x, length, count, stride);
    }
  }
  A join(A a, A b) const { return (kSmallest ? b < a : b > a) || b != b ? b : a; }
};

// Integers wrap around.
template <typename T>
struct ProductFold {
  using A = kernels::Accumulator<T>;
  A start = 1;
  void add(A* results, const T* x, bool rows, int64_t count, int64_t length, int64_t stride, int64_t) const {
    if (rows) {
      table<T>().prod_rows(results, x, count, length, stride);
    } else {
      table<T>().prod_columns(results, x, length, count, stride);
    }
  }
  A join(A a, A b) const {
    if constexpr (std::is_integral_v<A>) {
      return static_cast<A>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    } else {
      return a * b;
    }
  }
};

Reduction reduction_of(const char* op, const fastnn_call& call, const fastnn_list& axes) {
  const fastnn_tensor& x = input(call, 0);
  return make_reduction(x.rank, x.shape, axis_bits(op, axes, x.rank));
}

// y[i] = the accumulator; Y is the dtype of the result.
template <typename Y, typename T, typename Fold>
void run(const fastnn_call& call, const Reduction& r, const Fold& fold) {
  Y* const y = data<Y>(output(call, 0));
  fold_terms(*call.context, call.workspace, r, data<T>(input(call, 0)), 0.1 * sizeof(T), fold,
             [=](int64_t i, kernels::Accumulator<T> value) { y[i] = static_cast<Y>(value); });
}

size_t extreme_infer(const char* op, const fastnn_call& call, const fastnn_list& axes, int64_t keepdims) {
  const fastnn_tensor& x = input(call, 0);
  check_storable(op, "x", x);
  const uint32_t bits = axis_bits(op, axes, x.rank);
  const Reduction r = make_reduction(x.rank, x.shape, bits);
  if (r.terms() == 0 && r.outputs() > 0 && !(x.dtype == kBool)) {
    value_error(op, ": expected x with numbers along the reduced axes, got ", shape_text(x));
  }
  set_output_like(&output(call, 0), reduced_tensor(x, bits, keepdims != 0));
  return reduce_workspace(r);
}

template <bool kSmallest>
void extreme_run(const char* op, const fastnn_call& call, const fastnn_list& axes) {
  const fastnn_tensor& x = input(call, 0);
  const Reduction r = reduction_of(op, call, axes);
  with_type(x.dtype, [&](auto type) {
    using T = decltype(type);
    ExtremeFold<T, kSmallest> fold;
    if (x.dtype == kBool) fold.start = kSmallest ? 1 : 0;
    run<T, T>(call, r, fold);
  });
}

}  // namespace

size_t max_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_max_attributes>(call);
  return extreme_infer("max", call, a.axes, a.keepdims);
}

void max_run(const fastnn_call& call) { extreme_run<false>("max", call, attributes<fastnn_max_attributes>(call).axes); }

size_t min_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_min_attributes>(call);
  return extreme_infer("min", call, a.axes, a.keepdims);
}

void min_run(const fastnn_call& call) { extreme_run<true>("min", call, attributes<fastnn_min_attributes>(call).axes); }

size_t prod_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& a = attributes<fastnn_prod_attributes>(call);
  check_storable("prod", "x", x);
  const uint32_t bits = axis_bits("prod", a.axes, x.rank);
  fastnn_tensor y = reduced_tensor(x, bits, a.keepdims != 0);
  if (!is_float(x.dtype)) y.dtype = kInt64;
  set_output_like(&output(call, 0), y);
  return reduce_workspace(make_reduction(x.rank, x.shape, bits));
}

void prod_run(const fastnn_call& call) {
  const Reduction r = reduction_of("prod", call, attributes<fastnn_prod_attributes>(call).axes);
  with_type(input(call, 0).dtype, [&](auto type) {
    using T = decltype(type);
    run<std::conditional_t<std::is_integral_v<T>, int64_t, T>, T>(call, r, ProductFold<T>{});
  });
}

}  // namespace fastnn::ops
