// batch_normalization.cpp: statistics of each channel (the last axis), normalisation by them, and its gradient, on the
// lines and sums of channel_lines.h.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/channel_lines.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

Lines lines_of(const fastnn_tensor& x) { return channel_lines(element_count(x), x.shape[x.rank - 1]); }

// Room for `kinds` sums of each part and for `arrays` numbers of each column.
size_t workspace_of(const Lines& l, int64_t kinds, int64_t arrays) {
  const int64_t columns = checked_add(checked_multiply(l.parts, kinds), arrays);
  return static_cast<size_t>(checked_multiply(checked_multiply(columns, l.width), sizeof(double)));
}

template <typename Body>
void sum_channels(const fastnn_call& call, const Lines& l, double* sums, int64_t kinds, double nanoseconds,
                  Body&& body) {
  const auto each = [&](int64_t parts, auto&& piece) { parallel_for(*call.context, parts, nanoseconds, piece); };
  sum_lines(l, sums, kinds, each, body);
}

template <typename Body>
void over_chunks(const fastnn_call& call, const Lines& l, double nanoseconds, Body&& body) {
  parallel_for(*call.context, l.chunks(), nanoseconds, [&](int64_t chunk) { over_lines(l, l.chunk(chunk), body); });
}

double bandwidth_nanoseconds(const Lines& l, const fastnn_tensor& x, int arrays) {
  return static_cast<double>(l.elements * item_size(x.dtype) * arrays) / 10;
}

void check_x(const char* op, const fastnn_tensor& x) {
  check_float(op, "x", x);
  if (x.rank == 0) value_error(op, ": expected x (..., channels), got ()");
}

void check_channels(const char* op, const char* argument, const fastnn_tensor& t, const fastnn_tensor& x) {
  check_same_dtype(op, argument, t, "x", x);
  check_shape(op, argument, t, {x.shape[x.rank - 1]});
}

void check_epsilon(const char* op, double epsilon) {
  check_value(std::isfinite(epsilon) && epsilon > 0, op, "epsilon", "finite and above 0", epsilon);
}

}  // namespace

size_t batch_statistics_infer(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_x("batch_statistics", x);
  for (int64_t i = 0; i < 2; ++i) set_output(&output(call, i), x.dtype, x.device, {x.shape[x.rank - 1]});
  return workspace_of(lines_of(x), 2, 1);
}

void batch_statistics_run(const fastnn_call& call) {
  const fastnn_tensor& input_x = input(call, 0);
  const Lines l = lines_of(input_x);
  if (l.channels == 0) return;
  auto* const sums = static_cast<double*>(call.workspace);
  const double nanoseconds = bandwidth_nanoseconds(l, input_x, 1);
  with_float_type(input_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const x = data<T>(input_x);
    T *const mean = data<T>(output(call, 0)), *const variance = data<T>(output(call, 1));
    // Differences from the first row: sums of their squares lose no more than a factor of the number of rows, for that
    // row's own distance from the mean is part of the variance.
    T* const origin = reinterpret_cast<T*>(sums + 2 * l.parts * l.width);
    // From an infinity they would all be NaN.
    std::transform(x, x + (l.elements == 0 ? 0 : l.channels), origin, [](T v) { return std::isfinite(v) ? v : T{0}; });
    if (l.elements > 0) repeat_channels(origin, l);
    sum_channels(call, l, sums, 2, nanoseconds, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
      table<T>().sum_moments_columns(own, own + l.width, x + at, origin, rows, columns);
    });
    for (int64_t c = 0; c < l.channels; ++c) {
      const double shift = sums[c] / l.rows();
      mean[c] = static_cast<T>(origin[c] + shift);
      variance[c] = static_cast<T>(std::max(sums[l.width + c] / l.rows() - shift * shift, 0.0));
    }
  });
}

size_t batch_normalization_infer(const fastnn_call& call) {
  const char* op = "batch_normalization";
  const fastnn_tensor& x = input(call, 0);
  check_x(op, x);
  const char* const names[] = {"x", "mean", "variance", "gamma", "beta"};
  for (int64_t i = 1; i < 5; ++i) {
    if (has_input(call, i)) check_channels(op, names[i], input(call, i), x);
  }
  check_epsilon(op, attributes<fastnn_batch_normalization_attributes>(call).epsilon);
  set_output_like(&output(call, 0), x);
  return workspace_of(lines_of(x), 0, 3);
}

