// cross_entropy.inl: the reference of cpu/cross_entropy.inl.

inline int64_t label_at(const void* labels, int64_t label_bytes, int64_t row) {
  if (label_bytes == 1) return static_cast<const uint8_t*>(labels)[row];
  if (label_bytes == 4) return static_cast<const int32_t*>(labels)[row];
  return static_cast<const int64_t*>(labels)[row];
}

// sum exp(x - shift) over a row; softmax into probabilities when they are wanted.
template <typename T>
double sum_and_probabilities(T* probabilities, const T* x, int64_t n, T shift) {
  double sum = 0;
  for (int64_t k = 0; k < n; ++k) sum += std::exp(x[k] - shift);
  if (probabilities != nullptr) {
    for (int64_t k = 0; k < n; ++k) probabilities[k] = static_cast<T>(std::exp(x[k] - shift) / sum);
  }
  return sum;
}

template <typename T>
void cross_entropy_labels(T* loss, T* probabilities, const T* logits, const void* labels, int64_t label_bytes,
                          int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* const x = logits + row * classes;
    const T shift = row_max(x, classes, 1);
    const T away = shift - x[label_at(labels, label_bytes, row)];
    T* const p = probabilities == nullptr ? nullptr : probabilities + row * classes;
    loss[row] = static_cast<T>(std::log(sum_and_probabilities(p, x, classes, shift)) + away);
  }
}

template <typename T>
void cross_entropy_labels_backward(T* dlogits, const T* dloss, const T* probabilities, const void* labels,
                                   int64_t label_bytes, int64_t rows, int64_t classes, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t label = label_at(labels, label_bytes, row);
    for (int64_t k = 0; k < classes; ++k) {
      const int64_t at = row * classes + k;
      const T g = dloss[row] * (probabilities[at] - static_cast<T>(k == label));
      dlogits[at] = accumulate ? dlogits[at] + g : g;
    }
  }
}

template <typename T>
void cross_entropy_labels_with_gradient(T* loss, T* dlogits, const T* logits, const T* dloss, const void* labels,
                                        int64_t label_bytes, int64_t rows, int64_t classes, bool) {
  cross_entropy_labels(loss, dlogits, logits, labels, label_bytes, rows, classes);
  cross_entropy_labels_backward(dlogits, dloss, dlogits, labels, label_bytes, rows, classes, false);
}

template <typename T>
void cross_entropy_distribution(T* loss, T* probabilities, const T* logits, const T* labels, int64_t rows,
                                int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* const x = logits + row * classes;
    const T* const q = labels + row * classes;
    const T shift = row_max(x, classes, 1);
    T* const p = probabilities == nullptr ? nullptr : probabilities + row * classes;
    const double sum = sum_and_probabilities(p, x, classes, shift);
    double mean = sum - sum;  // NaN logits count even where every label is 0
    for (int64_t k = 0; k < classes; ++k) {
      if (q[k] != T(0)) mean += q[k] * (std::log(sum) + (shift - x[k]));
    }
    loss[row] = static_cast<T>(mean);
  }
}

template <typename T>
void cross_entropy_distribution_backward(T* dlogits, const T* dloss, const T* probabilities, const T* labels,
                                         int64_t rows, int64_t classes, bool accumulate) {
  for (int64_t row = 0; row < rows; ++row) {
    double mass = 0;
    for (int64_t k = 0; k < classes; ++k) mass += labels[row * classes + k];
    for (int64_t at = row * classes; at < (row + 1) * classes; ++at) {
      const T g = dloss[row] * static_cast<T>(probabilities[at] * mass - labels[at]);
      dlogits[at] = accumulate ? dlogits[at] + g : g;
    }
  }
}
