// along_axis.cpp: argmax and argmin along one axis, and cumulative sums. x is seen as (outer, n, inner): the axis is in
// the middle.
#include <algorithm>
#include <limits>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kPiece = 65536;  // elements worth a piece of their own
constexpr int64_t kTile = 1024;    // columns of a piece

struct Lines {
  int64_t outer = 1, n = 1, inner = 1;
};

Lines lines_of(const fastnn_tensor& x, int32_t axis) {
  Lines lines;
  lines.outer = element_count(axis, x.shape);
  lines.n = x.shape[axis];
  lines.inner = element_count(x.rank - axis - 1, x.shape + axis + 1);
  return lines;
}

// Calls body(outer, first column, columns, blocks): a tile of the columns of one block, or, where the columns are few,
// several whole blocks.
template <typename Body>
void for_each_tile(const fastnn_call& call, const Lines& lines, double nanoseconds, Body&& body) {
  const int64_t tile = std::max<int64_t>(std::min(lines.inner, kTile), 1);
  const int64_t tiles = ceil_divide(lines.inner, tile);
  const int64_t group = std::max<int64_t>(kPiece / std::max<int64_t>(lines.n * lines.inner, 1), 1);
  const double cost = nanoseconds * static_cast<double>(lines.outer) * static_cast<double>(lines.n * lines.inner);
  parallel_for(*call.context, ceil_divide(lines.outer, group) * tiles, cost, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk % tiles, lines.inner, tile);
    const Range blocks = chunk_range(chunk / tiles, lines.outer, group);
    body(blocks, columns.begin, columns.end - columns.begin);
  });
}

size_t arg_infer(const char* op, const fastnn_call& call, int64_t axis_attribute, int64_t keepdims) {
  const fastnn_tensor& x = input(call, 0);
  check_storable(op, "x", x);
  const int32_t axis = normalize_axis(op, axis_attribute, x.rank);
  if (x.shape[axis] == 0) value_error(op, ": expected x with numbers along axis ", axis, ", got ", shape_text(x));
  fastnn_tensor y = x;
  y.dtype = kInt64;
  if (keepdims != 0) {
    y.shape[axis] = 1;
  } else {
    std::copy(x.shape + axis + 1, x.shape + x.rank, y.shape + axis);
    --y.rank;
  }
  set_output_like(&output(call, 0), y);
  return 0;
}

void arg_run(const char* op, const fastnn_call& call, int64_t axis, bool smallest) {
  const fastnn_tensor& input_x = input(call, 0);
  const Lines lines = lines_of(input_x, normalize_axis(op, axis, input_x.rank));
  int64_t* const y = data<int64_t>(output(call, 0));
  with_type(input_x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input_x);
    // the vectorised kernel counts down columns in 32 bits
    auto* columns_kernel = table<T>().argmax_columns;
    if constexpr (std::is_same_v<T, float>) {
      if (lines.n > std::numeric_limits<int32_t>::max()) columns_kernel = kernels::reference_table().argmax_columns;
    }
    for_each_tile(call, lines, 0.2 * sizeof(T), [&](Range blocks, int64_t column, int64_t columns) {
      if (lines.inner == 1) {
        table<T>().argmax_rows(y + blocks.begin, x + blocks.begin * lines.n, blocks.end - blocks.begin, lines.n,
                               smallest);
        return;
      }
      for (int64_t block = blocks.begin; block < blocks.end; ++block) {
        columns_kernel(y + block * lines.inner + column, x + block * lines.n * lines.inner + column, lines.n, columns,
                       lines.inner, smallest);
      }
    });
  });
}

}  // namespace

size_t argmax_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_argmax_attributes>(call);
  return arg_infer("argmax", call, a.axis, a.keepdims);
}

void argmax_run(const fastnn_call& call) {
  arg_run("argmax", call, attributes<fastnn_argmax_attributes>(call).axis, false);
}

size_t argmin_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_argmin_attributes>(call);
  return arg_infer("argmin", call, a.axis, a.keepdims);
}

void argmin_run(const fastnn_call& call) {
  arg_run("argmin", call, attributes<fastnn_argmin_attributes>(call).axis, true);
}

size_t cumsum_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_number("cumsum", "x", x);
  normalize_axis("cumsum", attributes<fastnn_cumsum_attributes>(call).axis, x.rank);
  set_output_like(&output(call, 0), x);
  return 0;
}

void cumsum_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_cumsum_attributes>(call);
  const fastnn_tensor& input_x = input(call, 0);
  const Lines lines = lines_of(input_x, normalize_axis("cumsum", a.axis, input_x.rank));
  with_type(input_x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input_x);
    T* const y = data<T>(output(call, 0));
    for_each_tile(call, lines, 1.0, [&](Range blocks, int64_t column, int64_t columns) {
      for (int64_t block = blocks.begin; block < blocks.end; ++block) {
        const int64_t at = block * lines.n * lines.inner + column;
        table<T>().cumsum_columns(y + at, x + at, lines.n, columns, lines.inner, a.reverse != 0, a.exclusive != 0,
                                  accumulates(call, 0));
      }
    });
  });
}

}  // namespace fastnn::ops
