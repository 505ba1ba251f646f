// tiles.inl: matrix products on a matrix unit that multiplies bfloat16 numbers and sums in float32 (tile_unit.inl).
//
// A float32 number is the sum of three bfloat16 numbers, each the nearest to what the ones before it leave: exactly, as
// long as the last one is a normal number. Of the nine products of parts six are summed (x6), which leaves out at most
// 2^-24 of |a||b| and usually 2^-27; or three of two parts (x3, 2^-16), or one of one. Smaller products come first.
// After Henry, Tang and Heinecke (2019), Leveraging the bfloat16 artificial intelligence datatype for higher-precision
// computations.
//
// Blocks of 32 rows by 32 columns, or 16 by 32 where there are no more rows, stay in the unit over a block of kGemmDepth
// of k. b comes packed, 2 KB a part for 32 columns and 32 of k; a is split here, 32 rows and a block of k at a time (48 KB
// on the stack), for all columns.
//
// Bits: an element is the sum over blocks of k, in order, of sums that run over k in steps of 32; what is missing to
// whole steps and blocks is zero. Nothing else enters, as in gemm.inl.
// Error: x6 as gemm.inl's or less. A sum that is not finite is computed again as gemm.inl does: parts of infinities give
// NaN, and sums in another order may overflow.
// Range: what is below 2^-126 counts as zero, parts and products too. So numbers below 2^-103 may lose less than 2^-125
// of themselves, and as much is lost of each product.
// No speed is measured yet.

typedef uint16_t VecShort __attribute__((vector_size(2 * FASTNN_WIDTH)));

constexpr int64_t kBlock = kTileBlock;               // rows, columns, and steps of k
constexpr int64_t kPartNumbers = kBlock * kBlock;    // of a block
constexpr int64_t kMostSteps = kGemmDepth / kBlock;  // of a block of k
static_assert(kGemmDepth % kBlock == 0);

// The nearest bfloat16 number in the upper half of each word, halves away from zero.
inline VecUint to_bfloat16(Vec x) { return (reinterpret_cast<VecUint>(x) + 0x8000u) & 0xffff0000u; }

// The first part is towards zero where it would be infinite otherwise, and so stays NaN where x is; the third is what is
// left, which no more than eight bits are.
template <int kParts>
inline __attribute__((always_inline)) void split(VecUint (&parts)[kParts], Vec x) {
  const VecUint bits = reinterpret_cast<VecUint>(x);
  const VecInt is_large = reinterpret_cast<VecInt>(bits & 0x7fffffffu) >= 0x7f7f8000;
  parts[0] = (is_large ? bits : bits + 0x8000u) & 0xffff0000u;
  if constexpr (kParts > 1) {
    x -= reinterpret_cast<Vec>(parts[0]);
    parts[1] = to_bfloat16(x);
  }
  if constexpr (kParts > 2) {
    x -= reinterpret_cast<Vec>(parts[1]);
    parts[2] = reinterpret_cast<VecUint>(x) & 0xffff0000u;
  }
}

// A block (rows, columns) of x, at most kBlock each, filled up with zeros: where it lies or a copy of it in room. One of
// x_row and x_column is 1. row becomes the distance of its rows.
const float* block_of(float* room, const float* x, int64_t x_row, int64_t x_column, int64_t rows, int64_t columns,
                      int64_t& row) {
  if (x_column == 1 && rows == kBlock && columns == kBlock) {
    row = x_row;
    return x;
  }
  row = kBlock;
  if (rows < kBlock || columns < kBlock) __builtin_memset(room, 0, kPartNumbers * sizeof(float));
  if (x_column == 1) {
    for (int64_t i = 0; i < rows; ++i)
      __builtin_memcpy(room + i * kBlock, x + i * x_row, static_cast<size_t>(columns) * 4);
    return room;
  }
  const int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (int64_t i = 0; i < whole_rows; i += 4) {
    for (int64_t j = 0; j < whole_columns; j += 4)
      transpose_4x4(room + i * kBlock + j, kBlock, x + j * x_column + i, x_column);
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j) room[i * kBlock + j] = x[i + j * x_column];
  }
  return room;
}

// The parts of the first `rows` rows of a block as tiles of rows.
template <int kParts>
void split_rows(uint16_t* out, const float* block, int64_t row, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < kBlock; j += kWidth) {
      VecUint parts[kParts];
      split(parts, load(block + i * row + j));
#pragma GCC unroll 3
      for (int p = 0; p < kParts; ++p) {
        const VecShort halves = __builtin_convertvector(parts[p] >> 16, VecShort);
        __builtin_memcpy(out + p * kPartNumbers + i * kBlock + j, &halves, sizeof(halves));
      }
    }
  }
}

