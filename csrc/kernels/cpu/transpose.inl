// transpose.inl: small transposes in registers, for what is packed from columns.

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
