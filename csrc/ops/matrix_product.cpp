// matrix_product.cpp: cuts a product into slabs of b that bound the workspace, and a slab into pieces of y that run in
// parallel. An element's bits don't depend on any of it (kernels/cpu/gemm.inl), so the cuts may follow the whole shape.
#include "ops/matrix_product.h"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "ops/tile_product.h"

namespace fastnn::ops {
namespace {

using kernels::kGemmColumns;
using kernels::kGemmDepth;

// Columns and blocks of k of the largest slab of b, 4 MB of float32: broad rather than deep, for y is read and written
// once a slab, and a copied once for what it is multiplied with.
constexpr int64_t kSlabColumns = 2048;
constexpr int64_t kSlabBlocks = 4;
constexpr int64_t kSlabColumnBlocks = 4096;
// With no more rows, or no larger a b, than this, packing b costs more than it saves: a product alone of 32 rows with
// 784x128 took 1.2 times as long, with 512x512 1.15, of 96 rows as long.
constexpr int64_t kRowsInPlace = 64;
constexpr int64_t kItemsInPlace = 16384;
// A program packs larger ones: once for all, once a run, or for the blocks of the batch that it walks.
constexpr int64_t kItemsUnpacked = 8192;
// Of no more rows than this not even a b that is there packed is read faster, while the second-level cache holds it.
constexpr int64_t kFewRows = 12;
// Rows of b that are packed at a time, where they are contiguous and threads have rows of y; else most columns.
constexpr int64_t kPackedRows = 64;
constexpr int64_t kPackedColumns = 512;

bool packs_matrix(int64_t m, int64_t n, int64_t k, int64_t b_row, int64_t b_column, int64_t items_in_place) {
  return b_column != 1 || b_row == 0 || (m > kRowsInPlace && n * k > items_in_place);
}

// Where the slab of columns n0 .. n0 + n and rows from k0 on begins in the whole packed matrix of k rows.
int64_t slab_offset(int64_t n0, int64_t n, int64_t k0, int64_t k) { return n0 * k + k0 * round_up(n, 16); }

int64_t slab_rows(int64_t n, int64_t k) {
  const int64_t columns = std::clamp(round_up(n, 16), int64_t{16}, kSlabColumns);
  return std::min(kSlabBlocks, kSlabColumnBlocks / columns) * block_depth(k);
}

// Numbers of a slab of b, packed, or of copies of as much of a, which are a little larger than that.
int64_t slab_numbers(int64_t n, int64_t k) {
  const int64_t numbers = std::min(k, slab_rows(n, k)) * std::min(round_up(n, 16), kSlabColumns);
  return numbers + numbers / 32;
}

// The matrix unit that takes a product on the active level.
template <typename T>
kernels::TileUse tiles_for(const fastnn_context& context, Unit unit, int64_t n, int64_t k) {
  if (std::is_same_v<T, double> || unit != Unit::any) return {};
  return tile_use(context, TileUser::product, n, k);
}

// Multiplications as the kernels' time counts them: a few columns take that of a vector.
double multiplications(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kLanes = 16;
  return static_cast<double>(m) * static_cast<double>(std::max(n, kLanes)) * static_cast<double>(k);
}

// A piece of y is rows x columns: its block of b stays in the second-level cache while the rows pass. In large products
// a broad one is as many rows as are copied at a time, and b's block passes by from the third level.
struct Grid {
  int64_t rows, columns, row_chunks, column_chunks;
};

Grid make_grid(int64_t m, int64_t n, int64_t k) {
  constexpr double kEnough = 1e6, kLittle = 5e5;  // multiplications of a piece
  constexpr int64_t kNarrowRows = 12, kLeastRows = 768, kLeastColumns = 1025;
  if (multiplications(m, n, k) < kEnough) return {m, n, 1, 1};
  const bool broad = m >= kLeastRows && n >= kLeastColumns;
  const int64_t least_pieces = broad ? 24 : 8, most_columns = broad ? kSlabColumns : 512;
  Grid grid{broad ? 48 : 96, std::min(round_up(n, kGemmColumns), most_columns), 0, 0};
  const auto size = [&] { return multiplications(grid.rows, std::min(n, grid.columns), k); };
  const auto count = [&] {
    grid.row_chunks = ceil_divide(m, grid.rows);
    grid.column_chunks = ceil_divide(n, grid.columns);
    return grid.row_chunks * grid.column_chunks;
  };
  while (grid.rows < 768 && size() < kEnough) grid.rows *= 2;
  grid.rows = std::min(grid.rows, round_up(m, 12));
  while (count() < least_pieces && size() > kLittle) {
    if (grid.columns > kGemmColumns) {
      grid.columns = round_up(grid.columns / 2, kGemmColumns);
    } else if (grid.rows > 12) {
      grid.rows = round_up(grid.rows / 2, 12);
    } else {
      break;
    }
  }
  // Two threads then have a half each of what stands below one another, as in the optimizer.
  if (m >= n && grid.row_chunks % 2 == 1 && grid.row_chunks > 1 && grid.row_chunks < least_pieces) {
    grid.row_chunks += (grid.row_chunks - 1) * grid.column_chunks >= least_pieces ? -1 : 1;
  }
  grid.rows = round_up(ceil_divide(m, grid.row_chunks), 2 * n > kGemmColumns ? kernels::kGemmRows : kNarrowRows);
  count();
  return grid;
}

// A few rows times a small matrix in place: threads share the rows of b, block by block of k, whose products are added
// afterwards in the order that any other cut adds them in. So they share them in the gradients of the weights and in the
// optimizer: what a thread has written its core's cache holds when it reads it, and a line that the other core has takes
// 30 to 160 ns.
template <typename T>
bool splits_depth(const MatrixProduct<T>& p, bool packs) {
  constexpr int64_t kSmall = 256 * 1024, kEnough = 1'000'000;
  const int64_t room = slab_numbers(p.n, p.k);
  return !packs && p.prepared == nullptr && p.m <= kRowsInPlace && p.n >= kGemmColumns && p.k >= 2 * kGemmDepth &&
         p.n * p.k <= kSmall && p.m * p.n * p.k >= kEnough && ceil_divide(p.k, block_depth(p.k)) * p.m * p.n <= room;
}

template <typename T>
void multiply_by_depth(const fastnn_context& context, const MatrixProduct<T>& p, T* parts, double nanoseconds) {
  const kernels::KernelTable<T>& kernels = table<T>();
  const int64_t block_rows = block_depth(p.k), blocks = ceil_divide(p.k, block_rows);
  const int64_t column_chunks = ceil_divide(p.n, kGemmColumns);
  const kernels::GemmLayout layout{p.n, p.a_row, p.a_column, p.b_row};
  parallel_for(context, blocks * column_chunks, nanoseconds, [&](int64_t chunk) {
    const int64_t block = chunk / column_chunks;
    const Range depth = chunk_range(block, p.k, block_rows);
    const Range columns = chunk_range(chunk % column_chunks, p.n, kGemmColumns);
    kernels.gemm(parts + block * p.m * p.n + columns.begin, p.a + depth.begin * p.a_column,
                 p.b + depth.begin * p.b_row + columns.begin, p.m, columns.end - columns.begin, depth.end - depth.begin,
                 layout, {nullptr, false, false});
  });
  kernels.gemm_join(p.y, p.y_row, parts, blocks, p.m, p.n, p.epilogue);
}

// Some hundred rows and a b that is packed: pieces of y are columns of a few hundred rows, each packs what it reads of
// b, and all share copies of a (kernels/cpu/gemm_columns.inl).
struct RowChunks {
  int64_t count, rows, copy;  // numbers of the copy of a chunk's rows, for each block of k
};
RowChunks row_chunks(int64_t m) {
  constexpr int64_t kMostRows = 384;
  const int64_t count = ceil_divide(m, kMostRows), tiles = ceil_divide(ceil_divide(m, count), kernels::kGemmRows);
  return {count, tiles * kernels::kGemmRows, tiles * kernels::kGemmCopy};
}

template <typename T>
bool shares_copies(const MatrixProduct<T>& p, bool packs) {
  constexpr int64_t kMostRows = 768;
  const int64_t room = slab_numbers(p.n, p.k);
  const int64_t blocks = ceil_divide(std::min(p.k, slab_rows(p.n, p.k)), block_depth(p.k));
  const RowChunks rows = row_chunks(p.m);
  return packs && p.b_row != 0 && p.m > kRowsInPlace && p.m <= kMostRows && p.n >= 2 * kGemmColumns &&
         p.k > kGemmDepth && blocks * rows.count * rows.copy <= room;
}

// Columns of a piece: enough panels that packing the first, which nothing hides, is little of it, but 8 pieces of them.
int64_t piece_columns(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kBlocks = 4, kPieces = 8;
  constexpr double kLittle = 5e5;  // multiplications
  const int64_t panels = ceil_divide(n, kGemmColumns), most = std::max<int64_t>(panels / kPieces, 1);
  int64_t taken = std::min(ceil_divide(kBlocks, ceil_divide(k, kGemmDepth)), most);
  while (taken < panels && multiplications(m, taken * kGemmColumns, k) < kLittle) ++taken;
  return taken * kGemmColumns;
}

template <typename T>
void multiply_by_columns(const fastnn_context& context, const MatrixProduct<T>& p, T* copies, double nanoseconds_each) {
  const kernels::KernelTable<T>& kernels = table<T>();
  const int64_t room = slab_numbers(p.n, p.k);
  const RowChunks chunks = row_chunks(p.m);
  const int64_t block_rows = block_depth(p.k), slab = room / (chunks.count * chunks.copy) * block_rows;
  const kernels::GemmLayout layout{p.y_row, p.a_row, p.a_column, p.b_row, p.b_column, block_rows};
  for (int64_t k0 = 0; k0 < p.k; k0 += slab) {
    const int64_t k = std::min(slab, p.k - k0), columns = piece_columns(chunks.rows, p.n, k);
    const int64_t blocks = ceil_divide(k, block_rows);
    const bool last = k0 + k == p.k;
    const T* const a = p.a + k0 * p.a_column;
    const double copying = nanoseconds_each * static_cast<double>(p.m * k) * sizeof(T) / 5;
    parallel_for(context, chunks.count * blocks, copying, [&](int64_t chunk) {
      const Range rows = chunk_range(chunk / blocks, p.m, chunks.rows);
      const Range depth = chunk_range(chunk % blocks, k, block_rows);
      kernels.gemm_copy(copies + chunk * chunks.copy, a + rows.begin * p.a_row + depth.begin * p.a_column,
                        rows.end - rows.begin, depth.end - depth.begin, p.a_row, p.a_column);
    });
    const double nanoseconds = nanoseconds_each * multiplications(p.m, p.n, k) / 50;
    parallel_for(context, ceil_divide(p.n, columns) * chunks.count, nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk / chunks.count, p.n, columns);
      const int64_t row_chunk = chunk % chunks.count;
      const Range rows = chunk_range(row_chunk, p.m, chunks.rows);
      const T* const bias = last && p.epilogue.bias != nullptr ? p.epilogue.bias + range.begin : nullptr;
      kernels.gemm_columns(p.y + rows.begin * p.y_row + range.begin, copies + row_chunk * blocks * chunks.copy,
                           a + rows.begin * p.a_row, p.b + k0 * p.b_row + range.begin * p.b_column,
                           rows.end - rows.begin, range.end - range.begin, k, layout,
                           {bias, last && p.epilogue.relu, p.epilogue.accumulate || k0 > 0});
    });
  }
}

}  // namespace

