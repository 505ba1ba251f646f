// depthwise.inl: the reference of cpu/depthwise.inl.

template <typename T>
void depthwise_conv2d(T* y, const T* x, const T* weight, int64_t begin, int64_t end, int64_t weight_row,
                      int64_t weight_tap, const ConvWindow& w, const Epilogue<T>& epilogue) {
  for (int64_t p = begin * w.x.count; p < end * w.x.count; ++p) {
    T* const target = y + target_of(w, p);
    for (int64_t c = 0; c < w.channels; ++c) {
      T sum = 0;
      for (int64_t tap = 0; tap < w.y.taps * w.x.taps; ++tap) {
        const int64_t source = source_of(w, p, tap);
        if (source < 0) continue;
        sum += x[source + c] * weight[tap / w.x.taps * weight_row + tap % w.x.taps * weight_tap + c];
      }
      finish(target[c], sum, c, epilogue);
    }
  }
}

template <typename T>
void depthwise_conv2d_backward_weight(double* sums, const T* x, const T* dy, int64_t begin, int64_t end,
                                      int64_t sums_row, const ConvWindow& w) {
  for (int64_t tap = 0; tap < w.y.taps * w.x.taps; ++tap) {
    double* const sum = sums + tap * sums_row;
    for (int64_t c = 0; c < w.channels; ++c) sum[c] = 0;
    for (int64_t p = begin * w.x.count; p < end * w.x.count; ++p) {
      const int64_t source = source_of(w, p, tap);
      if (source < 0) continue;
      for (int64_t c = 0; c < w.channels; ++c) {
        sum[c] += static_cast<double>(x[source + c]) * static_cast<double>(dy[p * w.target_pixel + c]);
      }
    }
  }
}
