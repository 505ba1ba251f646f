// optimizers.inl: updates of parameters, in Keras's order of operations and without contraction, so that a step has the
// bits of the formula computed op by op. Every array is read once and written once: bandwidth bound from L2 outwards;
// in L1 the division and the root are. Any lengths; correctly rounded step by step. Measured on two Zen 4 cores with
// AVX-512, 669,706 parameters in six arrays: Adam 82 GB/s, Nadam 107 GB/s (benchmarks.run --ops --filter adam_update).

void sum_squares(double* sum, const float* x, int64_t count) {
  VecDouble low{};
  VecDouble high{};
  for_each_vector(count, [&](int64_t i, int64_t lanes) {
    const VecDoublePair v = widen(load_n(x + i, lanes));
    low += v.low * v.low;
    high += v.high * v.high;
  });
  *sum = reduce_add(low + high);
}

// An UpdateRule in vectors: what it makes of gradients (NaN stays) and of parameters.
struct Rule {
  Vec scale, limit, keep;

  explicit Rule(const UpdateRule<float>& rule)
      : scale(broadcast(rule.scale)), limit(broadcast(rule.limit)), keep(broadcast(rule.keep)) {}
  Vec gradient(const float* g, int64_t lanes) const {
    const Vec v = scale * load_n(g, lanes);
    return select(v > limit, limit, select(v < -limit, -limit, v));
  }
  Vec parameter(const float* w, int64_t lanes) const { return keep * load_n(w, lanes); }
};

void sgd_update(float* w, float* velocity, const float* g, int64_t count, const UpdateRule<float>& update_rule,
                float learning_rate, float momentum, bool nesterov) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(learning_rate);
  const Vec decay = broadcast(momentum);
  if (velocity == nullptr) {
    for_each_vector(count, [=](int64_t i, int64_t lanes) {
      store_n(w + i, rule.parameter(w + i, lanes) - rate * rule.gradient(g + i, lanes), lanes);
    });
    return;
  }
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec step = rate * rule.gradient(g + i, lanes);
    const Vec v = decay * load_n(velocity + i, lanes) - step;
    const Vec move = nesterov ? decay * v - step : v;
    store_n(velocity + i, v, lanes);
    store_n(w + i, rule.parameter(w + i, lanes) + move, lanes);
  });
}

void adam_update(float* w, float* m, float* v, float* largest, const float* g, int64_t count,
                 const UpdateRule<float>& update_rule, float alpha, float one_minus_beta_1, float one_minus_beta_2,
                 float epsilon) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(alpha);
  const Vec c1 = broadcast(one_minus_beta_1);
  const Vec c2 = broadcast(one_minus_beta_2);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    Vec first = load_n(m + i, lanes);
    Vec second = load_n(v + i, lanes);
    first += (gradient - first) * c1;
    second += (gradient * gradient - second) * c2;
    store_n(m + i, first, lanes);
    store_n(v + i, second, lanes);
    if (largest != nullptr) {
      const Vec before = load_n(largest + i, lanes);
      second = select(before > second, before, second);
      store_n(largest + i, second, lanes);
    }
    store_n(w + i, rule.parameter(w + i, lanes) - rate * first / (sqrt(second) + eps), lanes);
  });
}

void rmsprop_update(float* w, float* v, float* momenta, float* averages, const float* g, int64_t count,
                    const UpdateRule<float>& update_rule, float learning_rate, float rho, float one_minus_rho,
                    float momentum, float epsilon) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(learning_rate);
  const Vec keep = broadcast(rho);
  const Vec take = broadcast(one_minus_rho);
  const Vec decay = broadcast(momentum);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    Vec variance = keep * load_n(v + i, lanes) + take * (gradient * gradient);
    store_n(v + i, variance, lanes);
    if (averages != nullptr) {
      const Vec average = keep * load_n(averages + i, lanes) + take * gradient;
      store_n(averages + i, average, lanes);
      variance -= average * average;
    }
    Vec step = rate * gradient / sqrt(variance + eps);
    if (momenta != nullptr) {
      step = decay * load_n(momenta + i, lanes) + step;
      store_n(momenta + i, step, lanes);
    }
    store_n(w + i, rule.parameter(w + i, lanes) - step, lanes);
  });
}

