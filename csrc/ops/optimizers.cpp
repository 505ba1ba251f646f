// optimizers.cpp: one call updates every parameter of a model. The elements of all parameters, end to end, are cut into
// chunks of one size, so a large matrix and many small biases spread over threads alike. Inputs stand group by group:
// all parameters, all gradients, then the state of each; an absent list stands as nulls. Weight decay and clipping,
// which every update shares, ride along: clipping by norm reads the gradients once more, nothing else does.
//
// The gradient of a table that rows were looked up in may come as those rows and their ids. The sums of equal ids then
// go, a few rows at a time, through a buffer of the first-level cache into the same kernels, with zeros for rows that
// nobody looked up: the bits of the dense update, without a dense gradient. Where zeros change nothing, or when asked to
// be lazy, only the rows that were looked up are visited.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "fastnn/ops.h"
#include "ops/lookups.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;
constexpr int64_t kBufferElements = 2048;  // of a table's gradient at a time

// A list of tensors; `updated` ones are written.
struct Group {
  const char* name;
  bool updated;
};

// The call's lists: one for each group, and the ids of the gradients that are rows of a table.
struct Lists {
  const fastnn_call& call;
  std::span<const Group> groups;
  int64_t count;

  Lists(const fastnn_call& update, std::span<const Group> update_groups)
      : call(update), groups(update_groups), count(update.input_count / (std::ssize(update_groups) + 1)) {}
  const fastnn_tensor& parameter(int64_t i) const { return input(call, i); }
  const fastnn_tensor& gradient(int64_t i) const { return input(call, count + i); }
  const fastnn_tensor& ids(int64_t i) const { return input(call, std::ssize(groups) * count + i); }
  bool has_ids(int64_t i) const { return has_input(call, std::ssize(groups) * count + i); }
  // Elements of a parameter with a dense gradient, else 0.
  int64_t dense_size(int64_t i) const { return has_ids(i) ? 0 : element_count(parameter(i)); }
  // Rows of a table in a chunk of work.
  int64_t grain(int64_t i) const { return std::max<int64_t>(1, kChunkElements / std::max<int64_t>(columns(i), 1)); }
  int64_t columns(int64_t i) const { return parameter(i).shape[1]; }
};

void check_member(const char* op, const Group& group, int64_t index, const fastnn_tensor& t, const Lists& lists,
                  fastnn_dtype dtype) {
  const fastnn_tensor& parameter = lists.parameter(index);
  if (!(t.dtype == dtype)) {
    type_error(op, ": expected ", group.name, "[", index, "] of dtype ", dtype_name(dtype), ", got ",
               dtype_name(t.dtype));
  }
  if (&t == &lists.gradient(index) && lists.has_ids(index)) {
    check_ids(op, lists.ids(index));
    check_rank(op, concat("parameters[", index, "]").c_str(), parameter, 2, "(rows, n) for ids");
    check_lookups(op, concat("gradients[", index, "]"), t, lists.ids(index), parameter.shape[1]);
    return;
  }
  if (!same_shape(t, parameter)) {
    value_error(op, ": expected ", group.name, "[", index, "] ", shape_text(parameter), ", got ", shape_text(t));
  }
  if (group.updated && !is_contiguous(t)) {
    value_error(op, ": expected ", group.name, "[", index, "] contiguous, got strides ", shape_text(t.rank, t.strides));
  }
}

// Checks that all lists have one length and that their members match. A group whose bit is set in `absent` must be
// absent, which nulls say.
void check_lists(const char* op, const Lists& lists, uint32_t absent) {
  const fastnn_call& call = lists.call;
  if (call.input_count % (std::ssize(lists.groups) + 1) != 0) {
    value_error(op, ": expected ", lists.groups.size() + 1, " lists of one length (", lists.groups.front().name,
                " to ids), got ", call.input_count, " tensors");
  }
  for (int64_t group = 0; group < std::ssize(lists.groups); ++group) {
    const Group& of = lists.groups[static_cast<size_t>(group)];
    const bool wanted = ((absent >> group) & 1) == 0;
    for (int64_t i = 0; i < lists.count; ++i) {
      const int64_t at = group * lists.count + i;
      if (has_input(call, at) != wanted) {
        value_error(op, ": expected ", wanted ? "" : "no ", of.name, "[", i, "], got ",
                    wanted ? "nothing" : "a tensor");
      }
      if (!wanted) continue;
      if (at == 0) check_float(op, "parameters[0]", input(call, 0));
      check_member(op, of, i, input(call, at), lists, input(call, 0).dtype);
    }
  }
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

// Pieces whose squares are summed apart: of a dense gradient its elements, of a table's the lookups.
int64_t piece_count(const Lists& lists, int64_t i) {
  return lists.has_ids(i) ? ceil_divide(element_count(lists.ids(i)), lists.grain(i))
                          : ceil_divide(lists.dense_size(i), kChunkElements);
}

// The workspace: lookups of each parameter, their memory, the sum of each piece and what scales each gradient.
int64_t lookups_bytes(const char* op, const Lists& lists) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < lists.count; ++i) {
    if (lists.has_ids(i)) bytes = checked_add(bytes, static_cast<int64_t>(lookups_workspace(op, lists.ids(i))));
  }
  return bytes == 0 ? 0 : checked_add(bytes, lists.count * static_cast<int64_t>(sizeof(Lookups)));
}

