// isa.cpp: compiled once per level (cmake/isa.cmake) with that level's flags. The object exports one symbol, the level's
// kernel table, and holds nothing that runs at load: an older CPU loads it too.
#include "kernels/cpu/vec.h"
#include "kernels/cpu/vec_math.h"
#include "kernels/kernels.h"

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

// clang-format off: a file may use what stands in one before it
#include "kernels/cpu/activation.inl"
#include "kernels/cpu/unary.inl"
#include "kernels/cpu/transpose.inl"
#include "kernels/cpu/gemm.inl"
#include "kernels/cpu/gemm_columns.inl"
#include "kernels/cpu/convolution.inl"
#include "kernels/cpu/positions.inl"
#include "kernels/cpu/winograd.inl"
#include "kernels/cpu/winograd_columns.inl"
#include "kernels/cpu/depthwise_window.inl"
#include "kernels/cpu/depthwise.inl"
#include "kernels/cpu/binary.inl"
#include "kernels/cpu/compare.inl"
#include "kernels/cpu/copy.inl"
#include "kernels/cpu/optimizers.inl"
#include "kernels/cpu/recurrent.inl"
#include "kernels/cpu/pool.inl"
#include "kernels/cpu/convolution_pool.inl"
#include "kernels/cpu/softmax.inl"
#include "kernels/cpu/cross_entropy.inl"
#include "kernels/cpu/losses.inl"
#include "kernels/cpu/reduce.inl"
#include "kernels/cpu/fold.inl"
#include "kernels/cpu/normalization.inl"
#include "kernels/cpu/embedding.inl"
#include "kernels/cpu/take.inl"
#include "kernels/cpu/resize.inl"
#include "kernels/cpu/random.inl"
#include "kernels/cpu/attention.inl"
// clang-format on

}  // namespace

#define FASTNN_TEXT_OF(name) #name
#define FASTNN_TEXT(name) FASTNN_TEXT_OF(name)
#define FASTNN_TABLE_ENTRY(name, parameters) name,
extern constexpr KernelTable<float> table{FASTNN_TEXT(FASTNN_LEVEL), FASTNN_KERNELS(FASTNN_TABLE_ENTRY)};

}  // namespace fastnn::kernels::FASTNN_LEVEL
