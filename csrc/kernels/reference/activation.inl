// activation.inl: the reference of cpu/activation.inl.

template <typename T>
void relu(T* y, const T* x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] <= T(0) ? T(0) : x[i];
}

template <typename T>
void relu_backward(T* dx, const T* dy, const T* y, int64_t count, bool accumulate) {
  for (int64_t i = 0; i < count; ++i) {
    const T g = y[i] > T(0) ? dy[i] : T(0);
    dx[i] = accumulate ? dx[i] + g : g;
  }
}
