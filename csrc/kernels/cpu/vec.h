// vec.h: one vector type over the compiler's vector extensions, as wide as the level it is compiled for. Plain operators
// come from the extension; only what it lacks (masks, fma, min/max, conversions) has a body per instruction set.
//
// Everything is in an unnamed namespace inside the level's namespace: an AVX-512 copy must never be picked for another
// CPU. No STL, no objects that need construction.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

constexpr int64_t kWidth = FASTNN_WIDTH;  // float32 numbers in a Vec

typedef float Vec __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef int32_t VecInt __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef float VecUnaligned __attribute__((vector_size(4 * FASTNN_WIDTH), aligned(4), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }
inline Vec broadcast(float x) { return x - Vec{}; }  // x + 0 would lose the sign of -0
inline VecInt broadcast_int(int32_t x) { return VecInt{} + x; }
inline Vec zero() { return Vec{}; }

// The first `count` lanes, 0 < count < kWidth; the others read as zero and are not touched in memory.
inline Vec load_partial(const float* p, int64_t count) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Vec>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1u), p));
#elif FASTNN_WIDTH == 8
  const VecInt lane{0, 1, 2, 3, 4, 5, 6, 7};
  const VecInt mask = lane < static_cast<int32_t>(count);
  return reinterpret_cast<Vec>(_mm256_maskload_ps(p, reinterpret_cast<__m256i>(mask)));
#else
  if (count == 1) return Vec{p[0]};
  if (count == 2) return Vec{p[0], p[1]};
  return Vec{p[0], p[1], p[2]};
#endif
}
inline void store_partial(float* p, Vec v, int64_t count) {
#if FASTNN_WIDTH == 16
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1u), reinterpret_cast<__m512>(v));
#elif FASTNN_WIDTH == 8
  const VecInt lane{0, 1, 2, 3, 4, 5, 6, 7};
  const VecInt mask = lane < static_cast<int32_t>(count);
  _mm256_maskstore_ps(p, reinterpret_cast<__m256i>(mask), reinterpret_cast<__m256>(v));
#else
  p[0] = v[0];
  if (count > 1) p[1] = v[1];
  if (count > 2) p[2] = v[2];
#endif
}

// a * b + c, rounded once where the level has the instruction (base rounds twice).
inline Vec fma(Vec a, Vec b, Vec c) {
#if FASTNN_WIDTH == 16
  return _mm512_fmadd_ps(a, b, c);
#elif FASTNN_WIDTH == 8
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

// Bitwise choice by a comparison's result (all ones or zero per lane).
inline Vec select(VecInt mask, Vec yes, Vec no) { return mask ? yes : no; }

// Correctly rounded square root.
inline Vec sqrt(Vec v) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Vec>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(v)));
#elif FASTNN_WIDTH == 8
  return reinterpret_cast<Vec>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#elif defined(__SSE2__)
  return reinterpret_cast<Vec>(_mm_sqrt_ps(reinterpret_cast<__m128>(v)));
#else
  for (int64_t i = 0; i < kWidth; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

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

// Indices: 32 bits a lane in a register, 8 or 32 in memory; lanes as for load_n and store_n.
typedef uint8_t Bytes __attribute__((vector_size(FASTNN_WIDTH)));
// Written out, for the compiler's own conversion goes lane by lane.
inline VecInt widen_bytes(Bytes bytes) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<VecInt>(_mm512_maskz_cvtepu8_epi32(0xffff, reinterpret_cast<__m128i>(bytes)));
#elif FASTNN_WIDTH == 8
  return reinterpret_cast<VecInt>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(reinterpret_cast<int64_t>(bytes))));
#elif defined(__SSE4_1__)
  return reinterpret_cast<VecInt>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(reinterpret_cast<int32_t>(bytes))));
#else
  return __builtin_convertvector(bytes, VecInt);
#endif
}
inline Bytes narrow_to_bytes(VecInt v) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Bytes>(_mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(v)));
#elif FASTNN_WIDTH == 8 || defined(__SSSE3__)
  const __m128i first_bytes = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
#if FASTNN_WIDTH == 8
  const __m128i low = _mm_shuffle_epi8(_mm256_castsi256_si128(reinterpret_cast<__m256i>(v)), first_bytes);
  const __m128i high = _mm_shuffle_epi8(_mm256_extracti128_si256(reinterpret_cast<__m256i>(v), 1), first_bytes);
  return reinterpret_cast<Bytes>(_mm_cvtsi128_si64(_mm_unpacklo_epi32(low, high)));
#else
  return reinterpret_cast<Bytes>(_mm_cvtsi128_si32(_mm_shuffle_epi8(reinterpret_cast<__m128i>(v), first_bytes)));
#endif
#else
  return __builtin_convertvector(v, Bytes);
#endif
}
inline VecInt load_indices(const uint8_t* p, int64_t lanes) {
  Bytes bytes;
  if (lanes == kWidth) {
    __builtin_memcpy(&bytes, p, sizeof(bytes));
  } else {
#if FASTNN_WIDTH == 16
    bytes = reinterpret_cast<Bytes>(_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << lanes) - 1u), p));
#else
    uint64_t bits = 0;  // gathered in a general register: one move to the vector unit
    for (int64_t i = 0; i < lanes; ++i) bits |= static_cast<uint64_t>(p[i]) << (8 * i);
    __builtin_memcpy(&bytes, &bits, sizeof(bytes));
#endif
  }
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
#if FASTNN_WIDTH == 16
    _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << lanes) - 1u), reinterpret_cast<__m128i>(bytes));
