// positions.inl: convolution read in place, without patches and without its padding, in two forms on gemm.inl's tile.
//
// y, position by position: the rows of a tile are one pixel of several images, which meet the same taps. Of each line of
// taps those inside the image are one run in memory, or one per tap, and their rows of the packed weight another; taps
// in the padding don't occur. Passes over at most kPassDepth of k, taps or parts of one tap's channels, keep the panel
// in L2. At most kWideRows rows, however few columns: images lie powers of two apart, and more rows would push each
// other out of the eight ways of L1.
//
// dw, line by line: for each tap a (channels x columns) sum over the pixels of a block of an image, x and dy read where
// they stand. With few channels the rows are those of a whole line of taps, over copies of lines with their padding.
//
// Bits: an element of y is the sum over passes, in order, of sums over the taps inside the image in order: neither batch
// nor tile enters. One of dw sums blocks of at most kBlockPixels pixels in float, counted from the first image.
// Error: as gemm.inl's. Finite numbers or not, a tap in the padding adds nothing to y.
// Measured as gemm.inl was, in ms gathered -> in place: 64 images 16x16, 5x5, 32 to 64 channels, y 16.4 -> 12.9, dw 18.8
// -> 14.2; 4x4, 3x3, 512 channels, y 59 -> 37; 32x32, 3x3 of stride 2, 32 to 64, y 7.2 -> 5.7, dx 8.1 -> 6.2; dw of 3 to
// 64 channels 5.4 -> 3.7, of 1 to 32 0.49 -> 0.28.

constexpr int64_t kPassDepth = 512;
constexpr int64_t kBlockPixels = 256;

// A run of a row, `a` behind the image's first number, which meets packed rows from b on.
struct Segment {
  int64_t a, b, length;
};

typedef void (*SegmentTile)(float* const* y, int64_t column, const float* a, int64_t a_row, const Segment* segments,
                            int64_t count, const float* b, int64_t last_lanes, const Finish& finish);
template <int kRows, int kVectors>
void segment_tile(float* const* y, int64_t column, const float* a, int64_t a_row, const Segment* segments,
                  int64_t count, const float* b, int64_t last_lanes, const Finish& finish) {
  Vec sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
  }
  for (const Segment *s = segments, *end = segments + count; s < end; ++s) {
    const float* left = a + s->a;
    const float* rows = b + s->b * kVectors * kWidth;
    for (int64_t p = s->length; p > 0; --p, ++left, rows += kVectors * kWidth) {
      Vec right[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) right[v] = load(rows + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vec value = broadcast(left[i * a_row]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(value, right[v], sum[i][v]);
      }
    }
  }
  finish_tile(y, column, sum, last_lanes, finish);
}
template <int kRows, int kVectors>
SegmentTile segment_tile_for_rows(int64_t rows) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return segment_tile_for_rows<kRows - 1, kVectors>(rows);
  }
  return segment_tile<kRows, kVectors>;
}
SegmentTile segment_tile_for(int64_t rows, int64_t vectors) {
  if constexpr (kPanelVectors == 4) {
    if (vectors == 4) return segment_tile_for_rows<kWideRows, 4>(rows);
    if (vectors == 3) return segment_tile_for_rows<kWideRows, 3>(rows);
  }
  if (vectors == 2) return segment_tile_for_rows<kWideRows, 2>(rows);
  return segment_tile_for_rows<kWideRows, 1>(rows);
}

// The taps of an axis that meet the source from `start` on.
struct TapSpan {
  int64_t begin, end;
};
TapSpan taps_inside(int64_t start, const ConvAxis& axis) {
  const int64_t step = axis.tap_step, before = start < 0 ? (-start + step - 1) / step : 0;
  const int64_t within_source = axis.source > start ? (axis.source - start + step - 1) / step : 0;
  const int64_t end = within_source < axis.taps ? within_source : axis.taps;
  return {before < end ? before : end, end};
}

// What a pass covers of k: taps [first_tap, last_tap), channels [first, last) of them.
struct Pass {
  int64_t first_tap, last_tap, first, last;
};
int64_t find_segments(Segment* segments, const ConvWindow& w, const Pixel& p, const Pass& pass) {
  const int64_t z0 = p.k * w.z.step + w.z.offset, y0 = p.i * w.y.step + w.y.offset, x0 = p.j * w.x.step + w.x.offset;
  const TapSpan inside = taps_inside(x0, w.x);
  const int64_t depth = pass.last - pass.first;
  const bool whole = w.x.tap_step == 1 && depth == w.source_pixel;
  int64_t count = 0;
  for (int64_t line = pass.first_tap / w.x.taps; line * w.x.taps < pass.last_tap; ++line) {
    const int64_t z = z0 + line / w.y.taps * w.z.tap_step, y = y0 + line % w.y.taps * w.y.tap_step;
    if (z < 0 || z >= w.z.source || y < 0 || y >= w.y.source) continue;
    const int64_t first = line * w.x.taps;
    const int64_t begin = pass.first_tap - first > inside.begin ? pass.first_tap - first : inside.begin;
    const int64_t end = pass.last_tap - first < inside.end ? pass.last_tap - first : inside.end;
    const int64_t start = (z * w.y.source + y) * w.x.source + x0;
    for (int64_t tap = begin; tap < end; tap += whole ? end - begin : 1) {
      segments[count++] = {(start + tap * w.x.tap_step) * w.source_pixel + pass.first,
                           (first + tap) * w.channels + pass.first, whole ? (end - begin) * depth : depth};
    }
  }
  return count;
}