void adagrad_update(float* w, float* accumulator, const float* g, int64_t count, const UpdateRule<float>& update_rule,
                    float learning_rate, float epsilon) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(learning_rate);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    const Vec sum = load_n(accumulator + i, lanes) + gradient * gradient;
    store_n(accumulator + i, sum, lanes);
    store_n(w + i, rule.parameter(w + i, lanes) - rate * gradient / sqrt(sum + eps), lanes);
  });
}

void adadelta_update(float* w, float* gradients, float* steps, const float* g, int64_t count,
                     const UpdateRule<float>& update_rule, float learning_rate, float rho, float one_minus_rho,
                     float epsilon) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(learning_rate);
  const Vec keep = broadcast(rho);
  const Vec take = broadcast(one_minus_rho);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    const Vec squares = keep * load_n(gradients + i, lanes) + take * (gradient * gradient);
    const Vec before = load_n(steps + i, lanes);
    const Vec step = gradient * sqrt(before + eps) / sqrt(squares + eps);
    store_n(gradients + i, squares, lanes);
    store_n(steps + i, keep * before + take * (step * step), lanes);
    store_n(w + i, rule.parameter(w + i, lanes) - rate * step, lanes);
  });
}

void adamax_update(float* w, float* m, float* norm, const float* g, int64_t count, const UpdateRule<float>& update_rule,
                   float alpha, float one_minus_beta_1, float beta_2, float epsilon) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(alpha);
  const Vec c1 = broadcast(one_minus_beta_1);
  const Vec decay = broadcast(beta_2);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    const Vec size = select(gradient < zero(), -gradient, gradient);
    Vec first = load_n(m + i, lanes);
    Vec largest = decay * load_n(norm + i, lanes);
    first += (gradient - first) * c1;
    largest = select(size > largest, size, largest);
    store_n(m + i, first, lanes);
    store_n(norm + i, largest, lanes);
    store_n(w + i, rule.parameter(w + i, lanes) - rate * first / (largest + eps), lanes);
  });
}

void nadam_update(float* w, float* m, float* v, const float* g, int64_t count, const UpdateRule<float>& update_rule,
                  float of_moment, float of_gradient, float one_minus_beta_1, float one_minus_beta_2, float correction,
                  float epsilon) {
  const Rule rule(update_rule);
  const Vec first_part = broadcast(of_moment);
  const Vec gradient_part = broadcast(of_gradient);
  const Vec c1 = broadcast(one_minus_beta_1);
  const Vec c2 = broadcast(one_minus_beta_2);
  const Vec unbias = broadcast(correction);
  const Vec eps = broadcast(epsilon);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    Vec first = load_n(m + i, lanes);
    Vec second = load_n(v + i, lanes);
    first += (gradient - first) * c1;
    second += (gradient * gradient - second) * c2;
    store_n(m + i, first, lanes);
    store_n(v + i, second, lanes);
    const Vec step = (first_part * first + gradient_part * gradient) / (sqrt(second * unbias) + eps);
    store_n(w + i, rule.parameter(w + i, lanes) - step, lanes);
  });
}

void lion_update(float* w, float* m, const float* g, int64_t count, const UpdateRule<float>& update_rule,
                 float learning_rate, float beta_1, float one_minus_beta_1, float beta_2, float one_minus_beta_2) {
  const Rule rule(update_rule);
  const Vec rate = broadcast(learning_rate);
  const Vec one = broadcast(1.0f);
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    const Vec gradient = rule.gradient(g + i, lanes);
    const Vec before = load_n(m + i, lanes);
    const Vec direction = beta_1 * before + one_minus_beta_1 * gradient;
    const Vec sign = select(direction > zero(), one, select(direction < zero(), -one, direction));  // NaN stays
    store_n(m + i, beta_2 * before + one_minus_beta_2 * gradient, lanes);
    store_n(w + i, rule.parameter(w + i, lanes) - rate * sign, lanes);
  });
}
