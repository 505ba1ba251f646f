// tensor.h: what the engine asks of a fastnn_tensor. Shapes are checked here once, so that ops can rely on them.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>

#include "core/errors.h"
#include "core/sizes.h"
#include "fastnn/fastnn.h"

namespace fastnn {

constexpr fastnn_dtype kFloat32{FASTNN_FLOAT, 32, 1};
constexpr fastnn_dtype kFloat64{FASTNN_FLOAT, 64, 1};
constexpr fastnn_dtype kInt32{FASTNN_INT, 32, 1};
constexpr fastnn_dtype kInt64{FASTNN_INT, 64, 1};
constexpr fastnn_dtype kUint8{FASTNN_UINT, 8, 1};
constexpr fastnn_dtype kBool{FASTNN_BOOL, 8, 1};

inline bool operator==(fastnn_dtype a, fastnn_dtype b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}
inline bool operator==(fastnn_device a, fastnn_device b) { return a.type == b.type && a.index == b.index; }

inline bool is_float(fastnn_dtype dtype) { return dtype == kFloat32 || dtype == kFloat64; }

inline int64_t item_size(fastnn_dtype dtype) { return dtype.bits / 8; }
std::string dtype_name(fastnn_dtype dtype);                  // "float32"
std::string shape_text(int32_t rank, const int64_t* shape);  // "(3, 3, 32, 128)"
inline std::string shape_text(const fastnn_tensor& t) { return shape_text(t.rank, t.shape); }

// Number of elements; the product is checked.
int64_t element_count(int32_t rank, const int64_t* shape);
inline int64_t element_count(const fastnn_tensor& t) { return element_count(t.rank, t.shape); }

// Refuses a tensor whose fields make no sense: struct_size, rank, negative sizes, lanes. Everything else here relies on
// it. `who` and `argument` begin the sentence.
void check_fields(const char* who, const char* argument, const fastnn_tensor& t);

// The bytes between the first and the last element; empty when there are none.
struct ByteRange {
  const char* begin = nullptr;
  const char* end = nullptr;
};
ByteRange byte_range(const fastnn_tensor& t);
inline bool overlap(ByteRange a, ByteRange b) { return a.begin < b.end && b.begin < a.end; }

// Whether it stands for a shape and has no memory.
inline bool is_abstract(const fastnn_tensor& t) { return (t.flags & FASTNN_ABSTRACT) != 0; }
// Whether the output of a view op lies in its input's memory.
inline bool shares_memory(const fastnn_tensor& output, const fastnn_tensor& input) {
  return output.data == input.data && (output.data != nullptr || output.storage == input.storage);
}

bool is_contiguous(const fastnn_tensor& t);
bool same_shape(const fastnn_tensor& a, const fastnn_tensor& b);
void set_contiguous_strides(fastnn_tensor& t);

// Describes an output of infer: contiguous, no data.
void set_output(fastnn_tensor* output, fastnn_dtype dtype, fastnn_device device, int32_t rank, const int64_t* shape);
inline void set_output(fastnn_tensor* output, fastnn_dtype dtype, fastnn_device device,
                       std::initializer_list<int64_t> shape) {
  set_output(output, dtype, device, static_cast<int32_t>(shape.size()), shape.begin());
}
inline void set_output_like(fastnn_tensor* output, const fastnn_tensor& like) {
  set_output(output, like.dtype, like.device, like.rank, like.shape);
}

// First element of the view.
template <typename T>
T* data(const fastnn_tensor& t) {
  // signed: a slice of a reversed view begins below data
  return reinterpret_cast<T*>(static_cast<char*>(t.data) + static_cast<int64_t>(t.byte_offset));
}

}  // namespace fastnn
