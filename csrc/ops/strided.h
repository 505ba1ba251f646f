// strided.h: walks N arrays of one shape, each with its own strides, as two-dimensional blocks that a kernel takes.
//
// Dimensions of size one are dropped and neighbours that every array lays out in one line are merged. The last
// dimension becomes the block's columns; its rows are the dimension along which an array with a stride in the columns
// lies side by side, else the longest. Blocks are a function of shape and strides, never of threads. Nothing here
// allocates.
#pragma once

#include <algorithm>

#include "core/parallel.h"
#include "core/sizes.h"
#include "core/tensor.h"

namespace fastnn::ops {

template <int N>
class StridedWalk {
 public:
  // strides[k] belongs to array k and has rank entries.
  StridedWalk(int32_t rank, const int64_t* shape, const int64_t* const (&strides)[N]) {
    elements_ = element_count(rank, shape);
    for (int32_t axis = 0; axis < rank; ++axis) {
      if (shape[axis] != 1) append(axis, shape, strides);
    }
    while (rank_ < 2) prepend_one();
    choose_rows();
    const Dimension& columns = dimensions_[rank_ - 1];
    const Dimension& rows = dimensions_[rank_ - 2];
    // across strides a block is square where it can be: the lines and pages it touches are still there for the next row
    column_block_ = columns_are_strided() ? std::max(kSide, kBlock / std::max<int64_t>(rows.size, 1)) : kBlock;
    column_block_ = std::max<int64_t>(1, std::min(column_block_, columns.size));
    row_block_ = std::max<int64_t>(1, std::min(kBlock / column_block_, rows.size));
  }

  int64_t row_stride(int array) const { return dimensions_[rank_ - 2].strides[array]; }
  int64_t column_stride(int array) const { return dimensions_[rank_ - 1].strides[array]; }

  // Calls body(offsets, rows, columns) for every block, offsets[k] being array k's first element of it. nanoseconds is
  // the cost of an element.
  template <typename Body>
  void run(const fastnn_context& context, double nanoseconds, Body&& body) const {
    if (elements_ == 0) return;
    const Dimension& columns = dimensions_[rank_ - 1];
    const Dimension& rows = dimensions_[rank_ - 2];
    const int64_t column_blocks = ceil_divide(columns.size, column_block_);
    const int64_t row_blocks = ceil_divide(rows.size, row_block_);
    const int64_t blocks = elements_ / (columns.size * rows.size) * row_blocks * column_blocks;
    const int64_t grain = std::max<int64_t>(1, kBlock / (row_block_ * column_block_));
    const double cost = nanoseconds * static_cast<double>(elements_);
    parallel_for(context, ceil_divide(blocks, grain), cost, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, blocks, grain);
      for (int64_t block = range.begin; block < range.end; ++block) {
        const int64_t column = block % column_blocks * column_block_;
        const int64_t row = block / column_blocks % row_blocks * row_block_;
        int64_t offsets[N];
        for (int k = 0; k < N; ++k) offsets[k] = row * rows.strides[k] + column * columns.strides[k];
        int64_t plane = block / column_blocks / row_blocks;
        for (int32_t axis = rank_ - 3; axis >= 0; --axis) {
          const int64_t at = plane % dimensions_[axis].size;
          plane /= dimensions_[axis].size;
          for (int k = 0; k < N; ++k) offsets[k] += at * dimensions_[axis].strides[k];
        }
        body(offsets, std::min(row_block_, rows.size - row), std::min(column_block_, columns.size - column));
      }
    });
  }

 private:
  static constexpr int64_t kSide = 128;
  static constexpr int64_t kBlock = kSide * kSide;  // elements: enough work for a chunk, and L2 holds three of them

  struct Dimension {
    int64_t size;
    int64_t strides[N];
  };

  void append(int32_t axis, const int64_t* shape, const int64_t* const (&strides)[N]) {
    bool merges = rank_ > 0;
    for (int k = 0; merges && k < N; ++k) {
      merges = dimensions_[rank_ - 1].strides[k] == strides[k][axis] * shape[axis];
    }
    if (!merges) dimensions_[rank_++].size = 1;
    Dimension& dimension = dimensions_[rank_ - 1];
    dimension.size *= shape[axis];
    for (int k = 0; k < N; ++k) dimension.strides[k] = strides[k][axis];
  }

  void prepend_one() {
    for (int32_t i = rank_; i > 0; --i) dimensions_[i] = dimensions_[i - 1];
    dimensions_[0] = {1, {}};
    if (rank_ == 0) std::fill_n(dimensions_[0].strides, N, 1);
    ++rank_;
  }

  bool columns_are_strided() const {
    for (int k = 0; k < N; ++k) {
      if (column_stride(k) != 0 && column_stride(k) != 1) return true;
    }
    return false;
  }

  void choose_rows() {
    int32_t best = rank_ - 2;
    for (int32_t axis = rank_ - 3; axis >= 0; --axis) {
      if (dimensions_[axis].size > dimensions_[best].size) best = axis;
    }
    for (int k = 0; k < N; ++k) {
      if (column_stride(k) == 0 || column_stride(k) == 1) continue;
      for (int32_t axis = 0; axis < rank_ - 1; ++axis) {
        if (dimensions_[axis].strides[k] == 1) best = axis;
      }
    }
    std::swap(dimensions_[best], dimensions_[rank_ - 2]);
  }

  int64_t elements_ = 0;
  int64_t row_block_ = 1, column_block_ = 1;
  int32_t rank_ = 0;
  Dimension dimensions_[FASTNN_MAX_RANK];
};

// y (+)= x for tensors of one shape and dtype, any strides; in copy.cpp. Accumulating needs a floating dtype.
void copy_strided(const fastnn_context& context, const fastnn_tensor& y, const fastnn_tensor& x, bool accumulate);
// Writes value as one item of dtype, at most 8 bytes; ValueError where the dtype can't hold it. Errors name the op.
void set_item(const char* op, double value, fastnn_dtype dtype, void* item);
// Sets every byte of a contiguous tensor to zero.
void zero_tensor(const fastnn_context& context, const fastnn_tensor& y);

}  // namespace fastnn::ops
