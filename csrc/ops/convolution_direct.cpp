// convolution_direct.cpp: convolution of images and volumes, channels last, and its gradients for input and weight, each a
// set of matrix products whose left side is gathered from the image (kernels/cpu/convolution.inl). The weight is packed
// once, then pieces of pixels run in parallel; the gradient of the weight cuts its rows and, where they are few, the
// pixels, whose partial sums are added in order. All cuts depend on shapes only.
//
// Zero padding adds nothing, even to infinite numbers, though the products multiply them by zero: a weight with such
// numbers goes to the reference kernels, which skip padding, and so does a piece of dw that came out not finite because
// dy holds one. Where there is a NaN as well, the result is lost anyway and is not computed the slow way.
#include "ops/convolution_direct.h"

#include <algorithm>
#include <cmath>

namespace fastnn::ops {
namespace {

using kernels::kConvPatches;
using kernels::kGemmDepth;

double product_nanoseconds(const ConvGeometry& g) {
  return static_cast<double>(g.out_pixels()) * static_cast<double>(g.terms()) * static_cast<double>(g.group_out()) *
         static_cast<double>(g.groups) / 50;
}

// Pixels per piece of work: enough to be worth a ticket, few enough to share out.
int64_t pixel_grain(int64_t pixels, int64_t depth, int64_t columns) {
  const double flops = 2.0 * static_cast<double>(std::max<int64_t>(depth * columns, 1));
  const auto enough = static_cast<int64_t>(std::min(4e6 / flops, 384.0));
  const int64_t share = ceil_divide(pixels, 16);
  return round_up(std::clamp<int64_t>(std::min(enough, share), 48, 384), 12);
}

bool is_padded(const ConvGeometry& g) {
  return (g.depth.pad_before | g.depth.pad_after | g.height.pad_before | g.height.pad_after | g.width.pad_before |
          g.width.pad_after) != 0;
}

// What rows x columns numbers hold besides finite ones, by their sums in double, which those cannot overflow. float64
// needs no look, for its kernels are the reference.
enum class Holds { finite, infinity, nan };
Holds holds(const float* x, int64_t rows, int64_t columns, int64_t stride) {
  Holds found = Holds::finite;
  for (int64_t row = 0; row < rows; row += kGemmDepth) {
    double sums[kGemmDepth];
    const int64_t count = std::min(rows - row, kGemmDepth);
    table<float>().sum_rows(sums, x + row * stride, count, columns, stride, false);
    for (int64_t i = 0; i < count; ++i) {
      if (std::isnan(sums[i])) return Holds::nan;
      if (std::isinf(sums[i])) found = Holds::infinity;
    }
  }
  return found;
}
Holds holds(const double*, int64_t, int64_t, int64_t) { return Holds::finite; }

template <typename T>
const kernels::KernelTable<T>& reference_kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::reference_table();
  } else {
    return kernels::reference_table_double();
  }
}

// How the lattice of a product is cut when it is computed position by position: into chunks of images and, where they
// are few, of positions.
struct PositionPlan {
  int64_t image_chunks, position_chunks;
};
constexpr int64_t kImages = 12;
PositionPlan position_plan(int64_t batch, int64_t positions, int64_t products) {
  const int64_t images = ceil_divide(batch, kImages), wanted = ceil_divide(16, std::max<int64_t>(images * products, 1));
  return {images, std::clamp<int64_t>(positions / 4, 1, wanted)};
}

// One chunk of it.
template <typename T>
void multiply_positions(T* y, const T* x, const T* packed, const PositionPlan& plan, int64_t chunk, int64_t batch,
                        const kernels::ConvWindow& w, const kernels::Epilogue<T>& epilogue) {
  const int64_t positions = w.z.count * w.y.count * w.x.count;
  const Range images = chunk_range(chunk / plan.position_chunks, batch, kImages);
  const Range range =
      chunk_range(chunk % plan.position_chunks, positions, ceil_divide(positions, plan.position_chunks));
  if (range.begin >= range.end) return;
  table<T>().convolution_positions(y, x, packed, images.begin, images.end, range.begin, range.end - range.begin, w,
                                   epilogue);
}

// The kernels for a call with this weight, some of whose taps may fall on padding.
template <typename T>
const kernels::KernelTable<T>& kernels_for(const fastnn_tensor& weight, bool padded) {
  const int64_t size = element_count(weight);
  const bool infinite = padded && holds(data<T>(weight), 1, size, size) == Holds::infinity;
  return infinite ? reference_kernels<T>() : table<T>();
}

