// attention.inl: the reference of cpu/attention.inl: row by row, every score computed where it is needed.

template <typename T>
T attention_score(const T* q, const T* k, int64_t row, int64_t key, const Attention<T>& a) {
  if (a.causal && key > row) return -std::numeric_limits<T>::infinity();
  const int64_t at = row * a.mask_row + key * a.mask_column;
  if (a.kept != nullptr && a.kept[at] == 0) return -std::numeric_limits<T>::infinity();
  T sum = 0;
  for (int64_t i = 0; i < a.depth; ++i) sum += q[row * a.q_row + i] * k[key * a.k_row + i];
  return sum * a.scale + (a.added != nullptr ? a.added[at] : T(0));
}

// x as dropout leaves it of the probability of this pair.
template <typename T>
T attention_dropout(T x, int64_t row, int64_t key, const Attention<T>& a) {
  if (a.threshold == 0) return x;
  const int64_t index = a.first_random + row * ((a.keys + 3) / 4 * 4) + key;
  T four[4] = {x, x, x, x};
  dropout(four, nullptr, four, index / 4 * 4, 4, a.kept_scale, a.threshold, a.random);
  return four[index % 4];
}

template <typename T>
void attention(T* y, T* logsumexp, const T* q, const T* k, const T* v, T*, int64_t begin, int64_t end,
               const Attention<T>& a) {
  constexpr T never = -std::numeric_limits<T>::infinity();
  for (int64_t row = begin; row < end; ++row) {
    T* const out = y + row * a.y_row;
    T maximum = never, sum = 0;
    for (int64_t key = 0; key < a.keys; ++key) maximum = std::max(maximum, attention_score(q, k, row, key, a));
    const T shift = maximum == never ? T(0) : maximum;
    std::fill_n(out, a.value_depth, T(0));
    for (int64_t key = 0; key < a.keys; ++key) {
      const T p = std::exp(attention_score(q, k, row, key, a) - shift);
      const T kept = attention_dropout(p, row, key, a);
      sum += p;
      for (int64_t i = 0; i < a.value_depth; ++i) out[i] += kept * v[key * a.v_row + i];
    }
    for (int64_t i = 0; i < a.value_depth; ++i) out[i] = sum == 0 ? T(0) : out[i] / sum;
    if (logsumexp != nullptr) logsumexp[row] = sum == 0 ? never : maximum + std::log(sum);
  }
}

template <typename T>
void attention_backward(T* dq, T* dk, T* dv, const T* dy, const T* y, const T* q, const T* k, const T* v,
                        const T* logsumexp, T*, int64_t begin, int64_t end, const AttentionGradients& g,
                        const Attention<T>& a) {
  for (int64_t row = 0; dq != nullptr && !g.add_q && row < a.queries; ++row) {
    std::fill_n(dq + row * g.dq_row, a.depth, T(0));
  }
  for (int64_t key = begin; key < end; ++key) {
    if (dk != nullptr && !g.add_k) std::fill_n(dk + key * g.dk_row, a.depth, T(0));
    if (dv != nullptr && !g.add_v) std::fill_n(dv + key * g.dv_row, a.value_depth, T(0));
    for (int64_t row = a.causal ? key : 0; row < a.queries; ++row) {
      const bool any = logsumexp[row] != -std::numeric_limits<T>::infinity();  // key is left to the row
      const T p = any ? std::exp(attention_score(q, k, row, key, a) - logsumexp[row]) : T(0);
      const T kept = attention_dropout(p, row, key, a);
      T product = 0, dot = 0;
      for (int64_t i = 0; i < a.value_depth; ++i) {
        const T gradient = dy[row * g.dy_row + i];
        product += gradient * v[key * a.v_row + i];
        dot += gradient * y[row * a.y_row + i];
        if (dv != nullptr) dv[key * g.dv_row + i] += kept * gradient;
      }
      const T ds = any ? p * (attention_dropout(product, row, key, a) - dot) * a.scale : T(0);
      for (int64_t i = 0; i < a.depth; ++i) {
        if (dq != nullptr) dq[row * g.dq_row + i] += ds * k[key * a.k_row + i];
        if (dk != nullptr) dk[key * g.dk_row + i] += ds * q[row * a.q_row + i];
      }
    }
  }
}