void convolution_positions(float* y, const float* x, const float* packed_weight, int64_t begin, int64_t end,
                           int64_t first_position, int64_t positions, const ConvWindow& w,
                           const Epilogue<float>& epilogue) {
  Segment segments[kPassDepth];
  const int64_t taps = w.z.taps * w.y.taps * w.x.taps, k = taps * w.channels;
  const int64_t image = w.z.source * w.y.source * w.x.source * w.source_pixel;
  const int64_t parts = w.channels > kPassDepth ? (w.channels + kPassDepth - 1) / kPassDepth : 1;
  const int64_t most = w.channels > 0 && w.channels < kPassDepth ? kPassDepth / w.channels : 1;
  const RowTiles tap_cut = cut_rows(taps, most), channel_cut = cut_rows(w.channels, (w.channels + parts - 1) / parts);
  const RowTiles cut = cut_rows(end - begin, kWideRows);
  const int64_t passes = tap_cut.tiles * parts;
  for (int64_t column = 0; column < w.columns; column += kPanel) {
    const int64_t width = w.columns - column < kPanel ? w.columns - column : kPanel;
    const int64_t vectors = (width + kWidth - 1) / kWidth, last_lanes = width - (vectors - 1) * kWidth;
    Pass pass{0, 0, 0, 0};
    for (int64_t index = 0; index < passes || index == 0; ++index) {
      const int64_t part = index % parts;
      if (part == 0) {
        pass = {pass.last_tap, pass.last_tap + (taps == 0 ? 0 : tap_cut.rows(index / parts)), 0, 0};
      }
      pass.first = pass.last;
      pass.last += w.channels == 0 ? 0 : channel_cut.rows(part);
      const bool last = index + 1 >= passes;
      const Finish finish{last ? epilogue.bias : nullptr, epilogue.accumulate || index > 0, last && epilogue.relu};
      Pixel pixel = pixel_at(w, first_position);
      for (int64_t p = 0; p < positions; ++p, advance(pixel, w)) {
        const int64_t count = taps == 0 ? 0 : find_segments(segments, w, pixel, pass);
        pixel.image = begin;
        for (int64_t t = 0; t < cut.tiles; ++t) {
          const int64_t rows = cut.rows(t);
          const float* const a = x + pixel.image * image;
          float* targets[kWideRows];
          for (int64_t i = 0; i < rows; ++i, ++pixel.image) targets[i] = target_of(y, w, pixel);
          segment_tile_for(rows, vectors)(targets, column, a, image, segments, count, packed_weight + column * k,
                                          last_lanes, finish);
        }
      }
    }
  }
}

// A block of pixels as dw sums over it: `lines` lines of `run` pixels, of x and of dy.
struct PixelBlock {
  int64_t lines, run, x_pixel, x_line, dy_pixel, dy_line;
};
typedef void (*BlockTile)(float* const* dw, int64_t column, const float* x, const float* dy, const PixelBlock& block,
                          int64_t last_lanes);
// kRagged: the last vector of dy ends where the lanes do.
template <int kRows, int kVectors, bool kRagged>
void block_tile(float* const* dw, int64_t column, const float* x, const float* dy, const PixelBlock& given,
                int64_t last_lanes) {
  const PixelBlock block = given;
  Vec sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
  }
  for (int64_t line = block.lines; line > 0; --line, x += block.x_line, dy += block.dy_line) {
    const float *left = x, *from = dy;
    for (int64_t p = block.run; p > 0; --p, left += block.x_pixel, from += block.dy_pixel) {
      Vec right[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        right[v] = kRagged && v == kVectors - 1 ? load_partial(from + v * kWidth, last_lanes) : load(from + v * kWidth);
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vec value = broadcast(left[i]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(value, right[v], sum[i][v]);
      }
    }
  }
  finish_tile(dw, column, sum, last_lanes, {nullptr, true, false});
}
template <int kRows, int kVectors, bool kRagged>
BlockTile block_tile_for_rows(int64_t rows) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return block_tile_for_rows<kRows - 1, kVectors, kRagged>(rows);
  }
  return block_tile<kRows, kVectors, kRagged>;
}
BlockTile block_tile_for(int64_t rows, int64_t vectors) {
  if constexpr (kPanelVectors == 4) {
    if (vectors == 4) return block_tile_for_rows<kWideRows, 4, false>(rows);
    if (vectors == 3) return block_tile_for_rows<kWideRows, 3, false>(rows);
    if (vectors == 2) return block_tile_for_rows<kNarrowRows, 2, false>(rows);
  } else {
    if (vectors == 2) return block_tile_for_rows<kWideRows, 2, false>(rows);
  }
  return block_tile_for_rows<kNarrowRows, 1, false>(rows);
}

