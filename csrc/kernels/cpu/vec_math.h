// vec_math.h: elementary functions of a Vec, for every level; plain arithmetic on vec.h, elementwise, so a lane's bits
// don't depend on its neighbours.
//
// exp, expm1 and log reduce the argument by a power of two and use Cephes' minimax polynomials (S. Moshier, expf and
// logf). Error, measured on every level over 70 million float32 of all exponents: exp 1.01 ulp (1.50 where the result is
// subnormal), log 0.82 ulp; over 4 million: tanh 2.3, sigmoid 2.2, softplus 1.8, power 0.51, silu 2.7, gelu 3.0 and its
// approximation with tanh 2.8 ulp, where the result is a normal number; tests/test_accuracy.py holds them to it. The ends
// are exact: exp(-inf) = 0, overflow is infinity, log(0) = -inf, log of a negative is NaN, NaN stays NaN. exp costs about
// 0.25 ns an element on AVX-512 (Zen 4), power 3 ns.
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

// exp(x) as p * 2^n: what multiplies p keeps its last bits where 2^n would make a subnormal of it. n_float holds n.
struct ExpParts {
  Vec p;
  VecInt n;
  Vec n_float;
};

// exp(r) for |r| <= log(2) / 2.
inline Vec exp_reduced(Vec r) {
  Vec p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  return fma(p, r * r, r) + 1.0f;
}

// x within [low, 89], low >= -150; NaN passes, for a comparison with it is false.
inline ExpParts exp_parts(Vec x, float low) {
  x = select(x > broadcast(89.0f), broadcast(89.0f), x);
  x = select(x < broadcast(low), broadcast(low), x);
  const Vec magic = broadcast(0x1.8p23f);  // adding it rounds to an integer, kept in the low bits
  const Vec shifted = fma(x, broadcast(1.44269504088896341f), magic);
  const Vec n = shifted - magic;
  Vec r = fma(n, broadcast(-0.693359375f), x);
  r = fma(n, broadcast(2.12194440e-4f), r);
  return {exp_reduced(r), reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(magic), n};
}

inline Vec scale_by_power_of_two(ExpParts e) { return scale_by_power_of_two(e.p, e.n, e.n_float); }

// The number where mask is false, 2^n times it where it is true.
inline Vec scale_where(VecInt mask, Vec x, ExpParts e) {
  return scale_by_power_of_two(x, e.n & mask, select(mask, e.n_float, zero()));
}

// Beyond the ends the result is infinity and 0.
inline Vec exp(Vec x) { return scale_by_power_of_two(exp_parts(x, -104.0f)); }

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

inline Vec absolute(Vec x) { return reinterpret_cast<Vec>(reinterpret_cast<VecInt>(x) & 0x7fffffff); }
inline Vec copy_sign(Vec magnitude, Vec sign) {
  return reinterpret_cast<Vec>((reinterpret_cast<VecInt>(magnitude) & 0x7fffffff) |
                               (reinterpret_cast<VecInt>(sign) & static_cast<int32_t>(0x80000000)));
}

// exp(x) - 1 for x in [-30, 30]; smaller ones count as -30, larger ones as 30. Reduced as exp, with the one taken from
// 2^n instead of the polynomial, so that it stays exact near zero.
inline Vec expm1(Vec x) {
  x = select(x > broadcast(30.0f), broadcast(30.0f), x);
  x = select(x < broadcast(-30.0f), broadcast(-30.0f), x);
  const Vec magic = broadcast(0x1.8p23f);
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
  p = fma(p, r * r, r);
  const VecInt exponent = reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(magic);
  const Vec scale = reinterpret_cast<Vec>((exponent + 127) << 23);
  return fma(p, scale, scale - 1.0f);
}

// ---- doubles, where float32 steps would cost the last bits ----

typedef int64_t VecLongSigned __attribute__((vector_size(4 * FASTNN_WIDTH)));
typedef float VecHalf __attribute__((vector_size(2 * FASTNN_WIDTH)));
inline VecDouble broadcast_double(double x) { return x - VecDouble{}; }
// Both halves rounded to float32: the opposite of widen.
inline Vec narrow(VecDoublePair v) {
  const VecHalf low = __builtin_convertvector(v.low, VecHalf);
  const VecHalf high = __builtin_convertvector(v.high, VecHalf);
  Vec result;
  __builtin_memcpy(&result, &low, sizeof(low));
  __builtin_memcpy(reinterpret_cast<char*>(&result) + sizeof(low), &high, sizeof(high));
  return result;
}

// ---- activations ----

