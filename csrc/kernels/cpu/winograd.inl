// winograd.inl: 3x3 convolution of stride 1 by Winograd's minimal filtering, F(2x2, 3x3) and F(4x4, 3x3), and its adjoint
// for the gradient of the weight. A tile of 2x2 (4x4) pixels is A^T [ (G g G^T) * (B^T d B) ] A of the 4x4 (6x6) source
// pixels d around it: 16 (36) products per tile and pair of channels instead of 36 (144). They are summed over channels
// as 16 (36) matrix products, on gemm.inl's tile, of some dozens of tiles at a time, whose transforms stay in L2. dw is
// G^T [ sum over tiles of (B^T d B) * (A dy A^T) ] G.
//
// F(4x4) takes the points 0, +-3/4, +-3/2 and infinity, whose error is half that of 0, +-1, +-2 (Barabasz et al. 2018).
// Bits: an element of y depends neither on batch nor on the tiles it is computed with; one of du sums the tiles from
// begin in order. Rows of transformed tiles have room up to a multiple of 16 channels.
// Error, over the largest number of a result: F(2x2) 1e-6 and less, as the direct sum; F(4x4) 3e-6, at most 5e-5.
// A tile with a number that is not finite is reported, and not added: an infinity or a NaN spreads over the tile, and
// large numbers overflow early. The op computes such tiles directly.
// Measured on a Zen 4 core (118 GFLOP/s peak), AVX-512, batch 64, GFLOP/s of the direct sum's operations: direct, F(2x2),
// F(4x4) of 32x32x64: y 98, 193, 276, dw 94, 180, 240; 16x16x128: y 105, 207, 300, dw 95, 174, 241; 8x8x256: y 106, 211,
// 260, dw 90, 145, 136; 16x16x32: y 79, 102, 135, dw 90, 99, 124.

// A line of source pixels: B^T d.
void fold_source(Vec (&v)[4], const Vec (&d)[4]) {
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[1] - d[3];
}
// With the points a = 3/4 and b = 3/2.
constexpr float kA = 0.75f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB;
void fold_source(Vec (&v)[6], const Vec (&d)[6]) {
  const Vec a2 = broadcast(-kA2), b2 = broadcast(-kB2), both = broadcast(-kA2 - kB2), product = broadcast(kA2 * kB2);
  const Vec even_a = fma(b2, d[2], d[4]), odd_a = broadcast(kA) * fma(b2, d[1], d[3]);
  const Vec even_b = fma(a2, d[2], d[4]), odd_b = broadcast(kB) * fma(a2, d[1], d[3]);
  v[0] = fma(product, d[0], fma(both, d[2], d[4]));
  v[1] = even_a + odd_a;
  v[2] = even_a - odd_a;
  v[3] = even_b + odd_b;
  v[4] = even_b - odd_b;
  v[5] = fma(product, d[1], fma(both, d[3], d[5]));
}

// A line of a tile from its products: A^T m.
void unfold_target(Vec (&y)[2], const Vec (&m)[4]) {
  y[0] = m[0] + (m[1] + m[2]);
  y[1] = (m[1] - m[2]) - m[3];
}
void unfold_target(Vec (&y)[4], const Vec (&m)[6]) {
  const Vec sum_a = m[1] + m[2], sum_b = m[3] + m[4], difference_a = m[1] - m[2], difference_b = m[3] - m[4];
  y[0] = m[0] + (sum_a + sum_b);
  y[1] = fma(broadcast(kB), difference_b, broadcast(kA) * difference_a);
  y[2] = fma(broadcast(kB2), sum_b, broadcast(kA2) * sum_a);
  y[3] = fma(broadcast(kB3), difference_b, fma(broadcast(kA3), difference_a, m[5]));
}

// Its adjoint: A dy.
void fold_target(Vec (&m)[4], const Vec (&y)[2]) {
  m[0] = y[0];
  m[1] = y[0] + y[1];
  m[2] = y[0] - y[1];
  m[3] = -y[1];
}
void fold_target(Vec (&m)[6], const Vec (&y)[4]) {
  const Vec even_a = fma(broadcast(kA2), y[2], y[0]), odd_a = fma(broadcast(kA3), y[3], broadcast(kA) * y[1]);
  const Vec even_b = fma(broadcast(kB2), y[2], y[0]), odd_b = fma(broadcast(kB3), y[3], broadcast(kB) * y[1]);
  m[0] = y[0];
  m[1] = even_a + odd_a;
  m[2] = even_a - odd_a;
  m[3] = even_b + odd_b;
  m[4] = even_b - odd_b;
  m[5] = y[3];
}

