// group_normalization.cpp: normalisation of each sample's groups of neighbouring channels, and its gradient, on the
// lines and sums of channel_lines.h: a group's sums are those of its channels. Many samples run side by side; of few,
// one after the other, the parts do. A sample's bits depend on the sample alone; the gradients of gamma and beta are
// summed in double over lanes of samples, and the lanes added in their order.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/channel_lines.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

struct Groups {
  int64_t batch, groups, channels;  // channels of a group
  Lines lines;                      // of a sample
  int64_t lanes;

  double size() const { return static_cast<double>(channels) * lines.rows(); }  // elements of a group
};

// Checks x and groups.
Groups groups_of(const char* op, const fastnn_tensor& x, int64_t groups) {
  check_float(op, "x", x);
  if (x.rank < 2) value_error(op, ": expected x (batch, ..., channels), got ", shape_text(x));
  const int64_t channels = x.shape[x.rank - 1];
  if (groups < 1 || channels % groups != 0) {
    value_error(op, ": expected groups that divide the ", channels, " channels of x, got ", groups);
  }
  Groups g{x.shape[0], groups, channels / groups, channel_lines(element_count(x.rank - 1, x.shape + 1), channels), 1};
  constexpr int64_t kFewSamples = 8, kMostLanes = 64;
  if (g.lines.parts == 1 || g.batch > kFewSamples) g.lanes = std::clamp<int64_t>(g.batch, 1, kMostLanes);
  return g;
}

void check_channels(const char* op, const char* argument, const fastnn_tensor& t, const fastnn_tensor& x) {
  check_same_dtype(op, argument, t, "x", x);
  check_shape(op, argument, t, {x.shape[x.rank - 1]});
}

// Numbers of scratch a lane has: sums of every part and lines.
int64_t scratch_size(const Groups& g, int64_t kinds, int64_t lines) {
  return checked_multiply(checked_add(checked_multiply(g.lines.parts, kinds), lines), g.lines.width);
}

size_t workspace_of(const Groups& g, int64_t numbers) {
  return static_cast<size_t>(checked_multiply(checked_multiply(g.lanes, numbers), sizeof(double)));
}

// Calls body(sample, lane, each) for every sample; each(pieces, piece) calls piece(index) for what a sample is cut into.
template <typename Body>
void over_samples(const fastnn_call& call, const Groups& g, int arrays, int64_t item, Body&& body) {
  const double nanoseconds = static_cast<double>(g.lines.elements * item * arrays) / 10;
  if (g.lanes > 1) {
    parallel_for(*call.context, g.lanes, nanoseconds * static_cast<double>(g.batch), [&](int64_t lane) {
      for (int64_t sample = lane; sample < g.batch; sample += g.lanes) {
        body(sample, lane, [](int64_t pieces, auto&& piece) {
          for (int64_t i = 0; i < pieces; ++i) piece(i);
        });
      }
    });
    return;
  }
  for (int64_t sample = 0; sample < g.batch; ++sample) {
    body(sample, 0, [&](int64_t pieces, auto&& piece) { parallel_for(*call.context, pieces, nanoseconds, piece); });
  }
}

// The sum over a group of what weight(channel) times sums says.
template <typename Weight>
double group_sum(const Groups& g, int64_t group, const double* sums, Weight&& weight) {
  double sum = 0;
  for (int64_t c = group * g.channels; c < (group + 1) * g.channels; ++c) sum += weight(c) * sums[c];
  return sum;
}

// A line with the same number for all channels of a group.
template <typename T, typename Value>
void fill_line(T* line, const Groups& g, Value&& value) {
  for (int64_t group = 0; group < g.groups; ++group) {
    std::fill_n(line + group * g.channels, g.channels, static_cast<T>(value(group)));
  }
  repeat_channels(line, g.lines);
}

template <typename T>
const T* optional_data(const fastnn_call& call, int64_t index) {
  return has_input(call, index) ? data<T>(input(call, index)) : nullptr;
}

}  // namespace

