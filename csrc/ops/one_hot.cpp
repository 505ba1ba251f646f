// one_hot.cpp: labels as rows with a single 1, of any dtype: zeros everywhere, then one item a row.
#include <algorithm>
#include <cstring>

#include "fastnn/ops.h"
#include "ops/labels.h"
#include "ops/op.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

constexpr fastnn_dtype kDtypes[] = {kFloat32, kFloat64, kInt32, kInt64, kUint8, kBool};  // as the schema lists them

}  // namespace

size_t one_hot_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_one_hot_attributes>(call);
  const fastnn_tensor& labels = input(call, 0);
  if (!are_integers(labels)) {
    type_error("one_hot: expected labels of uint8, int32 or int64, got ", dtype_name(labels.dtype));
  }
  check_value(a.classes >= 1, "one_hot", "classes", "of at least 1", static_cast<double>(a.classes));
  if (labels.rank == FASTNN_MAX_RANK) {
    value_error("one_hot: expected labels of at most ", FASTNN_MAX_RANK - 1, " axes, got ", shape_text(labels));
  }
  int64_t shape[FASTNN_MAX_RANK];
  std::copy_n(labels.shape, labels.rank, shape);
  shape[labels.rank] = a.classes;
  set_output(&output(call, 0), kDtypes[a.dtype], labels.device, labels.rank + 1, shape);
  return 0;
}

void one_hot_run(const fastnn_call& call) {
  const fastnn_tensor &labels = input(call, 0), &y = output(call, 0);
  const int64_t classes = attributes<fastnn_one_hot_attributes>(call).classes;
  check_label_values("one_hot", labels, classes);
  zero_tensor(*call.context, y);
  int64_t one = 0;
  set_item("one_hot", 1.0, y.dtype, &one);
  const int64_t size = item_size(y.dtype), count = element_count(labels);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(data<char>(y) + (i * classes + label_at(labels, i)) * size, &one, static_cast<size_t>(size));
  }
}

}  // namespace fastnn::ops