// (exp(2|x|) - 1) / (exp(2|x|) + 1) with x's sign; one from |x| = 10 on.
inline Vec tanh(Vec x) {
  const Vec t = expm1(absolute(x) * 2.0f);
  return copy_sign(select(absolute(x) > broadcast(10.0f), broadcast(1.0f), t / (t + 2.0f)), x);
}

// By exp(-|x|), which never overflows.
inline Vec sigmoid(Vec x) {
  const Vec e = exp(-absolute(x));
  return select(x < zero(), e, broadcast(1.0f)) / (e + 1.0f);
}

// max(x, 0) + log(1 + exp(-|x|)), what 1 + e rounds away put back.
inline Vec softplus(Vec x) {
  const Vec e = exp(-absolute(x));
  const Vec one_more = e + 1.0f;
  return select(x < zero(), zero(), x) + (log(one_more) + (e - (one_more - 1.0f)) / one_more);
}

// numerator * sigmoid(a) from e = exp(-|a|), where negative says a < 0: the power of two comes last.
inline Vec times_sigmoid(Vec numerator, VecInt negative, ExpParts e) {
  const Vec q = select(negative, numerator * e.p, numerator) / (scale_by_power_of_two(e) + 1.0f);
  return scale_where(negative, q, e);
}

// s * (1 + w * (1 - s)) with s = sigmoid(a), in double, for the sum may cancel. Operands as in times_sigmoid.
inline Vec times_sigmoid_slope(VecDoublePair w, VecInt negative, ExpParts e) {
  const VecDoublePair small = widen(scale_by_power_of_two(e));
  const VecDoublePair above = widen(select(negative, e.p, broadcast(1.0f)));
  const VecDoublePair other = widen(select(negative, broadcast(1.0f), scale_by_power_of_two(e)));
  const auto slope = [](VecDouble factor, VecDouble exponential, VecDouble numerator, VecDouble rest) {
    const VecDouble inverse = 1.0 / (exponential + 1.0);
    return numerator * inverse * (factor * rest * inverse + 1.0);
  };
  const Vec q =
      narrow({slope(w.low, small.low, above.low, other.low), slope(w.high, small.high, above.high, other.high)});
  return scale_where(negative, q, e);
}

// x * sigmoid(x); NaN at -infinity.
inline Vec silu(Vec x) {
  const Vec bounded = select(x < broadcast(-130.0f), broadcast(-130.0f), x);  // x * 2^n is 0 from there on
  const Vec y = times_sigmoid(bounded, x < zero(), exp_parts(-absolute(x), -130.0f));
  return select(x == broadcast(-__builtin_inff()), broadcast(__builtin_nanf("")), y);
}

// Its slope s * (1 + x * (1 - s)) with s = sigmoid(x); the limits at the ends.
inline Vec silu_slope(Vec x) {
  x = select(absolute(x) > broadcast(130.0f), copy_sign(broadcast(130.0f), x), x);
  const VecInt negative = x < zero();
  const ExpParts parts = exp_parts(-absolute(x), -130.0f);
  return times_sigmoid_slope(widen(x), negative, parts);
}

// exp(-x * x / 2). The square is taken of x's upper half, exactly, and the rest makes a factor of its own, near 1.
inline ExpParts exp_minus_half_square(Vec x) {
  x = absolute(x);
  x = select(x > broadcast(16.0f), broadcast(16.0f), x);
  const Vec upper = reinterpret_cast<Vec>(reinterpret_cast<VecInt>(x) & static_cast<int32_t>(0xfffff000));
  ExpParts result = exp_parts(upper * upper * -0.5f, -150.0f);
  const Vec r = (x - upper) * (x + upper) * -0.5f;  // within 1/16
  Vec series = fma(r, broadcast(1.0f / 24), broadcast(1.0f / 6));
  series = fma(series, r, broadcast(0.5f));
  series = fma(series, r * r, r);
  result.p = fma(result.p, series, result.p);
  return result;
}

