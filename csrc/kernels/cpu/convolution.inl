// convolution.inl: convolution as a product whose left side, the patches, is gathered a few rows at a time and never stored
// whole: kRows pixels x kGemmDepth numbers (6-12 KB, L1) for y, kConvPixels x kGemmDepth (128 KB, L2) for dw, where it
// stands transposed. A patch is copied in runs: where taps are neighbours in memory a whole line of the kernel is one
// run, so few channels cost little. The sums run on gemm.inl's tile, and with its bits: an element of y depends neither
// on batch nor place; an element of dw sums blocks of kConvPixels pixels, counted from begin.
//
// Padding is gathered as zeros, so a padded tap adds 0 * weight: nothing, if the weight is finite. The op looks for
// others and leaves them to the reference. Any window, strides, dilation, groups and padding; error as gemm.inl's.
//
// Where a patch is one block of k and taps are neighbours in memory, as in a first layer, y is computed line by line from
// copies of the source's lines with their padding (L1), in which patches overlap: no patch is gathered, and the bits
// are the same. One thread of Zen 4, AVX-512, 3x3, GFLOP/s gathered -> by lines: 3 to 64 channels 67 -> 92, 3 to 32
// 48 -> 75, 3 to 16 35 -> 82, 1 to 32 26 -> 64, 16 to 16 68 -> 83; 7x7 of stride 2, 3 to 32, 72 -> 100. Where a pixel's
// sums go is reckoned once for a line: for every pixel it took a fifth of the time (perf).
// A 1x1 window that meets every pixel is gemm.inl's product of the pixels as they lie: 64 images 16x16, 128 channels, AVX2
// 93 GFLOP/s, 70 in place.
// Gathered, measured as gemm.inl was, 3x3, y and dw: 64 to 64 channels 102 and 103 GFLOP/s, 32 to 32 95 and 100; dw of
// 16 to 16 86, 3 to 64 82, 1 to 32 44.

// Numbers of a patch that lie side by side in the source.
struct Run {
  int64_t plane, line, start;  // plane, line and offset in the line, counted from those of the pixel
  int64_t offset, length;      // the three as a distance in memory
};
struct Runs {
  Run at[kGemmDepth];
  int64_t count;
  // what they span; the first plane is at[0].plane
  int64_t last_plane, first_line, last_line, first_start, last_end;
};

// The runs of patch elements [first, first + depth); depth is at most kGemmDepth.
void find_runs(Runs& runs, const ConvWindow& w, int64_t first, int64_t depth) {
  const bool lines = w.x.tap_step == 1 && w.channels == w.source_pixel;
  const int64_t line_size = w.x.source * w.source_pixel;
  runs.count = 0;
  runs.at[0] = {0, 0, 0, 0, 0};
  runs.last_plane = runs.first_line = runs.last_line = runs.first_start = runs.last_end = 0;
  for (int64_t k = first, end = first + depth; k < end;) {
    const int64_t channel = k % w.channels, tap = k / w.channels, tap_x = tap % w.x.taps, tap_line = tap / w.x.taps;
    int64_t length = lines ? (w.x.taps - tap_x) * w.channels - channel : w.channels - channel;
    if (length > end - k) length = end - k;
    const int64_t plane = tap_line / w.y.taps * w.z.tap_step, line = tap_line % w.y.taps * w.y.tap_step;
    const int64_t start = tap_x * w.x.tap_step * w.source_pixel + channel;
    if (k == first || start < runs.first_start) runs.first_start = start;
    if (k == first || line < runs.first_line) runs.first_line = line;
    if (line > runs.last_line) runs.last_line = line;
    if (start + length > runs.last_end) runs.last_end = start + length;
    runs.last_plane = plane;
    runs.at[runs.count++] = {plane, line, start, (plane * w.y.source + line) * line_size + start, length};
    k += length;
  }
}

// As copy_floats.
void zero_floats(float* out, int64_t count) {
  for_each_vector(count, [=](int64_t i, int64_t) { store(out + i, zero()); });
}

// Nothing behind the last number is written.
void zero_lanes(float* out, int64_t count) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) { store_n(out + i, zero(), lanes); });
}

