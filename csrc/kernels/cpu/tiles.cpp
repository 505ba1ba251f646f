// tiles.cpp: the kernels of a level that a matrix unit does, compiled for it (cmake/isa.cmake) under isa.cpp's rules: the
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

#if defined(FASTNN_TILES_EMULATED)
constexpr bool kTakesAll = true;  // so that tests run everything there
#else
constexpr bool kTakesAll = false;
#endif

}  // namespace

extern constexpr TileKernels tiles{kTakesAll, tile_begin, tile_end, tile_pack, tile_multiply};

}  // namespace fastnn::kernels::FASTNN_LEVEL
