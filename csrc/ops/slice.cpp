// slice.cpp: x[start:stop:step] along each axis as a view, and its gradient, which writes into the same view of dx.
#include <algorithm>
#include <limits>

#include "fastnn/ops.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();

struct AxisSlice {
  int64_t start, count, step;
};

// As Python's slice.indices: negative positions count from the end, then everything is clamped. -2^63 stays before the
// first element, whatever is added.
AxisSlice resolve_axis(const char* op, int64_t size, int64_t start, int64_t stop, int64_t step) {
  if (step == 0) value_error(op, ": expected steps other than 0, got 0");
  if (step == kSmallest) step = kSmallest + 1;
  const int64_t low = step < 0 ? -1 : 0;
  const int64_t high = step < 0 ? size - 1 : size;
  start = std::clamp(start < 0 ? start + size : start, low, high);
  stop = std::clamp(stop < 0 ? stop + size : stop, low, high);
  int64_t count = 0;
  if (step > 0 && start < stop) count = (stop - start - 1) / step + 1;
  if (step < 0 && stop < start) count = (start - stop - 1) / -step + 1;
  return {start, count, step};
}

// The view that the lists name of x.
fastnn_tensor slice_view(const char* op, const fastnn_tensor& x, const fastnn_list& starts, const fastnn_list& stops,
                         const fastnn_list& steps) {
  if (starts.length != stops.length || starts.length != steps.length || starts.length < 0 || starts.length > x.rank) {
    value_error(op, ": expected starts, stops and steps of one length of at most ", x.rank, ", got ", starts.length,
                ", ", stops.length, " and ", steps.length);
  }
  fastnn_tensor view = x;
  int64_t offset = 0;
  bool empty = false;
  for (int32_t axis = 0; axis < starts.length; ++axis) {
    const AxisSlice s = resolve_axis(op, x.shape[axis], starts.values[axis], stops.values[axis], steps.values[axis]);
    view.shape[axis] = s.count;
    if (s.count > 1) view.strides[axis] = x.strides[axis] * s.step;
    if (s.count > 0) offset += s.start * x.strides[axis];
  }
  for (int32_t axis = 0; axis < x.rank; ++axis) empty = empty || view.shape[axis] == 0;
  if (!empty) view.byte_offset += static_cast<uint64_t>(offset * item_size(x.dtype));  // wraps right when negative
  return view;
}

template <typename Attributes>
fastnn_tensor slice_view(const char* op, const fastnn_tensor& x, const fastnn_call& call) {
  const Attributes& a = attributes<Attributes>(call);
  return slice_view(op, x, a.starts, a.stops, a.steps);
}

}  // namespace

size_t slice_infer(const fastnn_call& call) {
  const fastnn_tensor view = slice_view<fastnn_slice_attributes>("slice", input(call, 0), call);
  fastnn_tensor& y = output(call, 0);
  set_output_like(&y, view);
  std::copy_n(view.strides, view.rank, y.strides);
  y.byte_offset = view.byte_offset;
  return 0;
}

void slice_run(const fastnn_call& call) {
  const fastnn_tensor view = slice_view<fastnn_slice_attributes>("slice", input(call, 0), call);
  const fastnn_tensor& y = output(call, 0);
  if (data<char>(y) == data<char>(view)) return;
  copy_strided(*call.context, y, view, false);
}

size_t slice_backward_infer(const fastnn_call& call) {
  const char* op = "slice_backward";
  const fastnn_tensor& dy = input(call, 0);
  const fastnn_tensor& x = input(call, 1);
  check_float(op, "x", x);
  check_same_dtype(op, "dy", dy, "x", x);
  check_same_shape(op, "dy", dy, slice_view<fastnn_slice_backward_attributes>(op, x, call));
  set_output_like(&output(call, 0), x);
  return 0;
}

void slice_backward_run(const fastnn_call& call) {
  const fastnn_tensor& dx = output(call, 0);
  const bool accumulate = accumulates(call, 0);
  if (!accumulate) zero_tensor(*call.context, dx);
  const fastnn_tensor place = slice_view<fastnn_slice_backward_attributes>("slice_backward", dx, call);
  copy_strided(*call.context, place, input(call, 0), accumulate);
}

}  // namespace fastnn::ops
