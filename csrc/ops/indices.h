// indices.h: integers that name elements of an axis, as NumPy's indices: negative ones count from the end.
#pragma once

#include <algorithm>

#include "ops/op.h"

namespace fastnn::ops {

// A tensor around one axis of it: (outer, size, inner).
struct AroundAxis {
  int64_t outer = 1, size = 0, inner = 1;
};
inline AroundAxis around_axis(const fastnn_tensor& t, int32_t axis) {
  return {element_count(axis, t.shape), t.shape[axis], element_count(t.rank - axis - 1, t.shape + axis + 1)};
}

inline void check_indices(const char* op, const fastnn_tensor& indices) {
  if (indices.dtype == kInt32 || indices.dtype == kInt64) return;
  type_error(op, ": expected indices of int32 or int64, got ", dtype_name(indices.dtype));
}

// Calls body(values) with the numbers of a contiguous tensor of int32 or int64.
template <typename Body>
void with_indices(const fastnn_tensor& indices, Body&& body) {
  if (indices.dtype == kInt32) {
    body(data<int32_t>(indices));
  } else {
    body(data<int64_t>(indices));
  }
}

// Raises IndexError for the first index outside [-size, size); indices are contiguous.
inline void check_index_values(const char* op, const fastnn_tensor& indices, int64_t size) {
  const int64_t count = element_count(indices);
  with_indices(indices, [&](const auto* values) {
    for (int64_t i = 0; i < count; ++i) {
      if (values[i] >= -size && values[i] < size) continue;
      index_error(op, ": expected indices in [", -size, ", ", size, "), got ", values[i], " at position ", i);
    }
  });
}

}  // namespace fastnn::ops
