// conv.cpp: the convolution ops over sequences, images and volumes. Each checks its arguments, which makes a geometry, and leaves
// the rest to convolution.cpp, or to depthwise.cpp for groups of one channel. A transposed convolution is the gradient
// of the input of the convolution that leads back from its result.
#include "fastnn/ops.h"
#include "ops/convolution.h"
#include "ops/depthwise.h"

namespace fastnn::ops {
namespace {

void check_bias(const char* op, const fastnn_call& call, int64_t channels) {
  if (!has_input(call, 2)) return;
  check_same_dtype(op, "bias", input(call, 2), "x", input(call, 0));
  check_shape(op, "bias", input(call, 2), {channels});
}

// dy of the shape that the geometry gives to the output.
template <typename Attributes>
void check_dy(const char* op, const fastnn_tensor& dy, const fastnn_tensor& x, const ConvGeometry& g) {
  check_same_dtype(op, "dy", dy, "x", x);
  fastnn_tensor expected = dy;
  set_image_output<Attributes>(&expected, x, g, g.out, [](const WindowAxis& axis) { return axis.output; });
  check_same_shape(op, "dy", dy, expected);
}

const fastnn_tensor* bias_of(const fastnn_call& call) { return has_input(call, 2) ? &input(call, 2) : nullptr; }

template <typename Attributes>
size_t forward_infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  ConvGeometry g = conv_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  g.whole = call.whole;
  check_bias(op, call, g.out);
  set_image_output<Attributes>(&output(call, 0), x, g, g.out, [](const WindowAxis& axis) { return axis.output; });
  if (is_depthwise(g)) return depthwise_workspace(g, x.dtype);
  return convolution_workspace(*call.context, g, x.dtype, call.prepared != nullptr);
}

template <typename Attributes>
void forward_run(const char* op, const fastnn_call& call) {
  const auto& options = attributes<Attributes>(call);
  ConvGeometry g = conv_geometry(op, input(call, 0), input(call, 1), options);
  g.whole = call.whole;
  if (element_count(output(call, 0)) == 0) return;
  if (is_depthwise(g)) return depthwise_run(call, g, options.activation != 0);
  convolution(*call.context, g, output(call, 0), input(call, 0), input(call, 1), bias_of(call), options.activation != 0,
              call.workspace, call.prepared);
}

// Of all ops: depthwise convolutions, and those without numbers, prepare nothing.
bool prepares(const ConvGeometry& g) { return !is_depthwise(g) && g.batch > 0 && g.channels > 0 && g.out > 0; }

template <typename Attributes>
void forward_describe(const char* op, const fastnn_call& call, fastnn_preparation& preparation) {
  const fastnn_tensor& x = input(call, 0);
  const ConvGeometry g = conv_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  if (prepares(g)) describe_convolution(*call.context, g, x.dtype, preparation);
}

template <typename Attributes>
void forward_prepare(const char* op, const fastnn_call& call, void* prepared) {
  const ConvGeometry g = conv_geometry(op, input(call, 0), input(call, 1), attributes<Attributes>(call));
  prepare_convolution(*call.context, g, input(call, 1), prepared);
}

template <typename Attributes>
size_t backward_input_infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 2);
  const ConvGeometry g = conv_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  check_dy<Attributes>(op, input(call, 0), x, g);
  set_output_like(&output(call, 0), x);
  return is_depthwise(g) ? depthwise_backward_input_workspace(g, x.dtype)
                         : convolution_backward_input_workspace(*call.context, g, x.dtype);
}

template <typename Attributes>
void backward_input_run(const char* op, const fastnn_call& call) {
  const ConvGeometry g = conv_geometry(op, output(call, 0), input(call, 1), attributes<Attributes>(call));
  if (element_count(output(call, 0)) == 0) return;
  if (is_depthwise(g)) return depthwise_backward_input_run(call, g);
  convolution_backward_input(*call.context, g, output(call, 0), input(call, 0), input(call, 1), nullptr, false,
                             accumulates(call, 0), call.workspace, call.prepared);
}

template <typename Attributes>
void backward_input_describe(const char* op, const fastnn_call& call, fastnn_preparation& preparation) {
  const fastnn_tensor& x = output(call, 0);
  const ConvGeometry g = conv_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  if (prepares(g)) describe_convolution_backward_input(*call.context, g, x.dtype, preparation);
}

template <typename Attributes>
void backward_input_prepare(const char* op, const fastnn_call& call, void* prepared) {
  const ConvGeometry g = conv_geometry(op, output(call, 0), input(call, 1), attributes<Attributes>(call));
  prepare_convolution_backward_input(*call.context, g, input(call, 1), prepared);
}

