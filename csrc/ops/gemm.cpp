// gemm.cpp: y = op(a) @ op(b), over batch axes that broadcast. A transpose is a matter of strides; nothing is copied for
// it but b's packed blocks. Many small products are spread over threads by the batch, few large ones inside; an
// element's bits don't depend on which (matrix_product.cpp).
#include <algorithm>

#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/matrix_product.h"
#include "ops/strided.h"

namespace fastnn::ops {
namespace {

// The products of a call: `count` of them, a's and b's matrices strides apart.
struct Batch {
  int32_t rank = 0;
  int64_t count = 1;
  int64_t shape[FASTNN_MAX_RANK], a[FASTNN_MAX_RANK], b[FASTNN_MAX_RANK];
};

struct Sizes {
  int64_t m, n, k;
};

fastnn_tensor without_matrix(const fastnn_tensor& t) {
  fastnn_tensor batch = t;
  batch.rank -= 2;
  return batch;
}

Batch batch_of(const fastnn_tensor& a, const fastnn_tensor& b) {
  const fastnn_tensor of_a = without_matrix(a), of_b = without_matrix(b);
  Batch batch;
  batch.rank = broadcast_shape("gemm", {&of_a, &of_b}, batch.shape);
  batch.count = element_count(batch.rank, batch.shape);
  broadcast_strides(of_a, batch.rank, batch.a);
  broadcast_strides(of_b, batch.rank, batch.b);
  return batch;
}

Sizes sizes_of(const fastnn_gemm_attributes& options, const fastnn_tensor& a, const fastnn_tensor& b) {
  const int64_t rows_a = a.shape[a.rank - 2], columns_a = a.shape[a.rank - 1];
  return {options.transpose_a ? columns_a : rows_a, options.transpose_b ? b.shape[b.rank - 2] : b.shape[b.rank - 1],
          options.transpose_a ? rows_a : columns_a};
}

// How the batch is spread: chunks of `grain` products, or one product after another, each cut inside. A function of
// shape alone.
struct Cut {
  bool inside;
  int64_t grain, chunks;
  size_t workspace;  // bytes of a chunk
};

Cut cut_batch(const Sizes& s, int64_t count, int64_t item) {
  constexpr double kLarge = 16e6, kFew = 1e6, kChunk = 2.5e6;  // multiplications
  constexpr int64_t kMostChunks = 64, kFewest = 8;
  constexpr size_t kMemory = size_t{32} << 20;
  const double each = static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  Cut cut{};
  cut.workspace = static_cast<size_t>(round_up(static_cast<int64_t>(matrix_product_workspace(s.n, s.k, item)), 64));
  cut.inside = count <= 1 || each >= kLarge || (count < kFewest && each >= kFew);
  if (cut.inside) {
    cut.grain = count;
    cut.chunks = 1;
    return cut;
  }
  const double total = each * static_cast<double>(count) / kChunk;
  int64_t wanted = total < kFewest ? kFewest : total > kMostChunks ? kMostChunks : static_cast<int64_t>(total);
  if (cut.workspace > 0) {
    wanted = std::min(wanted, std::max(kFewest, static_cast<int64_t>(kMemory / cut.workspace)));
  }
  cut.grain = ceil_divide(count, wanted);
  cut.chunks = ceil_divide(count, cut.grain);
  return cut;
}

// Matrices of a that lie below one another, each times the same b, are one matrix.
bool is_one_product(const Batch& batch, const fastnn_tensor& a) {
  int64_t next = a.strides[a.rank - 2] * a.shape[a.rank - 2];
  for (int32_t axis = batch.rank - 1; axis >= 0; --axis) {
    if (batch.shape[axis] == 1) continue;
    if (batch.b[axis] != 0 || batch.a[axis] != next) return false;
    next *= batch.shape[axis];
  }
  return true;
}

struct Operand {
  int64_t row, column;  // strides of the product's matrix
};

Operand matrix_of(const fastnn_tensor& t, bool transpose) {
  const Operand as_is{t.strides[t.rank - 2], t.strides[t.rank - 1]};
  return transpose ? Operand{as_is.column, as_is.row} : as_is;
}

// The stride of an axis of size one says nothing.
Operand b_of(const fastnn_gemm_attributes& options, const Sizes& s, const fastnn_tensor& b) {
  Operand result = matrix_of(b, options.transpose_b != 0);
  if (s.k == 1) result.row = std::max<int64_t>(s.n, 1);
  if (s.n == 1) result.column = 1;
  return result;
}

// A tall gradient of a weight, a^T b of few columns, is turned after its transpose b^T a was computed: that packs the
// narrow matrix and reads the broad one by rows. The products and the order of their sums are the same. 512x128 of 2048
// rows, two threads, from memory 2.4 -> 1.9 ms; 512x256 and squares gain less than turning costs.
bool is_tall(const fastnn_gemm_attributes& options, const Sizes& s, int64_t count) {
  constexpr int64_t kLeastColumns = 65, kMostColumns = 768, kLeastDepth = 512, kTimes = 4;
  return options.transpose_a && !options.transpose_b && count == 1 && s.n >= kLeastColumns && s.n <= kMostColumns &&
         s.m >= kTimes * s.n && s.k >= kLeastDepth;
}
size_t turned_bytes(const Sizes& s, int64_t item) { return static_cast<size_t>(round_up(s.m * s.n * item, 64)); }

template <typename T>
void multiply_tall(const fastnn_call& call, const MatrixProduct<T>& p) {
  T* const turned = static_cast<T*>(call.workspace);
  const MatrixProduct<T> product{turned, p.b,        p.a,     p.n,        p.m,     p.k,
                                 p.m,    p.b_column, p.b_row, p.a_column, p.a_row, {nullptr, false, false}};
  matrix_product(*call.context, product, static_cast<char*>(call.workspace) + turned_bytes({p.m, p.n, p.k}, sizeof(T)));
  const fastnn_tensor& y = output(call, 0);
  fastnn_tensor x = y;
  x.data = turned;
  x.byte_offset = 0;
  x.strides[x.rank - 2] = 1;
  x.strides[x.rank - 1] = p.m;
  copy_strided(*call.context, y, x, p.epilogue.accumulate);
}

// Whether one b is multiplied with all of a.
bool is_one_matrix(const fastnn_tensor& b) { return element_count(b.rank - 2, b.shape) == 1; }

}  // namespace

size_t gemm_infer(const fastnn_call& call) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  check_float("gemm", "a", a);
  check_same_dtype("gemm", "b", b, "a", a);
  if (a.rank < 2) {
    value_error("gemm: expected a ", options.transpose_a ? "(..., k, m)" : "(..., m, k)", ", got ", shape_text(a));
  }
  if (b.rank < 2) {
    value_error("gemm: expected b ", options.transpose_b ? "(..., n, k)" : "(..., k, n)", ", got ", shape_text(b));
  }
  const Sizes s = sizes_of(options, a, b);
  if (b.shape[b.rank - (options.transpose_b ? 1 : 2)] != s.k) {
    value_error("gemm: expected b ",
                options.transpose_b ? concat("(..., n, ", s.k, ")") : concat("(..., ", s.k, ", n)"), ", got ",
                shape_text(b));
  }
  Batch batch = batch_of(a, b);
  batch.shape[batch.rank] = s.m;
  batch.shape[batch.rank + 1] = s.n;
  set_output(&output(call, 0), a.dtype, a.device, batch.rank + 2, batch.shape);
  const int64_t item = item_size(a.dtype);
  const Cut cut = cut_batch(s, batch.count, item);
  const size_t size = cut.workspace * static_cast<size_t>(cut.chunks);
  if (!is_tall(options, s, batch.count)) return size;
  return std::max(size, turned_bytes(s, item) + matrix_product_workspace(s.m, s.k, item));
}

