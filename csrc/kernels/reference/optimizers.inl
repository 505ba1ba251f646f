// optimizers.inl: the reference of cpu/optimizers.inl.

template <typename T>
void sum_squares(double* sum, const T* x, int64_t count) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  *sum = total;
}

// The gradient that a rule makes of g; NaN stays.
template <typename T>
T ruled(const UpdateRule<T>& rule, T g) {
  const T scaled = rule.scale * g;
  return scaled > rule.limit ? rule.limit : scaled < -rule.limit ? -rule.limit : scaled;
}

template <typename T>
void sgd_update(T* w, T* velocity, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate, T momentum,
                bool nesterov) {
  for (int64_t i = 0; i < count; ++i) {
    const T step = learning_rate * ruled(rule, g[i]);
    if (velocity == nullptr) {
      w[i] = rule.keep * w[i] - step;
    } else {
      velocity[i] = momentum * velocity[i] - step;
      w[i] = rule.keep * w[i] + (nesterov ? momentum * velocity[i] - step : velocity[i]);
    }
  }
}

template <typename T>
void adam_update(T* w, T* m, T* v, T* largest, const T* g, int64_t count, const UpdateRule<T>& rule, T alpha,
                 T one_minus_beta_1, T one_minus_beta_2, T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    m[i] += (gradient - m[i]) * one_minus_beta_1;
    v[i] += (gradient * gradient - v[i]) * one_minus_beta_2;
    T second = v[i];
    if (largest != nullptr) {
      if (largest[i] > second) second = largest[i];
      largest[i] = second;
    }
    w[i] = rule.keep * w[i] - alpha * m[i] / (std::sqrt(second) + epsilon);
  }
}

template <typename T>
void rmsprop_update(T* w, T* v, T* momenta, T* averages, const T* g, int64_t count, const UpdateRule<T>& rule,
                    T learning_rate, T rho, T one_minus_rho, T momentum, T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    v[i] = rho * v[i] + one_minus_rho * (gradient * gradient);
    T variance = v[i];
    if (averages != nullptr) {
      averages[i] = rho * averages[i] + one_minus_rho * gradient;
      variance -= averages[i] * averages[i];
    }
    T step = learning_rate * gradient / std::sqrt(variance + epsilon);
    if (momenta != nullptr) {
      step = momentum * momenta[i] + step;
      momenta[i] = step;
    }
    w[i] = rule.keep * w[i] - step;
  }
}

template <typename T>
void adagrad_update(T* w, T* accumulator, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate,
                    T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    accumulator[i] += gradient * gradient;
    w[i] = rule.keep * w[i] - learning_rate * gradient / std::sqrt(accumulator[i] + epsilon);
  }
}

template <typename T>
void adadelta_update(T* w, T* gradients, T* steps, const T* g, int64_t count, const UpdateRule<T>& rule,
                     T learning_rate, T rho, T one_minus_rho, T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    gradients[i] = rho * gradients[i] + one_minus_rho * (gradient * gradient);
    const T step = gradient * std::sqrt(steps[i] + epsilon) / std::sqrt(gradients[i] + epsilon);
    steps[i] = rho * steps[i] + one_minus_rho * (step * step);
    w[i] = rule.keep * w[i] - learning_rate * step;
  }
}

template <typename T>
void adamax_update(T* w, T* m, T* norm, const T* g, int64_t count, const UpdateRule<T>& rule, T alpha,
                   T one_minus_beta_1, T beta_2, T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    const T decayed = beta_2 * norm[i];
    const T size = std::abs(gradient);
    m[i] += (gradient - m[i]) * one_minus_beta_1;
    norm[i] = size > decayed ? size : decayed;
    w[i] = rule.keep * w[i] - alpha * m[i] / (norm[i] + epsilon);
  }
}

template <typename T>
void nadam_update(T* w, T* m, T* v, const T* g, int64_t count, const UpdateRule<T>& rule, T of_moment, T of_gradient,
                  T one_minus_beta_1, T one_minus_beta_2, T correction, T epsilon) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    m[i] += (gradient - m[i]) * one_minus_beta_1;
    v[i] += (gradient * gradient - v[i]) * one_minus_beta_2;
    w[i] = rule.keep * w[i] - (of_moment * m[i] + of_gradient * gradient) / (std::sqrt(v[i] * correction) + epsilon);
  }
}

template <typename T>
void lion_update(T* w, T* m, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate, T beta_1,
                 T one_minus_beta_1, T beta_2, T one_minus_beta_2) {
  for (int64_t i = 0; i < count; ++i) {
    const T gradient = ruled(rule, g[i]);
    const T direction = beta_1 * m[i] + one_minus_beta_1 * gradient;
    const T sign = direction > T(0) ? T(1) : direction < T(0) ? T(-1) : direction;  // NaN stays
    m[i] = beta_2 * m[i] + one_minus_beta_2 * gradient;
    w[i] = rule.keep * w[i] - learning_rate * sign;
  }
}
