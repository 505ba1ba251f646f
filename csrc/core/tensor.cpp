// tensor.cpp: shapes and strides of views.
#include "core/tensor.h"

#include <algorithm>

namespace fastnn {

std::string dtype_name(fastnn_dtype dtype) {
  const char* code = dtype.code == FASTNN_FLOAT  ? "float"
                     : dtype.code == FASTNN_INT  ? "int"
                     : dtype.code == FASTNN_UINT ? "uint"
                     : dtype.code == FASTNN_BOOL ? "bool"
                                                 : "unknown";
  if (dtype.code == FASTNN_BOOL && dtype.bits == 8) return code;
  return concat(code, static_cast<int>(dtype.bits));
}

std::string shape_text(int32_t rank, const int64_t* shape) {
  TextStream text;
  text << '(';
  for (int32_t axis = 0; axis < rank; ++axis) text << (axis > 0 ? ", " : "") << shape[axis];
  text << (rank == 1 ? ",)" : ")");
  return text.str();
}

int64_t element_count(int32_t rank, const int64_t* shape) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < rank; ++axis) {
    if (shape[axis] == 0) return 0;
  }
  for (int32_t axis = 0; axis < rank; ++axis) count = checked_multiply(count, shape[axis]);
  return count;
}

void check_fields(const char* who, const char* argument, const fastnn_tensor& t) {
  require_struct(&t, who, argument);
  if (t.rank < 0 || t.rank > FASTNN_MAX_RANK) {
    value_error(who, ": expected ", argument, " of rank 0 to ", FASTNN_MAX_RANK, ", got rank ", t.rank);
  }
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    if (t.shape[axis] < 0) value_error(who, ": ", argument, " has a negative size: ", shape_text(t));
  }
  if (t.dtype.lanes != 1) {
    type_error(who, ": expected ", argument, " of 1 lane, got ", dtype_name(t.dtype), " with ", t.dtype.lanes,
               " lanes");
  }
}

ByteRange byte_range(const fastnn_tensor& t) {
  if (element_count(t) == 0 || t.data == nullptr) return {};
  int64_t low = 0;
  int64_t high = 0;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    const int64_t reach = checked_multiply(t.strides[axis], t.shape[axis] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const char* first = data<char>(t);
  return {first + low * item_size(t.dtype), first + (high + 1) * item_size(t.dtype)};
}

bool is_contiguous(const fastnn_tensor& t) {
  int64_t expected = 1;
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    if (t.shape[axis] == 0) return true;
  }
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    if (t.shape[axis] != 1 && t.strides[axis] != expected) return false;
    expected *= t.shape[axis];
  }
  return true;
}

bool same_shape(const fastnn_tensor& a, const fastnn_tensor& b) {
  return a.rank == b.rank && std::equal(a.shape, a.shape + a.rank, b.shape);
}

void set_contiguous_strides(fastnn_tensor& t) {
  int64_t stride = 1;
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    t.strides[axis] = stride;
    if (t.shape[axis] > 1) stride = checked_multiply(stride, t.shape[axis]);
  }
}

void set_output(fastnn_tensor* output, fastnn_dtype dtype, fastnn_device device, int32_t rank, const int64_t* shape) {
  if (output == nullptr) return;
  output->dtype = dtype;
  output->device = device;
  output->rank = rank;
  std::copy(shape, shape + rank, output->shape);
  // the bytes must fit as well as the elements
  checked_multiply(element_count(rank, shape), item_size(dtype));
  set_contiguous_strides(*output);
}

}  // namespace fastnn

extern "C" fastnn_tensor fastnn_tensor_from_host(void* data, fastnn_dtype dtype, int32_t rank, const int64_t* shape) {
  fastnn_tensor t{};
  t.struct_size = sizeof(fastnn_tensor);
  t.data = data;
  t.dtype = dtype;
  t.device = {FASTNN_CPU, 0};
  // what can't be is left for the function that the tensor meets to refuse
  t.rank = rank > 0 && shape == nullptr ? -1 : rank;
  if (t.rank > FASTNN_MAX_RANK) return t;
  int64_t stride = 1;
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    t.shape[axis] = shape[axis];
    t.strides[axis] = stride;
    // sizes are checked when the tensor meets an op; here they must only not trap
    if (shape[axis] > 1 && __builtin_mul_overflow(stride, shape[axis], &stride)) stride = 0;
  }
  return t;
}