// A packed weight, made ahead of the run or by `pack` in the workspace.
template <typename T, typename Pack>
PackedWeight<T> packed_weight(const void* prepared, void* workspace, Pack&& pack) {
  if (prepared != nullptr) return prepared_weight<T>(prepared);
  return {static_cast<T*>(workspace), pack(static_cast<T*>(workspace))};
}

template <typename Pack>
void prepare(fastnn_dtype dtype, void* prepared, Pack&& pack) {
  with_float_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto& kernels = pack(reinterpret_cast<T*>(static_cast<char*>(prepared) + kPreparedHead));
    *static_cast<int64_t*>(prepared) = &kernels == &reference_kernels<T>();
  });
}

}  // namespace

template <typename T>
PackedWeight<T> prepared_weight(const void* prepared) {
  const bool by_reference = *static_cast<const int64_t*>(prepared) != 0;
  const void* const numbers = static_cast<const char*>(prepared) + kPreparedHead;
  return {static_cast<const T*>(numbers), by_reference ? reference_kernels<T>() : table<T>()};
}

template <typename T>
const kernels::KernelTable<T>& pack_weight(const fastnn_context& context, const ConvGeometry& g,
                                           const fastnn_tensor& weight, T* packed, bool in_place) {
  const int64_t in = g.group_channels(), out = g.group_out(), group_size = packed_size(g.terms(), out);
  const kernels::KernelTable<T>& kernels = kernels_for<T>(weight, !in_place && is_padded(g));
  const double nanoseconds = static_cast<double>(element_count(weight)) * sizeof(T) / 5;
  parallel_for(context, g.groups * g.taps(), nanoseconds, [&](int64_t chunk) {
    const int64_t group = chunk / g.taps(), tap = chunk % g.taps();
    kernels.gemm_pack(packed + group * group_size, data<T>(weight) + tap * in * g.out + group * out, in, out, g.out, 1,
                      tap * in, g.terms());
  });
  return kernels;
}

size_t direct_workspace(const ConvGeometry& g, fastnn_dtype dtype) {
  const int64_t packed = checked_multiply(packed_size(g.terms(), g.group_out()), g.groups);
  return static_cast<size_t>(checked_multiply(packed, item_size(dtype)));
}

void direct(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
            const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, bool in_place, void* workspace,
            const void* prepared) {
  const kernels::ConvWindow window = forward_window(g);
  const int64_t in = g.group_channels(), out = g.group_out(), pixels = g.out_pixels();
  const int64_t group_size = packed_size(g.terms(), out);
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const PackedWeight<T> packed = packed_weight<T>(
        prepared, workspace, [&](T* room) -> const auto& { return pack_weight(context, g, weight, room, in_place); });
    if (in_place) {
      const PositionPlan plan = position_plan(g.batch, pixels / g.batch, g.groups);
      const int64_t chunks = plan.image_chunks * plan.position_chunks;
      parallel_for(context, g.groups * chunks, product_nanoseconds(g), [&](int64_t chunk) {
        const int64_t group = chunk / chunks;
        multiply_positions<T>(data<T>(y) + group * out, data<T>(x) + group * in, packed.numbers + group * group_size,
                              plan, chunk % chunks, g.batch, window,
                              {bias == nullptr ? nullptr : data<T>(*bias) + group * out, relu, false});
      });
      return;
    }
    const int64_t grain = pixel_grain(pixels, g.terms(), out), chunks = ceil_divide(pixels, grain);
    parallel_for(context, g.groups * chunks, product_nanoseconds(g), [&](int64_t chunk) {
      const int64_t group = chunk / chunks;
      const Range range = chunk_range(chunk % chunks, pixels, grain);
      const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : data<T>(*bias) + group * out, relu, false};
      packed.kernels.convolution(data<T>(y) + group * out, data<T>(x) + group * in, packed.numbers + group * group_size,
                                 range.begin, range.end, window, epilogue);
    });
  });
}

namespace {

// Rows of windows are cut into pieces, each with room for the lines under one of them.
constexpr int64_t kPooledPieces = 16;
int64_t pooled_room(const ConvGeometry& g, const kernels::PoolShape& pool) {
  return checked_multiply(checked_multiply(pool.kernel_height, g.width.output), g.out);
}

}  // namespace