#else
    uint64_t bits = 0;
    __builtin_memcpy(&bits, &bytes, sizeof(bytes));
    for (int64_t i = 0; i < lanes; ++i) p[i] = static_cast<uint8_t>(bits >> (8 * i));
#endif
  }
}
inline void store_indices(int32_t* p, VecInt v, int64_t lanes) {
  store_n(reinterpret_cast<float*>(p), reinterpret_cast<Vec>(v), lanes);
}

// ---- reductions over lanes, in a fixed tree; doubles for sums ----

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

// A bit per lane of a comparison's result.
inline uint32_t bits_of(VecInt mask) {
#if FASTNN_WIDTH == 16
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif FASTNN_WIDTH == 8
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#else
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#endif
}

// Halves of a vector, added or compared, down to one lane. (GCC 12 warns of the unmasked forms of some intrinsics.)
#if FASTNN_WIDTH == 16
inline __m256 lower_half(__m512 v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
inline __m256 upper_half(__m512 v) { return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15); }
inline __m256d lower_half(__m512d v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
inline __m256d upper_half(__m512d v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
#endif
inline float reduce_add(Vec v) {
#if FASTNN_WIDTH == 16
  const __m256 eight = _mm256_add_ps(lower_half(v), upper_half(v));
#elif FASTNN_WIDTH == 8
  const __m256 eight = v;
#endif
#if FASTNN_WIDTH == 4
  const __m128 four = v;
#else
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#endif
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
// Largest lane; which of two equal zeros, or of NaN and a number, is not said.
inline float reduce_max(Vec v) {
#if FASTNN_WIDTH == 16
  const __m256 eight = _mm256_max_ps(lower_half(v), upper_half(v));
#elif FASTNN_WIDTH == 8
  const __m256 eight = v;
#endif
#if FASTNN_WIDTH == 4
  const __m128 four = v;
#else
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#endif
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

typedef double VecDouble __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef double VecDoubleUnaligned __attribute__((vector_size(4 * FASTNN_WIDTH), aligned(8), may_alias));
struct VecDoublePair {
  VecDouble low, high;  // the first and the second half of a Vec's lanes
};
inline VecDoublePair widen(Vec v) {
#if FASTNN_WIDTH == 16
  return {_mm512_maskz_cvtps_pd(0xFF, lower_half(v)), _mm512_maskz_cvtps_pd(0xFF, upper_half(v))};
#elif FASTNN_WIDTH == 8
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
#else
  return {_mm_cvtps_pd(v), _mm_cvtps_pd(_mm_movehl_ps(v, v))};
#endif
}
inline double reduce_add(VecDouble v) {
#if FASTNN_WIDTH == 16
  const __m256d four = _mm256_add_pd(lower_half(v), upper_half(v));
#elif FASTNN_WIDTH == 8
  const __m256d four = v;
#endif
#if FASTNN_WIDTH == 4
  const __m128d two = v;
#else
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
#endif
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
// p[i] += the lanes of a pair, the first `lanes` of them.
inline void add_n(double* p, VecDoublePair v, int64_t lanes) {
  if (lanes == kWidth) {
    *reinterpret_cast<VecDoubleUnaligned*>(p) += v.low;
    *reinterpret_cast<VecDoubleUnaligned*>(p + kWidth / 2) += v.high;
    return;
  }
#if FASTNN_WIDTH == 16
  const auto first = static_cast<__mmask8>((1u << lanes) - 1u);
  const auto second = static_cast<__mmask8>(((1u << lanes) - 1u) >> 8);
  _mm512_mask_storeu_pd(p, first, _mm512_add_pd(v.low, _mm512_maskz_loadu_pd(first, p)));
  _mm512_mask_storeu_pd(p + 8, second, _mm512_add_pd(v.high, _mm512_maskz_loadu_pd(second, p + 8)));
#else
  constexpr int64_t half = kWidth / 2;
  for (int64_t i = 0; i < lanes; ++i) p[i] += i < half ? v.low[i] : v.high[i - half];
#endif
}

// ---- 64-bit lanes for random numbers ----

typedef uint32_t VecUint __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef uint64_t VecLong __attribute__((vector_size(4 * FASTNN_WIDTH)));
// Lane numbers, products of the lower halves, and the lanes of two vectors in turn: a0 b0 a1 b1 ..., first and second
// half of them.
#if FASTNN_WIDTH == 16
inline VecLong long_lane_index() { return VecLong{0, 1, 2, 3, 4, 5, 6, 7}; }
inline VecLong multiply_low_halves(VecLong a, uint64_t b) {
  return reinterpret_cast<VecLong>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(VecLong{} + b)));
}
inline VecLong interleave_first(VecLong a, VecLong b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline VecLong interleave_second(VecLong a, VecLong b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#elif FASTNN_WIDTH == 8
inline VecLong long_lane_index() { return VecLong{0, 1, 2, 3}; }
inline VecLong multiply_low_halves(VecLong a, uint64_t b) {
  return reinterpret_cast<VecLong>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(VecLong{} + b)));
}
inline VecLong interleave_first(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
inline VecLong interleave_second(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#else
inline VecLong long_lane_index() { return VecLong{0, 1}; }
inline VecLong multiply_low_halves(VecLong a, uint64_t b) {
  return reinterpret_cast<VecLong>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(VecLong{} + b)));
}
inline VecLong interleave_first(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 0, 2); }
inline VecLong interleave_second(VecLong a, VecLong b) { return __builtin_shufflevector(a, b, 1, 3); }
#endif

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
