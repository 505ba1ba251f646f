// depthwise.inl: convolution of every channel with a filter of its own, and its gradients, vectorised over channels.
// There is one fma per tap; taps outside the image are skipped, so padding adds nothing even to an infinite weight.
//
// y and dx: a tile is up to kTilePixels pixels of a row by one vector of channels; each tap's weight is loaded once and
// meets all of them. Pixels whose taps all lie inside the line go in tiles, the others one by one with the taps they
// have; taps above and below are cut off once per row. dw: blocks of up to 3 x 3 taps stay in registers over a rectangle
// of pixels that all have the same taps inside: the interior, each column and each row of the edge. Windows of 3 x 3
// neighbouring taps have tiles of their own (depthwise_window.inl).
//
// Bits: an element of y or dx is one sum over its taps in order, wherever it stands. An element of dw sums rectangles
// of at most kPassPixels pixels in float, those of a band of about kBandPixels again, and the bands in double. Any window,
// strides, dilation and padding. Error of 3x3 with normal numbers: 2e-7 of the largest number of y or dw.
// Measured as gemm.inl was, 3x3 with strides of 2 and the image in L2, dw: 32x32x64 63 GFLOP/s.

constexpr int64_t kBandPixels = 512;

struct Span {
  int64_t begin, end;
};

// The first n >= 0 with n * step >= distance.
inline int64_t first_reaching(int64_t distance, int64_t step) { return distance <= 0 ? 0 : (distance - 1) / step + 1; }

// The n in [first, first + count) at which start + n * step lies in [0, size).
inline Span inside_of(int64_t start, int64_t step, int64_t size, int64_t first, int64_t count) {
  const int64_t begin = first_reaching(-start, step), end = smaller(first_reaching(size - start, step), first + count);
  const int64_t from = begin < first ? first : begin;
  return {from, end < from ? from : end};
}

// The pixels of `count` whose taps [tap, tap + taps) all lie in [0, size).
inline Span pixels_with(int64_t offset, int64_t step, int64_t tap_step, int64_t tap, int64_t taps, int64_t size,
                        int64_t count) {
  const int64_t begin = smaller(first_reaching(-offset - tap * tap_step, step), count);
  const int64_t end = smaller(first_reaching(size - offset - (tap + taps - 1) * tap_step, step), count);
  return {begin, end < begin ? begin : end};
}