// A line of the weight: G g.
constexpr float kPoint0 = 1 / (kA2 * kB2), kPointA = 1 / (2 * kA2 * (kA2 - kB2)), kPointB = 1 / (2 * kB2 * (kB2 - kA2));
void fold_weight(Vec (&u)[4], const Vec (&g)[3]) {
  const Vec half = broadcast(0.5f), even = half * (g[0] + g[2]), odd = half * g[1];
  u[0] = g[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = g[2];
}
void fold_weight(Vec (&u)[6], const Vec (&g)[3]) {
  const Vec even_a = broadcast(kPointA) * fma(broadcast(kA2), g[2], g[0]), odd_a = broadcast(kPointA * kA) * g[1];
  const Vec even_b = broadcast(kPointB) * fma(broadcast(kB2), g[2], g[0]), odd_b = broadcast(kPointB * kB) * g[1];
  u[0] = broadcast(kPoint0) * g[0];
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = g[2];
}

// Its adjoint: G^T u.
void unfold_weight(Vec (&g)[3], const Vec (&u)[4]) {
  const Vec half = broadcast(0.5f), sum = half * (u[1] + u[2]);
  g[0] = u[0] + sum;
  g[1] = half * (u[1] - u[2]);
  g[2] = sum + u[3];
}
void unfold_weight(Vec (&g)[3], const Vec (&u)[6]) {
  const Vec sum_a = broadcast(kPointA) * (u[1] + u[2]), difference_a = broadcast(kPointA * kA) * (u[1] - u[2]);
  const Vec sum_b = broadcast(kPointB) * (u[3] + u[4]), difference_b = broadcast(kPointB * kB) * (u[3] - u[4]);
  g[0] = fma(broadcast(kPoint0), u[0], sum_a + sum_b);
  g[1] = difference_a + difference_b;
  g[2] = fma(broadcast(kA2), sum_a, fma(broadcast(kB2), sum_b, u[5]));
}

// Applies one of them to the columns of a square and then to the rows of the result.
#define FASTNN_SQUARE(name, line)                                                     \
  template <int kTo, int kFrom>                                                       \
  inline void name(Vec(&to)[kTo][kTo], const Vec(&from)[kFrom][kFrom]) {              \
    Vec half[kTo][kFrom];                                                             \
    _Pragma("GCC unroll 6") for (int j = 0; j < kFrom; ++j) {                         \
      Vec column[kFrom], folded[kTo];                                                 \
      _Pragma("GCC unroll 6") for (int i = 0; i < kFrom; ++i) column[i] = from[i][j]; \
      line(folded, column);                                                           \
      _Pragma("GCC unroll 6") for (int i = 0; i < kTo; ++i) half[i][j] = folded[i];   \
    }                                                                                 \
    _Pragma("GCC unroll 6") for (int i = 0; i < kTo; ++i) line(to[i], half[i]);       \
  }
FASTNN_SQUARE(fold_source_square, fold_source)
FASTNN_SQUARE(unfold_target_square, unfold_target)
FASTNN_SQUARE(fold_target_square, fold_target)
FASTNN_SQUARE(fold_weight_square, fold_weight)
FASTNN_SQUARE(unfold_weight_square, unfold_weight)
#undef FASTNN_SQUARE

// A tile by its first pixel of the lattice, and the next one.
struct WinogradTile {
  int64_t image, row, column;
};
WinogradTile winograd_tile(int64_t index, const Winograd& s) {
  const int64_t area = s.tile_rows * s.tile_columns;
  return {index / area, index % area / s.tile_columns * s.outputs, index % s.tile_columns * s.outputs};
}
void advance(WinogradTile& tile, const Winograd& s) {
  tile.column += s.outputs;
  if (tile.column < s.tile_columns * s.outputs) return;
  tile.column = 0;
  tile.row += s.outputs;
  if (tile.row < s.tile_rows * s.outputs) return;
  tile.row = 0;
  ++tile.image;
}

// kSize x kSize pixels of an NHWC image, of which some may lie outside.
struct Square {
  int64_t origin, line, pixel;       // offset of its first pixel, distances
  int64_t top, bottom, left, right;  // rows [top, bottom) and columns [left, right) are in the image
};
int64_t within(int64_t value, int64_t most) { return value < 0 ? 0 : (value > most ? most : value); }
template <int kSize>
Square square_at(int64_t image, int64_t row, int64_t column, int64_t height, int64_t width, int64_t pixel) {
  return {((image * height + row) * width + column) * pixel,
          width * pixel,
          pixel,
          within(-row, kSize),
          within(height - row, kSize),
          within(-column, kSize),
          within(width - column, kSize)};
}
template <int kSize>
bool is_inside(const Square& q) {
  return q.top == 0 && q.left == 0 && q.bottom == kSize && q.right == kSize;
}

// Zero where the square leaves the image, if it may: there the nearest pixel inside is read and blanked, without a branch
// that nobody could foresee. Some pixel is inside.
template <int kSize, bool kInside>
inline __attribute__((always_inline)) void load_square(Vec (&d)[kSize][kSize], const float* x, const Square& q,
                                                       int64_t lanes) {
  if constexpr (kInside) {
#pragma GCC unroll 6
    for (int i = 0; i < kSize; ++i) {
#pragma GCC unroll 6
      for (int j = 0; j < kSize; ++j) d[i][j] = load(x + i * q.line + j * q.pixel);
    }
    return;
  }
  int64_t columns[kSize];
  VecInt kept[kSize];
#pragma GCC unroll 6
  for (int j = 0; j < kSize; ++j) {
    columns[j] = (j < q.left ? q.left : (j < q.right ? j : q.right - 1)) * q.pixel;
    kept[j] = broadcast_int(j >= q.left && j < q.right ? -1 : 0);
  }
#pragma GCC unroll 6
  for (int i = 0; i < kSize; ++i) {
    const float* const line = x + (i < q.top ? q.top : (i < q.bottom ? i : q.bottom - 1)) * q.line;
    const VecInt row = broadcast_int(i >= q.top && i < q.bottom ? -1 : 0);
#pragma GCC unroll 6
    for (int j = 0; j < kSize; ++j) {
      d[i][j] = reinterpret_cast<Vec>(reinterpret_cast<VecInt>(load_n(line + columns[j], lanes)) & (row & kept[j]));
    }
  }
}

// What the tile below reads and this one doesn't: the hardware foresees lines of memory, not of images.
template <int kSize, int kNew>
inline __attribute__((always_inline)) void prefetch_below(const float* x, const Square& q) {
#pragma GCC unroll 4
  for (int i = kSize; i < kSize + kNew; ++i) {
#pragma GCC unroll 4
    for (int j = kSize - kNew; j < kSize; ++j) __builtin_prefetch(x + i * q.line + j * q.pixel);
  }
}

// The transform of one tile, of the source or, kTarget, of dy: kSize x kSize pixels to kPoints x kPoints numbers that lie
// `point` apart.
template <int kPoints, int kSize, bool kTarget, bool kInside>
inline __attribute__((always_inline)) void fold_vector(float* v, int64_t point, const float* x, const Square& q,
                                                       int64_t lanes) {
  Vec d[kSize][kSize], folded[kPoints][kPoints];
  load_square<kSize, kInside>(d, x, q, lanes);
  if constexpr (kTarget) {
    fold_target_square(folded, d);
  } else {
    fold_source_square(folded, d);
  }
#pragma GCC unroll 6
  for (int i = 0; i < kPoints; ++i) {
#pragma GCC unroll 6
    for (int j = 0; j < kPoints; ++j, v += point) store(v, folded[i][j]);
  }
}
template <int kPoints, int kSize, bool kTarget>
void fold_tile(float* v, int64_t point, const float* x, const Square& square, int64_t channels) {
  const Square q = square;
  int64_t c = 0;
  if (q.top >= q.bottom || q.left >= q.right) {
    for (int64_t i = 0; i < kPoints * kPoints; ++i) {
      for (c = 0; c < channels; c += kWidth) store(v + i * point + c, zero());
    }
    return;
  }
  if (is_inside<kSize>(q)) {
    for (; c + kWidth <= channels; c += kWidth) {
      prefetch_below<kSize, kPoints - 2>(x + q.origin + c, q);
      fold_vector<kPoints, kSize, kTarget, true>(v + c, point, x + q.origin + c, q, kWidth);
    }
  }
  for (; c < channels; c += kWidth) {
    const int64_t lanes = channels - c < kWidth ? channels - c : kWidth;
    prefetch_below<kSize, kPoints - 2>(x + q.origin + c, q);
    fold_vector<kPoints, kSize, kTarget, false>(v + c, point, x + q.origin + c, q, lanes);
  }
}

// The transforms of tiles [begin, end), one after the other.
template <int kOutputs>
void fold_tiles(float* v, const float* x, int64_t begin, int64_t end, const ConvWindow& w, const Winograd& s) {
  constexpr int kPoints = kOutputs + 2;
  WinogradTile tile = winograd_tile(begin, s);
  for (int64_t t = begin; t < end; ++t, v += s.source_row, advance(tile, s)) {
    const Square q = square_at<kPoints>(tile.image, tile.row + w.y.offset, tile.column + w.x.offset, w.y.source,
                                        w.x.source, w.source_pixel);
    fold_tile<kPoints, kPoints, false>(v, s.source_point, x, q, w.channels);
  }
}
template <int kOutputs>
void fold_target_tiles(float* m, const float* dy, int64_t begin, int64_t end, const ConvWindow& w, const Winograd& s) {
  WinogradTile tile = winograd_tile(begin, s);
  for (int64_t t = begin; t < end; ++t, m += s.target_row, advance(tile, s)) {
    const Square q = square_at<kOutputs>(tile.image, tile.row, tile.column, w.y.count, w.x.count, w.target_pixel);
    fold_tile<kOutputs + 2, kOutputs, true>(m, s.target_point, dy, q, w.columns);
  }
}

// One vector of the pixels of a tile; kLook only looks at them. Returns 0 in its lanes, and NaN where a pixel is not finite.
template <int kOutputs, bool kInside, bool kLook>
inline __attribute__((always_inline)) Vec unfold_vector(float* y, const float* m, int64_t point, int64_t c,
                                                        int64_t lanes, const Square& q,
                                                        const Epilogue<float>& epilogue) {
  constexpr int kPoints = kOutputs + 2;
  Vec products[kPoints][kPoints], pixels[kOutputs][kOutputs], strange = zero();
#pragma GCC unroll 6
  for (int i = 0; i < kPoints; ++i) {
#pragma GCC unroll 6
    for (int j = 0; j < kPoints; ++j, m += point) products[i][j] = kInside ? load(m) : load_n(m, lanes);
  }
  unfold_target_square(pixels, products);
  const Vec bias = epilogue.bias == nullptr ? zero() : load_n(epilogue.bias + c, lanes);
#pragma GCC unroll 4
  for (int i = 0; i < kOutputs; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kOutputs; ++j) {
      Vec result = pixels[i][j];
      strange = fma(result, zero(), strange);
      if (kLook || (!kInside && (i >= q.bottom || j >= q.right))) continue;
      float* const to = y + i * q.line + j * q.pixel;
      if (epilogue.accumulate) result += kInside ? load(to) : load_n(to, lanes);
      if (epilogue.bias != nullptr) result += bias;
      if (epilogue.relu) result = select(result <= zero(), zero(), result);
      if constexpr (kInside) {
        store(to, result);
      } else {
        store_n(to, result, lanes);
      }
    }
  }
  return strange;
}

