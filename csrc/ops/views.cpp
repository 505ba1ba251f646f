// views.cpp: rearrange and broadcast_to, views that read x's memory by other strides. Run moves data only when the caller
// brought memory of its own for the result.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

fastnn_tensor rearranged(const fastnn_tensor& x, const fastnn_list& axes) {
  const int32_t rank = static_cast<int32_t>(axes.length);
  fastnn_tensor view = x;
  view.rank = rank;
  uint32_t used = 0;
  for (int32_t i = rank - 1; i >= 0; --i) {
    const int64_t axis = axes.values[i];
    if (axis == -1) {
      view.shape[i] = 1;
      // as if it were contiguous, so that ops that look at strides of single elements have nothing to copy
      view.strides[i] =
          i + 1 < rank ? checked_multiply(view.strides[i + 1], std::max<int64_t>(view.shape[i + 1], 1)) : 1;
      continue;
    }
    if (axis < 0 || axis >= x.rank || ((used >> axis) & 1) != 0) {
      value_error("rearrange: expected axes below ", x.rank, ", each at most once, got ",
                  shape_text(rank, axes.values));
    }
    used |= 1u << axis;
    view.shape[i] = x.shape[axis];
    view.strides[i] = x.strides[axis];
  }
  for (int32_t axis = 0; axis < x.rank; ++axis) {
    if (((used >> axis) & 1) == 0 && x.shape[axis] != 1) {
      value_error("rearrange: expected axes that leave out sizes of 1 only, got ", shape_text(rank, axes.values),
                  " for x ", shape_text(x));
    }
  }
  return view;
}

[[noreturn]] void refuse_broadcast(const fastnn_tensor& x, const fastnn_list& shape) {
  value_error("broadcast_to: expected a shape that ", shape_text(x), " broadcasts to, got ",
              shape_text(static_cast<int32_t>(shape.length), shape.values));
}

fastnn_tensor broadcast(const fastnn_tensor& x, const fastnn_list& shape) {
  const int32_t rank = static_cast<int32_t>(shape.length);
  if (rank < x.rank) refuse_broadcast(x, shape);
  fastnn_tensor view = x;
  view.rank = rank;
  for (int32_t axis = rank - 1; axis >= 0; --axis) {
    const int32_t own = axis - (rank - x.rank);
    const int64_t size = own < 0 ? 1 : x.shape[own];
    const int64_t wanted = shape.values[axis];
    if (wanted != size && (own < 0 || wanted != -1) && (size != 1 || wanted < 0)) refuse_broadcast(x, shape);
    view.shape[axis] = wanted == -1 ? size : wanted;
    view.strides[axis] = own >= 0 && view.shape[axis] == size ? x.strides[own] : 0;
  }
  return view;
}

void describe(const fastnn_call& call, const fastnn_tensor& view) {
  fastnn_tensor& y = output(call, 0);
  set_output_like(&y, view);
  std::copy_n(view.strides, view.rank, y.strides);
  y.byte_offset = view.byte_offset;
}

void copy_view(const fastnn_call& call, const fastnn_tensor& view) {
  const fastnn_tensor& y = output(call, 0);
  if (data<char>(y) != data<char>(view)) copy_strided(*call.context, y, view, false);
}

}  // namespace

size_t rearrange_infer(const fastnn_call& call) {
  describe(call, rearranged(input(call, 0), attributes<fastnn_rearrange_attributes>(call).axes));
  return 0;
}

void rearrange_run(const fastnn_call& call) {
  copy_view(call, rearranged(input(call, 0), attributes<fastnn_rearrange_attributes>(call).axes));
}

size_t broadcast_to_infer(const fastnn_call& call) {
  describe(call, broadcast(input(call, 0), attributes<fastnn_broadcast_to_attributes>(call).shape));
  return 0;
}

void broadcast_to_run(const fastnn_call& call) {
  copy_view(call, broadcast(input(call, 0), attributes<fastnn_broadcast_to_attributes>(call).shape));
}

}  // namespace fastnn::ops
