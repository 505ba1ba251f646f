// rows.h: how batches come out of data.
#pragma once

#include "fastnn/fastnn.h"
#include "kernels/kernels.h"

namespace fastnn::ops {

// What the kernels of the op cast call a dtype; whether they know it. In cast.cpp.
bool find_item_type(fastnn_dtype dtype, kernels::ItemType* type);

// Whether copy_rows turns numbers of one dtype into another.
bool can_convert(fastnn_dtype from, fastnn_dtype to);

// The rows of y become rows of x, as y's dtype: those that `numbers` names, or the ones from `first` on where it is NULL.
// Both are contiguous and agree in all axes but the first; the rows must be there. Allocates nothing.
void copy_rows(const fastnn_context& context, const fastnn_tensor& y, const fastnn_tensor& x, const int64_t* numbers,
               int64_t first);

}  // namespace fastnn::ops
