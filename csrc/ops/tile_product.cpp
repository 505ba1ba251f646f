// tile_product.cpp: cuts a product for a matrix unit into slabs of b that bound the workspace, and a slab into pieces of
// y that run in parallel. An element's bits don't depend on any of it (kernels/cpu/tiles.inl).
#include "ops/tile_product.h"

#include <algorithm>

namespace fastnn::ops {
namespace {

using kernels::kTileBlock;

constexpr int64_t kSlabColumns = 1024;
constexpr int64_t kSlabDepth = 4 * kernels::kGemmDepth;
constexpr int64_t kBlockNumbers = kernels::kTileParts * kTileBlock * kTileBlock;

// The table of choices: products of at least so many columns and terms of a sum. Less would fill less than half of the
// unit's tiles. Not measured yet.
struct Choice {
  int64_t columns, terms;
};
constexpr Choice kChoices[] = {{kTileBlock / 2, kTileBlock}};

int64_t blocks_of(int64_t count) { return ceil_divide(count, kTileBlock); }

// Numbers of b (k, n), packed.
int64_t packed_numbers(int64_t n, int64_t k) { return blocks_of(n) * blocks_of(k) * kBlockNumbers; }

double multiplications(int64_t m, int64_t n, int64_t k) {
  return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
}

// y is cut into pieces of rows x columns: at least 8, where they are worth a thread's while.
struct Pieces {
  int64_t rows, columns;
};
Pieces cut(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kMostRows = 256, kMostColumns = 512, kPieces = 8;
  constexpr double kEnough = 2e6;  // multiplications
  Pieces p{std::min(round_up(m, kTileBlock), kMostRows), std::min(round_up(n, kTileBlock), kMostColumns)};
  while (ceil_divide(m, p.rows) * ceil_divide(n, p.columns) < kPieces &&
         multiplications(p.rows, p.columns, k) > kEnough) {
    int64_t& longer = p.columns >= p.rows ? p.columns : p.rows;
    if (longer == kTileBlock) break;
    longer = round_up(longer / 2, kTileBlock);
  }
  return p;
}

int64_t parts_for(int32_t precision) {
  if (precision >= FASTNN_PRECISION_BFLOAT16) return 1;
  return precision == FASTNN_PRECISION_FAST ? 2 : kernels::kTileParts;
}

void pack(const fastnn_context& context, uint16_t* packed, const float* b, int64_t n, int64_t k, int64_t b_row,
          int64_t b_column, double nanoseconds_each) {
  constexpr int64_t kColumns = 2 * kTileBlock;
  const double nanoseconds = nanoseconds_each * static_cast<double>(n * k) * sizeof(float) / 5;
  parallel_for(context, ceil_divide(n, kColumns), nanoseconds, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk, n, kColumns);
    table<float>().tiles->pack(packed + packed_numbers(columns.begin, k), b + columns.begin * b_column, k,
                               columns.end - columns.begin, b_row, b_column);
  });
}

}  // namespace

bool takes_tiles(int64_t n, int64_t k) {
  static const bool has_tiles = kernels::has_tiles();
  return has_tiles && std::any_of(std::begin(kChoices), std::end(kChoices),
                                  [=](const Choice& choice) { return n >= choice.columns && k >= choice.terms; });
}

size_t packed_tiles_bytes(int64_t n, int64_t k) {
  const int64_t blocks = checked_multiply(blocks_of(n), blocks_of(k));
  return static_cast<size_t>(checked_multiply(blocks, kBlockNumbers * int64_t{sizeof(uint16_t)}));
}

size_t tile_workspace(int64_t n, int64_t k) {
  return packed_tiles_bytes(std::min(n, kSlabColumns), std::min(k, kSlabDepth));
}

void pack_tiles(const fastnn_context& context, float* prepared, const float* b, int64_t n, int64_t k, int64_t b_row,
                int64_t b_column) {
  pack(context, reinterpret_cast<uint16_t*>(prepared), b, n, k, b_row, b_column, 1);
}

void tile_product(const fastnn_context& context, const MatrixProduct<float>& product, void* workspace,
                  double nanoseconds_each) {
  const MatrixProduct<float>& p = product;
  const kernels::TileKernels& tiles = *table<float>().tiles;
  const auto* const prepared = reinterpret_cast<const uint16_t*>(p.prepared);
  auto* const room = static_cast<uint16_t*>(workspace);
  const int64_t parts = parts_for(context.precision);
  const kernels::GemmLayout layout{p.y_row, p.a_row, p.a_column, p.b_row, p.b_column};
  // what is packed ahead is one slab
  const int64_t slab_columns = prepared != nullptr ? p.n : kSlabColumns;
  const int64_t slab_depth = prepared != nullptr ? p.k : kSlabDepth;
  for (int64_t n0 = 0; n0 < p.n; n0 += slab_columns) {
    const int64_t n = std::min(slab_columns, p.n - n0);
    for (int64_t k0 = 0; k0 < p.k; k0 += slab_depth) {
      const int64_t k = std::min(slab_depth, p.k - k0);
      const bool last = k0 + k == p.k;
      const float* const b = p.b + n0 * p.b_column + k0 * p.b_row;
      if (prepared == nullptr) pack(context, room, b, n, k, p.b_row, p.b_column, nanoseconds_each);
      const uint16_t* const packed = prepared != nullptr ? prepared : room;
      const Pieces pieces = cut(p.m, n, k);
      const int64_t column_chunks = ceil_divide(n, pieces.columns);
      const double nanoseconds = nanoseconds_each * multiplications(p.m, n, k) / 200;
      parallel_for(context, ceil_divide(p.m, pieces.rows) * column_chunks, nanoseconds, [&](int64_t chunk) {
        const Range rows = chunk_range(chunk / column_chunks, p.m, pieces.rows);
        const Range columns = chunk_range(chunk % column_chunks, n, pieces.columns);
        const float* const bias = last && p.epilogue.bias != nullptr ? p.epilogue.bias + n0 + columns.begin : nullptr;
        tiles.multiply(p.y + rows.begin * p.y_row + n0 + columns.begin, p.a + rows.begin * p.a_row + k0 * p.a_column,
                       packed + packed_numbers(columns.begin, k), b + columns.begin * p.b_column, rows.end - rows.begin,
                       columns.end - columns.begin, k, layout,
                       {bias, last && p.epilogue.relu, p.epilogue.accumulate || k0 > 0}, parts);
      });
    }
  }
}

}  // namespace fastnn::ops
