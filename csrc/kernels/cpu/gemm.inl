// gemm.inl: matrix products on one register tile.
//
// tile() multiplies kRows rows of a by kVectors vectors of columns of b over one block of k. The wide tile is 6 rows x
// 4 vectors with 32 registers (AVX-512, NEON; 24 hold sums) and 6 x 2 with 16 (12 hold sums); products at most half a
// wide panel broad take twice the rows. b comes in packed panels as broad as the wide tile, or in place for few rows and
// where it is small; a is read in place, or from a copy of the tile's rows that stays in L1 where several panels read it.
// b's block is meant to stay in L2. A narrow product of an a with contiguous columns (the weights' gradient of a layer of
// ten outputs) is computed transposed.
//
// Bits: an element is the sum over blocks of layout.depth, in order, of sums that run over k in order with one fma each.
// Nothing else enters: not m, n, the element's place, alignment, packing, or how the op cuts the product.
// Error: at most about (kGemmDepth + k / kGemmDepth) 2^-24 sum |a||b|. Zeros are not skipped. Any sizes, and strides of
// which one of a's is 1.
// Measured on a Zen 4 core at about 118 GFLOP/s peak: AVX-512 110 to 114 GFLOP/s while b's block is in L2, 105 at 1024
// cubed, packing included (OpenBLAS 98); docs/kernels.md has the shapes.

constexpr int kPanelVectors = kRegisters == 32 ? 4 : 2;
constexpr int64_t kPanel = kPanelVectors * kWidth;
constexpr int kWideRows = kGemmRows;
constexpr int kNarrowRows = 12;            // for at most half a panel
constexpr int kCopiedTiles = 8;            // of a, at a time: 48 KB
constexpr int64_t kLargeRows = 64 * 1024;  // an a of more numbers, read by rows, is fetched ahead

// What a tile does with its sums.
struct Finish {
  const float* bias;
  bool add, relu;
};

typedef void (*Tile)(float* const* y, int64_t column, const float* a, int64_t a_stride, const float* b,
                     int64_t b_stride, int64_t depth, int64_t last_lanes, const Finish& finish);

template <int kRows, int kVectors>
inline __attribute__((always_inline)) void finish_tile(float* const* y, int64_t column, Vec (&sum)[kRows][kVectors],
                                                       int64_t last_lanes, const Finish& finish) {
  if (finish.add) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const float* from = y[i] + column + v * kWidth;
        sum[i][v] += v < kVectors - 1 ? load(from) : load_n(from, last_lanes);
      }
    }
  }
  if (finish.bias != nullptr) {
    const float* bias = finish.bias + column;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Vec of_column = v < kVectors - 1 ? load(bias + v * kWidth) : load_n(bias + v * kWidth, last_lanes);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) sum[i][v] += of_column;
    }
  }
  if (finish.relu) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[i][v] = select(sum[i][v] <= zero(), zero(), sum[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors - 1; ++v) store(y[i] + column + v * kWidth, sum[i][v]);
    store_n(y[i] + column + (kVectors - 1) * kWidth, sum[i][kVectors - 1], last_lanes);
  }
}

// The last vector of a row of b: there are all of it, or its last_lanes only, or no more than half of them count, which
// AVX-512 multiplies in half the time.
enum class Last { kWhole, kRagged, kHalf };

// Rows y[i] + column, kVectors vectors broad, the last of them last_lanes. kByRow: row i of a starts at i * a_stride;
// else column p of a starts at p * a_stride.
template <int kRows, int kVectors, bool kByRow, Last kLast>
void tile(float* const* y, int64_t column, const float* a, int64_t a_stride, const float* b, int64_t b_stride,
          int64_t depth, int64_t last_lanes, const Finish& finish) {
  Vec sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
  }
  for (int64_t p = 0; p < depth; ++p) {
    Vec right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      if (v < kVectors - 1 || kLast == Last::kWhole) {
        right[v] = load(b + v * kWidth);
      } else if (kLast == Last::kHalf) {
        right[v] = load_low(b + v * kWidth, last_lanes);
      } else {
        right[v] = load_partial(b + v * kWidth, last_lanes);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec left = broadcast(a[kByRow ? i * a_stride : i]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const bool half = v == kVectors - 1 && kLast == Last::kHalf;
        sum[i][v] = half ? fma_low(left, right[v], sum[i][v]) : fma(left, right[v], sum[i][v]);
      }
    }
    a += kByRow ? 1 : a_stride;
    b += b_stride;
  }
  finish_tile(y, column, sum, last_lanes, finish);
}

