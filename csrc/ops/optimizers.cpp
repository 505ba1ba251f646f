// optimizers.cpp: one call updates every parameter of a model. The elements of all parameters, end to end, are cut into
// chunks of one size, so a large matrix and many small biases spread over threads alike. Inputs stand group by group:
// all parameters, all gradients, then the state of each; an absent list stands as nulls. Weight decay and clipping,
// which every update shares, ride along: clipping by norm reads the gradients once more, nothing else does.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

// A list of tensors; `updated` ones are written.
struct Group {
  const char* name;
  bool updated;
};

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

// Checks that the inputs are one list for each group, all of one length, whose members match. A group whose bit is set
// in `absent` must be absent, which nulls say.
void check_groups(const char* op, const fastnn_call& call, std::span<const Group> groups, uint32_t absent) {
  const auto group_count = static_cast<int64_t>(groups.size());
  if (call.input_count % group_count != 0) {
    value_error(op, ": expected ", group_count, " lists of one length (", groups.front().name, " to ",
                groups.back().name, "), got ", call.input_count, " tensors");
  }
  const int64_t count = call.input_count / group_count;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const Group& group = groups[static_cast<size_t>(i / count)];
    const bool wanted = ((absent >> (i / count)) & 1) == 0;
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

void check_not_negative(const char* op, const char* name, double value) {
  check_value(std::isfinite(value) && value >= 0, op, name, "finite and at least 0", value);
}

void check_fraction(const char* op, const char* name, double value) {
  check_value(value >= 0 && value < 1, op, name, "in [0, 1)", value);
}

void check_epsilon(const char* op, double value) {
  check_value(std::isfinite(value) && value > 0, op, "epsilon", "finite and above 0", value);
}

void check_iterations(const char* op, int64_t value) {
  check_value(value >= 0, op, "iterations", "at least 0", static_cast<double>(value));
}

int64_t piece_count(const fastnn_call& call, int64_t count) {
  int64_t pieces = 0;
  for (int64_t i = 0; i < count; ++i) pieces += ceil_divide(element_count(input(call, i)), kChunkElements);
  return pieces;
}

// Checks the attributes that all updates share, and the lists; returns the workspace: room for gradient_scales.
template <typename Attributes>
size_t infer(const char* op, const fastnn_call& call, std::span<const Group> groups, uint32_t absent = 0) {
  const auto& a = attributes<Attributes>(call);
  check_not_negative(op, "learning_rate", a.learning_rate);
  check_not_negative(op, "weight_decay", a.weight_decay);
  check_not_negative(op, "clipvalue", a.clipvalue);
  check_not_negative(op, "clipnorm", a.clipnorm);
  check_not_negative(op, "global_clipnorm", a.global_clipnorm);
  if ((a.clipvalue > 0) + (a.clipnorm > 0) + (a.global_clipnorm > 0) > 1) {
    value_error(op, ": expected one of clipvalue, clipnorm and global_clipnorm, got ", a.clipvalue, ", ", a.clipnorm,
                " and ", a.global_clipnorm);
  }
  check_groups(op, call, groups, absent);
  if (a.clipnorm == 0 && a.global_clipnorm == 0) return 0;
  const int64_t count = call.input_count / static_cast<int64_t>(groups.size());
  return static_cast<size_t>(checked_multiply(checked_add(piece_count(call, count), count), sizeof(double)));
}

// What scales a gradient down to a norm of at most `limit`. A norm of NaN makes NaN.
double scale_to_norm(double norm, double limit) { return norm <= limit ? 1.0 : limit / norm; }

// Per gradient, what it is multiplied by. The norms are sums of pieces in a fixed order, in double.
template <typename T>
const double* gradient_scales(const fastnn_call& call, int64_t count, double clipnorm, double global_clipnorm) {
  const int64_t pieces = piece_count(call, count);
  double* const sums = static_cast<double*>(call.workspace);
  double* const scales = sums + pieces;
  const auto work = static_cast<double>(pieces) * kChunkElements * sizeof(T) / 10;
  parallel_for(*call.context, pieces, work, [&](int64_t piece) {
    int64_t first = 0;  // piece of gradient i
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = element_count(input(call, i));
      const int64_t end = first + ceil_divide(size, kChunkElements);
      if (piece < end) {
        const Range range = chunk_range(piece - first, size, kChunkElements);
        table<T>().sum_squares(sums + piece, data<T>(input(call, count + i)) + range.begin, range.end - range.begin);
        return;
      }
      first = end;
    }
  });
  double total = 0;
  for (int64_t i = 0, piece = 0; i < count; ++i) {
    double sum = 0;
    const int64_t end = piece + ceil_divide(element_count(input(call, i)), kChunkElements);
    for (; piece < end; ++piece) sum += sums[piece];
    scales[i] = scale_to_norm(std::sqrt(sum), clipnorm);  // unused when all are clipped together
    total += sum;
  }
  if (global_clipnorm > 0) {
    // as in Keras, one infinity makes every gradient NaN
    const double norm = std::isfinite(total) ? std::sqrt(total) : std::numeric_limits<double>::quiet_NaN();
    std::fill_n(scales, count, scale_to_norm(norm, global_clipnorm));
  }
  return scales;
}

