// vec_math.h: elementary functions of a Vec, for every level; plain arithmetic on vec.h, elementwise, so a lane's bits
// don't depend on its neighbours.
//
// exp, expm1 and log reduce the argument by a power of two and use Cephes' minimax polynomials (S. Moshier, expf and
// logf). Error, measured on every level over 70 million float32 of all exponents: exp 1.01 ulp (1.50 where the result is
// subnormal), log 0.82 ulp; over 4 million: tanh 2.3, sigmoid 2.2, softplus 1.8, power 0.51, silu 2.7, gelu 3.7 (without
// fma 4.5) and its approximation with tanh 2.8, arctan2 2.2 ulp, where the result is a normal number;
// tests/test_accuracy.py holds them to it. The ends are exact: exp(-inf) = 0, overflow is infinity, log(0) = -inf, log of a negative is NaN, NaN stays
// NaN. exp costs about 0.25 ns an element on AVX-512 (Zen 4), gelu 0.8 (1.7 with its tail in double), power 3 ns.
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

// exp(r) - 1 for |r| <= log(2) / 2, to an error of 1e-8.
inline Vec exp_reduced_minus_one(Vec r) {
  Vec p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  return fma(p, r * r, r);
}

// x within [low, 89], low >= -150; NaN passes, for a comparison with it is false.
inline ExpParts exp_parts(Vec x, float low) {
  x = larger(broadcast(low), smaller(broadcast(89.0f), x));
  const Vec magic = broadcast(0x1.8p23f);  // adding it rounds to an integer, kept in the low bits
  const Vec shifted = fma(x, broadcast(1.44269504088896341f), magic);
  const Vec n = shifted - magic;
  Vec r = fma(n, broadcast(-0.693359375f), x);
  r = fma(n, broadcast(2.12194440e-4f), r);
  return {exp_reduced_minus_one(r) + 1.0f, reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(magic), n};
}

inline Vec scale_by_power_of_two(ExpParts e) { return scale_by_power_of_two(e.p, e.n, e.n_float); }

// The number where mask is false, 2^n times it where it is true.
inline Vec scale_where(VecInt mask, Vec x, ExpParts e) {
  return scale_by_power_of_two(x, e.n & mask, select(mask, e.n_float, zero()));
}

// Beyond the ends the result is infinity and 0.
inline Vec exp(Vec x) { return scale_by_power_of_two(exp_parts(x, -104.0f)); }

