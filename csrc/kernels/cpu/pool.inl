// pool.inl: max pooling of NHWC images and its gradient, vectorised over channels. Valid for any window whose every
// position meets the image; exact.
//
// Forward: one output pixel and one vector of channels at a time, maximum and tap number in two registers. Backward: an
// input row gathers from the windows over it, rows and columns of windows ascending, so rows can be shared out without
// races and the order of additions is fixed. Windows that don't overlap are stored instead of added: one pass over dx.
// Measured on one Zen 4 core with AVX-512, 2x2 windows over 32x26x26x32 with index: forward 58, backward 54 GB/s; fewer
// channels than lanes cost a masked vector per tap, about 9 ns a window. What the next row reads and writes is fetched
// meanwhile: from memory, 64x16x16x128 takes 1.07 ms for both passes without that and 0.50 with it, 64x32x32x64 1.89 and
// 1.62.

struct Taps {
  int64_t begin, end;
};

// The taps of the window at `position` (may be negative) that meet [0, size).
inline Taps taps_inside(int64_t position, int64_t kernel, int64_t size) {
  const int64_t begin = position < 0 ? -position : 0;
  const int64_t end = size - position < kernel ? size - position : kernel;
  return {begin, end};
}

// x points at the first tap, which has number `first`; `kernel` taps make a row of the whole window, y_row numbers a row
// of y. kRows and kColumns are the numbers of taps where they are known when compiling, else 0.
template <int kRows, int kColumns, typename Index>
inline __attribute__((always_inline)) void pool_window(float* y, Index* index, const float* x, int64_t rows,
                                                       int64_t columns, int64_t row_stride, int64_t channels,
                                                       int64_t first, int64_t kernel, int64_t y_row) {
  const int64_t next = (kRows > 0 ? kRows : rows) * row_stride;
  for_each_vector(channels, [=](int64_t c, int64_t lanes) {
    fetch(y + y_row + c);
    if (index != nullptr) fetch(index + y_row + c);
    Vec best = load_n(x + c, lanes);
    VecInt where = broadcast_int(static_cast<int32_t>(first));
    for (int64_t i = 0; i < (kRows > 0 ? kRows : rows); ++i) {
      for (int64_t j = 0; j < (kColumns > 0 ? kColumns : columns); ++j) {
        const Vec v = load_n(x + i * row_stride + j * channels + c, lanes);
        fetch(x + next + i * row_stride + j * channels + c);
        const VecInt wins = ~(v <= best) & (best == best);  // larger, or the first NaN
        best = select(wins, v, best);
        where = wins ? broadcast_int(static_cast<int32_t>(first + i * kernel + j)) : where;
      }
    }
    store_n(y + c, best, lanes);
    if (index != nullptr) store_indices(index + c, where, lanes);
  });
}

template <typename Index>
inline __attribute__((always_inline)) void pool_rows(float* y, Index* index, const float* x, int64_t begin, int64_t end,
                                                     const PoolShape s) {
  const int64_t row_stride = s.width * s.channels, y_row = s.out_width * s.channels;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t top = row % s.out_height * s.stride_height - s.pad_top;
    const Taps down = taps_inside(top, s.kernel_height, s.height);
    const float* image = x + row / s.out_height * s.height * row_stride + (top + down.begin) * row_stride;
    for (int64_t column = 0; column < s.out_width; ++column) {
      const int64_t left = column * s.stride_width - s.pad_left;
      const Taps across = taps_inside(left, s.kernel_width, s.width);
      const int64_t out = (row * s.out_width + column) * s.channels;
      Index* index_out = index == nullptr ? nullptr : index + out;
      const float* from = image + (left + across.begin) * s.channels;
      const int64_t rows = down.end - down.begin;
      const int64_t columns = across.end - across.begin;
      const int64_t first = down.begin * s.kernel_width + across.begin;
      if (rows == 2 && columns == 2) {
        pool_window<2, 2>(y + out, index_out, from, rows, columns, row_stride, s.channels, first, s.kernel_width,
                          y_row);
      } else if (rows == 3 && columns == 3) {
        pool_window<3, 3>(y + out, index_out, from, rows, columns, row_stride, s.channels, first, s.kernel_width,
                          y_row);
      } else {
        pool_window<0, 0>(y + out, index_out, from, rows, columns, row_stride, s.channels, first, s.kernel_width,
                          y_row);
      }
    }
  }
}

