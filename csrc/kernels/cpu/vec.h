// vec.h: one vector type over the compiler's vector extensions, as wide as the level it is compiled for. Plain operators
// come from the extension; what it lacks (masks, fma, conversions, sums over lanes) has a body per instruction set in
// vec_x86.h or vec_neon.h, and everything after that is written once on both.
//
// Everything is in an unnamed namespace inside the level's namespace: an AVX-512 copy must never be picked for another
// CPU. No STL, no objects that need construction.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

constexpr int64_t kWidth = FASTNN_WIDTH;  // float32 numbers in a Vec

typedef float Vec __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef int32_t VecInt __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef float VecUnaligned __attribute__((vector_size(4 * FASTNN_WIDTH), aligned(4), may_alias));
typedef uint8_t Bytes __attribute__((vector_size(FASTNN_WIDTH)));
typedef double VecDouble __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef double VecDoubleUnaligned __attribute__((vector_size(4 * FASTNN_WIDTH), aligned(8), may_alias));
struct VecDoublePair {
  VecDouble low, high;  // the first and the second half of a Vec's lanes
};
typedef uint32_t VecUint __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef uint64_t VecLong __attribute__((vector_size(4 * FASTNN_WIDTH)));

inline Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }
inline Vec broadcast(float x) { return x - Vec{}; }  // x + 0 would lose the sign of -0
inline VecInt broadcast_int(int32_t x) { return VecInt{} + x; }
inline Vec zero() { return Vec{}; }

// Bitwise choice by a comparison's result (all ones or zero per lane).
inline Vec select(VecInt mask, Vec yes, Vec no) { return mask ? yes : no; }

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL

// What both give:
//   kRegisters                                 vector registers
//   load_partial, store_partial                the first `count` lanes, 0 < count < kWidth; the others read as zero and
//                                              are not touched in memory
//   load_bytes_partial, store_bytes_partial    the same of bytes
//   fma                                        a * b + c, rounded once where the level has the instruction (base rounds
//                                              twice)
//   kHalves                                    whether half a vector takes half the time
//   load_low, fma_low                          load_partial of at most half the lanes, and fma of the lower half; what
//                                              the upper one holds is not said
//   sqrt                                       correctly rounded
//   widen_bytes, narrow_to_bytes               between 8 and 32 bits a lane
//   bits_of                                    a bit per lane of a comparison's result
//   larger, smaller                            of two numbers; the second where they are equal or one is NaN
//   store_past_caches                          for lines that nobody reads soon; p is aligned to a vector. They are in
//                                              memory for other threads behind finish_stores
//   reduce_add                                 over the lanes, halves of the vector down to one lane
//   reduce_max                                 largest lane; which of two equal zeros, or of NaN and a number, is not said
//   widen                                      to double
//   add_partial                                p[i] += the lanes of a pair, the first `count` of them
//   multiply_low_halves                        64-bit products of the lower halves of 64-bit lanes
#if defined(__x86_64__)
#include "kernels/cpu/vec_x86.h"
#elif defined(__aarch64__)
#include "kernels/cpu/vec_neon.h"
#else
#error "no vector kernels for this architecture: csrc/CMakeLists.txt builds none there"
#endif

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

// Calls body(offset, lanes) over [0, count): whole vectors with lanes == kWidth, then one partial. body uses load_n and
// store_n, so an element's bits don't depend on where it stands.
inline Vec load_n(const float* p, int64_t lanes) { return lanes == kWidth ? load(p) : load_partial(p, lanes); }
inline void store_n(float* p, Vec v, int64_t lanes) {
  if (lanes == kWidth) {
    store(p, v);
  } else {
    store_partial(p, v, lanes);
  }
}
template <typename Body>
inline __attribute__((always_inline)) void for_each_vector(int64_t count, Body body) {
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) body(i, kWidth);
  if (i < count) body(i, count - i);
}

// Stores value(offset, lanes) over [0, count) past the caches: a result far larger than they are isn't found there by who
// reads it next, and its lines are not read before they are overwritten. The bits are for_each_vector's.
template <typename Value>
inline __attribute__((always_inline)) void store_stream(float* out, int64_t count, Value value) {
  const auto place = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) / sizeof(float));
  int64_t i = -place & (kWidth - 1);
  i = i < count ? i : count;
  if (i > 0) store_n(out, value(0, i), i);
  for (; i + kWidth <= count; i += kWidth) store_past_caches(out + i, value(i, kWidth));
  if (i < count) store_n(out + i, value(i, count - i), count - i);
}

// Asks for p's line in the second level of the cache. Rows that lie powers of two apart share few sets of the first
// level, where it would push out what is in use.
inline void fetch(const void* p) { __builtin_prefetch(p, 0, 2); }

// Indices: 32 bits a lane in a register, 8 or 32 in memory; lanes as for load_n and store_n.
inline VecInt load_indices(const uint8_t* p, int64_t lanes) {
  if (lanes != kWidth) return widen_bytes(load_bytes_partial(p, lanes));
  Bytes bytes;
  __builtin_memcpy(&bytes, p, sizeof(bytes));
  return widen_bytes(bytes);
}
inline VecInt load_indices(const int32_t* p, int64_t lanes) {
  return reinterpret_cast<VecInt>(load_n(reinterpret_cast<const float*>(p), lanes));
}
inline void store_indices(uint8_t* p, VecInt v, int64_t lanes) {
  const Bytes bytes = narrow_to_bytes(v);
  if (lanes == kWidth) {
    __builtin_memcpy(p, &bytes, sizeof(bytes));
  } else {
    store_bytes_partial(p, bytes, lanes);
  }
}
inline void store_indices(int32_t* p, VecInt v, int64_t lanes) {
  store_n(reinterpret_cast<float*>(p), reinterpret_cast<Vec>(v), lanes);
}

inline VecInt lane_index() {
#if FASTNN_WIDTH == 16
  return VecInt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif FASTNN_WIDTH == 8
  return VecInt{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return VecInt{0, 1, 2, 3};
#endif
}
// load_n with `rest` in the lanes that are not loaded.
inline Vec load_n_or(const float* p, int64_t lanes, float rest) {
  if (lanes == kWidth) return load(p);
  return select(lane_index() < broadcast_int(static_cast<int32_t>(lanes)), load_partial(p, lanes), broadcast(rest));
}

// p[i] += the lanes of a pair, the first `lanes` of them.
inline void add_n(double* p, VecDoublePair v, int64_t lanes) {
  if (lanes != kWidth) {
    add_partial(p, v, lanes);
    return;
  }
  *reinterpret_cast<VecDoubleUnaligned*>(p) += v.low;
  *reinterpret_cast<VecDoubleUnaligned*>(p + kWidth / 2) += v.high;
}

// ---- 64-bit lanes for random numbers ----

// Lane numbers, and the lanes of two vectors in turn: a0 b0 a1 b1 ..., first and second half of them.
#if FASTNN_WIDTH == 16
inline VecLong long_lane_index() { return VecLong{0, 1, 2, 3, 4, 5, 6, 7}; }
inline VecLong interleave_first(VecLong a, VecLong b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline VecLong interleave_second(VecLong a, VecLong b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#elif FASTNN_WIDTH == 8
inline VecLong long_lane_index() { return VecLong{0, 1, 2, 3}; }
inline VecLong interleave_first(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
inline VecLong interleave_second(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#else
inline VecLong long_lane_index() { return VecLong{0, 1}; }
inline VecLong interleave_first(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 0, 2); }
inline VecLong interleave_second(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 1, 3); }
#endif

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
