// fold.inl: largest, smallest, product, sums of squared deviations and of exponentials, the place of the largest, and
// cumulative sums.
//
// What sum_rows and sum_columns do, for more than sums: rows keep two vectors, columns go four rows at a time into a
// line of doubles, which the caller keeps within L1. A result's order depends on the sizes alone. Any sizes and
// numbers; NaN wins over all others.
// Error: the largest of float32 numbers, and its place, are exact; products and sums are made in double, of
// vec_math.h's exponentials, and rounded to float32 once, by the caller. Measured on one Zen 4 core, 64 rows of 1024,
// in L2, base level -> AVX-512: max along rows 15.6 -> 10.9 us, argmax 22.6 -> 10.9, var 31.7 -> 19.6, logsumexp 118 ->
// 35; cumsum down columns 228 -> 26, but along rows 62 on every level, for each sum waits for the one before it.

// p[i] = op(p[i], v[i]) for the first `lanes` lanes.
template <typename Op>
inline __attribute__((always_inline)) void fold_n(double* p, VecDoublePair v, int64_t lanes, Op op) {
  constexpr int64_t half = kWidth / 2;
  double line[kWidth] = {};
  double* const at = lanes == kWidth ? p : line;
  if (lanes != kWidth) __builtin_memcpy(line, p, static_cast<size_t>(lanes) * sizeof(double));
  VecDoubleUnaligned* const low = reinterpret_cast<VecDoubleUnaligned*>(at);
  VecDoubleUnaligned* const high = reinterpret_cast<VecDoubleUnaligned*>(at + half);
  *low = op(*low, v.low);
  *high = op(*high, v.high);
  if (lanes != kWidth) __builtin_memcpy(p, line, static_cast<size_t>(lanes) * sizeof(double));
}

inline VecDoublePair load_doubles_n(const double* p, int64_t lanes) {
  constexpr int64_t half = kWidth / 2;
  double line[kWidth] = {};
  if (lanes != kWidth) __builtin_memcpy(line, p, static_cast<size_t>(lanes) * sizeof(double));
  const double* const from = lanes == kWidth ? p : line;
  return {*reinterpret_cast<const VecDoubleUnaligned*>(from),
          *reinterpret_cast<const VecDoubleUnaligned*>(from + half)};
}

inline double fold_lanes(VecDouble v, double (*op)(double, double)) {
  double result = v[0];
  for (int64_t i = 1; i < kWidth / 2; ++i) result = op(result, v[i]);
  return result;
}

// NaN wins, as a number that is larger, or smaller, than all.
template <bool kSmallest>
struct ExtremeOp {
  static constexpr float kWorst = kSmallest ? __builtin_inff() : -__builtin_inff();
  Vec operator()(Vec a, Vec v) const { return select((kSmallest ? v < a : v > a) | (v != v), v, a); }
  VecDouble operator()(VecDouble a, VecDouble v) const { return ((kSmallest ? v < a : v > a) | (v != v)) ? v : a; }
};

template <bool kSmallest>
inline void extreme_rows(double* results, const float* x, int64_t rows, int64_t n, int64_t stride) {
  constexpr ExtremeOp<kSmallest> op{};
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    Vec a = broadcast(op.kWorst), b = a;
    int64_t i = 0;
    for (; i + 2 * kWidth <= n; i += 2 * kWidth) {
      a = op(a, load(x + i));
      b = op(b, load(x + i + kWidth));
    }
    for (; i < n; i += kWidth) a = op(a, load_n_or(x + i, n - i < kWidth ? n - i : kWidth, op.kWorst));
    a = op(a, b);
    float result = kSmallest ? -reduce_max(-a) : reduce_max(a);
    if (bits_of(a != a) != 0) result = __builtin_nanf("");
    results[row] =
        (kSmallest ? result < results[row] : result > results[row]) || result != result ? result : results[row];
  }
}

template <bool kSmallest>
inline void extreme_columns(double* results, const float* x, int64_t rows, int64_t columns, int64_t stride) {
  constexpr ExtremeOp<kSmallest> op{};
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * stride) {
    for_each_vector(columns, [=](int64_t i, int64_t lanes) {
      const Vec a = op(load_n(x + i, lanes), load_n(x + stride + i, lanes));
      const Vec b = op(load_n(x + 2 * stride + i, lanes), load_n(x + 3 * stride + i, lanes));
      fold_n(results + i, widen(op(a, b)), lanes, op);
    });
  }
  for (; row < rows; ++row, x += stride) {
    for_each_vector(columns,
                    [=](int64_t i, int64_t lanes) { fold_n(results + i, widen(load_n(x + i, lanes)), lanes, op); });
  }
}

void max_rows(double* results, const float* x, int64_t rows, int64_t n, int64_t stride) {
  extreme_rows<false>(results, x, rows, n, stride);
}

void max_columns(double* results, const float* x, int64_t rows, int64_t columns, int64_t stride) {
  extreme_columns<false>(results, x, rows, columns, stride);
}

void min_rows(double* results, const float* x, int64_t rows, int64_t n, int64_t stride) {
  extreme_rows<true>(results, x, rows, n, stride);
}

void min_columns(double* results, const float* x, int64_t rows, int64_t columns, int64_t stride) {
  extreme_columns<true>(results, x, rows, columns, stride);
}

