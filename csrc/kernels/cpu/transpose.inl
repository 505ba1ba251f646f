// transpose.inl: transposes in registers, for what is packed from columns: kWidth vectors by log2(kWidth) rounds of
// shuffles, then 4 x 4 numbers, then one. Any sizes and strides of rows; exact. Packing 256x512 on one Zen 4 core with
// AVX-512: 25.7 us by 4 x 4 numbers alone, 11.2 so.

typedef float Vec4 __attribute__((vector_size(16)));
typedef float Vec4Unaligned __attribute__((vector_size(16), aligned(4), may_alias));

// out (4 rows, stride out_row) = transpose of in (4 rows, stride in_row).
void transpose_4x4(float* out, int64_t out_row, const float* in, int64_t in_row) {
  const Vec4 a = *reinterpret_cast<const Vec4Unaligned*>(in), b = *reinterpret_cast<const Vec4Unaligned*>(in + in_row);
  const Vec4 c = *reinterpret_cast<const Vec4Unaligned*>(in + 2 * in_row);
  const Vec4 d = *reinterpret_cast<const Vec4Unaligned*>(in + 3 * in_row);
  const Vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *reinterpret_cast<Vec4Unaligned*>(out) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *reinterpret_cast<Vec4Unaligned*>(out + out_row) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *reinterpret_cast<Vec4Unaligned*>(out + 2 * out_row) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *reinterpret_cast<Vec4Unaligned*>(out + 3 * out_row) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

// Lanes of a where `kBit` of their number is clear, else b's lane with the bit clear; and the other way round: what a
// transposition of 2 x 2 blocks of kBit numbers makes of two rows.
template <int kBit, int... kLane>
struct Exchange {
  static Vec first(Vec a, Vec b) {
    return __builtin_shufflevector(a, b, ((kLane & kBit) != 0 ? static_cast<int>(kWidth) + (kLane ^ kBit) : kLane)...);
  }
  static Vec second(Vec a, Vec b) {
    return __builtin_shufflevector(a, b, ((kLane & kBit) != 0 ? static_cast<int>(kWidth) + kLane : kLane | kBit)...);
  }
};
#if FASTNN_WIDTH == 16
template <int kBit>
using ExchangeLanes = Exchange<kBit, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>;
#elif FASTNN_WIDTH == 8
template <int kBit>
using ExchangeLanes = Exchange<kBit, 0, 1, 2, 3, 4, 5, 6, 7>;
#else
template <int kBit>
using ExchangeLanes = Exchange<kBit, 0, 1, 2, 3>;
#endif

template <int kBit>
inline __attribute__((always_inline)) void exchange_blocks(Vec (&v)[kWidth]) {
  if constexpr (kBit < kWidth) {
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) {
      if ((i & kBit) != 0) continue;
      const Vec a = v[i], b = v[i | kBit];
      v[i] = ExchangeLanes<kBit>::first(a, b);
      v[i | kBit] = ExchangeLanes<kBit>::second(a, b);
    }
    exchange_blocks<2 * kBit>(v);
  }
}

// out (kWidth rows, stride out_row) = transpose of in (kWidth rows, stride in_row). As many rows behind those are fetched.
inline void transpose_vectors(float* out, int64_t out_row, const float* in, int64_t in_row) {
  Vec v[kWidth];
#pragma GCC unroll 16
  for (int64_t i = 0; i < kWidth; ++i) {
    v[i] = load(in + i * in_row);
    fetch(in + (kWidth + i) * in_row);
  }
  exchange_blocks<1>(v);
#pragma GCC unroll 16
  for (int64_t i = 0; i < kWidth; ++i) store(out + i * out_row, v[i]);
}

// out (rows, columns) = transpose of in: whole vectors of both, then four at a time, then one. Not inlined, where a small
// room of a caller would look too small for rows that it doesn't have.
[[maybe_unused]] __attribute__((noinline)) void transpose(float* out, int64_t out_row, const float* in, int64_t in_row,
                                                          int64_t rows, int64_t columns) {
  const int64_t most = rows / kWidth * kWidth;
  for (int64_t j = 0; j < columns;) {
    const bool whole = columns - j >= kWidth;
    const int64_t step = whole ? kWidth : columns - j >= 4 ? 4 : 1;
    int64_t i = 0;
    if (whole) {
      for (; i < most; i += kWidth) transpose_vectors(out + i * out_row + j, out_row, in + j * in_row + i, in_row);
    }
    for (; step >= 4 && i + 4 <= rows; i += 4) {
      for (int64_t k = 0; k < step; k += 4) {
        transpose_4x4(out + i * out_row + j + k, out_row, in + (j + k) * in_row + i, in_row);
      }
    }
    for (; i < rows; ++i) {
      for (int64_t k = 0; k < step; ++k) out[i * out_row + j + k] = in[(j + k) * in_row + i];
    }
    j += step;
  }
}