void batch_normalization_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const Lines l = lines_of(x);
  if (l.elements == 0) return;
  const auto& a = attributes<fastnn_batch_normalization_attributes>(call);
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const mean = static_cast<T*>(call.workspace);
    T *const scale = mean + l.width, *const shift = scale + l.width;
    for (int64_t c = 0; c < l.channels; ++c) {
      const double gamma = has_input(call, 3) ? data<T>(input(call, 3))[c] : 1.0;
      mean[c] = data<T>(input(call, 1))[c];
      scale[c] = static_cast<T>(gamma / std::sqrt(data<T>(input(call, 2))[c] + a.epsilon));
      shift[c] = has_input(call, 4) ? data<T>(input(call, 4))[c] : T(0);
    }
    for (T* line : {mean, scale, shift}) repeat_channels(line, l);
    const bool relu = a.activation == FASTNN_BATCH_NORMALIZATION_ACTIVATION_RELU;
    over_chunks(call, l, bandwidth_nanoseconds(l, x, 2), [&](int64_t at, int64_t rows, int64_t columns) {
      table<T>().normalize_columns(data<T>(output(call, 0)) + at, data<T>(x) + at, mean, scale, shift, rows, columns,
                                   relu);
    });
  });
}

size_t batch_normalization_backward_infer(const fastnn_call& call) {
  const char* op = "batch_normalization_backward";
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  check_x(op, x);
  check_same_dtype(op, "dy", dy, "x", x);
  check_same_shape(op, "dy", dy, x);
  const char* const names[] = {"dy", "x", "mean", "variance", "gamma", "beta"};
  for (int64_t i = 2; i < 6; ++i) {
    if (has_input(call, i)) check_channels(op, names[i], input(call, i), x);
  }
  check_epsilon(op, attributes<fastnn_batch_normalization_backward_attributes>(call).epsilon);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, {x.shape[x.rank - 1]});
  }
  return workspace_of(lines_of(x), 2, 5);
}

void batch_normalization_backward_run(const fastnn_call& call) {
  const fastnn_tensor &input_dy = input(call, 0), &input_x = input(call, 1);
  const auto& a = attributes<fastnn_batch_normalization_backward_attributes>(call);
  const Lines l = lines_of(input_x);
  if (l.channels == 0) return;
  auto* const sums = static_cast<double*>(call.workspace);
  double* const products = sums + l.width;
  const bool training = a.training != 0;
  with_float_type(input_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *const dy = data<T>(input_dy), *const x = data<T>(input_x);
    T* const mean = reinterpret_cast<T*>(sums + 2 * l.parts * l.width);
    T *const scale = mean + l.width, *const offset = scale + l.width, *const slope = offset + l.width;
    T* const shift = a.activation == FASTNN_BATCH_NORMALIZATION_BACKWARD_ACTIVATION_RELU ? slope + l.width : nullptr;
    for (int64_t c = 0; c < l.channels; ++c) {
      const double gamma = has_input(call, 4) ? data<T>(input(call, 4))[c] : 1.0;
      mean[c] = data<T>(input(call, 2))[c];
      scale[c] = static_cast<T>(gamma / std::sqrt(data<T>(input(call, 3))[c] + a.epsilon));  // batch_normalization's
      if (shift != nullptr) shift[c] = has_input(call, 5) ? data<T>(input(call, 5))[c] : T(0);
    }
    for (T* line : {mean, scale, shift}) {
      if (line != nullptr) repeat_channels(line, l);
    }
    std::fill(sums, sums + 2 * l.width, 0.0);  // what an inference that wants dx alone finds
    if (training || wants_output(call, 1) || wants_output(call, 2)) {
      const double nanoseconds = bandwidth_nanoseconds(l, input_x, 2);
      sum_channels(call, l, sums, 2, nanoseconds, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
        table<T>().sum_products_columns(own, own + l.width, dy + at, x + at, mean, scale, shift, rows, columns);
      });
    }
    for (int64_t c = 0; c < l.channels; ++c) {
      const double inverse = 1.0 / std::sqrt(data<T>(input(call, 3))[c] + a.epsilon);
      offset[c] = static_cast<T>(scale[c] * (sums[c] / l.rows()));
      slope[c] = static_cast<T>(scale[c] * (products[c] / l.rows() * inverse * inverse));
      if (wants_output(call, 1)) data<T>(output(call, 1))[c] = static_cast<T>(products[c] * inverse);
      if (wants_output(call, 2)) data<T>(output(call, 2))[c] = static_cast<T>(sums[c]);
    }
    if (!wants_output(call, 0)) return;
    for (T* line : {offset, slope}) repeat_channels(line, l);
    T* const dx = data<T>(output(call, 0));
    over_chunks(call, l, bandwidth_nanoseconds(l, input_x, 3), [&](int64_t at, int64_t rows, int64_t columns) {
      table<T>().normalize_columns_backward(dx + at, dy + at, x + at, mean, scale, shift, training ? offset : nullptr,
                                            slope, rows, columns, accumulates(call, 0));
    });
  });
}

}  // namespace fastnn::ops
