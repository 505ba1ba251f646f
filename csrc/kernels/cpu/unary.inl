// unary.inl: functions of one number, and their gradients from the input or, where that is cheaper and as exact, from
// the output. NaN stays NaN. The functions themselves are in vec_math.h. One vector at a time, for they don't depend on
// each other and the processor overlaps them; the tail of an array is masked. Any length and numbers; y may be x
// itself.
// Error: vec_math.h's; gradients from the input at most 4 ulp, of 0.25 where they cross zero
// (tests/test_accuracy.py).
// Measured on one Zen 4 core, calls of 65,536 numbers in L2, base level -> AVX-512: exp 81 -> 17 us, tanh 108 -> 25,
// gelu 203 -> 57 and its gradient 204 -> 58; what is bound by the cache gains less, clip 10.3 -> 6.3, tanh's gradient
// 10.6 -> 9.0.

template <typename F>
inline __attribute__((always_inline)) void unary(float* y, const float* x, int64_t count, F function) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) { store_n(y + i, function(load_n(x + i, lanes)), lanes); });
}

// dx[i] (+)= function(dy[i], v[i])
template <typename F>
inline __attribute__((always_inline)) void unary_backward(float* dx, const float* dy, const float* v, int64_t count,
                                                          bool accumulate, F function) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    Vec g = function(load_n(dy + i, lanes), load_n(v + i, lanes));
    if (accumulate) g = load_n(dx + i, lanes) + g;
    store_n(dx + i, g, lanes);
  });
}

void exp(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return exp(v); });
}

void log(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return log(v); });
}

void sqrt(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return sqrt(v); });
}

void abs(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return absolute(v); });
}

void abs_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [](Vec g, Vec v) { return select(v > zero(), g, select(v < zero(), -g, v * 0.0f)); });
}

void sigmoid(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return sigmoid(v); });
}

void sigmoid_backward(float* dx, const float* dy, const float* y, int64_t count, bool accumulate) {
  unary_backward(dx, dy, y, count, accumulate, [](Vec g, Vec v) { return g * v * (1.0f - v); });
}

void tanh(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return tanh(v); });
}

void tanh_backward(float* dx, const float* dy, const float* y, int64_t count, bool accumulate) {
  unary_backward(dx, dy, y, count, accumulate, [](Vec g, Vec v) { return g * ((1.0f - v) * (v + 1.0f)); });
}

void leaky_relu(float* y, const float* x, int64_t count, float negative_slope) {
  unary(y, x, count, [=](Vec v) { return select(v > zero(), v, v * negative_slope); });
}

void leaky_relu_backward(float* dx, const float* dy, const float* x, int64_t count, float negative_slope,
                         bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [=](Vec g, Vec v) { return select(v > zero(), g, g * negative_slope); });
}

void elu(float* y, const float* x, int64_t count, float alpha, float scale) {
  unary(y, x, count, [=](Vec v) { return select(v > zero(), v, expm1(v) * alpha) * scale; });
}

void elu_backward(float* dx, const float* dy, const float* x, int64_t count, float alpha, float scale,
                  bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [=](Vec g, Vec v) { return g * (select(v > zero(), broadcast(1.0f), exp(v) * alpha) * scale); });
}

void gelu(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return gelu(v); });
}

void gelu_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) { return g * gelu_slope(v); });
}

void gelu_tanh(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return gelu_tanh(v); });
}

void gelu_tanh_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) { return g * gelu_tanh_slope(v); });
}

void silu(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return silu(v); });
}

void silu_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) { return g * silu_slope(v); });
}

void softplus(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return softplus(v); });
}

void softplus_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) { return g * sigmoid(v); });
}

void softsign(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return v / (absolute(v) + 1.0f); });
}

void softsign_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [](Vec g, Vec v) { return g / ((absolute(v) + 1.0f) * (absolute(v) + 1.0f)); });
}

void hard_sigmoid(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) {
    const Vec line = (v + 3.0f) / 6.0f;
    return select(v <= broadcast(-3.0f), zero(), select(v >= broadcast(3.0f), broadcast(1.0f), line));
  });
}

void hard_sigmoid_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) {
    return select((v <= broadcast(-3.0f)) | (v >= broadcast(3.0f)), zero(), g / 6.0f);
  });
}

void clip(float* y, const float* x, int64_t count, float low, float high) {
  unary(y, x, count, [=](Vec v) {
    return select(v > broadcast(high), broadcast(high), select(v < broadcast(low), broadcast(low), v));
  });
}

void clip_backward(float* dx, const float* dy, const float* x, int64_t count, float low, float high, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [=](Vec g, Vec v) { return select((v < broadcast(low)) | (v > broadcast(high)), zero(), g); });
}
