// tile_product.cpp: cuts a product for a matrix unit into slabs of b that bound the workspace, and a slab into pieces of
// y that run in parallel. An element's bits don't depend on any of it (kernels/cpu/tiles.inl).
#include "ops/tile_product.h"

#include <algorithm>
#include <iterator>

namespace fastnn::ops {
namespace {

using kernels::kTileBlock;

constexpr int64_t kSlabColumns = 1024;
constexpr int64_t kSlabDepth = 4 * kernels::kGemmDepth;

// The table of choices: the first row of a user and a class, or one below, is right where b has at least so many columns and
// terms of a sum. Predicted, not measured: docs/kernels.md says how.
struct Choice {
  TileUser user;
  fastnn_precision least;
  int64_t columns, terms;
  int64_t most = INT64_MAX;  // numbers of b, where it must stay in the second-level cache
};
constexpr Choice kChoices[] = {
    {TileUser::product, FASTNN_PRECISION_BFLOAT16, 16, 16},
    {TileUser::product, FASTNN_PRECISION_FAST, 24, 24},
    {TileUser::product, FASTNN_PRECISION_FLOAT32, 48, 24},
    {TileUser::recurrent, FASTNN_PRECISION_BFLOAT16, 32, 32},
    {TileUser::recurrent, FASTNN_PRECISION_FAST, 64, 32},
    {TileUser::recurrent, FASTNN_PRECISION_FLOAT32, 64, 64, 350'000},
};

bool takes(const fastnn_context& context, TileUser user, int64_t n, int64_t k) {
  const auto* const choice = std::find_if(std::begin(kChoices), std::end(kChoices), [&](const Choice& c) {
    return c.user == user && context.precision >= c.least;
  });
  return n >= choice->columns && k >= choice->terms && checked_multiply(n, k) <= choice->most;
}

int64_t parts_for(int32_t precision) {
  if (precision >= FASTNN_PRECISION_BFLOAT16) return 1;
  return precision == FASTNN_PRECISION_FAST ? 2 : kernels::kTileParts;
}

int64_t blocks_of(int64_t count) { return ceil_divide(count, kTileBlock); }

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

void pack(const fastnn_context& context, const kernels::TileUse& tiles, float* packed, const kernels::TileMatrix& b,
          int64_t n, double nanoseconds_each) {
  constexpr int64_t kColumns = 2 * kTileBlock;
  const double nanoseconds = nanoseconds_each * static_cast<double>(n * b.depth) * sizeof(float) / 5;
  parallel_for(context, ceil_divide(n, kColumns), nanoseconds, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk, n, kColumns);
    kernels::TileMatrix part = b;
    part.numbers += columns.begin * b.column;
    tiles.unit->pack(reinterpret_cast<uint16_t*>(packed + packed_tiles(columns.begin, b.depth, tiles.parts)), part,
                     columns.end - columns.begin, tiles.parts);
  });
}

}  // namespace

kernels::TileUse tile_use(const fastnn_context& context, TileUser user, int64_t n, int64_t k) {
  const kernels::TileKernels* const unit = table<float>().tiles;
  if (unit == nullptr || n == 0 || k == 0 || !(unit->takes_all || takes(context, user, n, k))) return {};
  return {unit, parts_for(context.precision)};
}

int64_t planned_tile_parts(const fastnn_context& context, TileUser user, int64_t n, int64_t k) {
  static const bool by_table = kernels::has_tiles(false), all = kernels::has_tiles(true);
  const bool taken = n > 0 && k > 0 && (all || (by_table && takes(context, user, n, k)));
  return taken ? parts_for(context.precision) : 0;
}

bool may_take_tiles(int64_t n, int64_t k) {
  fastnn_context context{};
  context.precision = FASTNN_PRECISION_BFLOAT16;  // which takes what the others do
  return planned_tile_parts(context, TileUser::product, n, k) > 0;
}

int64_t packed_tiles(int64_t n, int64_t k, int64_t parts) {
  return checked_multiply(checked_multiply(blocks_of(n), blocks_of(k)), parts * kTileBlock * kTileBlock / 2);
}

size_t tile_workspace(int64_t n, int64_t k) {
  const int64_t numbers = packed_tiles(std::min(n, kSlabColumns), std::min(k, kSlabDepth), kernels::kTileParts);
  return static_cast<size_t>(numbers) * sizeof(float);
}

void pack_tiles(const fastnn_context& context, const kernels::TileUse& tiles, float* prepared, const float* b,
                int64_t n, int64_t k, int64_t b_row, int64_t b_column) {
  pack(context, tiles, prepared, {nullptr, b, k, b_row, b_column}, n, 1);
}

void tile_product(const fastnn_context& context, const kernels::TileUse& tiles, const MatrixProduct<float>& product,
                  void* workspace, double nanoseconds_each) {
  const MatrixProduct<float>& p = product;
  const kernels::GemmLayout layout{p.y_row, p.a_row, p.a_column, 0};
  // what is packed ahead is one slab
  const bool packs = p.prepared == nullptr;
  const int64_t slab_columns = packs ? kSlabColumns : p.n, slab_depth = packs ? kSlabDepth : p.k;
  for (int64_t n0 = 0; n0 < p.n; n0 += slab_columns) {
    const int64_t n = std::min(slab_columns, p.n - n0);
    for (int64_t k0 = 0; k0 < p.k; k0 += slab_depth) {
      const int64_t k = std::min(slab_depth, p.k - k0);
      const bool last = k0 + k == p.k;
      const float* const b = p.b + n0 * p.b_column + k0 * p.b_row;
      const kernels::TileMatrix slab{nullptr, b, k, p.b_row, p.b_column};
      if (packs) pack(context, tiles, static_cast<float*>(workspace), slab, n, nanoseconds_each);
      const float* const packed = packs ? static_cast<const float*>(workspace) : p.prepared;
      const Pieces pieces = cut(p.m, n, k);
      const int64_t column_chunks = ceil_divide(n, pieces.columns);
      const double nanoseconds = nanoseconds_each * multiplications(p.m, n, k) / 200;
      parallel_for(context, ceil_divide(p.m, pieces.rows) * column_chunks, nanoseconds, [&](int64_t chunk) {
        const Range rows = chunk_range(chunk / column_chunks, p.m, pieces.rows);
        const Range columns = chunk_range(chunk % column_chunks, n, pieces.columns);
        const float* const bias = last && p.epilogue.bias != nullptr ? p.epilogue.bias + n0 + columns.begin : nullptr;
        kernels::TileMatrix part = slab;
        part.packed = reinterpret_cast<const uint16_t*>(packed + packed_tiles(columns.begin, k, tiles.parts));
        part.numbers += columns.begin * p.b_column;
        tiles.unit->begin();
        tiles.unit->multiply(p.y + rows.begin * p.y_row + n0 + columns.begin,
                             p.a + rows.begin * p.a_row + k0 * p.a_column, part, rows.end - rows.begin,
                             columns.end - columns.begin, layout,
                             {bias, last && p.epilogue.relu, p.epilogue.accumulate || k0 > 0}, tiles.parts);
        tiles.unit->end();
      });
    }
  }
}

}  // namespace fastnn::ops
