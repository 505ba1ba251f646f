// binary.inl: the reference of cpu/binary.inl.

template <typename T, typename Op>
void binary(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate, Op op) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      T& out = y[row * s.y_row + i * s.y];
      const T result = op(a[row * s.a_row + i * s.a], b[row * s.b_row + i * s.b]);
      out = accumulate ? out + result : result;
    }
  }
}

template <typename T>
void add(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p + q; });
}

template <typename T>
void subtract(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p - q; });
}

template <typename T>
void multiply(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p * q; });
}

template <typename T>
void divide(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p / q; });
}

template <typename T>
void maximum(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p > q || p != p ? p : q; });
}

template <typename T>
void minimum(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return p < q || p != p ? p : q; });
}

template <typename T>
void power(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return std::pow(p, q); });
}
