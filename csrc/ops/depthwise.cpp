// depthwise.cpp: convolution of every channel with filters of its own. With m outputs a channel it is m convolutions
// with one output a channel, interleaved: weight, bias and y are taken apart into m planes, so that every kernel runs
// over neighbouring channels. Lines of pixels run in parallel; the gradient of the weight cuts channels and lines, and
// adds the partial sums of lines in order. All cuts depend on shapes only.
#include "ops/depthwise.h"

#include <algorithm>

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

int64_t weight_size(const ConvGeometry& g) { return checked_multiply(g.taps(), g.out); }

double depthwise_nanoseconds(const ConvGeometry& g) {
  const double each = 0.4 + 0.07 * static_cast<double>(g.taps());
  return static_cast<double>(g.out_pixels()) * static_cast<double>(g.out) * each;
}

int64_t line_grain(int64_t pixels, const ConvGeometry& g) {
  return std::max<int64_t>(kChunkElements / std::max<int64_t>(pixels * g.channels, 1), 1);
}

// The same window for one plane: all channels, each for itself.
kernels::ConvWindow plane_window(kernels::ConvWindow window, const ConvGeometry& g) {
  window.channels = window.columns = window.source_pixel = window.target_pixel = g.channels;
  return window;
}

// planes (m, items) = transpose of from (items, m), and back.
template <typename T>
void take_apart(const fastnn_context& context, T* planes, const T* from, int64_t items, int64_t m) {
  const double nanoseconds = static_cast<double>(items * m);
  parallel_for(context, ceil_divide(items, kChunkElements), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, items, kChunkElements);
    table<T>().copy(planes + range.begin, from + range.begin * m, m, range.end - range.begin, {items, 1, 1, m},
                    sizeof(T));
  });
}
template <typename T>
void put_together(const fastnn_context& context, T* to, const T* planes, int64_t items, int64_t m) {
  const double nanoseconds = static_cast<double>(items * m);
  parallel_for(context, ceil_divide(items, kChunkElements), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, items, kChunkElements);
    table<T>().copy(to + range.begin * m, planes + range.begin, range.end - range.begin, m, {m, 1, 1, items},
                    sizeof(T));
  });
}

}  // namespace

bool is_depthwise(const ConvGeometry& g) {
  const bool image = g.depth.input == 1 && g.depth.kernel == 1 && g.depth.output == 1 && g.depth.pad_before == 0;
  return image && g.group_channels() == 1 && g.group_out() >= 1 && g.group_out() <= g.channels;
}

size_t depthwise_workspace(const ConvGeometry& g, fastnn_dtype dtype) {
  if (g.group_out() == 1) return 0;
  const int64_t pixels = checked_add(g.out_pixels(), checked_add(g.taps(), 1));  // y, weight and bias
  return static_cast<size_t>(checked_multiply(checked_multiply(pixels, g.out), item_size(dtype)));
}

void depthwise_run(const fastnn_call& call, const ConvGeometry& g, bool relu) {
  const fastnn_tensor& y = output(call, 0);
  const int64_t m = g.group_out(), plane = g.taps() * g.channels, y_plane = g.out_pixels() * g.channels;
  const kernels::ConvWindow window = plane_window(forward_window(g), g);
  with_float_type(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* weight = data<T>(input(call, 1));
    const T* bias = has_input(call, 2) ? data<T>(input(call, 2)) : nullptr;
    T* planes = data<T>(y);
    if (m > 1) {
      planes = static_cast<T*>(call.workspace);
      T* const weight_planes = planes + m * y_plane;
      T* const bias_planes = weight_planes + m * plane;
      take_apart(*call.context, weight_planes, weight, plane, m);
      weight = weight_planes;
      if (bias != nullptr) {
        take_apart(*call.context, bias_planes, bias, g.channels, m);
        bias = bias_planes;
      }
    }
    const int64_t lines = g.batch * g.height.output, grain = line_grain(g.width.output, g);
    const int64_t chunks = ceil_divide(lines, grain);
    parallel_for(*call.context, m * chunks, depthwise_nanoseconds(g), [&](int64_t chunk) {
      const int64_t j = chunk % m;
      const Range range = chunk_range(chunk / m, lines, grain);
      const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : bias + j * g.channels, relu, false};
      table<T>().depthwise_conv2d(planes + j * y_plane, data<T>(input(call, 0)), weight + j * plane, range.begin,
                                  range.end, g.width.kernel * g.channels, g.channels, window, epilogue);
    });
    if (m > 1) put_together(*call.context, data<T>(y), planes, y_plane, m);
  });
}

size_t depthwise_backward_input_workspace(const ConvGeometry& g, fastnn_dtype dtype) {
  if (g.group_out() == 1) return 0;
  const int64_t pixels = checked_add(g.out_pixels(), g.taps());  // dy and weight
  return static_cast<size_t>(checked_multiply(checked_multiply(pixels, g.out), item_size(dtype)));
}

