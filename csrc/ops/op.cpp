// op.cpp: the checks that ops share.
#include "ops/op.h"

#include <algorithm>

namespace fastnn::ops {

void check_float(const char* op, const char* argument, const fastnn_tensor& t) {
  if (is_float(t.dtype)) return;
  type_error(op, ": expected ", argument, " of float32 or float64, got ", dtype_name(t.dtype));
}

void check_number(const char* op, const char* argument, const fastnn_tensor& t) {
  if (is_float(t.dtype) || t.dtype == kInt32 || t.dtype == kInt64 || t.dtype == kUint8) return;
  type_error(op, ": expected ", argument, " of float32, float64, int32, int64 or uint8, got ", dtype_name(t.dtype));
}

void check_storable(const char* op, const char* argument, const fastnn_tensor& t) {
  if (is_float(t.dtype) || t.dtype == kInt32 || t.dtype == kInt64 || t.dtype == kUint8 || t.dtype == kBool) return;
  type_error(op, ": expected ", argument, " of float32, float64, int32, int64, uint8 or bool, got ",
             dtype_name(t.dtype));
}

void check_mask(const char* op, const char* argument, const fastnn_tensor& t) {
  if (t.dtype == kBool || t.dtype == kUint8) return;
  type_error(op, ": expected ", argument, " of dtype bool or uint8, got ", dtype_name(t.dtype));
}

void check_same_dtype(const char* op, const char* argument, const fastnn_tensor& t, const char* other_argument,
                      const fastnn_tensor& other) {
  if (t.dtype == other.dtype) return;
  type_error(op, ": expected ", argument, " of ", dtype_name(other.dtype), " as ", other_argument, " is, got ",
             dtype_name(t.dtype));
}

void check_rank(const char* op, const char* argument, const fastnn_tensor& t, int32_t rank, const char* expected) {
  if (t.rank == rank) return;
  value_error(op, ": expected ", argument, " ", expected, ", got ", shape_text(t));
}

void check_shape(const char* op, const char* argument, const fastnn_tensor& t,
                 std::initializer_list<int64_t> expected) {
  if (t.rank == static_cast<int32_t>(expected.size()) && std::equal(expected.begin(), expected.end(), t.shape)) return;
  value_error(op, ": expected ", argument, " ", shape_text(static_cast<int32_t>(expected.size()), expected.begin()),
              ", got ", shape_text(t));
}

void check_same_shape(const char* op, const char* argument, const fastnn_tensor& t, const fastnn_tensor& expected) {
  if (same_shape(t, expected)) return;
  value_error(op, ": expected ", argument, " ", shape_text(expected), ", got ", shape_text(t));
}

void check_value(bool ok, const char* op, const char* attribute, const char* expected, double got) {
  if (!ok) value_error(op, ": expected ", attribute, " ", expected, ", got ", got);
}

int32_t normalize_axis(const char* op, int64_t axis, int32_t rank) {
  if (axis < -rank || axis >= rank) {
    value_error(op, ": expected an axis in [", -rank, ", ", rank, "), got ", axis);
  }
  return static_cast<int32_t>(axis < 0 ? axis + rank : axis);
}

void set_output_from(const char* op, const fastnn_call& call, const fastnn_list& shape, fastnn_dtype dtype) {
  if (has_input(call, 0)) {
    set_output_like(&output(call, 0), input(call, 0));
    return;
  }
  if (shape.length < 0 || shape.length > FASTNN_MAX_RANK) {
    value_error(op, ": expected a shape of at most ", FASTNN_MAX_RANK, " axes, got ", shape.length);
  }
  const auto rank = static_cast<int32_t>(shape.length);
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (shape.values[axis] < 0) {
      value_error(op, ": expected a shape of sizes from 0 on, got ", shape_text(rank, shape.values));
    }
  }
  element_count(rank, shape.values);  // raises when the product overflows
  set_output(&output(call, 0), dtype, call.context->device, rank, shape.values);
}

}  // namespace fastnn::ops
