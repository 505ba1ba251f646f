// reduce.inl: sums and their gradients.
//
// Sums are in double throughout: reading memory takes longer than widening, sums of float32 cannot overflow on the
// way, and the only rounding that shows is the last. Rows keep four double vectors. Columns go four rows at a time into
// a line of double sums, which the caller keeps within L1 (1024 columns). Narrow matrices without gaps are folded:
// rows are joined until they fill four vectors, and the joined columns are added up at the end.
// A sum's order depends on the sizes alone. Error: 1e-14 of the sum of magnitudes before the caller rounds. In cache on
// AVX-512 (Zen 4): 49 GB/s along rows, 46 down columns; memory alone gives 22.

constexpr int64_t kFoldedColumns = 4 * kWidth * kWidth;  // above any folded line

inline void add_line(double* sums, const float* x, int64_t columns) {
  for_each_vector(columns, [=](int64_t i, int64_t lanes) {
    const VecDoublePair w = widen(load_n(x + i, lanes));
    add_n(sums + i, w, lanes);
  });
}

// sums[c] += the sum of x[r * stride + c] over the rows. Four rows are more streams than hardware prefetches well.
inline void add_lines(double* sums, const float* x, int64_t rows, int64_t columns, int64_t stride) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * stride) {
    for_each_vector(columns, [=](int64_t i, int64_t lanes) {
      for (int64_t k = 8; k < 12; ++k) __builtin_prefetch(x + k * stride + i);
      const VecDoublePair a = widen(load_n(x + i, lanes));
      const VecDoublePair b = widen(load_n(x + stride + i, lanes));
      const VecDoublePair c = widen(load_n(x + 2 * stride + i, lanes));
      const VecDoublePair d = widen(load_n(x + 3 * stride + i, lanes));
      add_n(sums + i, {(a.low + b.low) + (c.low + d.low), (a.high + b.high) + (c.high + d.high)}, lanes);
    });
  }
  for (; row < rows; ++row, x += stride) add_line(sums, x, columns);
}

void sum_rows(double* sums, const float* x, int64_t rows, int64_t n, int64_t stride, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    VecDouble a{}, b{}, c{}, d{};
    int64_t i = 0;
    for (; i + 2 * kWidth <= n; i += 2 * kWidth) {
      const VecDoublePair first = widen(load(x + i));
      const VecDoublePair second = widen(load(x + i + kWidth));
      a += first.low;
      b += first.high;
      c += second.low;
      d += second.high;
    }
    for (; i < n; i += kWidth) {
      const VecDoublePair rest = widen(load_n(x + i, n - i < kWidth ? n - i : kWidth));
      a += rest.low;
      b += rest.high;
    }
    const double sum = reduce_add((a + c) + (b + d));
    sums[row] = accumulate ? sums[row] + sum : sum;
  }
}

void sum_columns(double* sums, const float* x, int64_t rows, int64_t columns, int64_t stride, bool accumulate) {
  if (!accumulate) {
    for (int64_t c = 0; c < columns; ++c) sums[c] = 0;
  }
  if (columns >= 4 * kWidth || stride != columns) {
    add_lines(sums, x, rows, columns, stride);
    return;
  }
  int64_t fold = 1;
  while (fold * columns % kWidth != 0 || fold * columns < 4 * kWidth) fold *= 2;
  double line[kFoldedColumns];
  const int64_t width = fold * columns;
  for (int64_t i = 0; i < width; ++i) line[i] = 0;
  const int64_t lines = rows / fold;
  add_lines(line, x, lines, width, width);
  add_line(line, x + lines * width, (rows - lines * fold) * columns);
  for (int64_t i = 0; i < width; i += columns) {
    for (int64_t c = 0; c < columns; ++c) sums[c] += line[i + c];
  }
}

void spread_rows(float* dx, const float* dy, int64_t rows, int64_t n, int64_t stride, float divisor, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row, dx += stride) {
    const Vec g = broadcast(dy[row] / divisor);
    for_each_vector(
        n, [=](int64_t i, int64_t lanes) { store_n(dx + i, accumulate ? load_n(dx + i, lanes) + g : g, lanes); });
  }
}

void spread_columns(float* dx, const float* dy, int64_t rows, int64_t columns, int64_t stride, float divisor,
                    bool accumulate) {
  constexpr int64_t kTile = 1024;  // 4 KiB of divided dy in L1, written to every row
  float line[kTile];
  for (int64_t begin = 0; begin < columns; begin += kTile) {
    const int64_t count = columns - begin < kTile ? columns - begin : kTile;
    for_each_vector(
        count, [&](int64_t i, int64_t lanes) { store_n(line + i, load_n(dy + begin + i, lanes) / divisor, lanes); });
    for (int64_t row = 0; row < rows; ++row) {
      float* const target = dx + row * stride + begin;
      for_each_vector(count, [&](int64_t i, int64_t lanes) {
        Vec g = load_n(line + i, lanes);
        if (accumulate) g += load_n(target + i, lanes);
        store_n(target + i, g, lanes);
      });
    }
  }
}
