// reshape.cpp: the same elements under another shape. A view: run moves data only when the caller brought memory of its
// own for the result.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

[[noreturn]] void refuse(int64_t elements, int32_t rank, const int64_t* shape) {
  value_error("reshape: expected a shape of ", elements, " elements, got ", shape_text(rank, shape));
}

// Puts the size that fits in place of a -1.
void resolve_shape(int64_t elements, int32_t rank, int64_t* shape) {
  int64_t known = 1;
  int32_t open = -1;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (shape[axis] >= 0) {
      known = checked_multiply(known, shape[axis]);
    } else if (shape[axis] == -1 && open < 0) {
      open = axis;
    } else {
      value_error("reshape: expected sizes and at most one -1, got ", shape_text(rank, shape));
    }
  }
  if (open >= 0) {
    if (known == 0 || elements % known != 0) refuse(elements, rank, shape);
    shape[open] = elements / known;
  } else if (known != elements) {
    refuse(elements, rank, shape);
  }
}

}  // namespace

size_t reshape_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_list& wanted = attributes<fastnn_reshape_attributes>(call).shape;
  int64_t shape[FASTNN_MAX_RANK];
  int32_t rank;
  if (has_input(call, 1)) {
    rank = input(call, 1).rank;
    std::copy_n(input(call, 1).shape, rank, shape);
  } else {
    if (wanted.length < 0 || wanted.length > FASTNN_MAX_RANK) {
      value_error("reshape: expected a shape of at most ", FASTNN_MAX_RANK, " axes, got ", wanted.length);
    }
    rank = static_cast<int32_t>(wanted.length);
    std::copy_n(wanted.values, rank, shape);
  }
  resolve_shape(element_count(x), rank, shape);
  fastnn_tensor& y = output(call, 0);
  set_output(&y, x.dtype, x.device, rank, shape);
  y.byte_offset = x.byte_offset;
  return 0;
}

void reshape_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_tensor& y = output(call, 0);
  if (data<char>(y) == data<char>(x)) return;
  fastnn_tensor target = x;  // y's memory, which is contiguous, under x's shape
  set_contiguous_strides(target);
  target.data = y.data;
  target.byte_offset = y.byte_offset;
  copy_strided(*call.context, target, x, false);
}

}  // namespace fastnn::ops