int64_t block_depth(int64_t k) {
  constexpr int64_t kRows = 4;  // gemm_pack transposes 4 x 4 numbers
  return k <= kGemmDepth ? kGemmDepth : round_up(ceil_divide(k, ceil_divide(k, kGemmDepth)), kRows);
}

size_t matrix_product_workspace(int64_t n, int64_t k, int64_t item, Unit unit) {
  const auto size = static_cast<size_t>(slab_numbers(n, k) * item);
  return item == sizeof(float) && unit == Unit::any && may_take_tiles(n, k) ? std::max(size, tile_workspace(n, k))
                                                                            : size;
}

template <typename T>
void matrix_product(const fastnn_context& context, const MatrixProduct<T>& product, void* workspace, bool serial) {
  const MatrixProduct<T>& p = product;
  if (p.m == 0 || p.n == 0) return;
  const double nanoseconds_each = serial ? 0 : 1;
  if constexpr (std::is_same_v<T, float>) {
    const kernels::TileUse tiles = tiles_for<T>(context, p.unit, p.n, p.k);
    if (tiles.unit != nullptr) return tile_product(context, tiles, p, workspace, nanoseconds_each);
  }
  const kernels::KernelTable<T>& kernels = table<T>();
  T* const packed = static_cast<T*>(workspace);
  const bool packs = p.prepared == nullptr && packs_matrix(p.m, p.n, p.k, p.b_row, p.b_column, kItemsInPlace);
  if (splits_depth(p, packs)) {
    multiply_by_depth(context, p, packed, nanoseconds_each * multiplications(p.m, p.n, p.k) / 50);
    return;
  }
  if (shares_copies(p, packs)) return multiply_by_columns(context, p, packed, nanoseconds_each);
  const int64_t block_rows = block_depth(p.k), slab = slab_rows(p.n, p.k);
  for (int64_t n0 = 0; n0 < p.n; n0 += kSlabColumns) {
    const int64_t n = std::min(kSlabColumns, p.n - n0);
    for (int64_t k0 = 0; k0 == 0 || k0 < p.k; k0 += slab) {
      const int64_t k = std::min(slab, p.k - k0);
      const bool last = k0 + k == p.k;
      const Grid grid = make_grid(p.m, n, k);
      const T* const b = p.b + n0 * p.b_column + k0 * p.b_row;
      const T* const bias = last && p.epilogue.bias != nullptr ? p.epilogue.bias + n0 : nullptr;
      const T* const panels = p.prepared == nullptr ? packed : p.prepared + slab_offset(n0, n, k0, p.k);
      const bool in_panels = packs || p.prepared != nullptr;
      const kernels::GemmLayout layout{p.y_row, p.a_row, p.a_column, in_panels ? 0 : p.b_row, 1, block_rows};

      const auto pack = [&](const Range& columns) {
        kernels.gemm_pack(packed + columns.begin * k, b + columns.begin * p.b_column, k, columns.end - columns.begin,
                          p.b_row, p.b_column, 0, k);
      };
      const bool packs_first = packs && grid.row_chunks > 1;
      // a thread has neighbouring chunks: a part of the longer side, which is its own from product to product
      const bool by_rows = p.m >= n;
      const double packing = nanoseconds_each * static_cast<double>(n * k) * sizeof(T) / 5;
      if (packs_first && by_rows && p.b_column == 1) {
        parallel_for(context, ceil_divide(k, kPackedRows), packing, [&](int64_t row_chunk) {
          const Range rows = chunk_range(row_chunk, k, kPackedRows);
          kernels.gemm_pack(packed, b + rows.begin * p.b_row, rows.end - rows.begin, n, p.b_row, 1, rows.begin, k);
        });
      } else if (packs_first) {
        const int64_t each = p.b_column == 1 ? std::min(grid.columns, kPackedColumns) : kGemmColumns;
        parallel_for(context, ceil_divide(n, each), packing, [&](int64_t chunk) { pack(chunk_range(chunk, n, each)); });
      }
      const double nanoseconds = nanoseconds_each * multiplications(p.m, n, k) / 50;
      parallel_for(context, grid.row_chunks * grid.column_chunks, nanoseconds, [&](int64_t chunk) {
        const int64_t column_chunk = by_rows ? chunk % grid.column_chunks : chunk / grid.row_chunks;
        const int64_t row_chunk = by_rows ? chunk / grid.column_chunks : chunk % grid.row_chunks;
        const Range columns = chunk_range(column_chunk, n, grid.columns);
        if (packs && !packs_first) pack(columns);
        const Range rows = chunk_range(row_chunk, p.m, grid.rows);
        const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : bias + columns.begin, last && p.epilogue.relu,
                                            p.epilogue.accumulate || k0 > 0};
        kernels.gemm(p.y + rows.begin * p.y_row + n0 + columns.begin, p.a + rows.begin * p.a_row + k0 * p.a_column,
                     in_panels ? panels + columns.begin * k : b + columns.begin, rows.end - rows.begin,
                     columns.end - columns.begin, k, layout, epilogue);
      });
    }
  }
}

