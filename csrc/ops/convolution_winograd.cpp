// convolution_winograd.cpp: convolution 3x3 of stride 1 and its gradients on kernels/cpu/winograd.inl. The weight is
// transformed first; then lanes, each with room of its own, take consecutive blocks of tiles of a group. For the gradient
// of the weight a lane sums its tiles, and the lanes' sums are added in order. All cuts depend on shapes only.
//
// What the transforms cannot say, the direct products do: tiles whose result is not finite, and all of dw when one of
// its numbers is not. Then infinities and NaN stand where they stand in a plain sum, and padding adds nothing.
#include "ops/convolution_winograd.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/convolution_direct.h"

namespace fastnn::ops {
namespace {

using kernels::Winograd;
using kernels::WinogradOutputs;

constexpr int64_t kLine = 16;  // floats in a line of the cache

struct Plan {  // of one group
  Winograd shape;
  int64_t points, tiles, blocks, block, lanes;  // tiles of a block
  int64_t weight, room, parts;                  // numbers of the transformed weight, the room of a lane, and of all dw
};

// Rows of points stand a line apart from a multiple of 4096 bytes: 16, 24 or 36 of them are written at once.
Plan make_plan(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs) {
  constexpr int64_t kRoom = 40 << 10, kLeast = 24, kLanes = 16;
  Plan plan{};
  Winograd& s = plan.shape;
  s.outputs = outputs;
  s.tile_rows = ceil_divide(w.y.count, outputs.down);
  s.tile_columns = ceil_divide(w.x.count, outputs.across);
  s.source_row = round_up(w.channels, kLine);
  s.target_row = round_up(w.columns, kLine);
  plan.points = outputs.points();
  plan.tiles = checked_multiply(g.batch, checked_multiply(s.tile_rows, s.tile_columns));
  const int64_t tile = checked_multiply(plan.points, checked_add(s.source_row, s.target_row));
  // the room stays in L2 while the transformed weight does; where that is larger, more tiles share a pass over it
  const int64_t enough = std::max({kRoom / std::max<int64_t>(tile, 1), kLeast, std::max(w.channels, w.columns) / 8});
  const int64_t most = round_up(enough, 12);
  plan.blocks = ceil_divide(plan.tiles, most);
  if (plan.blocks < kLanes) plan.blocks = std::min(round_up(plan.blocks, 4), ceil_divide(plan.tiles, kLeast));
  plan.block = round_up(ceil_divide(plan.tiles, std::max<int64_t>(plan.blocks, 1)), 6);
  plan.blocks = ceil_divide(plan.tiles, std::max<int64_t>(plan.block, 1));
  plan.lanes = std::min(plan.blocks, g.whole > 0 ? 1 : ceil_divide(kLanes, g.groups));
  s.source_point = checked_multiply(plan.block, s.source_row) + kLine;
  s.target_point = checked_multiply(plan.block, s.target_row) + kLine;
  s.weight_point = checked_multiply(w.channels, s.target_row) + kLine;
  plan.weight = checked_multiply(plan.points, s.weight_point);
  plan.room = checked_multiply(plan.points, checked_add(s.source_point, s.target_point));
  return plan;
}

Range blocks_of(const Plan& plan, int64_t lane) {
  return {plan.blocks * lane / plan.lanes, plan.blocks * (lane + 1) / plan.lanes};
}

double nanoseconds(const ConvGeometry& g) {
  return static_cast<double>(g.out_pixels()) * static_cast<double>(g.channels) * static_cast<double>(g.group_out()) *
         8 / 100;
}

// Calls body(first, end) for every run of tiles in [begin, end) that are not finite and lie in one row of tiles.
template <typename Body>
void for_each_lost_run(const uint8_t* finite, const Plan& plan, const Range& tiles, Body&& body) {
  for (int64_t t = tiles.begin; t < tiles.end;) {
    const int64_t row_end = std::min((t / plan.shape.tile_columns + 1) * plan.shape.tile_columns, tiles.end);
    int64_t end = t;
    while (end < row_end && !finite[end]) ++end;
    if (end > t) body(t, end);
    t = end + (end == t);
  }
}

// A weight as a window's product reads it: where its first tap begins, and how its taps and numbers lie.
template <typename T>
struct Taps {
  const T* first;
  kernels::WinogradWeight distances;
};

template <typename T>
Taps<T> forward_taps(const ConvGeometry& g, const fastnn_tensor& weight) {
  const int64_t tap = g.group_channels() * g.out;
  return {data<T>(weight), {3 * tap, tap, g.out, 1}};
}

// The window turned by half a circle, from its last tap to its first.
template <typename T>
Taps<T> backward_taps(const ConvGeometry& g, const fastnn_tensor& weight) {
  const int64_t tap = g.group_channels() * g.out;
  return {data<T>(weight) + 8 * tap, {-3 * tap, -tap, 1, g.out}};
}

// The weights of all groups, one after the other.
template <typename T>
void transform(const fastnn_context& context, const ConvGeometry& g, const kernels::ConvWindow& w, const Plan& plan,
               const Taps<T>& weight, T* u) {
  constexpr int64_t kRows = 16;
  const int64_t chunks = ceil_divide(w.channels, kRows);
  parallel_for(context, g.groups * chunks, static_cast<double>(g.groups * plan.weight) / 2, [&](int64_t chunk) {
    const int64_t group = chunk / chunks;
    const Range rows = chunk_range(chunk % chunks, w.channels, kRows);
    table<T>().winograd_weight(u + group * plan.weight, weight.first + group * g.group_out(), rows.begin,
                               rows.end - rows.begin, w.channels, w.columns, weight.distances, plan.shape);
  });
}

// The forward product of a window, from x to y: pack makes the packed weight for the tiles that must be computed
// directly, each group's packed_group numbers long; both weights may be prepared, at `prepared` and offset bytes behind it.
template <typename T, typename Pack>
void multiply(const fastnn_context& context, const ConvGeometry& g, const kernels::ConvWindow& w,
              const WinogradOutputs& outputs, T* y, const T* x, const Taps<T>& weight,
              const kernels::Epilogue<T>& epilogue, int64_t packed_group, void* workspace, const void* prepared,
              size_t offset, Pack&& pack) {
  const Plan plan = make_plan(g, w, outputs);
  T* const own = static_cast<T*>(workspace);
  T* const rooms = prepared == nullptr ? own + g.groups * plan.weight : own;
  auto* const finite = reinterpret_cast<uint8_t*>(rooms + g.groups * plan.lanes * plan.room);
  const T* u = own;
  if (prepared == nullptr) {
    transform(context, g, w, plan, weight, own);
  } else {
    u = reinterpret_cast<const T*>(static_cast<const char*>(prepared) + offset);
  }
  const auto epilogue_of = [&](int64_t group) {
    return kernels::Epilogue<T>{epilogue.bias == nullptr ? nullptr : epilogue.bias + group * w.columns, epilogue.relu,
                                epilogue.accumulate};
  };
  parallel_for(context, g.groups * plan.lanes, nanoseconds(g), [&](int64_t lane) {
    const int64_t group = lane / plan.lanes;
    const Range blocks = blocks_of(plan, lane % plan.lanes);
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      const Range tiles = chunk_range(block, plan.tiles, plan.block);
      table<T>().winograd_convolution(y + group * w.columns, finite + group * plan.tiles, x + group * w.channels,
                                      u + group * plan.weight, rooms + lane * plan.room, tiles.begin, tiles.end, w,
                                      plan.shape, epilogue_of(group));
    }
  });
  if (std::memchr(finite, 0, static_cast<size_t>(g.groups * plan.tiles)) == nullptr) return;
  const PackedWeight<T> packed = prepared == nullptr ? PackedWeight<T>{own, pack(own)} : prepared_weight<T>(prepared);
  parallel_for(context, g.groups * plan.blocks, nanoseconds(g), [&](int64_t chunk) {
    const int64_t group = chunk / plan.blocks;
    const Range tiles = chunk_range(chunk % plan.blocks, plan.tiles, plan.block);
    for_each_lost_run(finite + group * plan.tiles, plan, tiles, [&](int64_t first, int64_t end) {
      const int64_t columns = plan.shape.tile_columns, rows = plan.shape.tile_rows;
      const int64_t image = first / columns / rows, row = first / columns % rows * outputs.down;
      const int64_t left = first % columns * outputs.across;
      const int64_t right = std::min(left + (end - first) * outputs.across, w.x.count);
      for (int64_t i = row; i < std::min(row + outputs.down, w.y.count); ++i) {
        const int64_t line = (image * w.y.count + i) * w.x.count;
        packed.kernels.convolution(y + group * w.columns, x + group * w.channels, packed.numbers + group * packed_group,
                                   line + left, line + right, w, epilogue_of(group));
      }
    });
  });
}

size_t product_workspace(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs,
                         fastnn_dtype dtype, bool prepared) {
  const Plan plan = make_plan(g, w, outputs);
  const int64_t numbers = checked_add(prepared ? 0 : plan.weight, checked_multiply(plan.lanes, plan.room));
  const int64_t group = checked_add(checked_multiply(numbers, item_size(dtype)), plan.tiles);
  return static_cast<size_t>(checked_multiply(group, g.groups));
}

size_t prepared_bytes(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs,
                      fastnn_dtype dtype, size_t direct) {
  const int64_t numbers = checked_multiply(make_plan(g, w, outputs).weight, g.groups);
  const int64_t transformed = checked_multiply(numbers, item_size(dtype));
  return direct_prepared(direct) + static_cast<size_t>(transformed);
}

kernels::ConvWindow backward_window(const ConvGeometry& g) { return input_phase(g, 0, 0, 0).window; }

// Blocks of tiles of dw's lanes: fewer where their sums would take much memory, or a lane would have few blocks to sum.
// dw of 64x8x8, 64 channels, two threads: 16 lanes 685 us, 4 600.
Plan weight_plan(const ConvGeometry& g, const WinogradOutputs& outputs) {
  constexpr int64_t kMostParts = 4 << 20, kLeastLanes = 4, kLaneBlocks = 4;
  Plan plan = make_plan(g, forward_window(g), outputs);
  const int64_t lanes = std::max(kMostParts / std::max<int64_t>(plan.weight, 1), kLeastLanes);
  plan.lanes = std::min(plan.lanes, lanes);
  while (plan.lanes > kLeastLanes && plan.blocks < kLaneBlocks * plan.lanes) {
    plan.lanes = std::max(plan.lanes / 2, kLeastLanes);
  }
  plan.parts = checked_multiply(checked_multiply(plan.lanes, g.groups), plan.weight);
  return plan;
}

// Whether rows x columns numbers are finite.
bool all_finite(const float* x, int64_t rows, int64_t columns, int64_t stride) {
  double sum = 0;
  for (int64_t row = 0; row < rows; ++row) table<float>().sum_rows(&sum, x + row * stride, 1, columns, stride, row > 0);
  return std::isfinite(sum);
}
bool all_finite(const double* x, int64_t rows, int64_t columns, int64_t stride) {
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (!std::isfinite(x[i / columns * stride + i % columns])) return false;
  }
  return true;
}

}  // namespace

