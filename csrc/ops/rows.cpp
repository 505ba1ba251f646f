// rows.cpp: see rows.h. Rows of one dtype are copied, others converted by the kernels of the op cast.
#include "ops/rows.h"

#include <algorithm>
#include <cstring>

#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kChunkBytes = 16 * 1024;

}  // namespace

bool can_convert(fastnn_dtype from, fastnn_dtype to) {
  kernels::ItemType unused;
  return from == to || (find_item_type(from, &unused) && find_item_type(to, &unused));
}

void copy_rows(const fastnn_context& context, const fastnn_tensor& y, const fastnn_tensor& x, const int64_t* numbers,
               int64_t first) {
  const int64_t rows = y.shape[0];
  const int64_t width = element_count(y.rank - 1, y.shape + 1);
  if (rows == 0 || width == 0) return;
  const int64_t to_bytes = width * item_size(y.dtype);
  const int64_t from_bytes = width * item_size(x.dtype);
  kernels::CastKernel convert = nullptr;
  if (!(x.dtype == y.dtype)) {
    kernels::ItemType to{}, from{};
    find_item_type(y.dtype, &to);
    find_item_type(x.dtype, &from);
    convert = kernels::cast_kernel(to, from);
  }
  // rows that stand side by side move as one
  const int64_t grain = std::max<int64_t>(1, kChunkBytes / std::max(to_bytes, from_bytes));
  const double cost = convert == nullptr ? 0.1 * static_cast<double>(to_bytes) : 0.5 * static_cast<double>(width);
  parallel_for(context, ceil_divide(rows, grain), cost * static_cast<double>(rows), [&](int64_t chunk) {
    const Range range = chunk_range(chunk, rows, grain);
    const int64_t step = numbers == nullptr ? range.end - range.begin : 1;
    for (int64_t row = range.begin; row < range.end; row += step) {
      char* to = data<char>(y) + row * to_bytes;
      const char* from = data<char>(x) + (numbers == nullptr ? first + row : numbers[row]) * from_bytes;
      if (convert == nullptr) {
        std::memcpy(to, from, static_cast<size_t>(step * to_bytes));
      } else {
        convert(to, from, 1, step * width, {0, 1, 0, 1});
      }
    }
  });
}

}  // namespace fastnn::ops