size_t direct_max_pool_workspace(const ConvGeometry& g, const kernels::PoolShape& pool, fastnn_dtype dtype,
                                 bool prepared) {
  const int64_t room = checked_multiply(kPooledPieces, pooled_room(g, pool));
  const size_t packed =
      prepared ? 0 : static_cast<size_t>(round_up(static_cast<int64_t>(direct_workspace(g, dtype)), 64));
  return packed + static_cast<size_t>(checked_multiply(room, item_size(dtype)));
}

void direct_max_pool(const fastnn_context& context, const ConvGeometry& g, const kernels::PoolShape& pool,
                     const fastnn_tensor& y, const fastnn_tensor* index, const fastnn_tensor& x,
                     const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                     const void* prepared) {
  const kernels::ConvWindow window = forward_window(g);
  const int64_t rows = g.batch * pool.out_height, grain = ceil_divide(rows, kPooledPieces);
  const auto packed_bytes = round_up(static_cast<int64_t>(direct_workspace(g, x.dtype)), 64);
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const PackedWeight<T> packed = packed_weight<T>(
        prepared, workspace, [&](T* room) -> const auto& { return pack_weight(context, g, weight, room); });
    char* const rooms = static_cast<char*>(workspace) + (prepared == nullptr ? packed_bytes : 0);
    const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : data<T>(*bias), relu, false};
    void* const to_index = index == nullptr ? nullptr : data<char>(*index);
    parallel_for(context, ceil_divide(rows, grain), product_nanoseconds(g), [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      T* const room = reinterpret_cast<T*>(rooms) + chunk * pooled_room(g, pool);
      packed.kernels.convolution_max_pool(data<T>(y), to_index, room, data<T>(x), packed.numbers, range.begin,
                                          range.end, window, pool, epilogue);
    });
  });
}

template <typename T>
const kernels::KernelTable<T>& pack_weight_backward(const fastnn_context& context, const ConvGeometry& g,
                                                    const fastnn_tensor& weight, T* packed, bool in_place) {
  const WindowAxis &d = g.depth, &h = g.height, &w = g.width;
  const int64_t in = g.group_channels(), out = g.group_out();
  const int64_t tap_size = packed_size(out, in), group_size = g.taps() * tap_size;
  // pixels at the edge meet taps outside dy, whatever the padding
  const kernels::KernelTable<T>& kernels = kernels_for<T>(weight, !in_place && g.taps() > 1);
  const double nanoseconds = static_cast<double>(element_count(weight)) * sizeof(T) / 3;
  parallel_for(context, g.groups * g.taps(), nanoseconds, [&](int64_t chunk) {
    const int64_t group = chunk / g.taps(), tap = chunk % g.taps();
    const int64_t tap_z = tap / (h.kernel * w.kernel), tap_y = tap / w.kernel % h.kernel, tap_x = tap % w.kernel;
    const Phase phase = input_phase(g, phase_of_tap(d, tap_z), phase_of_tap(h, tap_y), phase_of_tap(w, tap_x));
    const int64_t line = place_of_tap(phase.z, tap_z) * phase.y.taps + place_of_tap(phase.y, tap_y);
    const int64_t place = line * phase.x.taps + place_of_tap(phase.x, tap_x);
    kernels.gemm_pack(packed + group * group_size + phase.taps_before * tap_size,
                      data<T>(weight) + tap * in * g.out + group * out, out, in, 1, g.out, place * out,
                      phase.taps() * out);
  });
  return kernels;
}

size_t direct_backward_input_workspace(const ConvGeometry& g, fastnn_dtype dtype) {
  const int64_t packed = packed_size(checked_multiply(g.taps(), g.group_out()), g.group_channels());
  return static_cast<size_t>(checked_multiply(checked_multiply(packed, g.groups), item_size(dtype)));
}

