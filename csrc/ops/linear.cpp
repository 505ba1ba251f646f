// linear.cpp: y = activation(x @ weight + bias); bias and activation are applied while a tile of y is in registers.
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/matrix_product.h"

namespace fastnn::ops {

size_t linear_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_tensor& weight = input(call, 1);
  check_float("linear", "x", x);
  check_same_dtype("linear", "weight", weight, "x", x);
  if (x.rank < 1) value_error("linear: expected x (..., in), got ", shape_text(x));
  const int64_t in = x.shape[x.rank - 1];
  if (weight.rank != 2 || weight.shape[0] != in) {
    value_error("linear: expected weight (", in, ", out), got ", shape_text(weight));
  }
  const int64_t out = weight.shape[1];
  if (has_input(call, 2)) {
    check_same_dtype("linear", "bias", input(call, 2), "x", x);
    check_shape("linear", "bias", input(call, 2), {out});
  }
  int64_t shape[FASTNN_MAX_RANK];
  std::copy_n(x.shape, x.rank, shape);
  shape[x.rank - 1] = out;
  set_output(&output(call, 0), x.dtype, x.device, x.rank, shape);
  return call.prepared != nullptr ? 0 : matrix_product_workspace(out, in, item_size(x.dtype));
}

void linear_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const fastnn_tensor& weight = input(call, 1);
  const fastnn_tensor& y = output(call, 0);
  const int64_t in = weight.shape[0], out = weight.shape[1];
  const int64_t rows = element_count(x.rank - 1, x.shape);
  const bool relu = attributes<fastnn_linear_attributes>(call).activation != 0;
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* bias = has_input(call, 2) ? data<T>(input(call, 2)) : nullptr;
    const MatrixProduct<T> product{data<T>(y),
                                   data<T>(x),
                                   data<T>(weight),
                                   rows,
                                   out,
                                   in,
                                   out,
                                   in,
                                   1,
                                   weight.strides[0],
                                   1,
                                   {bias, relu, false},
                                   static_cast<const T*>(call.prepared)};
    matrix_product(*call.context, product, call.workspace);
  });
}

void linear_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  const fastnn_tensor &x = input(call, 0), &weight = input(call, 1);
  describe_matrix(*call.context, preparation, 1, element_count(x.rank - 1, x.shape), weight.shape[1], weight.shape[0],
                  weight.strides[0], 1, item_size(x.dtype));
}

void linear_prepare(const fastnn_call& call, void* prepared) {
  const fastnn_tensor& weight = input(call, 1);
  with_float_type(weight.dtype, [&](auto zero) {
    using T = decltype(zero);
    pack_matrix(*call.context, static_cast<T*>(prepared), data<T>(weight), weight.shape[1], weight.shape[0],
                weight.strides[0], 1);
  });
}

}  // namespace fastnn::ops