// The parts of a block as tiles of columns.
template <int kParts>
void split_columns(uint16_t* out, const float* block, int64_t row) {
  for (int64_t i = 0; i < kBlock; i += 2) {
    for (int64_t j = 0; j < kBlock; j += kWidth) {
      VecUint even[kParts], odd[kParts];
      split(even, load(block + i * row + j));
      split(odd, load(block + (i + 1) * row + j));
      uint16_t* const to = out + j / 16 * kTileNumbers + i * 16 + j % 16 * 2;
#pragma GCC unroll 3
      for (int p = 0; p < kParts; ++p) {
        const VecUint pairs = even[p] >> 16 | odd[p];
        store(reinterpret_cast<float*>(to + p * kPartNumbers), reinterpret_cast<Vec>(pairs));
      }
    }
  }
}

// Adds the products of a step, the smaller ones first; loads what changed.
template <int kParts, int kTiles>
inline __attribute__((always_inline)) void multiply_step(TileUnit<kTiles>& unit, const uint16_t* rows,
                                                         const uint16_t* columns) {
  const auto load_rows = [&](int part) { unit.load_rows(rows + part * kPartNumbers); };
  const auto load_columns = [&](int part) { unit.load_columns(columns + part * kPartNumbers); };
  load_rows(kParts - 1);
  load_columns(0);
  unit.multiply();
  if constexpr (kParts == 3) {
    load_rows(1);
    unit.multiply();
    load_columns(1);
    unit.multiply();
    load_rows(0);
    unit.multiply();
    load_columns(2);
    unit.multiply();
    load_columns(0);
    unit.multiply();
  } else if constexpr (kParts == 2) {
    load_columns(1);
    load_rows(0);
    unit.multiply();
    load_columns(0);
    unit.multiply();
  }
}

// sums (32, 32) = products of the parts of `steps` steps of k, those of a step side by side; of 16 rows or less the first
// half alone.
template <int kParts, int kTiles>
void sum_tiles(float* sums, const uint16_t* rows, const uint16_t* columns, int64_t steps) {
  TileUnit<kTiles> unit;
  unit.clear();
  for (int64_t step = 0; step < steps; ++step) {
    multiply_step<kParts>(unit, rows + step * kParts * kPartNumbers, columns + step * kParts * kPartNumbers);
  }
  unit.store_sums(sums);
}
template <int kParts>
void sum_steps(float* sums, const uint16_t* rows, const uint16_t* columns, int64_t steps, int64_t row_count) {
  if (row_count <= kBlock / 2) return sum_tiles<kParts, 1>(sums, rows, columns, steps);
  sum_tiles<kParts, 2>(sums, rows, columns, steps);
}

// Lanes that are infinite or NaN.
inline VecInt not_finite(Vec v) {
  return reinterpret_cast<VecInt>(reinterpret_cast<VecUint>(v) & 0x7f800000u) == 0x7f800000;
}

bool all_finite(const float* sums, int64_t rows) {
  VecInt found{};
  for (int64_t i = 0; i < rows * kBlock; i += kWidth) found |= not_finite(load(sums + i));
  return bits_of(found) == 0;
}

// The sums of `rows` rows over `depth` of k that are not finite, again, one fma after the other. b_block(room, first, steps,
// row) is block_of of `steps` rows of b from `first` on.
template <typename Block>
void sum_again(float* sums, const float* a, int64_t a_row, int64_t a_column, int64_t rows, int64_t depth,
               Block&& b_block) {
  alignas(64) float again[kPartNumbers] = {}, room[kPartNumbers];
  for (int64_t first = 0; first < depth; first += kBlock) {
    const int64_t steps = depth - first < kBlock ? depth - first : kBlock;
    int64_t b_row;
    const float* const block = b_block(room, first, steps, b_row);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < kBlock; j += kWidth) {
        Vec sum = load(again + i * kBlock + j);
        for (int64_t p = 0; p < steps; ++p) {
          sum = fma(broadcast(a[i * a_row + (first + p) * a_column]), load(block + p * b_row + j), sum);
        }
        store(again + i * kBlock + j, sum);
      }
    }
  }
  for (int64_t i = 0; i < rows * kBlock; i += kWidth) {
    const Vec sum = load(sums + i);
    store(sums + i, select(not_finite(sum), load(again + i), sum));
  }
}

// y (rows, columns) = epilogue(sums)
void finish_block(float* y, int64_t y_row, const float* sums, int64_t rows, int64_t columns,
                  const Epilogue<float>& epilogue) {
  for (int64_t i = 0; i < rows; ++i) {
    for_each_vector(columns, [&](int64_t j, int64_t lanes) {
      float* const to = y + i * y_row + j;
      Vec sum = load(sums + i * kBlock + j);
      if (epilogue.accumulate) sum += load_n(to, lanes);
      if (epilogue.bias != nullptr) sum += load_n(epilogue.bias + j, lanes);
      if (epilogue.relu) sum = select(sum <= zero(), zero(), sum);
      store_n(to, sum, lanes);
    });
  }
}

