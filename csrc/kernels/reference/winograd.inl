// winograd.inl: the reference of cpu/winograd.inl, which says what it computes: the transforms as products with the
// matrices of Toom and Cook for the points p_0, p_1, ... and infinity (Lavin and Gray 2016): A^T[i][j] = p_j^i,
// G[j][i] = p_j^i / prod (p_j - p_k), and B^T[j] the coefficients of prod (x - p_k), both over the other points.

struct WinogradMatrices {  // of an axis; the first pixel of the source that counts is `inset` behind the window's
  int64_t size, outputs, inputs, inset;
  double source[6][6];  // B^T
  double target[4][6];  // A^T
  double weight[6][3];  // G
};

// An image of two pixels is the product with a Toeplitz matrix of 2x2 numbers, which takes three.
inline WinogradMatrices winograd_matrices(int64_t outputs, bool image) {
  if (image) {
    return {3, 2, 2, 1, {{1, 0}, {1, 1}, {0, 1}}, {{0, 1, 1}, {1, 1, 0}}, {{1, -1, 0}, {0, 1, 0}, {0, -1, 1}}};
  }
  const double points[2][5] = {{0, 1, -1, 0, 0}, {0, 0.75, -0.75, 1.5, -1.5}};
  const double* const p = points[outputs == 4];
  const int64_t finite = outputs + 1;
  WinogradMatrices result{outputs + 2, outputs, outputs + 2, 0, {}, {}, {}};
  for (int64_t j = 0; j <= finite; ++j) {
    const bool infinite = j == finite;
    double* const product = result.source[j];
    double norm = 1;
    product[0] = 1;
    for (int64_t k = 0; k < finite; ++k) {
      if (k == j) continue;
      for (int64_t i = finite; i > 0; --i) product[i] = product[i - 1] - p[k] * product[i];
      product[0] *= -p[k];
      norm *= infinite ? 1 : p[j] - p[k];
    }
    for (int64_t i = 0; i < outputs; ++i) result.target[i][j] = infinite ? i == outputs - 1 : std::pow(p[j], i);
    for (int64_t i = 0; i < 3; ++i) result.weight[j][i] = infinite ? i == 2 : std::pow(p[j], i) / norm;
  }
  return result;
}

// A matrix or its transpose: rows and columns are those of what multiplies.
struct WinogradFactor {
  const double* numbers;
  int64_t row, column, rows, columns;
  double at(int64_t i, int64_t j) const { return numbers[i * row + j * column]; }
};
inline WinogradFactor source_factor(const WinogradMatrices& m) { return {m.source[0], 6, 1, m.size, m.inputs}; }
inline WinogradFactor target_factor(const WinogradMatrices& m) { return {m.target[0], 6, 1, m.outputs, m.size}; }
inline WinogradFactor weight_factor(const WinogradMatrices& m) { return {m.weight[0], 3, 1, m.size, 3}; }
inline WinogradFactor turned(const WinogradFactor& f) { return {f.numbers, f.column, f.row, f.columns, f.rows}; }

// to (down.rows, across.rows) = down from across^T.
template <typename T>
void winograd_transform(T* to, const T* from, const WinogradFactor& down, const WinogradFactor& across) {
  T half[36];
  for (int64_t i = 0; i < down.rows; ++i) {
    for (int64_t j = 0; j < across.columns; ++j) {
      T& sum = half[i * across.columns + j];
      sum = 0;
      for (int64_t k = 0; k < down.columns; ++k) sum += T(down.at(i, k)) * from[k * across.columns + j];
    }
  }
  for (int64_t i = 0; i < down.rows; ++i) {
    for (int64_t j = 0; j < across.rows; ++j) {
      T& sum = to[i * across.rows + j];
      sum = 0;
      for (int64_t k = 0; k < across.columns; ++k) sum += half[i * across.columns + k] * T(across.at(j, k));
    }
  }
}

// Channel c of the pixels, `high` x `broad`, that begin at a pixel of an image, zero outside.
template <typename T>
void winograd_pixels(T* pixels, const T* x, int64_t image, int64_t row, int64_t column, int64_t height, int64_t width,
                     int64_t pixel, int64_t high, int64_t broad) {
  for (int64_t i = 0; i < high * broad; ++i) {
    const int64_t r = row + i / broad, c = column + i % broad;
    const bool inside = r >= 0 && r < height && c >= 0 && c < width;
    pixels[i] = inside ? x[((image * height + r) * width + c) * pixel] : T(0);
  }
}

struct WinogradTile {
  int64_t image, row, column;
};
inline WinogradTile winograd_tile(int64_t index, const Winograd& s) {
  const int64_t area = s.tile_rows * s.tile_columns;
  return {index / area, index % area / s.tile_columns * s.outputs.down, index % s.tile_columns * s.outputs.across};
}

