// labels.h: class labels, shared by the ops that take them: integers, one per sample, or a distribution over the
// classes.
#pragma once

#include "ops/op.h"

namespace fastnn::ops {

// (..., classes) as rows.
struct Rows {
  int64_t count = 0, classes = 0;
};

inline bool are_integers(const fastnn_tensor& labels) {
  return labels.dtype == kUint8 || labels.dtype == kInt32 || labels.dtype == kInt64;
}

// Checks the scores (..., classes) and the dtype and shape of the labels.
Rows check_labels(const char* op, const char* scores_name, const fastnn_tensor& scores, const fastnn_tensor& labels);

// Raises IndexError for the first label outside [0, classes).
void check_label_values(const char* op, const fastnn_tensor& labels, int64_t classes);

// The label of a sample; labels are integers.
int64_t label_at(const fastnn_tensor& labels, int64_t position);

}  // namespace fastnn::ops