// A run of elements of one parameter: pieces of its lists (null where the list is absent), and its rule.
template <typename T>
struct Run {
  const fastnn_call& call;
  int64_t count, index, begin, size;
  kernels::UpdateRule<T> rule;

  T* list(int64_t group) const {
    const int64_t at = group * count + index;
    return has_input(call, at) ? data<T>(input(call, at)) + begin : nullptr;
  }
};

// Calls body(run, number) for runs that cover all parameters; number(double) is an argument for the kernels.
template <typename Attributes, typename Body>
void run(const fastnn_call& call, std::span<const Group> groups, Body&& body) {
  const auto& a = attributes<Attributes>(call);
  const int64_t count = call.input_count / static_cast<int64_t>(groups.size());
  if (count == 0) return;
  double moved = 0;  // numbers an element moves
  for (size_t group = 0; group < groups.size(); ++group) {
    if (has_input(call, static_cast<int64_t>(group) * count)) moved += groups[group].updated ? 2 : 1;
  }
  with_float_type(input(call, 0).dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool by_norm = a.clipnorm > 0 || a.global_clipnorm > 0;
    const double* const scales = by_norm ? gradient_scales<T>(call, count, a.clipnorm, a.global_clipnorm) : nullptr;
    const double limit = a.clipvalue > 0 ? a.clipvalue : std::numeric_limits<double>::infinity();
    const double keep = 1 - a.learning_rate * a.weight_decay;
    const auto number = [](double value) { return static_cast<T>(value); };
    for_each_run(call, count, moved * sizeof(T), [&](int64_t i, int64_t begin, int64_t size) {
      const double scale = by_norm ? scales[i] : 1.0;
      body(Run<T>{call, count, i, begin, size, {number(scale), number(limit), number(keep)}}, number, table<T>());
    });
  });
}

constexpr Group kSgd[] = {{"parameters", true}, {"gradients", false}, {"velocities", true}};
constexpr Group kAdam[] = {{"parameters", true},
                           {"gradients", false},
                           {"first_moments", true},
                           {"second_moments", true},
                           {"largest_second_moments", true}};
constexpr Group kRmsprop[] = {
    {"parameters", true}, {"gradients", false}, {"velocities", true}, {"momenta", true}, {"average_gradients", true}};
constexpr Group kAdagrad[] = {{"parameters", true}, {"gradients", false}, {"accumulators", true}};
constexpr Group kAdadelta[] = {
    {"parameters", true}, {"gradients", false}, {"accumulated_gradients", true}, {"accumulated_steps", true}};
constexpr Group kAdamax[] = {{"parameters", true}, {"gradients", false}, {"first_moments", true}, {"norms", true}};
constexpr Group kNadam[] = {
    {"parameters", true}, {"gradients", false}, {"first_moments", true}, {"second_moments", true}};
constexpr Group kLion[] = {{"parameters", true}, {"gradients", false}, {"momenta", true}};

// Nadam's schedule: u(t) = beta_1 * (1 - 0.96^t / 2), and the product of u(1) to u(t).
double nadam_momentum(double beta_1, double t) { return beta_1 * (1 - 0.5 * std::pow(0.96, t)); }
double nadam_product(double beta_1, int64_t t) {
  const int64_t varying = std::min<int64_t>(t, 1024);  // 0.96^1024 is below half an ulp of 1: u is beta_1 from there
  double product = std::pow(beta_1, static_cast<double>(t));
  for (int64_t s = 1; s <= varying; ++s) product *= 1 - 0.5 * std::pow(0.96, static_cast<double>(s));
  return product;
}

}  // namespace

size_t sgd_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sgd_update_attributes>(call);
  check_fraction("sgd_update", "momentum", a.momentum);
  return infer<fastnn_sgd_update_attributes>("sgd_update", call, kSgd, a.momentum == 0 ? 1u << 2 : 0);
}

void sgd_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sgd_update_attributes>(call);
  run<fastnn_sgd_update_attributes>(call, kSgd, [&](const auto& r, auto number, const auto& kernels) {
    kernels.sgd_update(r.list(0), r.list(2), r.list(1), r.size, r.rule, number(a.learning_rate), number(a.momentum),
                       a.nesterov != 0);
  });
}

size_t adam_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const char* op = "adam_update";
  check_iterations(op, a.iterations);
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_epsilon(op, a.epsilon);
  return infer<fastnn_adam_update_attributes>(op, call, kAdam, a.amsgrad == 0 ? 1u << 4 : 0);
}

void adam_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const double t = static_cast<double>(a.iterations) + 1;
  const double alpha = a.learning_rate * std::sqrt(1 - std::pow(a.beta_2, t)) / (1 - std::pow(a.beta_1, t));
  run<fastnn_adam_update_attributes>(call, kAdam, [&](const auto& r, auto number, const auto& kernels) {
    kernels.adam_update(r.list(0), r.list(2), r.list(3), r.list(4), r.list(1), r.size, r.rule, number(alpha),
                        number(1 - a.beta_1), number(1 - a.beta_2), number(a.epsilon));
  });
}

