// winograd.inl: 3x3 convolution of stride 1 by Winograd's minimal filtering, F(2x2, 3x3), F(2x4, 3x3) and F(4x4, 3x3), and
// its adjoint for the gradient of the weight. A tile of 2x2 (2x4, 4x4) pixels is A^T [ (G g G^T) * (B^T d B) ] A of the
// 4x4 (4x6, 6x6) source pixels d around it, each axis with matrices of its own: 16 (24, 36) products per tile and pair of
// channels instead of 36 (72, 144). An image of 2x2 pixels in a line of padding is a tile of 9 products for 16. They are
// summed over channels as 16 (24, 36) matrix products, on gemm.inl's tile, of
// some dozens of tiles at a time, whose transforms stay in L2. dw is G^T [ sum over tiles of (B^T d B) * (A dy A^T) ] G.
// Transforms go along strips of tiles, one vector of channels at a time, so that a column which two tiles share is folded
// once: F(4x4) of 16x16x32 takes 2.8 ms a batch of 128 for 3.1 tile by tile, F(2x2) 4.0 for 4.3. What the strip below
// reads and writes is fetched into the second-level cache: 64x32x32, 64 to 64 channels, F(4x4) 16.1 ms for 17.6, F(2x2)
// 23.9 for 25.0. The gradient of a transformed weight that leaves L2 is fetched a tile ahead: dw of 8x8x256 27 ms for 31.
//
// Four outputs take the points 0, +-3/4, +-3/2 and infinity, whose error is half that of 0, +-1, +-2 (Barabasz et al.
// 2018). Bits: an element of y depends neither on batch nor on the tiles it is computed with; one of du sums the tiles
// from begin in order. Rows of transformed tiles have room up to a multiple of 16 channels.
// Error, over the largest number of a result: F(2x2) 1e-6 and less, as the direct sum; F(2x4) twice F(2x2)'s, 1e-6 with 64
// channels; F(4x4) 3e-6, at most 5e-5.
// A tile with a number that is not finite is reported, and not added: an infinity or a NaN spreads over the tile, and
// large numbers overflow early. The op computes such tiles directly.
// Measured on a Zen 4 core (118 GFLOP/s peak), AVX-512, batch 64, GFLOP/s of the direct sum's operations: direct, F(2x2),
// F(2x4), F(4x4) of 32x32x64: y 98, 210, 266, 321, dw 94, 193, 240, 291; 16x16x128: y 105, 228, 292, 372, dw 95, 204, 263,
// 337; 16x16x32: y 79, 195, 255, 324, dw 90, 206, 266, 325.

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

// Two pixels between zeros: a Toeplitz matrix of 2x2 numbers takes three products.
void fold_source(Vec (&v)[3], const Vec (&d)[2]) {
  v[0] = d[0];
  v[1] = d[0] + d[1];
  v[2] = d[1];
}

// A line of a tile from its products: A^T m.
void unfold_target(Vec (&y)[2], const Vec (&m)[3]) {
  y[0] = m[1] + m[2];
  y[1] = m[1] + m[0];
}
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
void fold_target(Vec (&m)[3], const Vec (&y)[2]) {
  m[0] = y[1];
  m[1] = y[0] + y[1];
  m[2] = y[0];
}
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
void fold_weight(Vec (&u)[3], const Vec (&g)[3]) {
  u[0] = g[0] - g[1];
  u[1] = g[1];
  u[2] = g[2] - g[1];
}
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
void unfold_weight(Vec (&g)[3], const Vec (&u)[3]) {
  g[0] = u[0];
  g[1] = u[1] - (u[0] + u[2]);
  g[2] = u[2];
}
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

// A tile: its pixels, its points, and the pixels of the source that count, the first of them kInset behind the window's.
template <int kTileDown, int kTileAcross>
struct WinogradTile {
  static constexpr int kDown = kTileDown, kAcross = kTileAcross, kHigh = kDown + 2, kBroad = kAcross + 2;
  static constexpr int kRows = kHigh, kColumns = kBroad, kInset = 0;
};
using Square = WinogradTile<2, 2>;
using Oblong = WinogradTile<2, 4>;
using Large = WinogradTile<4, 4>;
struct Pair {  // an image of 2x2 pixels
  static constexpr int kDown = 2, kAcross = 2, kHigh = 3, kBroad = 3, kRows = 2, kColumns = 2, kInset = 1;
};

