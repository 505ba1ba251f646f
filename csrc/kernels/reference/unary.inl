// unary.inl: the reference of cpu/unary.inl.

template <typename T, typename F>
void unary(T* y, const T* x, int64_t count, F function) {
  for (int64_t i = 0; i < count; ++i) y[i] = function(x[i]);
}

// dx[i] (+)= function(dy[i], v[i])
template <typename T, typename F>
void unary_backward(T* dx, const T* dy, const T* v, int64_t count, bool accumulate, F function) {
  for (int64_t i = 0; i < count; ++i) {
    const T g = function(dy[i], v[i]);
    dx[i] = accumulate ? dx[i] + g : g;
  }
}

template <typename T>
T sigmoid_of(T x) {
  const T e = std::exp(-std::abs(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

// Twice the argument of tanh in gelu's approximation (Hendrycks and Gimpel 2016).
inline double gelu_argument(double x) { return 1.5957691216057308 * (x + 0.044715 * x * x * x); }

// |x| no larger than `most`: the limit of a slope at infinity is what it is there.
inline double within(double x, double most) { return std::abs(x) > most ? std::copysign(most, x) : x; }

template <typename T>
void exp(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return std::exp(v); });
}

template <typename T>
void log(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return std::log(v); });
}

template <typename T>
void sqrt(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return std::sqrt(v); });
}

template <typename T>
void abs(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return std::abs(v); });
}

template <typename T>
void abs_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, T v) { return v > T(0) ? g : v < T(0) ? -g : v * T(0); });
}

template <typename T>
void sigmoid(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return sigmoid_of(v); });
}

template <typename T>
void sigmoid_backward(T* dx, const T* dy, const T* y, int64_t count, bool accumulate) {
  unary_backward(dx, dy, y, count, accumulate, [](T g, T v) { return g * v * (T(1) - v); });
}

template <typename T>
void tanh(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return std::tanh(v); });
}

template <typename T>
void tanh_backward(T* dx, const T* dy, const T* y, int64_t count, bool accumulate) {
  unary_backward(dx, dy, y, count, accumulate, [](T g, T v) { return g * ((T(1) - v) * (T(1) + v)); });
}

template <typename T>
void leaky_relu(T* y, const T* x, int64_t count, T negative_slope) {
  unary(y, x, count, [=](T v) { return v > T(0) ? v : v * negative_slope; });
}

template <typename T>
void leaky_relu_backward(T* dx, const T* dy, const T* x, int64_t count, T negative_slope, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [=](T g, T v) { return v > T(0) ? g : g * negative_slope; });
}

template <typename T>
void elu(T* y, const T* x, int64_t count, T alpha, T scale) {
  unary(y, x, count, [=](T v) { return v > T(0) ? v * scale : std::expm1(v) * alpha * scale; });
}

template <typename T>
void elu_backward(T* dx, const T* dy, const T* x, int64_t count, T alpha, T scale, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [=](T g, T v) { return g * (v > T(0) ? scale : std::exp(v) * alpha * scale); });
}

// gelu and silu are computed in double: a product with a number near the smallest float would lose bits.
template <typename T>
void gelu(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](double v) { return static_cast<T>(v * std::erfc(v * -0.70710678118654752) * 0.5); });
}

template <typename T>
void gelu_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, double v) {
    v = within(v, 40);
    const double density = std::exp(v * v * -0.5) * 0.39894228040143268;
    return g * static_cast<T>(std::erfc(v * -0.70710678118654752) * 0.5 + v * density);
  });
}

template <typename T>
void gelu_tanh(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](double v) { return static_cast<T>(v * sigmoid_of(gelu_argument(v))); });
}

template <typename T>
void gelu_tanh_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, double v) {
    v = within(v, 30);
    const double argument = gelu_argument(v);
    const double slope = 1.5957691216057308 * (1 + 0.134145 * v * v);
    return g * static_cast<T>(sigmoid_of(argument) * (1 + v * sigmoid_of(-argument) * slope));
  });
}

template <typename T>
void silu(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](double v) { return static_cast<T>(v * sigmoid_of(v)); });
}

template <typename T>
void silu_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, double v) {
    v = within(v, 800);
    return g * static_cast<T>(sigmoid_of(v) * (1 + v * sigmoid_of(-v)));
  });
}

template <typename T>
void softplus(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return v < T(0) ? std::log1p(std::exp(v)) : v + std::log1p(std::exp(-v)); });
}

template <typename T>
void softplus_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, T v) { return g * sigmoid_of(v); });
}

template <typename T>
void softsign(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return v / (T(1) + std::abs(v)); });
}

template <typename T>
void softsign_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [](T g, T v) { return g / ((T(1) + std::abs(v)) * (T(1) + std::abs(v))); });
}

template <typename T>
void hard_sigmoid(T* y, const T* x, int64_t count) {
  unary(y, x, count, [](T v) { return v <= T(-3) ? T(0) : v >= T(3) ? T(1) : (v + T(3)) / T(6); });
}

template <typename T>
void hard_sigmoid_backward(T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](T g, T v) { return v <= T(-3) || v >= T(3) ? T(0) : g / T(6); });
}

template <typename T>
void clip(T* y, const T* x, int64_t count, T low, T high) {
  unary(y, x, count, [=](T v) { return v > high ? high : v < low ? low : v; });
}

template <typename T>
void clip_backward(T* dx, const T* dy, const T* x, int64_t count, T low, T high, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [=](T g, T v) { return v < low || v > high ? T(0) : g; });
}