// kPixels pixels side by side, one vector of channels; x and weight point at the first of rows x columns taps.
template <int kPixels>
inline __attribute__((always_inline)) void tile_of_taps(float* y, const float* x, const float* weight,
                                                        const float* bias, int64_t rows, int64_t columns, int64_t lanes,
                                                        const TileSteps& s, const Epilogue<float>& epilogue) {
  Vec sum[kPixels];
#pragma GCC unroll 8
  for (int i = 0; i < kPixels; ++i) {
    sum[i] = zero();
    fetch(y + s.y_row + i * s.y_pixel);
    fetch(x + rows * s.x_row + i * s.x_pixel);
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t t = 0; t < columns; ++t) {
      const Vec w = load_n(weight + r * s.weight_row + t * s.weight_tap, lanes);
      const float* from = x + r * s.x_row + t * s.x_tap;
#pragma GCC unroll 8
      for (int i = 0; i < kPixels; ++i) sum[i] = fma(load_n(from + i * s.x_pixel, lanes), w, sum[i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kPixels; ++i) {
    float* to = y + i * s.y_pixel;
    store_n(to, finished(sum[i], to, bias, lanes, epilogue), lanes);
  }
}

template <int kPixels>
void depthwise_tile(float* y, const float* x, const float* weight, int64_t rows, int64_t columns, int64_t channels,
                    const TileSteps& s, const Epilogue<float>& epilogue) {
  const float* bias = epilogue.bias;
  const auto tile = [=, &s, &epilogue](int64_t c, int64_t lanes) __attribute__((always_inline)) {
    tile_of_taps<kPixels>(y + c, x + c, weight + c, bias == nullptr ? nullptr : bias + c, rows, columns, lanes, s,
                          epilogue);
  };
  for_each_vector(channels, tile);
}

void depthwise_conv2d(float* y, const float* x, const float* weight, int64_t begin, int64_t end, int64_t weight_row,
                      int64_t weight_tap, const ConvWindow& w, const Epilogue<float>& epilogue) {
  const int64_t line = w.x.source * w.source_pixel;
  const TileSteps s{w.y.tap_step * line,
                    w.x.tap_step * w.source_pixel,
                    w.x.step * w.source_pixel,
                    weight_row,
                    weight_tap,
                    w.y.target_step * w.x.target * w.target_pixel,
                    w.x.target_step * w.target_pixel};
  const bool window = has_window(w, 1), strided_window = has_window(w, 2);
  const Span inside = pixels_with(w.x.offset, w.x.step, w.x.tap_step, 0, w.x.taps, w.x.source, w.x.count);
  for (int64_t row = begin, lines = 1; row < end; row += lines) {
    const int64_t image = row / w.y.count, i = row % w.y.count, top = i * w.y.step + w.y.offset;
    const int64_t target_row = image * w.y.target + i * w.y.target_step + w.y.target_offset;
    float* y_row = y + (target_row * w.x.target + w.x.target_offset) * w.target_pixel;
    if (window || strided_window) {
      const float* from = x + (image * w.y.source + top) * line;
      const Inside rows{-top, w.y.source - top, true, true};
      lines = window && i + 1 < w.y.count && row + 1 < end ? 2 : 1;
      if (strided_window) {
        window_lines<1, 2>(y_row, from, weight, rows, s, w, epilogue);
      } else if (lines == 2) {
        window_lines<2, 1>(y_row, from, weight, rows, s, w, epilogue);
      } else {
        window_lines<1, 1>(y_row, from, weight, rows, s, w, epilogue);
      }
      continue;
    }
    const Span down = inside_of(top, w.y.tap_step, w.y.source, 0, w.y.taps);
    const int64_t rows = down.end - down.begin;
    const float* x_row = x + (image * w.y.source + top + down.begin * w.y.tap_step) * line;
    const float* weight_at = weight + down.begin * weight_row;
    for (int64_t j = 0; j < w.x.count;) {
      const int64_t left = j * w.x.step + w.x.offset;
      float* to = y_row + j * s.y_pixel;
      if (j < inside.begin || j >= inside.end) {
        const Span across = inside_of(left, w.x.tap_step, w.x.source, 0, w.x.taps);
        depthwise_tile<1>(to, x_row + (left + across.begin * w.x.tap_step) * w.source_pixel,
                          weight_at + across.begin * weight_tap, rows, across.end - across.begin, w.channels, s,
                          epilogue);
        ++j;
        continue;
      }
      const float* from = x_row + left * w.source_pixel;
      if (inside.end - j >= kTilePixels) {
        depthwise_tile<kTilePixels>(to, from, weight_at, rows, w.x.taps, w.channels, s, epilogue);
        j += kTilePixels;
      } else if (inside.end - j >= 4) {
        depthwise_tile<4>(to, from, weight_at, rows, w.x.taps, w.channels, s, epilogue);
        j += 4;
      } else if (inside.end - j >= 2) {
        depthwise_tile<2>(to, from, weight_at, rows, w.x.taps, w.channels, s, epilogue);
        j += 2;
      } else {
        depthwise_tile<1>(to, from, weight_at, rows, w.x.taps, w.channels, s, epilogue);
        ++j;
      }
    }
  }
}

typedef void (*SumRectangle)(float* sums, const float* x, const float* dy, int64_t rows, int64_t columns,
                             int64_t channels, const RectangleSteps& s);

template <int kRows, int kColumns, bool kWhole>
inline __attribute__((always_inline)) void sum_vector(float* sums, const float* x, const float* dy, int64_t rows,
                                                      int64_t columns, int64_t lanes, const RectangleSteps& s) {
  const auto load_lanes = [lanes](const float* p) { return kWhole ? load(p) : load_partial(p, lanes); };
  Vec sum[kRows][kColumns];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int t = 0; t < kColumns; ++t) sum[r][t] = zero();
  }
  for (int64_t i = 0; i < rows; ++i) {
    const float *x_at = x + i * s.x_row, *dy_at = dy + i * s.dy_row;
    for (int64_t j = 0; j < columns; ++j, x_at += s.x_pixel, dy_at += s.dy_pixel) {
      const Vec g = load_lanes(dy_at);
      fetch(dy_at + rows * s.dy_row);
#pragma GCC unroll 3
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
        for (int t = 0; t < kColumns; ++t) {
          if (r > 0 && t > 0) fetch(x_at + rows * s.x_row + r * s.x_tap_row + t * s.x_tap);
          sum[r][t] = fma(load_lanes(x_at + r * s.x_tap_row + t * s.x_tap), g, sum[r][t]);
        }
      }
    }
  }
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int t = 0; t < kColumns; ++t) {
      float* to = sums + (r * kBlockTaps + t) * kGroupVectors * kWidth;
      store(to, load(to) + sum[r][t]);
    }
  }
}

