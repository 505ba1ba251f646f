// reduction.h: a tensor seen as kept and reduced axes, for sum, mean, their gradients and sum_to_like. Neighbours of
// one kind are merged and axes of size one dropped, so that the tensor is blocks (outer kept x outer reduced) of a
// matrix with one kept and one reduced axis. How a sum is cut depends on the reduced axes and those inside them only.
#pragma once

#include "ops/op.h"

namespace fastnn::ops {

struct Axes {
  int32_t count = 0;
  int64_t size[FASTNN_MAX_RANK] = {};
  int64_t stride[FASTNN_MAX_RANK] = {};  // in elements

  int64_t product() const;
  // Where the index-th combination of these axes, in C order, starts.
  int64_t offset(int64_t index) const;
};

struct Reduction {
  Axes kept, reduced;   // outside the matrix
  bool rows = false;    // the matrix is (columns, length), reduced along its rows; else (length, columns)
  int64_t columns = 1;  // kept
  int64_t length = 1;   // reduced

  int64_t outputs() const { return kept.product() * columns; }
  int64_t terms() const { return reduced.product() * length; }  // summed in each output
};

// reduced: bit i is set for a reduced axis i. The shape's product has been checked.
Reduction make_reduction(int32_t rank, const int64_t* shape, uint32_t reduced);

// Bytes of workspace that reduce needs.
size_t reduce_workspace(const Reduction& r);

// y (+)= sum / divisor, rounded once.
template <typename T>
void reduce(const fastnn_call& call, const Reduction& r, T* y, const T* x, double divisor, bool accumulate);

// dx (+)= dy / divisor along the reduced axes.
template <typename T>
void spread(const fastnn_call& call, const Reduction& r, T* dx, const T* dy, double divisor, bool accumulate);

}  // namespace fastnn::ops
