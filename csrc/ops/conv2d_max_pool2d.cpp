// conv2d_max_pool2d.cpp: a convolution by direct products whose result is pooled before it is written. Rows of windows are
// cut into pieces by shape.
#include "fastnn/ops.h"
#include "ops/convolution.h"
#include "ops/convolution_direct.h"

namespace fastnn::ops {
namespace {

constexpr const char* kOp = "conv2d_max_pool2d";

using Attributes = fastnn_conv2d_max_pool2d_attributes;

ConvGeometry geometry(const fastnn_call& call) {
  return conv_geometry(kOp, input(call, 0), input(call, 1), attributes<Attributes>(call));
}

kernels::PoolShape windows(const ConvGeometry& g, const Attributes& a) {
  const auto axis = [&](const char* name, const WindowAxis& image, int64_t size) {
    return window_axis(kOp, name, image.output, size, size, 1, Padding::valid, 0, 0);
  };
  const WindowAxis height = axis("height", g.height, a.pool_size[0]), width = axis("width", g.width, a.pool_size[1]);
  const int64_t taps = checked_multiply(height.kernel, width.kernel);
  if (taps > INT32_MAX) {
    value_error(kOp, ": expected a pool_size of at most 2^31 - 1 taps, got (", height.kernel, ", ", width.kernel, ")");
  }
  return {
      height.input, width.input, g.out, height.output,      width.output, height.kernel, width.kernel, height.stride,
      width.stride, 0,           0,     taps <= 256 ? 1 : 4};
}

}  // namespace

size_t conv2d_max_pool2d_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const ConvGeometry g = geometry(call);
  if (has_input(call, 2)) {
    check_same_dtype(kOp, "bias", input(call, 2), "x", x);
    check_shape(kOp, "bias", input(call, 2), {g.out});
  }
  const kernels::PoolShape pool = windows(g, attributes<Attributes>(call));
  const std::initializer_list<int64_t> shape = {g.batch, pool.out_height, pool.out_width, g.out};
  set_output(&output(call, 0), x.dtype, x.device, shape);
  if (wants_output(call, 1)) set_output(&output(call, 1), pool.index_size == 1 ? kUint8 : kInt32, x.device, shape);
  return direct_max_pool_workspace(g, pool, x.dtype, call.prepared != nullptr);
}

void conv2d_max_pool2d_run(const fastnn_call& call) {
  if (element_count(output(call, 0)) == 0) return;
  const auto& options = attributes<Attributes>(call);
  const ConvGeometry g = geometry(call);
  const fastnn_tensor* const bias = has_input(call, 2) ? &input(call, 2) : nullptr;
  const fastnn_tensor* const index = wants_output(call, 1) ? &output(call, 1) : nullptr;
  direct_max_pool(*call.context, g, windows(g, options), output(call, 0), index, input(call, 0), input(call, 1), bias,
                  options.activation != 0, call.workspace, call.prepared);
}

void conv2d_max_pool2d_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  const ConvGeometry g = geometry(call);
  if (g.batch > 0 && g.channels > 0 && g.out > 0) describe_direct_convolution(g, input(call, 0).dtype, preparation);
}

void conv2d_max_pool2d_prepare(const fastnn_call& call, void* prepared) {
  direct_prepare(*call.context, geometry(call), input(call, 1), false, prepared);
}

}  // namespace fastnn::ops