// sums (3, 3, kGroupVectors vectors) += products at rows x columns pixels; x points at the source of the first pixel's
// first tap. Rows of the sums are whole vectors, so the last lanes of a partial one are spare.
template <int kRows, int kColumns>
void sum_rectangle(float* sums, const float* x, const float* dy, int64_t rows, int64_t columns, int64_t channels,
                   const RectangleSteps& s) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    sum_vector<kRows, kColumns, true>(sums + c, x + c, dy + c, rows, columns, kWidth, s);
  }
  if (c < channels) {
    sum_vector<kRows, kColumns, false>(sums + c, x + c, dy + c, rows, columns, channels - c, s);
  }
}

inline SumRectangle sum_rectangle_for(int64_t rows, int64_t columns) {
  if (rows == 3) return columns == 3 ? sum_rectangle<3, 3> : columns == 2 ? sum_rectangle<3, 2> : sum_rectangle<3, 1>;
  if (rows == 2) return columns == 3 ? sum_rectangle<2, 3> : columns == 2 ? sum_rectangle<2, 2> : sum_rectangle<2, 1>;
  return columns == 3 ? sum_rectangle<1, 3> : columns == 2 ? sum_rectangle<1, 2> : sum_rectangle<1, 1>;
}

// The pixels from `at` on, up to `end`, that have the same taps as it: all the inner ones, or one of the edge.
inline int64_t alike_until(int64_t at, Span inner, int64_t end) {
  return at >= inner.begin && at < inner.end ? smaller(inner.end, end) : at + 1;
}