// Of the kernels for these tiles the one for the shape.
template <typename Kernel>
Kernel* for_outputs(const Winograd& s, Kernel* square, Kernel* oblong, Kernel* large, Kernel* pair) {
  if (s.outputs.image) return pair;
  return s.outputs.across == 2 ? square : s.outputs.down == 2 ? oblong : large;
}

// Tiles side by side, by the first pixel of the lattice that the first of them covers.
struct WinogradStrip {
  int64_t image, row, column, tiles;
};
// Calls body(strip, tile) for the strips of tiles [begin, end), tile being the number of its first one.
template <typename Body>
void for_each_strip(int64_t begin, int64_t end, const Winograd& s, Body&& body) {
  const int64_t area = s.tile_rows * s.tile_columns;
  for (int64_t t = begin; t < end;) {
    const int64_t first = t % s.tile_columns, left = s.tile_columns - first;
    const int64_t tiles = left < end - t ? left : end - t;
    body(WinogradStrip{t / area, t % area / s.tile_columns * s.outputs.down, first * s.outputs.across, tiles}, t);
    t += tiles;
  }
}

// A step that the compiler does not see through: it would hold 36 addresses in registers otherwise.
inline float* step_from(float* p, int64_t distance) {
  p += distance;
  asm("" : "+r"(p));
  return p;
}
inline const float* step_from(const float* p, int64_t distance) {
  p += distance;
  asm("" : "+r"(p));
  return p;
}

// A plane of an NHWC image.
struct Plane {
  int64_t height, width, pixel;
};

// The transforms of a strip of the source, or, kTarget, of dy, for one vector of channels: of each tile its pixels, the
// first of the strip's at (top, left), to as many numbers as it has points, `point` apart. What lies outside is zero. The
// columns that a tile shares with the one before it are folded once.
template <typename Tile, bool kTarget>
inline __attribute__((always_inline)) void fold_strip(float* v, int64_t row, int64_t point, const float* x, int64_t top,
                                                      int64_t left, int64_t tiles, const Plane& plane, int64_t lanes) {
  constexpr int kDown = Tile::kDown, kAcross = Tile::kAcross, kHigh = Tile::kHigh, kBroad = Tile::kBroad;
  constexpr int kRows = kTarget ? kDown : Tile::kRows, kColumns = kTarget ? kAcross : Tile::kColumns;
  constexpr int kShared = kColumns - kAcross;
  const int64_t line = plane.width * plane.pixel, width = plane.width, pixel = plane.pixel;
  const int64_t first = top < 0 ? -top : 0, last = plane.height - top < kRows ? plane.height - top : kRows;
  x += top * line + left * pixel;
  Vec half[kHigh][kColumns];
  for (int64_t t = 0; t < tiles; ++t, v += row, x += kAcross * pixel, left += kAcross) {
#pragma GCC unroll 6
    for (int j = 0; j < kColumns; ++j) {
      if (j < kShared && t > 0) {
#pragma GCC unroll 6
        for (int i = 0; i < kHigh; ++i) half[i][j] = half[i][j + kAcross];
        continue;
      }
      Vec folded[kHigh];
      if (left + j < 0 || left + j >= width) {
#pragma GCC unroll 6
        for (int i = 0; i < kHigh; ++i) folded[i] = zero();
      } else {
        const float* const from = x + j * pixel;
        Vec d[kRows];
#pragma GCC unroll 6
        for (int i = 0; i < kRows; ++i) d[i] = i >= first && i < last ? load_n(from + i * line, lanes) : zero();
        // what the strip below reads and this one doesn't: the hardware foresees lines of memory, not of images
        if (j >= kShared) {
#pragma GCC unroll 4
          for (int i = 0; i < kDown; ++i) fetch(from + (kRows + i) * line);
        }
        if constexpr (kTarget) {
          fold_target(folded, d);
        } else {
          fold_source(folded, d);
        }
      }
#pragma GCC unroll 6
      for (int i = 0; i < kHigh; ++i) half[i][j] = folded[i];
    }
    float* to = v;
#pragma GCC unroll 6
    for (int i = 0; i < kHigh; ++i) {
      Vec folded[kBroad];
      if constexpr (kTarget) {
        fold_target(folded, half[i]);
      } else {
        fold_source(folded, half[i]);
      }
#pragma GCC unroll 6
      for (int j = 0; j < kBroad; ++j, to = step_from(to, point)) store(to, folded[j]);
    }
  }
}
template <typename Tile, bool kTarget>
void fold_channels(float* v, int64_t row, int64_t point, const float* x, int64_t top, int64_t left, int64_t tiles,
                   const Plane& plane, int64_t channels) {
  int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    fold_strip<Tile, kTarget>(v + c, row, point, x + c, top, left, tiles, plane, kWidth);
  }
  if (c < channels) {
    fold_strip<Tile, kTarget>(v + c, row, point, x + c, top, left, tiles, plane, channels - c);
  }
}

