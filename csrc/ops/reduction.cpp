// reduction.cpp: the loops of reduction.h around the kernels sum_rows, sum_columns, spread_rows and spread_columns.
#include "ops/reduction.h"

#include <algorithm>

namespace fastnn::ops {
namespace {

constexpr int64_t kTile = 1024;    // outputs summed at once: 8 KiB of doubles, which stay in L1
constexpr int64_t kPiece = 65536;  // elements worth a piece of their own
constexpr int64_t kMostParts = 64;

// A long sum is cut into parts, each summed into a row of the workspace. Their number must not depend on the kept axes
// outside the reduced ones: a sample's sum has the same bits in any batch.
struct Cut {
  int64_t tile;  // columns in a piece
  int64_t tiles;
  int64_t parts;  // of the terms
  int64_t part_terms;
};

Cut cut_of(const Reduction& r) {
  Cut cut;
  cut.tile = r.rows ? std::clamp<int64_t>(kPiece / std::max<int64_t>(r.length, 1), 1, kTile) : kTile;
  cut.tile = std::max<int64_t>(std::min(cut.tile, r.columns), 1);
  cut.tiles = ceil_divide(r.columns, cut.tile);
  const int64_t width = r.rows ? 1 : cut.tile;
  const int64_t wanted = std::clamp<int64_t>(r.terms() / (kPiece / width), 1, kMostParts);
  cut.part_terms = std::max<int64_t>(ceil_divide(r.terms(), wanted), 1);
  cut.parts = std::max<int64_t>(ceil_divide(r.terms(), cut.part_terms), 1);
  return cut;
}

// y[i] (+)= sum(parts[p * stride + i]) / divisor.
template <typename T>
void finish(T* y, const double* parts, int64_t part_count, int64_t stride, int64_t count, double divisor,
            bool accumulate) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = parts[i];
    for (int64_t p = 1; p < part_count; ++p) sum += parts[p * stride + i];
    const T value = static_cast<T>(sum / divisor);
    y[i] = accumulate ? y[i] + value : value;
  }
}

// sums[0, count) = terms [begin, end) of the columns that start at x.
template <typename T>
void sum_terms(double* sums, const T* x, const Reduction& r, int64_t count, int64_t begin, int64_t end) {
  const auto& kernels = table<T>();
  std::fill(sums, sums + count, 0.0);
  while (begin < end) {
    const int64_t first = begin % r.length;
    const int64_t length = std::min(r.length - first, end - begin);
    const T* const block = x + r.reduced.offset(begin / r.length);
    if (r.rows) {
      kernels.sum_rows(sums, block + first, count, length, r.length, true);
    } else {
      kernels.sum_columns(sums, block + first * r.columns, length, count, r.columns, true);
    }
    begin += length;
  }
}

}  // namespace

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

template <typename T>
void reduce(const fastnn_call& call, const Reduction& r, T* y, const T* x, double divisor, bool accumulate) {
  const int64_t outputs = r.outputs();
  if (outputs == 0) return;
  const Cut cut = cut_of(r);
  auto* const parts = static_cast<double*>(call.workspace);
  const int64_t kept = r.kept.product();
  // Small blocks go many to a chunk.
  const int64_t group = std::max<int64_t>(kPiece / std::max<int64_t>(r.terms() * r.columns, 1), 1);
  const int64_t groups = ceil_divide(kept, group);
  const double elements = static_cast<double>(r.terms()) * static_cast<double>(outputs);
  const double nanoseconds = 0.1 * sizeof(T) * elements + 5.0 * static_cast<double>(outputs);
  parallel_for(*call.context, groups * cut.tiles * cut.parts, nanoseconds, [&](int64_t chunk) {
    const int64_t part = chunk % cut.parts;
    const Range tile = chunk_range(chunk / cut.parts % cut.tiles, r.columns, cut.tile);
    const Range blocks = chunk_range(chunk / cut.parts / cut.tiles, kept, group);
    const Range terms = chunk_range(part, r.terms(), cut.part_terms);
    const int64_t count = tile.end - tile.begin;
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      const T* const from = x + r.kept.offset(block) + tile.begin * (r.rows ? r.length : 1);
      const int64_t at = block * r.columns + tile.begin;
      if (cut.parts == 1) {
        double sums[kTile];
        sum_terms(sums, from, r, count, terms.begin, terms.end);
        finish(y + at, sums, 1, 0, count, divisor, accumulate);
      } else {
        sum_terms(parts + part * outputs + at, from, r, count, terms.begin, terms.end);
      }
    }
  });
  if (cut.parts == 1) return;
  const double finish_nanoseconds = static_cast<double>(cut.parts) * static_cast<double>(outputs);
  parallel_for(*call.context, ceil_divide(outputs, kTile), finish_nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, outputs, kTile);
    finish(y + range.begin, parts + range.begin, cut.parts, outputs, range.end - range.begin, divisor, accumulate);
  });
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
  const int64_t group = std::max<int64_t>(kPiece / (rows * width), 1);
  const int64_t piece_width = std::min(width, kPiece);
  const int64_t piece_rows = std::min(rows, std::max<int64_t>(kPiece / piece_width, 1));
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

template void reduce(const fastnn_call&, const Reduction&, float*, const float*, double, bool);
template void reduce(const fastnn_call&, const Reduction&, double*, const double*, double, bool);
template void spread(const fastnn_call&, const Reduction&, float*, const float*, double, bool);
template void spread(const fastnn_call&, const Reduction&, double*, const double*, double, bool);

}  // namespace fastnn::ops