void depthwise_backward_input_run(const fastnn_call& call, const ConvGeometry& g) {
  const fastnn_tensor& dx = output(call, 0);
  const int64_t m = g.group_out(), plane = g.taps() * g.channels, dy_plane = g.out_pixels() * g.channels;
  const WindowAxis &h = g.height, &w = g.width;
  const bool accumulate = accumulates(call, 0);
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* dy = data<T>(input(call, 0));
    const T* weight = data<T>(input(call, 1));
    if (m > 1) {
      T* const dy_planes = static_cast<T*>(call.workspace);
      T* const weight_planes = dy_planes + m * dy_plane;
      take_apart(*call.context, dy_planes, dy, dy_plane, m);
      take_apart(*call.context, weight_planes, weight, plane, m);
      dy = dy_planes;
      weight = weight_planes;
    }
    // the first phase has the most lines; the phases of the same lines follow each other, for they read the same dy
    const int64_t phases_x = phases_of(w), phases = phases_of(h) * phases_x,
                  most = g.batch * ceil_divide(h.input, h.stride);
    const int64_t grain = line_grain(ceil_divide(w.input, w.stride), g);
    parallel_for(*call.context, ceil_divide(most, grain) * phases, depthwise_nanoseconds(g), [&](int64_t chunk) {
      const Phase phase = input_phase(g, 0, chunk % phases / phases_x, chunk % phases % phases_x);
      const PhaseAxis &y = phase.y, &x = phase.x;
      const Range range = chunk_range(chunk / phases, g.batch * y.pixels, grain);
      if (range.begin >= range.end) return;
      const int64_t last_tap = (y.first_tap + std::max<int64_t>(y.taps - 1, 0) * y.tap_step) * w.kernel + x.first_tap +
                               std::max<int64_t>(x.taps - 1, 0) * x.tap_step;
      for (int64_t j = 0; j < m; ++j) {
        table<T>().depthwise_conv2d(data<T>(dx), dy + j * dy_plane, weight + j * plane + last_tap * g.channels,
                                    range.begin, range.end, -y.tap_step * w.kernel * g.channels,
                                    -x.tap_step * g.channels, plane_window(phase.window, g),
                                    {nullptr, false, accumulate || j > 0});
      }
    });
  });
}

namespace {

// How the gradient of the weight is cut: the channels into blocks and, while there are few, the lines into splits.
struct DepthwisePlan {
  int64_t blocks, splits, split_lines;
};

constexpr int64_t kBlockChannels = 64;

DepthwisePlan depthwise_plan(const ConvGeometry& g) {
  constexpr int64_t kPieces = 16, kLeastPixels = 512;
  const int64_t pixels = g.out_pixels(), lines = pixels == 0 ? 0 : g.batch * g.height.output;
  const int64_t blocks = ceil_divide(g.channels, kBlockChannels);
  const int64_t wanted = std::min(ceil_divide(kPieces, blocks * g.group_out()), pixels / kLeastPixels);
  const int64_t split_lines = std::max<int64_t>(ceil_divide(lines, std::max<int64_t>(wanted, 1)), 1);
  return {blocks, ceil_divide(lines, split_lines), split_lines};
}

}  // namespace

size_t depthwise_backward_weight_workspace(const ConvGeometry& g, fastnn_dtype dtype) {
  const int64_t sums = checked_multiply(checked_multiply(depthwise_plan(g).splits, weight_size(g)), sizeof(double));
  const int64_t planes = g.group_out() == 1 ? 0 : checked_multiply(g.out_pixels(), g.out);
  return static_cast<size_t>(checked_add(sums, checked_multiply(planes, item_size(dtype))));
}

void depthwise_backward_weight_run(const fastnn_call& call, const ConvGeometry& g) {
  const fastnn_tensor& dw = output(call, 0);
  const int64_t m = g.group_out(), dy_plane = g.out_pixels() * g.channels, size = weight_size(g);
  const DepthwisePlan plan = depthwise_plan(g);
  const bool accumulate = accumulates(call, 0);
  with_float_type(dw.dtype, [&](auto zero) {
    using T = decltype(zero);
    auto* const sums = static_cast<double*>(call.workspace);  // (splits, m, taps, channels)
    const T* dy = data<T>(input(call, 1));
    if (m > 1) {
      T* const dy_planes = reinterpret_cast<T*>(sums + plan.splits * size);
      take_apart(*call.context, dy_planes, dy, dy_plane, m);
      dy = dy_planes;
    }
    const int64_t lines = g.batch * g.height.output;
    parallel_for(*call.context, m * plan.blocks * plan.splits, depthwise_nanoseconds(g), [&](int64_t piece) {
      const int64_t split = piece % plan.splits, block = piece / plan.splits % plan.blocks;
      const int64_t j = piece / (plan.splits * plan.blocks);
      const Range channels = chunk_range(block, g.channels, kBlockChannels);
      const Range range = chunk_range(split, lines, plan.split_lines);
      kernels::ConvWindow window = plane_window(forward_window(g), g);
      window.channels = channels.end - channels.begin;
      table<T>().depthwise_conv2d_backward_weight(
          sums + split * size + j * g.taps() * g.channels + channels.begin, data<T>(input(call, 0)) + channels.begin,
          dy + j * dy_plane + channels.begin, range.begin, range.end, g.channels, window);
    });
    const double nanoseconds = static_cast<double>(size * (plan.splits + 1)) * sizeof(double) / 10;
    parallel_for(*call.context, g.taps(), nanoseconds, [&](int64_t tap) {
      for (int64_t j = 0; j < m; ++j) {
        for (int64_t c = 0; c < g.channels; ++c) {
          const double* parts = sums + (j * g.taps() + tap) * g.channels + c;
          T& target = data<T>(dw)[(tap * g.channels + c) * m + j];
          double sum = accumulate ? static_cast<double>(target) : 0;
          for (int64_t split = 0; split < plan.splits; ++split) sum += parts[split * size];
          target = static_cast<T>(sum);
        }
      }
    });
  });
}

}  // namespace fastnn::ops