// The tile for a number of rows that is known at run time.
template <int kRows, int kVectors, bool kByRow, Last kLast>
Tile tile_for_rows(int64_t rows) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return tile_for_rows<kRows - 1, kVectors, kByRow, kLast>(rows);
  }
  return tile<kRows, kVectors, kByRow, kLast>;
}

template <bool kByRow, Last kLast>
Tile tile_for(int64_t rows, int64_t vectors) {
  if constexpr (kPanelVectors == 4) {
    if (vectors == 4) return tile_for_rows<kWideRows, 4, kByRow, kLast>(rows);
    if (vectors == 3) return tile_for_rows<kWideRows, 3, kByRow, kLast>(rows);
    if (vectors == 2) return tile_for_rows<kNarrowRows, 2, kByRow, kLast>(rows);
  } else {
    if (vectors == 2) return tile_for_rows<kWideRows, 2, kByRow, kLast>(rows);
  }
  return tile_for_rows<kNarrowRows, 1, kByRow, kLast>(rows);
}

template <bool kByRow>
Tile tile_for(int64_t rows, int64_t vectors, int64_t last_lanes, bool packed) {
  if constexpr (kHalves) {
    if (2 * last_lanes <= kWidth) return tile_for<kByRow, Last::kHalf>(rows, vectors);
  }
  if (packed || last_lanes == kWidth) return tile_for<kByRow, Last::kWhole>(rows, vectors);
  return tile_for<kByRow, Last::kRagged>(rows, vectors);
}

// Most rows a product of n columns can give to a tile.
constexpr int64_t rows_for(int64_t n) { return 2 * n <= kPanel ? kNarrowRows : kWideRows; }

// One block of k for up to kNarrowRows rows and all n columns. b is the first element of the block when it lies in
// place (b_row != 0); packed, it is the start of panels of `depth_all` rows, of which the block begins at first.
template <bool kByRow>
void multiply_rows(float* const* y, int64_t rows, const float* a, int64_t a_stride, const float* b, int64_t b_row,
                   int64_t n, int64_t depth_all, int64_t first, int64_t depth, const Finish& finish) {
  for (int64_t column = 0; column < n; column += kPanel) {
    const int64_t width = n - column < kPanel ? n - column : kPanel;
    const int64_t vectors = (width + kWidth - 1) / kWidth, last = width - (vectors - 1) * kWidth;
    const bool packed = b_row == 0;
    const float* const from = packed ? b + column * depth_all + first * vectors * kWidth : b + column;
    const int64_t b_stride = packed ? vectors * kWidth : b_row;
    const Tile multiply_tile = tile_for<kByRow>(rows, vectors, last, packed);
    multiply_tile(y, column, a, a_stride, from, b_stride, depth, last, finish);
  }
}

// Writes whole vectors: out has room for one more, and what follows there is written later. A few numbers go one by
// one: what reads them soon finds them in the store queue.
void copy_floats(float* out, const float* in, int64_t count) {
  if (count <= 12) {
    for (int64_t i = 0; i < count; ++i) out[i] = in[i];
    return;
  }
  for_each_vector(count, [=](int64_t i, int64_t lanes) { store(out + i, load_n(in + i, lanes)); });
}

// The same for at most kWideRows numbers, the next column of a tile: its copy covers what is written too much here.
void copy_column(float* out, const float* in, int64_t rows) {
  if constexpr (kWidth > kWideRows) {
    store(out, load_partial(in, rows));
  } else {
    for (int64_t i = 0; i < rows; ++i) out[i] = in[i];
  }
}

// Cuts `count` rows into the fewest tiles of at most `most` rows, as even as they can be.
struct RowTiles {
  int64_t tiles, size, longer;  // the first `longer` tiles have one row more than `size`
  int64_t rows(int64_t tile) const { return size + (tile < longer); }
};
RowTiles cut_rows(int64_t count, int64_t most) {
  const int64_t tiles = (count + most - 1) / most;
  return {tiles, tiles == 0 ? 0 : count / tiles, tiles == 0 ? 0 : count % tiles};
}

