// updates.h: what the ops of all optimizers share. One call updates every parameter of a model. The elements of all
// parameters, end to end, are cut into chunks of one size, so a large matrix and many small biases spread over threads
// alike. Inputs stand group by group: all parameters, all gradients, the state of each, ids; an absent list stands as
// nulls. Weight decay and clipping ride along: clipping by norm reads the gradients once more, nothing else does.
//
// The gradient of a table that rows were looked up in may come as those rows and their ids. The sums of equal ids then
// go, a few rows at a time, through a buffer of the first-level cache into the same kernels, with zeros for rows that
// nobody looked up: the bits of the dense update, without a dense gradient. Where zeros change nothing, or when asked to
// be lazy, only the rows that were looked up are visited.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/subnormals.h"
#include "ops/lookups.h"

namespace fastnn::ops::update {

constexpr int64_t kChunkElements = 4 * 1024;
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

// The attributes that all updates share.
struct Common {
  double learning_rate, weight_decay, clipvalue, clipnorm, global_clipnorm;

  template <typename Attributes>
  explicit Common(const Attributes& a)
      : learning_rate(a.learning_rate),
        weight_decay(a.weight_decay),
        clipvalue(a.clipvalue),
        clipnorm(a.clipnorm),
        global_clipnorm(a.global_clipnorm) {}
  bool by_norm() const { return clipnorm > 0 || global_clipnorm > 0; }
  // Whether a gradient of 0 leaves a parameter as it is, for formulas that keep it then: neither decayed nor scaled by
  // a norm, which may be NaN.
  bool zeros_change_nothing() const { return weight_decay == 0 && !by_norm(); }
};

// Checks the lists, all of one length with members that match, and the attributes; returns the workspace. A group whose
// bit is set in `absent` must be absent, which nulls say.
size_t infer(const char* op, const Lists& lists, const Common& common, uint32_t absent = 0);

// Pieces whose squares are summed apart: of a dense gradient its elements, of a table's the lookups.
int64_t piece_count(const Lists& lists, int64_t i);

// The workspace: lookups of each parameter and their memory, these bytes; then the sum of each piece, and what scales
// each gradient.
int64_t lookups_bytes(const char* op, const Lists& lists);

// The lookups of each parameter that has ids, which are checked before anything is written.
const Lookups* group_lookups(const char* op, const Lists& lists);

// From the sum of each piece what each gradient is multiplied by.
void scales_from_sums(const Lists& lists, const Common& common, const double* sums, double* scales);

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
const double* gradient_scales(const Lists& lists, const Lookups* lookups, const Common& common, double* sums) {
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
  scales_from_sums(lists, common, sums, scales);
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
    const FlushSubnormals flush;
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
template <typename Body>
void run(const char* op, const Lists& lists, const Common& common, bool looked_up, Body&& body) {
  if (lists.count == 0) return;
  double moved = 0;  // numbers an element moves
  for (size_t group = 0; group < lists.groups.size(); ++group) {
    if (has_input(lists.call, static_cast<int64_t>(group) * lists.count)) moved += lists.groups[group].updated ? 2 : 1;
  }
  const int64_t taken = lookups_bytes(op, lists);
  const Lookups* const lookups = taken > 0 ? group_lookups(op, lists) : nullptr;
  with_float_type(lists.parameter(0).dtype, [&](auto zero) {
    using T = decltype(zero);
    auto* const sums = reinterpret_cast<double*>(static_cast<char*>(lists.call.workspace) + taken);
    const double* const scales = common.by_norm() ? gradient_scales<T>(lists, lookups, common, sums) : nullptr;
    const double limit = common.clipvalue > 0 ? common.clipvalue : std::numeric_limits<double>::infinity();
    const double keep = 1 - common.learning_rate * common.weight_decay;
    const auto number = [](double value) { return static_cast<T>(value); };
    for_each_run<T>(lists, lookups, looked_up, moved * sizeof(T),
                    [&](int64_t i, const T* gradient, int64_t begin, int64_t size) {
                      const double scale = scales != nullptr ? scales[i] : 1.0;
                      body(Run<T>{lists, gradient, i, begin, size, {number(scale), number(limit), number(keep)}},
                           number, table<T>());
                    });
  });
}

}  // namespace fastnn::ops::update