// dw rows [first, first + rows) += numbers [0, rows) of the block's pixels of x times dy.
void add_block(float* dw, int64_t first, int64_t rows, const float* x, const float* dy, const PixelBlock& block,
               const ConvWindow& w) {
  const RowTiles cut = cut_rows(rows, rows_for(w.columns));
  for (int64_t t = 0, row = 0; t < cut.tiles; ++t) {
    const int64_t tile_rows = cut.rows(t);
    float* targets[kNarrowRows];
    for (int64_t i = 0; i < tile_rows; ++i) targets[i] = dw + (first + row + i) * w.target_pixel;
    for (int64_t column = 0; column < w.columns; column += kPanel) {
      const int64_t width = w.columns - column < kPanel ? w.columns - column : kPanel, whole = width / kWidth;
      const int64_t rest = column + whole * kWidth;
      if (whole > 0) block_tile_for(tile_rows, whole)(targets, column, x + row, dy + column, block, kWidth);
      if (whole * kWidth < width) {
        block_tile_for_rows<kNarrowRows, 1, true>(tile_rows)(targets, rest, x + row, dy + rest, block,
                                                             width - whole * kWidth);
      }
    }
    row += tile_rows;
  }
}

// Lines [begin, end) of those of the lattice whose source line start + i * step lies in the source.
struct LineSpan {
  int64_t begin, end;
};
LineSpan lines_inside(int64_t start, const ConvAxis& axis, int64_t begin, int64_t end) {
  const int64_t first = start < 0 ? (-start + axis.step - 1) / axis.step : 0;
  const int64_t count = axis.source > start ? (axis.source - start + axis.step - 1) / axis.step : 0;
  const int64_t from = first > begin ? first : begin, to = count < end ? count : end;
  return {from, to < from ? from : to};
}

// Whether rows of dw are whole lines of taps.
bool sums_lines_of_taps(const ConvWindow& w) {
  return w.channels < kNarrowRows && w.x.tap_step == 1 && w.channels == w.source_pixel && w.x.taps > 1 &&
         lines_of(w).length + kWidth <= kLineRoom;
}

void convolution_backward_weight_lines(float* dw, const float* x, const float* dy, int64_t begin, int64_t end,
                                       int64_t first_row, int64_t rows, const ConvWindow& w, bool accumulate) {
  alignas(64) float copies[kLineRoom + kWidth];
  if (!accumulate) {
    for (int64_t row = first_row; row < first_row + rows; ++row) zero_lanes(dw + row * w.target_pixel, w.columns);
  }
  const bool by_lines = sums_lines_of_taps(w);
  const Lines copied = lines_of(w);
  const int64_t group = by_lines ? w.x.taps * w.channels : w.channels;  // rows that are summed at a time
  const int64_t line_size = w.x.source * w.source_pixel, dy_line = w.x.count * w.target_pixel;
  int64_t most = kBlockPixels / (w.x.count > 0 ? w.x.count : 1);
  if (by_lines && most > kLineRoom / copied.length) most = kLineRoom / copied.length;
  const RowTiles cut = cut_rows(w.y.count, most > 1 ? most : 1);
  for (int64_t plane = begin; plane < end; ++plane) {
    const int64_t image = plane / w.z.count, k = plane % w.z.count;
    for (int64_t t = 0, top = 0; t < cut.tiles; top += cut.rows(t++)) {
      for (int64_t row = first_row; row < first_row + rows; row += group) {
        const int64_t tap = row / w.channels, tap_x = tap % w.x.taps, tap_line = tap / w.x.taps;
        const int64_t z = k * w.z.step + w.z.offset + tap_line / w.y.taps * w.z.tap_step;
        if (z < 0 || z >= w.z.source) continue;
        const int64_t y_start = w.y.offset + tap_line % w.y.taps * w.y.tap_step;
        const LineSpan lines = lines_inside(y_start, w.y, top, top + cut.rows(t));
        if (lines.begin >= lines.end) continue;
        const float* const from =
            x + ((image * w.z.source + z) * w.y.source + lines.begin * w.y.step + y_start) * line_size;
        const float* const gradient = dy + (plane * w.y.count + lines.begin) * dy_line;
        PixelBlock block{lines.end - lines.begin, w.x.count,      w.x.step * w.source_pixel,
                         w.y.step * line_size,    w.target_pixel, dy_line};
        if (by_lines) {
          for (int64_t i = 0; i < block.lines; ++i) {
            copy_line(copies + i * copied.length, from + i * block.x_line, w, copied);
          }
          block.x_line = copied.length;
          add_block(dw, row, group, copies, gradient, block, w);
          continue;
        }
        const int64_t x_start = w.x.offset + tap_x * w.x.tap_step;
        const LineSpan pixels = lines_inside(x_start, w.x, 0, w.x.count);
        block.run = pixels.end - pixels.begin;
        add_block(dw, row, group, from + (x_start + pixels.begin * w.x.step) * w.source_pixel,
                  gradient + pixels.begin * w.target_pixel, block, w);
      }
    }
  }
}
