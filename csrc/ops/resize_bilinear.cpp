// resize_bilinear.cpp: images of another size by bilinear interpolation, and the gradient.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

kernels::ResizeShape resize_shape(const fastnn_tensor& image, const fastnn_tensor& resized) {
  return {image.shape[1], image.shape[2], image.shape[3], resized.shape[1], resized.shape[2]};
}

// Lines of images that a chunk takes.
int64_t lines_grain(int64_t line_elements) {
  return std::max<int64_t>(1, kChunkElements / std::max<int64_t>(1, line_elements));
}

}  // namespace

size_t resize_bilinear_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const int64_t* size = attributes<fastnn_resize_bilinear_attributes>(call).size;
  check_float("resize_bilinear", "x", x);
  check_rank("resize_bilinear", "x", x, 4, "(batch, height, width, channels)");
  if (x.shape[1] == 0 || x.shape[2] == 0) {
    value_error("resize_bilinear: expected images of at least one pixel, got ", shape_text(x));
  }
  if (size[0] < 1 || size[1] < 1) {
    value_error("resize_bilinear: expected a size of at least 1, got ", shape_text(2, size));
  }
  set_output(&output(call, 0), x.dtype, x.device, {x.shape[0], size[0], size[1], x.shape[3]});
  return 0;
}

void resize_bilinear_run(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &y = output(call, 0);
  if (element_count(y) == 0) return;
  const kernels::ResizeShape shape = resize_shape(x, y);
  const int64_t lines = y.shape[0] * y.shape[1];
  const int64_t grain = lines_grain(shape.out_width * shape.channels);
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(*call.context, ceil_divide(lines, grain), 2.0 * static_cast<double>(element_count(y)),
                 [&](int64_t chunk) {
                   const Range range = chunk_range(chunk, lines, grain);
                   table<T>().resize_bilinear(data<T>(y), data<T>(x), range.begin, range.end, &shape);
                 });
  });
}

size_t resize_bilinear_backward_infer(const fastnn_call& call) {
  const char* op = "resize_bilinear_backward";
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  check_float(op, "dy", dy);
  check_same_dtype(op, "x", x, "dy", dy);
  check_rank(op, "dy", dy, 4, "(batch, out_height, out_width, channels)");
  check_rank(op, "x", x, 4, "(batch, height, width, channels)");
  if (dy.shape[0] != x.shape[0] || dy.shape[3] != x.shape[3]) {
    value_error(op, ": expected dy with the batch and channels of x ", shape_text(x), ", got ", shape_text(dy));
  }
  if (x.shape[1] == 0 || x.shape[2] == 0 || dy.shape[1] == 0 || dy.shape[2] == 0) {
    value_error(op, ": expected images of at least one pixel, got dy ", shape_text(dy), " and x ", shape_text(x));
  }
  set_output_like(&output(call, 0), x);
  return 0;
}

void resize_bilinear_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &dx = output(call, 0);
  if (element_count(dx) == 0) return;
  const kernels::ResizeShape shape = resize_shape(dx, dy);
  const int64_t lines = dx.shape[0] * dx.shape[1];
  const int64_t grain = lines_grain(shape.width * shape.channels);
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = 4.0 * static_cast<double>(element_count(dy) + element_count(dx));
    parallel_for(*call.context, ceil_divide(lines, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, lines, grain);
      table<T>().resize_bilinear_backward(data<T>(dx), data<T>(dy), range.begin, range.end, &shape, accumulate);
    });
  });
}

}  // namespace fastnn::ops
