// unary.inl: functions of one number, and their gradients from the input or, where that is cheaper and as exact, from
// the output. NaN stays NaN. The functions themselves are in vec_math.h.

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

// Twice the argument of tanh in gelu's approximation (Hendrycks and Gimpel 2016).
inline Vec gelu_argument(Vec x) { return (x + x * x * x * 0.044715f) * 1.5957691216057308f; }

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
  unary(y, x, count, [](Vec v) { return v * normal_distribution(v, exp_minus_half_square(v)); });
}

void gelu_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) {
    const Vec gauss = exp_minus_half_square(v);
    // beyond 16 the density is zero, which must not meet infinity
    const Vec bounded = select(absolute(v) > broadcast(16.0f), copy_sign(broadcast(16.0f), v), v);
    return g * fma(bounded, gauss * 0.39894228040143268f, normal_distribution(v, gauss));
  });
}

void gelu_tanh(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return v * sigmoid(gelu_argument(v)); });
}

void gelu_tanh_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate, [](Vec g, Vec v) {
    v = select(absolute(v) > broadcast(30.0f), copy_sign(broadcast(30.0f), v), v);
    const Vec argument = gelu_argument(v);
    const Vec slope = (v * v * 0.134145f + 1.0f) * 1.5957691216057308f;
    return g * (sigmoid(argument) * (v * sigmoid(-argument) * slope + 1.0f));
  });
}

void silu(float* y, const float* x, int64_t count) {
  unary(y, x, count, [](Vec v) { return v * sigmoid(v); });
}

void silu_backward(float* dx, const float* dy, const float* x, int64_t count, bool accumulate) {
  unary_backward(dx, dy, x, count, accumulate,
                 [](Vec g, Vec v) { return g * (sigmoid(v) * (v * sigmoid(-v) + 1.0f)); });
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