inline int64_t blocks_of(int64_t count) { return (count + kBlock - 1) / kBlock; }
// Rows that tiles of 16 have for `rows`, at most a block of them.
inline int64_t tile_rows(int64_t rows) { return rows <= kBlock / 2 ? kBlock / 2 : kBlock; }

// Rows from `first` and columns from `column` on of b's numbers.
const float* block_of(float* room, const TileMatrix& b, int64_t first, int64_t rows, int64_t column, int64_t columns,
                      int64_t& row) {
  return block_of(room, b.numbers + first * b.row + column * b.column, b.row, b.column, rows, columns, row);
}

template <int kParts>
void multiply_parts(float* y, const float* a, const TileMatrix& b, int64_t m, int64_t n, const GemmLayout& layout,
                    const Epilogue<float>& epilogue) {
  constexpr int64_t kStepNumbers = kParts * kPartNumbers;
  const int64_t k = b.depth;
  alignas(64) uint16_t rows[kMostSteps * kStepNumbers];
  alignas(64) float sums[kPartNumbers], room[kPartNumbers];
  const int64_t panel = blocks_of(k) * kStepNumbers;
  for (int64_t first = 0; first == 0 || first < k; first += kGemmDepth) {
    const int64_t depth = k - first < kGemmDepth ? k - first : kGemmDepth, steps = blocks_of(depth);
    const bool last = first + depth == k;
    for (int64_t row = 0; row < m; row += kBlock) {
      const int64_t row_count = m - row < kBlock ? m - row : kBlock;
      const float* const a_rows = a + row * layout.a_row + first * layout.a_column;
      for (int64_t step = 0; step < steps; ++step) {
        const int64_t done = step * kBlock, left = depth - done < kBlock ? depth - done : kBlock;
        int64_t block_row;
        const float* const block =
            block_of(room, a_rows + done * layout.a_column, layout.a_row, layout.a_column, row_count, left, block_row);
        split_rows<kParts>(rows + step * kStepNumbers, block, block_row, tile_rows(row_count));
      }
      for (int64_t column = 0; column < n; column += kBlock) {
        const int64_t column_count = n - column < kBlock ? n - column : kBlock;
        const uint16_t* const columns = b.packed + column / kBlock * panel + first / kBlock * kStepNumbers;
        sum_steps<kParts>(sums, rows, columns, steps, row_count);
        if (!all_finite(sums, row_count)) {
          sum_again(sums, a_rows, layout.a_row, layout.a_column, row_count, depth,
                    [&](float* to, int64_t done, int64_t rows_of_b, int64_t& b_row) {
                      return block_of(to, b, first + done, rows_of_b, column, column_count, b_row);
                    });
        }
        const float* const bias = last && epilogue.bias != nullptr ? epilogue.bias + column : nullptr;
        finish_block(y + row * layout.y_row + column, layout.y_row, sums, row_count, column_count,
                     {bias, last && epilogue.relu, epilogue.accumulate || first > 0});
      }
    }
  }
}

template <int kParts>
void pack_parts(uint16_t* packed, const TileMatrix& b, int64_t n) {
  alignas(64) float room[kPartNumbers];
  for (int64_t column = 0; column < n; column += kBlock) {
    const int64_t columns = n - column < kBlock ? n - column : kBlock;
    for (int64_t first = 0; first < b.depth; first += kBlock, packed += kParts * kPartNumbers) {
      const int64_t rows = b.depth - first < kBlock ? b.depth - first : kBlock;
      int64_t row;
      const float* const block = block_of(room, b, first, rows, column, columns, row);
      split_columns<kParts>(packed, block, row);
    }
  }
}

// Of the kernels of three, two and one parts the one for `parts`.
template <typename Kernel>
Kernel* for_parts(int64_t parts, Kernel* three, Kernel* two, Kernel* one) {
  return parts == 3 ? three : parts == 2 ? two : one;
}

void tile_pack(uint16_t* packed, const TileMatrix& b, int64_t n, int64_t parts) {
  for_parts(parts, pack_parts<3>, pack_parts<2>, pack_parts<1>)(packed, b, n);
}

void tile_multiply(float* y, const float* a, const TileMatrix& b, int64_t m, int64_t n, const GemmLayout& layout,
                   const Epilogue<float>& epilogue, int64_t parts) {
  for_parts(parts, multiply_parts<3>, multiply_parts<2>, multiply_parts<1>)(y, a, b, m, n, layout, epilogue);
}
