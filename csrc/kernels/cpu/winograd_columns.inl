// winograd_columns.inl: Winograd's convolutions (winograd.inl) of few tiles and many channels, whose transformed weight
// is larger than what it is made of and larger than the caches: 512 channels have 9 MB of weight, 17 MB for F(2x2) and 38
// for F(4x4).
//
// All tiles are transformed first. Then a piece of y, some columns of it, transforms its columns of the weight block by
// block of channels, where each block, 0.5 MB, is multiplied with all tiles before it leaves the second-level cache. dw
// goes by pieces of rows and columns, whose gradient of the transformed weight never leaves that cache either.
//
// Transforms lie in blocks of channels, so that what a tile of gemm.inl reads of them is one run of memory: for y as
// many as a block of k has, for dw a line of 16, in tiles of 6 and 5 rows.
// Bits of y and error are winograd.inl's; one of dw sums blocks of kGemmDepth tiles.

// What is transformed of the weight at a time, for all channels of a block: columns, and rows of points. F(4x4) takes half
// a panel and three rows, for a row of a whole panel would read the weight six times.
template <typename Tile>
constexpr int64_t kTransformedColumns = Tile::kHigh * Tile::kBroad > 16 ? kGemmColumns / 2 : kGemmColumns;
template <typename Tile>
constexpr int kTransformedRows = Tile::kHigh % 2 == 0 ? Tile::kHigh / 2 : Tile::kHigh;

template <typename Tile, bool kTarget>
void fold_blocks(float* v, const float* x, int64_t begin, int64_t end, const ConvWindow& w, const Winograd& s,
                 const WinogradBlocks& to) {
  const Plane source{w.y.source, w.x.source, w.source_pixel}, target{w.y.count, w.x.count, w.target_pixel};
  const Plane& plane = kTarget ? target : source;
  const int64_t channels = kTarget ? w.columns : w.channels;
  const int64_t down = kTarget ? 0 : w.y.offset + Tile::kInset, across = kTarget ? 0 : w.x.offset + Tile::kInset;
  for_each_strip(begin, end, s, [&](const WinogradStrip& strip, int64_t t) {
    const float* const image = x + strip.image * plane.height * plane.width * plane.pixel;
    for (int64_t c = 0; c < channels; c += to.width) {
      const int64_t count = channels - c < to.width ? channels - c : to.width;
      fold_channels<Tile, kTarget>(v + c / to.width * to.block + t * to.width, to.width, to.point, image + c,
                                   strip.row + down, strip.column + across, strip.tiles, plane, count);
    }
  });
}

void winograd_fold(float* v, const float* x, int64_t begin, int64_t end, bool target, const ConvWindow& w,
                   const Winograd& s, const WinogradBlocks& to) {
  const auto fold = target ? for_outputs(s, fold_blocks<Square, true>, fold_blocks<Oblong, true>,
                                         fold_blocks<Large, true>, fold_blocks<Pair, true>)
                           : for_outputs(s, fold_blocks<Square, false>, fold_blocks<Oblong, false>,
                                         fold_blocks<Large, false>, fold_blocks<Pair, false>);
  fold(v, x, begin, end, w, s, to);
}

// Products m of the tile's rows of points from kFirst on, for at most kTransformedColumns columns of all tiles.
template <typename Tile, int kFirst = 0>
void multiply_points(float* m, const float* v, const float* weight, float* u, int64_t columns, int64_t tiles,
                     int64_t target_point, const ConvWindow& w, const WinogradWeight& from,
                     const WinogradBlocks& blocks) {
  constexpr int kRows = kTransformedRows<Tile>;
  const int64_t weight_point = blocks.width * kTransformedColumns<Tile> + kWinogradGap;
  const RowTiles cut = cut_rows(tiles, rows_for(columns));
  const float* of_block = v;
  for (int64_t first = 0; first < w.channels; first += blocks.width, of_block += blocks.block) {
    const int64_t depth = w.channels - first < blocks.width ? w.channels - first : blocks.width;
    fold_weights<Tile, kFirst, kRows>(u, weight + first * from.row, 0, depth, depth, columns, from, weight_point);
    for (int64_t point = 0; point < kRows * Tile::kBroad; ++point) {
      const float* a = of_block + (kFirst * Tile::kBroad + point) * blocks.point;
      float* to = m + (kFirst * Tile::kBroad + point) * target_point;
      for (int64_t t = 0; t < cut.tiles; ++t) {
        const int64_t rows = cut.rows(t);
        float* targets[kNarrowRows];
        for (int64_t i = 0; i < rows; ++i, to += kGemmColumns) targets[i] = to;
        fetch_rows(a + rows * blocks.width, blocks.width, rows, depth);
        multiply_rows<true>(targets, rows, a, blocks.width, u + point * weight_point, 0, columns, depth, 0, depth,
                            {nullptr, first > 0, false});
        a += rows * blocks.width;
      }
    }
  }
  if constexpr (kFirst + kRows < Tile::kHigh) {
    multiply_points<Tile, kFirst + kRows>(m, v, weight, u, columns, tiles, target_point, w, from, blocks);
  }
}

