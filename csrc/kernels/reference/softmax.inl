// softmax.inl: the reference of cpu/softmax.inl. A row is n numbers `step` apart.

template <typename T>
T row_max(const T* x, int64_t n, int64_t step) {
  T m = -std::numeric_limits<T>::infinity();
  for (int64_t k = 0; k < n; ++k) m = x[k * step] > m ? x[k * step] : m;
  return m;
}

template <typename T>
void softmax_row(T* y, const T* x, int64_t n, int64_t step) {
  const T shift = row_max(x, n, step);
  double sum = 0;
  for (int64_t k = 0; k < n; ++k) sum += y[k * step] = std::exp(x[k * step] - shift);
  for (int64_t k = 0; k < n; ++k) y[k * step] = static_cast<T>(y[k * step] / sum);
}

template <typename T>
void softmax_row_backward(T* dx, const T* dy, const T* y, int64_t n, int64_t step, bool accumulate) {
  double dot = 0;
  for (int64_t k = 0; k < n; ++k) dot += static_cast<double>(dy[k * step]) * y[k * step];
  for (int64_t k = 0; k < n; ++k) {
    const T g = y[k * step] * static_cast<T>(dy[k * step] - dot);
    dx[k * step] = accumulate ? dx[k * step] + g : g;
  }
}

template <typename T>
void softmax_rows(T* y, const T* x, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) softmax_row(y + row * n, x + row * n, n, 1);
}

template <typename T>
void softmax_backward_rows(T* dx, const T* dy, const T* y, int64_t rows, int64_t n, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    softmax_row_backward(dx + row * n, dy + row * n, y + row * n, n, 1, accumulate);
  }
}

template <typename T>
void softmax_columns(T* y, const T* x, int64_t n, int64_t columns, int64_t stride) {
  for (int64_t c = 0; c < columns; ++c) softmax_row(y + c, x + c, n, stride);
}

template <typename T>
void softmax_backward_columns(T* dx, const T* dy, const T* y, int64_t n, int64_t columns, int64_t stride,
                              bool accumulate) {
  for (int64_t c = 0; c < columns; ++c) softmax_row_backward(dx + c, dy + c, y + c, n, stride, accumulate);
}

template <typename T>
void log_softmax_row(T* y, const T* x, int64_t n, int64_t step) {
  const T shift = row_max(x, n, step);
  double sum = 0;
  for (int64_t k = 0; k < n; ++k) sum += std::exp(x[k * step] - shift);
  const T log_sum = static_cast<T>(std::log(sum));
  for (int64_t k = 0; k < n; ++k) y[k * step] = x[k * step] - shift - log_sum;
}

template <typename T>
void log_softmax_row_backward(T* dx, const T* dy, const T* y, int64_t n, int64_t step, bool accumulate) {
  double total = 0;
  for (int64_t k = 0; k < n; ++k) total += dy[k * step];
  for (int64_t k = 0; k < n; ++k) {
    const T g = dy[k * step] - std::exp(y[k * step]) * static_cast<T>(total);
    dx[k * step] = accumulate ? dx[k * step] + g : g;
  }
}

template <typename T>
void log_softmax_rows(T* y, const T* x, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) log_softmax_row(y + row * n, x + row * n, n, 1);
}

template <typename T>
void log_softmax_backward_rows(T* dx, const T* dy, const T* y, int64_t rows, int64_t n, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    log_softmax_row_backward(dx + row * n, dy + row * n, y + row * n, n, 1, accumulate);
  }
}

template <typename T>
void log_softmax_columns(T* y, const T* x, int64_t n, int64_t columns, int64_t stride) {
  for (int64_t c = 0; c < columns; ++c) log_softmax_row(y + c, x + c, n, stride);
}

template <typename T>
void log_softmax_backward_columns(T* dx, const T* dy, const T* y, int64_t n, int64_t columns, int64_t stride,
                                  bool accumulate) {
  for (int64_t c = 0; c < columns; ++c) log_softmax_row_backward(dx + c, dy + c, y + c, n, stride, accumulate);
}