size_t group_normalization_infer(const fastnn_call& call) {
  const char* op = "group_normalization";
  const fastnn_tensor& x = input(call, 0);
  const auto& a = attributes<fastnn_group_normalization_attributes>(call);
  const Groups g = groups_of(op, x, a.groups);
  if (has_input(call, 1)) check_channels(op, "gamma", input(call, 1), x);
  if (has_input(call, 2)) check_channels(op, "beta", input(call, 2), x);
  check_value(std::isfinite(a.epsilon) && a.epsilon > 0, op, "epsilon", "finite and above 0", a.epsilon);
  set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, {g.batch, g.groups});
  }
  return workspace_of(g, scratch_size(g, 1, 3));
}

void group_normalization_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  const auto& a = attributes<fastnn_group_normalization_attributes>(call);
  const Groups g = groups_of("group_normalization", x, a.groups);
  const Lines& l = g.lines;
  if (l.channels == 0) return;
  auto* const workspace = static_cast<double*>(call.workspace);
  over_samples(call, g, 4, item_size(x.dtype), [&](int64_t sample, int64_t lane, auto&& each) {
    double* const sums = workspace + lane * scratch_size(g, 1, 3);
    with_float_type(x.dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* const from = data<T>(x) + sample * l.elements;
      const T *const gamma = optional_data<T>(call, 1), *const beta = optional_data<T>(call, 2);
      T* const center = reinterpret_cast<T*>(sums + l.parts * l.width);
      T *const scale = center + l.width, *const shift = scale + l.width;
      const auto mean_of = [&](int64_t group) {
        return group_sum(g, group, sums, [](int64_t) { return 1.0; }) / g.size();
      };
      sum_lines(l, sums, 1, each, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
        table<T>().sum_columns(own, from + at, rows, columns, columns, true);
      });
      fill_line(center, g, mean_of);
      sum_lines(l, sums, 1, each, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
        table<T>().sum_squares_columns(own, from + at, center, rows, columns);
      });
      fill_line(scale, g, [&](int64_t group) { return 1.0 / std::sqrt(mean_of(group) + a.epsilon); });
      for (int64_t group = 0; group < g.groups; ++group) {
        const int64_t at = sample * g.groups + group;
        if (wants_output(call, 1)) data<T>(output(call, 1))[at] = center[group * g.channels];
        if (wants_output(call, 2)) data<T>(output(call, 2))[at] = scale[group * g.channels];
      }
      for (int64_t i = 0; i < l.width; ++i) {
        if (gamma != nullptr) scale[i] *= gamma[i % l.channels];
        shift[i] = beta == nullptr ? T(0) : beta[i % l.channels];
      }
      each(l.chunks(), [&](int64_t chunk) {
        over_lines(l, l.chunk(chunk), [&](int64_t at, int64_t rows, int64_t columns) {
          T* const to = data<T>(output(call, 0)) + sample * l.elements + at;
          table<T>().normalize_columns(to, from + at, center, scale, shift, rows, columns, false);
        });
      });
    });
  });
}

size_t group_normalization_backward_infer(const fastnn_call& call) {
  const char* op = "group_normalization_backward";
  const fastnn_tensor &dy = input(call, 0), &x = input(call, 1);
  const Groups g = groups_of(op, x, attributes<fastnn_group_normalization_backward_attributes>(call).groups);
  check_same_dtype(op, "dy", dy, "x", x);
  check_same_shape(op, "dy", dy, x);
  const char* const names[] = {"dy", "x", "mean", "inverse_deviation"};
  for (int64_t i = 2; i < 4; ++i) {
    check_same_dtype(op, names[i], input(call, i), "x", x);
    check_shape(op, names[i], input(call, i), {g.batch, g.groups});
  }
  if (has_input(call, 4)) check_channels(op, "gamma", input(call, 4), x);
  if (wants_output(call, 0)) set_output_like(&output(call, 0), x);
  for (int64_t i = 1; i < 3; ++i) {
    if (wants_output(call, i)) set_output(&output(call, i), x.dtype, x.device, {g.lines.channels});
  }
  return workspace_of(g, scratch_size(g, 2, 6));
}