size_t packed_matrix_bytes(int64_t n, int64_t k, int64_t item) {
  return static_cast<size_t>(checked_multiply(checked_multiply(k, round_up(n, 16)), item));
}

template <typename T>
void pack_matrix(const fastnn_context& context, T* prepared, const T* b, int64_t n, int64_t k, int64_t b_row,
                 int64_t b_column, Unit unit) {
  if constexpr (std::is_same_v<T, float>) {
    const kernels::TileUse tiles = tiles_for<T>(context, unit, n, k);
    if (tiles.unit != nullptr) return pack_tiles(context, tiles, prepared, b, n, k, b_row, b_column);
  }
  constexpr int64_t kColumns = 2 * kGemmColumns;
  static_assert(kSlabColumns % kColumns == 0);
  const int64_t rows = slab_rows(n, k);
  const double nanoseconds = static_cast<double>(n * k) * sizeof(T) / 5;
  parallel_for(context, ceil_divide(n, kColumns), nanoseconds, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk, n, kColumns);
    const int64_t n0 = columns.begin / kSlabColumns * kSlabColumns;
    for (int64_t k0 = 0; k0 < k; k0 += rows) {
      const int64_t depth = std::min(rows, k - k0);
      T* const slab = prepared + slab_offset(n0, std::min(kSlabColumns, n - n0), k0, k);
      table<T>().gemm_pack(slab + (columns.begin - n0) * depth, b + columns.begin * b_column + k0 * b_row, depth,
                           columns.end - columns.begin, b_row, b_column, 0, depth);
    }
  });
}