// Writes the pixels of one tile, unless kLook, and says whether all of them are finite.
template <int kOutputs, bool kLook>
bool unfold_tile(float* y, const float* m, int64_t point, const Square& square, int64_t columns,
                 const Epilogue<float>& given) {
  const Square q = square;
  const Epilogue<float> epilogue = given;
  Vec strange = zero();
  int64_t c = 0;
  y += q.origin;
  if (is_inside<kOutputs>(q)) {
    for (; c + kWidth <= columns; c += kWidth) {
      prefetch_below<kOutputs, kOutputs>(y + c, q);
      strange += unfold_vector<kOutputs, true, kLook>(y + c, m + c, point, c, kWidth, q, epilogue);
    }
  }
  for (; c < columns; c += kWidth) {
    const int64_t lanes = columns - c < kWidth ? columns - c : kWidth;
    prefetch_below<kOutputs, kOutputs>(y + c, q);
    strange += unfold_vector<kOutputs, false, kLook>(y + c, m + c, point, c, lanes, q, epilogue);
  }
  return bits_of(strange != strange) == 0;
}

template <int kOutputs>
void unfold_tiles(float* y, uint8_t* finite, const float* m, int64_t begin, int64_t end, const ConvWindow& w,
                  const Winograd& s, const Epilogue<float>& epilogue) {
  WinogradTile tile = winograd_tile(begin, s);
  for (int64_t t = begin; t < end; ++t, m += s.target_row, advance(tile, s)) {
    const Square q = square_at<kOutputs>(tile.image, tile.row, tile.column, w.y.count, w.x.count, w.target_pixel);
    finite[t] = (!epilogue.accumulate || unfold_tile<kOutputs, true>(y, m, s.target_point, q, w.columns, epilogue)) &&
                unfold_tile<kOutputs, false>(y, m, s.target_point, q, w.columns, epilogue);
  }
}

