// convolution_pool.inl: the largest of each window of a convolution's result, for windows side by side. The result, as
// large as several windows' for each of y, is written nowhere or, line by line, to room in the first-level cache.
//
// Where patches stand in lines (convolution.inl) and windows are 2x2, a tile is a few whole windows: a sum for each pixel
// and vector of channels, in registers, until bias, activation and maximum are taken. Bits and index, and so the error,
// are those of convolution() and max_pool2d(). Measured on one Zen 4 core with AVX-512, us, both -> this: 32 images 28x28,
// 1 to 32 channels, 306 -> 158; 64 of 32x32, 3 to 32 1398 -> 987, 3 to 64 2508 -> 1891.

// kWindows windows of 4 pixels: the upper two of the first stand at a, the lower two `lower` numbers behind, pixels `step`
// numbers apart. y and index are those of the first window and of the tile's first channel, windows y_step apart.
struct PoolTileTask {
  float* y;
  uint8_t* index;
  int64_t y_step;
  const float* a;
  int64_t step, lower;
  const float *b, *bias;
  int64_t last_lanes;
  bool relu;
};

// Whether a number later in a window counts instead: a larger one, or the first NaN.
inline VecInt beats(Vec value, Vec best) { return ~(value <= best) & (best == best); }

// Bias, maximum and activation. relu may come last, for it keeps the order of numbers; where a maximum is nothing after
// it, all pixels were, and the first of them counts.
template <bool kIndex, int kWindows, int kVectors>
inline __attribute__((always_inline)) void finish_windows(const PoolTileTask& task,
                                                          Vec (&sum)[4 * kWindows][kVectors]) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int64_t lanes = v == kVectors - 1 ? task.last_lanes : kWidth;
    if (task.bias != nullptr) {
      const Vec bias = load_n(task.bias + v * kWidth, lanes);
#pragma GCC unroll 16
      for (int i = 0; i < 4 * kWindows; ++i) sum[i][v] += bias;
    }
#pragma GCC unroll 4
    for (int w = 0; w < kWindows; ++w) {
      Vec best = sum[4 * w][v], below = sum[4 * w + 2][v];
      const VecInt right = beats(sum[4 * w + 1][v], best), right_below = beats(sum[4 * w + 3][v], below);
      best = select(right, sum[4 * w + 1][v], best);
      below = select(right_below, sum[4 * w + 3][v], below);
      const VecInt lower = beats(below, best);
      best = select(lower, below, best);
      VecInt where = broadcast_int(0);
      if (kIndex) {
        where = right ? broadcast_int(1) : where;
        where = lower ? (right_below ? broadcast_int(3) : broadcast_int(2)) : where;
      }
      if (task.relu) {
        const VecInt none = best <= zero();
        best = select(none, zero(), best);
        if (kIndex) where = none ? broadcast_int(0) : where;
      }
      const int64_t at = w * task.y_step + v * kWidth;
      store_n(task.y + at, best, lanes);
      if (kIndex) store_indices(task.index + at, where, lanes);
    }
  }
}

typedef void (*PoolTile)(const PoolTileTask& task, const Lines& lines);

