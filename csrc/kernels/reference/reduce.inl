// reduce.inl: the reference of cpu/reduce.inl.

template <typename T>
void sum_rows(Accumulator<T>* sums, const T* x, int64_t rows, int64_t n, int64_t stride, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    Accumulator<T> sum = 0;
    for (int64_t k = 0; k < n; ++k) sum = sum_of(sum, static_cast<Accumulator<T>>(x[row * stride + k]));
    sums[row] = accumulate ? sum_of(sums[row], sum) : sum;
  }
}

template <typename T>
void sum_columns(Accumulator<T>* sums, const T* x, int64_t rows, int64_t columns, int64_t stride, bool accumulate) {
  for (int64_t c = 0; c < columns && !accumulate; ++c) sums[c] = 0;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      sums[c] = sum_of(sums[c], static_cast<Accumulator<T>>(x[row * stride + c]));
    }
  }
}

template <typename T>
void spread_rows(T* dx, const T* dy, int64_t rows, int64_t n, int64_t stride, T divisor, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    const T g = dy[row] / divisor;
    for (int64_t at = row * stride; at < row * stride + n; ++at) dx[at] = accumulate ? dx[at] + g : g;
  }
}

template <typename T>
void spread_columns(T* dx, const T* dy, int64_t rows, int64_t columns, int64_t stride, T divisor, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const T g = dy[c] / divisor;
      dx[row * stride + c] = accumulate ? dx[row * stride + c] + g : g;
    }
  }
}