// Walks the pixels of a lattice.
struct Pixel {
  int64_t image, k, i, j;
};
Pixel pixel_at(const ConvWindow& w, int64_t index) {
  const int64_t area = w.y.count * w.x.count, volume = w.z.count * area;
  if (volume == 0) return {0, 0, 0, 0};
  return {index / volume, index % volume / area, index % area / w.x.count, index % w.x.count};
}
void advance(Pixel& p, const ConvWindow& w) {
  if (++p.j < w.x.count) return;
  p.j = 0;
  if (++p.i < w.y.count) return;
  p.i = 0;
  if (++p.k < w.z.count) return;
  p.k = 0;
  ++p.image;
}

void gather(float* out, const float* x, const ConvWindow& w, const Pixel& p, const Runs& runs) {
  const int64_t line_size = w.x.source * w.source_pixel;
  const int64_t z0 = p.k * w.z.step + w.z.offset, y0 = p.i * w.y.step + w.y.offset;
  const int64_t x0 = (p.j * w.x.step + w.x.offset) * w.source_pixel;
  const int64_t origin = ((p.image * w.z.source + z0) * w.y.source + y0) * line_size + x0;
  const bool inside = z0 + runs.at[0].plane >= 0 && z0 + runs.last_plane < w.z.source && y0 + runs.first_line >= 0 &&
                      y0 + runs.last_line < w.y.source && x0 + runs.first_start >= 0 && x0 + runs.last_end <= line_size;
  if (inside) {
    for (const Run *run = runs.at, *end = run + runs.count; run < end; ++run) {
      copy_floats(out, x + (origin + run->offset), run->length);
      out += run->length;
    }
    return;
  }
  for (int64_t r = 0; r < runs.count; ++r) {
    const Run& run = runs.at[r];
    const int64_t plane = z0 + run.plane, line = y0 + run.line, start = x0 + run.start, length = run.length;
    if (plane < 0 || plane >= w.z.source || line < 0 || line >= w.y.source) {
      zero_floats(out, length);
    } else {
      // the part [begin, end) of the run is inside the line
      const int64_t begin = start >= 0 ? 0 : (-start < length ? -start : length);
      const int64_t room = line_size - start, end = room < begin ? begin : (room < length ? room : length);
      zero_floats(out, begin);
      copy_floats(out + begin, x + (origin + run.offset + begin), end - begin);
      zero_floats(out + end, length - end);
    }
    out += length;
  }
}

// Lines of the source that one line of the lattice meets, with their padding, as long as they are this few numbers and a
// patch is one block of k: then patches are read where they stand.
constexpr int64_t kLineRoom = 8192;
struct Lines {
  int64_t count, run, length;  // lines, numbers of a patch and of all patches in each
};
Lines lines_of(const ConvWindow& w) {
  const int64_t run = w.x.taps * w.channels;
  return {w.z.taps * w.y.taps, run, (w.x.count - 1) * w.x.step * w.channels + run};
}
bool fit_lines(const ConvWindow& w) {
  const Lines lines = lines_of(w);
  return w.x.tap_step == 1 && w.channels == w.source_pixel && lines.count * lines.run <= kGemmDepth &&
         lines.count * (lines.length + kWidth) <= kLineRoom;
}

// Copies one of them, `line` being the source's, with its padding.
void copy_line(float* out, const float* line, const ConvWindow& w, const Lines& lines) {
  const int64_t line_size = w.x.source * w.source_pixel, start = w.x.offset * w.channels;
  // numbers [begin, end) of a line are inside the image
  const int64_t begin = start >= 0 ? 0 : (-start < lines.length ? -start : lines.length);
  const int64_t room = line_size - start, end = room < begin ? begin : (room < lines.length ? room : lines.length);
  zero_floats(out, begin);
  copy_floats(out + begin, line + start + begin, end - begin);
  zero_floats(out + end, lines.length - end);
}

