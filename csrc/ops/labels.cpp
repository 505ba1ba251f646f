// labels.cpp: the checks of labels.h.
#include "ops/labels.h"

#include <algorithm>

namespace fastnn::ops {

Rows check_labels(const char* op, const char* scores_name, const fastnn_tensor& scores, const fastnn_tensor& labels) {
  check_float(op, scores_name, scores);
  if (scores.rank == 0) value_error(op, ": expected ", scores_name, " (..., classes), got ()");
  const Rows rows{element_count(scores.rank - 1, scores.shape), scores.shape[scores.rank - 1]};
  if (rows.classes == 0) value_error(op, ": expected at least one class, got ", scores_name, " ", shape_text(scores));
  if (!are_integers(labels)) {
    if (!(labels.dtype == scores.dtype)) {
      type_error(op, ": expected labels of uint8, int32, int64 or ", dtype_name(scores.dtype), ", got ",
                 dtype_name(labels.dtype));
    }
    check_same_shape(op, "labels", labels, scores);
  } else if (labels.rank != scores.rank - 1 || !std::equal(labels.shape, labels.shape + labels.rank, scores.shape)) {
    value_error(op, ": expected labels ", shape_text(scores.rank - 1, scores.shape), ", got ", shape_text(labels));
  }
  return rows;
}

int64_t label_at(const fastnn_tensor& labels, int64_t position) {
  if (labels.dtype == kUint8) return data<uint8_t>(labels)[position];
  if (labels.dtype == kInt32) return data<int32_t>(labels)[position];
  return data<int64_t>(labels)[position];
}

void check_label_values(const char* op, const fastnn_tensor& labels, int64_t classes) {
  if (!are_integers(labels)) return;
  const int64_t count = element_count(labels);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = label_at(labels, i);
    if (label < 0 || label >= classes) {
      index_error(op, ": expected labels in [0, ", classes, "), got ", label, " at position ", i);
    }
  }
}

}  // namespace fastnn::ops
