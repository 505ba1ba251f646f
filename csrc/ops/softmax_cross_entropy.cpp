// softmax_cross_entropy.cpp: cross-entropy of softmax(logits), its gradient from the probabilities, and both at once, where
// a piece's probabilities become the gradient in place while they are in the cache. Rows are spread over threads in
// pieces; a row's bits don't depend on the others. Labels are checked before anything is written.
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

// The rows of a call with their labels.
template <typename T>
struct Batch {
  Rows rows;
  bool integers;
  int64_t label_bytes;
  const fastnn_tensor& labels;

  Batch(const fastnn_tensor& of, const fastnn_tensor& l)
      : rows{element_count(of.rank - 1, of.shape), of.shape[of.rank - 1]},
        integers(are_integers(l)),
        label_bytes(item_size(l.dtype)),
        labels(l) {}

  // Losses and, unless null, probabilities of `count` rows from `row` on; the pointers are those of the whole arrays.
  void forward(T* loss, T* probabilities, const T* logits, int64_t row, int64_t count) const {
    const int64_t at = row * rows.classes;
    T* const p = probabilities == nullptr ? nullptr : probabilities + at;
    if (integers) {
      table<T>().cross_entropy_labels(loss + row, p, logits + at, data<char>(labels) + row * label_bytes, label_bytes,
                                      count, rows.classes);
    } else {
      table<T>().cross_entropy_distribution(loss + row, p, logits + at, data<T>(labels) + at, count, rows.classes);
    }
  }

  // Both at once: a piece's probabilities become the gradient in place.
  void with_gradient(T* loss, T* gradient, const T* logits, const T* dloss, int64_t row, int64_t count,
                     bool streamed) const {
    const int64_t at = row * rows.classes;
    if (integers) {
      table<T>().cross_entropy_labels_with_gradient(loss + row, gradient + at, logits + at, dloss + row,
                                                    data<char>(labels) + row * label_bytes, label_bytes, count,
                                                    rows.classes, streamed);
    } else {
      forward(loss, gradient, logits, row, count);
      backward(gradient, dloss, gradient, row, count, false);
    }
  }

  // dlogits may be the memory of the probabilities.
  void backward(T* dlogits, const T* dloss, const T* probabilities, int64_t row, int64_t count, bool accumulate) const {
    const int64_t at = row * rows.classes;
    if (integers) {
      table<T>().cross_entropy_labels_backward(dlogits + at, dloss + row, probabilities + at,
                                               data<char>(labels) + row * label_bytes, label_bytes, count, rows.classes,
                                               accumulate);
    } else {
      table<T>().cross_entropy_distribution_backward(dlogits + at, dloss + row, probabilities + at,
                                                     data<T>(labels) + at, count, rows.classes, accumulate);
    }
  }
};

void check_dloss(const char* op, const fastnn_tensor& dloss, const char* name, const fastnn_tensor& t) {
  check_same_dtype(op, "dloss", dloss, name, t);
  fastnn_tensor expected = t;
  expected.rank -= 1;
  check_same_shape(op, "dloss", dloss, expected);
}

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
  check_label_values("softmax_cross_entropy", labels, logits.shape[logits.rank - 1]);
  with_float_type(logits.dtype, [&](auto type) {
    using T = decltype(type);
    const Batch<T> batch(logits, labels);
    T* const probabilities = wants_output(call, 1) ? data<T>(output(call, 1)) : nullptr;
    over_rows(call, batch.rows, 1.0, [&](int64_t row, int64_t count) {
      batch.forward(data<T>(output(call, 0)), probabilities, data<T>(logits), row, count);
    });
  });
}

size_t softmax_cross_entropy_backward_infer(const fastnn_call& call) {
  constexpr const char* op = "softmax_cross_entropy_backward";
  const fastnn_tensor &dloss = input(call, 0), &probabilities = input(call, 1), &labels = input(call, 2);
  check_labels(op, "probabilities", probabilities, labels);
  check_dloss(op, dloss, "probabilities", probabilities);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), probabilities);
  return 0;
}

void softmax_cross_entropy_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dloss = input(call, 0), &probabilities = input(call, 1), &labels = input(call, 2);
  check_label_values("softmax_cross_entropy_backward", labels, probabilities.shape[probabilities.rank - 1]);
  with_float_type(probabilities.dtype, [&](auto type) {
    using T = decltype(type);
    const Batch<T> batch(probabilities, labels);
    over_rows(call, batch.rows, 0.8, [&](int64_t row, int64_t count) {
      batch.backward(data<T>(output(call, 0)), data<T>(dloss), data<T>(probabilities), row, count,
                     accumulates(call, 0));
    });
  });
}

size_t softmax_cross_entropy_with_gradient_infer(const fastnn_call& call) {
  constexpr const char* op = "softmax_cross_entropy_with_gradient";
  const fastnn_tensor &logits = input(call, 0), &labels = input(call, 1);
  check_labels(op, "logits", logits, labels);
  check_dloss(op, input(call, 2), "logits", logits);
  set_output(&output(call, 0), logits.dtype, logits.device, logits.rank - 1, logits.shape);
  set_output_like(&output(call, 1), logits);
  return 0;
}

void softmax_cross_entropy_with_gradient_run(const fastnn_call& call) {
  const fastnn_tensor &logits = input(call, 0), &labels = input(call, 1);
  check_label_values("softmax_cross_entropy_with_gradient", labels, logits.shape[logits.rank - 1]);
  with_float_type(logits.dtype, [&](auto type) {
    using T = decltype(type);
    const Batch<T> batch(logits, labels);
    T *const loss = data<T>(output(call, 0)), *const gradient = data<T>(output(call, 1));
    const T* const dloss = data<T>(input(call, 2));
    const bool streamed = is_streamed(output(call, 1));
    over_rows(call, batch.rows, 0.3, [&](int64_t row, int64_t count) {
      batch.with_gradient(loss, gradient, data<T>(logits), dloss, row, count, streamed);
    });
  });
}

}  // namespace fastnn::ops
