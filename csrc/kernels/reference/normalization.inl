// normalization.inl: the reference of cpu/normalization.inl.

template <typename T>
void sum_squares_columns(double* sums, const T* x, const T* mean, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const double d = x[row * columns + c] - mean[c];
      sums[c] += d * d;
    }
  }
}

template <typename T>
void sum_moments_columns(double* sums, double* squares, const T* x, const T* origin, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const double d = static_cast<double>(x[row * columns + c]) - origin[c];
      sums[c] += d;
      squares[c] += d * d;
    }
  }
}

// What relu of (x - mean) * scale + shift lets through of dy; all of it without a shift.
template <typename T>
T passed(T dy, T x, const T* mean, const T* scale, const T* shift, int64_t c) {
  return shift == nullptr || (x - mean[c]) * scale[c] + shift[c] > 0 ? dy : T(0);
}

template <typename T>
void sum_products_columns(double* sums, double* products, const T* dy, const T* x, const T* mean, const T* scale,
                          const T* shift, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t at = row * columns + c;
      const T g = passed(dy[at], x[at], mean, scale, shift, c);
      sums[c] += g;
      products[c] += static_cast<double>(g) * (x[at] - mean[c]);
    }
  }
}

template <typename T>
void normalize_columns(T* y, const T* x, const T* mean, const T* scale, const T* shift, int64_t rows, int64_t columns,
                       bool relu) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const T v = (x[row * columns + c] - mean[c]) * scale[c] + shift[c];
      y[row * columns + c] = relu && v <= 0 ? T(0) : v;
    }
  }
}

template <typename T>
void normalize_columns_backward(T* dx, const T* dy, const T* x, const T* mean, const T* scale, const T* shift,
                                const T* offset, const T* slope, int64_t rows, int64_t columns, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t at = row * columns + c;
      T g = scale[c] * passed(dy[at], x[at], mean, scale, shift, c);
      if (offset != nullptr) g = g - offset[c] - (x[at] - mean[c]) * slope[c];
      dx[at] = accumulate ? dx[at] + g : g;
    }
  }
}

template <typename T>
void layer_norm_rows(T* y, T* mean, T* inverse, const T* x, const T* gamma, const T* beta, int64_t rows, int64_t n,
                     double epsilon, bool rms) {
  for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
    double sum = 0, squares = 0;
    for (int64_t k = 0; k < n && !rms; ++k) sum += x[k];
    const T center = static_cast<T>(sum / static_cast<double>(n));
    for (int64_t k = 0; k < n; ++k) {
      const double d = x[k] - center;
      squares += d * d;
    }
    const T scale = static_cast<T>(1.0 / std::sqrt(squares / static_cast<double>(n) + epsilon));
    for (int64_t k = 0; k < n; ++k) {
      const T v = (x[k] - center) * scale * (gamma == nullptr ? T(1) : gamma[k]);
      y[k] = beta == nullptr ? v : v + beta[k];
    }
    if (mean != nullptr) mean[row] = center;
    if (inverse != nullptr) inverse[row] = scale;
  }
}

template <typename T>
void layer_norm_backward_rows(T* dx, double* dgamma, double* dbeta, const T* dy, const T* x, const T* mean,
                              const T* inverse, const T* gamma, int64_t rows, int64_t n, bool rms, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, dy += n, x += n) {
    double sum = 0, products = 0;
    for (int64_t k = 0; k < n; ++k) {
      const T normal = (x[k] - mean[row]) * inverse[row];
      const T g = gamma == nullptr ? dy[k] : dy[k] * gamma[k];
      sum += g;
      products += static_cast<double>(g) * normal;
      if (dgamma != nullptr) dgamma[k] += static_cast<double>(dy[k]) * normal;
      if (dbeta != nullptr) dbeta[k] += dy[k];
    }
    if (dx == nullptr) continue;
    const T offset = rms ? T(0) : static_cast<T>(sum / static_cast<double>(n));
    const T slope = static_cast<T>(products / static_cast<double>(n));
    for (int64_t k = 0; k < n; ++k) {
      const T normal = (x[k] - mean[row]) * inverse[row];
      const T g = inverse[row] * ((gamma == nullptr ? dy[k] : dy[k] * gamma[k]) - offset - normal * slope);
      dx[k] = accumulate ? dx[k] + g : g;
    }
    dx += n;
  }
}

template <typename T>
void moving_average(T* average, const T* value, int64_t count, T momentum, T rest) {
  for (int64_t i = 0; i < count; ++i) average[i] = momentum * average[i] + rest * value[i];
}
