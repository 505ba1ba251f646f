// embedding.inl: rows of a table by number, and the sums of the gradients of equal numbers. Bandwidth bound. A row's sum
// runs over its chain in the order of the ids, in float, one vector of columns at a time; rows without a chain are
// zeroed, or left alone when accumulating.

inline int64_t row_id(const void* ids, int64_t id_bytes, int64_t at) {
  return id_bytes == 4 ? static_cast<const int32_t*>(ids)[at] : static_cast<const int64_t*>(ids)[at];
}

void gather_rows(float* y, const float* table, const void* ids, int64_t id_bytes, int64_t count, int64_t n) {
  for (int64_t i = 0; i < count; ++i, y += n) {
    const float* const row = table + row_id(ids, id_bytes, i) * n;
    for_each_vector(n, [=](int64_t k, int64_t lanes) { store_n(y + k, load_n(row + k, lanes), lanes); });
  }
}

void sum_chains(float* dtable, const float* dy, const int64_t* head, const int64_t* next, int64_t begin, int64_t end,
                int64_t n, bool accumulate) {
  for (int64_t row = begin; row < end; ++row) {
    if (accumulate && head[row] < 0) continue;
    float* const target = dtable + row * n;
    for_each_vector(n, [=](int64_t k, int64_t lanes) {
      Vec sum = zero();
      for (int64_t i = head[row]; i >= 0; i = next[i]) sum += load_n(dy + i * n + k, lanes);
      if (accumulate) sum += load_n(target + k, lanes);
      store_n(target + k, sum, lanes);
    });
  }
}
