// max_pool2d.cpp: maximum over windows of NHWC images, and its gradient by the index of each maximum. Work is cut into
// whole rows: output rows forward, input rows backward, so no two chunks write the same element.
#include <algorithm>
#include <atomic>

#include "fastnn/ops.h"
#include "ops/pool_geometry.h"

namespace fastnn::ops {
namespace {

fastnn_dtype index_dtype(const kernels::PoolShape& s) { return s.index_size == 1 ? kUint8 : kInt32; }

// Refuses an index that names no tap of the window.
template <typename T>
void check_index(const fastnn_call& call, const T* index, int64_t size, int64_t taps) {
  std::atomic<int64_t> first_bad{size};  // a chunk's begin
  // a negative index is a large one without its sign
  using Unsigned = std::make_unsigned_t<T>;
  const auto is_bad = [taps](T value) { return static_cast<int64_t>(static_cast<Unsigned>(value)) >= taps; };
  parallel_for(*call.context, ceil_divide(size, kPoolChunkElements), static_cast<double>(size) * sizeof(T) / 10,
               [&](int64_t chunk) {
                 const Range range = chunk_range(chunk, size, kPoolChunkElements);
                 Unsigned largest = 0;
                 for (int64_t i = range.begin; i < range.end; ++i) {
                   largest = std::max(largest, static_cast<Unsigned>(index[i]));
                 }
                 if (!is_bad(static_cast<T>(largest))) return;
                 int64_t known = first_bad.load();
                 while (range.begin < known && !first_bad.compare_exchange_weak(known, range.begin)) {
                 }
               });
  const T* bad = std::find_if(index + first_bad.load(), index + size, is_bad);
  if (bad == index + size) return;
  index_error("max_pool2d_backward: expected index in [0, ", taps, "), got ", static_cast<int64_t>(*bad),
              " at position ", bad - index);
}

}  // namespace

size_t max_pool2d_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto s = pool_shape("max_pool2d", x, attributes<fastnn_max_pool2d_attributes>(call));
  const std::initializer_list<int64_t> shape = {x.shape[0], s.out_height, s.out_width, s.channels};
  set_output(&output(call, 0), x.dtype, x.device, shape);
  if (wants_output(call, 1)) set_output(&output(call, 1), index_dtype(s), x.device, shape);
  return 0;
}

void max_pool2d_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_tensor& y = output(call, 0);
  const auto s = pool_shape("max_pool2d", x, attributes<fastnn_max_pool2d_attributes>(call));
  if (element_count(y) == 0) return;
  const int64_t rows = y.shape[0] * s.out_height;
  const int64_t row_elements = s.out_width * s.channels;
  const int64_t grain = std::max<int64_t>(1, kPoolChunkElements / row_elements);
  char* index = wants_output(call, 1) ? data<char>(output(call, 1)) : nullptr;
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(x) + 2 * element_count(y)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      table<T>().max_pool2d(data<T>(y), index, data<T>(x), range.begin, range.end, &s);
    });
  });
}

size_t max_pool2d_backward_infer(const fastnn_call& call) {
  const char* op = "max_pool2d_backward";
  const fastnn_tensor& dy = input(call, 0);
  const fastnn_tensor& index = input(call, 1);
  const fastnn_tensor& x = input(call, 2);
  const auto s = pool_shape(op, x, attributes<fastnn_max_pool2d_backward_attributes>(call));
  check_same_dtype(op, "dy", dy, "x", x);
  check_shape(op, "dy", dy, {x.shape[0], s.out_height, s.out_width, s.channels});
  if (!(index.dtype == index_dtype(s))) {
    type_error(op, ": expected index of dtype ", dtype_name(index_dtype(s)), ", got ", dtype_name(index.dtype));
  }
  check_same_shape(op, "index", index, dy);
  set_output_like(&output(call, 0), x);
  return 0;
}

void max_pool2d_backward_run(const fastnn_call& call) {
  const fastnn_tensor& dy = input(call, 0);
  const fastnn_tensor& dx = output(call, 0);
  const auto s = pool_shape("max_pool2d_backward", dx, attributes<fastnn_max_pool2d_backward_attributes>(call));
  if (element_count(dx) == 0) return;
  const char* index = data<char>(input(call, 1));
  const int64_t outputs = element_count(dy);
  const int64_t taps = s.kernel_height * s.kernel_width;
  if (s.index_size == 4) {
    check_index(call, data<int32_t>(input(call, 1)), outputs, taps);
  } else if (taps < 256) {
    check_index(call, data<uint8_t>(input(call, 1)), outputs, taps);
  }
  const int64_t rows = dx.shape[0] * s.height;
  // whole windows where that is possible, so that one thread reads a row of dy
  const int64_t grain = round_up(std::max<int64_t>(1, kPoolChunkElements / (s.width * s.channels)), s.stride_height);
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(2 * element_count(dx) + 2 * element_count(dy)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      table<T>().max_pool2d_backward(data<T>(dx), data<T>(dy), index, range.begin, range.end, &s, accumulate);
    });
  });
}

}  // namespace fastnn::ops