// The normal distribution Phi(x) from gauss = exp_minus_half_square(x). Around zero it is 1/2 + x * q(x * x), beyond one
// the tail is gauss * t * p(t) with t = 1 / (1 + |x|); both are Chebyshev fits, of |x| < 1 and 1 < |x| < 14.5.
struct NormalDistribution {
  VecInt in_tail;      // x < -1
  VecDoublePair tail;  // t * p(t)
  Vec phi;             // Phi(x) where x is not in the tail
};
inline NormalDistribution normal_distribution(Vec x, ExpParts gauss) {
  const Vec z = x * x;
  Vec q = broadcast(-7.65214008424664e-06f);
  q = fma(q, z, broadcast(0.00011348116095177829f));
  q = fma(q, z, broadcast(-0.0011863253312185407f));
  q = fma(q, z, broadcast(0.009973322041332722f));
  q = fma(q, z, broadcast(-0.06649035960435867f));
  q = fma(q, z, broadcast(0.3989422917366028f));
  const Vec t = 1.0f / (absolute(x) + 1.0f);
  Vec p = broadcast(-5.796688556671143f);
  p = fma(p, t, broadcast(16.917619705200195f));
  p = fma(p, t, broadcast(-20.483251571655273f));
  p = fma(p, t, broadcast(12.368252754211426f));
  p = fma(p, t, broadcast(-2.8802061080932617f));
  p = fma(p, t, broadcast(-0.532294750213623f));
  p = fma(p, t, broadcast(-0.02042824774980545f));
  p = fma(p, t, broadcast(0.39980754256248474f));
  const VecDoublePair a = widen(absolute(x)), near = widen(t), factor = widen(p);
  const auto finish = [](VecDouble magnitude, VecDouble inverse, VecDouble rest) {
    inverse *= 2.0 - (magnitude + 1.0) * inverse;  // a step of Newton's: the reciprocal as a double
    return inverse * (rest * inverse + 0.39892688393592834);
  };
  const VecDoublePair tail{finish(a.low, near.low, factor.low), finish(a.high, near.high, factor.high)};
  const Vec above = 1.0f - scale_by_power_of_two({gauss.p * narrow(tail), gauss.n, gauss.n_float});
  const Vec phi = select(x > broadcast(1.0f), above, fma(x, q, broadcast(0.5f)));
  return {x < broadcast(-1.0f), tail, phi};
}

// x * Phi(x).
inline Vec gelu(Vec x) {
  const ExpParts gauss = exp_minus_half_square(x);
  const NormalDistribution normal = normal_distribution(x, gauss);
  const Vec bounded = select(x < broadcast(-16.0f), broadcast(-16.0f), x);  // x * 2^n is 0 from there on
  const VecDoublePair v = widen(bounded), g = widen(gauss.p);
  const Vec in_tail = narrow({v.low * g.low * normal.tail.low, v.high * g.high * normal.tail.high});
  const Vec scaled = scale_where(normal.in_tail, select(normal.in_tail, in_tail, x * normal.phi), gauss);
  return select(x == broadcast(-__builtin_inff()), broadcast(__builtin_nanf("")), scaled);
}

// Phi(x) + x * exp(-x * x / 2) / sqrt(2 pi).
inline Vec gelu_slope(Vec x) {
  const ExpParts gauss = exp_minus_half_square(x);
  const NormalDistribution normal = normal_distribution(x, gauss);
  // beyond 16 the density is zero, which must not meet infinity
  const Vec bounded = select(absolute(x) > broadcast(16.0f), copy_sign(broadcast(16.0f), x), x);
  const VecDoublePair v = widen(bounded), g = widen(gauss.p);
  const Vec in_tail = narrow({g.low * (v.low * 0.39894228040143268 + normal.tail.low),
                              g.high * (v.high * 0.39894228040143268 + normal.tail.high)});
  const Vec outside = fma(bounded, scale_by_power_of_two(gauss) * 0.39894228040143268f, normal.phi);
  return scale_where(normal.in_tail, select(normal.in_tail, in_tail, outside), gauss);
}

// ---- power, by doubles: log to 1e-13, exp to 1e-11, so that float32's rounding is nearly the only one ----

// x^y = exp(y * log(x)) for finite x > 0, within [exp(-200), exp(200)].
inline VecDouble power_positive(VecDouble x, VecDouble y) {
  const VecLongSigned bits = reinterpret_cast<VecLongSigned>(x);
  const VecLongSigned above = bits - 0x3fe6a09e667f3bcd;  // so that the rest is in [sqrt(1/2), sqrt(2))
  const VecLongSigned shift = above & static_cast<int64_t>(0xfff0000000000000);
  const VecDouble m = reinterpret_cast<VecDouble>(bits - shift);
  const VecDouble magic = broadcast_double(0x1.8p52);
  const VecDouble exponent =  // shift / 2^52 as a double; |exponent| < 2^11
      reinterpret_cast<VecDouble>((shift >> 52) + reinterpret_cast<VecLongSigned>(magic)) - magic;
  const VecDouble f = (m - 1.0) / (m + 1.0);
  const VecDouble z = f * f;
  VecDouble series = z * (1.0 / 15) + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  const VecDouble logarithm = exponent * 0.69314718055994531 + 2.0 * (f + f * z * series);
  VecDouble t = y * logarithm;
  t = t > 200.0 ? broadcast_double(200.0) : t;
  t = t < -200.0 ? broadcast_double(-200.0) : t;
  const VecDouble shifted = t * 1.4426950408889634 + magic;
  const VecDouble r = t - (shifted - magic) * 0.69314718055994531;
  VecDouble p = r * (1.0 / 362880) + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const VecLongSigned n = reinterpret_cast<VecLongSigned>(shifted) - reinterpret_cast<VecLongSigned>(magic);
  return p * reinterpret_cast<VecDouble>((n + 1023) << 52);
}