template <typename Tile>
void convolve_columns(float* y, uint8_t* finite, const float* v, const float* weight, float* room, int64_t columns,
                      int64_t tiles, const ConvWindow& w, const Winograd& s, const WinogradWeight& from,
                      const WinogradBlocks& blocks, const Epilogue<float>& epilogue) {
  float* const m = room;
  const int64_t target_point = tiles * kGemmColumns + kWinogradGap;
  float* const u = room + Tile::kHigh * Tile::kBroad * target_point;
  for (int64_t c = 0; c < columns; c += kTransformedColumns<Tile>) {
    const int64_t left = columns - c, count = left < kTransformedColumns<Tile> ? left : kTransformedColumns<Tile>;
    multiply_points<Tile>(m + c, v, weight + c * from.column, u, count, tiles, target_point, w, from, blocks);
  }
  const Plane plane{w.y.count, w.x.count, w.target_pixel};
  for (int64_t t = 0; t < tiles; ++t) finite[t] = 1;
  for_each_strip(0, tiles, s, [&](const WinogradStrip& strip, int64_t t) {
    float* const image = y + strip.image * plane.height * plane.width * plane.pixel;
    const float* const products = m + t * kGemmColumns;
    if (epilogue.accumulate) {
      unfold_channels<Tile, true>(image, finite + t, products, kGemmColumns, target_point, strip, plane, columns,
                                  epilogue);
    }
    unfold_channels<Tile, false>(image, finite + t, products, kGemmColumns, target_point, strip, plane, columns,
                                 epilogue);
  });
}

void winograd_columns(float* y, uint8_t* finite, const float* v, const float* weight, float* room, int64_t columns,
                      int64_t tiles, const ConvWindow& w, const Winograd& s, const WinogradWeight& from,
                      const WinogradBlocks& blocks, const Epilogue<float>& epilogue) {
  for_outputs(s, convolve_columns<Square>, convolve_columns<Oblong>, convolve_columns<Large>, convolve_columns<Pair>)(
      y, finite, v, weight, room, columns, tiles, w, s, from, blocks, epilogue);
}

template <typename Tile>
void multiply_weight_piece(float* dw, const float* v, const float* m, float* room, int64_t rows, int64_t columns,
                           int64_t tiles, const ConvWindow& w, const Winograd& s, const WinogradBlocks& source,
                           const WinogradBlocks& target) {
  const int64_t weight_point = rows * kGemmColumns + kWinogradGap;
  for (int64_t point = 0; point < Tile::kHigh * Tile::kBroad; ++point) {
    float* to = room + point * weight_point;
    for (int64_t c = 0; c < rows; c += source.width) {
      const float* a = v + c / source.width * source.block + point * source.point;
      const RowTiles cut = cut_rows(rows - c < source.width ? rows - c : source.width, rows_for(columns));
      for (int64_t t = 0; t < cut.tiles; ++t) {
        const int64_t count = cut.rows(t);
        float* targets[kNarrowRows];
        for (int64_t i = 0; i < count; ++i, to += kGemmColumns) targets[i] = to;
        for (int64_t first = 0; first < tiles; first += kGemmDepth) {
          const int64_t depth = tiles - first < kGemmDepth ? tiles - first : kGemmDepth;
          multiply_rows<false>(targets, count, a + first * source.width, source.width,
                               m + point * target.point + first * target.width, target.width, columns, 0, 0, depth,
                               {nullptr, first > 0, false});
        }
        a += count;
      }
    }
  }
  ConvWindow piece = w;
  piece.columns = columns;
  Winograd shape = s;
  shape.target_row = kGemmColumns;
  shape.weight_point = weight_point;
  unfold_weights<Tile>(dw, room, 1, 0, 0, rows, piece, shape);
}

void winograd_weight_piece(float* dw, const float* v, const float* m, float* room, int64_t rows, int64_t columns,
                           int64_t tiles, const ConvWindow& w, const Winograd& s, const WinogradBlocks& source,
                           const WinogradBlocks& target) {
  for_outputs(s, multiply_weight_piece<Square>, multiply_weight_piece<Oblong>, multiply_weight_piece<Large>,
              multiply_weight_piece<Pair>)(dw, v, m, room, rows, columns, tiles, w, s, source, target);
}
