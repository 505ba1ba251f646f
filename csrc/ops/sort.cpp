// sort.cpp: the numbers along an axis in order, all of them or the first k, and where they stood. Lines are sorted one at
// a time, each chunk of lines in its own room of the workspace.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kMostChunks = 64;
constexpr int64_t kItemBytes = 16;  // what kernels::sort_line asks for

struct Lines {
  int64_t count, n, inner;  // line i starts at i / inner * n * inner + i % inner
};

Lines lines_of(const fastnn_tensor& x, int32_t axis) {
  const int64_t inner = element_count(x.rank - axis - 1, x.shape + axis + 1);
  return {checked_multiply(element_count(axis, x.shape), inner), x.shape[axis], inner};
}

size_t infer(const fastnn_call& call, int32_t axis, int64_t k) {
  const fastnn_tensor& x = input(call, 0);
  fastnn_tensor y = x;
  y.shape[axis] = k;
  if (wants_output(call, 0)) set_output_like(&output(call, 0), y);
  y.dtype = kInt64;
  if (wants_output(call, 1)) set_output_like(&output(call, 1), y);
  const Lines lines = lines_of(x, axis);
  const int64_t rooms = std::min(lines.count, kMostChunks);
  return static_cast<size_t>(checked_multiply(checked_multiply(rooms, lines.n), kItemBytes));
}

void run(const fastnn_call& call, int32_t axis, int64_t k, bool descending) {
  const fastnn_tensor& input_x = input(call, 0);
  const Lines lines = lines_of(input_x, axis);
  if (lines.count == 0 || lines.n == 0) return;
  int64_t* const places = wants_output(call, 1) ? data<int64_t>(output(call, 1)) : nullptr;
  const int64_t grain = ceil_divide(lines.count, kMostChunks);
  with_type(input_x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input_x);
    T* const y = wants_output(call, 0) ? data<T>(output(call, 0)) : nullptr;
    const double nanoseconds = 30.0 * static_cast<double>(lines.count) * static_cast<double>(lines.n);
    parallel_for(*call.context, ceil_divide(lines.count, grain), nanoseconds, [&](int64_t chunk) {
      char* const room = static_cast<char*>(call.workspace) + chunk * lines.n * kItemBytes;
      const Range range = chunk_range(chunk, lines.count, grain);
      for (int64_t line = range.begin; line < range.end; ++line) {
        const int64_t outer = line / lines.inner * lines.inner, inner = line % lines.inner;
        const int64_t to = outer * k + inner;
        kernels::sort_line(y == nullptr ? nullptr : y + to, places == nullptr ? nullptr : places + to, room,
                           x + outer * lines.n + inner, lines.n, k, lines.inner, descending);
      }
    });
  });
}

}  // namespace

size_t sort_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_storable("sort", "x", x);
  const int32_t axis = normalize_axis("sort", attributes<fastnn_sort_attributes>(call).axis, x.rank);
  return infer(call, axis, x.shape[axis]);
}

void sort_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sort_attributes>(call);
  const int32_t axis = normalize_axis("sort", a.axis, input(call, 0).rank);
  run(call, axis, input(call, 0).shape[axis], a.descending != 0);
}

size_t top_k_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& a = attributes<fastnn_top_k_attributes>(call);
  check_storable("top_k", "x", x);
  const int32_t axis = normalize_axis("top_k", a.axis, x.rank);
  if (a.k < 0 || a.k > x.shape[axis]) {
    value_error("top_k: expected k in [0, ", x.shape[axis], "], got ", a.k);
  }
  return infer(call, axis, a.k);
}

void top_k_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_top_k_attributes>(call);
  run(call, normalize_axis("top_k", a.axis, input(call, 0).rank), a.k, true);
}

}  // namespace fastnn::ops