// Checks the attributes that all updates share, and the lists; returns the workspace.
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
  const Lists lists(call, groups);
  check_lists(op, lists, absent);
  const int64_t lookups = lookups_bytes(op, lists);
  if (a.clipnorm == 0 && a.global_clipnorm == 0) return static_cast<size_t>(lookups);
  int64_t numbers = lists.count;
  for (int64_t i = 0; i < lists.count; ++i) numbers = checked_add(numbers, piece_count(lists, i));
  return static_cast<size_t>(checked_add(lookups, checked_multiply(numbers, sizeof(double))));
}

// What scales a gradient down to a norm of at most `limit`. A norm of NaN makes NaN.
double scale_to_norm(double norm, double limit) { return norm <= limit ? 1.0 : limit / norm; }

// The lookups of each parameter that has ids, which are checked before anything is written.
const Lookups* group_lookups(const char* op, const Lists& lists) {
  auto* const lookups = static_cast<Lookups*>(lists.call.workspace);
  char* memory = static_cast<char*>(lists.call.workspace) + lists.count * static_cast<int64_t>(sizeof(Lookups));
  for (int64_t i = 0; i < lists.count; ++i) {
    if (lists.has_ids(i)) check_id_values(op, lists.ids(i), lists.parameter(i).shape[0]);
  }
  for (int64_t i = 0; i < lists.count; ++i) {
    if (!lists.has_ids(i)) continue;
    lookups[i] = group_ids(lists.ids(i), lists.parameter(i).shape[0], memory);
    memory += lookups_workspace(op, lists.ids(i));
  }
  return lookups;
}

// Calls body(gradient, begin, size) for the elements of a table's rows [first, last), where gradient is what belongs to
// elements [begin, begin + size). `at` is as in sum_lookups.
template <typename T, typename Body>
void for_each_block(const Lists& lists, int64_t i, const Lookups& lookups, int64_t at, int64_t first, int64_t last,
                    Body&& body) {
  alignas(64) T buffer[kBufferElements];
  const int64_t n = lists.columns(i);
  const T* const dy = data<T>(lists.gradient(i));
  const int64_t width = std::clamp<int64_t>(n, 1, kBufferElements);
  const int64_t height = kBufferElements / width;  // 1 when a row is cut into pieces
  for (int64_t row = first; row < last; row += height) {
    const int64_t end = std::min(row + height, last);
    const int64_t before = at;
    for (int64_t column = 0; column < n; column += width) {
      const int64_t columns = std::min(width, n - column);
      at = before;
      sum_lookups(buffer, dy, lookups, &at, row, end, n, column, columns, false);
      body(static_cast<const T*>(buffer), row * n + column, (end - row) * columns);
    }
  }
}

// The same for the lookups [range.begin, range.end) alone, as far as there are.
template <typename T, typename Body>
void for_each_lookup(const Lists& lists, int64_t i, const Lookups& lookups, Range range, Body&& body) {
  for (int64_t at = range.begin; at < std::min(range.end, lookups.count); ++at) {
    for_each_block<T>(lists, i, lookups, at, lookups.rows[at], lookups.rows[at] + 1, body);
  }
}

// Calls body(parameter, chunk) for chunk 0 to chunks(parameter) - 1 of every parameter.
template <typename Chunks, typename Body>
void for_each_chunk(const fastnn_context& context, int64_t count, double nanoseconds, Chunks&& chunks, Body&& body) {
  int64_t total = 0;
  for (int64_t i = 0; i < count; ++i) total = checked_add(total, chunks(i));
  parallel_for(context, total, nanoseconds, [&](int64_t chunk) {
    int64_t i = 0;
    for (; chunk >= chunks(i); ++i) chunk -= chunks(i);
    body(i, chunk);
  });
}