// exp(x) for x <= 0, by a shorter polynomial, a minimax fit (3e-9). Error 1.2 ulp.
inline Vec falling_exp(Vec x) {
  x = larger(broadcast(-104.0f), x);
  const Vec magic = broadcast(0x1.8p23f);
  const Vec shifted = fma(x, broadcast(1.44269504088896341f), magic);
  const Vec n = shifted - magic;
  Vec r = fma(n, broadcast(-0.693359375f), x);
  r = fma(n, broadcast(2.12194440e-4f), r);
  Vec p = broadcast(1.3814540579915047e-3f);
  p = fma(p, r, broadcast(8.36874544620514e-3f));
  p = fma(p, r, broadcast(4.166838899254799e-2f));
  p = fma(p, r, broadcast(1.666652113199234e-1f));
  p = fma(p, r, broadcast(4.999999403953552e-1f));
  p = fma(p, r, broadcast(1.0f));
  p = fma(p, r, broadcast(1.0f));
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

inline Vec absolute(Vec x) { return reinterpret_cast<Vec>(reinterpret_cast<VecInt>(x) & 0x7fffffff); }
inline Vec copy_sign(Vec magnitude, Vec sign) {
  return reinterpret_cast<Vec>((reinterpret_cast<VecInt>(magnitude) & 0x7fffffff) |
                               (reinterpret_cast<VecInt>(sign) & static_cast<int32_t>(0x80000000)));
}

// exp(x) - 1 for x in [-30, 30]; smaller ones count as -30, larger ones as 30. Reduced as exp, with the one taken from
// 2^n instead of the polynomial, so that it stays exact near zero.
inline Vec expm1(Vec x) {
  x = larger(broadcast(-30.0f), smaller(broadcast(30.0f), x));
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

// Phi(-|x|), the normal distribution's upper tail, as mills * (1 + growth) * 2^n. mills is Mills' ratio over sqrt(2 pi),
// t * p(u) with t = 1 / (|x| + 5/2) and u = 1 - 5 t, a minimax fit of |x| <= 16 (1.6e-8); the rest is exp(-x * x / 2).
// The square is taken of |x|'s upper half, exactly; what that leaves, and what t lost in its two roundings, times mills'
// slope, are small numbers that the exponential adds to its argument.
struct UpperTail {
  Vec distance, mills, growth, n_float;
  VecInt n;
};
inline UpperTail upper_tail(Vec x) {
  Vec distance = absolute(x);
  distance = select(distance > broadcast(16.0f), broadcast(16.0f), distance);
  const Vec upper = reinterpret_cast<Vec>(reinterpret_cast<VecInt>(distance) & static_cast<int32_t>(0xfffff000));
  const Vec square = upper * upper, rest = (distance - upper) * (distance + upper);
  const Vec magic = broadcast(0x1.8p23f);
  const Vec shifted = fma(square + rest, broadcast(-0.72134752044448170f), magic);
  const Vec n = shifted - magic;
  const Vec sum = distance + 2.5f, t = 1.0f / sum;
  const Vec lost = fma(-t, distance - (sum - 2.5f), fma(-sum, t, broadcast(1.0f)));
  Vec small = fma(fma(t, broadcast(2.5f), broadcast(1.0f)), lost, rest * -0.5f);
  small = fma(n, broadcast(2.12194440e-4f), small);
  const Vec r = fma(n, broadcast(-0.693359375f), square * -0.5f) + small;
  const Vec u = fma(t, broadcast(-5.0f), broadcast(1.0f));
  Vec p = broadcast(-0.00015834016449448596f);
  p = fma(p, u, broadcast(-0.00031271639576836366f));
  p = fma(p, u, broadcast(0.0006845457497563683f));
  p = fma(p, u, broadcast(0.0025248734260452663f));
  p = fma(p, u, broadcast(-0.0016006539695950868f));
  p = fma(p, u, broadcast(-0.01638643394207404f));
  p = fma(p, u, broadcast(0.00923582010115831f));
  p = fma(p, u, broadcast(0.13198699953242515f));
  p = fma(p, u, broadcast(-0.4336920091339901f));
  p = fma(p, u, broadcast(0.7066566596347106f));
  const VecInt exponent = reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(magic);
  return {distance, p * t, exp_reduced_minus_one(r), n, exponent};
}
// factor * Phi(-|x|) for a factor that has been multiplied with mills.
inline Vec times_tail(Vec product, const UpperTail& tail) {
  return scale_by_power_of_two(fma(product, tail.growth, product), tail.n, tail.n_float);
}

// x * Phi(x); NaN at -infinity.
inline Vec gelu(Vec x) {
  const UpperTail tail = upper_tail(x);
  const Vec below = times_tail(-tail.distance * tail.mills, tail);
  const Vec y = select(x < zero(), below, select(x == zero(), x, x + below));  // a zero keeps its sign
  return select(x == broadcast(-__builtin_inff()), broadcast(__builtin_nanf("")), y);
}

// Phi(x) + x * exp(-x * x / 2) / sqrt(2 pi).
inline Vec gelu_slope(Vec x) {
  const UpperTail tail = upper_tail(x);
  const Vec below = times_tail(fma(tail.distance, broadcast(-0.39894228040143268f), tail.mills), tail);
  return select(x < zero(), below, 1.0f - below);
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

// C's atan2: the angle of the point (x, y), by the angle t <= pi / 8 of its magnitudes' ratio, or of that turned by pi / 4,
// with Cephes' polynomial (atanf). The angle is n pi / 4 + t or n pi / 4 - t; n times the constant's upper part is exact.
inline Vec arctan2(Vec y, Vec x) {
  const Vec infinity = broadcast(__builtin_inff());
  const Vec down = absolute(y), across = absolute(x);
  const VecInt is_steep = down > across;
  Vec larger = select(is_steep, down, across), smaller = select(is_steep, across, down);
  const VecInt are_infinite = smaller == infinity;  // both count as 1 then
  larger = select(are_infinite | (larger == zero()), broadcast(1.0f), larger);
  smaller = select(are_infinite, broadcast(1.0f), smaller);
  const Vec scale = select(larger > broadcast(0x1p126f), broadcast(0.25f), broadcast(1.0f));  // their sum is finite
  larger = larger * scale;
  smaller = smaller * scale;
  const VecInt is_turned = smaller > larger * 0.41421356f;
  const Vec t = select(is_turned, smaller - larger, smaller) / select(is_turned, smaller + larger, larger);
  const Vec z = t * t;
  Vec p = broadcast(8.05374449538e-2f);
  p = fma(p, z, broadcast(-1.38776856032e-1f));
  p = fma(p, z, broadcast(1.99777106478e-1f));
  p = fma(p, z, broadcast(-3.33329491539e-1f));
  Vec angle = fma(p * z, t, t);
  const VecInt is_behind = reinterpret_cast<VecInt>(x) < 0;
  Vec n = select(is_turned, broadcast(1.0f), zero());
  n = select(is_steep, 2.0f - n, n);
  angle = select(is_steep, -angle, angle);
  n = select(is_behind, 4.0f - n, n);
  angle = select(is_behind, -angle, angle);
  // pi / 4 as 201 / 256 and the rest
  const Vec result = fma(n, broadcast(0.78515625f), fma(n, broadcast(2.4191339744830962e-4f), angle));
  return select((x != x) | (y != y), x + y, copy_sign(result, y));
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
  return {exp_reduced_minus_one(narrow(r)) + 1.0f,
          reinterpret_cast<VecInt>(shifted) - reinterpret_cast<VecInt>(broadcast(0x1.8p23f)), n_float};
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