// One image's output rows [top, bottom), a block of taps and a group of channels.
inline void sum_band(float* sums, const float* x, const float* dy, int64_t top, int64_t bottom, Span taps_y,
                     Span taps_x, int64_t channels, const ConvWindow& w) {
  const int64_t line = w.x.source * w.source_pixel;
  const RectangleSteps s{w.y.step * line,
                         w.x.step * w.source_pixel,
                         w.y.tap_step * line,
                         w.x.tap_step * w.source_pixel,
                         w.x.count * w.target_pixel,
                         w.target_pixel};
  const int64_t taps_down = taps_y.end - taps_y.begin, taps_across = taps_x.end - taps_x.begin;
  const bool window = taps_across == 3 && w.x.step == 1 && w.x.tap_step == 1;
  const Span inner_rows =
      pixels_with(w.y.offset, w.y.step, w.y.tap_step, taps_y.begin, taps_down, w.y.source, w.y.count);
  const Span inner_columns =
      pixels_with(w.x.offset, w.x.step, w.x.tap_step, taps_x.begin, taps_across, w.x.source, w.x.count);
  for (int64_t i = top, next_i; i < bottom; i = next_i) {
    next_i = alike_until(i, inner_rows, bottom);
    const int64_t y0 = i * w.y.step + w.y.offset;
    const Span down = inside_of(y0, w.y.tap_step, w.y.source, taps_y.begin, taps_down);
    if (down.begin == down.end) continue;
    if (window) {
      const SumWindow sum = down.end - down.begin == 3   ? sum_window<3>
                            : down.end - down.begin == 2 ? sum_window<2>
                                                         : sum_window<1>;
      float* to = sums + (down.begin - taps_y.begin) * kBlockTaps * kGroupVectors * kWidth;
      const int64_t wide = smaller(w.x.count, kPassPixels), most = wide < kPassPixels / 2 ? kPassPixels / 2 / wide : 1;
      for (int64_t row = i; row < next_i; row += most) {
        for (int64_t j = 0; j < w.x.count; j += wide) {
          const int64_t columns = smaller(wide, w.x.count - j), x0 = j + w.x.offset + taps_x.begin;
          const float* from =
              x + (row * w.y.step + w.y.offset + down.begin * w.y.tap_step) * line + x0 * w.source_pixel;
          sum(to, from, dy + (row * w.x.count + j) * w.target_pixel, smaller(most, next_i - row), columns,
              x0 < 0 ? -x0 : 0, smaller(columns + 2, w.x.source - x0), channels, s);
        }
      }
      continue;
    }
    for (int64_t j = 0, next_j; j < w.x.count; j = next_j) {
      next_j = smaller(alike_until(j, inner_columns, w.x.count), j + kPassPixels);
      const int64_t x0 = j * w.x.step + w.x.offset, columns = next_j - j;
      const Span across = inside_of(x0, w.x.tap_step, w.x.source, taps_x.begin, taps_across);
      if (across.begin == across.end) continue;
      const SumRectangle sum = sum_rectangle_for(down.end - down.begin, across.end - across.begin);
      float* to =
          sums + ((down.begin - taps_y.begin) * kBlockTaps + across.begin - taps_x.begin) * kGroupVectors * kWidth;
      const float* from =
          x + (y0 + down.begin * w.y.tap_step) * line + (x0 + across.begin * w.x.tap_step) * w.source_pixel;
      const float* dy_from = dy + (i * w.x.count + j) * w.target_pixel;
      const int64_t most = kPassPixels / columns;
      for (int64_t first = 0, rows = next_i - i; first < rows; first += most) {
        sum(to, from + first * s.x_row, dy_from + first * s.dy_row, smaller(most, rows - first), columns, channels, s);
      }
    }
  }
}

void depthwise_conv2d_backward_weight(double* sums, const float* x, const float* dy, int64_t begin, int64_t end,
                                      int64_t sums_row, const ConvWindow& w) {
  constexpr int64_t kGroup = kGroupVectors * kWidth;
  for (int64_t tap = 0; tap < w.y.taps * w.x.taps; ++tap) {
    for (int64_t c = 0; c < w.channels; ++c) sums[tap * sums_row + c] = 0;
  }
  const int64_t most = w.x.count < kBandPixels ? kBandPixels / w.x.count : 1;
  for (int64_t row = begin, rows; row < end; row += rows) {
    const int64_t image = row / w.y.count, top = row % w.y.count;
    rows = smaller(smaller(w.y.count - top, most), end - row);
    for (int64_t group = 0; group < w.channels; group += kGroup) {
      const int64_t channels = smaller(w.channels - group, kGroup);
      const float* x_image = x + image * w.y.source * w.x.source * w.source_pixel + group;
      const float* dy_image = dy + image * w.y.count * w.x.count * w.target_pixel + group;
      for (int64_t tap_y = 0; tap_y < w.y.taps; tap_y += kBlockTaps) {
        for (int64_t tap_x = 0; tap_x < w.x.taps; tap_x += kBlockTaps) {
          alignas(64) float block[kBlockTaps * kBlockTaps * kGroup] = {};
          const Span taps_y{tap_y, smaller(tap_y + kBlockTaps, w.y.taps)};
          const Span taps_x{tap_x, smaller(tap_x + kBlockTaps, w.x.taps)};
          sum_band(block, x_image, dy_image, top, top + rows, taps_y, taps_x, channels, w);
          for (int64_t r = taps_y.begin; r < taps_y.end; ++r) {
            for (int64_t t = taps_x.begin; t < taps_x.end; ++t) {
              const float* from = block + ((r - tap_y) * kBlockTaps + t - tap_x) * kGroup;
              double* to = sums + (r * w.x.taps + t) * sums_row + group;
              for_each_vector(channels, [=](int64_t c, int64_t lanes) { add_n(to + c, widen(load(from + c)), lanes); });
            }
          }
        }
      }
    }
  }
}
