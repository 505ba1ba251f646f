// tiles.cpp: the products of a level with a matrix unit, compiled for it (cmake/isa.cmake) under isa.cpp's rules: the
// object exports one symbol and holds nothing that runs at load. All other kernels of the level are AVX-512's.
#include "kernels/cpu/vec.h"
#include "kernels/kernels.h"

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

// clang-format off: a file may use what stands in one before it
#include "kernels/cpu/transpose.inl"
#include "kernels/cpu/tile_unit.inl"
#include "kernels/cpu/tiles.inl"
// clang-format on

}  // namespace

extern constexpr TileKernels tiles{tile_pack, tile_multiply};

}  // namespace fastnn::kernels::FASTNN_LEVEL
