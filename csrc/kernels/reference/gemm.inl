// gemm.inl: the reference of cpu/gemm.inl. A packed matrix is stored column by column.

template <typename T>
void gemm_pack(T* packed, const T* b, int64_t k, int64_t n, int64_t b_row, int64_t b_column, int64_t first_row,
               int64_t rows) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < k; ++i) packed[j * rows + first_row + i] = b[i * b_row + j * b_column];
  }
}

template <typename T>
void finish(T& y, T sum, int64_t column, const Epilogue<T>& epilogue) {
  if (epilogue.accumulate) sum += y;
  if (epilogue.bias != nullptr) sum += epilogue.bias[column];
  y = epilogue.relu && sum <= T(0) ? T(0) : sum;
}

template <typename T>
void gemm(T* y, const T* a, const T* b, int64_t m, int64_t n, int64_t k, const GemmLayout& layout,
          const Epilogue<T>& epilogue) {
  const bool packed = layout.b_row == 0;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T& result = y[i * layout.y_row + j];
      T total = 0;
      for (int64_t first = 0; first == 0 || first < k; first += layout.depth) {
        const int64_t end = k - first < layout.depth ? k : first + layout.depth;
        T sum = 0;
        for (int64_t p = first; p < end; ++p) {
          sum += a[i * layout.a_row + p * layout.a_column] *
                 b[packed ? j * k + p : p * layout.b_row + j * layout.b_column];
        }
        const bool adds = first > 0 || epilogue.accumulate;
        total = adds ? sum + (first > 0 ? total : result) : sum;
      }
      finish(result, total, j, {epilogue.bias, epilogue.relu, false});
    }
  }
}

// Reads a where it is.
template <typename T>
void gemm_copy(T*, const T*, int64_t, int64_t, int64_t, int64_t) {}
template <typename T>
void gemm_columns(T* y, const T*, const T* a, const T* b, int64_t m, int64_t n, int64_t k, const GemmLayout& layout,
                  const Epilogue<T>& epilogue) {
  gemm(y, a, b, m, n, k, layout, epilogue);
}

template <typename T>
void gemm_join(T* y, int64_t y_row, const T* parts, int64_t count, int64_t m, int64_t n, const Epilogue<T>& epilogue) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T& result = y[i * y_row + j];
      T total = parts[i * n + j];
      if (epilogue.accumulate) total += result;
      for (int64_t part = 1; part < count; ++part) total += parts[(part * m + i) * n + j];
      finish(result, total, j, {epilogue.bias, epilogue.relu, false});
    }
  }
}

template <typename T>
void sum_parts(T* y, const T* parts, int64_t count, int64_t part_count, int64_t part_stride, bool accumulate) {
  for (int64_t i = 0; i < count; ++i) {
    T sum = parts[i];
    for (int64_t part = 1; part < part_count; ++part) sum += parts[part * part_stride + i];
    y[i] = accumulate ? y[i] + sum : sum;
  }
}
