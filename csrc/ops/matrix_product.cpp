// matrix_product.cpp: cuts a product into slabs of b that bound the workspace, and a slab into pieces of y that run in
// parallel. An element's bits don't depend on any of it (kernels/cpu/gemm.inl), so the cuts may follow the whole shape.
#include "ops/matrix_product.h"

#include <algorithm>

namespace fastnn::ops {
namespace {

using kernels::kGemmColumns;
using kernels::kGemmDepth;

constexpr int64_t kSlabColumns = 1024;
constexpr int64_t kSlabDepth = 4 * kGemmDepth;
// With no more rows than this, packing b costs more than it saves.
constexpr int64_t kRowsInPlace = 12;

// A piece of y is rows x columns: its block of b stays in the second-level cache while the rows pass.
struct Grid {
  int64_t rows, columns, row_chunks, column_chunks;
};

Grid make_grid(int64_t m, int64_t n, int64_t k) {
  constexpr double kEnough = 2e6, kLittle = 1e6;  // flops of a piece
  Grid grid{96, std::min<int64_t>(round_up(n, kGemmColumns), 512), 0, 0};
  const auto flops = [&] { return 2.0 * static_cast<double>(grid.rows) * static_cast<double>(grid.columns * k); };
  const auto count = [&] {
    grid.row_chunks = ceil_divide(m, grid.rows);
    grid.column_chunks = ceil_divide(n, grid.columns);
    return grid.row_chunks * grid.column_chunks;
  };
  while (grid.rows < 768 && flops() < kEnough) grid.rows *= 2;
  grid.rows = std::min(grid.rows, round_up(m, 12));
  while (count() < 8 && flops() > kLittle) {
    if (grid.columns > kGemmColumns) {
      grid.columns = round_up(grid.columns / 2, kGemmColumns);
    } else if (grid.rows > 12) {
      grid.rows = round_up(grid.rows / 2, 12);
    } else {
      break;
    }
  }
  return grid;
}

}  // namespace

size_t matrix_product_workspace(int64_t n, int64_t k, int64_t item) {
  return static_cast<size_t>(std::min(k, kSlabDepth) * std::min(round_up(n, 16), kSlabColumns) * item);
}

template <typename T>
void matrix_product(const fastnn_context& context, const MatrixProduct<T>& product, void* workspace, bool serial) {
  const MatrixProduct<T>& p = product;
  if (p.m == 0 || p.n == 0) return;
  const double nanoseconds_each = serial ? 0 : 1;
  const kernels::KernelTable<T>& kernels = table<T>();
  T* const packed = static_cast<T*>(workspace);
  const bool packs = p.b_column != 1 || p.b_row == 0 || p.m > kRowsInPlace;
  for (int64_t n0 = 0; n0 < p.n; n0 += kSlabColumns) {
    const int64_t n = std::min(kSlabColumns, p.n - n0);
    for (int64_t k0 = 0; k0 == 0 || k0 < p.k; k0 += kSlabDepth) {
      const int64_t k = std::min(kSlabDepth, p.k - k0);
      const bool last = k0 + k == p.k;
      const Grid grid = make_grid(p.m, n, k);
      const T* const b = p.b + n0 * p.b_column + k0 * p.b_row;
      const T* const bias = last && p.epilogue.bias != nullptr ? p.epilogue.bias + n0 : nullptr;
      const kernels::GemmLayout layout{p.y_row, p.a_row, p.a_column, packs ? 0 : p.b_row};

      const auto pack = [&](int64_t column_chunk) {
        const Range columns = chunk_range(column_chunk, n, grid.columns);
        kernels.gemm_pack(packed + columns.begin * k, b + columns.begin * p.b_column, k, columns.end - columns.begin,
                          p.b_row, p.b_column, 0, k);
      };
      const bool packs_first = packs && grid.row_chunks > 1;
      if (packs_first) {
        parallel_for(context, grid.column_chunks, nanoseconds_each * static_cast<double>(n * k) * sizeof(T) / 5, pack);
      }
      const double nanoseconds = nanoseconds_each * static_cast<double>(p.m) * static_cast<double>(n * k) / 50;
      parallel_for(context, grid.row_chunks * grid.column_chunks, nanoseconds, [&](int64_t chunk) {
        const int64_t column_chunk = chunk % grid.column_chunks;
        if (packs && !packs_first) pack(column_chunk);
        const Range columns = chunk_range(column_chunk, n, grid.columns);
        const Range rows = chunk_range(chunk / grid.column_chunks, p.m, grid.rows);
        const kernels::Epilogue<T> epilogue{bias == nullptr ? nullptr : bias + columns.begin, last && p.epilogue.relu,
                                            p.epilogue.accumulate || k0 > 0};
        kernels.gemm(p.y + rows.begin * p.y_row + n0 + columns.begin, p.a + rows.begin * p.a_row + k0 * p.a_column,
                     packs ? packed + columns.begin * k : b + columns.begin, rows.end - rows.begin,
                     columns.end - columns.begin, k, layout, epilogue);
      });
    }
  }
}

template void matrix_product(const fastnn_context&, const MatrixProduct<float>&, void*, bool);
template void matrix_product(const fastnn_context&, const MatrixProduct<double>&, void*, bool);

}  // namespace fastnn::ops