template <int kOutputs>
void convolve_tiles(float* y, uint8_t* finite, const float* x, const float* u, float* room, int64_t begin, int64_t end,
                    const ConvWindow& w, const Winograd& s, const Epilogue<float>& epilogue) {
  constexpr int kPoints = (kOutputs + 2) * (kOutputs + 2);
  float* const v = room;
  float* const m = room + kPoints * s.source_point;
  fold_tiles<kOutputs>(v, x, begin, end, w, s);
  const RowTiles cut = cut_rows(end - begin, rows_for(w.columns));
  for (int64_t point = 0; point < kPoints; ++point) {
    for (int64_t first = 0; first < w.channels; first += kGemmDepth) {
      const int64_t depth = w.channels - first < kGemmDepth ? w.channels - first : kGemmDepth;
      const float* a = v + point * s.source_point + first;
      float* to = m + point * s.target_point;
      for (int64_t t = 0; t < cut.tiles; ++t) {
        const int64_t rows = cut.rows(t);
        float* targets[kNarrowRows];
        for (int64_t i = 0; i < rows; ++i, to += s.target_row) targets[i] = to;
        multiply_rows<true>(targets, rows, a, s.source_row, u + point * s.weight_point, 0, w.columns, w.channels, first,
                            depth, {nullptr, first > 0, false});
        a += rows * s.source_row;
      }
    }
  }
  unfold_tiles<kOutputs>(y, finite, m, begin, end, w, s, epilogue);
}

