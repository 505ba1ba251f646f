// activation.inl: activations that are not worth a file of their own. Bandwidth bound: one load, one compare, one store.

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
