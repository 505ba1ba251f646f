// vec_neon.h: what vec.h asks of the instruction set, for NEON on aarch64 (4 lanes), which every such CPU has. Sums over
// lanes take the same tree as SSE's: lanes 0 and 2, 1 and 3, then the two.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

static_assert(FASTNN_WIDTH == 4, "NEON's registers hold four float32 numbers");

constexpr int kRegisters = 32;

inline Vec load_partial(const float* p, int64_t count) {
  if (count == 1) return Vec{p[0]};
  if (count == 2) return Vec{p[0], p[1]};
  return Vec{p[0], p[1], p[2]};
}
inline void store_partial(float* p, Vec v, int64_t count) {
  p[0] = v[0];
  if (count > 1) p[1] = v[1];
  if (count > 2) p[2] = v[2];
}

inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
constexpr bool kHalves = false;
inline Vec load_low(const float* p, int64_t count) { return load_partial(p, count); }
inline Vec fma_low(Vec a, Vec b, Vec c) { return fma(a, b, c); }
inline Vec sqrt(Vec v) { return vsqrtq_f32(v); }

inline Bytes load_bytes_partial(const uint8_t* p, int64_t count) {
  uint32_t bits = 0;
  for (int64_t i = 0; i < count; ++i) bits |= static_cast<uint32_t>(p[i]) << (8 * i);
  return reinterpret_cast<Bytes>(bits);
}
inline void store_bytes_partial(uint8_t* p, Bytes v, int64_t count) {
  const auto bits = reinterpret_cast<uint32_t>(v);
  for (int64_t i = 0; i < count; ++i) p[i] = static_cast<uint8_t>(bits >> (8 * i));
}
inline VecInt widen_bytes(Bytes bytes) {
  const uint8x8_t eight = vreinterpret_u8_u32(vdup_n_u32(reinterpret_cast<uint32_t>(bytes)));
  return reinterpret_cast<VecInt>(vmovl_u16(vget_low_u16(vmovl_u8(eight))));
}
inline Bytes narrow_to_bytes(VecInt v) {
  const uint16x4_t four = vmovn_u32(reinterpret_cast<uint32x4_t>(v));
  return reinterpret_cast<Bytes>(vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(four, four))), 0));
}

inline uint32_t bits_of(VecInt mask) {
  const uint32x4_t bit_of_lane{1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(reinterpret_cast<uint32x4_t>(mask), bit_of_lane));
}

inline float reduce_add(Vec v) {
  const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return two[0] + two[1];
}
inline Vec larger(Vec a, Vec b) { return select(a > b, a, b); }
inline Vec smaller(Vec a, Vec b) { return select(a < b, a, b); }
inline void store_past_caches(float* p, Vec v) { store(p, v); }
inline void finish_stores() {}
inline float reduce_max(Vec v) { return vmaxvq_f32(v); }

inline VecDoublePair widen(Vec v) { return {vcvt_f64_f32(vget_low_f32(v)), vcvt_high_f64_f32(v)}; }
inline double reduce_add(VecDouble v) { return v[0] + v[1]; }
inline void add_partial(double* p, VecDoublePair v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] += i < 2 ? v.low[i] : v.high[i - 2];
}

inline VecLong multiply_low_halves(VecLong a, uint64_t b) {
  return vmull_n_u32(vmovn_u64(a), static_cast<uint32_t>(b));
}

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