template <typename Attributes>
size_t backward_weight_infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const ConvGeometry g = conv_geometry(op, x, input(call, 2), attributes<Attributes>(call));
  check_dy<Attributes>(op, input(call, 1), x, g);
  set_output_like(&output(call, 0), input(call, 2));
  return is_depthwise(g) ? depthwise_backward_weight_workspace(g, x.dtype)
                         : convolution_backward_weight_workspace(*call.context, g, x.dtype);
}

template <typename Attributes>
void backward_weight_run(const char* op, const fastnn_call& call) {
  const ConvGeometry g = conv_geometry(op, input(call, 0), output(call, 0), attributes<Attributes>(call));
  if (element_count(output(call, 0)) == 0) return;
  if (is_depthwise(g)) return depthwise_backward_weight_run(call, g);
  convolution_backward_weight(*call.context, g, output(call, 0), input(call, 0), input(call, 1), accumulates(call, 0),
                              call.workspace);
}

template <typename Attributes>
size_t transpose_infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const ConvGeometry g = transposed_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  check_bias(op, call, g.channels);
  set_image_output<Attributes>(&output(call, 0), x, g, g.channels, [](const WindowAxis& axis) { return axis.input; });
  return convolution_backward_input_workspace(*call.context, g, x.dtype);
}

template <typename Attributes>
void transpose_run(const char* op, const fastnn_call& call) {
  const auto& options = attributes<Attributes>(call);
  const ConvGeometry g = transposed_geometry(op, input(call, 0), input(call, 1), options);
  if (element_count(output(call, 0)) == 0) return;
  convolution_backward_input(*call.context, g, output(call, 0), input(call, 0), input(call, 1), bias_of(call),
                             options.activation != 0, false, call.workspace, call.prepared);
}

template <typename Attributes>
void transpose_describe(const char* op, const fastnn_call& call, fastnn_preparation& preparation) {
  const fastnn_tensor& x = input(call, 0);
  const ConvGeometry g = transposed_geometry(op, x, input(call, 1), attributes<Attributes>(call));
  if (g.batch > 0 && g.channels > 0 && g.out > 0) {
    describe_convolution_backward_input(*call.context, g, x.dtype, preparation);
  }
}

template <typename Attributes>
void transpose_prepare(const char* op, const fastnn_call& call, void* prepared) {
  const ConvGeometry g = transposed_geometry(op, input(call, 0), input(call, 1), attributes<Attributes>(call));
  prepare_convolution_backward_input(*call.context, g, input(call, 1), prepared);
}

}  // namespace

size_t conv1d_infer(const fastnn_call& call) { return forward_infer<fastnn_conv1d_attributes>("conv1d", call); }
void conv1d_run(const fastnn_call& call) { forward_run<fastnn_conv1d_attributes>("conv1d", call); }
void conv1d_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  forward_describe<fastnn_conv1d_attributes>("conv1d", call, preparation);
}
void conv1d_prepare(const fastnn_call& call, void* prepared) {
  forward_prepare<fastnn_conv1d_attributes>("conv1d", call, prepared);
}

size_t conv1d_backward_input_infer(const fastnn_call& call) {
  return backward_input_infer<fastnn_conv1d_backward_input_attributes>("conv1d_backward_input", call);
}
void conv1d_backward_input_run(const fastnn_call& call) {
  backward_input_run<fastnn_conv1d_backward_input_attributes>("conv1d_backward_input", call);
}
void conv1d_backward_input_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  backward_input_describe<fastnn_conv1d_backward_input_attributes>("conv1d_backward_input", call, preparation);
}
void conv1d_backward_input_prepare(const fastnn_call& call, void* prepared) {
  backward_input_prepare<fastnn_conv1d_backward_input_attributes>("conv1d_backward_input", call, prepared);
}

size_t conv1d_backward_weight_infer(const fastnn_call& call) {
  return backward_weight_infer<fastnn_conv1d_backward_weight_attributes>("conv1d_backward_weight", call);
}
void conv1d_backward_weight_run(const fastnn_call& call) {
  backward_weight_run<fastnn_conv1d_backward_weight_attributes>("conv1d_backward_weight", call);
}

size_t conv1d_transpose_infer(const fastnn_call& call) {
  return transpose_infer<fastnn_conv1d_transpose_attributes>("conv1d_transpose", call);
}
void conv1d_transpose_run(const fastnn_call& call) {
  transpose_run<fastnn_conv1d_transpose_attributes>("conv1d_transpose", call);
}
void conv1d_transpose_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  transpose_describe<fastnn_conv1d_transpose_attributes>("conv1d_transpose", call, preparation);
}
void conv1d_transpose_prepare(const fastnn_call& call, void* prepared) {
  transpose_prepare<fastnn_conv1d_transpose_attributes>("conv1d_transpose", call, prepared);
}