void describe_matrix(const fastnn_context& context, fastnn_preparation& preparation, int64_t index, int64_t m,
                     int64_t n, int64_t k, int64_t b_row, int64_t b_column, int64_t item, Unit unit) {
  // A few rows of 1024x1024 take 0.6 to 0.8 of the time packed, of 784x128 the same.
  constexpr size_t kLarge = 1 << 20;
  const size_t bytes = packed_matrix_bytes(n, k, item);
  const bool packs = packs_matrix(m, n, k, b_row, b_column, kItemsUnpacked);
  const bool faster = bytes > kLarge || (m > kFewRows && n * k > kItemsUnpacked);
  if (m == 0 || bytes == 0 || !(packs || faster)) return;
  preparation.inputs = uint64_t{1} << index;
  const bool may_be_tiles = unit == Unit::any && item == sizeof(float);
  const int64_t parts = may_be_tiles ? planned_tile_parts(context, TileUser::product, n, k) : 0;
  preparation.bytes = std::max(bytes, static_cast<size_t>(packed_tiles(n, k, parts)) * sizeof(float));
  preparation.lasting = !packs;
  const int64_t form[] = {kPackedMatrix, n, k, b_row, b_column, parts};
  std::copy(std::begin(form), std::end(form), preparation.form);
}

template void matrix_product(const fastnn_context&, const MatrixProduct<float>&, void*, bool);
template void matrix_product(const fastnn_context&, const MatrixProduct<double>&, void*, bool);
template void pack_matrix(const fastnn_context&, float*, const float*, int64_t, int64_t, int64_t, int64_t, Unit);
template void pack_matrix(const fastnn_context&, double*, const double*, int64_t, int64_t, int64_t, int64_t, Unit);

}  // namespace fastnn::ops
