// depthwise_window.inl: depthwise.inl's tiles where the window is 3 x 3 neighbouring taps and at most one column of them is
// outside of the image, strides 1 and 2 (dw: 1): what is loaded of x serves all pixels that it meets.
//
// y and dx: 2 lines by 8 pixels (4 with 16 registers) by one vector of channels, 1 line with strides; a row of x is
// loaded once with its three weights a line: 40 loads of x for 144 fma. dw: a line of pixels by one vector; the dy of
// three pixels stay in registers with the nine sums, 4 loads for 9 fma.
// Lines of images lie powers of two apart, in few sets of the first-level cache, which those in use fill. So what the
// tiles below will read and write is fetched ahead into the second level.
//
// Bits as depthwise.inl has them. Measured as gemm.inl was, y / dw of 64x32x32x64 from memory: 4.2 / 4.8 ms without this
// file, 2.0 / 2.3 with it, 4.2 and 4.7 for y and dw without what is fetched ahead; in L2 87 and 84 GFLOP/s, 68 and 50
// where vectors straddle cache lines.

constexpr int kTilePixels = 8;
constexpr int64_t kBlockTaps = 3;
constexpr int64_t kGroupVectors = 4;  // channels whose block of dw is held at a time
constexpr int64_t kPassPixels = 64;   // of dw, whose products are summed before they meet other sums

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// Distances in memory, in elements.
struct TileSteps {
  int64_t x_row, x_tap, x_pixel, weight_row, weight_tap, y_row, y_pixel;
};

inline __attribute__((always_inline)) Vec finished(Vec sum, const float* y, const float* bias, int64_t lanes,
                                                   const Epilogue<float>& epilogue) {
  if (epilogue.accumulate) sum += load_n(y, lanes);
  if (bias != nullptr) sum += load_n(bias, lanes);
  return epilogue.relu ? select(sum <= zero(), zero(), sum) : sum;
}

// What of the 3 x 3 taps of a tile lies in the image: rows [top, bottom) of those it reads, and whether its first and its
// last column do.
struct Inside {
  int64_t top, bottom;
  bool left, right;
};

// A tile of a window of 3 x 3 neighbouring taps, kLines x kPixels pixels kStep apart in x: what is loaded of x serves all
// pixels that it meets. x points at the first pixel's first tap, be it inside or not. The lines of x and y that the tile
// below will use are fetched meanwhile.
template <int kLines, int kPixels, int kStep>
inline __attribute__((always_inline)) void window_of_channels(float* y, const float* x, const float* weight,
                                                              const float* bias, const Inside& inside, int64_t lanes,
                                                              const TileSteps& s, const Epilogue<float>& epilogue) {
  constexpr int kSpan = (kLines - 1) * kStep + 3, kColumns = (kPixels - 1) * kStep + 3;
  Vec sum[kLines][kPixels];
#pragma GCC unroll 2
  for (int k = 0; k < kLines; ++k) {
#pragma GCC unroll 8
    for (int i = 0; i < kPixels; ++i) {
      sum[k][i] = zero();
      fetch(y + (kLines + k) * s.y_row + i * s.y_pixel);
    }
  }
#pragma GCC unroll 2
  for (int k = 0; k < kLines * kStep; ++k) {
#pragma GCC unroll 16
    for (int i = 1; i <= kPixels * kStep; ++i) {
      fetch(x + (kSpan + k) * s.x_row + i * s.x_tap);
    }
  }
#pragma GCC unroll 5
  for (int r = 0; r < kSpan; ++r) {
    if (r < inside.top || r >= inside.bottom) continue;
    const float* from = x + r * s.x_row;
    Vec w[kLines][3];
#pragma GCC unroll 2
    for (int k = 0; k < kLines; ++k) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        if (r >= k * kStep && r < k * kStep + 3) {
          w[k][t] = load_n(weight + (r - k * kStep) * s.weight_row + t * s.weight_tap, lanes);
        }
      }
    }
#pragma GCC unroll 17
    for (int i = 0; i < kColumns; ++i) {
      if ((i == 0 && !inside.left) || (i == kColumns - 1 && !inside.right)) continue;
      const Vec v = load_n(from + i * s.x_tap, lanes);
#pragma GCC unroll 2
      for (int k = 0; k < kLines; ++k) {
#pragma GCC unroll 3
        for (int t = 0; t < 3; ++t) {
          if (r < k * kStep || r >= k * kStep + 3 || i < t || (i - t) % kStep != 0 || i - t >= kPixels * kStep)
            continue;
          sum[k][(i - t) / kStep] = fma(v, w[k][t], sum[k][(i - t) / kStep]);
        }
      }
    }
  }
#pragma GCC unroll 2
  for (int k = 0; k < kLines; ++k) {
#pragma GCC unroll 8
    for (int i = 0; i < kPixels; ++i) {
      float* to = y + k * s.y_row + i * s.y_pixel;
      store_n(to, finished(sum[k][i], to, bias, lanes, epilogue), lanes);
    }
  }
}

template <int kLines, int kPixels, int kStep>
void window_tile(float* y, const float* x, const float* weight, const Inside& inside, int64_t channels,
                 const TileSteps& s, const Epilogue<float>& epilogue) {
  const float* bias = epilogue.bias;
  for_each_vector(channels, [=, &inside, &s, &epilogue](int64_t c, int64_t lanes) __attribute__((always_inline)) {
    window_of_channels<kLines, kPixels, kStep>(y + c, x + c, weight + c, bias == nullptr ? nullptr : bias + c, inside,
                                               lanes, s, epilogue);
  });
}

