// random.inl: the reference of cpu/random.inl, which says what the random numbers are.

inline void philox(uint32_t* c, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * c[2];
    c[0] = static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key0;
    c[1] = static_cast<uint32_t>(product1);
    c[2] = static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key1;
    c[3] = static_cast<uint32_t>(product0);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

// Calls body(i, words) for each block of four elements first + i, ...: their 32-bit numbers, and four more that hold the
// lower bits of a float64.
template <typename Body>
void for_each_block(const RandomStream& random, int64_t first, int64_t count, Body body) {
  const auto low = [](uint64_t v) { return static_cast<uint32_t>(v); };
  uint32_t w[4] = {low(random.stream), low(random.stream >> 32), low(random.step), low(random.step >> 32)};
  philox(w, low(random.seed), low(random.seed >> 32));
  for (int64_t i = 0; i < count; i += 4) {
    const uint64_t block = static_cast<uint64_t>((first + i) / 4);
    uint32_t c[4] = {low(block), low(block >> 32), w[2], w[3]};
    uint32_t more[4] = {low(block), low(block >> 32), w[2], w[3] ^ 0x80000000u};
    philox(c, w[0], w[1]);
    philox(more, w[0], w[1]);
    body(i, c, more);
  }
}

template <typename T>
void dropout(T* y, uint8_t* mask, const T* x, int64_t first, int64_t count, T scale, int64_t threshold,
             const RandomStream& random) {
  for_each_block(random, first, count, [&](int64_t i, const uint32_t* c, const uint32_t*) {
    for (int64_t k = i; k < count && k < i + 4; ++k) {
      const bool keep = c[k - i] >= threshold;
      y[k] = keep ? x[k] * scale : T(0);
      if (mask != nullptr) mask[k] = keep;
    }
  });
}

template <typename T>
void dropout_backward(T* dx, const T* dy, const uint8_t* mask, int64_t count, T scale, bool accumulate) {
  for (int64_t i = 0; i < count; ++i) {
    const T g = mask[i] != 0 ? dy[i] * scale : T(0);
    dx[i] = accumulate ? dx[i] + g : g;
  }
}

// In [0, 1): 32 bits, of a float64 53.
template <typename T>
T unit(uint32_t number, uint32_t more) {
  if constexpr (sizeof(T) == 8) return (number + (more >> 11) * 0x1p-21) * 0x1p-32;
  const T u = static_cast<T>(number) * T(0x1p-32);
  return u < T(1) ? u : T(1) - T(0x1p-24);
}

template <typename T>
void random_uniform(T* y, int64_t first, int64_t count, T low, T size, const RandomStream& random) {
  for_each_block(random, first, count, [&](int64_t i, const uint32_t* c, const uint32_t* more) {
    for (int64_t k = i; k < count && k < i + 4; ++k) y[k] = unit<T>(c[k - i], more[k - i]) * size + low;
  });
}

template <typename T>
void random_normal(T* y, int64_t first, int64_t count, T mean, T deviation, const RandomStream& random) {
  constexpr T half = sizeof(T) == 4 ? T(0x1p-33) : T(0x1p-54);  // keeps the logarithm's argument above 0
  for_each_block(random, first, count, [&](int64_t i, const uint32_t* c, const uint32_t* more) {
    for (int64_t k = i; k < count && k < i + 4; ++k) {
      const int64_t pair = (k - i) & 2;
      const T length = std::sqrt(T(-2) * std::log(unit<T>(c[pair], more[pair]) + half));
      const T turn = T(6.283185307179586477) * unit<T>(c[pair + 1], more[pair + 1]);
      const T z = length * ((k & 1) == 0 ? std::cos(turn) : std::sin(turn));
      y[k] = z * deviation + mean;
    }
  });
}