bool winograd_fits(const ConvGeometry& g) {
  const auto is_line = [](const WindowAxis& axis) {
    return axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1;
  };
  const WindowAxis& d = g.depth;
  return d.input == 1 && d.kernel == 1 && d.output == 1 && is_line(g.height) && is_line(g.width);
}

size_t winograd_workspace(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype, bool prepared) {
  return product_workspace(g, forward_window(g), outputs, dtype, prepared);
}

void winograd(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
              const fastnn_tensor& y, const fastnn_tensor& x, const fastnn_tensor& weight, const fastnn_tensor* bias,
              bool relu, void* workspace, const void* prepared) {
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(context, g, forward_window(g), outputs, data<T>(y), data<T>(x), forward_taps<T>(g, weight),
                {bias == nullptr ? nullptr : data<T>(*bias), relu, false}, packed_size(g.terms(), g.group_out()),
                workspace, prepared, direct_prepared(direct_workspace(g, x.dtype)),
                [&](T* packed) -> const auto& { return pack_weight(context, g, weight, packed); });
  });
}

size_t winograd_backward_input_workspace(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype) {
  return product_workspace(g, backward_window(g), outputs, dtype, false);
}

void winograd_backward_input(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                             const fastnn_tensor& dx, const fastnn_tensor& dy, const fastnn_tensor& weight,
                             const fastnn_tensor* bias, bool relu, bool accumulate, void* workspace,
                             const void* prepared) {
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(context, g, backward_window(g), outputs, data<T>(dx), data<T>(dy), backward_taps<T>(g, weight),
                {bias == nullptr ? nullptr : data<T>(*bias), relu, accumulate},
                g.taps() * packed_size(g.group_out(), g.group_channels()), workspace, prepared,
                direct_prepared(direct_backward_input_workspace(g, dx.dtype)),
                [&](T* packed) -> const auto& { return pack_weight_backward(context, g, weight, packed); });
  });
}

