// lookups.cpp: checking and grouping ids.
#include "ops/lookups.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace fastnn::ops {
namespace {

template <typename Body>
void with_ids(const fastnn_tensor& ids, Body&& body) {
  if (ids.dtype == kInt32) {
    body(data<int32_t>(ids));
  } else {
    body(data<int64_t>(ids));
  }
}

int bit_width(int64_t value) { return static_cast<int>(std::bit_width(static_cast<uint64_t>(value))); }

// How the bits of a row's number are cut into digits.
struct Digits {
  int bits, passes;

  Digits(int64_t ids, int64_t rows) {
    const int all = std::max(bit_width(std::max<int64_t>(rows - 1, 0)), 1);
    passes = (all + widest(ids) - 1) / widest(ids);
    bits = (all + passes - 1) / passes;
  }
  // The table of a digit's values is about as long as the list of ids.
  static int widest(int64_t ids) { return std::max(bit_width(ids), 8); }
};

}  // namespace

void check_ids(const char* op, const fastnn_tensor& ids) {
  if (!(ids.dtype == kInt32 || ids.dtype == kInt64)) {
    type_error(op, ": expected ids of int32 or int64, got ", dtype_name(ids.dtype));
  }
}

void check_lookups(const char* op, const std::string& argument, const fastnn_tensor& dy, const fastnn_tensor& ids,
                   int64_t n) {
  if (dy.rank != ids.rank + 1 || !std::equal(ids.shape, ids.shape + ids.rank, dy.shape) || dy.shape[ids.rank] != n) {
    value_error(op, ": expected ", argument, " of the shape of ids with ", n, " at its end, got ", argument, " ",
                shape_text(dy), " and ids ", shape_text(ids));
  }
}

void check_id_values(const char* op, const fastnn_tensor& ids, int64_t rows) {
  const int64_t count = element_count(ids);
  with_ids(ids, [&](const auto* values) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t id = values[i];
      if (id < 0 || id >= rows) {
        index_error(op, ": expected ids in [0, ", rows, "), got ", id, " at position ", i);
      }
    }
  });
}

int64_t Lookups::find(int64_t row) const { return std::lower_bound(rows, rows + count, row) - rows; }

size_t lookups_workspace(const char* op, const fastnn_tensor& ids) {
  const int64_t count = element_count(ids);
  if (count >= int64_t{1} << 56) value_error(op, ": expected fewer ids, got ", shape_text(ids));
  const int64_t numbers = checked_multiply(4, count + 1) + (int64_t{1} << Digits::widest(count));
  return static_cast<size_t>(checked_multiply(numbers, sizeof(int64_t)));
}

Lookups group_ids(const fastnn_tensor& ids, int64_t rows, void* workspace) {
  const int64_t count = element_count(ids);
  auto* keys = static_cast<int64_t*>(workspace);
  int64_t* order = keys + count + 1;
  int64_t* next_keys = order + count + 1;
  int64_t* next_order = next_keys + count + 1;
  int64_t* const places = next_order + count + 1;
  with_ids(ids, [&](const auto* values) {
    for (int64_t i = 0; i < count; ++i) keys[i] = values[i] < 0 ? values[i] + rows : values[i];
  });
  for (int64_t i = 0; i < count; ++i) order[i] = i;
  const Digits digits(count, rows);
  const int64_t mask = (int64_t{1} << digits.bits) - 1;
  for (int pass = 0; pass < digits.passes; ++pass) {
    const auto digit = [&](int64_t i) { return (keys[i] >> (pass * digits.bits)) & mask; };
    std::fill_n(places, mask + 1, 0);
    for (int64_t i = 0; i < count; ++i) ++places[digit(i)];
    int64_t place = 0;
    for (int64_t value = 0; value <= mask; ++value) place += std::exchange(places[value], place);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t to = places[digit(i)]++;
      next_keys[to] = keys[i];
      next_order[to] = order[i];
    }
    std::swap(keys, next_keys);
    std::swap(order, next_order);
  }
  int64_t* const first = next_keys;  // of no more use
  int64_t groups = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (groups > 0 && keys[groups - 1] == keys[i]) continue;
    first[groups] = i;
    keys[groups++] = keys[i];
  }
  first[groups] = count;
  return {groups, keys, first, order};
}

}  // namespace fastnn::ops
