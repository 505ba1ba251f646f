// normalization.inl: batch normalisation down the columns of (rows, channels), layer and RMS normalisation along rows.
//
// Sums are widened to double before they are added, so that they are exact to float32 for any number of rows, and
// differences from the mean are taken in float, as PyTorch and Keras do. Columns go one vector of channels at a time
// over all rows; the caller joins narrow rows into lines of 64 channels or more and keeps a line's sums within L2.
// An element's bits depend on its own column or row alone. Error: 3e-7 of the largest |y|.

inline VecDoublePair squares(Vec v) {
  const VecDoublePair w = widen(v);
  return {w.low * w.low, w.high * w.high};
}

inline VecDoublePair products(Vec a, Vec b) {
  const VecDoublePair x = widen(a), y = widen(b);
  return {x.low * y.low, x.high * y.high};
}

void sum_squares_columns(double* sums, const float* x, const float* mean, int64_t rows, int64_t columns) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      const Vec m = load_n(mean + c, lanes);
      VecDoublePair sum = squares(load_n(x + c, lanes) - m);
      for (int64_t k = 1; k < 4; ++k) {
        const VecDoublePair s = squares(load_n(x + k * columns + c, lanes) - m);
        sum.low += s.low;
        sum.high += s.high;
      }
      add_n(sums + c, sum, lanes);
    });
  }
  for (; row < rows; ++row, x += columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      add_n(sums + c, squares(load_n(x + c, lanes) - load_n(mean + c, lanes)), lanes);
    });
  }
}

void sum_products_columns(double* sums, double* sums_of_products, const float* dy, const float* x, const float* mean,
                          int64_t rows, int64_t columns) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * columns, dy += 4 * columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      const Vec m = load_n(mean + c, lanes);
      VecDoublePair sum{}, product{};
      for (int64_t k = 0; k < 4; ++k) {
        const Vec g = load_n(dy + k * columns + c, lanes);
        const VecDoublePair w = widen(g), p = products(g, load_n(x + k * columns + c, lanes) - m);
        sum.low += w.low;
        sum.high += w.high;
        product.low += p.low;
        product.high += p.high;
      }
      add_n(sums + c, sum, lanes);
      add_n(sums_of_products + c, product, lanes);
    });
  }
  for (; row < rows; ++row, x += columns, dy += columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      const Vec g = load_n(dy + c, lanes);
      add_n(sums + c, widen(g), lanes);
      add_n(sums_of_products + c, products(g, load_n(x + c, lanes) - load_n(mean + c, lanes)), lanes);
    });
  }
}

void normalize_columns(float* y, const float* x, const float* mean, const float* scale, const float* shift,
                       int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      const Vec centered = load_n(x + c, lanes) - load_n(mean + c, lanes);
      store_n(y + c, fma(centered, load_n(scale + c, lanes), load_n(shift + c, lanes)), lanes);
    });
  }
}

void normalize_columns_backward(float* dx, const float* dy, const float* x, const float* mean, const float* scale,
                                const float* offset, const float* slope, int64_t rows, int64_t columns,
                                bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, dx += columns, dy += columns, x += columns) {
    for_each_vector(columns, [=](int64_t c, int64_t lanes) {
      Vec g = load_n(dy + c, lanes), rest{};
      if (offset != nullptr) {
        const Vec centered = load_n(x + c, lanes) - load_n(mean + c, lanes);
        rest = fma(centered, load_n(slope + c, lanes), load_n(offset + c, lanes));
      }
      g = fma(g, load_n(scale + c, lanes), -rest);
      if (accumulate) g += load_n(dx + c, lanes);
      store_n(dx + c, g, lanes);
    });
  }
}

// Calls term(offset, lanes) for each vector of a row of n and sums the pairs it returns; lanes outside must be zero.
template <typename Term>
inline __attribute__((always_inline)) double wide_row_sum(int64_t n, Term term) {
  VecDouble low{}, high{};
  for_each_vector(n, [&](int64_t i, int64_t lanes) {
    const VecDoublePair w = term(i, lanes);
    low += w.low;
    high += w.high;
  });
  return reduce_add(low + high);
}

void layer_norm_rows(float* y, float* mean, float* inverse, const float* x, const float* gamma, const float* beta,
                     int64_t rows, int64_t n, double epsilon, bool rms) {
  const auto count = static_cast<double>(n);
  for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
    float center = 0;
    if (!rms) {
      center = static_cast<float>(
          wide_row_sum(n, [=](int64_t i, int64_t lanes) { return widen(load_n(x + i, lanes)); }) / count);
    }
    const double sum =
        wide_row_sum(n, [=](int64_t i, int64_t lanes) { return squares(load_n_or(x + i, lanes, center) - center); });
    const auto scale = static_cast<float>(1.0 / __builtin_sqrt(sum / count + epsilon));
    for_each_vector(n, [=](int64_t i, int64_t lanes) {
      Vec v = (load_n(x + i, lanes) - center) * scale;
      if (gamma != nullptr) v *= load_n(gamma + i, lanes);
      if (beta != nullptr) v += load_n(beta + i, lanes);
      store_n(y + i, v, lanes);
    });
    if (mean != nullptr) mean[row] = center;
    if (inverse != nullptr) inverse[row] = scale;
  }
}

void layer_norm_backward_rows(float* dx, double* dgamma, double* dbeta, const float* dy, const float* x,
                              const float* mean, const float* inverse, const float* gamma, int64_t rows, int64_t n,
                              bool rms, bool accumulate) {
  const auto count = static_cast<double>(n);
  for (int64_t row = 0; row < rows; ++row, dy += n, x += n) {
    const float center = mean[row], scale = inverse[row];
    const auto normal = [=](int64_t i, int64_t lanes) { return (load_n(x + i, lanes) - center) * scale; };
    const auto gradient = [=](int64_t i, int64_t lanes) {  // zero in the lanes outside
      const Vec g = load_n(dy + i, lanes);
      return gamma == nullptr ? g : g * load_n(gamma + i, lanes);
    };
    for_each_vector(n, [=](int64_t i, int64_t lanes) {
      const Vec g = load_n(dy + i, lanes);
      if (dgamma != nullptr) add_n(dgamma + i, products(g, normal(i, lanes)), lanes);
      if (dbeta != nullptr) add_n(dbeta + i, widen(g), lanes);
    });
    if (dx == nullptr) continue;
    float offset = 0;
    if (!rms) {
      offset = static_cast<float>(wide_row_sum(n, [=](int64_t i, int64_t lanes) { return widen(gradient(i, lanes)); }) /
                                  count);
    }
    const auto slope = static_cast<float>(
        wide_row_sum(n, [=](int64_t i, int64_t lanes) { return products(gradient(i, lanes), normal(i, lanes)); }) /
        count);
    for_each_vector(n, [=](int64_t i, int64_t lanes) {
      Vec g = (gradient(i, lanes) - offset - normal(i, lanes) * slope) * scale;
      if (accumulate) g += load_n(dx + i, lanes);
      store_n(dx + i, g, lanes);
    });
    dx += n;
  }
}

void moving_average(float* average, const float* value, int64_t count, float momentum, float rest) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    store_n(average + i, momentum * load_n(average + i, lanes) + rest * load_n(value + i, lanes), lanes);
  });
}
