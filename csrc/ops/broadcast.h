// broadcast.h: NumPy's broadcasting: the common shape of operands, and their strides in it.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>

#include "ops/op.h"

namespace fastnn::ops {

// The shape that the operands broadcast to; returns its rank.
inline int32_t broadcast_shape(const char* op, std::span<const fastnn_tensor* const> operands, int64_t* shape) {
  int32_t rank = 0;
  for (const fastnn_tensor* t : operands) rank = std::max(rank, t->rank);
  std::fill_n(shape, rank, 1);
  for (const fastnn_tensor* t : operands) {
    for (int32_t axis = 0; axis < t->rank; ++axis) {
      int64_t& size = shape[rank - t->rank + axis];
      if (size == 1) size = t->shape[axis];
      if (t->shape[axis] == 1 || t->shape[axis] == size) continue;
      std::string shapes;
      for (const fastnn_tensor* each : operands) shapes += (shapes.empty() ? "" : " and ") + shape_text(*each);
      value_error(op, ": expected shapes that broadcast, got ", shapes);
    }
  }
  return rank;
}

inline int32_t broadcast_shape(const char* op, std::initializer_list<const fastnn_tensor*> operands, int64_t* shape) {
  return broadcast_shape(op, std::span(operands.begin(), operands.size()), shape);
}

// The strides of an operand in a broadcast shape: 0 along an axis where it repeats.
inline void broadcast_strides(const fastnn_tensor& t, int32_t rank, int64_t* strides) {
  for (int32_t axis = 0; axis < rank; ++axis) {
    const int32_t own = axis - (rank - t.rank);
    strides[axis] = own < 0 || t.shape[own] == 1 ? 0 : t.strides[own];
  }
}

}  // namespace fastnn::ops
