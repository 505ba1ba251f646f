// resize.inl: the reference of cpu/resize.inl.

// Where a pixel of the result lies in the image along one axis: between two pixels, `share` of the way to the second.
struct ResizeTap {
  int64_t low, high;
  double share;
};

inline ResizeTap resize_tap(int64_t at, int64_t size, int64_t out_size) {
  const double scale = static_cast<double>(size) / static_cast<double>(out_size);
  const double position = (static_cast<double>(at) + 0.5) * scale - 0.5;
  const double below = std::floor(position);
  const int64_t low = static_cast<int64_t>(below);
  return {std::max<int64_t>(low, 0), std::min(low + 1, size - 1), position - below};
}

template <typename T>
void resize_bilinear(T* y, const T* x, int64_t begin, int64_t end, const ResizeShape* shape) {
  const auto [height, width, channels, out_height, out_width] = *shape;
  for (int64_t line = begin; line < end; ++line) {
    const ResizeTap row = resize_tap(line % out_height, height, out_height);
    const T* const image = x + line / out_height * height * width * channels;
    for (int64_t j = 0; j < out_width; ++j) {
      const ResizeTap column = resize_tap(j, width, out_width);
      const T* const above_left = image + (row.low * width + column.low) * channels;
      const T* const above_right = image + (row.low * width + column.high) * channels;
      const T* const below_left = image + (row.high * width + column.low) * channels;
      const T* const below_right = image + (row.high * width + column.high) * channels;
      const T share = static_cast<T>(column.share);
      for (int64_t c = 0; c < channels; ++c) {
        const T above = above_left[c] + share * (above_right[c] - above_left[c]);
        const T below = below_left[c] + share * (below_right[c] - below_left[c]);
        y[(line * out_width + j) * channels + c] = above + static_cast<T>(row.share) * (below - above);
      }
    }
  }
}

template <typename T>
void resize_bilinear_backward(T* dx, const T* dy, int64_t begin, int64_t end, const ResizeShape* shape,
                              bool accumulate) {
  const auto [height, width, channels, out_height, out_width] = *shape;
  for (int64_t line = begin; line < end; ++line) {
    T* const target = dx + line * width * channels;
    if (!accumulate) std::fill(target, target + width * channels, T{0});
    for (int64_t i = 0; i < out_height; ++i) {
      const ResizeTap row = resize_tap(i, height, out_height);
      const int64_t here = line % height;
      if (row.low != here && row.high != here) continue;
      const double weight = (row.low == here ? 1 - row.share : 0) + (row.high == here ? row.share : 0);
      const T* const source = dy + (line / height * out_height + i) * out_width * channels;
      for (int64_t j = 0; j < out_width; ++j) {
        const ResizeTap column = resize_tap(j, width, out_width);
        for (int64_t c = 0; c < channels; ++c) {
          target[column.low * channels + c] += static_cast<T>(weight * (1 - column.share)) * source[j * channels + c];
          target[column.high * channels + c] += static_cast<T>(weight * column.share) * source[j * channels + c];
        }
      }
    }
  }
}
