// mean_losses.cpp: losses, and an accuracy, that are the mean over the last axis of a term of each prediction and its
// target, and their gradients. Rows are spread over threads in pieces; a row's bits don't depend on the others.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr double kEpsilon = 1e-7;  // Keras's backend epsilon: how far probabilities stay from 0 and 1

void check_pair(const char* op, const fastnn_tensor& predictions, const fastnn_tensor& targets) {
  check_float(op, "predictions", predictions);
  if (predictions.rank == 0) value_error(op, ": expected predictions (..., n), got ()");
  check_same_dtype(op, "targets", targets, "predictions", predictions);
  check_same_shape(op, "targets", targets, predictions);
}

size_t infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& predictions = input(call, 0);
  check_pair(op, predictions, input(call, 1));
  set_output(&output(call, 0), predictions.dtype, predictions.device, predictions.rank - 1, predictions.shape);
  return 0;
}

size_t infer_backward(const char* op, const fastnn_call& call) {
  const fastnn_tensor &dloss = input(call, 0), &predictions = input(call, 1);
  check_pair(op, predictions, input(call, 2));
  check_same_dtype(op, "dloss", dloss, "predictions", predictions);
  fastnn_tensor expected = predictions;
  expected.rank -= 1;
  check_same_shape(op, "dloss", dloss, expected);
  set_output_like(&output(call, 0), predictions);
  return 0;
}

// Calls body(first row, rows, n) over pieces of about 16384 elements of t.
template <typename Body>
void over_rows(const fastnn_call& call, const fastnn_tensor& t, double nanoseconds_each, Body&& body) {
  const int64_t rows = element_count(t.rank - 1, t.shape);
  const int64_t n = t.shape[t.rank - 1];
  const int64_t grain = std::max<int64_t>(16384 / std::max<int64_t>(n, 1), 1);
  const double nanoseconds = nanoseconds_each * static_cast<double>(rows) * static_cast<double>(n);
  parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
    const Range range = chunk_range(chunk, rows, grain);
    body(range.begin, range.end - range.begin, n);
  });
}

// pick(table) is the kernel, numbers are what it takes after the sizes.
template <typename Pick, typename... Numbers>
void run(const fastnn_call& call, double nanoseconds_each, Pick pick, Numbers... numbers) {
  const fastnn_tensor &predictions = input(call, 0), &targets = input(call, 1);
  with_float_type(predictions.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick(table<T>());
    over_rows(call, predictions, nanoseconds_each, [&](int64_t row, int64_t rows, int64_t n) {
      kernel(data<T>(output(call, 0)) + row, data<T>(predictions) + row * n, data<T>(targets) + row * n, rows, n,
             static_cast<T>(numbers)...);
    });
  });
}

template <typename Pick, typename... Numbers>
void run_backward(const fastnn_call& call, double nanoseconds_each, Pick pick, Numbers... numbers) {
  const fastnn_tensor &dloss = input(call, 0), &predictions = input(call, 1), &targets = input(call, 2);
  const bool accumulate = accumulates(call, 0);
  with_float_type(predictions.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = pick(table<T>());
    over_rows(call, predictions, nanoseconds_each, [&](int64_t row, int64_t rows, int64_t n) {
      const int64_t at = row * n;
      kernel(data<T>(output(call, 0)) + at, data<T>(dloss) + row, data<T>(predictions) + at, data<T>(targets) + at,
             rows, n, static_cast<T>(numbers)..., accumulate);
    });
  });
}

void check_delta(const char* op, double delta) {
  check_value(std::isfinite(delta) && delta > 0, op, "delta", "finite and above 0", delta);
}

}  // namespace

size_t squared_error_infer(const fastnn_call& call) { return infer("squared_error", call); }
void squared_error_run(const fastnn_call& call) {
  run(call, 0.8, [](const auto& kernels) { return kernels.squared_error; });
}
size_t squared_error_backward_infer(const fastnn_call& call) { return infer_backward("squared_error_backward", call); }
void squared_error_backward_run(const fastnn_call& call) {
  run_backward(call, 1.2, [](const auto& kernels) { return kernels.squared_error_backward; });
}

size_t absolute_error_infer(const fastnn_call& call) { return infer("absolute_error", call); }
void absolute_error_run(const fastnn_call& call) {
  run(call, 0.8, [](const auto& kernels) { return kernels.absolute_error; });
}
size_t absolute_error_backward_infer(const fastnn_call& call) {
  return infer_backward("absolute_error_backward", call);
}
void absolute_error_backward_run(const fastnn_call& call) {
  run_backward(call, 1.2, [](const auto& kernels) { return kernels.absolute_error_backward; });
}

size_t huber_infer(const fastnn_call& call) {
  check_delta("huber", attributes<fastnn_huber_attributes>(call).delta);
  return infer("huber", call);
}
void huber_run(const fastnn_call& call) {
  const double delta = attributes<fastnn_huber_attributes>(call).delta;
  run(call, 0.8, [](const auto& kernels) { return kernels.huber; }, delta);
}
size_t huber_backward_infer(const fastnn_call& call) {
  check_delta("huber_backward", attributes<fastnn_huber_backward_attributes>(call).delta);
  return infer_backward("huber_backward", call);
}
void huber_backward_run(const fastnn_call& call) {
  const double delta = attributes<fastnn_huber_backward_attributes>(call).delta;
  run_backward(call, 1.2, [](const auto& kernels) { return kernels.huber_backward; }, delta);
}

size_t binary_cross_entropy_infer(const fastnn_call& call) { return infer("binary_cross_entropy", call); }
void binary_cross_entropy_run(const fastnn_call& call) {
  const bool from_logits = attributes<fastnn_binary_cross_entropy_attributes>(call).from_logits != 0;
  const auto pick = [=](const auto& kernels) {
    return
        [=, kernel = kernels.binary_cross_entropy](auto* loss, const auto* p, const auto* t, int64_t rows, int64_t n,
                                                   auto epsilon) { kernel(loss, p, t, rows, n, from_logits, epsilon); };
  };
  run(call, 1.5, pick, kEpsilon);
}
size_t binary_cross_entropy_backward_infer(const fastnn_call& call) {
  return infer_backward("binary_cross_entropy_backward", call);
}
void binary_cross_entropy_backward_run(const fastnn_call& call) {
  const bool from_logits = attributes<fastnn_binary_cross_entropy_backward_attributes>(call).from_logits != 0;
  const auto pick = [=](const auto& kernels) {
    return [=, kernel = kernels.binary_cross_entropy_backward](
               auto* dp, const auto* dloss, const auto* p, const auto* t, int64_t rows, int64_t n, auto epsilon,
               bool accumulate) { kernel(dp, dloss, p, t, rows, n, from_logits, epsilon, accumulate); };
  };
  run_backward(call, 1.5, pick, kEpsilon);
}

size_t binary_accuracy_infer(const fastnn_call& call) { return infer("binary_accuracy", call); }
void binary_accuracy_run(const fastnn_call& call) {
  const double threshold = attributes<fastnn_binary_accuracy_attributes>(call).threshold;
  run(call, 0.8, [](const auto& kernels) { return kernels.binary_accuracy; }, threshold);
}

}  // namespace fastnn::ops
