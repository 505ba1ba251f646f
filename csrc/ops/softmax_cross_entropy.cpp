// softmax_cross_entropy.cpp: cross-entropy of softmax(logits), and its gradient from the probabilities. Rows are spread
// over threads in pieces; a row's bits don't depend on the others. Labels are checked before anything is written.
#include "ops/labels.h"

namespace fastnn::ops {
namespace {

// Calls body(first row, rows) over pieces of about 16384 elements.
template <typename Body>
void over_rows(const fastnn_call& call, const Rows& rows, double nanoseconds_each, Body&& body) {
  const int64_t grain = rows.classes < 16384 ? 16384 / rows.classes : 1;
  const double count = static_cast<double>(rows.count);
  const double nanoseconds = count * (30.0 + nanoseconds_each * static_cast<double>(rows.classes));
  parallel_for(*call.context, ceil_divide(rows.count, grain), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, rows.count, grain);
    body(range.begin, range.end - range.begin);
  });
}

Rows rows_of(const fastnn_tensor& t) { return {element_count(t.rank - 1, t.shape), t.shape[t.rank - 1]}; }

}  // namespace

size_t softmax_cross_entropy_infer(const fastnn_call& call) {
  const fastnn_tensor &logits = input(call, 0), &labels = input(call, 1);
  check_labels("softmax_cross_entropy", "logits", logits, labels);
  if (wants_output(call, 0)) set_output(&output(call, 0), logits.dtype, logits.device, logits.rank - 1, logits.shape);
  if (wants_output(call, 1)) set_output_like(&output(call, 1), logits);
  return 0;
}

void softmax_cross_entropy_run(const fastnn_call& call) {
  const fastnn_tensor &logits = input(call, 0), &labels = input(call, 1);
  const Rows rows = rows_of(logits);
  check_label_values("softmax_cross_entropy", labels, rows.classes);
  const bool integers = are_integers(labels);
  const int64_t label_bytes = item_size(labels.dtype);
  with_float_type(logits.dtype, [&](auto type) {
    using T = decltype(type);
    const auto& kernels = table<T>();
    T* const loss = data<T>(output(call, 0));
    T* const probabilities = wants_output(call, 1) ? data<T>(output(call, 1)) : nullptr;
    over_rows(call, rows, 1.0, [&](int64_t row, int64_t count) {
      const int64_t at = row * rows.classes;
      T* const p = probabilities == nullptr ? nullptr : probabilities + at;
      const T* const x = data<T>(logits) + at;
      if (integers) {
        const void* const piece = data<char>(labels) + row * label_bytes;
        kernels.cross_entropy_labels(loss + row, p, x, piece, label_bytes, count, rows.classes);
      } else {
        kernels.cross_entropy_distribution(loss + row, p, x, data<T>(labels) + at, count, rows.classes);
      }
    });
  });
}

size_t softmax_cross_entropy_backward_infer(const fastnn_call& call) {
  constexpr const char* op = "softmax_cross_entropy_backward";
  const fastnn_tensor &dloss = input(call, 0), &probabilities = input(call, 1), &labels = input(call, 2);
  check_labels(op, "probabilities", probabilities, labels);
  check_same_dtype(op, "dloss", dloss, "probabilities", probabilities);
  fastnn_tensor expected = probabilities;
  expected.rank -= 1;
  check_same_shape(op, "dloss", dloss, expected);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), probabilities);
  return 0;
}

void softmax_cross_entropy_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dloss = input(call, 0), &probabilities = input(call, 1), &labels = input(call, 2);
  const Rows rows = rows_of(probabilities);
  check_label_values("softmax_cross_entropy_backward", labels, rows.classes);
  const bool integers = are_integers(labels);
  const int64_t label_bytes = item_size(labels.dtype);
  with_float_type(probabilities.dtype, [&](auto type) {
    using T = decltype(type);
    const auto& kernels = table<T>();
    const bool accumulate = accumulates(call, 0);
    over_rows(call, rows, 0.8, [&](int64_t row, int64_t count) {
      const int64_t at = row * rows.classes;
      T* const dx = data<T>(output(call, 0)) + at;
      const T* const g = data<T>(dloss) + row;
      const T* const p = data<T>(probabilities) + at;
      if (integers) {
        const void* const piece = data<char>(labels) + row * label_bytes;
        kernels.cross_entropy_labels_backward(dx, g, p, piece, label_bytes, count, rows.classes, accumulate);
      } else {
        kernels.cross_entropy_distribution_backward(dx, g, p, data<T>(labels) + at, count, rows.classes, accumulate);
      }
    });
  });
}

}  // namespace fastnn::ops
