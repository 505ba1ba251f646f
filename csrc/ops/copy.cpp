// copy.cpp: copy from any strides, fill, writing into views, and the moves that views and their gradients are made of.
#include <cmath>
#include <cstring>
#include <limits>

#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkBytes = 64 * 1024;

void fill_items(const fastnn_context& context, const fastnn_tensor& y, const void* item) {
  const int64_t size = item_size(y.dtype);
  const int64_t count = element_count(y);
  const int64_t grain = kChunkBytes / size;
  const double nanoseconds = static_cast<double>(count * size) / 10;
  parallel_for(context, ceil_divide(count, grain), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, count, grain);
    table<float>().fill(data<char>(y) + range.begin * size, item, range.end - range.begin, size);
  });
}

// Writes value as one item of an integer type, which must hold it exactly.
template <typename T>
void set_integer(const char* op, double value, const char* name, void* item) {
  constexpr double low = static_cast<double>(std::numeric_limits<T>::min());
  const double above = std::ldexp(1.0, std::numeric_limits<T>::digits);  // one past the largest
  if (!(value >= low && value < above && value == std::floor(value))) {
    value_error(op, ": expected value a whole number that ", name, " holds, got ", value);
  }
  const T converted = static_cast<T>(value);
  std::memcpy(item, &converted, sizeof(T));
}

}  // namespace

void set_item(const char* op, double value, fastnn_dtype dtype, void* item) {
  if (dtype == kFloat64) {
    std::memcpy(item, &value, sizeof(value));
  } else if (dtype == kFloat32) {
    const float converted = static_cast<float>(value);
    std::memcpy(item, &converted, sizeof(converted));
  } else if (dtype == kInt32) {
    set_integer<int32_t>(op, value, "int32", item);
  } else if (dtype == kInt64) {
    set_integer<int64_t>(op, value, "int64", item);
  } else if (dtype == kUint8) {
    set_integer<uint8_t>(op, value, "uint8", item);
  } else if (dtype == kBool) {
    check_value(value == 0 || value == 1, op, "value", "0 or 1 for bool", value);
    const bool converted = value != 0;
    std::memcpy(item, &converted, sizeof(converted));
  } else {
    type_error(op, ": expected dtype float32, float64, int32, int64, uint8 or bool, got ", dtype_name(dtype));
  }
}

void copy_strided(const fastnn_context& context, const fastnn_tensor& y, const fastnn_tensor& x, bool accumulate) {
  const StridedWalk<2> walk(y.rank, y.shape, {y.strides, x.strides});
  if (!accumulate) {
    const int64_t size = item_size(y.dtype);
    const kernels::CopyStrides strides{walk.row_stride(0), walk.column_stride(0), walk.row_stride(1),
                                       walk.column_stride(1)};
    const double nanoseconds = static_cast<double>(2 * size) / 10;
    walk.run(context, nanoseconds, [&](const int64_t* offsets, int64_t rows, int64_t count) {
      table<float>().copy(data<char>(y) + offsets[0] * size, data<char>(x) + offsets[1] * size, rows, count, strides,
                          size);
    });
    return;
  }
  const kernels::BinaryStrides strides{walk.row_stride(0),    walk.column_stride(0), walk.row_stride(0),
                                       walk.column_stride(0), walk.row_stride(1),    walk.column_stride(1)};
  with_float_type(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    walk.run(context, 3.0 * sizeof(T) / 10, [&](const int64_t* offsets, int64_t rows, int64_t count) {
      T* sum = data<T>(y) + offsets[0];
      table<T>().add(sum, sum, data<T>(x) + offsets[1], rows, count, strides, false);
    });
  });
}

void zero_tensor(const fastnn_context& context, const fastnn_tensor& y) {
  const int64_t zero = 0;
  fill_items(context, y, &zero);
}

size_t copy_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  if (accumulates(call, 0) && !is_float(x.dtype)) {
    type_error("copy: expected x of dtype float32 or float64 to accumulate, got ", dtype_name(x.dtype));
  }
  set_output_like(&output(call, 0), x);
  return 0;
}

void copy_run(const fastnn_call& call) {
  copy_strided(*call.context, output(call, 0), input(call, 0), accumulates(call, 0));
}

size_t fill_infer(const fastnn_call& call) {
  static constexpr fastnn_dtype kDtypes[] = {kFloat32, kFloat64, kInt32, kInt64, kUint8, kBool};
  const auto& a = attributes<fastnn_fill_attributes>(call);
  set_output_from("fill", call, a.shape, kDtypes[a.dtype]);
  int64_t item;
  set_item("fill", a.value, output(call, 0).dtype, &item);
  return 0;
}

void fill_run(const fastnn_call& call) {
  const fastnn_tensor& y = output(call, 0);
  int64_t item;
  set_item("fill", attributes<fastnn_fill_attributes>(call).value, y.dtype, &item);
  fill_items(*call.context, y, &item);
}

size_t assign_update_infer(const fastnn_call& call) {
  const fastnn_tensor &target = input(call, 0), &value = input(call, 1);
  check_same_dtype("assign_update", "value", value, "target", target);
  bool fits = value.rank <= target.rank;
  for (int32_t axis = 0; fits && axis < value.rank; ++axis) {
    fits = value.shape[axis] == 1 || value.shape[axis] == target.shape[target.rank - value.rank + axis];
  }
  if (!fits) {
    value_error("assign_update: expected value that broadcasts to ", shape_text(target), ", got ", shape_text(value));
  }
  const bool empty = element_count(target) == 0;
  for (int32_t axis = 0; axis < target.rank; ++axis) {
    if (!empty && target.shape[axis] > 1 && target.strides[axis] == 0) {
      value_error("assign_update: expected target with memory for every element, got strides ",
                  shape_text(target.rank, target.strides));
    }
  }
  return 0;
}

void assign_update_run(const fastnn_call& call) {
  const fastnn_tensor& target = input(call, 0);
  fastnn_tensor value = target;  // the value under the target's shape
  value.data = input(call, 1).data;
  value.byte_offset = input(call, 1).byte_offset;
  broadcast_strides(input(call, 1), target.rank, value.strides);
  copy_strided(*call.context, target, value, false);
}

}  // namespace fastnn::ops