void max_pool2d(float* y, void* index, const float* x, int64_t begin, int64_t end, const PoolShape* shape) {
  if (index == nullptr) {
    pool_rows(y, static_cast<uint8_t*>(nullptr), x, begin, end, *shape);
  } else if (shape->index_size == 1) {
    pool_rows(y, static_cast<uint8_t*>(index), x, begin, end, *shape);
  } else {
    pool_rows(y, static_cast<int32_t*>(index), x, begin, end, *shape);
  }
}

inline void zero_range(float* p, int64_t count) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) { store_n(p + i, zero(), lanes); });
}

// dy and index of one window; dx points at `columns` taps of one of its rows, whose first has number `first`. The same of
// the row below is fetched.
template <bool kAdd, int kColumns, typename Index>
inline __attribute__((always_inline)) void pool_scatter(float* dx, const float* dy, const Index* index, int64_t columns,
                                                        int64_t channels, int64_t first, int64_t dx_row,
                                                        int64_t dy_row) {
  for_each_vector(channels, [=](int64_t c, int64_t lanes) {
    fetch(dy + dy_row + c);
    fetch(index + dy_row + c);
    const Vec gradient = load_n(dy + c, lanes);
    const VecInt where = load_indices(index + c, lanes);
    for (int64_t j = 0; j < (kColumns > 0 ? kColumns : columns); ++j) {
      float* out = dx + j * channels + c;
      fetch(out + dx_row);
      Vec g = select(where == static_cast<int32_t>(first + j), gradient, zero());
      if (kAdd) g += load_n(out, lanes);
      store_n(out, g, lanes);
    }
  });
}

template <bool kAdd, typename Index>
inline __attribute__((always_inline)) void pool_backward_row(float* dx, const float* dy, const Index* index,
                                                             int64_t tap_row, const PoolShape s) {
  for (int64_t column = 0; column < s.out_width; ++column, dy += s.channels, index += s.channels) {
    const int64_t left = column * s.stride_width - s.pad_left;
    const Taps across = taps_inside(left, s.kernel_width, s.width);
    float* out = dx + (left + across.begin) * s.channels;
    const int64_t columns = across.end - across.begin;
    const int64_t first = tap_row * s.kernel_width + across.begin;
    if (columns == 2) {
      pool_scatter<kAdd, 2>(out, dy, index, columns, s.channels, first, s.width * s.channels, s.out_width * s.channels);
    } else {
      pool_scatter<kAdd, 0>(out, dy, index, columns, s.channels, first, s.width * s.channels, s.out_width * s.channels);
    }
    if (!kAdd) {  // the gap up to the next window, or to the end of the row
      const int64_t from = left + across.end;
      const int64_t next = column + 1 < s.out_width ? left + s.stride_width : s.width;
      if (next > from) zero_range(dx + from * s.channels, (next - from) * s.channels);
    }
  }
}

template <typename Index>
inline __attribute__((always_inline)) void pool_backward_rows(float* dx, const float* dy, const Index* index,
                                                              int64_t begin, int64_t end, const PoolShape s,
                                                              bool accumulate) {
  const bool overlap = s.stride_height < s.kernel_height || s.stride_width < s.kernel_width;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / s.height;
    const int64_t position = row % s.height + s.pad_top;  // counted from the top of the padding
    const int64_t first = position < s.kernel_height ? 0 : (position - s.kernel_height) / s.stride_height + 1;
    const int64_t last = position / s.stride_height < s.out_height ? position / s.stride_height : s.out_height - 1;
    float* dx_row = dx + row * s.width * s.channels;
    const bool store = !accumulate && !overlap && first <= last && s.out_width > 0;
    if (!accumulate && !store) zero_range(dx_row, s.width * s.channels);
    for (int64_t out_row = first; out_row <= last; ++out_row) {
      const int64_t out = (batch * s.out_height + out_row) * s.out_width * s.channels;
      const int64_t tap_row = position - out_row * s.stride_height;
      if (store) {
        pool_backward_row<false>(dx_row, dy + out, index + out, tap_row, s);
      } else {
        pool_backward_row<true>(dx_row, dy + out, index + out, tap_row, s);
      }
    }
  }
}

