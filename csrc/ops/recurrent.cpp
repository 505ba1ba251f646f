// recurrent.cpp: the checks and sizes that recurrent.h declares.
#include "ops/recurrent.h"

namespace fastnn::ops {

Recurrent recurrent_of(const char* op, const fastnn_call& call, int64_t first, int64_t gates, bool backwards) {
  const fastnn_tensor &x = input(call, first), &kernel = input(call, first + 1), &recurrent = input(call, first + 2);
  check_float(op, "x", x);
  check_rank(op, "x", x, 3, "(batch, time, in)");
  check_same_dtype(op, "kernel", kernel, "x", x);
  check_same_dtype(op, "recurrent_kernel", recurrent, "x", x);
  if (recurrent.rank != 2 || recurrent.shape[1] != checked_multiply(gates, recurrent.shape[0])) {
    value_error(op, ": expected recurrent_kernel (units, ", gates, " * units), got ", shape_text(recurrent));
  }
  Recurrent r{x.shape[0], x.shape[1], x.shape[2], recurrent.shape[0], recurrent.shape[1], backwards, 1};
  check_shape(op, "kernel", kernel, {r.in, r.columns});
  checked_multiply(checked_multiply(r.batch, std::max<int64_t>(r.time, 1)), std::max<int64_t>(r.columns, 1));
  // Few enough to spread, enough that a product reads the recurrent kernel for several rows; an even number of pieces.
  const int64_t pieces = r.batch < 6 ? 1 : 2 * ceil_divide(r.batch, 24);
  r.piece = std::max<int64_t>(1, ceil_divide(r.batch, pieces));
  return r;
}

void check_optional(const char* op, const char* argument, const fastnn_call& call, int64_t index,
                    const fastnn_tensor& x, std::initializer_list<int64_t> shape) {
  if (!has_input(call, index)) return;
  check_same_dtype(op, argument, input(call, index), "x", x);
  check_shape(op, argument, input(call, index), shape);
}

void check_steps_mask(const char* op, const fastnn_call& call, int64_t index, const Recurrent& r) {
  if (!has_input(call, index)) return;
  const fastnn_tensor& mask = input(call, index);
  if (!(mask.dtype == kBool) && !(mask.dtype == kUint8)) {
    type_error(op, ": expected mask of dtype bool or uint8, got ", dtype_name(mask.dtype));
  }
  check_shape(op, "mask", mask, {r.batch, r.time});
}

void describe_kernels(const Recurrent& r, int64_t item, fastnn_preparation& preparation) {
  if (r.steps() == 0 || r.units == 0) return;
  const int64_t recurrent = checked_multiply(round_up(packed_size(r.units, r.columns), 16), item);
  preparation.inputs = uint64_t{1} << 1 | uint64_t{1} << 2;
  preparation.bytes = static_cast<size_t>(recurrent) + packed_matrix_bytes(r.columns, r.in, item);
  preparation.form[0] = kPackedRecurrent;
}

void prepare_kernels(const fastnn_call& call, const Recurrent& r, void* prepared) {
  with_float_type(input(call, 1).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const recurrent = static_cast<T*>(prepared);
    pack_weights(*call.context, recurrent, data<T>(input(call, 2)), r.units, r.columns, r.columns, 1);
    pack_matrix(*call.context, recurrent + round_up(packed_size(r.units, r.columns), 16), data<T>(input(call, 1)),
                r.columns, r.in, r.columns, 1, Unit::vectors);
  });
}

size_t products_workspace(const Recurrent& r, int64_t item) {
  return std::max({matrix_product_workspace(r.columns, r.in, item), matrix_product_workspace(r.in, r.columns, item),
                   matrix_product_workspace(r.columns, r.steps(), item)});
}

}  // namespace fastnn::ops