// The transforms of a channel of a tile of the source, and of the target.
template <typename T>
void winograd_source(T* folded, const T* x, const WinogradTile& tile, const ConvWindow& w, const WinogradMatrices& down,
                     const WinogradMatrices& across) {
  T pixels[36];
  winograd_pixels(pixels, x, tile.image, tile.row + w.y.offset + down.inset, tile.column + w.x.offset + across.inset,
                  w.y.source, w.x.source, w.source_pixel, down.inputs, across.inputs);
  winograd_transform(folded, pixels, source_factor(down), source_factor(across));
}
template <typename T>
void winograd_target(T* folded, const T* dy, const WinogradTile& tile, const ConvWindow& w,
                     const WinogradMatrices& down, const WinogradMatrices& across) {
  T pixels[36];
  winograd_pixels(pixels, dy, tile.image, tile.row, tile.column, w.y.count, w.x.count, w.target_pixel, down.outputs,
                  across.outputs);
  winograd_transform(folded, pixels, turned(target_factor(down)), turned(target_factor(across)));
}

template <typename T>
void winograd_weight(T* u, const T* weight, int64_t first_row, int64_t rows, int64_t depth, int64_t n,
                     const WinogradWeight& from, const Winograd& s) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  for (int64_t k = first_row; k < first_row + rows; ++k) {
    for (int64_t j = 0; j < n; ++j) {
      T taps[9], folded[36];
      for (int64_t tap = 0; tap < 9; ++tap) {
        taps[tap] = weight[k * from.row + j * from.column + tap / 3 * from.line + tap % 3 * from.tap];
      }
      winograd_transform(folded, taps, weight_factor(down), weight_factor(across));
      for (int64_t i = 0; i < s.outputs.points(); ++i) u[i * s.weight_point + j * depth + k] = folded[i];
    }
  }
}

// The pixels of a tile from its results, if they are finite.
template <typename T>
void winograd_finish(T* y, uint8_t& finite, const T* results, const WinogradTile& tile, const ConvWindow& w,
                     const Winograd& s, const Epilogue<T>& epilogue) {
  const int64_t area = s.outputs.down * s.outputs.across;
  finite = 1;
  for (int64_t i = 0; i < area * w.columns; ++i) finite &= std::isfinite(results[i]);
  if (!finite) return;
  for (int64_t i = 0; i < area; ++i) {
    const int64_t row = tile.row + i / s.outputs.across, column = tile.column + i % s.outputs.across;
    if (row >= w.y.count || column >= w.x.count) continue;
    T* const to = y + ((tile.image * w.y.count + row) * w.x.count + column) * w.target_pixel;
    for (int64_t j = 0; j < w.columns; ++j) finish(to[j], results[j * area + i], j, epilogue);
  }
}

template <typename T>
void winograd_convolution(T* y, uint8_t* finite, const T* x, const T* u, T* room, int64_t begin, int64_t end,
                          const ConvWindow& w, const Winograd& s, const Epilogue<T>& epilogue) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  const int64_t points = s.outputs.points();
  const int64_t area = s.outputs.down * s.outputs.across;
  for (int64_t t = begin; t < end; ++t) {
    const WinogradTile tile = winograd_tile(t, s);
    for (int64_t c = 0; c < w.channels; ++c) {
      T folded[36];
      winograd_source(folded, x + c, tile, w, down, across);
      for (int64_t i = 0; i < points; ++i) room[i * s.source_point + c] = folded[i];
    }
    T* const results = room + points * s.source_point;  // of all channels
    for (int64_t j = 0; j < w.columns; ++j) {
      T products[36];
      for (int64_t i = 0; i < points; ++i) {
        products[i] = 0;
        for (int64_t k = 0; k < w.channels; ++k) {
          products[i] += room[i * s.source_point + k] * u[i * s.weight_point + j * w.channels + k];
        }
      }
      winograd_transform(results + j * area, products, target_factor(down), target_factor(across));
    }
    winograd_finish(y, finite[t], results, tile, w, s, epilogue);
  }
}

template <typename T>
void winograd_backward_weight(T* du, const T* x, const T* dy, T* room, int64_t begin, int64_t end, const ConvWindow& w,
                              const Winograd& s, bool accumulate) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  const int64_t points = s.outputs.points();
  T* const source = room;
  T* const target = room + points * s.source_point;
  for (int64_t t = begin; t < end; ++t) {
    const WinogradTile tile = winograd_tile(t, s);
    T folded[36];
    for (int64_t c = 0; c < w.channels; ++c) {
      winograd_source(folded, x + c, tile, w, down, across);
      for (int64_t i = 0; i < points; ++i) source[i * s.source_point + c] = folded[i];
    }
    for (int64_t j = 0; j < w.columns; ++j) {
      winograd_target(folded, dy + j, tile, w, down, across);
      for (int64_t i = 0; i < points; ++i) target[i * s.target_point + j] = folded[i];
    }
    for (int64_t i = 0; i < points; ++i) {
      for (int64_t c = 0; c < w.channels; ++c) {
        for (int64_t j = 0; j < w.columns; ++j) {
          T& sum = du[i * s.weight_point + c * s.target_row + j];
          sum =
              (accumulate || t > begin ? sum : T(0)) + source[i * s.source_point + c] * target[i * s.target_point + j];
        }
      }
    }
  }
}

