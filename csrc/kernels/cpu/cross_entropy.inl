// cross_entropy.inl: softmax cross-entropy and its gradient, a row of logits at a time, in softmax.inl's passes.
//
// loss = log(sum exp(x - max)) + (max - x[label]): nothing overflows, and logits of +-500 give exact losses. With a
// distribution the second term is summed over the classes; a class with label 0 counts nothing even where its logit is
// -inf, as with integer labels. NaN in a row makes its loss NaN. probabilities may be NULL: nothing is stored then.
// Error: 5e-7 relative to 1 + the loss. A row's bits depend on itself alone. On AVX-512 (Zen 4) 0.35 ns an element of
// long rows, 30 ns a row of ten.
//
// Loss and gradient together have the bits of one after the other: a row's exponentials become its gradient while they
// lie in L1, or, past the caches, go there from room on the stack (64 KB, rows of up to 16,384 classes). One thread,
// both apart -> together: 128x10 4.8 -> 1.7 us, 64x1000 26.6 -> 16.5, 2048x10000 11.4 -> 7.0 ms.

// Labels are uint8, int32 or int64, told apart by their size.
inline int64_t label_at(const void* labels, int64_t label_bytes, int64_t row) {
  if (label_bytes == 1) return static_cast<const uint8_t*>(labels)[row];
  if (label_bytes == 4) return static_cast<const int32_t*>(labels)[row];
  return static_cast<const int64_t*>(labels)[row];
}

// sum exp(x - shift) over a row; softmax into probabilities when they are wanted.
inline float sum_and_probabilities(float* probabilities, const float* x, int64_t n, float shift) {
  if (probabilities == nullptr) {
    return row_sum(n, [=](int64_t i, int64_t lanes) { return shifted_exp(x + i, lanes, shift); });
  }
  const float sum = row_sum(n, [=](int64_t i, int64_t lanes) {
    const Vec e = shifted_exp(x + i, lanes, shift);
    store_n(probabilities + i, e, lanes);
    return e;
  });
  const float scale = 1.0f / sum;
  for_each_vector(n, [=](int64_t i, int64_t lanes) {
    store_n(probabilities + i, load_n(probabilities + i, lanes) * scale, lanes);
  });
  return sum;
}

void cross_entropy_labels(float* loss, float* probabilities, const float* logits, const void* labels,
                          int64_t label_bytes, int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* const x = logits + row * classes;
    const float shift = row_max(x, classes);
    const float away = shift - x[label_at(labels, label_bytes, row)];
    float* const p = probabilities == nullptr ? nullptr : probabilities + row * classes;
    loss[row] = log(broadcast(sum_and_probabilities(p, x, classes, shift)))[0] + away;
  }
}

void cross_entropy_labels_backward(float* dlogits, const float* dloss, const float* probabilities, const void* labels,
                                   int64_t label_bytes, int64_t rows, int64_t classes, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* const p = probabilities + row * classes;
    float* const dx = dlogits + row * classes;
    const float g = dloss[row];
    const int64_t label = label_at(labels, label_bytes, row);
    float at_label = g * (p[label] - 1.0f);
    if (accumulate) at_label += dx[label];
    for_each_vector(classes, [=](int64_t i, int64_t lanes) {
      Vec v = load_n(p + i, lanes) * g;
      if (accumulate) v += load_n(dx + i, lanes);
      store_n(dx + i, v, lanes);
    });
    dx[label] = at_label;
  }
}

