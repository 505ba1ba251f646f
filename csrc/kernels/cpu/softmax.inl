// softmax.inl: softmax and log_softmax and their gradients, along rows (the axis is the last) and along columns (it is not).
//
// A row is three passes while it lies in L1: maximum, exp(x - max) with its sum, scaling by 1 / sum. Sums run in one
// float vector per 64 vectors, those in double, so that rows of any length keep float32's accuracy. Columns go kWidth
// at once, a column in a lane, and sum 64 rows at a time. A row's or column's bits depend on itself alone.
//
// A row of -inf is NaN, as in PyTorch; NaN spreads over its row. Error: 1e-6 relative, and 2^-24 |x - max| that the
// subtraction brings; the gradient 2e-7 of the largest |dy|. On AVX-512 (Zen 4) 0.4 ns an element of long rows, 20 ns a
// row of ten.

constexpr int64_t kSumVectors = 64;

// Maximum of a row; NaN is passed over: exp finds it.
inline float row_max(const float* x, int64_t n) {
  constexpr int64_t kAtOnce = 4;
  Vec m[kAtOnce];
  for (Vec& v : m) v = broadcast(-__builtin_inff());
  int64_t first = 0;
  for (; first + kAtOnce * kWidth <= n; first += kAtOnce * kWidth) {
    for (int64_t k = 0; k < kAtOnce; ++k) m[k] = larger(load(x + first + k * kWidth), m[k]);
  }
  for_each_vector(n - first, [&](int64_t i, int64_t lanes) {
    m[0] = larger(load_n_or(x + first + i, lanes, -__builtin_inff()), m[0]);
  });
  return reduce_max(larger(larger(m[0], m[1]), larger(m[2], m[3])));
}

// Calls term(offset, lanes) for each vector of a row of n and sums what it returns; lanes outside must be zero.
template <typename Term>
inline __attribute__((always_inline)) float row_sum(int64_t n, Term term) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kSumVectors * kWidth) {
    const int64_t count = n - begin < kSumVectors * kWidth ? n - begin : kSumVectors * kWidth;
    Vec sum = zero();
    for_each_vector(count, [&](int64_t i, int64_t lanes) { sum += term(begin + i, lanes); });
    total += static_cast<double>(reduce_add(sum));
  }
  return static_cast<float>(total);
}

// exp(x - shift), zero in the lanes outside.
inline Vec shifted_exp(const float* x, int64_t lanes, float shift) {
  return falling_exp(load_n_or(x, lanes, -__builtin_inff()) - shift);
}

void softmax_rows(float* y, const float* x, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
    const float shift = row_max(x, n);
    const float sum = row_sum(n, [=](int64_t i, int64_t lanes) {
      const Vec e = shifted_exp(x + i, lanes, shift);
      store_n(y + i, e, lanes);
      return e;
    });
    const float scale = 1.0f / sum;
    for_each_vector(n, [=](int64_t i, int64_t lanes) { store_n(y + i, load_n(y + i, lanes) * scale, lanes); });
  }
}

void softmax_backward_rows(float* dx, const float* dy, const float* y, int64_t rows, int64_t n, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, dx += n, dy += n, y += n) {
    const float dot =
        row_sum(n, [=](int64_t i, int64_t lanes) { return load_n(dy + i, lanes) * load_n(y + i, lanes); });
    for_each_vector(n, [=](int64_t i, int64_t lanes) {
      Vec g = load_n(y + i, lanes) * (load_n(dy + i, lanes) - dot);
      if (accumulate) g += load_n(dx + i, lanes);
      store_n(dx + i, g, lanes);
    });
  }
}

// Calls term(row) for each of n rows and sums the vectors, 64 at a time.
template <typename Term>
inline __attribute__((always_inline)) Vec column_sum(int64_t n, Term term) {
  Vec total = zero();
  for (int64_t begin = 0; begin < n; begin += kSumVectors) {
    const int64_t end = n - begin < kSumVectors ? n : begin + kSumVectors;
    Vec sum = zero();
    for (int64_t k = begin; k < end; ++k) sum += term(k);
    total += sum;
  }
  return total;
}

