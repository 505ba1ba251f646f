// take.cpp: parts of an array by number along an axis, the gradient, which is also scatter, and writing such parts. Indices
// are checked before anything is written. Backward sums what belongs to equal indices in their order (lookups.h).
#include <algorithm>
#include <cstring>

#include "fastnn/ops.h"
#include "ops/indices.h"
#include "ops/lookups.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkBytes = 64 * 1024;
constexpr int64_t kChunkElements = 16 * 1024;

// The shape of x with `rank` axes of `shape` in place of one axis.
fastnn_tensor replace_axis(const char* op, const fastnn_tensor& x, int32_t axis, int32_t rank, const int64_t* shape) {
  if (x.rank - 1 + rank > FASTNN_MAX_RANK) {
    value_error(op, ": expected a result of at most ", FASTNN_MAX_RANK, " axes, got ", x.rank - 1 + rank);
  }
  fastnn_tensor y = x;
  y.rank = x.rank - 1 + rank;
  std::copy_n(shape, rank, y.shape + axis);
  std::copy(x.shape + axis + 1, x.shape + x.rank, y.shape + axis + rank);
  return y;
}

// What the op gives: x's shape, or that which dy, indices, axis and size make together.
fastnn_tensor scattered(const char* op, const fastnn_call& call) {
  const auto& a = attributes<fastnn_take_backward_attributes>(call);
  const fastnn_tensor &dy = input(call, 0), &indices = input(call, 1);
  if (has_input(call, 2)) {
    const fastnn_tensor& x = input(call, 2);
    check_same_dtype(op, "x", x, "dy", dy);
    const int32_t axis = normalize_axis(op, a.axis, x.rank);
    check_same_shape(op, "dy", dy, replace_axis(op, x, axis, indices.rank, indices.shape));
    return x;
  }
  check_value(a.size >= 0, op, "size", "of at least 0", static_cast<double>(a.size));
  bool fits = dy.rank >= indices.rank;
  int32_t axis = 0;
  if (fits) {
    axis = normalize_axis(op, a.axis, dy.rank - indices.rank + 1);
    fits = std::equal(indices.shape, indices.shape + indices.rank, dy.shape + axis);
  }
  if (!fits) {
    value_error(op, ": expected dy with the shape of indices ", shape_text(indices), " from axis ", axis, " on, got ",
                shape_text(dy));
  }
  fastnn_tensor x = dy;
  x.rank = dy.rank - indices.rank + 1;
  x.shape[axis] = a.size;
  std::copy(dy.shape + axis + indices.rank, dy.shape + dy.rank, x.shape + axis + 1);
  return x;
}

}  // namespace

size_t take_infer(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &indices = input(call, 1);
  check_indices("take", indices);
  const int32_t axis = normalize_axis("take", attributes<fastnn_take_attributes>(call).axis, x.rank);
  set_output_like(&output(call, 0), replace_axis("take", x, axis, indices.rank, indices.shape));
  return 0;
}

void take_run(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &indices = input(call, 1);
  const AroundAxis around =
      around_axis(x, normalize_axis("take", attributes<fastnn_take_attributes>(call).axis, x.rank));
  check_index_values("take", indices, around.size);
  const kernels::TakeShape shape{around.size, element_count(indices), around.inner, item_size(x.dtype),
                                 item_size(indices.dtype)};
  const int64_t line_bytes = around.inner * shape.item_size;
  if (line_bytes == 0) return;
  const int64_t lines = around.outer * shape.count;
  const int64_t grain = std::max<int64_t>(1, kChunkBytes / line_bytes);
  const double nanoseconds = static_cast<double>(lines) * (5.0 + 0.2 * static_cast<double>(line_bytes));
  parallel_for(*call.context, ceil_divide(lines, grain), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, lines, grain);
    table<float>().take_rows(data<char>(output(call, 0)), data<char>(x), data<char>(indices), range.begin, range.end,
                             &shape);
  });
}

size_t put_update_infer(const fastnn_call& call) {
  const char* op = "put_update";
  const fastnn_tensor &target = input(call, 0), &indices = input(call, 1), &values = input(call, 2);
  check_indices(op, indices);
  check_same_dtype(op, "values", values, "target", target);
  if (target.rank == 0) value_error(op, ": expected target (rows, ...), got ()");
  check_same_shape(op, "values", values, replace_axis(op, target, 0, indices.rank, indices.shape));
  return 0;
}

void put_update_run(const fastnn_call& call) {
  const fastnn_tensor &target = input(call, 0), &indices = input(call, 1);
  const int64_t rows = target.shape[0];
  check_index_values("put_update", indices, rows);
  const int64_t count = element_count(indices);
  const int64_t row_bytes = around_axis(target, 0).inner * item_size(target.dtype);
  if (row_bytes == 0) return;
  char* written = data<char>(target);
  const char* values = data<char>(input(call, 2));
  // the order of equal indices matters: a chunk takes some of the columns of all rows
  constexpr int64_t kColumnBytes = 4096;
  const double nanoseconds = static_cast<double>(count) * (5.0 + 0.2 * static_cast<double>(row_bytes));
  parallel_for(*call.context, ceil_divide(row_bytes, kColumnBytes), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, row_bytes, kColumnBytes);
    const size_t bytes = static_cast<size_t>(range.end - range.begin);
    with_indices(indices, [&](const auto* places) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t row = places[i] < 0 ? places[i] + rows : places[i];
        std::memcpy(written + row * row_bytes + range.begin, values + i * row_bytes + range.begin, bytes);
      }
    });
  });
}

size_t take_backward_infer(const fastnn_call& call) {
  const char* op = "take_backward";
  const fastnn_tensor &dy = input(call, 0), &indices = input(call, 1);
  check_float(op, "dy", dy);
  check_indices(op, indices);
  const fastnn_tensor dx = scattered(op, call);
  set_output_like(&output(call, 0), dx);
  return lookups_workspace(op, indices);
}

void take_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &indices = input(call, 1);
  const fastnn_tensor& dx = output(call, 0);
  const AroundAxis around =
      around_axis(dx, normalize_axis("take_backward", attributes<fastnn_take_backward_attributes>(call).axis, dx.rank));
  const int64_t rows = around.size, n = around.inner, count = element_count(indices);
  check_index_values("take_backward", indices, rows);
  const Lookups lookups = group_ids(indices, rows, call.workspace);
  if (element_count(dx) == 0) return;
  // pieces are ranges of rows of one outer index; a chunk takes several where they are small
  const int64_t piece_rows = std::min(rows, std::max<int64_t>(1, kChunkElements / n));
  const int64_t pieces_each = ceil_divide(rows, piece_rows);
  const int64_t pieces = around.outer * pieces_each;
  const int64_t grain = std::max<int64_t>(1, kChunkElements / (piece_rows * n));
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(dx) + element_count(dy)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(pieces, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, pieces, grain);
      for (int64_t piece = range.begin; piece < range.end; ++piece) {
        const int64_t outer = piece / pieces_each;
        const Range part = chunk_range(piece % pieces_each, rows, piece_rows);
        int64_t at = lookups.find(part.begin);
        sum_lookups(data<T>(dx) + (outer * rows + part.begin) * n, data<T>(dy) + outer * count * n, lookups, &at,
                    part.begin, part.end, n, 0, n, accumulate);
      }
    });
  });
}

}  // namespace fastnn::ops
