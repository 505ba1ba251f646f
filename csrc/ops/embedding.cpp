// embedding.cpp: rows of a table by number, and the gradient of the table. Ids are checked before anything is written.
// Backward links the positions of equal ids into chains, in their order, so that threads can share out the table's rows
// and every row's sum has one order.
#include <algorithm>

#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

void check_ids(const char* op, const fastnn_tensor& ids) {
  if (!(ids.dtype == kInt32 || ids.dtype == kInt64)) {
    type_error(op, ": expected ids of int32 or int64, got ", dtype_name(ids.dtype));
  }
}

// Calls body(position, id) for every id, from the last to the first.
template <typename Body>
void for_each_id(const fastnn_tensor& ids, Body&& body) {
  const int64_t count = element_count(ids);
  if (ids.dtype == kInt32) {
    const auto* const values = data<int32_t>(ids);
    for (int64_t i = count - 1; i >= 0; --i) body(i, values[i]);
  } else {
    const auto* const values = data<int64_t>(ids);
    for (int64_t i = count - 1; i >= 0; --i) body(i, values[i]);
  }
}

void check_id_values(const char* op, const fastnn_tensor& ids, int64_t rows) {
  int64_t wrong = -1, value = 0;
  for_each_id(ids, [&](int64_t position, int64_t id) {
    if (id < 0 || id >= rows) {
      wrong = position;
      value = id;
    }
  });
  if (wrong >= 0) index_error(op, ": expected ids in [0, ", rows, "), got ", value, " at position ", wrong);
}

}  // namespace

size_t embedding_infer(const fastnn_call& call) {
  const fastnn_tensor &ids = input(call, 0), &table = input(call, 1);
  check_ids("embedding", ids);
  check_float("embedding", "table", table);
  check_rank("embedding", "table", table, 2, "(rows, n)");
  if (ids.rank == FASTNN_MAX_RANK) {
    value_error("embedding: expected ids of at most ", FASTNN_MAX_RANK - 1, " axes, got ", shape_text(ids));
  }
  int64_t shape[FASTNN_MAX_RANK];
  std::copy(ids.shape, ids.shape + ids.rank, shape);
  shape[ids.rank] = table.shape[1];
  set_output(&output(call, 0), table.dtype, table.device, ids.rank + 1, shape);
  return 0;
}

void embedding_run(const fastnn_call& call) {
  const fastnn_tensor &ids = input(call, 0), &rows = input(call, 1);
  check_id_values("embedding", ids, rows.shape[0]);
  const int64_t count = element_count(ids), n = rows.shape[1];
  const int64_t grain = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(n, 1));
  const int64_t id_bytes = item_size(ids.dtype);
  with_float_type(rows.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(count) * (5.0 + 0.2 * static_cast<double>(n) * sizeof(T));
    parallel_for(*call.context, ceil_divide(count, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, grain);
      table<T>().gather_rows(data<T>(output(call, 0)) + range.begin * n, data<T>(rows),
                             data<char>(ids) + range.begin * id_bytes, id_bytes, range.end - range.begin, n);
    });
  });
}

size_t embedding_backward_infer(const fastnn_call& call) {
  const char* op = "embedding_backward";
  const fastnn_tensor &dy = input(call, 0), &ids = input(call, 1), &table = input(call, 2);
  check_float(op, "dy", dy);
  check_ids(op, ids);
  check_same_dtype(op, "table", table, "dy", dy);
  check_rank(op, "table", table, 2, "(rows, n)");
  if (dy.rank != ids.rank + 1 || !std::equal(ids.shape, ids.shape + ids.rank, dy.shape) ||
      dy.shape[ids.rank] != table.shape[1]) {
    value_error(op, ": expected dy of the shape of ids with ", table.shape[1], " at its end, got dy ", shape_text(dy),
                " and ids ", shape_text(ids));
  }
  set_output_like(&output(call, 0), table);
  const int64_t links = checked_add(element_count(ids), table.shape[0]);
  return static_cast<size_t>(checked_multiply(links, sizeof(int64_t)));
}

void embedding_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &ids = input(call, 1);
  const fastnn_tensor& dtable = output(call, 0);
  const int64_t rows = dtable.shape[0], n = dtable.shape[1];
  check_id_values("embedding_backward", ids, rows);
  auto* const head = static_cast<int64_t*>(call.workspace);
  int64_t* const next = head + rows;
  std::fill(head, head + rows, -1);
  // linked from the last to the first, so that chains ascend
  for_each_id(ids, [&](int64_t position, int64_t id) {
    next[position] = head[id];
    head[id] = position;
  });
  const int64_t grain = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(n, 1));
  const bool accumulate = accumulates(call, 0);
  with_float_type(dtable.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(dtable) + element_count(dy)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      table<T>().sum_chains(data<T>(dtable), data<T>(dy), head, next, range.begin, range.end, n, accumulate);
    });
  });
}

}  // namespace fastnn::ops