size_t conv2d_infer(const fastnn_call& call) { return forward_infer<fastnn_conv2d_attributes>("conv2d", call); }
void conv2d_run(const fastnn_call& call) { forward_run<fastnn_conv2d_attributes>("conv2d", call); }
void conv2d_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  forward_describe<fastnn_conv2d_attributes>("conv2d", call, preparation);
}
void conv2d_prepare(const fastnn_call& call, void* prepared) {
  forward_prepare<fastnn_conv2d_attributes>("conv2d", call, prepared);
}

size_t conv2d_backward_input_infer(const fastnn_call& call) {
  return backward_input_infer<fastnn_conv2d_backward_input_attributes>("conv2d_backward_input", call);
}
void conv2d_backward_input_run(const fastnn_call& call) {
  backward_input_run<fastnn_conv2d_backward_input_attributes>("conv2d_backward_input", call);
}
void conv2d_backward_input_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  backward_input_describe<fastnn_conv2d_backward_input_attributes>("conv2d_backward_input", call, preparation);
}
void conv2d_backward_input_prepare(const fastnn_call& call, void* prepared) {
  backward_input_prepare<fastnn_conv2d_backward_input_attributes>("conv2d_backward_input", call, prepared);
}

size_t conv2d_backward_weight_infer(const fastnn_call& call) {
  return backward_weight_infer<fastnn_conv2d_backward_weight_attributes>("conv2d_backward_weight", call);
}
void conv2d_backward_weight_run(const fastnn_call& call) {
  backward_weight_run<fastnn_conv2d_backward_weight_attributes>("conv2d_backward_weight", call);
}

size_t conv2d_transpose_infer(const fastnn_call& call) {
  return transpose_infer<fastnn_conv2d_transpose_attributes>("conv2d_transpose", call);
}
void conv2d_transpose_run(const fastnn_call& call) {
  transpose_run<fastnn_conv2d_transpose_attributes>("conv2d_transpose", call);
}
void conv2d_transpose_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  transpose_describe<fastnn_conv2d_transpose_attributes>("conv2d_transpose", call, preparation);
}
void conv2d_transpose_prepare(const fastnn_call& call, void* prepared) {
  transpose_prepare<fastnn_conv2d_transpose_attributes>("conv2d_transpose", call, prepared);
}

size_t conv3d_infer(const fastnn_call& call) { return forward_infer<fastnn_conv3d_attributes>("conv3d", call); }
void conv3d_run(const fastnn_call& call) { forward_run<fastnn_conv3d_attributes>("conv3d", call); }
void conv3d_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  forward_describe<fastnn_conv3d_attributes>("conv3d", call, preparation);
}
void conv3d_prepare(const fastnn_call& call, void* prepared) {
  forward_prepare<fastnn_conv3d_attributes>("conv3d", call, prepared);
}

size_t conv3d_backward_input_infer(const fastnn_call& call) {
  return backward_input_infer<fastnn_conv3d_backward_input_attributes>("conv3d_backward_input", call);
}
void conv3d_backward_input_run(const fastnn_call& call) {
  backward_input_run<fastnn_conv3d_backward_input_attributes>("conv3d_backward_input", call);
}
void conv3d_backward_input_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  backward_input_describe<fastnn_conv3d_backward_input_attributes>("conv3d_backward_input", call, preparation);
}
void conv3d_backward_input_prepare(const fastnn_call& call, void* prepared) {
  backward_input_prepare<fastnn_conv3d_backward_input_attributes>("conv3d_backward_input", call, prepared);
}

size_t conv3d_backward_weight_infer(const fastnn_call& call) {
  return backward_weight_infer<fastnn_conv3d_backward_weight_attributes>("conv3d_backward_weight", call);
}
void conv3d_backward_weight_run(const fastnn_call& call) {
  backward_weight_run<fastnn_conv3d_backward_weight_attributes>("conv3d_backward_weight", call);
}

size_t conv3d_transpose_infer(const fastnn_call& call) {
  return transpose_infer<fastnn_conv3d_transpose_attributes>("conv3d_transpose", call);
}
void conv3d_transpose_run(const fastnn_call& call) {
  transpose_run<fastnn_conv3d_transpose_attributes>("conv3d_transpose", call);
}
void conv3d_transpose_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  transpose_describe<fastnn_conv3d_transpose_attributes>("conv3d_transpose", call, preparation);
}
void conv3d_transpose_prepare(const fastnn_call& call, void* prepared) {
  transpose_prepare<fastnn_conv3d_transpose_attributes>("conv3d_transpose", call, prepared);
}

}  // namespace fastnn::ops
