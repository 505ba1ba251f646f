// sum.cpp: sum and mean over axes, their gradients, and sum_to_like, which undoes broadcasting. The loops are in
// reduction.h; here are the dtypes.
#include "ops/reduction.h"

namespace fastnn::ops {
namespace {

size_t infer(const fastnn_call& call, const char* op, const fastnn_list& axes, int64_t keepdims) {
  const fastnn_tensor& x = input(call, 0);
  const uint32_t bits = axis_bits(op, axes, x.rank);
  fastnn_tensor y = reduced_tensor(x, bits, keepdims != 0);
  if (!is_float(x.dtype)) y.dtype = kInt64;
  if (wants_output(call, 0)) set_output_like(&output(call, 0), y);
  return reduce_workspace(make_reduction(x.rank, x.shape, bits));
}

// The sum, or the mean, rounded once. Y is the dtype of the result: int64 for integers and bools.
template <typename T, typename Y>
void run_typed(const fastnn_call& call, const Reduction& r, bool mean) {
  Y* const y = data<Y>(output(call, 0));
  const double divisor = mean ? static_cast<double>(r.terms()) : 1.0;
  const bool accumulate = accumulates(call, 0);
  fold_terms(*call.context, call.workspace, r, data<T>(input(call, 0)), 0.1 * sizeof(T), SumFold<T>{},
             [=](int64_t i, kernels::Accumulator<T> sum) {
               if constexpr (std::is_integral_v<Y>) {
                 y[i] = accumulate ? SumFold<Y>{}.join(y[i], sum) : sum;
               } else {
                 const Y value = static_cast<Y>(sum / divisor);
                 y[i] = accumulate ? y[i] + value : value;
               }
             });
}

void run_reduction(const fastnn_call& call, uint32_t bits, bool mean) {
  const fastnn_tensor& x = input(call, 0);
  const Reduction r = make_reduction(x.rank, x.shape, bits);
  with_type(x.dtype, [&](auto type) {
    using T = decltype(type);
    run_typed<T, std::conditional_t<std::is_integral_v<T>, int64_t, T>>(call, r, mean);
  });
}

size_t infer_backward(const fastnn_call& call, const char* op, const fastnn_list& axes, int64_t keepdims) {
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  check_float(op, "dy", dy);
  check_same_dtype(op, "x", x, "dy", dy);
  check_same_shape(op, "dy", dy, reduced_tensor(x, axis_bits(op, axes, x.rank), keepdims != 0));
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  return 0;
}

void run_backward(const fastnn_call& call, const char* op, const fastnn_list& axes, bool mean) {
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  const Reduction r = make_reduction(x.rank, x.shape, axis_bits(op, axes, x.rank));
  const double divisor = mean ? static_cast<double>(r.terms()) : 1.0;
  with_float_type(dy.dtype, [&](auto type) {
    using T = decltype(type);
    spread(call, r, data<T>(output(call, 0)), data<T>(dy), divisor, accumulates(call, 0));
  });
}

// The axes along which x was made from `like` by broadcasting.
uint32_t broadcast_bits(const fastnn_tensor& x, const fastnn_tensor& like) {
  const int32_t added = x.rank - like.rank;
  bool fits = added >= 0;
  uint32_t bits = fits ? (1u << added) - 1 : 0;
  for (int32_t i = 0; fits && i < like.rank; ++i) {
    if (like.shape[i] == x.shape[added + i]) continue;
    fits = like.shape[i] == 1;
    bits |= 1u << (added + i);
  }
  if (!fits) {
    value_error("sum_to_like: expected like of a shape that broadcasts to ", shape_text(x), ", got ", shape_text(like));
  }
  return bits;
}

}  // namespace

size_t sum_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sum_attributes>(call);
  check_storable("sum", "x", input(call, 0));
  return infer(call, "sum", a.axes, a.keepdims);
}

void sum_run(const fastnn_call& call) {
  run_reduction(call, axis_bits("sum", attributes<fastnn_sum_attributes>(call).axes, input(call, 0).rank), false);
}

size_t mean_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_mean_attributes>(call);
  check_float("mean", "x", input(call, 0));
  return infer(call, "mean", a.axes, a.keepdims);
}

void mean_run(const fastnn_call& call) {
  run_reduction(call, axis_bits("mean", attributes<fastnn_mean_attributes>(call).axes, input(call, 0).rank), true);
}

size_t sum_backward_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sum_backward_attributes>(call);
  return infer_backward(call, "sum_backward", a.axes, a.keepdims);
}

void sum_backward_run(const fastnn_call& call) {
  run_backward(call, "sum_backward", attributes<fastnn_sum_backward_attributes>(call).axes, false);
}

size_t mean_backward_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_mean_backward_attributes>(call);
  return infer_backward(call, "mean_backward", a.axes, a.keepdims);
}

void mean_backward_run(const fastnn_call& call) {
  run_backward(call, "mean_backward", attributes<fastnn_mean_backward_attributes>(call).axes, true);
}

size_t sum_to_like_infer(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &like = input(call, 1);
  check_float("sum_to_like", "x", x);
  const uint32_t bits = broadcast_bits(x, like);
  if (wants_output(call, 0)) set_output(&output(call, 0), x.dtype, x.device, like.rank, like.shape);
  return reduce_workspace(make_reduction(x.rank, x.shape, bits));
}

void sum_to_like_run(const fastnn_call& call) {
  run_reduction(call, broadcast_bits(input(call, 0), input(call, 1)), false);
}

}  // namespace fastnn::ops
