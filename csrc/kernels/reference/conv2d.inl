// conv2d.inl: the reference of cpu/conv2d.inl. Outside the image the source is zero and takes part in the product, so an
// infinite weight there gives NaN, as it does in the vectorised kernels.

template <typename T>
struct Patches {
  const T* x;
  const ConvWindow& w;

  // Element k of the patch that pixel p of the lattice reads.
  T operator()(int64_t p, int64_t k) const {
    const int64_t channel = k % w.channels, tap = k / w.channels;
    const int64_t image = p / (w.height * w.width), i = p / w.width % w.height, j = p % w.width;
    const int64_t row = i * w.step_y + w.offset_y + tap / w.taps_x * w.tap_step_y;
    const int64_t column = j * w.step_x + w.offset_x + tap % w.taps_x * w.tap_step_x;
    if (row < 0 || row >= w.source_height || column < 0 || column >= w.source_width) return T(0);
    return x[((image * w.source_height + row) * w.source_width + column) * w.source_pixel + channel];
  }
};

template <typename T>
void conv2d(T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, const ConvWindow& w,
            const Epilogue<T>& epilogue) {
  const Patches<T> patches{x, w};
  const int64_t depth = w.taps_y * w.taps_x * w.channels;
  for (int64_t p = begin; p < end; ++p) {
    const int64_t image = p / (w.height * w.width);
    const int64_t row = p / w.width % w.height * w.target_step_y + w.target_offset_y;
    const int64_t column = p % w.width * w.target_step_x + w.target_offset_x;
    T* target = y + ((image * w.target_height + row) * w.target_width + column) * w.target_pixel;
    for (int64_t j = 0; j < w.columns; ++j) {
      T sum = 0;
      for (int64_t k = 0; k < depth; ++k) sum += patches(p, k) * packed_weight[j * depth + k];
      finish(target[j], sum, j, epilogue);
    }
  }
}

template <typename T>
void conv2d_backward_weight(T* dw, const T* x, const T* dy, T*, int64_t begin, int64_t end, int64_t first_row,
                            int64_t rows, const ConvWindow& w, bool accumulate) {
  const Patches<T> patches{x, w};
  for (int64_t k = first_row; k < first_row + rows; ++k) {
    for (int64_t j = 0; j < w.columns; ++j) {
      T sum = 0;
      for (int64_t p = begin; p < end; ++p) sum += patches(p, k) * dy[p * w.target_pixel + j];
      T& target = dw[k * w.target_pixel + j];
      target = accumulate ? target + sum : sum;
    }
  }
}