// kLines whole lines of y.
template <int kLines, int kStep>
void window_lines(float* y, const float* x, const float* weight, Inside inside, const TileSteps& s, const ConvWindow& w,
                  const Epilogue<float>& epilogue) {
  constexpr int kMost = kLines == 2 && kRegisters == 16 ? kTilePixels / 2 : kTilePixels;
  for (int64_t j = 0, next; j < w.x.count; j = next) {
    const int64_t left = w.x.count - j, start = j * kStep + w.x.offset;
    next = j + (left >= kMost ? kMost : left >= 4 ? 4 : left >= 2 ? 2 : 1);
    inside.left = start >= 0;
    inside.right = (next - 1) * kStep + w.x.offset + 2 < w.x.source;
    float* to = y + j * s.y_pixel;
    const float* from = x + start * s.x_tap;
    if (next - j == kMost) {
      window_tile<kLines, kMost, kStep>(to, from, weight, inside, w.channels, s, epilogue);
    } else if (next - j == 4) {
      window_tile<kLines, 4, kStep>(to, from, weight, inside, w.channels, s, epilogue);
    } else if (next - j == 2) {
      window_tile<kLines, 2, kStep>(to, from, weight, inside, w.channels, s, epilogue);
    } else {
      window_tile<kLines, 1, kStep>(to, from, weight, inside, w.channels, s, epilogue);
    }
  }
}

// Whether all pixels have 3 x 3 neighbouring taps in reach of window_lines: at most one column of them is outside.
inline bool has_window(const ConvWindow& w, int64_t step) {
  const ConvAxis &x = w.x, &y = w.y;
  return x.taps == 3 && y.taps == 3 && x.tap_step == 1 && y.tap_step == 1 && x.step == step && y.step == step &&
         x.offset >= -1 && (x.count - 1) * step + x.offset + 2 <= x.source;
}

// Distances in memory, in elements.
struct RectangleSteps {
  int64_t x_row, x_pixel, x_tap_row, x_tap, dy_row, dy_pixel;
};

typedef void (*SumWindow)(float* sums, const float* x, const float* dy, int64_t rows, int64_t columns, int64_t first,
                          int64_t last, int64_t channels, const RectangleSteps& s);

// sums (3, 3, kGroupVectors vectors) += products at rows x columns pixels with kRows x 3 taps: x points at the first
// pixel's first tap, of the columns of x that they meet [first, last) are inside. The rows below are fetched meanwhile.
template <int kRows, bool kWhole>
inline __attribute__((always_inline)) void sum_window_vector(float* sums, const float* x, const float* dy, int64_t rows,
                                                             int64_t columns, int64_t first, int64_t last,
                                                             int64_t lanes, const RectangleSteps& s) {
  const auto load_lanes = [lanes](const float* p) { return kWhole ? load(p) : load_partial(p, lanes); };
  Vec sum[kRows][3];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = sum[r][2] = zero();
  for (int64_t i = 0; i < rows; ++i) {
    const float *x_at = x + i * s.x_row, *dy_at = dy + i * s.dy_row;
    // column j of x meets tap t of pixel j - t
    const auto edge = [&](int64_t j) __attribute__((always_inline)) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        if (j - t < 0 || j - t >= columns) continue;
        const Vec g = load_lanes(dy_at + (j - t) * s.dy_pixel);
#pragma GCC unroll 3
        for (int r = 0; r < kRows; ++r) {
          sum[r][t] = fma(load_lanes(x_at + r * s.x_tap_row + j * s.x_tap), g, sum[r][t]);
        }
      }
    };
    int64_t j = first;
    for (; j < smaller(2, last); ++j) edge(j);
    if (j < smaller(columns, last)) {
      Vec before[2] = {load_lanes(dy_at + (j - 1) * s.dy_pixel), load_lanes(dy_at + (j - 2) * s.dy_pixel)};
      for (; j < smaller(columns, last); ++j) {
        const Vec g = load_lanes(dy_at + j * s.dy_pixel);
        fetch(x_at + (rows + kRows - 1) * s.x_row + j * s.x_tap);
        fetch(dy_at + rows * s.dy_row + j * s.dy_pixel);
#pragma GCC unroll 3
        for (int r = 0; r < kRows; ++r) {
          const Vec v = load_lanes(x_at + r * s.x_tap_row + j * s.x_tap);
          sum[r][0] = fma(v, g, sum[r][0]);
          sum[r][1] = fma(v, before[0], sum[r][1]);
          sum[r][2] = fma(v, before[1], sum[r][2]);
        }
        before[1] = before[0];
        before[0] = g;
      }
    }
    for (; j < last; ++j) edge(j);
  }
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int t = 0; t < 3; ++t) {
      float* to = sums + (r * kBlockTaps + t) * kGroupVectors * kWidth;
      store(to, load(to) + sum[r][t]);
    }
  }
}

template <int kRows>
void sum_window(float* sums, const float* x, const float* dy, int64_t rows, int64_t columns, int64_t first,
                int64_t last, int64_t channels, const RectangleSteps& s) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    sum_window_vector<kRows, true>(sums + c, x + c, dy + c, rows, columns, first, last, kWidth, s);
  }
  if (c < channels) {
    sum_window_vector<kRows, false>(sums + c, x + c, dy + c, rows, columns, first, last, channels - c, s);
  }
}