void winograd_convolution(float* y, uint8_t* finite, const float* x, const float* u, float* room, int64_t begin,
                          int64_t end, const ConvWindow& w, const Winograd& s, const Epilogue<float>& epilogue) {
  (s.outputs == 2 ? convolve_tiles<2> : convolve_tiles<4>)(y, finite, x, u, room, begin, end, w, s, epilogue);
}

// Rows of u from rows of g: the nine numbers of a pair of channels stand `tap` apart in a line and `line` apart between.
template <int kOutputs>
void fold_weight_row(float* u, const float* g, int64_t line, int64_t tap, int64_t lanes, int64_t point) {
  constexpr int kSize = kOutputs + 2;
  Vec half[3][kSize];
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    const Vec taps[3] = {load_n(g + i * line, lanes), load_n(g + i * line + tap, lanes),
                         load_n(g + i * line + 2 * tap, lanes)};
    fold_weight(half[i], taps);
  }
#pragma GCC unroll 6
  for (int j = 0; j < kSize; ++j) {
    const Vec column[3] = {half[0][j], half[1][j], half[2][j]};
    Vec folded[kSize];
    fold_weight(folded, column);
#pragma GCC unroll 6
    for (int i = 0; i < kSize; ++i) store(u + (i * kSize + j) * point, folded[i]);
  }
}

template <int kOutputs>
void fold_weights(float* u, const float* weight, int64_t first_row, int64_t rows, int64_t depth, int64_t n,
                  const WinogradWeight& from, int64_t point) {
  constexpr int64_t kBlock = 16;  // rows that are turned at a time
  alignas(64) float turned[9 * kBlock * kWidth];
  for (int64_t column = 0; column < n; column += kPanel) {
    const int64_t width = n - column < kPanel ? n - column : kPanel;
    const int64_t panel_row = (width + kWidth - 1) / kWidth * kWidth;
    for (int64_t row = first_row; row < first_row + rows; row += kBlock) {
      const int64_t count = first_row + rows - row < kBlock ? first_row + rows - row : kBlock;
      for_each_vector(width, [&](int64_t j, int64_t lanes) {
        float* const to = u + column * depth + row * panel_row + j;
        const float* const source = weight + row * from.row + (column + j) * from.column;
        if (from.column == 1) {
          for (int64_t i = 0; i < count; ++i) {
            fold_weight_row<kOutputs>(to + i * panel_row, source + i * from.row, from.line, from.tap, lanes, point);
          }
          return;
        }
        for (int64_t tap = 0; tap < 9; ++tap) {
          const float* const in = source + tap / 3 * from.line + tap % 3 * from.tap;
          float* const out = turned + tap * kBlock * kWidth;
          if (lanes == kWidth && count == kBlock && from.row == 1) {
            for (int64_t k = 0; k < kWidth; k += 4) {
              for (int64_t i = 0; i < kBlock; i += 4)
                transpose_4x4(out + i * kWidth + k, kWidth, in + k * from.column + i, from.column);
            }
          } else {
            for (int64_t i = 0; i < count; ++i) {
              for (int64_t k = 0; k < lanes; ++k) out[i * kWidth + k] = in[k * from.column + i * from.row];
            }
          }
        }
        constexpr int64_t kTap = kBlock * kWidth;
        for (int64_t i = 0; i < count; ++i) {
          fold_weight_row<kOutputs>(to + i * panel_row, turned + i * kWidth, 3 * kTap, kTap, lanes, point);
        }
      });
    }
  }
}

