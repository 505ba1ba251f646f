// cast.inl: numbers as another type. One function for each pair of types, which converts contiguous rows in a loop that
// the compiler can vectorise.

struct Boolean {
  uint8_t byte;
};

template <typename To, typename From>
To cast_item(From x) {
  if constexpr (std::is_same_v<From, Boolean>) {
    return cast_item<To>(x.byte);
  } else if constexpr (std::is_same_v<To, Boolean>) {
    return {static_cast<uint8_t>(x != 0 ? 1 : 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // both ends are powers of two or 0, which a float holds exactly
    constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From above = static_cast<From>(std::numeric_limits<To>::max() / 2 + 1) * 2;
    if (!(x > low)) return x == x ? std::numeric_limits<To>::min() : To{0};
    return x < above ? static_cast<To>(x) : std::numeric_limits<To>::max();
  } else {
    return static_cast<To>(x);
  }
}

template <typename To, typename From>
void cast(void* y, const void* x, int64_t rows, int64_t count, CopyStrides s) {
  for (int64_t row = 0; row < rows; ++row) {
    To* const to = static_cast<To*>(y) + row * s.y_row;
    const From* const from = static_cast<const From*>(x) + row * s.x_row;
    if (s.y == 1 && s.x == 1) {
      for (int64_t i = 0; i < count; ++i) to[i] = cast_item<To>(from[i]);
    } else {
      for (int64_t i = 0; i < count; ++i) to[i * s.y] = cast_item<To>(from[i * s.x]);
    }
  }
}

// In the order of ItemType.
#define FASTNN_CASTS_TO(To) \
  {cast<To, float>, cast<To, double>, cast<To, int32_t>, cast<To, int64_t>, cast<To, uint8_t>, cast<To, Boolean>}
constexpr CastKernel cast_kernels[6][6] = {FASTNN_CASTS_TO(float),   FASTNN_CASTS_TO(double),
                                           FASTNN_CASTS_TO(int32_t), FASTNN_CASTS_TO(int64_t),
                                           FASTNN_CASTS_TO(uint8_t), FASTNN_CASTS_TO(Boolean)};
#undef FASTNN_CASTS_TO
