// gemm_columns.inl: matrix products of a few hundred rows whose b is read once, from beyond the near caches, and packed
// in the shadow of the multiplications.
//
// All of a is copied first, as the tiles read it (gemm.inl's, 6 rows by a panel), so that pieces of any few columns
// share the copies. b goes through two blocks of 64 columns and kGemmDepth rows: while the tiles of one are multiplied,
// each of them copies a share of the next between its own steps, and asks for what the tile after it will copy. Packed
// on its own a line of b costs 10 cycles from the second-level cache and 20 and more from beyond, where the
// multiplications with 128 rows take 128. A b whose columns are contiguous is packed block by block, between the tiles.
//
// Valid range: copies of a block of k stay in the second-level cache up to some 400 rows; more are cut into chunks of
// rows, each of which packs b. Bits and error are gemm.inl's.
// Measured on Zen 4, AVX-512, ms by pieces whose b is packed before -> here, one thread: TN 128x1024x2048 6.0 -> 5.3,
// 256x1024x2048 11.6 -> 10.1, 512x1024x2048 21.5 -> 20.4, NN 128x512x784 1.01 -> 0.95, NT 128x784x512 1.05 -> 0.99;
// two: TN 128x1024x2048 3.1 -> 2.8, 256x1024x2048 5.9 -> 5.6, NN 512 cubed 1.40 -> 1.32.

// Panels that are packed together: a row of them is at least 256 bytes of b.
constexpr int kGroupPanels = kGemmColumns / kPanel;

// What a tile copies as it goes: rows of a group of b's columns, the first here, into panels of panel_size numbers.
// `ahead` numbers further on lies what is asked for.
struct Carry {
  float* to;
  const float* from;
  int64_t rows, from_row, panel_size, ahead;
};

template <int kRows, bool kByRow>
void carrying_tile(float* const* y, int64_t column, const float* a, int64_t a_stride, const float* panel, int64_t depth,
                   const Finish& finish, const Carry& carry) {
  Vec sum[kRows][kPanelVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) sum[i][v] = zero();
  }
  constexpr int64_t kLine = 16;
  float* to = carry.to;
  const float* from = carry.from;
  const int64_t steps = carry.rows > 1 ? depth / carry.rows : depth;
  int64_t left = carry.rows;
  for (int64_t p = 0; p < depth;) {
    const int64_t until = left > 1 ? p + steps : depth;
    for (; p < until; ++p) {
      Vec right[kPanelVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) right[v] = load(panel + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vec of_row = broadcast(a[kByRow ? i * a_stride : i]);
#pragma GCC unroll 4
        for (int v = 0; v < kPanelVectors; ++v) sum[i][v] = fma(of_row, right[v], sum[i][v]);
      }
      a += kByRow ? 1 : a_stride;
      panel += kPanel;
    }
    if (left == 0) continue;
    for (int64_t j = 0; j < kGemmColumns; j += kLine) fetch(from + carry.ahead + j);
    for (int g = 0; g < kGroupPanels; ++g) {
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) {
        store(to + g * carry.panel_size + v * kWidth, load(from + g * kPanel + v * kWidth));
      }
    }
    to += kPanel;
    from += carry.from_row;
    --left;
  }
  finish_tile(y, column, sum, kWidth, finish);
}

template <int kRows, bool kByRow>
auto carrying_tile_for(int64_t rows) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return carrying_tile_for<kRows - 1, kByRow>(rows);
  }
  return carrying_tile<kRows, kByRow>;
}

// A group of b's columns, a block of k of it.
struct GroupBlock {
  int64_t column, width, first, depth;
};