// Copies them for the line that begins at pixel p.
void copy_lines(float* out, const float* x, const ConvWindow& w, const Pixel& p, const Lines& lines) {
  const int64_t line_size = w.x.source * w.source_pixel;
  for (int64_t l = 0; l < lines.count; ++l, out += lines.length) {
    const int64_t plane = p.k * w.z.step + w.z.offset + l / w.y.taps * w.z.tap_step;
    const int64_t line = p.i * w.y.step + w.y.offset + l % w.y.taps * w.y.tap_step;
    if (plane < 0 || plane >= w.z.source || line < 0 || line >= w.y.source) {
      zero_floats(out, lines.length);
      continue;
    }
    copy_line(out, x + ((p.image * w.z.source + plane) * w.y.source + line) * line_size, w, lines);
  }
}

// A tile whose left side stands in lines: row i of it begins i * step numbers behind a in each of them.
typedef void (*LineTile)(float* const* y, int64_t column, const float* a, int64_t step, const Lines& lines,
                         const float* b, int64_t last_lanes, const Finish& finish);
template <int kRows, int kVectors>
void line_tile(float* const* y, int64_t column, const float* a, int64_t step, const Lines& lines, const float* b,
               int64_t last_lanes, const Finish& finish) {
  Vec sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = zero();
  }
  const int64_t run = lines.run, skip = lines.length - run;
  for (int64_t l = lines.count; l > 0; --l, a += skip) {
    for (int64_t p = 0; p < run; ++p, ++a, b += kVectors * kWidth) {
      Vec right[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kWidth);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vec left = broadcast(a[i * step]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(left, right[v], sum[i][v]);
      }
    }
  }
  finish_tile(y, column, sum, last_lanes, finish);
}
template <int kRows, int kVectors>
LineTile line_tile_for_rows(int64_t rows) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return line_tile_for_rows<kRows - 1, kVectors>(rows);
  }
  return line_tile<kRows, kVectors>;
}
LineTile line_tile_for(int64_t rows, int64_t vectors) {
  if constexpr (kPanelVectors == 4) {
    if (vectors == 4) return line_tile_for_rows<kWideRows, 4>(rows);
    if (vectors == 3) return line_tile_for_rows<kWideRows, 3>(rows);
    if (vectors == 2) return line_tile_for_rows<kNarrowRows, 2>(rows);
  } else {
    if (vectors == 2) return line_tile_for_rows<kWideRows, 2>(rows);
  }
  return line_tile_for_rows<kNarrowRows, 1>(rows);
}

// Where a pixel's sums go.
float* target_of(float* y, const ConvWindow& w, const Pixel& p) {
  const int64_t plane = p.image * w.z.target + p.k * w.z.target_step + w.z.target_offset;
  const int64_t line = plane * w.y.target + p.i * w.y.target_step + w.y.target_offset;
  return y + (line * w.x.target + p.j * w.x.target_step + w.x.target_offset) * w.target_pixel;
}

void convolve_lines(float* y, const float* x, const float* packed_weight, int64_t begin, int64_t end,
                    const ConvWindow& w, const Epilogue<float>& epilogue) {
  alignas(64) float copies[kLineRoom + kWidth];
  const Lines lines = lines_of(w);
  const int64_t k = lines.count * lines.run;
  const Finish finish{epilogue.bias, epilogue.accumulate, epilogue.relu};
  Pixel pixel = pixel_at(w, begin);
  for (int64_t done = begin; done < end;) {
    copy_lines(copies, x, w, pixel, lines);
    const int64_t left = w.x.count - pixel.j, count = left < end - done ? left : end - done;
    const RowTiles cut = cut_rows(count, rows_for(w.columns));
    const int64_t step = w.x.step * w.channels, target_step = w.x.target_step * w.target_pixel;
    const float* a = copies + pixel.j * step;
    float* target = target_of(y, w, pixel);
    for (int64_t t = 0; t < cut.tiles; ++t) {
      const int64_t rows = cut.rows(t);
      float* targets[kNarrowRows];
      for (int64_t i = 0; i < rows; ++i, target += target_step) targets[i] = target;
      for (int64_t column = 0; column < w.columns; column += kPanel) {
        const int64_t width = w.columns - column < kPanel ? w.columns - column : kPanel;
        const int64_t vectors = (width + kWidth - 1) / kWidth;
        line_tile_for(rows, vectors)(targets, column, a, step, lines, packed_weight + column * k,
                                     width - (vectors - 1) * kWidth, finish);
      }
      a += rows * step;
    }
    pixel.j += count - 1;
    advance(pixel, w);
    done += count;
  }
}