// Per gradient, what it is multiplied by. The norms are sums of pieces in a fixed order, in double.
template <typename T>
const double* gradient_scales(const Lists& lists, const Lookups* lookups, double* sums, double clipnorm,
                              double global_clipnorm) {
  int64_t pieces = 0;
  double elements = 0;
  for (int64_t i = 0; i < lists.count; ++i) {
    pieces += piece_count(lists, i);
    elements += static_cast<double>(element_count(lists.gradient(i)));
  }
  std::fill_n(sums, pieces, 0.0);
  const auto count_of = [&](int64_t i) { return piece_count(lists, i); };
  for_each_chunk(*lists.call.context, lists.count, elements * sizeof(T) / 10, count_of, [&](int64_t i, int64_t piece) {
    double* sum = sums + piece;
    for (int64_t before = 0; before < i; ++before) sum += piece_count(lists, before);
    if (lists.has_ids(i)) {
      const Range range = chunk_range(piece, element_count(lists.ids(i)), lists.grain(i));
      for_each_lookup<T>(lists, i, lookups[i], range, [&](const T* gradient, int64_t, int64_t size) {
        double part;
        table<T>().sum_squares(&part, gradient, size);
        *sum += part;
      });
    } else {
      const Range range = chunk_range(piece, lists.dense_size(i), kChunkElements);
      table<T>().sum_squares(sum, data<T>(lists.gradient(i)) + range.begin, range.end - range.begin);
    }
  });
  double* const scales = sums + pieces;
  double total = 0;
  for (int64_t i = 0, piece = 0; i < lists.count; ++i) {
    double sum = 0;
    const int64_t end = piece + piece_count(lists, i);
    for (; piece < end; ++piece) sum += sums[piece];
    scales[i] = scale_to_norm(std::sqrt(sum), clipnorm);  // unused when all are clipped together
    total += sum;
  }
  if (global_clipnorm > 0) {
    // as in Keras, one infinity makes every gradient NaN
    const double norm = std::isfinite(total) ? std::sqrt(total) : std::numeric_limits<double>::quiet_NaN();
    std::fill_n(scales, lists.count, scale_to_norm(norm, global_clipnorm));
  }
  return scales;
}

// A run of elements of one parameter: their gradient, pieces of its lists (null where the list is absent), and its rule.
template <typename T>
struct Run {
  const Lists& lists;
  const T* gradient;
  int64_t index, begin, size;
  kernels::UpdateRule<T> rule;

  T* list(int64_t group) const {
    const int64_t at = group * lists.count + index;
    return has_input(lists.call, at) ? data<T>(input(lists.call, at)) + begin : nullptr;
  }
};

// Calls body(run, number, kernels) for runs that cover all parameters, or of a table only the rows that were looked up;
// number(double) is an argument for the kernels. All dense gradients are one list of elements, cut into equal chunks.
template <typename T, typename Body>
void for_each_run(const Lists& lists, const Lookups* lookups, bool looked_up, double bytes, Body&& body) {
  int64_t dense = 0;
  double elements = 0;
  const auto visited = [&](int64_t i) { return looked_up ? element_count(lists.ids(i)) : lists.parameter(i).shape[0]; };
  for (int64_t i = 0; i < lists.count; ++i) {
    dense = checked_add(dense, lists.dense_size(i));
    if (lists.has_ids(i)) elements += static_cast<double>(visited(i)) * static_cast<double>(lists.columns(i));
  }
  elements += static_cast<double>(dense);
  // after the parameters comes the list of all dense ones
  const auto chunks = [&](int64_t i) {
    if (i == lists.count) return ceil_divide(dense, kChunkElements);
    return lists.has_ids(i) && lists.columns(i) > 0 ? ceil_divide(visited(i), lists.grain(i)) : 0;
  };
  for_each_chunk(*lists.call.context, lists.count + 1, elements * bytes / 10, chunks, [&](int64_t i, int64_t chunk) {
    if (i < lists.count) {
      const Range range = chunk_range(chunk, visited(i), lists.grain(i));
      const auto run = [&](const T* gradient, int64_t begin, int64_t size) { body(i, gradient, begin, size); };
      if (looked_up) {
        for_each_lookup<T>(lists, i, lookups[i], range, run);
      } else {
        for_each_block<T>(lists, i, lookups[i], lookups[i].find(range.begin), range.begin, range.end, run);
      }
      return;
    }
    const Range range = chunk_range(chunk, dense, kChunkElements);
    int64_t start = 0;  // of parameter p in the list
    for (int64_t p = 0; p < lists.count && start < range.end; ++p) {
      const int64_t size = lists.dense_size(p);
      const int64_t begin = std::max<int64_t>(range.begin - start, 0);
      const int64_t end = std::min(range.end - start, size);
      if (begin < end) body(p, data<T>(lists.gradient(p)) + begin, begin, end - begin);
      start += size;
    }
  });
}

