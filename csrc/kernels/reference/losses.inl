// losses.inl: the reference of cpu/losses.inl.

template <typename T, typename Term>
void mean_terms(T* loss, const T* p, const T* t, int64_t rows, int64_t n, Term term) {
  for (int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (int64_t i = row * n; i < (row + 1) * n; ++i) sum += static_cast<double>(term(p[i], t[i]));
    loss[row] = static_cast<T>(sum / static_cast<double>(n));
  }
}

template <typename T, typename Slope>
void mean_terms_backward(T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n, bool accumulate,
                         Slope slope) {
  for (int64_t row = 0; row < rows; ++row) {
    const T scale = dloss[row] / static_cast<T>(n);
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      const T g = scale * slope(p[i], t[i]);
      dp[i] = accumulate ? dp[i] + g : g;
    }
  }
}

template <typename T>
void squared_error(T* loss, const T* p, const T* t, int64_t rows, int64_t n) {
  mean_terms(loss, p, t, rows, n, [](T a, T b) { return (a - b) * (a - b); });
}
template <typename T>
void squared_error_backward(T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n, bool accumulate) {
  mean_terms_backward(dp, dloss, p, t, rows, n, accumulate, [](T a, T b) { return T(2) * (a - b); });
}

template <typename T>
void absolute_error(T* loss, const T* p, const T* t, int64_t rows, int64_t n) {
  mean_terms(loss, p, t, rows, n, [](T a, T b) { return std::abs(a - b); });
}
template <typename T>
void absolute_error_backward(T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n, bool accumulate) {
  mean_terms_backward(dp, dloss, p, t, rows, n, accumulate, [](T a, T b) {
    return a > b ? T(1) : a < b ? T(-1) : a - b;
  });
}

template <typename T>
void huber(T* loss, const T* p, const T* t, int64_t rows, int64_t n, T delta) {
  mean_terms(loss, p, t, rows, n, [=](T a, T b) {
    const T size = std::abs(a - b);
    return size > delta ? delta * (size - T(0.5) * delta) : T(0.5) * size * size;
  });
}
template <typename T>
void huber_backward(T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n, T delta, bool accumulate) {
  mean_terms_backward(dp, dloss, p, t, rows, n, accumulate, [=](T a, T b) {
    const T d = a - b;
    return d > delta ? delta : d < -delta ? -delta : d;
  });
}

template <typename T>
void binary_cross_entropy(T* loss, const T* p, const T* t, int64_t rows, int64_t n, bool from_logits, T epsilon) {
  mean_terms(loss, p, t, rows, n, [=](T x, T target) {
    if (from_logits) return (x < T(0) ? T(0) : x) - x * target + std::log1p(std::exp(-std::abs(x)));
    const T high = T(1) - epsilon;
    const T q = x < epsilon ? epsilon : x > high ? high : x;
    return -(target * std::log(q) + (T(1) - target) * std::log(T(1) - q));
  });
}
template <typename T>
void binary_cross_entropy_backward(T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n,
                                   bool from_logits, T epsilon, bool accumulate) {
  mean_terms_backward(dp, dloss, p, t, rows, n, accumulate, [=](T x, T target) {
    if (from_logits) {
      const T e = std::exp(-std::abs(x));
      return (x < T(0) ? e : T(1)) / (T(1) + e) - target;
    }
    return x < epsilon || x > T(1) - epsilon ? T(0) : (x - target) / (x * (T(1) - x));
  });
}

template <typename T>
void binary_accuracy(T* matches, const T* p, const T* t, int64_t rows, int64_t n, T threshold) {
  mean_terms(matches, p, t, rows, n, [=](T x, T target) { return T((x > threshold ? T(1) : T(0)) == target); });
}
