// optimizers.cpp: the rules of the optimizers: attributes, lists of state, kernel. updates.h has the rest.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/updates.h"

namespace fastnn::ops {
namespace {

using update::Group;

void check_fraction(const char* op, const char* name, double value) {
  check_value(value >= 0 && value < 1, op, name, "in [0, 1)", value);
}

void check_epsilon(const char* op, double value) {
  check_value(std::isfinite(value) && value > 0, op, "epsilon", "finite and above 0", value);
}

void check_iterations(const char* op, int64_t value) {
  check_value(value >= 0, op, "iterations", "at least 0", static_cast<double>(value));
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
  return update::infer("sgd_update", {call, kSgd}, update::Common(attributes<fastnn_sgd_update_attributes>(call)),
                       a.momentum == 0 ? 1u << 2 : 0);
}

void sgd_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_sgd_update_attributes>(call);
  update::run("sgd_update", {call, kSgd}, update::Common(a),
              a.momentum == 0 && update::Common(a).zeros_change_nothing(),
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.sgd_update(r.list(0), r.list(2), r.gradient, r.size, r.rule, number(a.learning_rate),
                                   number(a.momentum), a.nesterov != 0);
              });
}

size_t adam_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const char* op = "adam_update";
  check_iterations(op, a.iterations);
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_epsilon(op, a.epsilon);
  return update::infer(op, {call, kAdam}, update::Common(attributes<fastnn_adam_update_attributes>(call)),
                       a.amsgrad == 0 ? 1u << 4 : 0);
}

void adam_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adam_update_attributes>(call);
  const double t = static_cast<double>(a.iterations) + 1;
  const double alpha = a.learning_rate * std::sqrt(1 - std::pow(a.beta_2, t)) / (1 - std::pow(a.beta_1, t));
  update::run("adam_update", {call, kAdam}, update::Common(a), a.lazy != 0,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.adam_update(r.list(0), r.list(2), r.list(3), r.list(4), r.gradient, r.size, r.rule,
                                    number(alpha), number(1 - a.beta_1), number(1 - a.beta_2), number(a.epsilon));
              });
}

size_t rmsprop_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_rmsprop_update_attributes>(call);
  const char* op = "rmsprop_update";
  check_fraction(op, "rho", a.rho);
  check_fraction(op, "momentum", a.momentum);
  check_epsilon(op, a.epsilon);
  const uint32_t absent = (a.momentum == 0 ? 1u << 3 : 0) | (a.centered == 0 ? 1u << 4 : 0);
  return update::infer(op, {call, kRmsprop}, update::Common(attributes<fastnn_rmsprop_update_attributes>(call)),
                       absent);
}

void rmsprop_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_rmsprop_update_attributes>(call);
  update::run("rmsprop_update", {call, kRmsprop}, update::Common(a), false,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.rmsprop_update(r.list(0), r.list(2), r.list(3), r.list(4), r.gradient, r.size, r.rule,
                                       number(a.learning_rate), number(a.rho), number(1 - a.rho), number(a.momentum),
                                       number(a.epsilon));
              });
}

size_t adagrad_update_infer(const fastnn_call& call) {
  check_epsilon("adagrad_update", attributes<fastnn_adagrad_update_attributes>(call).epsilon);
  return update::infer("adagrad_update", {call, kAdagrad},
                       update::Common(attributes<fastnn_adagrad_update_attributes>(call)));
}

void adagrad_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adagrad_update_attributes>(call);
  update::run("adagrad_update", {call, kAdagrad}, update::Common(a), update::Common(a).zeros_change_nothing(),
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.adagrad_update(r.list(0), r.list(2), r.gradient, r.size, r.rule, number(a.learning_rate),
                                       number(a.epsilon));
              });
}

size_t adadelta_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adadelta_update_attributes>(call);
  check_fraction("adadelta_update", "rho", a.rho);
  check_epsilon("adadelta_update", a.epsilon);
  return update::infer("adadelta_update", {call, kAdadelta},
                       update::Common(attributes<fastnn_adadelta_update_attributes>(call)));
}

void adadelta_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adadelta_update_attributes>(call);
  update::run("adadelta_update", {call, kAdadelta}, update::Common(a), false,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.adadelta_update(r.list(0), r.list(2), r.list(3), r.gradient, r.size, r.rule,
                                        number(a.learning_rate), number(a.rho), number(1 - a.rho), number(a.epsilon));
              });
}

size_t adamax_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adamax_update_attributes>(call);
  const char* op = "adamax_update";
  check_iterations(op, a.iterations);
  check_fraction(op, "beta_1", a.beta_1);
  check_fraction(op, "beta_2", a.beta_2);
  check_epsilon(op, a.epsilon);
  return update::infer(op, {call, kAdamax}, update::Common(attributes<fastnn_adamax_update_attributes>(call)));
}

void adamax_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_adamax_update_attributes>(call);
  const double alpha = a.learning_rate / (1 - std::pow(a.beta_1, static_cast<double>(a.iterations) + 1));
  update::run("adamax_update", {call, kAdamax}, update::Common(a), false,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.adamax_update(r.list(0), r.list(2), r.list(3), r.gradient, r.size, r.rule, number(alpha),
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
  return update::infer(op, {call, kNadam}, update::Common(attributes<fastnn_nadam_update_attributes>(call)));
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
  update::run("nadam_update", {call, kNadam}, update::Common(a), false,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.nadam_update(r.list(0), r.list(2), r.list(3), r.gradient, r.size, r.rule, number(of_moment),
                                     number(of_gradient), number(1 - a.beta_1), number(1 - a.beta_2),
                                     number(correction), number(a.epsilon));
              });
}

size_t lion_update_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lion_update_attributes>(call);
  check_fraction("lion_update", "beta_1", a.beta_1);
  check_fraction("lion_update", "beta_2", a.beta_2);
  return update::infer("lion_update", {call, kLion}, update::Common(attributes<fastnn_lion_update_attributes>(call)));
}

void lion_update_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lion_update_attributes>(call);
  update::run("lion_update", {call, kLion}, update::Common(a), false,
              [&](const auto& r, auto number, const auto& kernels) {
                kernels.lion_update(r.list(0), r.list(2), r.gradient, r.size, r.rule, number(a.learning_rate),
                                    number(a.beta_1), number(1 - a.beta_1), number(a.beta_2), number(1 - a.beta_2));
              });
}

}  // namespace fastnn::ops