void winograd_weight(float* u, const float* weight, int64_t first_row, int64_t rows, int64_t depth, int64_t n,
                     const WinogradWeight& from, const Winograd& s) {
  (s.outputs == 2 ? fold_weights<2> : fold_weights<4>)(u, weight, first_row, rows, depth, n, from, s.weight_point);
}

template <int kOutputs>
void multiply_tiles(float* du, const float* x, const float* dy, float* room, int64_t begin, int64_t end,
                    const ConvWindow& w, const Winograd& s, bool accumulate) {
  constexpr int kPoints = (kOutputs + 2) * (kOutputs + 2);
  float* const v = room;
  float* const m = room + kPoints * s.source_point;
  fold_tiles<kOutputs>(v, x, begin, end, w, s);
  fold_target_tiles<kOutputs>(m, dy, begin, end, w, s);
  const RowTiles cut = cut_rows(w.channels, rows_for(w.columns));
  for (int64_t point = 0; point < kPoints; ++point) {
    const float* a = v + point * s.source_point;
    float* to = du + point * s.weight_point;
    for (int64_t t = 0; t < cut.tiles; ++t) {
      const int64_t rows = cut.rows(t);
      float* targets[kNarrowRows];
      for (int64_t i = 0; i < rows; ++i, to += s.target_row) targets[i] = to;
      multiply_rows<false>(targets, rows, a, s.source_row, m + point * s.target_point, s.target_row, w.columns, 0, 0,
                           end - begin, {nullptr, accumulate, false});
      a += rows;
    }
  }
}

void winograd_backward_weight(float* du, const float* x, const float* dy, float* room, int64_t begin, int64_t end,
                              const ConvWindow& w, const Winograd& s, bool accumulate) {
  (s.outputs == 2 ? multiply_tiles<2> : multiply_tiles<4>)(du, x, dy, room, begin, end, w, s, accumulate);
}

template <int kOutputs>
void unfold_weights(float* dw, const float* du, int64_t parts, int64_t part_stride, int64_t first_row, int64_t rows,
                    const ConvWindow& w, const Winograd& s) {
  constexpr int kSize = kOutputs + 2;
  for (int64_t row = first_row; row < first_row + rows; ++row) {
    for_each_vector(w.columns, [&](int64_t c, int64_t lanes) {
      Vec u[kSize][kSize], g[3][3];
      const float* const from = du + row * s.target_row + c;
#pragma GCC unroll 6
      for (int i = 0; i < kSize; ++i) {
#pragma GCC unroll 6
        for (int j = 0; j < kSize; ++j) {
          const float* const sums = from + (i * kSize + j) * s.weight_point;
          u[i][j] = load_n(sums, lanes);
          for (int64_t part = 1; part < parts; ++part) u[i][j] += load_n(sums + part * part_stride, lanes);
        }
      }
      unfold_weight_square(g, u);
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i) {
#pragma GCC unroll 3
        for (int j = 0; j < 3; ++j) store_n(dw + ((i * 3 + j) * w.channels + row) * w.target_pixel + c, g[i][j], lanes);
      }
    });
  }
}

void winograd_weight_gradient(float* dw, const float* du, int64_t parts, int64_t part_stride, int64_t first_row,
                              int64_t rows, const ConvWindow& w, const Winograd& s) {
  (s.outputs == 2 ? unfold_weights<2> : unfold_weights<4>)(dw, du, parts, part_stride, first_row, rows, w, s);
}