// The transforms of tiles [begin, end), one after the other.
template <typename Tile>
void fold_tiles(float* v, const float* x, int64_t begin, int64_t end, const ConvWindow& w, const Winograd& s) {
  const Plane plane{w.y.source, w.x.source, w.source_pixel};
  for_each_strip(begin, end, s, [&](const WinogradStrip& strip, int64_t t) {
    const float* const image = x + strip.image * plane.height * plane.width * plane.pixel;
    fold_channels<Tile, false>(v + (t - begin) * s.source_row, s.source_row, s.source_point, image,
                               strip.row + w.y.offset + Tile::kInset, strip.column + w.x.offset + Tile::kInset,
                               strip.tiles, plane, w.channels);
  });
}
template <typename Tile>
void fold_target_tiles(float* m, const float* dy, int64_t begin, int64_t end, const ConvWindow& w, const Winograd& s) {
  const Plane plane{w.y.count, w.x.count, w.target_pixel};
  for_each_strip(begin, end, s, [&](const WinogradStrip& strip, int64_t t) {
    const float* const image = dy + strip.image * plane.height * plane.width * plane.pixel;
    fold_channels<Tile, true>(m + (t - begin) * s.target_row, s.target_row, s.target_point, image, strip.row,
                              strip.column, strip.tiles, plane, w.columns);
  });
}

// The pixels of a strip from its products, for one vector of channels. A tile's flag is cleared where one of its pixels
// is not finite; kLook only looks, and without it tiles that are to be added must have their flags set.
template <typename Tile, bool kLook>
inline __attribute__((always_inline)) void unfold_strip(float* y, uint8_t* finite, const float* m, int64_t row,
                                                        int64_t point, const WinogradStrip& strip, const Plane& plane,
                                                        int64_t c, int64_t lanes, const Epilogue<float>& epilogue) {
  constexpr int kDown = Tile::kDown, kAcross = Tile::kAcross, kHigh = Tile::kHigh, kBroad = Tile::kBroad;
  const int64_t line = plane.width * plane.pixel, pixel = plane.pixel;
  const int64_t bottom = plane.height - strip.row < kDown ? plane.height - strip.row : kDown;
  const bool accumulate = epilogue.accumulate, has_bias = epilogue.bias != nullptr, relu = epilogue.relu;
  const Vec bias = has_bias ? load_n(epilogue.bias + c, lanes) : zero();
  int64_t room = plane.width - strip.column;
  y += strip.row * line + strip.column * pixel;
  for (int64_t t = 0; t < strip.tiles; ++t, m += row, y += kAcross * pixel, room -= kAcross) {
    if (!kLook && accumulate && !finite[t]) continue;
    Vec half[kHigh][kAcross], pixels[kDown][kAcross], strange = zero();
    const float* from = m;
#pragma GCC unroll 6
    for (int i = 0; i < kHigh; ++i) {
      Vec products[kBroad];
#pragma GCC unroll 6
      for (int j = 0; j < kBroad; ++j, from = step_from(from, point)) products[j] = load_n(from, lanes);
      unfold_target(half[i], products);
    }
#pragma GCC unroll 4
    for (int j = 0; j < kAcross; ++j) {
      Vec column[kHigh], unfolded[kDown];
#pragma GCC unroll 6
      for (int i = 0; i < kHigh; ++i) column[i] = half[i][j];
      unfold_target(unfolded, column);
#pragma GCC unroll 4
      for (int i = 0; i < kDown; ++i) {
        pixels[i][j] = unfolded[i];
        strange = fma(unfolded[i], zero(), strange);
      }
    }
    if (bits_of(strange != strange) != 0) finite[t] = 0;
    if (kLook) continue;
    const bool inside = bottom == kDown && room >= kAcross;
    const auto is_pixel = [&](int i, int j) { return inside || (i < bottom && j < room); };
    if (accumulate) {
#pragma GCC unroll 4
      for (int i = 0; i < kDown; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < kAcross; ++j) {
          if (is_pixel(i, j)) pixels[i][j] += load_n(y + i * line + j * pixel, lanes);
        }
      }
    }
    if (has_bias) {
#pragma GCC unroll 4
      for (int i = 0; i < kDown; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < kAcross; ++j) pixels[i][j] += bias;
      }
    }
    if (relu) {
#pragma GCC unroll 4
      for (int i = 0; i < kDown; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < kAcross; ++j) pixels[i][j] = select(pixels[i][j] <= zero(), zero(), pixels[i][j]);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < kDown; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kAcross; ++j) {
        fetch(y + (kDown + i) * line + j * pixel);  // what the strip below writes
        if (is_pixel(i, j)) store_n(y + i * line + j * pixel, pixels[i][j], lanes);
      }
    }
  }
}
template <typename Tile, bool kLook>
void unfold_channels(float* y, uint8_t* finite, const float* m, int64_t row, int64_t point, const WinogradStrip& strip,
                     const Plane& plane, int64_t columns, const Epilogue<float>& epilogue) {
  int64_t c = 0;
  for (; c + kWidth <= columns; c += kWidth) {
    unfold_strip<Tile, kLook>(y + c, finite, m + c, row, point, strip, plane, c, kWidth, epilogue);
  }
  if (c < columns) {
    unfold_strip<Tile, kLook>(y + c, finite, m + c, row, point, strip, plane, c, columns - c, epilogue);
  }
}

