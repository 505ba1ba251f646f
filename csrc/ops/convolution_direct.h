// convolution_direct.h: convolution as matrix products of pixels that are gathered or, in_place, read where they stand,
// for every geometry; the functions are those of convolution.h.
#pragma once

#include "ops/conv_geometry.h"

namespace fastnn::ops {

// Room for k rows of n packed columns.
inline int64_t packed_size(int64_t k, int64_t n) { return checked_multiply(k, round_up(n, 16)); }

size_t direct_workspace(const ConvGeometry& g, fastnn_dtype dtype);
void direct(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
            const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, bool in_place, void* workspace,
            const void* prepared);

// The same of y's largest pixels, those of pool's windows, and which they are; index may be null. The workspace has a
// packed weight unless one is prepared.
size_t direct_max_pool_workspace(const ConvGeometry& g, const kernels::PoolShape& pool, fastnn_dtype dtype,
                                 bool prepared);
void direct_max_pool(const fastnn_context& context, const ConvGeometry& g, const kernels::PoolShape& pool,
                     const fastnn_tensor& y, const fastnn_tensor* index, const fastnn_tensor& x,
                     const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                     const void* prepared);

size_t direct_backward_input_workspace(const ConvGeometry& g, fastnn_dtype dtype);
void direct_backward_input(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dx,
                           const fastnn_tensor& dy, const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu,
                           bool accumulate, bool in_place, void* workspace, const void* prepared);

size_t direct_backward_weight_workspace(const ConvGeometry& g, fastnn_dtype dtype, bool in_place);
void direct_backward_weight(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dw,
                            const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate, bool in_place,
                            void* workspace);

// Packs the weight for the forward product, or for the gradient of the input, into what the two workspaces have room
// for, and returns the kernels that read it.
template <typename T>
const kernels::KernelTable<T>& pack_weight(const fastnn_context& context, const ConvGeometry& g,
                                           const fastnn_tensor& weight, T* packed, bool in_place = false);
template <typename T>
const kernels::KernelTable<T>& pack_weight_backward(const fastnn_context& context, const ConvGeometry& g,
                                                    const fastnn_tensor& weight, T* packed, bool in_place = false);

// A packed weight and the kernels that read it.
template <typename T>
struct PackedWeight {
  const T* numbers;
  const kernels::KernelTable<T>& kernels;
};

// The same ahead of a run, for its argument `prepared`: in the room of a workspace, behind a line that says which kernels
// read it.
constexpr size_t kPreparedHead = 64;
inline size_t direct_prepared(size_t workspace) {
  return static_cast<size_t>(round_up(static_cast<int64_t>(kPreparedHead + workspace), 64));
}
template <typename T>
PackedWeight<T> prepared_weight(const void* prepared);
void direct_prepare(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight, bool in_place,
                    void* prepared);
void direct_backward_input_prepare(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight,
                                   bool in_place, void* prepared);

}  // namespace fastnn::ops
