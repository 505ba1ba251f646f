// tile_product.h: products on a matrix unit (kernels/cpu/tiles.inl): which it takes, how matrix products are cut for it, and
// the room that takes.
#pragma once

#include "ops/matrix_product.h"

namespace fastnn::ops {

// Who multiplies by a b (k, n). Products that must agree in bits are of one user.
enum class TileUser { product, recurrent };

// What the active level multiplies by such a b on; no unit where vectors do. Like an element's bits, it doesn't depend on
// the rows of a.
kernels::TileUse tile_use(const fastnn_context& context, TileUser user, int64_t n, int64_t k);
// The parts that some level takes which this machine can have, or 0: what is planned on one level has room for another.
int64_t planned_tile_parts(const fastnn_context& context, TileUser user, int64_t n, int64_t k);

// Whether one of them takes a matrix product of any class.
bool may_take_tiles(int64_t n, int64_t k);

// Numbers of floats that b takes, packed as so many parts.
int64_t packed_tiles(int64_t n, int64_t k, int64_t parts);

// Bytes for tile_product.
size_t tile_workspace(int64_t n, int64_t k);

void pack_tiles(const fastnn_context& context, const kernels::TileUse& tiles, float* prepared, const float* b,
                int64_t n, int64_t k, int64_t b_row, int64_t b_column);

// As matrix_product. nanoseconds_each: 0 on the calling thread alone, else 1.
void tile_product(const fastnn_context& context, const kernels::TileUse& tiles, const MatrixProduct<float>& product,
                  void* workspace, double nanoseconds_each);

}  // namespace fastnn::ops
