// batch_normalization.cpp: statistics of each channel (the last axis), normalisation by them, and its gradient. Rows of
// few channels are joined into lines of 64 columns or more. Sums go part by part in double and parts are added in their
// order; where parts begin follows from the shape.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kPartElements = 64 * 1024;
constexpr int64_t kMostParts = 64;
constexpr int64_t kChunkElements = 16 * 1024;

// x as lines of `width` elements, the last perhaps shorter; column i holds channel i % channels.
struct Lines {
  int64_t elements, channels, width, count, part_count, parts;
  double rows() const { return static_cast<double>(elements) / static_cast<double>(channels); }
};

Lines lines_of(const fastnn_tensor& x) {
  Lines l{element_count(x), x.shape[x.rank - 1], 0, 0, 1, 0};
  int64_t fold = 1;
  if (l.channels > 0 && l.channels < 64) {
    fold = 16 / std::gcd(l.channels, int64_t{16});  // whole vectors of every level
    while (fold * l.channels < 64) fold *= 2;
  }
  l.width = std::max<int64_t>(fold * l.channels, 1);
  l.count = ceil_divide(l.elements, l.width);
  const int64_t wanted = std::clamp<int64_t>(l.elements / kPartElements, 1, kMostParts);
  l.part_count = std::max<int64_t>(ceil_divide(l.count, wanted), 1);
  l.parts = std::max<int64_t>(ceil_divide(l.count, l.part_count), 1);
  return l;
}

// Calls body(first element, rows, columns) for lines [begin, end): whole ones, then the shorter one.
template <typename Body>
void over_lines(const Lines& l, Range range, Body&& body) {
  const int64_t whole = std::min(range.end, l.elements / l.width);
  if (range.begin < whole) body(range.begin * l.width, whole - range.begin, l.width);
  if (range.end > whole) body(whole * l.width, 1, l.elements - whole * l.width);
}

// Room for `kinds` sums of each part and for `arrays` numbers of each column.
size_t workspace_of(const Lines& l, int64_t kinds, int64_t arrays) {
  const int64_t columns = checked_add(checked_multiply(l.parts, kinds), arrays);
  return static_cast<size_t>(checked_multiply(checked_multiply(columns, l.width), sizeof(double)));
}

// Sums of `kinds` things per channel, body(sums, first element, rows, columns) adding the kinds `width` apart; leaves
// the total of kind k and channel c at sums[k * width + c].
template <typename Body>
void sum_channels(const fastnn_call& call, const Lines& l, double* sums, int64_t kinds, double nanoseconds,
                  Body&& body) {
  const int64_t size = kinds * l.width;
  parallel_for(*call.context, l.parts, nanoseconds, [&](int64_t part) {
    double* const own = sums + part * size;
    std::fill(own, own + size, 0.0);
    over_lines(l, chunk_range(part, l.count, l.part_count),
               [&](int64_t at, int64_t rows, int64_t columns) { body(own, at, rows, columns); });
  });
  for (int64_t part = 1; part < l.parts; ++part) {
    for (int64_t i = 0; i < size; ++i) sums[i] += sums[part * size + i];
  }
  for (int64_t kind = 0; kind < kinds; ++kind) {
    double* const own = sums + kind * l.width;
    for (int64_t i = l.channels; i < l.width; ++i) own[i % l.channels] += own[i];
  }
}

// Repeats the first `channels` numbers of a line up to its width.
template <typename T>
void repeat_channels(T* line, const Lines& l) {
  for (int64_t i = l.channels; i < l.width; ++i) line[i] = line[i - l.channels];
}

