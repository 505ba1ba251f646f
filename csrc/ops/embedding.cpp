// embedding.cpp: rows of a table by number, and the gradient of the table. Ids are checked before anything is written.
#include <algorithm>

#include "ops/lookups.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkElements = 16 * 1024;

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
  check_lookups(op, "dy", dy, ids, table.shape[1]);
  set_output_like(&output(call, 0), table);
  return lookups_workspace(op, ids);
}

void embedding_backward_run(const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &ids = input(call, 1);
  const fastnn_tensor& dtable = output(call, 0);
  const int64_t rows = dtable.shape[0], n = dtable.shape[1];
  check_id_values("embedding_backward", ids, rows);
  const Lookups lookups = group_ids(ids, rows, call.workspace);
  const int64_t grain = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(n, 1));
  const bool accumulate = accumulates(call, 0);
  with_float_type(dtable.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double nanoseconds = static_cast<double>(element_count(dtable) + element_count(dy)) * sizeof(T) / 10;
    parallel_for(*call.context, ceil_divide(rows, grain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, rows, grain);
      int64_t at = lookups.find(range.begin);
      sum_lookups(data<T>(dtable) + range.begin * n, data<T>(dy), lookups, &at, range.begin, range.end, n, 0, n,
                  accumulate);
    });
  });
}

}  // namespace fastnn::ops
