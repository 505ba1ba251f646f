// lookups.h: numbers of rows, and the sums of what belongs to equal ones. Ids are grouped by a stable sort whose digits
// are as wide as the list is long: time and memory follow the number of ids, not of rows. Groups ascend, so threads can
// share out the rows; a group's positions ascend, so that every sum has one order.
#pragma once

#include "ops/op.h"

namespace fastnn::ops {

// TypeError unless ids are int32 or int64.
void check_ids(const char* op, const fastnn_tensor& ids);
// ValueError unless dy is (..., n) for ids (...); `argument` is dy's name.
void check_lookups(const char* op, const std::string& argument, const fastnn_tensor& dy, const fastnn_tensor& ids,
                   int64_t n);
// IndexError unless every id is in [0, rows).
void check_id_values(const char* op, const fastnn_tensor& ids, int64_t rows);

// The rows that ids name, in ascending order; order[first[i]] to order[first[i + 1] - 1] are the positions of rows[i].
struct Lookups {
  int64_t count;
  const int64_t* rows;
  const int64_t* first;
  const int64_t* order;

  // The first of them at or above a row.
  int64_t find(int64_t row) const;
};

size_t lookups_workspace(const char* op, const fastnn_tensor& ids);
// Ids must have been checked, to be in [-rows, rows): negative ones count from the end. The result lives in the workspace.
Lookups group_ids(const fastnn_tensor& ids, int64_t rows, void* workspace);

// sums (end - begin, columns) (+)= the sums of dy, (ids, n), by row, for rows [begin, end) and `columns` columns from
// `column` on. `at` is find(begin) and becomes find(end). Rows without lookups become 0, or stay when accumulating.
template <typename T>
void sum_lookups(T* sums, const T* dy, const Lookups& lookups, int64_t* at, int64_t begin, int64_t end, int64_t n,
                 int64_t column, int64_t columns, bool accumulate) {
  const auto sum_gathered = table<T>().sum_gathered;
  int64_t done = begin;
  const auto skip_to = [&](int64_t row) {
    if (!accumulate && done < row) {
      sum_gathered(sums + (done - begin) * columns, dy, nullptr, 0, n, (row - done) * columns, false);
    }
    done = row;
  };
  for (; *at < lookups.count && lookups.rows[*at] < end; ++*at) {
    skip_to(lookups.rows[*at]);
    const int64_t first = lookups.first[*at];
    sum_gathered(sums + (done - begin) * columns, dy + column, lookups.order + first, lookups.first[*at + 1] - first, n,
                 columns, accumulate);
    ++done;
  }
  skip_to(end);
}

}  // namespace fastnn::ops
