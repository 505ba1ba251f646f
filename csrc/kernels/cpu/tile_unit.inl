// tile_unit.inl: the matrix unit as tiles.inl uses it, AMX or its emulation. Two tiles of rows, or one where 16 rows are
// all, and two of columns are loaded and multiplied into four (two) tiles of 16x16 sums. A tile of rows is 16 rows of 32
// bfloat16 numbers, one of columns 16 rows of 16 pairs: pair j of row i is rows 2i and 2i + 1 of column j. Both are 1 KB
// without gaps, and so are pairs of them, 2 KB.
//
// A product is Intel's TDPBF16PS: for each sum, the numbers of even and of odd place are multiplied and added, in order
// and with one rounding each, from zero on; both are added, and the result to the sum. Operands and results below the
// smallest normal number count as zero.

constexpr int64_t kTileNumbers = 16 * 32;  // bfloat16 numbers of a tile

#if defined(FASTNN_TILES_EMULATED)

// Below the smallest normal number there is zero.
inline Vec flush(Vec v) {
  const VecUint magnitude = reinterpret_cast<VecUint>(v) & 0x7fffffffu,
                sign = reinterpret_cast<VecUint>(v) & 0x80000000u;
  return select(reinterpret_cast<VecInt>(magnitude) < 0x00800000, reinterpret_cast<Vec>(sign), v);
}
inline Vec flushed_fma(Vec a, Vec b, Vec c) { return flush(fma(flush(a), flush(b), c)); }

void tile_begin() {}
void tile_end() {}

template <int kTiles>  // of rows
struct TileUnit {
  uint16_t rows[kTiles][kTileNumbers], columns[2][kTileNumbers];
  float sums[kTiles][2][16 * 16];

  void clear() { __builtin_memset(sums, 0, sizeof(sums)); }
  void load_rows(const uint16_t* from) { __builtin_memcpy(rows, from, sizeof(rows)); }
  void load_columns(const uint16_t* from) { __builtin_memcpy(columns, from, sizeof(columns)); }
  void multiply() {
    for (int i = 0; i < kTiles; ++i) {
      for (int j = 0; j < 2; ++j) multiply_tile(sums[i][j], rows[i], columns[j]);
    }
  }
  static void multiply_tile(float* sums, const uint16_t* rows, const uint16_t* columns) {
    for (int64_t i = 0; i < 16; ++i) {
      for (int64_t j = 0; j < 16; j += kWidth) {
        Vec even = zero(), odd = zero();
        for (int64_t pair = 0; pair < 16; ++pair) {
          const uint16_t* const left = rows + i * 32 + 2 * pair;
          const VecUint left_even = VecUint{} + (uint32_t{left[0]} << 16);
          const VecUint left_odd = VecUint{} + (uint32_t{left[1]} << 16);
          const VecUint right =
              reinterpret_cast<VecUint>(load(reinterpret_cast<const float*>(columns + pair * 32 + 2 * j)));
          even = flushed_fma(reinterpret_cast<Vec>(left_even), reinterpret_cast<Vec>(right << 16), even);
          odd = flushed_fma(reinterpret_cast<Vec>(left_odd), reinterpret_cast<Vec>(right & 0xffff0000u), odd);
        }
        float* const sum = sums + i * 16 + j;
        store(sum, flush(load(sum) + flush(even + odd)));
      }
    }
  }
  // (16 kTiles, 32)
  void store_sums(float* to) const {
    for (int64_t i = 0; i < 16 * kTiles; ++i) {
      for (int64_t j = 0; j < 2; ++j) __builtin_memcpy(to + i * 32 + j * 16, sums[i / 16][j] + i % 16 * 16, 64);
    }
  }
};

#else

// Tiles 0 to 3 hold the sums, 4 and 5 rows, 6 and 7 columns: all of 16 rows of 64 bytes.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileShapes kTileShapes{};

void tile_begin() { _tile_loadconfig(&kTileShapes); }
void tile_end() { _tile_release(); }

// The intrinsics of GCC don't say that they read memory: what is stored before must be told to be there.
template <int kTiles>  // of rows
struct TileUnit {
  void clear() {
    asm volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (kTiles == 2) {
      _tile_zero(2);
      _tile_zero(3);
    }
  }
  void load_rows(const uint16_t* from) {
    _tile_loadd(4, from, 64);
    if constexpr (kTiles == 2) _tile_loadd(5, from + kTileNumbers, 64);
  }
  void load_columns(const uint16_t* from) {
    _tile_loadd(6, from, 64);
    _tile_loadd(7, from + kTileNumbers, 64);
  }
  void multiply() {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTiles == 2) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  // (16 kTiles, 32)
  void store_sums(float* to) const {
    constexpr int64_t kRow = 32 * sizeof(float);
    _tile_stored(0, to, kRow);
    _tile_stored(1, to + 16, kRow);
    if constexpr (kTiles == 2) {
      _tile_stored(2, to + 16 * 32, kRow);
      _tile_stored(3, to + 16 * 32 + 16, kRow);
    }
    asm volatile("" ::: "memory");
  }
};

#endif