size_t rmsprop_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_rmsprop_update_attributes>(call);
  const char* op = "rmsprop_update";
  check_fraction(op, "rho", a.rho);
  check_fraction(op, "momentum", a.momentum);
  check_epsilon(op, a.epsilon);
  const uint32_t absent = (a.momentum == 0 ? 1u << 3 : 0) | (a.centered == 0 ? 1u << 4 : 0);
  return infer<fastnn_rmsprop_update_attributes>(op, call, kRmsprop, absent);
}

void rmsprop_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_rmsprop_update_attributes>(call);
  run<fastnn_rmsprop_update_attributes>(call, kRmsprop, [&](const auto& r, auto number, const auto& kernels) {
    kernels.rmsprop_update(r.list(0), r.list(2), r.list(3), r.list(4), r.list(1), r.size, r.rule,
                           number(a.learning_rate), number(a.rho), number(1 - a.rho), number(a.momentum),
                           number(a.epsilon));
  });
}

size_t adagrad_update_infer(const fastnn_call& call) {
  check_epsilon("adagrad_update", attributes<fastnn_adagrad_update_attributes>(call).epsilon);
  return infer<fastnn_adagrad_update_attributes>("adagrad_update", call, kAdagrad);
}

void adagrad_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adagrad_update_attributes>(call);
  run<fastnn_adagrad_update_attributes>(call, kAdagrad, [&](const auto& r, auto number, const auto& kernels) {
    kernels.adagrad_update(r.list(0), r.list(2), r.list(1), r.size, r.rule, number(a.learning_rate), number(a.epsilon));
  });
}

size_t adadelta_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adadelta_update_attributes>(call);
  check_fraction("adadelta_update", "rho", a.rho);
  check_epsilon("adadelta_update", a.epsilon);
  return infer<fastnn_adadelta_update_attributes>("adadelta_update", call, kAdadelta);
}

void adadelta_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adadelta_update_attributes>(call);
  run<fastnn_adadelta_update_attributes>(call, kAdadelta, [&](const auto& r, auto number, const auto& kernels) {
    kernels.adadelta_update(r.list(0), r.list(2), r.list(3), r.list(1), r.size, r.rule, number(a.learning_rate),
                            number(a.rho), number(1 - a.rho), number(a.epsilon));
  });
}

size_t adamax_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adamax_update_attributes>(call);
  const char* op = "adamax_update";
  check_iterations(op, a.iterations);
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_epsilon(op, a.epsilon);
  return infer<fastnn_adamax_update_attributes>(op, call, kAdamax);
}

void adamax_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adamax_update_attributes>(call);
  const double alpha = a.learning_rate / (1 - std::pow(a.beta_1, static_cast<double>(a.iterations) + 1));
  run<fastnn_adamax_update_attributes>(call, kAdamax, [&](const auto& r, auto number, const auto& kernels) {
    kernels.adamax_update(r.list(0), r.list(2), r.list(3), r.list(1), r.size, r.rule, number(alpha),
                          number(1 - a.beta_1), number(a.beta_2), number(a.epsilon));
  });
}

size_t nadam_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_nadam_update_attributes>(call);
  const char* op = "nadam_update";
  check_iterations(op, a.iterations);
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_epsilon(op, a.epsilon);
  return infer<fastnn_nadam_update_attributes>(op, call, kNadam);
}

void nadam_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_nadam_update_attributes>(call);
  const double t = static_cast<double>(a.iterations) + 1;
  const double now = nadam_momentum(a.beta_1, t);
  const double next = nadam_momentum(a.beta_1, t + 1);
  const double product = nadam_product(a.beta_1, a.iterations + 1);
  const double of_moment = a.learning_rate * next / (1 - product * next);
  const double of_gradient = a.learning_rate * (1 - now) / (1 - product);
  const double correction = 1 / (1 - std::pow(a.beta_2, t));
  run<fastnn_nadam_update_attributes>(call, kNadam, [&](const auto& r, auto number, const auto& kernels) {
    kernels.nadam_update(r.list(0), r.list(2), r.list(3), r.list(1), r.size, r.rule, number(of_moment),
                         number(of_gradient), number(1 - a.beta_1), number(1 - a.beta_2), number(correction),
                         number(a.epsilon));
  });
}

size_t lion_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lion_update_attributes>(call);
  check_fraction("lion_update", "beta_1", a.beta_1);
  check_fraction("lion_update", "beta_2", a.beta_2);
  return infer<fastnn_lion_update_attributes>("lion_update", call, kLion);
}

void lion_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lion_update_attributes>(call);
  run<fastnn_lion_update_attributes>(call, kLion, [&](const auto& r, auto number, const auto& kernels) {
    kernels.lion_update(r.list(0), r.list(2), r.list(1), r.size, r.rule, number(a.learning_rate), number(a.beta_1),
                        number(1 - a.beta_1), number(a.beta_2), number(1 - a.beta_2));
  });
}

}  // namespace fastnn::ops