template <typename Tile>
void unfold_tiles(float* y, uint8_t* finite, const float* m, int64_t begin, int64_t end, const ConvWindow& w,
                  const Winograd& s, const Epilogue<float>& epilogue) {
  const Plane plane{w.y.count, w.x.count, w.target_pixel};
  for (int64_t t = begin; t < end; ++t) finite[t] = 1;
  for_each_strip(begin, end, s, [&](const WinogradStrip& strip, int64_t t) {
    float* const image = y + strip.image * plane.height * plane.width * plane.pixel;
    const float* const products = m + (t - begin) * s.target_row;
    if (epilogue.accumulate) {
      unfold_channels<Tile, true>(image, finite + t, products, s.target_row, s.target_point, strip, plane, w.columns,
                                  epilogue);
    }
    unfold_channels<Tile, false>(image, finite + t, products, s.target_row, s.target_point, strip, plane, w.columns,
                                 epilogue);
  });
}

template <typename Tile>
void convolve_tiles(float* y, uint8_t* finite, const float* x, const float* u, float* room, int64_t begin, int64_t end,
                    const ConvWindow& w, const Winograd& s, const Epilogue<float>& epilogue) {
  constexpr int kPoints = Tile::kHigh * Tile::kBroad;
  float* const v = room;
  float* const m = room + kPoints * s.source_point;
  fold_tiles<Tile>(v, x, begin, end, w, s);
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
  unfold_tiles<Tile>(y, finite, m, begin, end, w, s, epilogue);
}

void winograd_convolution(float* y, uint8_t* finite, const float* x, const float* u, float* room, int64_t begin,
                          int64_t end, const ConvWindow& w, const Winograd& s, const Epilogue<float>& epilogue) {
  const auto convolve =
      for_outputs(s, convolve_tiles<Square>, convolve_tiles<Oblong>, convolve_tiles<Large>, convolve_tiles<Pair>);
  convolve(y, finite, x, u, room, begin, end, w, s, epilogue);
}

// Rows of u from rows of g: the nine numbers of a pair of channels stand `tap` apart in a line and `line` apart between.
// Of the tile's rows of points kCount from kFirst on.
template <typename Tile, int kFirst, int kCount>
void fold_weight_row(float* u, const float* g, int64_t line, int64_t tap, int64_t lanes, int64_t point) {
  constexpr int kHigh = Tile::kHigh, kBroad = Tile::kBroad;
  Vec half[3][kBroad];
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    const Vec taps[3] = {load_n(g + i * line, lanes), load_n(g + i * line + tap, lanes),
                         load_n(g + i * line + 2 * tap, lanes)};
    fold_weight(half[i], taps);
  }
#pragma GCC unroll 6
  for (int j = 0; j < kBroad; ++j) {
    const Vec column[3] = {half[0][j], half[1][j], half[2][j]};
    Vec folded[kHigh];
    fold_weight(folded, column);
#pragma GCC unroll 6
    for (int i = 0; i < kCount; ++i) store(u + (i * kBroad + j) * point, folded[kFirst + i]);
  }
}