// C's pow: pow(x, 0) = pow(1, y) = 1 even for NaN; NaN for a negative number to a power that is not whole.
inline Vec power(Vec x, Vec y) {
  const Vec infinity = broadcast(__builtin_inff());
  const Vec magnitude = absolute(x);
  const VecInt is_zero = x == zero();
  const VecInt is_infinite = magnitude == infinity;
  const VecDoublePair a = widen(select(is_zero | is_infinite, broadcast(1.0f), magnitude)), b = widen(y);
  Vec result = narrow({power_positive(a.low, b.low), power_positive(a.high, b.high)});
  result = select(is_zero, select(y < zero(), infinity, select(y > zero(), zero(), y)), result);
  result = select(is_infinite, select(y > zero(), infinity, select(y < zero(), zero(), y)), result);
  // from 2^24 on every float32 is an even number
  const VecInt is_large = absolute(y) >= broadcast(0x1p24f);
  const VecInt whole = __builtin_convertvector(select(is_large | (y != y), zero(), y), VecInt);
  const VecInt is_whole = is_large | (__builtin_convertvector(whole, Vec) == y);
  const VecInt is_odd = is_whole & ~is_large & ((whole & 1) == 1);
  const VecInt is_negative = reinterpret_cast<VecInt>(x) < 0;
  result = select(is_negative & is_odd, -result, result);
  result = select((x < zero()) & ~is_infinite & ~is_whole, broadcast(__builtin_nanf("")), result);
  result = select((magnitude == broadcast(1.0f)) & (absolute(y) == infinity), broadcast(1.0f), result);
  result = select(x != x, x, result);
  return select((y == zero()) | (x == broadcast(1.0f)), broadcast(1.0f), result);
}

// ---- gelu's approximation with tanh (Hendrycks and Gimpel 2016): exp of an argument in double, for an error of its last
// float32 bit is a hundred in the result's

// exp(-|a|).
inline ExpParts exp_minus(VecDoublePair a) {
  const VecDouble magic = broadcast_double(0x1.8p52);
  VecDoublePair r, n;
  const auto reduce = [=](VecDouble v, VecDouble& rest, VecDouble& whole) {
    v = v > 0.0 ? -v : v;
    v = v < -150.0 ? broadcast_double(-150.0) : v;
    whole = (v * 1.4426950408889634 + magic) - magic;
    rest = v - whole * 0.69314718055994531;
  };
  reduce(a.low, r.low, n.low);
  reduce(a.high, r.high, n.high);
  const Vec n_float = narrow(n);
  const Vec shifted = n_float + 0x1.8p23f;
  return {exp_reduced(narrow(r)), reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(broadcast(0x1.8p23f)),
          n_float};
}

// Twice the argument of tanh, 2 sqrt(2 / pi) (x + 0.044715 x^3), and its slope.
inline VecDouble gelu_argument(VecDouble x) { return (x + x * x * x * 0.044715) * 1.5957691216057308; }
inline VecDouble gelu_argument_slope(VecDouble x) { return (x * x * 0.134145 + 1.0) * 1.5957691216057308; }

// x * (1 + tanh(argument / 2)) / 2 = x * sigmoid(argument).
inline Vec gelu_tanh(Vec x) {
  const VecDoublePair v = widen(x);
  const Vec bounded = select(x < broadcast(-30.0f), broadcast(-30.0f), x);  // x * 2^n is 0 from there on
  const Vec y = times_sigmoid(bounded, x < zero(), exp_minus({gelu_argument(v.low), gelu_argument(v.high)}));
  return select(x == broadcast(-__builtin_inff()), broadcast(__builtin_nanf("")), y);
}

// Its slope s * (1 + x * (1 - s) * slope of the argument), with s = sigmoid(argument); the limits at the ends.
inline Vec gelu_tanh_slope(Vec x) {
  x = select(absolute(x) > broadcast(30.0f), copy_sign(broadcast(30.0f), x), x);
  const VecInt negative = x < zero();
  const VecDoublePair v = widen(x);
  const ExpParts parts = exp_minus({gelu_argument(v.low), gelu_argument(v.high)});
  const VecDoublePair w{v.low * gelu_argument_slope(v.low), v.high * gelu_argument_slope(v.high)};
  return times_sigmoid_slope(w, negative, parts);
}

}  // namespace
}  // namespace fastnn::kernels::FASTNN_LEVEL
