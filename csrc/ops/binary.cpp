// binary.cpp: arithmetic of two operands with NumPy's broadcasting. An operand that repeats along an axis gets
// stride 0 there; the walk then merges axes, so the common cases (same shape, a scalar, a bias along the last axis)
// reach the kernel as one or two dimensions. Integers
// have what they are closed under; the smaller and the larger of two bools are and and or.
#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

// check says which dtypes the op has.
size_t infer(const char* op, const fastnn_call& call, void (*check)(const char*, const char*, const fastnn_tensor&)) {
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  check(op, "a", a);
  if (accumulates(call, 0) && a.dtype == kBool) type_error(op, ": expected a of numbers to accumulate, got bool");
  check_same_dtype(op, "b", b, "a", a);
  int64_t shape[FASTNN_MAX_RANK];
  const int32_t rank = broadcast_shape(op, {&a, &b}, shape);
  set_output(&output(call, 0), a.dtype, a.device, rank, shape);
  return 0;
}

// Calls body with a value of the C++ type behind the dtype, which kFloats says is a floating one.
template <bool kFloats, typename Body>
void with_operand_type(fastnn_dtype dtype, Body&& body) {
  if constexpr (kFloats) {
    with_float_type(dtype, body);
  } else {
    with_type(dtype, body);
  }
}

// pick(table) is the kernel; an element takes about so many nanoseconds more than its memory does.
template <bool kFloats = false, typename Pick>
void run(const fastnn_call& call, Pick pick, double nanoseconds = 0) {
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  const fastnn_tensor& y = output(call, 0);
  int64_t strides_a[FASTNN_MAX_RANK], strides_b[FASTNN_MAX_RANK];
  broadcast_strides(a, y.rank, strides_a);
  broadcast_strides(b, y.rank, strides_b);
  const StridedWalk<3> walk(y.rank, y.shape, {y.strides, strides_a, strides_b});
  const kernels::BinaryStrides strides{walk.row_stride(0),    walk.column_stride(0), walk.row_stride(1),
                                       walk.column_stride(1), walk.row_stride(2),    walk.column_stride(2)};
  const bool accumulate = accumulates(call, 0);
  with_operand_type<kFloats>(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick(table<T>());
    const double bytes = (accumulate ? 4.0 : 3.0) * sizeof(T);
    walk.run(*call.context, bytes / 10 + nanoseconds, [&](const int64_t* offsets, int64_t rows, int64_t count) {
      kernel(data<T>(y) + offsets[0], data<T>(a) + offsets[1], data<T>(b) + offsets[2], rows, count, strides,
             accumulate);
    });
  });
}

}  // namespace

size_t add_infer(const fastnn_call& call) { return infer("add", call, check_number); }
void add_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.add; });
}

size_t subtract_infer(const fastnn_call& call) { return infer("subtract", call, check_number); }
void subtract_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.subtract; });
}

size_t multiply_infer(const fastnn_call& call) { return infer("multiply", call, check_number); }
void multiply_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.multiply; });
}

size_t divide_infer(const fastnn_call& call) { return infer("divide", call, check_float); }
void divide_run(const fastnn_call& call) {
  run<true>(call, [](const auto& kernels) { return kernels.divide; });
}

size_t maximum_infer(const fastnn_call& call) { return infer("maximum", call, check_storable); }
void maximum_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.maximum; });
}

size_t minimum_infer(const fastnn_call& call) { return infer("minimum", call, check_storable); }
void minimum_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.minimum; });
}

size_t power_infer(const fastnn_call& call) { return infer("power", call, check_float); }
void power_run(const fastnn_call& call) {
  run<true>(call, [](const auto& kernels) { return kernels.power; }, 5.0);
}

size_t arctan2_infer(const fastnn_call& call) { return infer("arctan2", call, check_float); }
void arctan2_run(const fastnn_call& call) {
  run<true>(call, [](const auto& kernels) { return kernels.arctan2; }, 1.0);
}

}  // namespace fastnn::ops
