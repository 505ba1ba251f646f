// ravel_multi_index.cpp: an index for each axis into numbers of elements in C order, with broadcasting; what indexing by
// several integer arrays is made of. Indices are few beside the elements they name, so one thread walks them.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/indices.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

// Calls body(position, index) for every element of a shape, in C order; strides are those of the indices in it.
template <typename Body>
void for_each_index(const fastnn_tensor& indices, int32_t rank, const int64_t* shape, const int64_t* strides,
                    Body&& body) {
  const int64_t count = element_count(rank, shape);
  with_indices(indices, [&](const auto* values) {
    int64_t at[FASTNN_MAX_RANK] = {};
    int64_t offset = 0;
    for (int64_t position = 0; position < count; ++position) {
      body(position, int64_t{values[offset]});
      for (int32_t axis = rank - 1; axis >= 0; --axis) {
        offset += strides[axis];
        if (++at[axis] < shape[axis]) break;
        offset -= strides[axis] * shape[axis];
        at[axis] = 0;
      }
    }
  });
}

}  // namespace

size_t ravel_multi_index_infer(const fastnn_call& call) {
  const char* op = "ravel_multi_index";
  const fastnn_list& dims = attributes<fastnn_ravel_multi_index_attributes>(call).dims;
  if (call.input_count == 0 || dims.length != call.input_count) {
    value_error(op, ": expected as many dims as indices, at least one, got ", dims.length, " and ", call.input_count);
  }
  int64_t size = 1;
  for (int64_t k = 0; k < call.input_count; ++k) {
    check_indices(op, input(call, k));
    if (dims.values[k] < 0) value_error(op, ": expected dims of at least 0, got ", dims.values[k]);
    size = checked_multiply(size, dims.values[k]);
  }
  int64_t shape[FASTNN_MAX_RANK];
  const int32_t rank = broadcast_shape(op, {call.inputs, static_cast<size_t>(call.input_count)}, shape);
  set_output(&output(call, 0), kInt64, input(call, 0).device, rank, shape);
  return 0;
}

void ravel_multi_index_run(const fastnn_call& call) {
  const fastnn_list& dims = attributes<fastnn_ravel_multi_index_attributes>(call).dims;
  const fastnn_tensor& y = output(call, 0);
  for (int64_t k = 0; k < call.input_count; ++k) {
    const fastnn_tensor& indices = input(call, k);
    const int64_t size = dims.values[k];
    for_each_index(indices, indices.rank, indices.shape, indices.strides, [&](int64_t, int64_t index) {
      if (index >= -size && index < size) return;
      index_error("ravel_multi_index: expected indices in [", -size, ", ", size, ") for axis ", k, ", got ", index);
    });
  }
  auto* const numbers = data<int64_t>(y);
  std::fill_n(numbers, element_count(y), 0);
  for (int64_t k = 0; k < call.input_count; ++k) {
    const int64_t size = dims.values[k];
    int64_t strides[FASTNN_MAX_RANK];
    broadcast_strides(input(call, k), y.rank, strides);
    for_each_index(input(call, k), y.rank, y.shape, strides, [&](int64_t position, int64_t index) {
      numbers[position] = numbers[position] * size + (index < 0 ? index + size : index);
    });
  }
}

}  // namespace fastnn::ops
