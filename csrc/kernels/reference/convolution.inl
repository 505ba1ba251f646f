// convolution.inl: the reference of cpu/convolution.inl. Taps outside the image are skipped, so that padding adds
// nothing even to an infinite weight; the op comes here with such a weight on every level.

// Where tap number `tap` of pixel p of the lattice lies in the source, or -1 outside the image.
inline int64_t source_of(const ConvWindow& w, int64_t p, int64_t tap) {
  const int64_t j = p % w.x.count, i = p / w.x.count % w.y.count, k = p / w.x.count / w.y.count % w.z.count;
  const int64_t image = p / (w.z.count * w.y.count * w.x.count);
  const int64_t plane = k * w.z.step + w.z.offset + tap / (w.y.taps * w.x.taps) * w.z.tap_step;
  const int64_t row = i * w.y.step + w.y.offset + tap / w.x.taps % w.y.taps * w.y.tap_step;
  const int64_t column = j * w.x.step + w.x.offset + tap % w.x.taps * w.x.tap_step;
  if (plane < 0 || plane >= w.z.source || row < 0 || row >= w.y.source) return -1;
  if (column < 0 || column >= w.x.source) return -1;
  return (((image * w.z.source + plane) * w.y.source + row) * w.x.source + column) * w.source_pixel;
}

// Where pixel p of the lattice lies in the target.
inline int64_t target_of(const ConvWindow& w, int64_t p) {
  const int64_t image = p / (w.z.count * w.y.count * w.x.count);
  const int64_t plane = p / w.x.count / w.y.count % w.z.count * w.z.target_step + w.z.target_offset;
  const int64_t row = p / w.x.count % w.y.count * w.y.target_step + w.y.target_offset;
  const int64_t column = p % w.x.count * w.x.target_step + w.x.target_offset;
  return (((image * w.z.target + plane) * w.y.target + row) * w.x.target + column) * w.target_pixel;
}

template <typename T>
void convolution(T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, const ConvWindow& w,
                 const Epilogue<T>& epilogue) {
  const int64_t taps = w.z.taps * w.y.taps * w.x.taps;
  for (int64_t p = begin; p < end; ++p) {
    T* const target = y + target_of(w, p);
    for (int64_t j = 0; j < w.columns; ++j) {
      const T* const column = packed_weight + j * taps * w.channels;
      T sum = 0;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t source = source_of(w, p, tap);
        if (source < 0) continue;
        for (int64_t c = 0; c < w.channels; ++c) sum += x[source + c] * column[tap * w.channels + c];
      }
      finish(target[j], sum, j, epilogue);
    }
  }
}

template <typename T>
void convolution_backward_weight(T* dw, const T* x, const T* dy, T*, int64_t begin, int64_t end, int64_t first_row,
                                 int64_t rows, const ConvWindow& w, bool accumulate) {
  for (int64_t k = first_row; k < first_row + rows; ++k) {
    for (int64_t j = 0; j < w.columns; ++j) {
      T sum = 0;
      for (int64_t p = begin; p < end; ++p) {
        const int64_t source = source_of(w, p, k / w.channels);
        if (source >= 0) sum += x[source + k % w.channels] * dy[p * w.target_pixel + j];
      }
      T& target = dw[k * w.target_pixel + j];
      target = accumulate ? target + sum : sum;
    }
  }
}

template <typename T>
void convolution_positions(T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, int64_t first,
                           int64_t count, const ConvWindow& w, const Epilogue<T>& epilogue) {
  const int64_t positions = w.z.count * w.y.count * w.x.count;
  for (int64_t image = begin; image < end; ++image) {
    const int64_t pixel = image * positions + first;
    convolution(y, x, packed_weight, pixel, pixel + count, w, epilogue);
  }
}

template <typename T>
void convolution_backward_weight_lines(T* dw, const T* x, const T* dy, int64_t begin, int64_t end, int64_t first_row,
                                       int64_t rows, const ConvWindow& w, bool accumulate) {
  const int64_t plane = w.y.count * w.x.count;
  convolution_backward_weight(dw, x, dy, static_cast<T*>(nullptr), begin * plane, end * plane, first_row, rows, w,
                              accumulate);
}