size_t winograd_prepared(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype) {
  return prepared_bytes(g, forward_window(g), outputs, dtype, direct_workspace(g, dtype));
}

void winograd_prepare(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                      const fastnn_tensor& weight, void* prepared) {
  const kernels::ConvWindow w = forward_window(g);
  void* const u = static_cast<char*>(prepared) + direct_prepared(direct_workspace(g, weight.dtype));
  with_float_type(weight.dtype, [&](auto zero) {
    using T = decltype(zero);
    transform(context, g, w, make_plan(g, w, outputs), forward_taps<T>(g, weight), static_cast<T*>(u));
  });
  direct_prepare(context, g, weight, false, prepared);
}

size_t winograd_backward_input_prepared(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype) {
  return prepared_bytes(g, backward_window(g), outputs, dtype, direct_backward_input_workspace(g, dtype));
}

void winograd_backward_input_prepare(const fastnn_context& context, const ConvGeometry& g,
                                     const WinogradOutputs& outputs, const fastnn_tensor& weight, void* prepared) {
  const kernels::ConvWindow w = backward_window(g);
  void* const u = static_cast<char*>(prepared) + direct_prepared(direct_backward_input_workspace(g, weight.dtype));
  with_float_type(weight.dtype, [&](auto zero) {
    using T = decltype(zero);
    transform(context, g, w, make_plan(g, w, outputs), backward_taps<T>(g, weight), static_cast<T*>(u));
  });
  direct_backward_input_prepare(context, g, weight, false, prepared);
}

