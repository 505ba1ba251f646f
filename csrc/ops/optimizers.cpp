// optimizers.cpp: one call updates every parameter of a model. The elements of all parameters, end to end, are cut into
// chunks of one size, so a large matrix and many small biases spread over threads alike. Inputs stand group by group:
// all parameters, all gradients, then the state of each; an absent list stands as nulls.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

struct Group {
  const char* name;
  bool updated;
};
constexpr Group kSgdGroups[] = {{"parameters", true}, {"gradients", false}, {"velocities", true}};
constexpr Group kAdamGroups[] = {
    {"parameters", true}, {"gradients", false}, {"first_moments", true}, {"second_moments", true}};

void check_member(const char* op, const Group& group, int64_t index, const fastnn_tensor& t,
                  const fastnn_tensor& parameter, fastnn_dtype dtype) {
  if (!(t.dtype == dtype)) {
    type_error(op, ": expected ", group.name, "[", index, "] of dtype ", dtype_name(dtype), ", got ",
               dtype_name(t.dtype));
  }
  if (!same_shape(t, parameter)) {
    value_error(op, ": expected ", group.name, "[", index, "] ", shape_text(parameter), ", got ", shape_text(t));
  }
  if (group.updated && !is_contiguous(t)) {
    value_error(op, ": expected ", group.name, "[", index, "] contiguous, got strides ", shape_text(t.rank, t.strides));
  }
}

// Checks that the inputs are `group_count` lists of one length whose members match; the lists after the first `used`
// must be absent, which nulls say.
void check_groups(const char* op, const fastnn_call& call, const Group* groups, int64_t group_count, int64_t used) {
  if (call.input_count % group_count != 0) {
    value_error(op, ": expected ", group_count, " lists of one length (", groups[0].name, " to ",
                groups[group_count - 1].name, "), got ", call.input_count, " tensors");
  }
  const int64_t count = call.input_count / group_count;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const Group& group = groups[i / count];
    const bool wanted = i / count < used;
    if (has_input(call, i) != wanted) {
      value_error(op, ": expected ", wanted ? "" : "no ", group.name, "[", i % count, "], got ",
                  wanted ? "nothing" : "a tensor");
    }
    if (!wanted) continue;
    if (i == 0) check_float(op, "parameters[0]", input(call, 0));
    check_member(op, group, i % count, input(call, i), input(call, i % count), input(call, 0).dtype);
  }
}

// Calls body(parameter, begin, count) for runs of elements of one parameter that together cover everything; bytes is
// what an element moves.
template <typename Body>
void for_each_run(const fastnn_call& call, int64_t count, double bytes, Body&& body) {
  int64_t total = 0;
  for (int64_t i = 0; i < count; ++i) total = checked_add(total, element_count(input(call, i)));
  parallel_for(*call.context, ceil_divide(total, kChunkElements), static_cast<double>(total) * bytes / 10,
               [&](int64_t chunk) {
                 const Range range = chunk_range(chunk, total, kChunkElements);
                 int64_t start = 0;  // of parameter i in the list of all elements
                 for (int64_t i = 0; i < count && start < range.end; ++i) {
                   const int64_t size = element_count(input(call, i));
                   const int64_t begin = std::max<int64_t>(range.begin - start, 0);
                   const int64_t end = std::min(range.end - start, size);
                   if (begin < end) body(i, begin, end - begin);
                   start += size;
                 }
               });
}

void check_learning_rate(const char* op, double rate) {
  check_value(std::isfinite(rate) && rate >= 0, op, "learning_rate", "finite and at least 0", rate);
}

void check_fraction(const char* op, const char* name, double value) {
  check_value(value >= 0 && value < 1, op, name, "in [0, 1)", value);
}

}  // namespace

size_t sgd_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sgd_update_attributes>(call);
  check_learning_rate("sgd_update", a.learning_rate);
  check_fraction("sgd_update", "momentum", a.momentum);
  check_groups("sgd_update", call, kSgdGroups, 3, a.momentum == 0 ? 2 : 3);
  return 0;
}

void sgd_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sgd_update_attributes>(call);
  const int64_t count = call.input_count / 3;
  if (count == 0) return;
  with_float_type(input(call, 0).dtype, [&](auto zero) {
    using T = decltype(zero);
    const double bytes = (a.momentum == 0 ? 3.0 : 5.0) * sizeof(T);
    for_each_run(call, count, bytes, [&](int64_t i, int64_t begin, int64_t size) {
      T* velocity = has_input(call, 2 * count + i) ? data<T>(input(call, 2 * count + i)) + begin : nullptr;
      table<T>().sgd_update(data<T>(input(call, i)) + begin, velocity, data<T>(input(call, count + i)) + begin, size,
                            static_cast<T>(a.learning_rate), static_cast<T>(a.momentum), a.nesterov != 0);
    });
  });
}

size_t adam_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const char* op = "adam_update";
  check_learning_rate(op, a.learning_rate);
  check_value(a.iterations >= 0, op, "iterations", "at least 0", static_cast<double>(a.iterations));
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_value(std::isfinite(a.epsilon) && a.epsilon > 0, op, "epsilon", "finite and above 0", a.epsilon);
  check_groups(op, call, kAdamGroups, 4, 4);
  return 0;
}

void adam_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const int64_t count = call.input_count / 4;
  if (count == 0) return;
  const double t = static_cast<double>(a.iterations) + 1;
  const double alpha = a.learning_rate * std::sqrt(1 - std::pow(a.beta_2, t)) / (1 - std::pow(a.beta_1, t));
  with_float_type(input(call, 0).dtype, [&](auto zero) {
    using T = decltype(zero);
    for_each_run(call, count, 7.0 * sizeof(T), [&](int64_t i, int64_t begin, int64_t size) {
      T* w = data<T>(input(call, i)) + begin;
      const T* g = data<T>(input(call, count + i)) + begin;
      T* m = data<T>(input(call, 2 * count + i)) + begin;
      T* v = data<T>(input(call, 3 * count + i)) + begin;
      table<T>().adam_update(w, m, v, g, size, static_cast<T>(alpha), static_cast<T>(1 - a.beta_1),
                             static_cast<T>(1 - a.beta_2), static_cast<T>(a.epsilon));
    });
  });
}

}  // namespace fastnn::ops