template <int kWindows, int kVectors>
void pool_tile(const PoolTileTask& task, const Lines& lines) {
  constexpr int kPixels = 4 * kWindows;
  Vec sum[kPixels][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
  }
  const float *a = task.a, *b = task.b;
  const int64_t run = lines.run, skip = lines.length - run, step = task.step, lower = task.lower;
  for (int64_t l = lines.count; l > 0; --l, a += skip) {
    for (int64_t p = 0; p < run; ++p, ++a, b += kVectors * kWidth) {
      Vec right[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) {
        const float* const line = i % 4 < 2 ? a : a + lower;
        const Vec left = broadcast(line[(i / 4 * 2 + i % 2) * step]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(left, right[v], sum[i][v]);
      }
    }
  }
  if (task.index == nullptr) {
    finish_windows<false, kWindows, kVectors>(task, sum);
  } else {
    finish_windows<true, kWindows, kVectors>(task, sum);
  }
}
template <int kWindows, int kVectors>
PoolTile pool_tile_for_windows(int64_t windows) {
  if constexpr (kWindows > 1) {
    if (windows < kWindows) return pool_tile_for_windows<kWindows - 1, kVectors>(windows);
  }
  return pool_tile<kWindows, kVectors>;
}

// Windows of a tile: their sums take most of the registers.
int64_t windows_for(int64_t vectors) {
  if (kPanelVectors == 4) return vectors == 4 ? 1 : (vectors == 3 ? 2 : 3);
  return vectors == 2 ? 1 : 3;
}
PoolTile pool_tile_for(int64_t windows, int64_t vectors) {
  if constexpr (kPanelVectors == 4) {
    if (vectors == 4) return pool_tile_for_windows<1, 4>(windows);
    if (vectors == 3) return pool_tile_for_windows<2, 3>(windows);
    if (vectors == 2) return pool_tile_for_windows<3, 2>(windows);
  } else {
    if (vectors == 2) return pool_tile_for_windows<1, 2>(windows);
  }
  return pool_tile_for_windows<3, 1>(windows);
}

bool fit_pool_lines(const ConvWindow& w, const PoolShape& pool) {
  const Lines lines = lines_of(w);
  return pool.kernel_height == 2 && pool.kernel_width == 2 && fit_lines(w) &&
         2 * lines.count * (lines.length + kWidth) <= kLineRoom;
}

// Patches of the two lines of pixels that begin at line `line` of an image: copied, or where they stand in the source.
struct PoolSource {
  const float* a;
  Lines lines;
  int64_t lower;
};
PoolSource pool_source(float* copies, const float* x, int64_t image, int64_t line, const ConvWindow& w) {
  const Lines lines = lines_of(w);
  const int64_t line_size = w.x.source * w.source_pixel;
  const int64_t first = line * w.y.step + w.y.offset, last = first + w.y.step + (w.y.taps - 1) * w.y.tap_step;
  const int64_t start = w.x.offset * w.channels;
  if (first >= 0 && last < w.y.source && start >= 0 && start + lines.length <= line_size) {
    return {x + (image * w.y.source + first) * line_size + start,
            {lines.count, lines.run, w.y.tap_step * line_size},
            w.y.step * line_size};
  }
  const int64_t lower = lines.count * lines.length;
  copy_lines(copies, x, w, {image, 0, line, 0}, lines);
  copy_lines(copies + lower, x, w, {image, 0, line + 1, 0}, lines);
  return {copies, lines, lower};
}

// One row of windows.
void pool_lines(float* y, uint8_t* index, const PoolSource& source, const float* packed_weight, const ConvWindow& w,
                const PoolShape& pool, const Epilogue<float>& epilogue) {
  const int64_t step = w.x.step * w.channels, k = source.lines.count * source.lines.run;
  for (int64_t column = 0; column < w.columns; column += kPanel) {
    const int64_t width = w.columns - column < kPanel ? w.columns - column : kPanel;
    const int64_t vectors = (width + kWidth - 1) / kWidth;
    const RowTiles cut = cut_rows(pool.out_width, windows_for(vectors));
    const PoolTile longer = pool_tile_for(cut.size + 1, vectors), shorter = pool_tile_for(cut.size, vectors);
    PoolTileTask task{y + column,
                      index == nullptr ? nullptr : index + column,
                      w.columns,
                      source.a,
                      step,
                      source.lower,
                      packed_weight + column * k,
                      epilogue.bias == nullptr ? nullptr : epilogue.bias + column,
                      width - (vectors - 1) * kWidth,
                      epilogue.relu};
    for (int64_t t = 0; t < cut.tiles; ++t) {
      const int64_t windows = cut.rows(t);
      (t < cut.longer ? longer : shorter)(task, source.lines);
      task.y += windows * w.columns;
      if (task.index != nullptr) task.index += windows * w.columns;
      task.a += 2 * windows * step;
    }
  }
}

void convolution_max_pool(float* y, void* index, float* room, const float* x, const float* packed_weight, int64_t begin,
                          int64_t end, const ConvWindow& w, const PoolShape& pool, const Epilogue<float>& epilogue) {
  alignas(64) float copies[kLineRoom + kWidth];
  const bool in_registers = fit_pool_lines(w, pool);
  const int64_t row_size = pool.out_width * pool.channels, image_size = w.y.source * w.x.source * w.source_pixel;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / pool.out_height, line = row % pool.out_height * pool.kernel_height;
    float* const to = y + row * row_size;
    uint8_t* const index_to =
        index == nullptr ? nullptr : static_cast<uint8_t*>(index) + row * row_size * pool.index_size;
    if (in_registers) {
      pool_lines(to, index_to, pool_source(copies, x, image, line, w), packed_weight, w, pool, epilogue);
      continue;
    }
    ConvWindow part = w;
    part.y.count = part.y.target = pool.kernel_height;
    part.y.offset += line * w.y.step;
    PoolShape windows = pool;
    windows.height = pool.kernel_height;
    windows.out_height = 1;
    convolution(room, x + image * image_size, packed_weight, 0, pool.kernel_height * w.x.count, part, epilogue);
    max_pool2d(to, index_to, room, 0, 1, &windows);
  }
}