size_t winograd_backward_weight_workspace(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype) {
  const Plan plan = weight_plan(g, outputs);
  const int64_t gradient = checked_multiply(g.terms(), g.out);
  const int64_t rooms = checked_multiply(checked_multiply(plan.lanes, g.groups), plan.room);
  const int64_t numbers = checked_add(checked_add(plan.parts, rooms), gradient);
  const auto size = static_cast<size_t>(checked_add(checked_multiply(numbers, item_size(dtype)), g.channels));
  return std::max(size, direct_backward_weight_workspace(g, dtype, false));
}

void winograd_backward_weight(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                              const fastnn_tensor& dw, const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate,
                              void* workspace) {
  const Plan plan = weight_plan(g, outputs);
  const kernels::ConvWindow w = forward_window(g);
  const int64_t size = element_count(dw);
  bool finite = true;
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const parts = static_cast<T*>(workspace);
    T* const rooms = parts + plan.parts;
    const int64_t lanes = g.groups * plan.lanes, in = g.group_channels(), out = g.group_out();
    T* const separate = rooms + lanes * plan.room;  // what may have to be computed again is not added at once
    auto* const rows_finite = reinterpret_cast<uint8_t*>(separate + size);
    T* const gradient = accumulate ? separate : data<T>(dw);
    parallel_for(context, lanes, nanoseconds(g), [&](int64_t lane) {
      const int64_t group = lane / plan.lanes;
      const Range blocks = blocks_of(plan, lane % plan.lanes);
      for (int64_t block = blocks.begin; block < blocks.end; ++block) {
        const Range tiles = chunk_range(block, plan.tiles, plan.block);
        table<T>().winograd_backward_weight(parts + lane * plan.weight, data<T>(x) + group * in,
                                            data<T>(dy) + group * out, rooms + lane * plan.room, tiles.begin, tiles.end,
                                            w, plan.shape, block > blocks.begin);
      }
    });
    constexpr int64_t kRows = 4;
    const int64_t group_chunks = ceil_divide(in, kRows), chunks = g.groups * group_chunks;
    parallel_for(context, chunks, static_cast<double>(plan.parts) / 2, [&](int64_t chunk) {
      const int64_t group = chunk / group_chunks;
      const Range rows = chunk_range(chunk % group_chunks, in, kRows);
      const int64_t count = rows.end - rows.begin;
      T* const target = gradient + group * out;
      table<T>().winograd_weight_gradient(target, parts + group * plan.lanes * plan.weight, plan.lanes, plan.weight,
                                          rows.begin, count, w, plan.shape);
      rows_finite[chunk] = 1;
      for (int64_t tap = 0; tap < 9; ++tap) {
        if (!all_finite(target + (tap * in + rows.begin) * g.out, count, out, g.out)) rows_finite[chunk] = 0;
      }
    });
    finite = std::memchr(rows_finite, 0, static_cast<size_t>(chunks)) == nullptr;
    if (!finite || !accumulate) return;
    constexpr int64_t kGrain = 4096;
    parallel_for(context, ceil_divide(size, kGrain), static_cast<double>(size), [&](int64_t chunk) {
      const Range range = chunk_range(chunk, size, kGrain);
      table<T>().sum_parts(data<T>(dw) + range.begin, separate + range.begin, range.end - range.begin, 1, size, true);
    });
  });
  if (!finite) direct_backward_weight(context, g, dw, x, dy, accumulate, false, workspace);
}

}  // namespace fastnn::ops
