// fold.inl: the reference of cpu/fold.inl; T may be an integer too, then what is folded is int64.

template <typename T>
bool is_nan(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x);
  } else {
    return false;
  }
}

// results[r] = op(results[r], x[r * stride + k]), k < n, for every row.
template <typename A, typename T, typename Op>
void fold_rows(A* results, const T* x, int64_t rows, int64_t n, int64_t stride, Op op) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t k = 0; k < n; ++k) results[row] = op(results[row], x[row * stride + k], row);
  }
}

// results[c] = op(results[c], x[r * stride + c]), r < rows, for every column.
template <typename A, typename T, typename Op>
void fold_columns(A* results, const T* x, int64_t rows, int64_t columns, int64_t stride, Op op) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) results[c] = op(results[c], x[row * stride + c], c);
  }
}

template <typename T>
void max_rows(Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride) {
  fold_rows(results, x, rows, n, stride, [](auto a, T v, int64_t) { return v > a || is_nan(v) ? v : a; });
}

template <typename T>
void max_columns(Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride) {
  fold_columns(results, x, rows, columns, stride, [](auto a, T v, int64_t) { return v > a || is_nan(v) ? v : a; });
}

template <typename T>
void min_rows(Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride) {
  fold_rows(results, x, rows, n, stride, [](auto a, T v, int64_t) { return v < a || is_nan(v) ? v : a; });
}

template <typename T>
void min_columns(Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride) {
  fold_columns(results, x, rows, columns, stride, [](auto a, T v, int64_t) { return v < a || is_nan(v) ? v : a; });
}

template <typename T>
void prod_rows(Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride) {
  using A = Accumulator<T>;
  fold_rows(results, x, rows, n, stride, [](A a, T v, int64_t) { return product_of(a, static_cast<A>(v)); });
}

template <typename T>
void prod_columns(Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride) {
  using A = Accumulator<T>;
  fold_columns(results, x, rows, columns, stride, [](A a, T v, int64_t) { return product_of(a, static_cast<A>(v)); });
}

template <typename T>
void squared_deviation_rows(double* sums, const T* x, const double* mean, int64_t rows, int64_t n, int64_t stride) {
  fold_rows(sums, x, rows, n, stride, [=](double a, T v, int64_t i) { return a + (v - mean[i]) * (v - mean[i]); });
}

template <typename T>
void squared_deviation_columns(double* sums, const T* x, const double* mean, int64_t rows, int64_t columns,
                               int64_t stride) {
  fold_columns(sums, x, rows, columns, stride,
               [=](double a, T v, int64_t i) { return a + (v - mean[i]) * (v - mean[i]); });
}

template <typename T>
void exp_rows(double* sums, const T* x, const double* shift, int64_t rows, int64_t n, int64_t stride) {
  fold_rows(sums, x, rows, n, stride, [=](double a, T v, int64_t i) { return a + std::exp(v - shift[i]); });
}

template <typename T>
void exp_columns(double* sums, const T* x, const double* shift, int64_t rows, int64_t columns, int64_t stride) {
  fold_columns(sums, x, rows, columns, stride, [=](double a, T v, int64_t i) { return a + std::exp(v - shift[i]); });
}

template <typename T>
void argmax_columns(int64_t* index, const T* x, int64_t n, int64_t columns, int64_t stride, bool smallest) {
  for (int64_t c = 0; c < columns; ++c) {
    index[c] = 0;
    for (int64_t k = 1; k < n; ++k) {
      const T v = x[k * stride + c], best = x[index[c] * stride + c];
      if ((smallest ? v < best : v > best) || (is_nan(v) && !is_nan(best))) index[c] = k;
    }
  }
}

template <typename T>
void argmax_rows(int64_t* index, const T* x, int64_t rows, int64_t n, bool smallest) {
  for (int64_t row = 0; row < rows; ++row) {
    argmax_columns(index + row, x + row * n, n, 1, 1, smallest);
  }
}

template <typename T>
void cumsum_columns(T* y, const T* x, int64_t n, int64_t columns, int64_t stride, bool reverse, bool exclusive,
                    bool accumulate) {
  for (int64_t c = 0; c < columns; ++c) {
    Accumulator<T> sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = (reverse ? n - 1 - i : i) * stride + c;
      const Accumulator<T> before = sum;
      sum = sum_of(sum, static_cast<Accumulator<T>>(x[at]));
      const T result = static_cast<T>(exclusive ? before : sum);
      y[at] = accumulate ? sum_of(y[at], result) : result;
    }
  }
}