template <typename T>
void winograd_weight_gradient(T* dw, const T* du, int64_t parts, int64_t part_stride, int64_t first_row, int64_t rows,
                              const ConvWindow& w, const Winograd& s) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  for (int64_t c = first_row; c < first_row + rows; ++c) {
    for (int64_t j = 0; j < w.columns; ++j) {
      T sums[36], taps[9];
      for (int64_t i = 0; i < s.outputs.points(); ++i) {
        sums[i] = 0;
        for (int64_t part = 0; part < parts; ++part) {
          sums[i] += du[part * part_stride + i * s.weight_point + c * s.target_row + j];
        }
      }
      winograd_transform(taps, sums, turned(weight_factor(down)), turned(weight_factor(across)));
      for (int64_t tap = 0; tap < 9; ++tap) dw[(tap * w.channels + c) * w.target_pixel + j] = taps[tap];
    }
  }
}

template <typename T>
void winograd_fold(T* v, const T* x, int64_t begin, int64_t end, bool target, const ConvWindow& w, const Winograd& s,
                   const WinogradBlocks& to) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  for (int64_t t = begin; t < end; ++t) {
    for (int64_t c = 0; c < (target ? w.columns : w.channels); ++c) {
      T folded[36];
      if (target) {
        winograd_target(folded, x + c, winograd_tile(t, s), w, down, across);
      } else {
        winograd_source(folded, x + c, winograd_tile(t, s), w, down, across);
      }
      T* const first = v + c / to.width * to.block + t * to.width + c % to.width;
      for (int64_t i = 0; i < s.outputs.points(); ++i) first[i * to.point] = folded[i];
    }
  }
}

template <typename T>
void winograd_columns(T* y, uint8_t* finite, const T* v, const T* weight, T* room, int64_t columns, int64_t tiles,
                      const ConvWindow& w, const Winograd& s, const WinogradWeight& from, const WinogradBlocks& blocks,
                      const Epilogue<T>& epilogue) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  const int64_t points = s.outputs.points(), area = s.outputs.down * s.outputs.across;
  ConvWindow piece = w;
  piece.columns = columns;
  for (int64_t i = 0; i < tiles * columns * points; ++i) room[i] = 0;
  for (int64_t k = 0; k < w.channels; ++k) {
    const T* const of_channel = v + k / blocks.width * blocks.block + k % blocks.width;
    for (int64_t j = 0; j < columns; ++j) {
      T taps[9], folded[36];
      for (int64_t tap = 0; tap < 9; ++tap) {
        taps[tap] = weight[k * from.row + j * from.column + tap / 3 * from.line + tap % 3 * from.tap];
      }
      winograd_transform(folded, taps, weight_factor(down), weight_factor(across));
      for (int64_t t = 0; t < tiles; ++t) {
        for (int64_t i = 0; i < points; ++i) {
          room[(t * columns + j) * points + i] += of_channel[i * blocks.point + t * blocks.width] * folded[i];
        }
      }
    }
  }
  for (int64_t t = 0; t < tiles; ++t) {
    T* const results = room + t * columns * points;  // in the place of products, which are more
    for (int64_t j = 0; j < columns; ++j) {
      T result[16];
      winograd_transform(result, results + j * points, target_factor(down), target_factor(across));
      for (int64_t i = 0; i < area; ++i) results[j * area + i] = result[i];
    }
    winograd_finish(y, finite[t], results, winograd_tile(t, s), piece, s, epilogue);
  }
}

template <typename T>
void winograd_weight_piece(T* dw, const T* v, const T* m, T*, int64_t rows, int64_t columns, int64_t tiles,
                           const ConvWindow& w, const Winograd& s, const WinogradBlocks& source,
                           const WinogradBlocks& target) {
  const WinogradMatrices down = winograd_matrices(s.outputs.down, s.outputs.image);
  const WinogradMatrices across = winograd_matrices(s.outputs.across, s.outputs.image);
  for (int64_t c = 0; c < rows; ++c) {
    const T* const of_channel = v + c / source.width * source.block + c % source.width;
    for (int64_t j = 0; j < columns; ++j) {
      T sums[36], taps[9];
      for (int64_t i = 0; i < s.outputs.points(); ++i) {
        sums[i] = 0;
        for (int64_t t = 0; t < tiles; ++t) {
          sums[i] += of_channel[i * source.point + t * source.width] * m[i * target.point + t * target.width + j];
        }
      }
      winograd_transform(taps, sums, turned(weight_factor(down)), turned(weight_factor(across)));
      for (int64_t tap = 0; tap < 9; ++tap) dw[(tap * w.channels + c) * w.target_pixel + j] = taps[tap];
    }
  }
}
