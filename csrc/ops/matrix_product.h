// matrix_product.h: the matrix product that gemm and linear share: how it is cut into pieces, which of them are packed,
// and the workspace that takes.
#pragma once

#include "ops/op.h"

namespace fastnn::ops {

// What may compute a product: the fastest there is, or the kernels of vectors, where other products have kernels.gemm's
// bits or read the same packed b.
enum class Unit { any, vectors };

// y (m, n) = epilogue(a (m, k) @ b (k, n)). The last axis of y is contiguous; one of the two strides of a is 1, and of
// b.
template <typename T>
struct MatrixProduct {
  T* y;
  const T* a;
  const T* b;
  int64_t m, n, k;
  int64_t y_row, a_row, a_column, b_row, b_column;
  kernels::Epilogue<T> epilogue;
  const T* prepared = nullptr;  // b as pack_matrix left it for this unit, or null
  Unit unit = Unit::any;
};

// Rows of the blocks that k is summed in: as even as they can be, so that threads can share them. A function of k alone,
// for an element's bits follow from it; convolutions sum alike.
int64_t block_depth(int64_t k);

// Bytes, for any strides.
size_t matrix_product_workspace(int64_t n, int64_t k, int64_t item, Unit unit = Unit::any);

// Defined for float and double. serial: on the calling thread alone, as where other threads have products of their own.
template <typename T>
void matrix_product(const fastnn_context& context, const MatrixProduct<T>& product, void* workspace,
                    bool serial = false);

// All of b, packed ahead of a product. describe_matrix says so of input `index` of a call, or that there is nothing to
// prepare: a product of few rows reads a small b where it is. packed_matrix_bytes are those for vectors.
size_t packed_matrix_bytes(int64_t n, int64_t k, int64_t item);
template <typename T>
void pack_matrix(const fastnn_context& context, T* prepared, const T* b, int64_t n, int64_t k, int64_t b_row,
                 int64_t b_column, Unit unit = Unit::any);
void describe_matrix(const fastnn_context& context, fastnn_preparation& preparation, int64_t index, int64_t m,
                     int64_t n, int64_t k, int64_t b_row, int64_t b_column, int64_t item, Unit unit = Unit::any);

}  // namespace fastnn::ops
