// activation.inl: relu and its gradient from the result, a vector at a time: one load or two, one compare, one store,
// so memory or the cache is the bound and a larger tile would gain nothing. Any length and numbers, y may be x itself;
// NaN stays NaN and -0 becomes 0. Exact. Measured on one Zen 4 core, calls of 65,536 numbers in L2, base level ->
// AVX-512: 10.1 -> 5.9 us, the gradient 10.6 -> 8.8 (87 GB/s both).

void relu(float* y, const float* x, int64_t count) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec v = load_n(x + i, lanes);
    store_n(y + i, select(v <= zero(), zero(), v), lanes);  // NaN is not <= 0, so it stays
  });
}

void relu_backward(float* dx, const float* dy, const float* y, int64_t count, bool accumulate) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    Vec g = select(load_n(y + i, lanes) > zero(), load_n(dy + i, lanes), zero());
    if (accumulate) g += load_n(dx + i, lanes);
    store_n(dx + i, g, lanes);
  });
}
