// pool.inl: the reference of cpu/pool.inl.

inline int64_t pool_index(const void* index, int64_t at, const PoolShape& s) {
  return s.index_size == 1 ? static_cast<const uint8_t*>(index)[at] : static_cast<const int32_t*>(index)[at];
}

inline void set_pool_index(void* index, int64_t at, int64_t tap, const PoolShape& s) {
  if (index == nullptr) return;
  if (s.index_size == 1) {
    static_cast<uint8_t*>(index)[at] = static_cast<uint8_t>(tap);
  } else {
    static_cast<int32_t*>(index)[at] = static_cast<int32_t>(tap);
  }
}

template <typename T>
void max_pool2d(T* y, void* index, const T* x, int64_t begin, int64_t end, const PoolShape* shape) {
  const PoolShape& s = *shape;
  for (int64_t row = begin; row < end; ++row) {
    const T* image = x + row / s.out_height * s.height * s.width * s.channels;
    const int64_t top = row % s.out_height * s.stride_height - s.pad_top;
    for (int64_t column = 0; column < s.out_width; ++column) {
      const int64_t left = column * s.stride_width - s.pad_left;
      for (int64_t c = 0; c < s.channels; ++c) {
        T best = 0;
        int64_t where = -1;
        for (int64_t tap = 0; tap < s.kernel_height * s.kernel_width; ++tap) {
          const int64_t h = top + tap / s.kernel_width;
          const int64_t w = left + tap % s.kernel_width;
          if (h < 0 || h >= s.height || w < 0 || w >= s.width) continue;
          const T v = image[(h * s.width + w) * s.channels + c];
          if (where < 0 || v > best || (v != v && best == best)) {  // the first NaN beats every number
            best = v;
            where = tap;
          }
        }
        const int64_t at = (row * s.out_width + column) * s.channels + c;
        y[at] = best;
        set_pool_index(index, at, where, s);
      }
    }
  }
}

template <typename T>
void max_pool2d_backward(T* dx, const T* dy, const void* index, int64_t begin, int64_t end, const PoolShape* shape,
                         bool accumulate) {
  const PoolShape& s = *shape;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / s.height;
    const int64_t h = row % s.height + s.pad_top;
    for (int64_t w = s.pad_left; w < s.width + s.pad_left; ++w) {
      for (int64_t c = 0; c < s.channels; ++c) {
        T& out = dx[(row * s.width + w - s.pad_left) * s.channels + c];
        if (!accumulate) out = 0;
        const int64_t last_row = h / s.stride_height < s.out_height ? h / s.stride_height : s.out_height - 1;
        const int64_t last_column = w / s.stride_width < s.out_width ? w / s.stride_width : s.out_width - 1;
        for (int64_t i = 0; i <= last_row; ++i) {
          for (int64_t j = 0; j <= last_column; ++j) {
            const int64_t tap_row = h - i * s.stride_height;
            const int64_t tap_column = w - j * s.stride_width;
            if (tap_row >= s.kernel_height || tap_column >= s.kernel_width) continue;
            const int64_t at = ((batch * s.out_height + i) * s.out_width + j) * s.channels + c;
            if (pool_index(index, at, s) == tap_row * s.kernel_width + tap_column) out += dy[at];
          }
        }
      }
    }
  }
}

// The taps of the window at `position` (may be negative) that meet [0, size).
inline int64_t taps_inside(int64_t position, int64_t kernel, int64_t size) {
  return std::min(position + kernel, size) - std::max<int64_t>(position, 0);
}

template <typename T>
void avg_pool2d(T* y, const T* x, int64_t begin, int64_t end, const PoolShape* shape) {
  const PoolShape& s = *shape;
  for (int64_t row = begin; row < end; ++row) {
    const T* image = x + row / s.out_height * s.height * s.width * s.channels;
    const int64_t top = row % s.out_height * s.stride_height - s.pad_top;
    for (int64_t column = 0; column < s.out_width; ++column) {
      const int64_t left = column * s.stride_width - s.pad_left;
      const int64_t taps = taps_inside(top, s.kernel_height, s.height) * taps_inside(left, s.kernel_width, s.width);
      for (int64_t c = 0; c < s.channels; ++c) {
        T sum = 0;
        for (int64_t h = std::max<int64_t>(top, 0); h < std::min(top + s.kernel_height, s.height); ++h) {
          for (int64_t w = std::max<int64_t>(left, 0); w < std::min(left + s.kernel_width, s.width); ++w) {
            sum += image[(h * s.width + w) * s.channels + c];
          }
        }
        y[(row * s.out_width + column) * s.channels + c] = sum / static_cast<T>(taps);
      }
    }
  }
}

template <typename T>
void avg_pool2d_backward(T* dx, const T* dy, int64_t begin, int64_t end, const PoolShape* shape, bool accumulate) {
  const PoolShape& s = *shape;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / s.height;
    for (int64_t w = 0; w < s.width; ++w) {
      for (int64_t c = 0; c < s.channels; ++c) {
        T& out = dx[(row * s.width + w) * s.channels + c];
        if (!accumulate) out = 0;
        for (int64_t i = 0; i < s.out_height; ++i) {
          const int64_t top = i * s.stride_height - s.pad_top;
          if (row % s.height < top || row % s.height >= top + s.kernel_height) continue;
          for (int64_t j = 0; j < s.out_width; ++j) {
            const int64_t left = j * s.stride_width - s.pad_left;
            if (w < left || w >= left + s.kernel_width) continue;
            const int64_t taps =
                taps_inside(top, s.kernel_height, s.height) * taps_inside(left, s.kernel_width, s.width);
            out += dy[((batch * s.out_height + i) * s.out_width + j) * s.channels + c] / static_cast<T>(taps);
          }
        }
      }
    }
  }
}
