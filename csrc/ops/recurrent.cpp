// recurrent.cpp: the checks and sizes that recurrent.h declares.
#include "ops/recurrent.h"

#include <iterator>

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
  // Few enough to spread, enough that a product reads the recurrent kernel for several rows; an even number of pieces. A
  // matrix unit's are rows of its tiles.
  const int64_t pieces = r.batch < 6 ? 1 : 2 * ceil_divide(r.batch, 24);
  r.piece = std::max<int64_t>(1, ceil_divide(r.batch, pieces));
  if (x.dtype == kFloat32 && tile_use(*call.context, TileUser::recurrent, r.columns, r.units).unit != nullptr) {
    r.piece = r.batch > 2 * kernels::kTileBlock ? kernels::kTileBlock : kernels::kTileBlock / 2;
  }
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

int64_t step_matrix_size(const fastnn_context& context, int64_t k, int64_t n) {
  return std::max(packed_size(k, n), packed_tiles(n, k, planned_tile_parts(context, TileUser::recurrent, n, k)));
}

void describe_kernels(const fastnn_call& call, const Recurrent& r, fastnn_preparation& preparation) {
  if (r.steps() == 0 || r.units == 0) return;
  const fastnn_context& context = *call.context;
  const int64_t item = item_size(input(call, 1).dtype);
  const int64_t of_inputs = planned_tile_parts(context, TileUser::product, r.columns, r.in);
  const int64_t of_steps = planned_tile_parts(context, TileUser::recurrent, r.columns, r.units);
  const int64_t inputs = packed_tiles(r.columns, r.in, of_inputs) * item;
  const int64_t recurrent = checked_multiply(round_up(step_matrix_size(context, r.units, r.columns), 16), item);
  preparation.inputs = uint64_t{1} << 1 | uint64_t{1} << 2;
  preparation.bytes = static_cast<size_t>(recurrent) +
                      std::max(packed_matrix_bytes(r.columns, r.in, item), static_cast<size_t>(inputs));
  const int64_t form[] = {kPackedRecurrent, of_inputs, of_steps};
  std::copy(std::begin(form), std::end(form), preparation.form);
}

void prepare_kernels(const fastnn_call& call, const Recurrent& r, void* prepared) {
  const fastnn_context& context = *call.context;
  with_float_type(input(call, 1).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const recurrent = static_cast<T*>(prepared);
    pack_step_matrix<T>(context, recurrent, data<T>(input(call, 2)), r.units, r.columns, r.columns, 1);
    pack_matrix(context, recurrent + round_up(step_matrix_size(context, r.units, r.columns), 16),
                data<T>(input(call, 1)), r.columns, r.in, r.columns, 1);
  });
}

size_t products_workspace(const Recurrent& r, int64_t item) {
  return std::max({matrix_product_workspace(r.columns, r.in, item), matrix_product_workspace(r.in, r.columns, item),
                   matrix_product_workspace(r.columns, r.steps(), item)});
}

}  // namespace fastnn::ops