void max_pool2d_backward(float* dx, const float* dy, const void* index, int64_t begin, int64_t end,
                         const PoolShape* shape, bool accumulate) {
  if (shape->index_size == 1) {
    pool_backward_rows(dx, dy, static_cast<const uint8_t*>(index), begin, end, *shape, accumulate);
  } else {
    pool_backward_rows(dx, dy, static_cast<const int32_t*>(index), begin, end, *shape, accumulate);
  }
}

// ---- averages: the same walks without an index; a window's taps are added row by row, then divided ----

void avg_pool2d(float* y, const float* x, int64_t begin, int64_t end, const PoolShape* shape) {
  const PoolShape s = *shape;
  const int64_t row_stride = s.width * s.channels;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t top = row % s.out_height * s.stride_height - s.pad_top;
    const Taps down = taps_inside(top, s.kernel_height, s.height);
    const float* const image = x + (row / s.out_height * s.height + top + down.begin) * row_stride;
    for (int64_t column = 0; column < s.out_width; ++column) {
      const int64_t left = column * s.stride_width - s.pad_left;
      const Taps across = taps_inside(left, s.kernel_width, s.width);
      const float* const from = image + (left + across.begin) * s.channels;
      float* const out = y + (row * s.out_width + column) * s.channels;
      const int64_t rows = down.end - down.begin, columns = across.end - across.begin;
      const auto taps = static_cast<float>(rows * columns);
      for_each_vector(s.channels, [=](int64_t c, int64_t lanes) {
        Vec sum = zero();
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t j = 0; j < columns; ++j) sum += load_n(from + i * row_stride + j * s.channels + c, lanes);
        }
        store_n(out + c, sum / taps, lanes);
      });
    }
  }
}

void avg_pool2d_backward(float* dx, const float* dy, int64_t begin, int64_t end, const PoolShape* shape,
                         bool accumulate) {
  const PoolShape s = *shape;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t position = row % s.height + s.pad_top;  // counted from the top of the padding
    const int64_t first = position < s.kernel_height ? 0 : (position - s.kernel_height) / s.stride_height + 1;
    const int64_t last = position / s.stride_height < s.out_height ? position / s.stride_height : s.out_height - 1;
    float* const dx_row = dx + row * s.width * s.channels;
    if (!accumulate) zero_range(dx_row, s.width * s.channels);
    for (int64_t out_row = first; out_row <= last; ++out_row) {
      const Taps down = taps_inside(out_row * s.stride_height - s.pad_top, s.kernel_height, s.height);
      const float* from = dy + (row / s.height * s.out_height + out_row) * s.out_width * s.channels;
      for (int64_t column = 0; column < s.out_width; ++column, from += s.channels) {
        const int64_t left = column * s.stride_width - s.pad_left;
        const Taps across = taps_inside(left, s.kernel_width, s.width);
        float* const out = dx_row + (left + across.begin) * s.channels;
        const int64_t columns = across.end - across.begin;
        const auto taps = static_cast<float>((down.end - down.begin) * columns);
        for_each_vector(s.channels, [=](int64_t c, int64_t lanes) {
          const Vec share = load_n(from + c, lanes) / taps;
          for (int64_t j = 0; j < columns; ++j) {
            float* const to = out + j * s.channels + c;
            store_n(to, load_n(to, lanes) + share, lanes);
          }
        });
      }
    }
  }
}
