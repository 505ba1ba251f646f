// compare.inl: comparisons, as bytes of 0 and 1, and the choice by such bytes. Bandwidth bound: vectors where the
// elements of y stand side by side and those of the operands do too or repeat (stride 0); else one element at a time.
// Any strides and numbers; comparisons with NaN are false but for not_equal. Exact. Measured on one Zen 4 core, calls
// of 65,536 numbers in L2, base level -> AVX-512: less_equal 15.4 -> 13.6 us, where 10.9 -> 9.7.

template <typename Op>
inline __attribute__((always_inline)) void compare(uint8_t* y, const float* a, const float* b, int64_t rows,
                                                   int64_t count, BinaryStrides s, Op op) {
  const bool vectors = s.y == 1 && (s.a == 0 || s.a == 1) && (s.b == 0 || s.b == 1);
  for (int64_t row = 0; row < rows; ++row, y += s.y_row, a += s.a_row, b += s.b_row) {
    if (!vectors) {
      for (int64_t i = 0; i < count; ++i) y[i * s.y] = op(a[i * s.a], b[i * s.b]) ? 1 : 0;
      continue;
    }
    for_each_vector(count, [=](int64_t i, int64_t lanes) {
      const Vec left = s.a == 1 ? load_n(a + i, lanes) : broadcast(*a);
      const Vec right = s.b == 1 ? load_n(b + i, lanes) : broadcast(*b);
      store_indices(y + i, op(left, right) & 1, lanes);
    });
  }
}

void equal(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p == q; });
}

void not_equal(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p != q; });
}

void less(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p < q; });
}

void less_equal(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p <= q; });
}

void greater(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p > q; });
}

void greater_equal(uint8_t* y, const float* a, const float* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](auto p, auto q) { return p >= q; });
}

void where(float* y, const uint8_t* condition, const float* a, const float* b, int64_t rows, int64_t count,
           WhereStrides s) {
  const bool vectors = s.y == 1 && s.condition == 1 && (s.a == 0 || s.a == 1) && (s.b == 0 || s.b == 1);
  for (int64_t row = 0; row < rows; ++row) {
    if (vectors) {
      for_each_vector(count, [=](int64_t i, int64_t lanes) {
        const Vec yes = s.a == 1 ? load_n(a + i, lanes) : broadcast(*a);
        const Vec no = s.b == 1 ? load_n(b + i, lanes) : broadcast(*b);
        store_n(y + i, select(load_indices(condition + i, lanes) != 0, yes, no), lanes);
      });
    } else {
      for (int64_t i = 0; i < count; ++i) y[i * s.y] = condition[i * s.condition] != 0 ? a[i * s.a] : b[i * s.b];
    }
    y += s.y_row;
    condition += s.condition_row;
    a += s.a_row;
    b += s.b_row;
  }
}
