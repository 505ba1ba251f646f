// concatenate.cpp: arrays joined along an axis, and arrays with a border: strided copies into parts of the result.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

// The part of y with `size` elements along an axis from `start` on.
fastnn_tensor part_of(const fastnn_tensor& y, int32_t axis, int64_t start, int64_t size) {
  fastnn_tensor part = y;
  part.shape[axis] = size;
  part.byte_offset += static_cast<uint64_t>(start * y.strides[axis] * item_size(y.dtype));
  return part;
}

// Every element of y becomes a copy of one item.
void fill_part(const fastnn_context& context, const fastnn_tensor& y, const int64_t* item) {
  fastnn_tensor repeated = y;
  repeated.data = const_cast<int64_t*>(item);
  repeated.byte_offset = 0;
  std::fill_n(repeated.strides, repeated.rank, 0);
  copy_strided(context, y, repeated, false);
}

int64_t border_item(const fastnn_call& call) {
  int64_t item = 0;
  set_item("pad", attributes<fastnn_pad_attributes>(call).value, input(call, 0).dtype, &item);
  return item;
}

}  // namespace

size_t concatenate_infer(const fastnn_call& call) {
  if (call.input_count == 0) value_error("concatenate: expected at least one array, got none");
  const fastnn_tensor& first = input(call, 0);
  if (first.rank == 0) value_error("concatenate: expected arrays of at least one axis, got ()");
  const int32_t axis = normalize_axis("concatenate", attributes<fastnn_concatenate_attributes>(call).axis, first.rank);
  fastnn_tensor joined = first;
  for (int64_t i = 1; i < call.input_count; ++i) {
    const fastnn_tensor& x = input(call, i);
    check_same_dtype("concatenate", "arrays", x, "the first", first);
    bool fits = x.rank == first.rank;
    for (int32_t k = 0; fits && k < x.rank; ++k) fits = k == axis || x.shape[k] == first.shape[k];
    if (!fits) {
      value_error("concatenate: expected arrays of one shape but for axis ", axis, ", got ", shape_text(first), " and ",
                  shape_text(x));
    }
    joined.shape[axis] = checked_add(joined.shape[axis], x.shape[axis]);
  }
  set_output_like(&output(call, 0), joined);
  return 0;
}

void concatenate_run(const fastnn_call& call) {
  const fastnn_tensor& y = output(call, 0);
  const int32_t axis = normalize_axis("concatenate", attributes<fastnn_concatenate_attributes>(call).axis, y.rank);
  int64_t start = 0;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const fastnn_tensor& x = input(call, i);
    copy_strided(*call.context, part_of(y, axis, start, x.shape[axis]), x, false);
    start += x.shape[axis];
  }
}

size_t pad_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& before = attributes<fastnn_pad_attributes>(call).before;
  const auto& after = attributes<fastnn_pad_attributes>(call).after;
  if (before.length != x.rank || after.length != x.rank) {
    value_error("pad: expected before and after with ", x.rank, " entries for x ", shape_text(x), ", got ",
                before.length, " and ", after.length);
  }
  fastnn_tensor padded = x;
  for (int32_t axis = 0; axis < x.rank; ++axis) {
    const int64_t low = before.values[axis], high = after.values[axis];
    if (low < 0 || high < 0) value_error("pad: expected borders of at least 0, got ", low, " and ", high);
    padded.shape[axis] = checked_add(x.shape[axis], checked_add(low, high));
  }
  border_item(call);
  set_output_like(&output(call, 0), padded);
  return 0;
}

void pad_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& before = attributes<fastnn_pad_attributes>(call).before;
  const int64_t item = border_item(call);
  fastnn_tensor inside = output(call, 0);
  for (int32_t axis = 0; axis < x.rank; ++axis) {
    const int64_t low = before.values[axis], size = x.shape[axis];
    fill_part(*call.context, part_of(inside, axis, 0, low), &item);
    fill_part(*call.context, part_of(inside, axis, low + size, inside.shape[axis] - low - size), &item);
    inside = part_of(inside, axis, low, size);
  }
  copy_strided(*call.context, inside, x, false);
}

}  // namespace fastnn::ops
