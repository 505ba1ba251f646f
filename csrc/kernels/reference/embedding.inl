// embedding.inl: the reference of cpu/embedding.inl.

inline int64_t row_id(const void* ids, int64_t id_bytes, int64_t at) {
  return id_bytes == 4 ? static_cast<const int32_t*>(ids)[at] : static_cast<const int64_t*>(ids)[at];
}

template <typename T>
void gather_rows(T* y, const T* table, const void* ids, int64_t id_bytes, int64_t count, int64_t n) {
  for (int64_t i = 0; i < count; ++i) {
    const T* const row = table + row_id(ids, id_bytes, i) * n;
    for (int64_t k = 0; k < n; ++k) y[i * n + k] = row[k];
  }
}

template <typename T>
void sum_gathered(T* sum, const T* rows, const int64_t* order, int64_t count, int64_t row, int64_t n, bool accumulate) {
  for (int64_t k = 0; k < n; ++k) {
    T total = 0;
    for (int64_t i = 0; i < count; ++i) total += rows[order[i] * row + k];
    sum[k] = accumulate ? sum[k] + total : total;
  }
}
