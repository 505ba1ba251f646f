// compare.inl: the reference of cpu/compare.inl.

template <typename T, typename Op>
void compare(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, Op op) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      y[row * s.y_row + i * s.y] = op(a[row * s.a_row + i * s.a], b[row * s.b_row + i * s.b]) ? 1 : 0;
    }
  }
}

template <typename T>
void equal(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p == q; });
}

template <typename T>
void not_equal(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p != q; });
}

template <typename T>
void less(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p < q; });
}

template <typename T>
void less_equal(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p <= q; });
}

template <typename T>
void greater(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p > q; });
}

template <typename T>
void greater_equal(uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s) {
  compare(y, a, b, rows, count, s, [](T p, T q) { return p >= q; });
}

template <typename T>
void where(T* y, const uint8_t* condition, const T* a, const T* b, int64_t rows, int64_t count, WhereStrides s) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      const T yes = a[row * s.a_row + i * s.a], no = b[row * s.b_row + i * s.b];
      y[row * s.y_row + i * s.y] = condition[row * s.condition_row + i * s.condition] != 0 ? yes : no;
    }
  }
}