// gemm_pack of contiguous rows, a few of them at a time through all panels: rows lie pages apart, and the next are fetched.
void pack_rows(float* packed, const float* b, int64_t k, int64_t n, int64_t b_row, int64_t first_row, int64_t rows) {
  constexpr int64_t kBlock = 8, kLine = 16;
  for (int64_t first = 0; first < k; first += kBlock) {
    const int64_t last = k - first < kBlock ? k : first + kBlock;
    for (int64_t column = 0; column < n; column += kPanel) {
      const int64_t width = n - column < kPanel ? n - column : kPanel;
      const int64_t panel_row = (width + kWidth - 1) / kWidth * kWidth;
      float* const panel = packed + column * rows + first_row * panel_row;
      for (int64_t i = first; i < last; ++i) {
        const float* const source = b + i * b_row + column;
        for (int64_t j = 0; j < width; j += kLine) __builtin_prefetch(source + kBlock * b_row + j);
        for_each_vector(width,
                        [=](int64_t j, int64_t lanes) { store(panel + i * panel_row + j, load_n(source + j, lanes)); });
      }
    }
  }
}

// Panels of kPanel columns, rows contiguous; the last panel is as many vectors broad as it needs, filled up with zeros.
void gemm_pack(float* packed, const float* b, int64_t k, int64_t n, int64_t b_row, int64_t b_column, int64_t first_row,
               int64_t rows) {
  if (b_column == 1) return pack_rows(packed, b, k, n, b_row, first_row, rows);
  for (int64_t column = 0; column < n; column += kPanel) {
    const int64_t width = n - column < kPanel ? n - column : kPanel;
    const int64_t panel_row = (width + kWidth - 1) / kWidth * kWidth;
    float* panel = packed + column * rows + first_row * panel_row;
    const float* source = b + column * b_column;
    if (b_row == 1) transpose(panel, panel_row, source, b_column, k, width);
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = b_row == 1 ? width : 0; j < panel_row; ++j) {
        panel[i * panel_row + j] = j < width ? source[i * b_row + j * b_column] : 0.0f;
      }
    }
  }
}

// Copies rows of a as its tiles read them, each as kByRow wants it. Transposed, several tiles are copied side by side,
// for they share its cache lines.
template <bool kByRow>
void copy_tiles(float* copies, const float* a, int64_t stride, const RowTiles& cut, int64_t first_tile, int64_t tiles,
                int64_t depth) {
  if constexpr (kByRow) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t rows = cut.rows(first_tile + t);
      for (int64_t i = 0; i < rows; ++i, a += stride) copy_floats(copies + t * kGemmCopy + i * depth, a, depth);
    }
  } else {
    constexpr int64_t kAhead = 24;
    for (int64_t p = 0; p < depth; ++p, a += stride) {
      // neighbouring lines of a are too far apart for the hardware to foresee
      __builtin_prefetch(a + kAhead * stride);
      __builtin_prefetch(a + kAhead * stride + kCopiedTiles * kWideRows - 1);
      const float* from = a;
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t rows = cut.rows(first_tile + t);
        copy_column(copies + t * kGemmCopy + p * rows, from, rows);
        from += rows;
      }
    }
  }
}

// Fetches rows of a that tiles some rows further down will read: they lie too far apart for the hardware to foresee.
void fetch_rows(const float* a, int64_t stride, int64_t rows, int64_t count) {
  constexpr int64_t kLine = 16;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < count; j += kLine) fetch(a + i * stride + j);
  }
}

template <bool kByRow>
void multiply(float* y, const float* a, int64_t a_stride, const float* b, int64_t m, int64_t n, int64_t k,
              const GemmLayout& layout, const Epilogue<float>& epilogue) {
  alignas(64) float copies[kCopiedTiles * kGemmCopy];
  const RowTiles cut = cut_rows(m, rows_for(n));
  const bool copied = n > (kByRow ? 2 : 1) * kPanel, fetches = kByRow && m * k >= kLargeRows;
  const int64_t ahead = copied ? kCopiedTiles * kWideRows : kNarrowRows;
  for (int64_t first = 0; first == 0 || first < k; first += layout.depth) {
    const int64_t depth = k - first < layout.depth ? k - first : layout.depth;
    const bool last = first + depth == k;
    const Finish finish{last ? epilogue.bias : nullptr, epilogue.accumulate || first > 0, last && epilogue.relu};
    const float* b_block = layout.b_row == 0 ? b : b + first * layout.b_row;
    for (int64_t t = 0, row = 0; t < cut.tiles; ++t) {
      const int64_t rows = cut.rows(t);
      const float* a_block = a + row * layout.a_row + first * layout.a_column;
      int64_t stride = a_stride;
      if (copied) {
        const int64_t tiles = cut.tiles - t < kCopiedTiles ? cut.tiles - t : kCopiedTiles;
        if (t % kCopiedTiles == 0) copy_tiles<kByRow>(copies, a_block, a_stride, cut, t, tiles, depth);
        a_block = copies + t % kCopiedTiles * kGemmCopy;
        stride = kByRow ? depth : rows;
      }
      float* targets[kNarrowRows];
      for (int64_t i = 0; i < rows; ++i) targets[i] = y + (row + i) * layout.y_row;
      if (fetches) fetch_rows(a + (row + ahead) * a_stride + first, a_stride, rows, depth);
      multiply_rows<kByRow>(targets, rows, a_block, stride, b_block, layout.b_row, n, k, first, depth, finish);
      row += rows;
    }
  }
}

