// reduction.cpp: which axes are reduced, how a fold is cut, and the loop around the kernels spread_rows and
// spread_columns.
#include "ops/reduction.h"

#include <algorithm>

namespace fastnn::ops {
namespace {

constexpr int64_t kMostParts = 64;

}  // namespace

Cut cut_of(const Reduction& r) {
  Cut cut;
  cut.tile = r.rows ? std::clamp<int64_t>(kFoldPiece / std::max<int64_t>(r.length, 1), 1, kFoldTile) : kFoldTile;
  cut.tile = std::max<int64_t>(std::min(cut.tile, r.columns), 1);
  cut.tiles = ceil_divide(r.columns, cut.tile);
  const int64_t width = r.rows ? 1 : cut.tile;
  const int64_t wanted = std::clamp<int64_t>(r.terms() / (kFoldPiece / width), 1, kMostParts);
  cut.part_terms = std::max<int64_t>(ceil_divide(r.terms(), wanted), 1);
  cut.parts = std::max<int64_t>(ceil_divide(r.terms(), cut.part_terms), 1);
  return cut;
}

int64_t Axes::product() const {
  int64_t result = 1;
  for (int32_t i = 0; i < count; ++i) result = checked_multiply(result, size[i]);
  return result;
}

int64_t Axes::offset(int64_t index) const {
  int64_t result = 0;
  for (int32_t i = count - 1; i >= 0; --i) {
    result += index % size[i] * stride[i];
    index /= size[i];
  }
  return result;
}

Reduction make_reduction(int32_t rank, const int64_t* shape, uint32_t reduced) {
  struct Axis {
    int64_t size;
    bool reduced;
  };
  Axis axes[FASTNN_MAX_RANK];
  int32_t count = 0;
  for (int32_t i = 0; i < rank; ++i) {
    if (shape[i] == 1) continue;
    const bool is_reduced = (reduced >> i) & 1;
    if (count > 0 && axes[count - 1].reduced == is_reduced) {
      axes[count - 1].size = checked_multiply(axes[count - 1].size, shape[i]);
    } else {
      axes[count++] = {shape[i], is_reduced};
    }
  }
  Reduction r;
  r.rows = count > 0 && axes[count - 1].reduced;
  for (int32_t inner = 0; inner < 2 && count > 0; ++inner) {
    --count;
    (axes[count].reduced ? r.length : r.columns) = axes[count].size;
  }
  int64_t stride = checked_multiply(r.length, r.columns);
  int64_t strides[FASTNN_MAX_RANK];
  for (int32_t i = count - 1; i >= 0; --i) {
    strides[i] = stride;
    stride = checked_multiply(stride, axes[i].size);
  }
  for (int32_t i = 0; i < count; ++i) {
    Axes& to = axes[i].reduced ? r.reduced : r.kept;
    to.size[to.count] = axes[i].size;
    to.stride[to.count++] = strides[i];
  }
  return r;
}

size_t reduce_workspace(const Reduction& r) {
  const Cut cut = cut_of(r);
  if (cut.parts == 1) return 0;
  return static_cast<size_t>(checked_multiply(checked_multiply(cut.parts, r.outputs()), sizeof(double)));
}

uint32_t axis_bits(const char* op, const fastnn_list& axes, int32_t rank) {
  if (axes.length < 0 || axes.length > FASTNN_MAX_RANK) {
    value_error(op, ": expected at most ", FASTNN_MAX_RANK, " axes, got ", axes.length);
  }
  if (axes.length == 0) return (1u << rank) - 1;
  uint32_t bits = 0;
  for (int64_t i = 0; i < axes.length; ++i) {
    const uint32_t bit = 1u << normalize_axis(op, axes.values[i], rank);
    if (bits & bit) {
      value_error(op, ": expected different axes, got ", shape_text(static_cast<int32_t>(axes.length), axes.values));
    }
    bits |= bit;
  }
  return bits;
}

fastnn_tensor reduced_tensor(const fastnn_tensor& x, uint32_t axes, bool keepdims) {
  fastnn_tensor y = x;
  y.rank = 0;
  for (int32_t i = 0; i < x.rank; ++i) {
    const bool reduced = (axes >> i) & 1;
    if (!reduced) y.shape[y.rank++] = x.shape[i];
    if (reduced && keepdims) y.shape[y.rank++] = 1;
  }
  return y;
}

template <typename T>
void spread(const fastnn_call& call, const Reduction& r, T* dx, const T* dy, double divisor, bool accumulate) {
  const int64_t rows = r.rows ? r.columns : r.length;
  const int64_t width = r.rows ? r.length : r.columns;
  const int64_t reduced = r.reduced.product();
  const int64_t blocks = r.kept.product() * reduced;
  const int64_t elements = blocks * rows * width;
  if (elements == 0) return;
  // A chunk is a group of small blocks, or a piece of a large one.
  const int64_t group = std::max<int64_t>(kFoldPiece / (rows * width), 1);
  const int64_t piece_width = std::min(width, kFoldPiece);
  const int64_t piece_rows = std::min(rows, std::max<int64_t>(kFoldPiece / piece_width, 1));
  const int64_t across = ceil_divide(width, piece_width);
  const int64_t pieces = across * ceil_divide(rows, piece_rows);
  const double nanoseconds = 0.1 * sizeof(T) * (accumulate ? 2 : 1) * static_cast<double>(elements);
  parallel_for(*call.context, ceil_divide(blocks, group) * pieces, nanoseconds, [&](int64_t chunk) {
    const auto& kernels = table<T>();
    const Range columns = chunk_range(chunk % pieces % across, width, piece_width);
    const Range lines = chunk_range(chunk % pieces / across, rows, piece_rows);
    const Range range = chunk_range(chunk / pieces, blocks, group);
    for (int64_t block = range.begin; block < range.end; ++block) {
      const int64_t kept = block / reduced;
      T* const to = dx + r.kept.offset(kept) + r.reduced.offset(block % reduced) + lines.begin * width + columns.begin;
      const T* const from = dy + kept * r.columns + (r.rows ? lines.begin : columns.begin);
      (r.rows ? kernels.spread_rows : kernels.spread_columns)(
          to, from, lines.end - lines.begin, columns.end - columns.begin, width, static_cast<T>(divisor), accumulate);
    }
  });
}

template void spread(const fastnn_call&, const Reduction&, float*, const float*, double, bool);
template void spread(const fastnn_call&, const Reduction&, double*, const double*, double, bool);

}  // namespace fastnn::ops