// Whether a window is one pixel and meets each of the source, so that patches are rows of a matrix where they stand.
bool is_pointwise(const ConvAxis& axis) {
  return axis.taps == 1 && axis.step == 1 && axis.offset == 0 && axis.count == axis.source && axis.target_step == 1 &&
         axis.target_offset == 0 && axis.target == axis.count;
}
bool is_pointwise(const ConvWindow& w) { return is_pointwise(w.z) && is_pointwise(w.y) && is_pointwise(w.x); }

void convolution(float* y, const float* x, const float* packed_weight, int64_t begin, int64_t end, const ConvWindow& w,
                 const Epilogue<float>& epilogue) {
  if (is_pointwise(w)) {
    return gemm(y + begin * w.target_pixel, x + begin * w.source_pixel, packed_weight, end - begin, w.columns,
                w.channels, {w.target_pixel, w.source_pixel, 1, 0, 1, w.depth}, epilogue);
  }
  if (fit_lines(w)) return convolve_lines(y, x, packed_weight, begin, end, w, epilogue);
  alignas(64) float patches[kNarrowRows * kGemmDepth + kWidth];
  Runs runs;
  const int64_t k = w.z.taps * w.y.taps * w.x.taps * w.channels;
  const RowTiles cut = cut_rows(end - begin, rows_for(w.columns));
  for (int64_t first = 0; first == 0 || first < k; first += w.depth) {
    const int64_t depth = k - first < w.depth ? k - first : w.depth;
    const bool last = first + depth == k;
    const Finish finish{last ? epilogue.bias : nullptr, epilogue.accumulate || first > 0, last && epilogue.relu};
    find_runs(runs, w, first, depth);
    Pixel pixel = pixel_at(w, begin);
    for (int64_t t = 0; t < cut.tiles; ++t) {
      const int64_t rows = cut.rows(t);
      float* targets[kNarrowRows];
      for (int64_t i = 0; i < rows; ++i) {
        targets[i] = target_of(y, w, pixel);
        gather(patches + i * depth, x, w, pixel, runs);
        advance(pixel, w);
      }
      multiply_rows<true>(targets, rows, patches, depth, packed_weight, 0, w.columns, k, first, depth, finish);
    }
  }
}

void convolution_backward_weight(float* dw, const float* x, const float* dy, float* patches, int64_t begin, int64_t end,
                                 int64_t first_row, int64_t rows, const ConvWindow& w, bool accumulate) {
  Runs runs;
  for (int64_t block = 0; block < rows; block += kGemmDepth) {
    const int64_t block_rows = rows - block < kGemmDepth ? rows - block : kGemmDepth;
    find_runs(runs, w, first_row + block, block_rows);
    const RowTiles cut = cut_rows(block_rows, rows_for(w.columns));
    Pixel pixel = pixel_at(w, begin);
    for (int64_t p = begin; p == begin || p < end; p += kConvPixels) {
      const int64_t pixels = end - p < kConvPixels ? end - p : kConvPixels;
      for (int64_t i = 0; i < pixels; ++i) {
        gather(patches + i * block_rows, x, w, pixel, runs);
        advance(pixel, w);
      }
      const Finish finish{nullptr, accumulate || p > begin, false};
      const float* dy_block = dy + p * w.target_pixel;
      for (int64_t t = 0, row = 0; t < cut.tiles; ++t) {
        const int64_t tile_rows = cut.rows(t);
        float* targets[kNarrowRows];
        for (int64_t i = 0; i < tile_rows; ++i) targets[i] = dw + (first_row + block + row + i) * w.target_pixel;
        multiply_rows<false>(targets, tile_rows, patches + row, block_rows, dy_block, w.target_pixel, w.columns, 0, 0,
                             pixels, finish);
        row += tile_rows;
      }
    }
  }
}