// A product that would leave many lanes of its only vector empty, of an a whose columns are contiguous: its transpose is
// computed, kTurnedRows columns at a time, which fills them with rows of y.
constexpr int64_t kTurnedRows = 256;
constexpr int64_t kTurnedColumns = 12;
bool is_turned(int64_t m, int64_t n, const GemmLayout& layout) {
  return layout.b_row != 0 && layout.a_row == 1 && n <= kTurnedColumns && 4 * n <= 3 * kWidth && m >= 4 * kWidth;
}
void multiply_turned(float* y, const float* a, const float* b, int64_t m, int64_t n, int64_t k,
                     const GemmLayout& layout, const Epilogue<float>& epilogue) {
  alignas(64) float turned[kTurnedColumns * kTurnedRows];
  const GemmLayout turned_layout{kTurnedRows, 1, layout.b_row, layout.a_column, 1, layout.depth};
  for (int64_t row = 0; row < m; row += kTurnedRows) {
    const int64_t rows = m - row < kTurnedRows ? m - row : kTurnedRows;
    float* const target = y + row * layout.y_row;
    if (epilogue.accumulate) transpose(turned, kTurnedRows, target, layout.y_row, n, rows);
    multiply<false>(turned, b, layout.b_row, a + row, n, rows, k, turned_layout, {nullptr, false, epilogue.accumulate});
    transpose(target, layout.y_row, turned, kTurnedRows, rows, n);
    if (epilogue.bias == nullptr && !epilogue.relu) continue;
    for (int64_t i = 0; i < rows; ++i) {
      Vec sum = load_n(target + i * layout.y_row, n);
      if (epilogue.bias != nullptr) sum += load_n(epilogue.bias, n);
      if (epilogue.relu) sum = select(sum <= zero(), zero(), sum);
      store_n(target + i * layout.y_row, sum, n);
    }
  }
}

void gemm(float* y, const float* a, const float* b, int64_t m, int64_t n, int64_t k, const GemmLayout& layout,
          const Epilogue<float>& epilogue) {
  if (is_turned(m, n, layout)) {
    multiply_turned(y, a, b, m, n, k, layout, epilogue);
  } else if (layout.a_column == 1) {
    multiply<true>(y, a, layout.a_row, b, m, n, k, layout, epilogue);
  } else {
    multiply<false>(y, a, layout.a_column, b, m, n, k, layout, epilogue);
  }
}

void gemm_join(float* y, int64_t y_row, const float* parts, int64_t count, int64_t m, int64_t n,
               const Epilogue<float>& epilogue) {
  for (int64_t i = 0; i < m; ++i) {
    float* const row = y + i * y_row;
    for_each_vector(n, [&](int64_t j, int64_t lanes) {
      const float* part = parts + i * n + j;
      Vec sum = load_n(part, lanes);
      if (epilogue.accumulate) sum += load_n(row + j, lanes);
      for (int64_t rest = count - 1; rest > 0; --rest) sum += load_n(part += m * n, lanes);
      if (epilogue.bias != nullptr) sum += load_n(epilogue.bias + j, lanes);
      if (epilogue.relu) sum = select(sum <= zero(), zero(), sum);
      store_n(row + j, sum, lanes);
    });
  }
}

void sum_parts(float* y, const float* parts, int64_t count, int64_t part_count, int64_t part_stride, bool accumulate) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    Vec sum = load_n(parts + i, lanes);
    for (int64_t part = 1; part < part_count; ++part) sum += load_n(parts + part * part_stride + i, lanes);
    store_n(y + i, accumulate ? load_n(y + i, lanes) + sum : sum, lanes);
  });
}
