// binary.inl: the reference of cpu/binary.inl, and the arithmetic of integers, which wraps around.

template <typename T>
T sum_of(T p, T q) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(p) + static_cast<Unsigned>(q));
  } else {
    return p + q;
  }
}

template <typename T>
T difference_of(T p, T q) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(p) - static_cast<Unsigned>(q));
  } else {
    return p - q;
  }
}

template <typename T>
T product_of(T p, T q) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(p) * static_cast<Unsigned>(q));
  } else {
    return p * q;
  }
}

template <typename T, typename Op>
void binary(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate, Op op) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      T& out = y[row * s.y_row + i * s.y];
      const T result = op(a[row * s.a_row + i * s.a], b[row * s.b_row + i * s.b]);
      out = accumulate ? sum_of(out, result) : result;
    }
  }
}

template <typename T>
void add(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return sum_of(p, q); });
}

template <typename T>
void subtract(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return difference_of(p, q); });
}

template <typename T>
void multiply(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return product_of(p, q); });
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

template <typename T>
void arctan2(T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate) {
  binary(y, a, b, rows, count, s, accumulate, [](T p, T q) { return std::atan2(p, q); });
}