// Updates everything: body(run, number, kernels) calls the kernel for a run, and number(double) is a number for it.
// `looked_up` restricts tables to rows that were looked up.
template <typename Attributes, typename Body>
void run(const char* op, const fastnn_call& call, std::span<const Group> groups, bool looked_up, Body&& body) {
  const auto& a = attributes<Attributes>(call);
  const Lists lists(call, groups);
  if (lists.count == 0) return;
  double moved = 0;  // numbers an element moves
  for (size_t group = 0; group < groups.size(); ++group) {
    if (has_input(call, static_cast<int64_t>(group) * lists.count)) moved += groups[group].updated ? 2 : 1;
  }
  const int64_t taken = lookups_bytes(op, lists);
  const Lookups* const lookups = taken > 0 ? group_lookups(op, lists) : nullptr;
  with_float_type(input(call, 0).dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool by_norm = a.clipnorm > 0 || a.global_clipnorm > 0;
    auto* const sums = reinterpret_cast<double*>(static_cast<char*>(call.workspace) + taken);
    const double* const scales =
        by_norm ? gradient_scales<T>(lists, lookups, sums, a.clipnorm, a.global_clipnorm) : nullptr;
    const double limit = a.clipvalue > 0 ? a.clipvalue : std::numeric_limits<double>::infinity();
    const double keep = 1 - a.learning_rate * a.weight_decay;
    const auto number = [](double value) { return static_cast<T>(value); };
    for_each_run<T>(lists, lookups, looked_up, moved * sizeof(T),
                    [&](int64_t i, const T* gradient, int64_t begin, int64_t size) {
                      const double scale = by_norm ? scales[i] : 1.0;
                      body(Run<T>{lists, gradient, i, begin, size, {number(scale), number(limit), number(keep)}},
                           number, table<T>());
                    });
  });
}

// Whether a gradient of 0 leaves a parameter as it is, for formulas that keep it then: neither decayed nor scaled by
// a norm, which may be NaN.
template <typename Attributes>
bool zeros_change_nothing(const Attributes& a) {
  return a.weight_decay == 0 && a.clipnorm == 0 && a.global_clipnorm == 0;
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
  run<fastnn_sgd_update_attributes>("sgd_update", call, kSgd, a.momentum == 0 && zeros_change_nothing(a),
                                    [&](const auto& r, auto number, const auto& kernels) {
                                      kernels.sgd_update(r.list(0), r.list(2), r.gradient, r.size, r.rule,
                                                         number(a.learning_rate), number(a.momentum), a.nesterov != 0);
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
  run<fastnn_adam_update_attributes>(
      "adam_update", call, kAdam, a.lazy != 0, [&](const auto& r, auto number, const auto& kernels) {
        kernels.adam_update(r.list(0), r.list(2), r.list(3), r.list(4), r.gradient, r.size, r.rule, number(alpha),
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
  run<fastnn_rmsprop_update_attributes>(
      "rmsprop_update", call, kRmsprop, false, [&](const auto& r, auto number, const auto& kernels) {
        kernels.rmsprop_update(r.list(0), r.list(2), r.list(3), r.list(4), r.gradient, r.size, r.rule,
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
  run<fastnn_adagrad_update_attributes>("adagrad_update", call, kAdagrad, zeros_change_nothing(a),
                                        [&](const auto& r, auto number, const auto& kernels) {
                                          kernels.adagrad_update(r.list(0), r.list(2), r.gradient, r.size, r.rule,
                                                                 number(a.learning_rate), number(a.epsilon));
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
  run<fastnn_adadelta_update_attributes>(
      "adadelta_update", call, kAdadelta, false, [&](const auto& r, auto number, const auto& kernels) {
        kernels.adadelta_update(r.list(0), r.list(2), r.list(3), r.gradient, r.size, r.rule, number(a.learning_rate),
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
  run<fastnn_adamax_update_attributes>(
      "adamax_update", call, kAdamax, false, [&](const auto& r, auto number, const auto& kernels) {
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
  run<fastnn_nadam_update_attributes>(
      "nadam_update", call, kNadam, false, [&](const auto& r, auto number, const auto& kernels) {
        kernels.nadam_update(r.list(0), r.list(2), r.list(3), r.gradient, r.size, r.rule, number(of_moment),
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
  run<fastnn_lion_update_attributes>(
      "lion_update", call, kLion, false, [&](const auto& r, auto number, const auto& kernels) {
        kernels.lion_update(r.list(0), r.list(2), r.gradient, r.size, r.rule, number(a.learning_rate), number(a.beta_1),
                            number(1 - a.beta_1), number(a.beta_2), number(1 - a.beta_2));
      });
}

}  // namespace fastnn::ops
