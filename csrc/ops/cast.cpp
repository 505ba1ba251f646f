// cast.cpp: numbers of one dtype as another, from any strides.
#include <algorithm>
#include <iterator>

#include "fastnn/ops.h"
#include "ops/op.h"
#include "ops/rows.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

// In the order of the attribute's choices, which is that of kernels::ItemType.
constexpr fastnn_dtype kDtypes[] = {kFloat32, kFloat64, kInt32, kInt64, kUint8, kBool};

kernels::ItemType item_type(fastnn_dtype dtype) {
  kernels::ItemType type{};
  find_item_type(dtype, &type);
  return type;
}

}  // namespace

bool find_item_type(fastnn_dtype dtype, kernels::ItemType* type) {
  const auto* found = std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](fastnn_dtype d) { return d == dtype; });
  *type = static_cast<kernels::ItemType>(found - std::begin(kDtypes));
  return found != std::end(kDtypes);
}

size_t cast_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_storable("cast", "x", x);
  const fastnn_dtype dtype = kDtypes[attributes<fastnn_cast_attributes>(call).dtype];
  set_output(&output(call, 0), dtype, x.device, x.rank, x.shape);
  return 0;
}

void cast_run(const fastnn_call& call) {
  const fastnn_tensor &x = input(call, 0), &y = output(call, 0);
  const StridedWalk<2> walk(y.rank, y.shape, {y.strides, x.strides});
  const kernels::CopyStrides strides{walk.row_stride(0), walk.column_stride(0), walk.row_stride(1),
                                     walk.column_stride(1)};
  const kernels::CastKernel kernel = kernels::cast_kernel(item_type(y.dtype), item_type(x.dtype));
  const int64_t size_y = item_size(y.dtype), size_x = item_size(x.dtype);
  walk.run(*call.context, 0.5, [&](const int64_t* offsets, int64_t rows, int64_t count) {
    kernel(data<char>(y) + offsets[0] * size_y, data<char>(x) + offsets[1] * size_x, rows, count, strides);
  });
}

}  // namespace fastnn::ops
