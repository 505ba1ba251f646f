// conv2d_geometry.h: the shapes of a convolution, checked, and the products it consists of: one per group forward, one
// per group and phase of the strides for the gradient of the input.
#pragma once

#include <numeric>

#include "ops/op.h"

namespace fastnn::ops {

struct Conv2dGeometry {
  int64_t batch, channels, out, groups;
  WindowAxis height, width;

  int64_t group_channels() const { return channels / groups; }
  int64_t group_out() const { return out / groups; }
  int64_t taps() const { return height.kernel * width.kernel; }
  int64_t depth() const { return taps() * group_channels(); }  // of the forward product
  int64_t out_pixels() const { return checked_multiply(batch, checked_multiply(height.output, width.output)); }
};

// Checks x, weight and the attributes of the three ops.
template <typename Attributes>
Conv2dGeometry conv2d_geometry(const char* op, const fastnn_tensor& x, const fastnn_tensor& weight,
                               const Attributes& a) {
  check_float(op, "x", x);
  check_rank(op, "x", x, 4, "(batch, height, width, channels)");
  check_same_dtype(op, "weight", weight, "x", x);
  const int64_t channels = x.shape[3];
  if (a.groups < 1 || channels % a.groups != 0) {
    value_error(op, ": expected groups that divide the ", channels, " channels of x, got ", a.groups);
  }
  if (weight.rank != 4 || weight.shape[2] != channels / a.groups) {
    value_error(op, ": expected weight (kh, kw, ", channels / a.groups, ", out), got ", shape_text(weight));
  }
  const int64_t out = weight.shape[3];
  if (out % a.groups != 0) value_error(op, ": expected groups that divide the ", out, " outputs, got ", a.groups);
  const Padding padding = static_cast<Padding>(a.padding);
  return {x.shape[0],
          channels,
          out,
          a.groups,
          window_axis(op, "height", x.shape[1], weight.shape[0], a.strides[0], a.dilation[0], padding, a.pads[0],
                      a.pads[1]),
          window_axis(op, "width", x.shape[2], weight.shape[1], a.strides[1], a.dilation[1], padding, a.pads[2],
                      a.pads[3])};
}

// One group of the forward product: x to y.
inline kernels::ConvWindow forward_window(const Conv2dGeometry& g) {
  const WindowAxis &h = g.height, &w = g.width;
  return {.source_height = h.input,
          .source_width = w.input,
          .source_pixel = g.channels,
          .channels = g.group_channels(),
          .height = h.output,
          .width = w.output,
          .step_y = h.stride,
          .step_x = w.stride,
          .offset_y = -h.pad_before,
          .offset_x = -w.pad_before,
          .taps_y = h.kernel,
          .taps_x = w.kernel,
          .tap_step_y = h.dilation,
          .tap_step_x = w.dilation,
          .target_height = h.output,
          .target_width = w.output,
          .target_pixel = g.out,
          .columns = g.group_out(),
          .target_step_y = 1,
          .target_step_x = 1,
          .target_offset_y = 0,
          .target_offset_x = 0};
}

// The pixels phase, phase + stride, ... of the input along one axis all meet the same taps of the kernel: those at
// which (pixel + pad - tap * dilation) is a multiple of the stride. They are first_tap, first_tap + tap_step, ...;
// taken from the last to the first, the output pixels they meet ascend by source_step.
struct PhaseAxis {
  int64_t pixels, taps, first_tap, tap_step;
  int64_t source_offset, source_step;  // pixel number r meets output r + source_offset + j * source_step at the j-th
};

inline PhaseAxis phase_axis(const WindowAxis& axis, int64_t phase) {
  const int64_t period = axis.stride / std::gcd(axis.stride, axis.dilation);
  PhaseAxis result{phase < axis.input ? ceil_divide(axis.input - phase, axis.stride) : 0,
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
  for (int64_t earlier = 0; earlier < phase; ++earlier) taps += phase_axis(axis, earlier).taps;
  return taps;
}

// One group and phase of the gradient of the input: dy to dx.
struct Phase {
  PhaseAxis y, x;
  int64_t taps_before;  // taps of all phases before: where its packed weight begins
  kernels::ConvWindow window;
};

inline Phase input_phase(const Conv2dGeometry& g, int64_t phase_y, int64_t phase_x) {
  const WindowAxis &h = g.height, &w = g.width;
  const PhaseAxis y = phase_axis(h, phase_y), x = phase_axis(w, phase_x);
  return {y,
          x,
          taps_before(h, phase_y) * w.kernel + y.taps * taps_before(w, phase_x),
          {.source_height = h.output,
           .source_width = w.output,
           .source_pixel = g.out,
           .channels = g.group_out(),
           .height = y.pixels,
           .width = x.pixels,
           .step_y = 1,
           .step_x = 1,
           .offset_y = y.source_offset,
           .offset_x = x.source_offset,
           .taps_y = y.taps,
           .taps_x = x.taps,
           .tap_step_y = y.source_step,
           .tap_step_x = x.source_step,
           .target_height = h.input,
           .target_width = w.input,
           .target_pixel = g.channels,
           .columns = g.group_channels(),
           .target_step_y = h.stride,
           .target_step_x = w.stride,
           .target_offset_y = phase_y,
           .target_offset_x = phase_x}};
}

}  // namespace fastnn::ops
