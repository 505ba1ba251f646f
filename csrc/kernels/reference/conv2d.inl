// conv2d.inl: the reference of cpu/conv2d.inl. Taps outside the image are skipped, so that padding adds nothing even to
// an infinite weight; the op comes here with such a weight on every level.

// Where tap number `tap` of pixel p of the lattice lies in the source, or -1 outside the image.
inline int64_t source_of(const ConvWindow& w, int64_t p, int64_t tap) {
  const int64_t image = p / (w.height * w.width), i = p / w.width % w.height, j = p % w.width;
  const int64_t row = i * w.step_y + w.offset_y + tap / w.taps_x * w.tap_step_y;
  const int64_t column = j * w.step_x + w.offset_x + tap % w.taps_x * w.tap_step_x;
  if (row < 0 || row >= w.source_height || column < 0 || column >= w.source_width) return -1;
  return ((image * w.source_height + row) * w.source_width + column) * w.source_pixel;
}

// Where pixel p of the lattice lies in the target.
inline int64_t target_of(const ConvWindow& w, int64_t p) {
  const int64_t image = p / (w.height * w.width);
  const int64_t row = p / w.width % w.height * w.target_step_y + w.target_offset_y;
  const int64_t column = p % w.width * w.target_step_x + w.target_offset_x;
  return ((image * w.target_height + row) * w.target_width + column) * w.target_pixel;
}

template <typename T>
void conv2d(T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, const ConvWindow& w,
            const Epilogue<T>& epilogue) {
  const int64_t taps = w.taps_y * w.taps_x;
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
void conv2d_backward_weight(T* dw, const T* x, const T* dy, T*, int64_t begin, int64_t end, int64_t first_row,
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
