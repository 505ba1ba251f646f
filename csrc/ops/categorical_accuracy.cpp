// categorical_accuracy.cpp: which samples' largest prediction is the label. As NumPy's argmax, the first of equals wins
// and NaN is larger than any number.
#include "ops/labels.h"

namespace fastnn::ops {

size_t categorical_accuracy_infer(const fastnn_call& call) {
  const fastnn_tensor &predictions = input(call, 0), &labels = input(call, 1);
  check_labels("categorical_accuracy", "predictions", predictions, labels);
  if (wants_output(call, 0)) {
    set_output(&output(call, 0), predictions.dtype, predictions.device, predictions.rank - 1, predictions.shape);
  }
  return 0;
}

void categorical_accuracy_run(const fastnn_call& call) {
  const fastnn_tensor &predictions = input(call, 0), &labels = input(call, 1);
  const int64_t classes = predictions.shape[predictions.rank - 1];
  const int64_t rows = element_count(output(call, 0));
  check_label_values("categorical_accuracy", labels, classes);
  const bool integers = are_integers(labels);
  with_float_type(predictions.dtype, [&](auto type) {
    using T = decltype(type);
    const auto& kernels = table<T>();
    T* const matches = data<T>(output(call, 0));
    constexpr int64_t kGrain = 128;
    const double nanoseconds = static_cast<double>(rows) * (20.0 + 0.5 * static_cast<double>(classes));
    parallel_for(*call.context, ceil_divide(rows, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, kGrain);
      const int64_t count = range.end - range.begin;
      int64_t guesses[kGrain], wanted[kGrain];
      kernels.argmax_rows(guesses, data<T>(predictions) + range.begin * classes, count, classes, false);
      if (integers) {
        for (int64_t i = 0; i < count; ++i) wanted[i] = label_at(labels, range.begin + i);
      } else {
        kernels.argmax_rows(wanted, data<T>(labels) + range.begin * classes, count, classes, false);
      }
      for (int64_t i = 0; i < count; ++i) matches[range.begin + i] = static_cast<T>(guesses[i] == wanted[i]);
    });
  });
}

}  // namespace fastnn::ops
