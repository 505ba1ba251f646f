// optimizers.inl: the reference of cpu/optimizers.inl.

template <typename T>
void sgd_update(T* w, T* velocity, const T* g, int64_t count, T learning_rate, T momentum, bool nesterov) {
  for (int64_t i = 0; i < count; ++i) {
    const T step = learning_rate * g[i];
    if (velocity == nullptr) {
      w[i] = w[i] - step;
    } else {
      velocity[i] = momentum * velocity[i] - step;
      w[i] = w[i] + (nesterov ? momentum * velocity[i] - step : velocity[i]);
    }
  }
}

template <typename T>
void adam_update(T* w, T* m, T* v, const T* g, int64_t count, T alpha, T one_minus_beta_1, T one_minus_beta_2,
                 T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    m[i] += (g[i] - m[i]) * one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * one_minus_beta_2;
    w[i] -= alpha * m[i] / (std::sqrt(v[i]) + epsilon);
  }
}
