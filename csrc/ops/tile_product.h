// tile_product.h: matrix products on a matrix unit (kernels/cpu/tiles.inl): which it takes, how they are cut, and the room
// that takes.
#pragma once

#include "ops/matrix_product.h"

namespace fastnn::ops {

// Whether a unit takes products of such an a and b, on levels that have one; never on a machine without such a level. So
// what is planned on one level has room for another. Like an element's bits, it doesn't depend on m.
bool takes_tiles(int64_t n, int64_t k);

// Bytes for tile_product, and of all of b packed.
size_t tile_workspace(int64_t n, int64_t k);
size_t packed_tiles_bytes(int64_t n, int64_t k);

void pack_tiles(const fastnn_context& context, float* prepared, const float* b, int64_t n, int64_t k, int64_t b_row,
                int64_t b_column);

// As matrix_product. nanoseconds_each: 0 on the calling thread alone, else 1.
void tile_product(const fastnn_context& context, const MatrixProduct<float>& product, void* workspace,
                  double nanoseconds_each);

}  // namespace fastnn::ops
