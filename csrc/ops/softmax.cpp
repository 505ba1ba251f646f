// softmax.cpp: softmax, log_softmax and their gradients along any axis. The tensor is (outer, n, inner) around it: rows when inner
// is one, else columns of each outer block. A row or column is computed by one thread, from itself alone.
#include "ops/op.h"

namespace fastnn::ops {
namespace {

struct Around {
  int64_t outer = 1, n = 1, inner = 1;
};

Around around_axis(const char* op, const fastnn_tensor& t, int64_t attribute) {
  if (t.rank == 0) value_error(op, ": expected at least one axis, got ()");
  const int32_t axis = normalize_axis(op, attribute, t.rank);
  return {element_count(axis, t.shape), t.shape[axis], element_count(t.rank - axis - 1, t.shape + axis + 1)};
}

// Pieces of about this many elements; a piece of columns is whole vectors of them.
constexpr int64_t kGrain = 16384;

// Calls rows(first_row, count) or columns(offset of the first, count) for every piece.
template <typename Rows, typename Columns>
void over_pieces(const fastnn_call& call, const Around& a, double nanoseconds_each, Rows&& rows, Columns&& columns) {
  if (a.outer == 0 || a.n == 0 || a.inner == 0) return;
  const int64_t elements = a.outer * a.n * a.inner;
  if (a.inner == 1) {
    const int64_t grain = a.n < kGrain ? kGrain / a.n : 1;
    const double nanoseconds = nanoseconds_each * static_cast<double>(elements) + 20.0 * static_cast<double>(a.outer);
    parallel_for(*call.context, ceil_divide(a.outer, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, a.outer, grain);
      rows(range.begin, range.end - range.begin);
    });
    return;
  }
  const int64_t width = a.n * 64 < kGrain ? kGrain / a.n / 64 * 64 : 64;
  const int64_t pieces = ceil_divide(a.inner, width);
  const int64_t group = a.n * a.inner < kGrain ? kGrain / (a.n * a.inner) : 1;  // outer blocks in a chunk
  const int64_t groups = ceil_divide(a.outer, group);
  parallel_for(*call.context, groups * pieces, nanoseconds_each * static_cast<double>(elements), [&](int64_t chunk) {
    const Range range = chunk_range(chunk % pieces, a.inner, width);
    const Range blocks = chunk_range(chunk / pieces, a.outer, group);
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      columns(block * a.n * a.inner + range.begin, range.end - range.begin);
    }
  });
}

size_t infer(const char* op, const fastnn_call& call, int64_t axis) {
  const fastnn_tensor& x = input(call, 0);
  check_float(op, "x", x);
  around_axis(op, x, axis);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  return 0;
}

// rows(table) and columns(table) are the kernels.
template <typename Rows, typename Columns>
void run(const char* op, const fastnn_call& call, int64_t axis, Rows rows, Columns columns) {
  const fastnn_tensor& input_x = input(call, 0);
  const Around a = around_axis(op, input_x, axis);
  with_float_type(input_x.dtype, [&](auto type) {
    using T = decltype(type);
    const auto& kernels = table<T>();
    const T* const x = data<T>(input_x);
    T* const y = data<T>(output(call, 0));
    over_pieces(
        call, a, 1.0, [&](int64_t row, int64_t count) { rows(kernels)(y + row * a.n, x + row * a.n, count, a.n); },
        [&](int64_t at, int64_t count) { columns(kernels)(y + at, x + at, a.n, count, a.inner); });
  });
}

size_t backward_infer(const char* op, const fastnn_call& call, int64_t axis) {
  const fastnn_tensor &dy = input(call, 0), &y = input(call, 1);
  check_float(op, "dy", dy);
  check_same_dtype(op, "y", y, "dy", dy);
  check_same_shape(op, "y", y, dy);
  around_axis(op, dy, axis);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), dy);
  return 0;
}

template <typename Rows, typename Columns>
void backward_run(const char* op, const fastnn_call& call, int64_t axis, Rows rows, Columns columns) {
  const fastnn_tensor &input_dy = input(call, 0), &input_y = input(call, 1);
  const Around a = around_axis(op, input_dy, axis);
  with_float_type(input_dy.dtype, [&](auto type) {
    using T = decltype(type);
    const auto& kernels = table<T>();
    const bool accumulate = accumulates(call, 0);
    const T* const dy = data<T>(input_dy);
    const T* const y = data<T>(input_y);
    T* const dx = data<T>(output(call, 0));
    over_pieces(
        call, a, 0.6,
        [&](int64_t row, int64_t count) {
          const int64_t at = row * a.n;
          rows(kernels)(dx + at, dy + at, y + at, count, a.n, accumulate);
        },
        [&](int64_t at, int64_t count) {
          columns(kernels)(dx + at, dy + at, y + at, a.n, count, a.inner, accumulate);
        });
  });
}

}  // namespace

size_t softmax_infer(const fastnn_call& call) {
  return infer("softmax", call, attributes<fastnn_softmax_attributes>(call).axis);
}

void softmax_run(const fastnn_call& call) {
  run(
      "softmax", call, attributes<fastnn_softmax_attributes>(call).axis,
      [](const auto& kernels) { return kernels.softmax_rows; },
      [](const auto& kernels) { return kernels.softmax_columns; });
}

size_t softmax_backward_infer(const fastnn_call& call) {
  return backward_infer("softmax_backward", call, attributes<fastnn_softmax_backward_attributes>(call).axis);
}

void softmax_backward_run(const fastnn_call& call) {
  backward_run(
      "softmax_backward", call, attributes<fastnn_softmax_backward_attributes>(call).axis,
      [](const auto& kernels) { return kernels.softmax_backward_rows; },
      [](const auto& kernels) { return kernels.softmax_backward_columns; });
}

size_t log_softmax_infer(const fastnn_call& call) {
  return infer("log_softmax", call, attributes<fastnn_log_softmax_attributes>(call).axis);
}

void log_softmax_run(const fastnn_call& call) {
  run(
      "log_softmax", call, attributes<fastnn_log_softmax_attributes>(call).axis,
      [](const auto& kernels) { return kernels.log_softmax_rows; },
      [](const auto& kernels) { return kernels.log_softmax_columns; });
}

size_t log_softmax_backward_infer(const fastnn_call& call) {
  return backward_infer("log_softmax_backward", call, attributes<fastnn_log_softmax_backward_attributes>(call).axis);
}

void log_softmax_backward_run(const fastnn_call& call) {
  backward_run(
      "log_softmax_backward", call, attributes<fastnn_log_softmax_backward_attributes>(call).axis,
      [](const auto& kernels) { return kernels.log_softmax_backward_rows; },
      [](const auto& kernels) { return kernels.log_softmax_backward_columns; });
}

}  // namespace fastnn::ops
