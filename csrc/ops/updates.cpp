// updates.cpp: checks, workspace and norms of updates.h.
#include "ops/updates.h"

namespace fastnn::ops::update {
namespace {

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

// What scales a gradient down to a norm of at most `limit`. A norm of NaN makes NaN.
double scale_to_norm(double norm, double limit) { return norm <= limit ? 1.0 : limit / norm; }

}  // namespace

size_t infer(const char* op, const Lists& lists, const Common& common, uint32_t absent) {
  check_not_negative(op, "learning_rate", common.learning_rate);
  check_not_negative(op, "weight_decay", common.weight_decay);
  check_not_negative(op, "clipvalue", common.clipvalue);
  check_not_negative(op, "clipnorm", common.clipnorm);
  check_not_negative(op, "global_clipnorm", common.global_clipnorm);
  if ((common.clipvalue > 0) + (common.clipnorm > 0) + (common.global_clipnorm > 0) > 1) {
    value_error(op, ": expected one of clipvalue, clipnorm and global_clipnorm, got ", common.clipvalue, ", ",
                common.clipnorm, " and ", common.global_clipnorm);
  }
  check_lists(op, lists, absent);
  const int64_t lookups = lookups_bytes(op, lists);
  if (!common.by_norm()) return static_cast<size_t>(lookups);
  int64_t numbers = lists.count;
  for (int64_t i = 0; i < lists.count; ++i) numbers = checked_add(numbers, piece_count(lists, i));
  return static_cast<size_t>(checked_add(lookups, checked_multiply(numbers, sizeof(double))));
}

int64_t piece_count(const Lists& lists, int64_t i) {
  return lists.has_ids(i) ? ceil_divide(element_count(lists.ids(i)), lists.grain(i))
                          : ceil_divide(lists.dense_size(i), kChunkElements);
}

int64_t lookups_bytes(const char* op, const Lists& lists) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < lists.count; ++i) {
    if (lists.has_ids(i)) bytes = checked_add(bytes, static_cast<int64_t>(lookups_workspace(op, lists.ids(i))));
  }
  return bytes == 0 ? 0 : checked_add(bytes, lists.count * static_cast<int64_t>(sizeof(Lookups)));
}

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

void scales_from_sums(const Lists& lists, const Common& common, const double* sums, double* scales) {
  double total = 0;
  for (int64_t i = 0, piece = 0; i < lists.count; ++i) {
    double sum = 0;
    const int64_t end = piece + piece_count(lists, i);
    for (; piece < end; ++piece) sum += sums[piece];
    scales[i] = scale_to_norm(std::sqrt(sum), common.clipnorm);  // unused when all are clipped together
    total += sum;
  }
  if (common.global_clipnorm > 0) {
    // as in Keras, one infinity makes every gradient NaN
    const double norm = std::isfinite(total) ? std::sqrt(total) : std::numeric_limits<double>::quiet_NaN();
    std::fill_n(scales, lists.count, scale_to_norm(norm, common.global_clipnorm));
  }
}

}  // namespace fastnn::ops::update