void gemm_run(const fastnn_call& call) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor& a = input(call, 0);
  const fastnn_tensor& b = input(call, 1);
  const fastnn_tensor& y = output(call, 0);
  const Batch batch = batch_of(a, b);
  const Sizes s = sizes_of(options, a, b);
  const Cut cut = cut_batch(s, batch.count, item_size(a.dtype));
  Operand of_a = matrix_of(a, options.transpose_a != 0);
  const Operand of_b = b_of(options, s, b);
  if (s.k == 1) {
    of_a.column = 1;
  } else if (s.m == 1 && of_a.column != 1) {
    of_a.row = 1;
  }
  with_float_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    MatrixProduct<T> product{data<T>(y),
                             data<T>(a),
                             data<T>(b),
                             s.m,
                             s.n,
                             s.k,
                             s.n,
                             of_a.row,
                             of_a.column,
                             of_b.row,
                             of_b.column,
                             {nullptr, false, accumulates(call, 0)},
                             static_cast<const T*>(call.prepared)};
    if (batch.count > 1 && !options.transpose_a && of_a.column == 1 && is_one_product(batch, a)) {
      product.m *= batch.count;
      matrix_product(*call.context, product, call.workspace);
      return;
    }
    if (is_tall(options, s, batch.count) && product.a_row == 1 && product.b_column == 1 &&
        product.prepared == nullptr) {
      multiply_tall(call, product);
      return;
    }
    const double nanoseconds =
        static_cast<double>(batch.count) *
        (200 + static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k) / 50);
    parallel_for(*call.context, cut.chunks, nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, batch.count, cut.grain);
      for (int64_t i = range.begin; i < range.end; ++i) {
        MatrixProduct<T> one = product;
        one.y += i * s.m * s.n;
        int64_t rest = i;
        for (int32_t axis = batch.rank - 1; axis >= 0; --axis) {
          one.a += rest % batch.shape[axis] * batch.a[axis];
          one.b += rest % batch.shape[axis] * batch.b[axis];
          rest /= batch.shape[axis];
        }
        matrix_product(*call.context, one,
                       static_cast<char*>(call.workspace) + cut.workspace * static_cast<size_t>(chunk), !cut.inside);
      }
    });
  });
}

void gemm_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor &a = input(call, 0), &b = input(call, 1);
  if (!is_one_matrix(b)) return;
  const Sizes s = sizes_of(options, a, b);
  const auto [row, column] = b_of(options, s, b);
  const bool together = !options.transpose_a && is_one_product(batch_of(a, b), a);
  const int64_t m = together ? element_count(a.rank - 1, a.shape) : s.m;
  describe_matrix(*call.context, preparation, 1, m, s.n, s.k, row, column, item_size(a.dtype));
}

void gemm_prepare(const fastnn_call& call, void* prepared) {
  const auto& options = attributes<fastnn_gemm_attributes>(call);
  const fastnn_tensor& b = input(call, 1);
  const Sizes s = sizes_of(options, input(call, 0), b);
  const Operand of_b = b_of(options, s, b);
  with_float_type(b.dtype, [&](auto zero) {
    using T = decltype(zero);
    pack_matrix(*call.context, static_cast<T*>(prepared), data<T>(b), s.n, s.k, of_b.row, of_b.column);
  });
}

}  // namespace fastnn::ops
