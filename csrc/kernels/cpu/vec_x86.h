// vec_x86.h: what vec.h asks of the instruction set, for SSE4.2 (4 lanes), AVX2 with FMA (8) and AVX-512 (16). GCC 12
// warns of the unmasked forms of some AVX-512 intrinsics; those are masked with all ones.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

constexpr int kRegisters = FASTNN_WIDTH == 16 ? 32 : 16;

#if FASTNN_WIDTH == 16
inline __m256 lower_half(__m512 v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
inline __m256 upper_half(__m512 v) { return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15); }
inline __m256d lower_half(__m512d v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
inline __m256d upper_half(__m512d v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
#endif

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

inline Vec fma(Vec a, Vec b, Vec c) {
#if FASTNN_WIDTH == 16
  return _mm512_fmadd_ps(a, b, c);
#elif FASTNN_WIDTH == 8
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

constexpr bool kHalves = FASTNN_WIDTH == 16;
inline Vec load_low(const float* p, int64_t count) {
#if FASTNN_WIDTH == 16
  const auto mask = static_cast<__mmask8>((1u << count) - 1u);
  return reinterpret_cast<Vec>(_mm512_castps256_ps512(_mm256_maskz_loadu_ps(mask, p)));
#else
  return load_partial(p, count);
#endif
}
inline Vec fma_low(Vec a, Vec b, Vec c) {
#if FASTNN_WIDTH == 16
  const __m256 low_a = lower_half(reinterpret_cast<__m512>(a)), low_b = lower_half(reinterpret_cast<__m512>(b));
  const __m256 low_c = lower_half(reinterpret_cast<__m512>(c));
  return reinterpret_cast<Vec>(_mm512_castps256_ps512(_mm256_fmadd_ps(low_a, low_b, low_c)));
#else
  return fma(a, b, c);
#endif
}

inline Vec sqrt(Vec v) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Vec>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(v)));
#elif FASTNN_WIDTH == 8
  return reinterpret_cast<Vec>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#else
  return reinterpret_cast<Vec>(_mm_sqrt_ps(reinterpret_cast<__m128>(v)));
#endif
}

inline Vec larger(Vec a, Vec b) {
#if FASTNN_WIDTH == 16
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif FASTNN_WIDTH == 8
  return _mm256_max_ps(a, b);
#else
  return _mm_max_ps(a, b);
#endif
}
inline Vec smaller(Vec a, Vec b) {
#if FASTNN_WIDTH == 16
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif FASTNN_WIDTH == 8
  return _mm256_min_ps(a, b);
#else
  return _mm_min_ps(a, b);
#endif
}

inline void store_past_caches(float* p, Vec v) {
#if FASTNN_WIDTH == 16
  _mm512_stream_ps(p, v);
#elif FASTNN_WIDTH == 8
  _mm256_stream_ps(p, v);
#else
  _mm_stream_ps(p, v);
#endif
}
inline void finish_stores() { _mm_sfence(); }

// Written out, for the compiler's own conversion goes lane by lane.
inline VecInt widen_bytes(Bytes bytes) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<VecInt>(_mm512_maskz_cvtepu8_epi32(0xffff, reinterpret_cast<__m128i>(bytes)));
#elif FASTNN_WIDTH == 8
  return reinterpret_cast<VecInt>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(reinterpret_cast<int64_t>(bytes))));
#else
  return reinterpret_cast<VecInt>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(reinterpret_cast<int32_t>(bytes))));
#endif
}
inline Bytes narrow_to_bytes(VecInt v) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Bytes>(_mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(v)));
#else
  const __m128i first_bytes = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
#if FASTNN_WIDTH == 8
  const __m128i low = _mm_shuffle_epi8(_mm256_castsi256_si128(reinterpret_cast<__m256i>(v)), first_bytes);
  const __m128i high = _mm_shuffle_epi8(_mm256_extracti128_si256(reinterpret_cast<__m256i>(v), 1), first_bytes);
  return reinterpret_cast<Bytes>(_mm_cvtsi128_si64(_mm_unpacklo_epi32(low, high)));
#else
  return reinterpret_cast<Bytes>(_mm_cvtsi128_si32(_mm_shuffle_epi8(reinterpret_cast<__m128i>(v), first_bytes)));
#endif
#endif
}

inline Bytes load_bytes_partial(const uint8_t* p, int64_t count) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<Bytes>(_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << count) - 1u), p));
#else
  uint64_t bits = 0;  // gathered in a general register: one move to the vector unit
  for (int64_t i = 0; i < count; ++i) bits |= static_cast<uint64_t>(p[i]) << (8 * i);
  Bytes bytes;
  __builtin_memcpy(&bytes, &bits, sizeof(bytes));
  return bytes;
#endif
}
inline void store_bytes_partial(uint8_t* p, Bytes v, int64_t count) {
#if FASTNN_WIDTH == 16
  _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << count) - 1u), reinterpret_cast<__m128i>(v));
#else
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &v, sizeof(v));
  for (int64_t i = 0; i < count; ++i) p[i] = static_cast<uint8_t>(bits >> (8 * i));
#endif
}

inline uint32_t bits_of(VecInt mask) {
#if FASTNN_WIDTH == 16
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif FASTNN_WIDTH == 8
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#else
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#endif
}

// Halves of a vector, added or compared, down to one lane.
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

inline void add_partial(double* p, VecDoublePair v, int64_t count) {
#if FASTNN_WIDTH == 16
  const auto first = static_cast<__mmask8>((1u << count) - 1u);
  const auto second = static_cast<__mmask8>(((1u << count) - 1u) >> 8);
  _mm512_mask_storeu_pd(p, first, _mm512_add_pd(v.low, _mm512_maskz_loadu_pd(first, p)));
  _mm512_mask_storeu_pd(p + 8, second, _mm512_add_pd(v.high, _mm512_maskz_loadu_pd(second, p + 8)));
#else
  constexpr int64_t half = kWidth / 2;
  for (int64_t i = 0; i < count; ++i) p[i] += i < half ? v.low[i] : v.high[i - half];
#endif
}

inline VecLong multiply_low_halves(VecLong a, uint64_t b) {
#if FASTNN_WIDTH == 16
  return reinterpret_cast<VecLong>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(VecLong{} + b)));
#elif FASTNN_WIDTH == 8
  return reinterpret_cast<VecLong>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(VecLong{} + b)));
#else
  return reinterpret_cast<VecLong>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(VecLong{} + b)));
#endif
}

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