template <typename Body>
void over_chunks(const fastnn_call& call, const Lines& l, double nanoseconds, Body&& body) {
  const int64_t grain = std::max<int64_t>(1, kChunkElements / l.width);
  parallel_for(*call.context, ceil_divide(l.count, grain), nanoseconds,
               [&](int64_t chunk) { over_lines(l, chunk_range(chunk, l.count, grain), body); });
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
  return workspace_of(lines_of(x), 1, 1);
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
    T* const center = reinterpret_cast<T*>(sums + l.parts * l.width);
    sum_channels(call, l, sums, 1, nanoseconds, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
      table<T>().sum_columns(own, x + at, rows, columns, columns, true);
    });
    for (int64_t c = 0; c < l.channels; ++c) center[c] = mean[c] = static_cast<T>(sums[c] / l.rows());
    repeat_channels(center, l);
    sum_channels(call, l, sums, 1, nanoseconds, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
      table<T>().sum_squares_columns(own, x + at, center, rows, columns);
    });
    for (int64_t c = 0; c < l.channels; ++c) variance[c] = static_cast<T>(sums[c] / l.rows());
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
  const double epsilon = attributes<fastnn_batch_normalization_attributes>(call).epsilon;
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const mean = static_cast<T*>(call.workspace);
    T *const scale = mean + l.width, *const shift = scale + l.width;
    for (int64_t c = 0; c < l.channels; ++c) {
      const double gamma = has_input(call, 3) ? data<T>(input(call, 3))[c] : 1.0;
      mean[c] = data<T>(input(call, 1))[c];
      scale[c] = static_cast<T>(gamma / std::sqrt(data<T>(input(call, 2))[c] + epsilon));
      shift[c] = has_input(call, 4) ? data<T>(input(call, 4))[c] : T(0);
    }
    for (T* line : {mean, scale, shift}) repeat_channels(line, l);
    over_chunks(call, l, bandwidth_nanoseconds(l, x, 2), [&](int64_t at, int64_t rows, int64_t columns) {
      table<T>().normalize_columns(data<T>(output(call, 0)) + at, data<T>(x) + at, mean, scale, shift, rows, columns);
    });
  });
}

size_t batch_normalization_backward_infer(const fastnn_call& call) {
  const char* op = "batch_normalization_backward";
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  check_x(op, x);
  check_same_dtype(op, "dy", dy, "x", x);
  check_same_shape(op, "dy", dy, x);
  const char* const names[] = {"dy", "x", "mean", "variance", "gamma"};
  for (int64_t i = 2; i < 5; ++i) {
    if (has_input(call, i)) check_channels(op, names[i], input(call, i), x);
  }
  check_epsilon(op, attributes<fastnn_batch_normalization_backward_attributes>(call).epsilon);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, {x.shape[x.rank - 1]});
  }
  return workspace_of(lines_of(x), 2, 4);
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
    std::copy_n(data<T>(input(call, 2)), l.channels, mean);
    repeat_channels(mean, l);
    std::fill(sums, sums + 2 * l.width, 0.0);  // what an inference that wants dx alone finds
    if (training || wants_output(call, 1) || wants_output(call, 2)) {
      const double nanoseconds = bandwidth_nanoseconds(l, input_x, 2);
      sum_channels(call, l, sums, 2, nanoseconds, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
        table<T>().sum_products_columns(own, own + l.width, dy + at, x + at, mean, rows, columns);
      });
    }
    for (int64_t c = 0; c < l.channels; ++c) {
      const double inverse = 1.0 / std::sqrt(data<T>(input(call, 3))[c] + a.epsilon);
      const double gamma = has_input(call, 4) ? data<T>(input(call, 4))[c] : 1.0;
      scale[c] = static_cast<T>(gamma * inverse);
      offset[c] = static_cast<T>(sums[c] / l.rows());
      slope[c] = static_cast<T>(products[c] / l.rows() * inverse * inverse);
      if (wants_output(call, 1)) data<T>(output(call, 1))[c] = static_cast<T>(products[c] * inverse);
      if (wants_output(call, 2)) data<T>(output(call, 2))[c] = static_cast<T>(sums[c]);
    }
    if (!wants_output(call, 0)) return;
    for (T* line : {scale, offset, slope}) repeat_channels(line, l);
    T* const dx = data<T>(output(call, 0));
    over_chunks(call, l, bandwidth_nanoseconds(l, input_x, 3), [&](int64_t at, int64_t rows, int64_t columns) {
      table<T>().normalize_columns_backward(dx + at, dy + at, x + at, mean, scale, training ? offset : nullptr, slope,
                                            rows, columns, accumulates(call, 0));
    });
  });
}

}  // namespace fastnn::ops