// A row's sum of exp(x - shift); its gradient goes to dx, past the caches from room, which is aligned as dx is, unless
// that is null. What the next row reads is fetched meanwhile.
inline float sum_and_gradient(float* dx, float* room, const float* x, int64_t n, float shift, float g, int64_t label) {
  if (n <= kWidth) {
    const Vec e = shifted_exp(x, n, shift);
    const float sum = reduce_add(e);
    const Vec p = e * (1.0f / sum);
    const VecInt at_label = lane_index() == broadcast_int(static_cast<int32_t>(label));
    store_n(dx, select(at_label, p - 1.0f, p) * g, n);
    return sum;
  }
  float* const p = room == nullptr ? dx : room;
  const float sum = row_sum(n, [=](int64_t i, int64_t lanes) {
    const Vec e = shifted_exp(x + i, lanes, shift);
    if (room != nullptr) fetch(x + n + i);
    store_n(p + i, e, lanes);
    return e;
  });
  const float scale = 1.0f / sum;
  const float at_label = (p[label] * scale - 1.0f) * g;
  const auto gradient = [=](int64_t i, int64_t lanes) { return load_n(p + i, lanes) * scale * g; };
  if (room == nullptr) {
    for_each_vector(n, [=](int64_t i, int64_t lanes) { store_n(dx + i, gradient(i, lanes), lanes); });
  } else {
    store_stream(dx, n, gradient);
  }
  dx[label] = at_label;
  return sum;
}

void cross_entropy_labels_with_gradient(float* loss, float* dlogits, const float* logits, const float* dloss,
                                        const void* labels, int64_t label_bytes, int64_t rows, int64_t classes,
                                        bool streamed) {
  constexpr int64_t kLargest = 16384, kRowsAtOnce = 64;  // logarithms are taken side by side
  alignas(64) float room[kLargest + kWidth];
  const bool by_room = streamed && classes <= kLargest;
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t count = rows - first < kRowsAtOnce ? rows - first : kRowsAtOnce;
    float sums[kRowsAtOnce], away[kRowsAtOnce];
    for (int64_t r = 0; r < count; ++r) {
      const int64_t row = first + r, label = label_at(labels, label_bytes, row);
      const float* const x = logits + row * classes;
      float* const dx = dlogits + row * classes;
      const auto place = static_cast<int64_t>(reinterpret_cast<uintptr_t>(dx) / sizeof(float)) & (kWidth - 1);
      const float shift = row_max(x, classes);
      away[r] = shift - x[label];
      sums[r] = sum_and_gradient(dx, by_room ? room + place : nullptr, x, classes, shift, dloss[row], label);
    }
    for_each_vector(count, [&](int64_t i, int64_t lanes) {
      store_n(loss + first + i, log(load_n(sums + i, lanes)) + load_n(away + i, lanes), lanes);
    });
  }
  if (by_room) finish_stores();
}

void cross_entropy_distribution(float* loss, float* probabilities, const float* logits, const float* labels,
                                int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* const x = logits + row * classes;
    const float* const q = labels + row * classes;
    const float shift = row_max(x, classes);
    float* const p = probabilities == nullptr ? nullptr : probabilities + row * classes;
    const float sum = sum_and_probabilities(p, x, classes, shift);
    const float log_sum = log(broadcast(sum))[0];
    const float mean = row_sum(classes, [=](int64_t i, int64_t lanes) {
      const Vec weight = load_n(q + i, lanes);
      return select(weight == zero(), zero(), weight * (log_sum + (shift - load_n(x + i, lanes))));
    });
    loss[row] = mean + (sum - sum);  // NaN logits count even where every label is 0
  }
}

void cross_entropy_distribution_backward(float* dlogits, const float* dloss, const float* probabilities,
                                         const float* labels, int64_t rows, int64_t classes, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* const p = probabilities + row * classes;
    const float* const q = labels + row * classes;
    float* const dx = dlogits + row * classes;
    const float g = dloss[row];
    const float mass = row_sum(classes, [=](int64_t i, int64_t lanes) { return load_n(q + i, lanes); });
    for_each_vector(classes, [=](int64_t i, int64_t lanes) {
      Vec v = (load_n(p + i, lanes) * mass - load_n(q + i, lanes)) * g;
      if (accumulate) v += load_n(dx + i, lanes);
      store_n(dx + i, v, lanes);
    });
  }
}