template <typename Tile, int kFirst = 0, int kCount = Tile::kHigh>
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
        // the rows below are fetched: they lie too far apart for the hardware to foresee
        if (from.column == 1) {
          for (int64_t i = 0; i < count; ++i) {
            const float* const g = source + i * from.row;
            for (int64_t tap = 0; tap < 9; ++tap) {
              fetch(g + kBlock * from.row + tap / 3 * from.line + tap % 3 * from.tap);
            }
            fold_weight_row<Tile, kFirst, kCount>(to + i * panel_row, g, from.line, from.tap, lanes, point);
          }
          return;
        }
        for (int64_t tap = 0; tap < 9; ++tap) {
          const float* const in = source + tap / 3 * from.line + tap % 3 * from.tap;
          for (int64_t k = 0; k < lanes; ++k) fetch(in + k * from.column + kBlock * from.row);
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
          fold_weight_row<Tile, kFirst, kCount>(to + i * panel_row, turned + i * kWidth, 3 * kTap, kTap, lanes, point);
        }
      });
    }
  }
}

void winograd_weight(float* u, const float* weight, int64_t first_row, int64_t rows, int64_t depth, int64_t n,
                     const WinogradWeight& from, const Winograd& s) {
  for_outputs(s, fold_weights<Square>, fold_weights<Oblong>, fold_weights<Large>, fold_weights<Pair>)(
      u, weight, first_row, rows, depth, n, from, s.weight_point);
}

template <typename Tile>
void multiply_tiles(float* du, const float* x, const float* dy, float* room, int64_t begin, int64_t end,
                    const ConvWindow& w, const Winograd& s, bool accumulate) {
  constexpr int kPoints = Tile::kHigh * Tile::kBroad;
  float* const v = room;
  float* const m = room + kPoints * s.source_point;
  fold_tiles<Tile>(v, x, begin, end, w, s);
  fold_target_tiles<Tile>(m, dy, begin, end, w, s);
  const RowTiles cut = cut_rows(w.channels, rows_for(w.columns));
  for (int64_t point = 0; point < kPoints; ++point) {
    const float* a = v + point * s.source_point;
    float* to = du + point * s.weight_point;
    for (int64_t t = 0; t < cut.tiles; ++t) {
      const int64_t rows = cut.rows(t);
      float* targets[kNarrowRows];
      for (int64_t i = 0; i < rows; ++i, to += s.target_row) targets[i] = to;
      if (accumulate) fetch_rows(to, s.target_row, rows, s.target_row);  // what the next tile adds to
      multiply_rows<false>(targets, rows, a, s.source_row, m + point * s.target_point, s.target_row, w.columns, 0, 0,
                           end - begin, {nullptr, accumulate, false});
      a += rows;
    }
  }
}

void winograd_backward_weight(float* du, const float* x, const float* dy, float* room, int64_t begin, int64_t end,
                              const ConvWindow& w, const Winograd& s, bool accumulate) {
  for_outputs(s, multiply_tiles<Square>, multiply_tiles<Oblong>, multiply_tiles<Large>, multiply_tiles<Pair>)(
      du, x, dy, room, begin, end, w, s, accumulate);
}

template <typename Tile>
void unfold_weights(float* dw, const float* du, int64_t parts, int64_t part_stride, int64_t first_row, int64_t rows,
                    const ConvWindow& w, const Winograd& s) {
  constexpr int kHigh = Tile::kHigh, kBroad = Tile::kBroad;
  for (int64_t row = first_row; row < first_row + rows; ++row) {
    for_each_vector(w.columns, [&](int64_t c, int64_t lanes) {
      Vec u[kHigh][kBroad], g[3][3];
      const float* const from = du + row * s.target_row + c;
#pragma GCC unroll 6
      for (int i = 0; i < kHigh; ++i) {
#pragma GCC unroll 6
        for (int j = 0; j < kBroad; ++j) {
          const float* const sums = from + (i * kBroad + j) * s.weight_point;
          u[i][j] = load_n(sums, lanes);
          for (int64_t part = 1; part < parts; ++part) u[i][j] += load_n(sums + part * part_stride, lanes);
        }
      }
      Vec half[3][kBroad];
#pragma GCC unroll 6
      for (int j = 0; j < kBroad; ++j) {
        Vec column[kHigh], unfolded[3];
#pragma GCC unroll 6
        for (int i = 0; i < kHigh; ++i) column[i] = u[i][j];
        unfold_weight(unfolded, column);
#pragma GCC unroll 3
        for (int i = 0; i < 3; ++i) half[i][j] = unfolded[i];
      }
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i) unfold_weight(g[i], half[i]);
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
  for_outputs(s, unfold_weights<Square>, unfold_weights<Oblong>, unfold_weights<Large>, unfold_weights<Pair>)(
      dw, du, parts, part_stride, first_row, rows, w, s);
}
