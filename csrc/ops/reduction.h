// reduction.h: a tensor seen as kept and reduced axes, for sum, max, variance and the like, and sum_to_like. Neighbours of
// one kind are merged and axes of size one dropped, so that the tensor is blocks (outer kept x outer reduced) of a
// matrix with one kept and one reduced axis. How a sum is cut depends on the reduced axes and those inside them only.
#pragma once

#include <algorithm>

#include "ops/op.h"

namespace fastnn::ops {

struct Axes {
  int32_t count = 0;
  int64_t size[FASTNN_MAX_RANK] = {};
  int64_t stride[FASTNN_MAX_RANK] = {};  // in elements

  int64_t product() const;
  // Where the index-th combination of these axes, in C order, starts.
  int64_t offset(int64_t index) const;
};

struct Reduction {
  Axes kept, reduced;   // outside the matrix
  bool rows = false;    // the matrix is (columns, length), reduced along its rows; else (length, columns)
  int64_t columns = 1;  // kept
  int64_t length = 1;   // reduced

  int64_t outputs() const { return kept.product() * columns; }
  int64_t terms() const { return reduced.product() * length; }  // summed in each output
};

// reduced: bit i is set for a reduced axis i. The shape's product has been checked.
Reduction make_reduction(int32_t rank, const int64_t* shape, uint32_t reduced);

// The reduced axes as bits, checked; none named means all.
uint32_t axis_bits(const char* op, const fastnn_list& axes, int32_t rank);

// What x becomes when the axes are reduced.
fastnn_tensor reduced_tensor(const fastnn_tensor& x, uint32_t axes, bool keepdims);

// How a long fold is cut into parts, each kept in a row of the workspace. Their number must not depend on the kept axes
// outside the reduced ones: a sample's result has the same bits in any batch.
struct Cut {
  int64_t tile;  // columns in a piece
  int64_t tiles;
  int64_t parts;  // of the terms
  int64_t part_terms;
};
constexpr int64_t kFoldTile = 1024;    // outputs folded at once: 8 KiB of accumulators, which stay in L1
constexpr int64_t kFoldPiece = 65536;  // elements worth a piece of their own
Cut cut_of(const Reduction& r);

// Bytes of workspace that fold_terms needs.
size_t reduce_workspace(const Reduction& r);

// Folds the terms of every output and hands the result to finish(output, accumulator), once for each output. fold has
//   start: what every accumulator starts as;
//   add(results, x, rows, count, length, stride, output): folds `length` more terms into `count` accumulators, the
//     first of them for `output`; the matrix is (count, length) with rows, else (length, count);
//   join(a, b): two accumulators as one.
// workspace has the bytes that reduce_workspace said; nanoseconds is the cost of a term.
template <typename T, typename Fold, typename Finish>
void fold_terms(const fastnn_context& context, void* workspace, const Reduction& r, const T* x, double nanoseconds,
                const Fold& fold, const Finish& finish) {
  using A = kernels::Accumulator<T>;
  const int64_t outputs = r.outputs();
  if (outputs == 0) return;
  const Cut cut = cut_of(r);
  auto* const parts = static_cast<A*>(workspace);
  const int64_t kept = r.kept.product();
  const auto fold_part = [&](A* results, const T* columns, int64_t count, Range terms, int64_t first_output) {
    std::fill(results, results + count, fold.start);
    for (int64_t at = terms.begin; at < terms.end;) {
      const int64_t first = at % r.length;
      const int64_t length = std::min(r.length - first, terms.end - at);
      const T* const block = columns + r.reduced.offset(at / r.length) + first * (r.rows ? 1 : r.columns);
      fold.add(results, block, r.rows, count, length, r.rows ? r.length : r.columns, first_output);
      at += length;
    }
  };
  // Small blocks go many to a chunk.
  const int64_t group = std::max<int64_t>(kFoldPiece / std::max<int64_t>(r.terms() * r.columns, 1), 1);
  const int64_t groups = ceil_divide(kept, group);
  const double cost = nanoseconds * static_cast<double>(r.terms()) * static_cast<double>(outputs);
  parallel_for(context, groups * cut.tiles * cut.parts, cost + 5.0 * static_cast<double>(outputs), [&](int64_t chunk) {
    const int64_t part = chunk % cut.parts;
    const Range tile = chunk_range(chunk / cut.parts % cut.tiles, r.columns, cut.tile);
    const Range blocks = chunk_range(chunk / cut.parts / cut.tiles, kept, group);
    const Range terms = chunk_range(part, r.terms(), cut.part_terms);
    const int64_t count = tile.end - tile.begin;
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      const T* const from = x + r.kept.offset(block) + tile.begin * (r.rows ? r.length : 1);
      const int64_t at = block * r.columns + tile.begin;
      if (cut.parts > 1) {
        fold_part(parts + part * outputs + at, from, count, terms, at);
        continue;
      }
      A results[kFoldTile];
      fold_part(results, from, count, terms, at);
      for (int64_t i = 0; i < count; ++i) finish(at + i, results[i]);
    }
  });
  if (cut.parts == 1) return;
  const double joining = static_cast<double>(cut.parts) * static_cast<double>(outputs);
  parallel_for(context, ceil_divide(outputs, kFoldTile), joining, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, outputs, kFoldTile);
    for (int64_t i = range.begin; i < range.end; ++i) {
      A result = parts[i];
      for (int64_t part = 1; part < cut.parts; ++part) result = fold.join(result, parts[part * outputs + i]);
      finish(i, result);
    }
  });
}

// The fold of a sum; integers wrap around.
template <typename T>
struct SumFold {
  using A = kernels::Accumulator<T>;
  A start = 0;
  void add(A* sums, const T* x, bool rows, int64_t count, int64_t length, int64_t stride, int64_t) const {
    if (rows) {
      table<T>().sum_rows(sums, x, count, length, stride, true);
    } else {
      table<T>().sum_columns(sums, x, length, count, stride, true);
    }
  }
  A join(A a, A b) const {
    if constexpr (std::is_integral_v<A>) {
      return static_cast<A>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    } else {
      return a + b;
    }
  }
};

// dx (+)= dy / divisor along the reduced axes.
template <typename T>
void spread(const fastnn_call& call, const Reduction& r, T* dx, const T* dy, double divisor, bool accumulate);

}  // namespace fastnn::ops
