// op.h: what every ops/<op>.cpp is written with. An op is two functions, declared by schema.inc:
//
//   size_t <op>_infer(const fastnn_call&)  checks arguments, describes every wanted output (set_output), returns the
//                                          workspace in bytes; touches no data and no pointer;
//   void <op>_run(const fastnn_call&)      computes. The engine has called infer, checked the outputs against it, made
//                                          inputs as contiguous as the schema says, and brought call.workspace
//                                          (64-byte aligned). run must check labels and the like before it writes.
//
// An op that packs its weights can do so ahead of a run, which then finds call.prepared:
//
//   void <op>_describe(const fastnn_call&, fastnn_preparation&)  of which inputs, how many bytes, in which form;
//   void <op>_prepare(const fastnn_call&, void* prepared)        makes it. The bits of a run don't depend on it.
#pragma once

#include <string>
#include <type_traits>

#include "core/errors.h"
#include "core/parallel.h"
#include "core/sizes.h"
#include "core/tensor.h"
#include "fastnn/fastnn.h"
#include "kernels/kernels.h"

namespace fastnn::ops {

struct OpRow {
  fastnn_schema schema;
  size_t (*infer)(const fastnn_call&);
  void (*run)(const fastnn_call&);
  double (*flops)(const fastnn_call&);                        // NULL: one for each element of output 0
  void (*describe)(const fastnn_call&, fastnn_preparation&);  // NULL: the op prepares nothing
  void (*prepare)(const fastnn_call&, void*);
};

// What the first number of a fastnn_preparation's form says.
enum PreparedForm : int64_t { kPackedMatrix, kPackedConvolution, kPackedBackward, kWinogradWeight, kPackedRecurrent };

inline const fastnn_tensor& input(const fastnn_call& call, int64_t index) { return *call.inputs[index]; }
inline bool has_input(const fastnn_call& call, int64_t index) {
  return index < call.input_count && call.inputs[index] != nullptr;
}
inline fastnn_tensor& output(const fastnn_call& call, int64_t index) { return *call.outputs[index]; }
inline bool wants_output(const fastnn_call& call, int64_t index) {
  return index < call.output_count && call.outputs[index] != nullptr;
}
inline bool accumulates(const fastnn_call& call, int64_t index) { return (call.accumulate >> index) & 1; }
template <typename Attributes>
const Attributes& attributes(const fastnn_call& call) {
  return *static_cast<const Attributes*>(call.attributes);
}

// Whether a result is so large that who reads it next finds none of it in any cache: then it may be written past them.
// Where caches of 32 MB are shared, 16 MB written and read once lose by it, 64 MB gain a fifth.
inline bool is_streamed(const fastnn_tensor& t) {
  constexpr int64_t kBytes = int64_t{48} << 20;
  return element_count(t) * item_size(t.dtype) >= kBytes;
}

// Checks that raise in the house's form. `argument` is the name in the schema.
void check_float(const char* op, const char* argument, const fastnn_tensor& t);   // float32 or float64, else TypeError
void check_number(const char* op, const char* argument, const fastnn_tensor& t);  // those, int32, int64 or uint8
void check_storable(const char* op, const char* argument, const fastnn_tensor& t);  // those or bool
void check_mask(const char* op, const char* argument, const fastnn_tensor& t);      // bool or uint8
void check_same_dtype(const char* op, const char* argument, const fastnn_tensor& t, const char* other_argument,
                      const fastnn_tensor& other);
// "conv2d: expected x (batch, height, width, channels), got (3, 4)"
void check_rank(const char* op, const char* argument, const fastnn_tensor& t, int32_t rank, const char* expected);
void check_shape(const char* op, const char* argument, const fastnn_tensor& t, std::initializer_list<int64_t> expected);
void check_same_shape(const char* op, const char* argument, const fastnn_tensor& t, const fastnn_tensor& expected);
// "dropout: expected rate in [0, 1), got 1.5"
void check_value(bool ok, const char* op, const char* attribute, const char* expected, double got);
// A negative axis counts from the end. Raises ValueError out of range.
int32_t normalize_axis(const char* op, int64_t axis, int32_t rank);

// Describes the output of an op that makes a tensor like input 0 or, when that is absent, of a shape and dtype.
void set_output_from(const char* op, const fastnn_call& call, const fastnn_list& shape, fastnn_dtype dtype);

// Calls body with a value of the C++ type behind a floating dtype: with_float_type(x.dtype, [&](auto zero) {
// using T = decltype(zero); ... }).
template <typename Body>
void with_float_type(fastnn_dtype dtype, Body&& body) {
  if (dtype == kFloat64) {
    body(double{});
  } else {
    body(float{});
  }
}

// The same for every dtype that check_storable takes; bool is uint8.
template <typename Body>
void with_type(fastnn_dtype dtype, Body&& body) {
  if (dtype == kInt32) {
    body(int32_t{});
  } else if (dtype == kInt64) {
    body(int64_t{});
  } else if (dtype == kUint8 || dtype == kBool) {
    body(uint8_t{});
  } else {
    with_float_type(dtype, body);
  }
}

// The kernels for an element type: the active level's for float, the reference's for double, the integers' own.
template <typename T>
const auto& table() {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::active_table();
  } else if constexpr (std::is_same_v<T, double>) {
    return kernels::reference_table_double();
  } else {
    return kernels::integer_table<T>();
  }
}

}  // namespace fastnn::ops