template <bool kByRow>
void multiply_columns(float* y, const float* copies, const float* b, int64_t m, int64_t n, int64_t k,
                      const GemmLayout& layout, const Epilogue<float>& epilogue) {
  alignas(64) float groups[2][kGemmColumns * kGemmDepth];
  const RowTiles cut = cut_rows(m, kWideRows);
  const int64_t blocks = (k + layout.depth - 1) / layout.depth;
  const int64_t count = blocks * ((n + kGemmColumns - 1) / kGemmColumns);
  const auto block_at = [=](int64_t index) {
    const int64_t column = index / blocks * kGemmColumns, first = index % blocks * layout.depth;
    return GroupBlock{column, n - column < kGemmColumns ? n - column : kGemmColumns, first,
                      k - first < layout.depth ? k - first : layout.depth};
  };
  const auto source_of = [=](const GroupBlock& block, int64_t row) {
    return b + (block.first + row) * layout.b_row + block.column * layout.b_column;
  };
  const auto pack = [=](float* group, const GroupBlock& block, int64_t row) {
    gemm_pack(group, source_of(block, row), block.depth - row, block.width, layout.b_row, layout.b_column, row,
              block.depth);
  };
  GroupBlock block = block_at(0);
  pack(groups[0], block, 0);
  for (int64_t index = 0; index < count; ++index) {
    const float* const group = groups[index % 2];
    float* const next_group = groups[(index + 1) % 2];
    const bool last = block.first + block.depth == k;
    const Finish finish{last && epilogue.bias != nullptr ? epilogue.bias + block.column : nullptr,
                        epilogue.accumulate || block.first > 0, last && epilogue.relu};
    const GroupBlock next = index + 1 < count ? block_at(index + 1) : GroupBlock{0, 0, 0, 0};
    const float* const block_copies = copies + index % blocks * cut.tiles * kGemmCopy;
    const bool carries = layout.b_column == 1 && block.width == kGemmColumns && next.width == kGemmColumns &&
                         cut.tiles * kGroupPanels > 1;
    // the first tile copies nothing: its share is asked for here
    const int64_t sharing = cut.tiles * kGroupPanels - 1, share = carries ? (next.depth + sharing - 1) / sharing : 0;
    for (int64_t i = 0; i < share; ++i) fetch_rows(source_of(next, i), layout.b_row, 1, kGemmColumns);
    int64_t carried = 0;
    for (int64_t g = 0; g < (carries ? kGroupPanels : 1); ++g) {
      const float* copy = block_copies;
      for (int64_t t = 0, row = 0; t < cut.tiles; ++t, copy += kGemmCopy) {
        const int64_t rows = cut.rows(t), stride = kByRow ? block.depth : rows;
        float* targets[kWideRows];
        for (int64_t i = 0; i < rows; ++i) targets[i] = y + (row + i) * layout.y_row + block.column;
        row += rows;
        if (!carries) {
          multiply_rows<kByRow>(targets, rows, copy, stride, group, 0, block.width, block.depth, 0, block.depth,
                                finish);
          continue;
        }
        const int64_t left = next.depth - carried, taken = g + t == 0 ? 0 : (left < share ? left : share);
        carrying_tile_for<kWideRows, kByRow>(rows)(targets, g * kPanel, copy, stride, group + g * kPanel * block.depth,
                                                   block.depth, finish,
                                                   {next_group + carried * kPanel, source_of(next, carried), taken,
                                                    layout.b_row, kPanel * next.depth, share * layout.b_row});
        carried += taken;
      }
    }
    if (carried < next.depth) pack(next_group, next, carried);
    block = next;
  }
}

void gemm_columns(float* y, const float* copies, const float*, const float* b, int64_t m, int64_t n, int64_t k,
                  const GemmLayout& layout, const Epilogue<float>& epilogue) {
  if (layout.a_column == 1) {
    multiply_columns<true>(y, copies, b, m, n, k, layout, epilogue);
  } else {
    multiply_columns<false>(y, copies, b, m, n, k, layout, epilogue);
  }
}

void gemm_copy(float* copies, const float* a, int64_t m, int64_t k, int64_t a_row, int64_t a_column) {
  const RowTiles cut = cut_rows(m, kWideRows);
  for (int64_t t = 0, row = 0; t < cut.tiles; t += kCopiedTiles) {
    const int64_t tiles = cut.tiles - t < kCopiedTiles ? cut.tiles - t : kCopiedTiles;
    float* const out = copies + t * kGemmCopy;
    if (a_column == 1) {
      copy_tiles<true>(out, a + row * a_row, a_row, cut, t, tiles, k);
    } else {
      copy_tiles<false>(out, a + row, a_column, cut, t, tiles, k);
    }
    for (int64_t i = 0; i < tiles; ++i) row += cut.rows(t + i);
  }
}
