// conv_geometry.h: the shapes of a convolution, checked, and the products it consists of: one per group forward, one
// per group and phase of the strides for the gradient of the input. Images are volumes of depth 1, and
// sequences images of height 1: everything behind this header has three axes. A transposed convolution has the geometry of the convolution that it is the gradient of.
#pragma once

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "ops/matrix_product.h"
#include "ops/op.h"

namespace fastnn::ops {

struct ConvGeometry {
  int64_t batch, channels, out, groups;
  WindowAxis depth, height, width;
  int64_t whole = 0;  // 0, or of how many images the batch is a part (fastnn_call.whole)

  int64_t group_channels() const { return channels / groups; }
  int64_t group_out() const { return out / groups; }
  int64_t taps() const { return checked_multiply(depth.kernel, checked_multiply(height.kernel, width.kernel)); }
  int64_t terms() const { return taps() * group_channels(); }  // of a sum of the forward product
  int64_t out_pixels() const {
    return checked_multiply(batch, checked_multiply(depth.output, checked_multiply(height.output, width.output)));
  }
};

// The axis along which an image is one plane.
constexpr WindowAxis kOnePlane{1, 1, 1, 1, 1, 0, 0};

template <typename Attributes>
constexpr int32_t spatial_axes() {
  return static_cast<int32_t>(std::extent_v<decltype(Attributes::strides)>);
}

// How errors write the shapes of an op.
struct ConvTexts {
  const char *x, *window;
};
template <typename Attributes>
constexpr ConvTexts conv_texts() {
  constexpr ConvTexts texts[] = {{"(batch, steps, channels)", "k"},
                                 {"(batch, height, width, channels)", "kh, kw"},
                                 {"(batch, depth, height, width, channels)", "kd, kh, kw"}};
  return texts[spatial_axes<Attributes>() - 1];
}

// Where taps lie in an image's padding, their offsets are computed though nothing is read there.
inline void check_offsets(const ConvGeometry& g) {
  // of float64 numbers, along three axes
  int64_t bytes = checked_multiply(32, std::max({int64_t{1}, g.channels, g.out}));
  for (const WindowAxis& axis : {g.width, g.height, g.depth}) {
    const int64_t size = std::max({int64_t{1}, axis.input, axis.output});
    checked_multiply(bytes, checked_add(size, checked_add(axis.pad_before, axis.pad_after)));
    bytes = checked_multiply(bytes, size);
  }
}

// Calls axis_of(name, index) for the spatial axes of an op, the first being 0.
template <typename Attributes, typename AxisOf>
void set_spatial_axes(ConvGeometry& g, AxisOf&& axis_of) {
  constexpr int32_t count = spatial_axes<Attributes>();
  g.depth = g.height = kOnePlane;
  if constexpr (count == 3) g.depth = axis_of("depth", 0);
  if constexpr (count >= 2) g.height = axis_of("height", count - 2);
  g.width = axis_of(count == 1 ? "steps" : "width", count - 1);
  check_offsets(g);
}

// Checks x and the dtype of weight.
template <typename Attributes>
void check_conv_operands(const char* op, const fastnn_tensor& x, const fastnn_tensor& weight) {
  check_float(op, "x", x);
  check_rank(op, "x", x, spatial_axes<Attributes>() + 2, conv_texts<Attributes>().x);
  check_same_dtype(op, "weight", weight, "x", x);
}

// Of an op that has groups.
template <typename Attributes>
int64_t groups_of(const Attributes& a) {
  if constexpr (requires { a.groups; }) {
    return a.groups;
  } else {
    return 1;
  }
}

// Checks x, weight and the attributes of a convolution and its gradients.
template <typename Attributes>
ConvGeometry conv_geometry(const char* op, const fastnn_tensor& x, const fastnn_tensor& weight, const Attributes& a) {
  check_conv_operands<Attributes>(op, x, weight);
  constexpr int32_t last = spatial_axes<Attributes>() + 1;
  const int64_t channels = x.shape[last], groups = groups_of(a);
  if (groups < 1 || channels % groups != 0) {
    value_error(op, ": expected groups that divide the ", channels, " channels of x, got ", groups);
  }
  if (weight.rank != last + 1 || weight.shape[last - 1] != channels / groups) {
    value_error(op, ": expected weight (", conv_texts<Attributes>().window, ", ", channels / groups, ", out), got ",
                shape_text(weight));
  }
  ConvGeometry g{x.shape[0], channels, weight.shape[last], groups, {}, {}, {}};
  if (g.out % groups != 0) value_error(op, ": expected groups that divide the ", g.out, " outputs, got ", groups);
  set_spatial_axes<Attributes>(g, [&](const char* name, int32_t i) {
    return window_axis(op, name, x.shape[i + 1], weight.shape[i], a.strides[i], a.dilation[i],
                       static_cast<Padding>(a.padding), a.pads[2 * i], a.pads[2 * i + 1]);
  });
  return g;
}

// Checks x, weight and the attributes of a transposed convolution. The geometry is that of the convolution whose input
// is the result and whose output is x.
template <typename Attributes>
ConvGeometry transposed_geometry(const char* op, const fastnn_tensor& x, const fastnn_tensor& weight,
                                 const Attributes& a) {
  check_conv_operands<Attributes>(op, x, weight);
  constexpr int32_t last = spatial_axes<Attributes>() + 1;
  if (weight.rank != last + 1 || weight.shape[last] != x.shape[last]) {
    value_error(op, ": expected weight (", conv_texts<Attributes>().window, ", out, ", x.shape[last], "), got ",
                shape_text(weight));
  }
  ConvGeometry g{x.shape[0], weight.shape[last - 1], x.shape[last], 1, {}, {}, {}};
  set_spatial_axes<Attributes>(g, [&](const char* name, int32_t i) {
    return transposed_axis(op, name, x.shape[i + 1], weight.shape[i], a.strides[i], a.dilation[i],
                           static_cast<Padding>(a.padding), a.pads[2 * i], a.pads[2 * i + 1], a.output_padding[i]);
  });
  return g;
}

// Describes an output of `channels` with the spatial sizes that size_of gives of each axis.
template <typename Attributes, typename SizeOf>
void set_image_output(fastnn_tensor* y, const fastnn_tensor& x, const ConvGeometry& g, int64_t channels,
                      SizeOf&& size_of) {
  constexpr int32_t count = spatial_axes<Attributes>();
  const WindowAxis* const axes[] = {&g.depth, &g.height, &g.width};
  int64_t shape[count + 2] = {g.batch};
  for (int32_t i = 0; i < count; ++i) shape[i + 1] = size_of(*axes[3 - count + i]);
  shape[count + 1] = channels;
  set_output(y, x.dtype, x.device, count + 2, shape);
}

// One group of the forward product: x to y.
inline kernels::ConvAxis forward_axis(const WindowAxis& axis) {
  return {.source = axis.input,
          .count = axis.output,
          .step = axis.stride,
          .offset = -axis.pad_before,
          .taps = axis.kernel,
          .tap_step = axis.dilation,
          .target = axis.output,
          .target_step = 1,
          .target_offset = 0};
}

inline kernels::ConvWindow forward_window(const ConvGeometry& g) {
  return {forward_axis(g.depth), forward_axis(g.height),
          forward_axis(g.width), g.channels,
          g.group_channels(),    g.out,
          g.group_out(),         block_depth(g.taps() * g.group_channels())};
}

// The pixels phase, phase + stride, ... of the input along one axis all meet the same taps of the kernel: those at
// which (pixel + pad - tap * dilation) is a multiple of the stride. They are first_tap, first_tap + tap_step, ...;
// taken from the last to the first, the output pixels they meet ascend by source_step.
struct PhaseAxis {
  int64_t phase, pixels, taps, first_tap, tap_step;
  int64_t source_offset, source_step;  // pixel number r meets output r + source_offset + j * source_step at the j-th
};

inline PhaseAxis phase_axis(const WindowAxis& axis, int64_t phase) {
  const int64_t period = axis.stride / std::gcd(axis.stride, axis.dilation);
  PhaseAxis result{phase,
                   phase < axis.input ? ceil_divide(axis.input - phase, axis.stride) : 0,
                   0,
                   0,
                   period,
                   0,
                   period * axis.dilation / axis.stride};
  for (int64_t tap = 0; tap < period && tap < axis.kernel; ++tap) {
    const int64_t distance = phase + axis.pad_before - tap * axis.dilation;
    if (distance % axis.stride != 0) continue;
    result.first_tap = tap;
    result.taps = (axis.kernel - 1 - tap) / period + 1;
    result.source_offset = distance / axis.stride - (result.taps - 1) * result.source_step;
    break;
  }
  return result;
}

// The phase whose pixels meet a tap, and the tap's place in the order of the phase.
inline int64_t phase_of_tap(const WindowAxis& axis, int64_t tap) {
  const int64_t rest = (tap * axis.dilation - axis.pad_before) % axis.stride;
  return rest < 0 ? rest + axis.stride : rest;
}
inline int64_t place_of_tap(const PhaseAxis& phase, int64_t tap) {
  return phase.taps - 1 - (tap - phase.first_tap) / phase.tap_step;
}

// Taps of the phases before this one.
inline int64_t taps_before(const WindowAxis& axis, int64_t phase) {
  int64_t taps = 0;
  for (int64_t tap = 0; tap < axis.kernel; ++tap) taps += phase_of_tap(axis, tap) < phase;
  return taps;
}

// How many phases have pixels.
inline int64_t phases_of(const WindowAxis& axis) { return std::min(axis.stride, axis.input); }

inline kernels::ConvAxis backward_axis(const WindowAxis& axis, const PhaseAxis& phase) {
  return {.source = axis.output,
          .count = phase.pixels,
          .step = 1,
          .offset = phase.source_offset,
          .taps = phase.taps,
          .tap_step = phase.source_step,
          .target = axis.input,
          .target_step = axis.stride,
          .target_offset = phase.phase};
}

// One group and phase of the gradient of the input: dy to dx.
struct Phase {
  PhaseAxis z, y, x;
  int64_t taps_before;  // taps of all phases before: where its packed weight begins
  kernels::ConvWindow window;

  int64_t taps() const { return z.taps * y.taps * x.taps; }
  int64_t pixels() const { return z.pixels * y.pixels * x.pixels; }  // of one image
};

inline Phase input_phase(const ConvGeometry& g, int64_t phase_z, int64_t phase_y, int64_t phase_x) {
  const PhaseAxis z = phase_axis(g.depth, phase_z), y = phase_axis(g.height, phase_y);
  const PhaseAxis x = phase_axis(g.width, phase_x);
  const int64_t lines = taps_before(g.depth, phase_z) * g.height.kernel + z.taps * taps_before(g.height, phase_y);
  return {z,
          y,
          x,
          lines * g.width.kernel + z.taps * y.taps * taps_before(g.width, phase_x),
          {backward_axis(g.depth, z), backward_axis(g.height, y), backward_axis(g.width, x), g.out, g.group_out(),
           g.channels, g.group_channels(), block_depth(z.taps * y.taps * x.taps * g.group_out())}};
}

}  // namespace fastnn::ops
