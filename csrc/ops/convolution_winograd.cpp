// convolution_winograd.cpp: convolution 3x3 of stride 1 and its gradients on kernels/cpu/winograd.inl. The weight is
// transformed first; then lanes, each with room of its own, take consecutive blocks of tiles of a group. For the gradient
// of the weight a lane sums its tiles, and the lanes' sums are added in order. Few tiles with a large transformed weight
// go by columns (kernels/cpu/winograd_columns.inl): the source is transformed first, then lanes take pieces of the
// result's columns. All cuts depend on shapes only.
//
// What the transforms cannot say, the direct products do: tiles whose result is not finite, and all of dw when one of
// its numbers is not. Then infinities and NaN stand where they stand in a plain sum, and padding adds nothing.
#include "ops/convolution_winograd.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "ops/convolution_direct.h"

namespace fastnn::ops {
namespace {

using kernels::Winograd;
using kernels::WinogradBlocks;
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

// The part of `count` that one of `lanes` lanes takes.
Range share_of(int64_t count, int64_t lane, int64_t lanes) {
  return {count * lane / lanes, count * (lane + 1) / lanes};
}

// The same by columns.
struct ColumnPlan {  // of one group
  Winograd shape;
  WinogradBlocks source, target;  // target: of dw
  int64_t points, tiles;
  int64_t folded, folded_target;                  // numbers of all transforms
  int64_t column_pieces, row_pieces, piece_rows;  // rows: of dw
  int64_t lanes, room;
};
constexpr int64_t kPieceColumns = kernels::kGemmColumns;
constexpr int64_t kColumnLanes = 8;  // of all groups, at least one of each

int64_t tiles_of(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs) {
  const int64_t rows = ceil_divide(w.y.count, outputs.down), columns = ceil_divide(w.x.count, outputs.across);
  return checked_multiply(g.batch, checked_multiply(rows, columns));
}

WinogradBlocks make_blocks(int64_t width, int64_t points, int64_t tiles) {
  const int64_t point = checked_add(checked_multiply(tiles, width), kernels::kWinogradGap);
  return {width, point, checked_multiply(points, point)};
}

ColumnPlan make_column_plan(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs) {
  ColumnPlan plan{};
  plan.shape.outputs = outputs;
  plan.shape.tile_rows = ceil_divide(w.y.count, outputs.down);
  plan.shape.tile_columns = ceil_divide(w.x.count, outputs.across);
  plan.points = outputs.points();
  plan.tiles = tiles_of(g, w, outputs);
  const int64_t width = std::min(round_up(w.channels, kLine), kernels::kGemmDepth);
  plan.source = make_blocks(width, plan.points, plan.tiles);
  plan.folded = checked_multiply(ceil_divide(w.channels, width), plan.source.block);
  plan.column_pieces = ceil_divide(w.columns, kPieceColumns);
  plan.lanes = std::min(plan.column_pieces, ceil_divide(kColumnLanes, g.groups));
  const int64_t of_point = checked_add(plan.tiles * kPieceColumns, width * kPieceColumns + 2 * kernels::kWinogradGap);
  plan.room = checked_multiply(plan.points, of_point);
  return plan;
}

// Bytes of the workspace in front of the flags of tiles.
size_t column_bytes(const ConvGeometry& g, const ColumnPlan& plan, size_t item, size_t packed_bytes) {
  const int64_t numbers = checked_multiply(g.groups, checked_add(plan.folded, checked_multiply(plan.lanes, plan.room)));
  return std::max(static_cast<size_t>(checked_multiply(numbers, static_cast<int64_t>(item))), packed_bytes);
}

// Whether a transformed weight is so large, and tiles are so few, that it is better made piece by piece.
bool goes_by_columns(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs) {
  constexpr int64_t kLarge = 1 << 18;
  const int64_t weight = checked_multiply(outputs.points(), checked_multiply(w.channels, w.columns));
  return g.whole == 0 && g.groups <= kColumnLanes && weight >= kLarge && tiles_of(g, w, outputs) <= w.columns;
}

double nanoseconds(const ConvGeometry& g) {
  return static_cast<double>(g.out_pixels()) * static_cast<double>(g.channels) * static_cast<double>(g.group_out()) *
         8 / 100;
}

// Calls body(first, end) for every run of tiles in [begin, end) that are not finite and lie in one row of tiles.
template <typename Body>
void for_each_lost_run(const uint8_t* finite, const Winograd& s, const Range& tiles, Body&& body) {
  for (int64_t t = tiles.begin; t < tiles.end;) {
    const int64_t row_end = std::min((t / s.tile_columns + 1) * s.tile_columns, tiles.end);
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

// Computes tiles directly that are not finite: all of y's columns, or those of a window that has fewer.
template <typename T>
void convolve_lost(T* y, const uint8_t* finite, const T* x, const T* packed, const kernels::KernelTable<T>& kernels,
                   const Range& tiles, const kernels::ConvWindow& w, const Winograd& s,
                   const kernels::Epilogue<T>& epilogue) {
  for_each_lost_run(finite, s, tiles, [&](int64_t first, int64_t end) {
    const int64_t columns = s.tile_columns, rows = s.tile_rows;
    const int64_t image = first / columns / rows, row = first / columns % rows * s.outputs.down;
    const int64_t left = first % columns * s.outputs.across;
    const int64_t right = std::min(left + (end - first) * s.outputs.across, w.x.count);
    for (int64_t i = row; i < std::min(row + s.outputs.down, w.y.count); ++i) {
      const int64_t line = (image * w.y.count + i) * w.x.count;
      kernels.convolution(y, x, packed, line + left, line + right, w, epilogue);
    }
  });
}

// Rooms that lanes take while they run, the first that is free: what one left in the caches the next one uses.
class Rooms {
 public:
  explicit Rooms(int64_t count) : free_((uint64_t{1} << count) - 1) {}
  int64_t take() {
    uint64_t free = free_.load(std::memory_order_relaxed);
    while (!free_.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire)) {
    }
    return std::countr_zero(free);
  }
  void give_back(int64_t room) { free_.fetch_or(uint64_t{1} << room, std::memory_order_release); }

 private:
  std::atomic<uint64_t> free_;
};

// All transforms of a source, or, target, of dy.
template <typename T>
void fold_all(const fastnn_context& context, const ConvGeometry& g, const kernels::ConvWindow& w,
              const ColumnPlan& plan, T* folded, const T* x, bool target) {
  constexpr int64_t kChunks = 16;
  const int64_t chunks = std::min(plan.tiles, kChunks), numbers = target ? plan.folded_target : plan.folded;
  parallel_for(context, g.groups * chunks, static_cast<double>(g.groups * numbers), [&](int64_t chunk) {
    const int64_t group = chunk / chunks;
    const Range tiles = share_of(plan.tiles, chunk % chunks, chunks);
    table<T>().winograd_fold(folded + group * numbers, x + group * (target ? w.columns : w.channels), tiles.begin,
                             tiles.end, target, w, plan.shape, target ? plan.target : plan.source);
  });
}

// The forward product by columns; packed_bytes is the room that pack needs.
template <typename T, typename Pack>
void multiply_by_columns(const fastnn_context& context, const ConvGeometry& g, const kernels::ConvWindow& w,
                         const WinogradOutputs& outputs, T* y, const T* x, const Taps<T>& weight,
                         const kernels::Epilogue<T>& epilogue, int64_t packed_group, size_t packed_bytes,
                         void* workspace, Pack&& pack) {
  const ColumnPlan plan = make_column_plan(g, w, outputs);
  T* const own = static_cast<T*>(workspace);
  T* const rooms = own + g.groups * plan.folded;
  auto* const finite = static_cast<uint8_t*>(workspace) + column_bytes(g, plan, sizeof(T), packed_bytes);
  fold_all(context, g, w, plan, own, x, false);
  // body(group, columns of y, the piece's flags, epilogue)
  const auto with_piece = [&](int64_t group, int64_t piece, auto&& body) {
    const Range columns = chunk_range(piece, w.columns, kPieceColumns);
    const T* const bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + group * w.columns + columns.begin;
    body(columns, finite + (group * plan.column_pieces + piece) * plan.tiles,
         kernels::Epilogue<T>{bias, epilogue.relu, epilogue.accumulate});
  };
  Rooms free_rooms(g.groups * plan.lanes);
  parallel_for(context, g.groups * plan.lanes, nanoseconds(g), [&](int64_t lane) {
    const int64_t group = lane / plan.lanes;
    const Range pieces = share_of(plan.column_pieces, lane % plan.lanes, plan.lanes);
    const int64_t room = free_rooms.take();
    for (int64_t piece = pieces.begin; piece < pieces.end; ++piece) {
      with_piece(group, piece, [&](const Range& columns, uint8_t* flags, const kernels::Epilogue<T>& of_piece) {
        table<T>().winograd_columns(y + group * w.columns + columns.begin, flags, own + group * plan.folded,
                                    weight.first + group * g.group_out() + columns.begin * weight.distances.column,
                                    rooms + room * plan.room, columns.end - columns.begin, plan.tiles, w, plan.shape,
                                    weight.distances, plan.source, of_piece);
      });
    }
    free_rooms.give_back(room);
  });
  const int64_t pieces = g.groups * plan.column_pieces;
  if (std::memchr(finite, 0, static_cast<size_t>(pieces * plan.tiles)) == nullptr) return;
  const kernels::KernelTable<T>& kernels = pack(own);
  const int64_t terms = w.z.taps * w.y.taps * w.x.taps * w.channels;
  parallel_for(context, pieces, nanoseconds(g), [&](int64_t chunk) {
    const int64_t group = chunk / plan.column_pieces;
    with_piece(group, chunk % plan.column_pieces,
               [&](const Range& columns, uint8_t* flags, const kernels::Epilogue<T>& of_piece) {
                 kernels::ConvWindow piece = w;
                 piece.columns = columns.end - columns.begin;
                 convolve_lost(y + group * w.columns + columns.begin, flags, x + group * w.channels,
                               own + group * packed_group + columns.begin * terms, kernels, {0, plan.tiles}, piece,
                               plan.shape, of_piece);
               });
  });
}

// The forward product of a window, from x to y: pack makes the packed weight for the tiles that must be computed
// directly, packed_bytes in all and packed_group numbers of each group; both weights may be prepared, one behind the other.
template <typename T, typename Pack>
void multiply(const fastnn_context& context, const ConvGeometry& g, const kernels::ConvWindow& w,
              const WinogradOutputs& outputs, T* y, const T* x, const Taps<T>& weight,
              const kernels::Epilogue<T>& epilogue, int64_t packed_group, size_t packed_bytes, void* workspace,
              const void* prepared, Pack&& pack) {
  if (prepared == nullptr && goes_by_columns(g, w, outputs)) {
    return multiply_by_columns(context, g, w, outputs, y, x, weight, epilogue, packed_group, packed_bytes, workspace,
                               pack);
  }
  const Plan plan = make_plan(g, w, outputs);
  T* const own = static_cast<T*>(workspace);
  T* const rooms = prepared == nullptr ? own + g.groups * plan.weight : own;
  auto* const finite = reinterpret_cast<uint8_t*>(rooms + g.groups * plan.lanes * plan.room);
  const T* u = own;
  if (prepared == nullptr) {
    transform(context, g, w, plan, weight, own);
  } else {
    u = reinterpret_cast<const T*>(static_cast<const char*>(prepared) + direct_prepared(packed_bytes));
  }
  const auto epilogue_of = [&](int64_t group) {
    return kernels::Epilogue<T>{epilogue.bias == nullptr ? nullptr : epilogue.bias + group * w.columns, epilogue.relu,
                                epilogue.accumulate};
  };
  parallel_for(context, g.groups * plan.lanes, nanoseconds(g), [&](int64_t lane) {
    const int64_t group = lane / plan.lanes;
    const Range blocks = share_of(plan.blocks, lane % plan.lanes, plan.lanes);
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
    convolve_lost(y + group * w.columns, finite + group * plan.tiles, x + group * w.channels,
                  packed.numbers + group * packed_group, packed.kernels, tiles, w, plan.shape, epilogue_of(group));
  });
}

size_t product_workspace(const ConvGeometry& g, const kernels::ConvWindow& w, const WinogradOutputs& outputs,
                         fastnn_dtype dtype, bool prepared, size_t packed_bytes) {
  if (!prepared && goes_by_columns(g, w, outputs)) {
    const ColumnPlan plan = make_column_plan(g, w, outputs);
    const int64_t flags = checked_multiply(checked_multiply(g.groups, plan.column_pieces), plan.tiles);
    return column_bytes(g, plan, static_cast<size_t>(item_size(dtype)), packed_bytes) + static_cast<size_t>(flags);
  }
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

// Rows of a piece: its gradient of the transformed weight is 0.6 MB.
ColumnPlan weight_column_plan(const ConvGeometry& g, const WinogradOutputs& outputs) {
  constexpr int64_t kNumbers = 160 * 1024;
  const kernels::ConvWindow w = forward_window(g);
  ColumnPlan plan = make_column_plan(g, w, outputs);
  plan.source = make_blocks(kLine, plan.points, plan.tiles);
  plan.target = make_blocks(kPieceColumns, plan.points, plan.tiles);
  plan.folded = checked_multiply(ceil_divide(w.channels, kLine), plan.source.block);
  plan.folded_target = checked_multiply(plan.column_pieces, plan.target.block);
  plan.piece_rows = round_up(kNumbers / (plan.points * kPieceColumns), kLine);
  plan.row_pieces = ceil_divide(w.channels, plan.piece_rows);
  plan.room = checked_multiply(plan.points, plan.piece_rows * kPieceColumns + kernels::kWinogradGap);
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

// Where the gradient of a weight stands, and whether it is finite.
template <typename T>
struct Gradient {
  const T* numbers;
  bool finite;
};

// Some rows and columns of all taps.
template <typename T>
bool taps_are_finite(const T* gradient, const ConvGeometry& g, int64_t rows, int64_t columns) {
  bool finite = true;
  for (int64_t tap = 0; tap < 9; ++tap) {
    finite = finite && all_finite(gradient + tap * g.group_channels() * g.out, rows, columns, g.out);
  }
  return finite;
}

// target(room) is where the gradient goes, given room for one behind what else is needed of the workspace.
template <typename T, typename Target>
Gradient<T> gradient_by_tiles(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                              const fastnn_tensor& x, const fastnn_tensor& dy, void* workspace, Target&& target) {
  const Plan plan = weight_plan(g, outputs);
  const kernels::ConvWindow w = forward_window(g);
  T* const parts = static_cast<T*>(workspace);
  T* const rooms = parts + plan.parts;
  const int64_t lanes = g.groups * plan.lanes, in = g.group_channels(), out = g.group_out();
  T* const behind = rooms + lanes * plan.room;
  auto* const finite = reinterpret_cast<uint8_t*>(behind + g.terms() * g.out);
  T* const gradient = target(behind);
  parallel_for(context, lanes, nanoseconds(g), [&](int64_t lane) {
    const int64_t group = lane / plan.lanes;
    const Range blocks = share_of(plan.blocks, lane % plan.lanes, plan.lanes);
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
    T* const of_group = gradient + group * out;
    table<T>().winograd_weight_gradient(of_group, parts + group * plan.lanes * plan.weight, plan.lanes, plan.weight,
                                        rows.begin, count, w, plan.shape);
    finite[chunk] = taps_are_finite(of_group + rows.begin * g.out, g, count, out);
  });
  return {gradient, std::memchr(finite, 0, static_cast<size_t>(chunks)) == nullptr};
}

// The same by columns.
template <typename T, typename Target>
Gradient<T> gradient_by_columns(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                                const fastnn_tensor& x, const fastnn_tensor& dy, void* workspace, Target&& target) {
  const ColumnPlan plan = weight_column_plan(g, outputs);
  const kernels::ConvWindow w = forward_window(g);
  T* const folded = static_cast<T*>(workspace);
  T* const folded_target = folded + g.groups * plan.folded;
  T* const rooms = folded_target + g.groups * plan.folded_target;
  T* const behind = rooms + g.groups * plan.lanes * plan.room;
  auto* const finite = reinterpret_cast<uint8_t*>(behind + g.terms() * g.out);
  T* const gradient = target(behind);
  fold_all(context, g, w, plan, folded, data<T>(x), false);
  fold_all(context, g, w, plan, folded_target, data<T>(dy), true);
  const int64_t pieces = plan.column_pieces * plan.row_pieces;
  Rooms free_rooms(g.groups * plan.lanes);
  parallel_for(context, g.groups * plan.lanes, nanoseconds(g), [&](int64_t lane) {
    const int64_t group = lane / plan.lanes;
    const Range share = share_of(pieces, lane % plan.lanes, plan.lanes);
    const int64_t room = free_rooms.take();
    for (int64_t piece = share.begin; piece < share.end; ++piece) {
      const int64_t column_piece = piece / plan.row_pieces;
      const Range columns = chunk_range(column_piece, w.columns, kPieceColumns);
      const Range rows = chunk_range(piece % plan.row_pieces, w.channels, plan.piece_rows);
      const int64_t count = rows.end - rows.begin, width = columns.end - columns.begin;
      T* const of_piece = gradient + rows.begin * g.out + group * w.columns + columns.begin;
      table<T>().winograd_weight_piece(
          of_piece, folded + group * plan.folded + rows.begin / plan.source.width * plan.source.block,
          folded_target + group * plan.folded_target + column_piece * plan.target.block, rooms + room * plan.room,
          count, width, plan.tiles, w, plan.shape, plan.source, plan.target);
      finite[group * pieces + piece] = taps_are_finite(of_piece, g, count, width);
    }
    free_rooms.give_back(room);
  });
  return {gradient, std::memchr(finite, 0, static_cast<size_t>(g.groups * pieces)) == nullptr};
}

}  // namespace

bool winograd_fits_image(const ConvGeometry& g) {
  const auto is_pair = [](const WindowAxis& axis) {
    return axis.input == 2 && axis.output == 2 && axis.pad_before == 1;
  };
  return winograd_fits(g) && is_pair(g.height) && is_pair(g.width);
}

bool winograd_fits(const ConvGeometry& g) {
  const auto is_line = [](const WindowAxis& axis) {
    return axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1;
  };
  const WindowAxis& d = g.depth;
  return d.input == 1 && d.kernel == 1 && d.output == 1 && is_line(g.height) && is_line(g.width);
}

size_t winograd_workspace(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype, bool prepared) {
  return product_workspace(g, forward_window(g), outputs, dtype, prepared, direct_workspace(g, dtype));
}

void winograd(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
              const fastnn_tensor& y, const fastnn_tensor& x, const fastnn_tensor& weight, const fastnn_tensor* bias,
              bool relu, void* workspace, const void* prepared) {
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(context, g, forward_window(g), outputs, data<T>(y), data<T>(x), forward_taps<T>(g, weight),
                {bias == nullptr ? nullptr : data<T>(*bias), relu, false}, packed_size(g.terms(), g.group_out()),
                direct_workspace(g, x.dtype), workspace, prepared,
                [&](T* packed) -> const auto& { return pack_weight(context, g, weight, packed); });
  });
}

size_t winograd_backward_input_workspace(const ConvGeometry& g, const WinogradOutputs& outputs, fastnn_dtype dtype) {
  return product_workspace(g, backward_window(g), outputs, dtype, false, direct_backward_input_workspace(g, dtype));
}

void winograd_backward_input(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                             const fastnn_tensor& dx, const fastnn_tensor& dy, const fastnn_tensor& weight,
                             const fastnn_tensor* bias, bool relu, bool accumulate, void* workspace,
                             const void* prepared) {
  with_float_type(dx.dtype, [&](auto zero) {
    using T = decltype(zero);
    multiply<T>(context, g, backward_window(g), outputs, data<T>(dx), data<T>(dy), backward_taps<T>(g, weight),
                {bias == nullptr ? nullptr : data<T>(*bias), relu, accumulate},
                g.taps() * packed_size(g.group_out(), g.group_channels()), direct_backward_input_workspace(g, dx.dtype),
                workspace, prepared,
                [&](T* packed) -> const auto& { return pack_weight_backward(context, g, weight, packed); });
  });
}

bool winograd_prepares(const ConvGeometry& g, const WinogradOutputs& outputs, bool to_input) {
  return !goes_by_columns(g, to_input ? backward_window(g) : forward_window(g), outputs);
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
  const int64_t gradient = checked_multiply(g.terms(), g.out);
  int64_t numbers = 0, flags = g.channels;
  if (goes_by_columns(g, forward_window(g), outputs)) {
    const ColumnPlan plan = weight_column_plan(g, outputs);
    const int64_t folded = checked_add(plan.folded, plan.folded_target);
    numbers = checked_multiply(g.groups, checked_add(folded, checked_multiply(plan.lanes, plan.room)));
    flags = checked_multiply(g.groups, plan.row_pieces * plan.column_pieces);
  } else {
    const Plan plan = weight_plan(g, outputs);
    numbers = checked_add(plan.parts, checked_multiply(checked_multiply(plan.lanes, g.groups), plan.room));
  }
  const auto size =
      static_cast<size_t>(checked_add(checked_multiply(checked_add(numbers, gradient), item_size(dtype)), flags));
  return std::max(size, direct_backward_weight_workspace(g, dtype, false));
}

void winograd_backward_weight(const fastnn_context& context, const ConvGeometry& g, const WinogradOutputs& outputs,
                              const fastnn_tensor& dw, const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate,
                              void* workspace) {
  const int64_t size = element_count(dw);
  bool finite = true;
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    // what may have to be computed again is not added at once
    const auto separate = [&](T* room) { return accumulate ? room : data<T>(dw); };
    const Gradient<T> result = goes_by_columns(g, forward_window(g), outputs)
                                   ? gradient_by_columns<T>(context, g, outputs, x, dy, workspace, separate)
                                   : gradient_by_tiles<T>(context, g, outputs, x, dy, workspace, separate);
    finite = result.finite;
    if (!finite || !accumulate) return;
    constexpr int64_t kGrain = 4096;
    parallel_for(context, ceil_divide(size, kGrain), static_cast<double>(size), [&](int64_t chunk) {
      const Range range = chunk_range(chunk, size, kGrain);
      table<T>().sum_parts(data<T>(dw) + range.begin, result.numbers + range.begin, range.end - range.begin, 1, size,
                           true);
    });
  });
  if (!finite) direct_backward_weight(context, g, dw, x, dy, accumulate, false, workspace);
}

}  // namespace fastnn::ops