void softmax_columns(float* y, const float* x, int64_t n, int64_t columns, int64_t stride) {
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    Vec shift = broadcast(-__builtin_inff());
    for (int64_t k = 0; k < n; ++k) {
      const Vec v = load_n(x + k * stride + i, lanes);
      shift = larger(v, shift);
    }
    const Vec sum = column_sum(n, [=](int64_t k) {
      const Vec e = falling_exp(load_n(x + k * stride + i, lanes) - shift);
      store_n(y + k * stride + i, e, lanes);
      return e;
    });
    const Vec scale = 1.0f / sum;
    for (int64_t k = 0; k < n; ++k) {
      float* const row = y + k * stride + i;
      store_n(row, load_n(row, lanes) * scale, lanes);
    }
  });
}

void softmax_backward_columns(float* dx, const float* dy, const float* y, int64_t n, int64_t columns, int64_t stride,
                              bool accumulate) {
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    const Vec dot = column_sum(
        n, [=](int64_t k) { return load_n(dy + k * stride + i, lanes) * load_n(y + k * stride + i, lanes); });
    for (int64_t k = 0; k < n; ++k) {
      const int64_t at = k * stride + i;
      Vec g = load_n(y + at, lanes) * (load_n(dy + at, lanes) - dot);
      if (accumulate) g += load_n(dx + at, lanes);
      store_n(dx + at, g, lanes);
    }
  });
}

// Along a row log_softmax is x - (max + log(sum(exp(x - max)))), in two steps, so that nothing large is added to
// something small.
void log_softmax_rows(float* y, const float* x, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
    const float shift = row_max(x, n);
    const float sum = row_sum(n, [=](int64_t i, int64_t lanes) { return shifted_exp(x + i, lanes, shift); });
    const Vec log_sum = log(broadcast(sum));
    for_each_vector(n,
                    [=](int64_t i, int64_t lanes) { store_n(y + i, (load_n(x + i, lanes) - shift) - log_sum, lanes); });
  }
}

void log_softmax_backward_rows(float* dx, const float* dy, const float* y, int64_t rows, int64_t n, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, dx += n, dy += n, y += n) {
    const float total = row_sum(n, [=](int64_t i, int64_t lanes) { return load_n(dy + i, lanes); });
    for_each_vector(n, [=](int64_t i, int64_t lanes) {
      Vec g = load_n(dy + i, lanes) - exp(load_n(y + i, lanes)) * total;
      if (accumulate) g += load_n(dx + i, lanes);
      store_n(dx + i, g, lanes);
    });
  }
}

void log_softmax_columns(float* y, const float* x, int64_t n, int64_t columns, int64_t stride) {
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    Vec shift = broadcast(-__builtin_inff());
    for (int64_t k = 0; k < n; ++k) {
      const Vec v = load_n(x + k * stride + i, lanes);
      shift = larger(v, shift);
    }
    const Vec log_sum =
        log(column_sum(n, [=](int64_t k) { return falling_exp(load_n(x + k * stride + i, lanes) - shift); }));
    for (int64_t k = 0; k < n; ++k) {
      const int64_t at = k * stride + i;
      store_n(y + at, (load_n(x + at, lanes) - shift) - log_sum, lanes);
    }
  });
}

void log_softmax_backward_columns(float* dx, const float* dy, const float* y, int64_t n, int64_t columns,
                                  int64_t stride, bool accumulate) {
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    const Vec total = column_sum(n, [=](int64_t k) { return load_n(dy + k * stride + i, lanes); });
    for (int64_t k = 0; k < n; ++k) {
      const int64_t at = k * stride + i;
      Vec g = load_n(dy + at, lanes) - exp(load_n(y + at, lanes)) * total;
      if (accumulate) g += load_n(dx + at, lanes);
      store_n(dx + at, g, lanes);
    }
  });
}
