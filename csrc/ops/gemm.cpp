// gemm.cpp: y = op(a) @ op(b). A transpose is a matter of strides; nothing is copied for it but b's packed blocks.
#include "fastnn/ops.h"
#include "ops/matrix_product.h"

namespace fastnn::ops {

size_t gemm_infer(const fastnn_call& call) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  check_float("gemm", "a", a);
  check_same_dtype("gemm", "b", b, "a", a);
  check_rank("gemm", "a", a, 2, options.transpose_a ? "(k, m)" : "(m, k)");
  check_rank("gemm", "b", b, 2, options.transpose_b ? "(n, k)" : "(k, n)");
  const int64_t m = a.shape[options.transpose_a ? 1 : 0], k = a.shape[options.transpose_a ? 0 : 1];
  const int64_t n = b.shape[options.transpose_b ? 0 : 1];
  if (b.shape[options.transpose_b ? 1 : 0] != k) {
    value_error("gemm: expected b ", options.transpose_b ? concat("(n, ", k, ")") : concat("(", k, ", n)"), ", got ",
                shape_text(b));
  }
  set_output(&output(call, 0), a.dtype, a.device, {m, n});
  return matrix_product_workspace(n, k, item_size(a.dtype));
}

void gemm_run(const fastnn_call& call) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  const fastnn_tensor& y = output(call, 0);
  const int64_t k = a.shape[options.transpose_a ? 0 : 1];
  with_float_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const MatrixProduct<T> product{data<T>(y),
                                   data<T>(a),
                                   data<T>(b),
                                   y.shape[0],
                                   y.shape[1],
                                   k,
                                   y.shape[1],
                                   options.transpose_a ? 1 : a.strides[0],
                                   options.transpose_a ? a.strides[0] : 1,
                                   options.transpose_b ? 1 : b.strides[0],
                                   options.transpose_b ? b.strides[0] : 1,
                                   {nullptr, false, accumulates(call, 0)}};
    matrix_product(*call.context, product, call.workspace);
  });
}

}  // namespace fastnn::ops