void prod_rows(double* results, const float* x, int64_t rows, int64_t n, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    VecDouble a = broadcast_double(1.0), b = a;
    for_each_vector(n, [&](int64_t i, int64_t lanes) {
      const VecDoublePair v = widen(load_n_or(x + i, lanes, 1.0f));
      a *= v.low;
      b *= v.high;
    });
    results[row] *= fold_lanes(a * b, [](double p, double q) { return p * q; });
  }
}

void prod_columns(double* results, const float* x, int64_t rows, int64_t columns, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    for_each_vector(columns, [=](int64_t i, int64_t lanes) {
      fold_n(results + i, widen(load_n(x + i, lanes)), lanes, [](VecDouble p, VecDouble q) { return p * q; });
    });
  }
}

void squared_deviation_rows(double* sums, const float* x, const double* mean, int64_t rows, int64_t n, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    VecDouble a{}, b{};
    const double m = mean[row];
    int64_t i = 0;
    for (; i + kWidth <= n; i += kWidth) {
      const VecDoublePair v = widen(load(x + i));
      a += (v.low - m) * (v.low - m);
      b += (v.high - m) * (v.high - m);
    }
    double rest = 0;
    for (; i < n; ++i) rest += (x[i] - m) * (x[i] - m);
    sums[row] += reduce_add(a + b) + rest;
  }
}

void squared_deviation_columns(double* sums, const float* x, const double* mean, int64_t rows, int64_t columns,
                               int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    for_each_vector(columns, [=](int64_t i, int64_t lanes) {
      const VecDoublePair v = widen(load_n(x + i, lanes)), m = load_doubles_n(mean + i, lanes);
      add_n(sums + i, {(v.low - m.low) * (v.low - m.low), (v.high - m.high) * (v.high - m.high)}, lanes);
    });
  }
}

void exp_rows(double* sums, const float* x, const double* shift, int64_t rows, int64_t n, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    VecDouble a{}, b{};
    const float m = static_cast<float>(shift[row]);
    for_each_vector(n, [&](int64_t i, int64_t lanes) {
      const VecDoublePair e = widen(exp(load_n_or(x + i, lanes, -__builtin_inff()) - m));
      a += e.low;
      b += e.high;
    });
    sums[row] += reduce_add(a + b);
  }
}

void exp_columns(double* sums, const float* x, const double* shift, int64_t rows, int64_t columns, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    for_each_vector(columns, [=](int64_t i, int64_t lanes) {
      add_n(sums + i, widen(exp(load_n(x + i, lanes) - narrow(load_doubles_n(shift + i, lanes)))), lanes);
    });
  }
}

// Two passes: the largest, then where it first stands. As in NumPy the first NaN is the largest, and the smallest.
void argmax_rows(int64_t* index, const float* x, int64_t rows, int64_t n, bool smallest) {
  const float sign = smallest ? -1.0f : 1.0f;
  for (int64_t row = 0; row < rows; ++row, x += n) {
    Vec m = broadcast(-__builtin_inff());
    VecInt nan{};
    for_each_vector(n, [&](int64_t i, int64_t lanes) {
      const Vec v = load_n_or(x + i, lanes, -__builtin_inff() * sign) * sign;
      m = select(v > m, v, m);
      nan |= v != v;
    });
    const float largest = bits_of(nan) != 0 ? __builtin_nanf("") : reduce_max(m);
    int64_t i = 0;
    for (; i < n; i += kWidth) {
      const Vec v = load_n(x + i, n - i < kWidth ? n - i : kWidth) * sign;
      const VecInt found = largest != largest ? v != v : v == largest;
      if (bits_of(found) != 0) {
        index[row] = i + __builtin_ctz(bits_of(found));
        break;
      }
    }
  }
}

void argmax_columns(int64_t* index, const float* x, int64_t n, int64_t columns, int64_t stride, bool smallest) {
  const float sign = smallest ? -1.0f : 1.0f;
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    Vec best = load_n(x + i, lanes) * sign;
    VecInt at{};
    for (int64_t k = 1; k < n; ++k) {
      const Vec v = load_n(x + k * stride + i, lanes) * sign;
      const VecInt better = (v > best) | ((v != v) & (best == best));
      best = select(better, v, best);
      at = better ? broadcast_int(static_cast<int32_t>(k)) : at;
    }
    for (int64_t lane = 0; lane < lanes; ++lane) index[i + lane] = at[lane];
  });
}

void cumsum_columns(float* y, const float* x, int64_t n, int64_t columns, int64_t stride, bool reverse, bool exclusive,
                    bool accumulate) {
  const int64_t step = reverse ? -stride : stride;
  const int64_t first = reverse ? (n - 1) * stride : 0;
  if (columns == 1) {
    double sum = 0;
    for (int64_t k = 0, at = first; k < n; ++k, at += step) {
      const double before = sum;
      sum += x[at];
      const float result = static_cast<float>(exclusive ? before : sum);
      y[at] = accumulate ? y[at] + result : result;
    }
    return;
  }
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    VecDoublePair sum{};
    for (int64_t k = 0, at = first + i; k < n; ++k, at += step) {
      const VecDoublePair before = sum, v = widen(load_n(x + at, lanes));
      sum = {sum.low + v.low, sum.high + v.high};
      Vec result = narrow(exclusive ? before : sum);
      if (accumulate) result += load_n(y + at, lanes);
      store_n(y + at, result, lanes);
    }
  });
}
