// reference.cpp: the kernels as plain loops, for float and double. They document what each kernel computes, are what the
// vectorised ones are tested against, serve every level that lacks one, and compute all of float64 and of integers. Never
// deleted.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/kernels.h"

namespace fastnn::kernels {
namespace reference {
namespace {

// clang-format off: a file may use what stands in one before it
#include "kernels/reference/activation.inl"
#include "kernels/reference/unary.inl"
#include "kernels/reference/gemm.inl"
#include "kernels/reference/convolution.inl"
#include "kernels/reference/winograd.inl"
#include "kernels/reference/depthwise.inl"
#include "kernels/reference/binary.inl"
#include "kernels/reference/compare.inl"
#include "kernels/reference/copy.inl"
#include "kernels/reference/cast.inl"
#include "kernels/reference/optimizers.inl"
#include "kernels/reference/recurrent.inl"
#include "kernels/reference/pool.inl"
#include "kernels/reference/convolution_pool.inl"
#include "kernels/reference/softmax.inl"
#include "kernels/reference/cross_entropy.inl"
#include "kernels/reference/losses.inl"
#include "kernels/reference/reduce.inl"
#include "kernels/reference/fold.inl"
#include "kernels/reference/normalization.inl"
#include "kernels/reference/embedding.inl"
#include "kernels/reference/take.inl"
#include "kernels/reference/resize.inl"
#include "kernels/reference/random.inl"
#include "kernels/reference/attention.inl"
// clang-format on

template <typename T>
constexpr KernelTable<T> make_table() {
#define FASTNN_TABLE_ENTRY(name, parameters) name<T>,
  return {"reference", FASTNN_KERNELS(FASTNN_TABLE_ENTRY)};
#undef FASTNN_TABLE_ENTRY
}

template <typename T>
constexpr IntegerTable<T> make_integer_table() {
#define FASTNN_TABLE_ENTRY(name, parameters) name<T>,
  return {FASTNN_EXACT_KERNELS(FASTNN_TABLE_ENTRY)};
#undef FASTNN_TABLE_ENTRY
}

template <typename T>
constexpr IntegerTable<T> table_integer = make_integer_table<T>();
constexpr KernelTable<float> table_float = make_table<float>();
constexpr KernelTable<double> table_double = make_table<double>();

}  // namespace
}  // namespace reference

const KernelTable<float>& reference_table() { return reference::table_float; }
const KernelTable<double>& reference_table_double() { return reference::table_double; }

template <>
const IntegerTable<int32_t>& integer_table() {
  return reference::table_integer<int32_t>;
}
template <>
const IntegerTable<int64_t>& integer_table() {
  return reference::table_integer<int64_t>;
}
template <>
const IntegerTable<uint8_t>& integer_table() {
  return reference::table_integer<uint8_t>;
}

CastKernel cast_kernel(ItemType to, ItemType from) {
  return reference::cast_kernels[static_cast<int>(to)][static_cast<int>(from)];
}

}  // namespace fastnn::kernels
