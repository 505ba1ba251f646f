// compare.cpp: comparisons, giving bool, and the choice by a bool, all with NumPy's broadcasting.
#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

size_t infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor &a = input(call, 0), &b = input(call, 1);
  check_storable(op, "a", a);
  check_same_dtype(op, "b", b, "a", a);
  int64_t shape[FASTNN_MAX_RANK];
  const int32_t rank = broadcast_shape(op, {&a, &b}, shape);
  set_output(&output(call, 0), kBool, a.device, rank, shape);
  return 0;
}

// pick(table) is the kernel.
template <typename Pick>
void run(const fastnn_call& call, Pick pick) {
  const fastnn_tensor &a = input(call, 0), &b = input(call, 1), &y = output(call, 0);
  int64_t strides_a[FASTNN_MAX_RANK], strides_b[FASTNN_MAX_RANK];
  broadcast_strides(a, y.rank, strides_a);
  broadcast_strides(b, y.rank, strides_b);
  const StridedWalk<3> walk(y.rank, y.shape, {y.strides, strides_a, strides_b});
  const kernels::BinaryStrides strides{walk.row_stride(0),    walk.column_stride(0), walk.row_stride(1),
                                       walk.column_stride(1), walk.row_stride(2),    walk.column_stride(2)};
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick(table<T>());
    walk.run(*call.context, 0.2 * sizeof(T), [&](const int64_t* offsets, int64_t rows, int64_t count) {
      kernel(data<uint8_t>(y) + offsets[0], data<T>(a) + offsets[1], data<T>(b) + offsets[2], rows, count, strides);
    });
  });
}

}  // namespace

size_t equal_infer(const fastnn_call& call) { return infer("equal", call); }
void equal_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.equal; });
}

size_t not_equal_infer(const fastnn_call& call) { return infer("not_equal", call); }
void not_equal_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.not_equal; });
}

size_t less_infer(const fastnn_call& call) { return infer("less", call); }
void less_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.less; });
}

size_t less_equal_infer(const fastnn_call& call) { return infer("less_equal", call); }
void less_equal_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.less_equal; });
}

size_t greater_infer(const fastnn_call& call) { return infer("greater", call); }
void greater_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.greater; });
}

size_t greater_equal_infer(const fastnn_call& call) { return infer("greater_equal", call); }
void greater_equal_run(const fastnn_call& call) {
  run(call, [](const auto& kernels) { return kernels.greater_equal; });
}

size_t where_infer(const fastnn_call& call) {
  const fastnn_tensor &condition = input(call, 0), &a = input(call, 1), &b = input(call, 2);
  check_mask("where", "condition", condition);
  check_storable("where", "a", a);
  check_same_dtype("where", "b", b, "a", a);
  int64_t shape[FASTNN_MAX_RANK];
  const int32_t rank = broadcast_shape("where", {&condition, &a, &b}, shape);
  set_output(&output(call, 0), a.dtype, a.device, rank, shape);
  return 0;
}

void where_run(const fastnn_call& call) {
  const fastnn_tensor &condition = input(call, 0), &a = input(call, 1), &b = input(call, 2), &y = output(call, 0);
  int64_t strides_condition[FASTNN_MAX_RANK], strides_a[FASTNN_MAX_RANK], strides_b[FASTNN_MAX_RANK];
  broadcast_strides(condition, y.rank, strides_condition);
  broadcast_strides(a, y.rank, strides_a);
  broadcast_strides(b, y.rank, strides_b);
  const StridedWalk<4> walk(y.rank, y.shape, {y.strides, strides_condition, strides_a, strides_b});
  const kernels::WhereStrides strides{walk.row_stride(0),    walk.column_stride(0), walk.row_stride(1),
                                      walk.column_stride(1), walk.row_stride(2),    walk.column_stride(2),
                                      walk.row_stride(3),    walk.column_stride(3)};
  with_type(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    walk.run(*call.context, 0.3 * sizeof(T), [&](const int64_t* offsets, int64_t rows, int64_t count) {
      table<T>().where(data<T>(y) + offsets[0], data<uint8_t>(condition) + offsets[1], data<T>(a) + offsets[2],
                       data<T>(b) + offsets[3], rows, count, strides);
    });
  });
}

}  // namespace fastnn::ops