void direct_backward_input(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dx,
                           const fastnn_tensor& dy, const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu,
                           bool accumulate, bool in_place, void* workspace, const void* prepared) {
  const WindowAxis &d = g.depth, &h = g.height, &w = g.width;
  const int64_t in = g.group_channels(), out = g.group_out();
  const int64_t tap_size = packed_size(out, in), group_size = g.taps() * tap_size;
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    const PackedWeight<T> packed = packed_weight<T>(prepared, workspace, [&](T* room) -> const auto& {
      return pack_weight_backward(context, g, weight, room, in_place);
    });
    // the first phase has the most pixels
    const int64_t most =
        g.batch * ceil_divide(d.input, d.stride) * ceil_divide(h.input, h.stride) * ceil_divide(w.input, w.stride);
    const int64_t phases_y = phases_of(h), phases_x = phases_of(w), phases = phases_of(d) * phases_y * phases_x;
    const int64_t terms = ceil_divide(g.taps(), phases) * out;
    const PositionPlan plan = position_plan(g.batch, most / g.batch, g.groups * phases);
    const int64_t grain = pixel_grain(most, terms, in);
    const int64_t chunks = in_place ? plan.image_chunks * plan.position_chunks : ceil_divide(most, grain);
    parallel_for(context, g.groups * phases * chunks, product_nanoseconds(g), [&](int64_t chunk) {
      const int64_t group = chunk / (phases * chunks), index = chunk / chunks % phases;
      const Phase phase = input_phase(g, index / (phases_y * phases_x), index / phases_x % phases_y, index % phases_x);
      const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : data<T>(*bias) + group * in, relu, accumulate};
      const T* const of_phase = packed.numbers + group * group_size + phase.taps_before * tap_size;
      T* const to = data<T>(dx) + group * in;
      const T* const from = data<T>(dy) + group * out;
      if (in_place) {
        return multiply_positions<T>(to, from, of_phase, plan, chunk % chunks, g.batch, phase.window, epilogue);
      }
      const Range range = chunk_range(chunk % chunks, g.batch * phase.pixels(), grain);
      if (range.begin >= range.end) return;
      packed.kernels.convolution(to, from, of_phase, range.begin, range.end, phase.window, epilogue);
    });
  });
}

namespace {

// How the gradient of the weight is cut: every group's rows into blocks, the pixels into splits when there are few
// blocks. The resulting pieces are dealt to lanes, each with room for patches. In place, rows are cut between taps and
// pixels between planes of images, and no patches are made.
struct WeightPlan {
  int64_t row_blocks, block_rows, splits, split_pixels, lanes, patches;
};
constexpr int64_t kPieces = 16, kMostPartials = 1 << 20;

WeightPlan weight_plan(const ConvGeometry& g) {
  constexpr int64_t kLeastPixels = 512;
  WeightPlan plan{std::max<int64_t>(ceil_divide(g.terms(), kGemmDepth), 1), 0, 1, 0, 0, kConvPatches};
  plan.block_rows = round_up(ceil_divide(g.terms(), plan.row_blocks), 12);
  plan.block_rows = std::min(plan.block_rows, kGemmDepth);
  plan.row_blocks = std::max<int64_t>(ceil_divide(g.terms(), std::max<int64_t>(plan.block_rows, 1)), 1);
  const int64_t blocks = g.groups * plan.row_blocks, pixels = g.out_pixels();
  const int64_t wanted = std::min(ceil_divide(kPieces, blocks), pixels / kLeastPixels);
  plan.splits =
      std::clamp<int64_t>(kMostPartials / std::max<int64_t>(g.terms() * g.out, 1), 1, std::max<int64_t>(wanted, 1));
  plan.split_pixels = round_up(ceil_divide(pixels, plan.splits), kernels::kConvPixels);
  plan.splits = std::max<int64_t>(ceil_divide(pixels, std::max<int64_t>(plan.split_pixels, 1)), 1);
  plan.lanes = std::min(kPieces, blocks * plan.splits);
  return plan;
}

WeightPlan weight_plan_in_place(const ConvGeometry& g) {
  const int64_t planes = checked_multiply(g.batch, g.depth.output);
  // with few channels the kernel sums lines of taps
  const bool by_taps = g.group_channels() >= 12;
  const int64_t units = by_taps ? g.taps() : g.depth.kernel * g.height.kernel;
  const int64_t unit = by_taps ? g.group_channels() : g.width.kernel * g.group_channels();
  WeightPlan plan{};
  const int64_t most = kMostPartials / std::max<int64_t>(g.terms() * g.out, 1);
  plan.splits = std::max<int64_t>(std::min({ceil_divide(kPieces, g.groups), planes, most}), 1);
  plan.split_pixels = ceil_divide(planes, plan.splits);
  plan.splits = std::max<int64_t>(ceil_divide(planes, std::max<int64_t>(plan.split_pixels, 1)), 1);
  plan.split_pixels *= g.height.output * g.width.output;
  const int64_t taken = ceil_divide(units, std::min(ceil_divide(kPieces, g.groups * plan.splits), units));
  plan.block_rows = taken * unit;
  plan.row_blocks = ceil_divide(units, taken);
  plan.lanes = std::min(kPieces, g.groups * plan.row_blocks * plan.splits);
  return plan;
}

}  // namespace