void group_normalization_backward_run(const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 1);
  const Groups g = groups_of("group_normalization_backward", x,
                             attributes<fastnn_group_normalization_backward_attributes>(call).groups);
  const Lines& l = g.lines;
  if (l.channels == 0) return;
  auto* const workspace = static_cast<double*>(call.workspace);
  // a lane has its sums of dgamma and dbeta, then sums and lines of the sample at hand
  const int64_t lane_size = scratch_size(g, 2, 6);
  for (int64_t lane = 0; lane < g.lanes; ++lane) std::fill_n(workspace + lane * lane_size, 2 * l.width, 0.0);
  over_samples(call, g, 5, item_size(x.dtype), [&](int64_t sample, int64_t lane, auto&& each) {
    double *const totals = workspace + lane * lane_size, *const sums = totals + 2 * l.width;
    double* const products = sums + l.width;
    with_float_type(x.dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* const dy = data<T>(input(call, 0)) + sample * l.elements;
      const T* const from = data<T>(x) + sample * l.elements;
      const T* const mean = data<T>(input(call, 2)) + sample * g.groups;
      const T* const inverse = data<T>(input(call, 3)) + sample * g.groups;
      const T* const gamma = optional_data<T>(call, 4);
      T* const center = reinterpret_cast<T*>(sums + 2 * l.parts * l.width);
      T *const scale = center + l.width, *const offset = scale + l.width, *const slope = offset + l.width;
      fill_line(center, g, [&](int64_t group) { return mean[group]; });
      sum_lines(l, sums, 2, each, [&](double* own, int64_t at, int64_t rows, int64_t columns) {
        table<T>().sum_products_columns(own, own + l.width, dy + at, from + at, center, nullptr, nullptr, rows,
                                        columns);
      });
      for (int64_t c = 0; c < l.channels; ++c) {
        totals[c] += products[c] * static_cast<double>(inverse[c / g.channels]);
        totals[l.width + c] += sums[c];
      }
      if (!wants_output(call, 0)) return;
      const auto weight = [=](int64_t c) { return gamma == nullptr ? 1.0 : static_cast<double>(gamma[c]); };
      fill_line(scale, g, [&](int64_t group) { return inverse[group]; });
      fill_line(offset, g, [&](int64_t group) {
        return static_cast<double>(inverse[group]) * group_sum(g, group, sums, weight) / g.size();
      });
      fill_line(slope, g, [&](int64_t group) {
        const auto deviation = static_cast<double>(inverse[group]);
        return deviation * deviation * deviation * group_sum(g, group, products, weight) / g.size();
      });
      for (int64_t i = 0; gamma != nullptr && i < l.width; ++i) scale[i] *= gamma[i % l.channels];
      each(l.chunks(), [&](int64_t chunk) {
        over_lines(l, l.chunk(chunk), [&](int64_t at, int64_t rows, int64_t columns) {
          T* const to = data<T>(output(call, 0)) + sample * l.elements + at;
          table<T>().normalize_columns_backward(to, dy + at, from + at, center, scale, nullptr, offset, slope, rows,
                                                columns, accumulates(call, 0));
        });
      });
    });
  });
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t kind = 0; kind < 2; ++kind) {
      if (!wants_output(call, kind + 1)) continue;
      for (int64_t c = 0; c < l.channels; ++c) {
        double sum = 0;
        for (int64_t lane = 0; lane < g.lanes; ++lane) sum += workspace[lane * lane_size + kind * l.width + c];
        data<T>(output(call, kind + 1))[c] = static_cast<T>(sum);
      }
    }
  });
}

}  // namespace fastnn::ops
