// take_along_axis.cpp: one element for each index, and the gradient, whose columns are independent sums in the order of
// the indices.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/indices.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

// Checks that indices have x's shape but for the axis.
int32_t check_along(const char* op, const fastnn_tensor& x, const fastnn_tensor& indices, int64_t wanted) {
  check_indices(op, indices);
  const int32_t axis = normalize_axis(op, wanted, x.rank);
  bool fits = indices.rank == x.rank;
  for (int32_t k = 0; fits && k < x.rank; ++k) fits = k == axis || indices.shape[k] == x.shape[k];
  if (!fits) {
    value_error(op, ": expected indices of the shape ", shape_text(x), " but for axis ", axis, ", got ",
                shape_text(indices));
  }
  return axis;
}

}  // namespace

size_t take_along_axis_infer(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &indices = input(call, 1);
  check_along("take_along_axis", x, indices, attributes<fastnn_take_along_axis_attributes>(call).axis);
  fastnn_tensor y = indices;
  y.dtype = x.dtype;
  set_output_like(&output(call, 0), y);
  return 0;
}

void take_along_axis_run(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &indices = input(call, 1);
  const int32_t axis =
      normalize_axis("take_along_axis", attributes<fastnn_take_along_axis_attributes>(call).axis, x.rank);
  const AroundAxis from = around_axis(x, axis), to = around_axis(indices, axis);
  check_index_values("take_along_axis", indices, from.size);
  const kernels::TakeShape shape{from.size, to.size, from.inner, item_size(x.dtype), item_size(indices.dtype)};
  const int64_t lines = to.outer * to.size;
  const int64_t grain = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(1, shape.inner));
  const double nanoseconds = 2.0 * static_cast<double>(lines * shape.inner);
  parallel_for(*call.context, ceil_divide(lines, grain), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, lines, grain);
    table<float>().take_items(data<char>(output(call, 0)), data<char>(x), data<char>(indices), range.begin, range.end,
                              &shape);
  });
}

size_t take_along_axis_backward_infer(const fastnn_call& call) {
  const char* op = "take_along_axis_backward";
  const fastnn_tensor &dy = input(call, 0), &indices = input(call, 1), &x = input(call, 2);
  check_float(op, "dy", dy);
  check_same_dtype(op, "x", x, "dy", dy);
  check_along(op, x, indices, attributes<fastnn_take_along_axis_backward_attributes>(call).axis);
  check_same_shape(op, "dy", dy, indices);
  set_output_like(&output(call, 0), x);
  return 0;
}

void take_along_axis_backward_run(const fastnn_call& call) {
  const char* op = "take_along_axis_backward";
  const fastnn_tensor &dy = input(call, 0), &indices = input(call, 1);
  const fastnn_tensor& dx = output(call, 0);
  const int32_t axis = normalize_axis(op, attributes<fastnn_take_along_axis_backward_attributes>(call).axis, dx.rank);
  const AroundAxis from = around_axis(dy, axis), to = around_axis(dx, axis);
  check_index_values(op, indices, to.size);
  const int64_t index_size = item_size(indices.dtype);
  const kernels::TakeShape shape{to.size, from.size, to.inner, item_size(dx.dtype), index_size};
  if (element_count(dx) == 0) return;
  // pieces are ranges of columns of one outer index; a chunk takes several where they are small
  const int64_t height = to.size + from.size;
  const int64_t piece_columns = std::min(to.inner, std::max<int64_t>(16, kChunkElements / height));
  const int64_t pieces_each = ceil_divide(to.inner, piece_columns);
  const int64_t pieces = to.outer * pieces_each;
  const int64_t grain = std::max<int64_t>(1, kChunkElements / (piece_columns * height));
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(dx)) + 2.0 * static_cast<double>(element_count(dy));
    parallel_for(*call.context, ceil_divide(pieces, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, pieces, grain);
      for (int64_t piece = range.begin; piece < range.end; ++piece) {
        const int64_t outer = piece / pieces_each;
        const Range part = chunk_range(piece % pieces_each, to.inner, piece_columns);
        const int64_t source = outer * from.size * from.inner;
        table<T>().take_items_backward(data<T>(dx) + outer * to.size * to.inner, data<T>(dy) + source,
                                       data<char>(indices) + source * index_size, part.begin, part.end, &shape,
                                       accumulate);
      }
    });
  });
}

}  // namespace fastnn::ops