size_t direct_backward_weight_workspace(const ConvGeometry& g, fastnn_dtype dtype, bool in_place) {
  const WeightPlan plan = in_place ? weight_plan_in_place(g) : weight_plan(g);
  const int64_t size = checked_multiply(g.terms(), g.out);
  const int64_t partials = plan.splits > 1 || is_padded(g) ? checked_multiply(plan.splits, size) : 0;
  return static_cast<size_t>(checked_multiply(checked_add(plan.lanes * plan.patches, partials), item_size(dtype)));
}

void direct_backward_weight(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dw,
                            const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate, bool in_place,
                            void* workspace) {
  const int64_t size = element_count(dw);
  const kernels::ConvWindow window = forward_window(g);
  const WeightPlan plan = in_place ? weight_plan_in_place(g) : weight_plan(g);
  const int64_t plane = g.height.output * g.width.output;
  const int64_t in = g.group_channels(), out = g.group_out(), pixels = g.out_pixels();
  const int64_t pieces = g.groups * plan.row_blocks * plan.splits;
  const bool padded = is_padded(g);
  // what may have to be computed again is not added to dw at once
  const bool in_parts = plan.splits > 1 || (padded && accumulate);
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const patches = static_cast<T*>(workspace);
    T* const partials = patches + plan.lanes * plan.patches;
    parallel_for(context, plan.lanes, product_nanoseconds(g), [&](int64_t lane) {
      for (int64_t piece = lane; piece < pieces; piece += plan.lanes) {
        const int64_t split = piece % plan.splits, block = piece / plan.splits % plan.row_blocks;
        const int64_t group = piece / (plan.splits * plan.row_blocks);
        const Range range = chunk_range(split, pixels, plan.split_pixels);
        const Range rows = chunk_range(block, g.terms(), plan.block_rows);
        T* const target = (in_parts ? partials + split * size : data<T>(dw)) + group * out;
        const auto compute = [&](const kernels::KernelTable<T>& kernels) {
          if (in_place) {
            kernels.convolution_backward_weight_lines(target, data<T>(x) + group * in, data<T>(dy) + group * out,
                                                      range.begin / plane, range.end / plane, rows.begin,
                                                      rows.end - rows.begin, window, !in_parts && accumulate);
            return;
          }
          kernels.convolution_backward_weight(target, data<T>(x) + group * in, data<T>(dy) + group * out,
                                              patches + lane * plan.patches, range.begin, range.end, rows.begin,
                                              rows.end - rows.begin, window, !in_parts && accumulate);
        };
        compute(table<T>());
        if (!padded || holds(target + rows.begin * g.out, rows.end - rows.begin, out, g.out) == Holds::finite) continue;
        const int64_t numbers = (range.end - range.begin) * g.out;
        if (holds(data<T>(dy) + range.begin * g.out, 1, numbers, numbers) == Holds::infinity) {
          compute(reference_kernels<T>());
        }
      }
    });
    if (!in_parts) return;
    constexpr int64_t kGrain = 4096;
    const double nanoseconds = static_cast<double>(size * (plan.splits + 1)) * sizeof(T) / 10;
    parallel_for(context, ceil_divide(size, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, size, kGrain);
      table<T>().sum_parts(data<T>(dw) + range.begin, partials + range.begin, range.end - range.begin, plan.splits,
                           size, accumulate);
    });
  });
}

void direct_prepare(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight, bool in_place,
                    void* prepared) {
  prepare(weight.dtype, prepared,
          [&](auto* numbers) -> const auto& { return pack_weight(context, g, weight, numbers, in_place); });
}

void direct_backward_input_prepare(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight,
                                   bool in_place, void* prepared) {
  prepare(weight.dtype, prepared,
          [&](auto* numbers) -> const auto& { return pack_weight_backward(context, g, weight, numbers, in_place); });
}

template PackedWeight<float> prepared_weight(const void*);
template PackedWeight<double> prepared_weight(const void*);
template const kernels::KernelTable<float>& pack_weight(const fastnn_context&, const ConvGeometry&,
                                                        const fastnn_tensor&, float*, bool);
template const kernels::KernelTable<double>& pack_weight(const fastnn_context&, const ConvGeometry&,
                                                         const fastnn_tensor&, double*, bool);
template const kernels::KernelTable<float>& pack_weight_backward(const fastnn_context&, const ConvGeometry&,
                                                                 const fastnn_tensor&, float*, bool);
template const kernels::KernelTable<double>& pack_weight_backward(const fastnn_context&, const ConvGeometry&,
                                                                  const fastnn_tensor&, double*, bool);

}  // namespace fastnn::ops
