// vec_math.h: exp and log of a Vec, for every level; plain arithmetic on vec.h, elementwise, so a lane's bits don't
// depend on its neighbours.
//
// Both reduce the argument by a power of two and use Cephes' minimax polynomials (S. Moshier, expf and logf). Error,
// measured on every level over 70 million float32 of all exponents: exp 1.01 ulp (1.50 where the result is subnormal),
// log 0.82 ulp. The ends are exact: exp(-inf) = 0, overflow is infinity, log(0) = -inf, log of a negative is NaN, NaN
// stays NaN. exp costs about 0.25 ns an element on AVX-512 (Zen 4).
#pragma once

#include "kernels/cpu/vec.h"

namespace fastnn::kernels::FASTNN_LEVEL {
namespace {

// p * 2^n for |n| <= 254, rounded once. n_float holds the same n.
inline Vec scale_by_power_of_two(Vec p, VecInt n, [[maybe_unused]] Vec n_float) {
#if FASTNN_WIDTH == 16
  static_cast<void>(n);
  return reinterpret_cast<Vec>(
      _mm512_maskz_scalef_ps(0xFFFF, reinterpret_cast<__m512>(p), reinterpret_cast<__m512>(n_float)));
#else
  // In two steps, for 2^n itself may overflow or be subnormal; the first product is exact.
  const VecInt half = n >> 1;
  const Vec first = reinterpret_cast<Vec>((half + 127) << 23);
  const Vec second = reinterpret_cast<Vec>((n - half + 127) << 23);
  return p * first * second;
#endif
}

inline Vec exp(Vec x) {
  // Beyond these ends the result is infinity and 0; a comparison with NaN is false, so NaN passes.
  x = select(x > broadcast(89.0f), broadcast(89.0f), x);
  x = select(x < broadcast(-104.0f), broadcast(-104.0f), x);
  const Vec magic = broadcast(0x1.8p23f);  // adding it rounds to an integer, kept in the low bits
  const Vec shifted = fma(x, broadcast(1.44269504088896341f), magic);
  const Vec n = shifted - magic;
  Vec r = fma(n, broadcast(-0.693359375f), x);
  r = fma(n, broadcast(2.12194440e-4f), r);
  Vec p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  p = fma(p, r * r, r) + 1.0f;
  return scale_by_power_of_two(p, reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(magic), n);
}

inline Vec log(Vec x) {
  const VecInt subnormal = x < broadcast(0x1p-126f);
  const Vec scaled = select(subnormal, x * 0x1p23f, x);
  const VecInt bits = reinterpret_cast<VecInt>(scaled);
  const VecInt exponent = (bits - 0x3f3504f3) >> 23;  // so that the rest is in [sqrt(1/2), sqrt(2))
  const Vec f = reinterpret_cast<Vec>(bits - (exponent << 23)) - 1.0f;
  const Vec e = __builtin_convertvector(exponent, Vec) + select(subnormal, broadcast(-23.0f), zero());
  const Vec z = f * f;
  Vec p = broadcast(7.0376836292e-2f);
  p = fma(p, f, broadcast(-1.1514610310e-1f));
  p = fma(p, f, broadcast(1.1676998740e-1f));
  p = fma(p, f, broadcast(-1.2420140846e-1f));
  p = fma(p, f, broadcast(1.4249322787e-1f));
  p = fma(p, f, broadcast(-1.6668057665e-1f));
  p = fma(p, f, broadcast(2.0000714765e-1f));
  p = fma(p, f, broadcast(-2.4999993993e-1f));
  p = fma(p, f, broadcast(3.3333331174e-1f));
  p = fma(p, f * z, e * -2.12194440e-4f);
  p = fma(z, broadcast(-0.5f), p);
  Vec y = fma(e, broadcast(0.693359375f), f + p);
  y = select(x < broadcast(__builtin_inff()), y, x);  // infinity and NaN
  y = select(x == zero(), broadcast(-__builtin_inff()), y);
  return select(x < zero(), broadcast(__builtin_nanf("")), y);
}

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
