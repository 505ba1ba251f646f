// flops.h: what the formulas of the schema for floating-point operations are written with. Numbers are doubles, so that
// no shape overflows them.
#pragma once

#include <cmath>

#include "ops/op.h"

namespace fastnn::ops {

// Elements of an argument; 0 when it is absent.
inline double elements(const fastnn_tensor* t) {
  double count = t != nullptr ? 1.0 : 0.0;
  for (int32_t i = 0; t != nullptr && i < t->rank; ++i) count *= static_cast<double>(t->shape[i]);
  return count;
}

// Elements of all tensors of list number `list` of so many lists of one length.
inline double elements_of_list(const fastnn_call& call, int64_t list, int64_t lists) {
  const int64_t length = call.input_count / lists;
  double count = 0;
  for (int64_t i = list * length; i < (list + 1) * length; ++i) count += elements(call.inputs[i]);
  return count;
}

// Size of an axis, negative ones from the end; 1 where there is none.
inline double axis_size(const fastnn_tensor* t, int64_t axis) {
  if (t == nullptr) return 0;
  if (axis < 0) axis += t->rank;
  return axis < 0 || axis >= t->rank ? 1.0 : static_cast<double>(t->shape[axis]);
}

template <size_t count>
double product(const int64_t (&values)[count]) {
  double result = 1;
  for (const int64_t value : values) result *= static_cast<double>(value);
  return result;
}

// An empty axis divides nothing by nothing.
inline double flops_or_none(double flops) { return std::isfinite(flops) ? flops : 0.0; }

}  // namespace fastnn::ops
