// random.inl: dropout and its gradient.
//
// Random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011). For a 64-bit seed, stream and step,
//   w = philox(key = (seed low, seed high), counter = (stream low, stream high, step low, step high)),
// and the number of element i is word i % 4 of
//   philox(key = (w0, w1), counter = (i / 4 low, i / 4 high, w2, w3)).
// Under one seed different (stream, step) never share w, for Philox permutes counters. An element is kept where its
// 32-bit number is at least threshold = ceil(rate * 2^32). Integers only: the same mask on every level.
//
// A block of four numbers lives in the low halves of four vectors of 64-bit lanes, kWidth / 2 blocks at once, because
// the instruction that multiplies 32 x 32 -> 64 bits wants them there. On AVX-512 (Zen 4) 0.5 ns an element.

struct Philox {
  VecLong word[4];
};

// The upper halves of the words are not significant, neither before nor after.
inline Philox philox(Philox c, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const VecLong product0 = multiply_low_halves(c.word[0], 0xD2511F53u);
    const VecLong product1 = multiply_low_halves(c.word[2], 0xCD9E8D57u);
    c.word[0] = (product1 >> 32) ^ c.word[1] ^ key0;
    c.word[1] = product1;
    c.word[2] = (product0 >> 32) ^ c.word[3] ^ key1;
    c.word[3] = product0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c;
}

inline Philox philox_start(const RandomStream& random) {
  const Philox c{{VecLong{} + random.stream, VecLong{} + (random.stream >> 32), VecLong{} + random.step,
                  VecLong{} + (random.step >> 32)}};
  return philox(c, static_cast<uint32_t>(random.seed), static_cast<uint32_t>(random.seed >> 32));
}

void dropout(float* y, uint8_t* mask, const float* x, int64_t first, int64_t count, float scale, int64_t threshold,
             const RandomStream& random) {
  const Philox start = philox_start(random);
  const uint32_t key0 = static_cast<uint32_t>(start.word[0][0]);
  const uint32_t key1 = static_cast<uint32_t>(start.word[1][0]);
  const VecUint least = VecUint{} + static_cast<uint32_t>(threshold);
  const VecInt possible = VecInt{} - (threshold <= 0xFFFFFFFF);
  VecLong block = long_lane_index() + static_cast<uint64_t>(first / 4);
  for (int64_t begin = 0; begin < count; begin += 2 * kWidth, block += static_cast<uint64_t>(kWidth / 2)) {
    const Philox c = philox({{block, block >> 32, start.word[2], start.word[3]}}, key0, key1);
    const VecLong low = (c.word[0] & 0xFFFFFFFFu) | (c.word[1] << 32);
    const VecLong high = (c.word[2] & 0xFFFFFFFFu) | (c.word[3] << 32);
    const VecUint numbers[2] = {reinterpret_cast<VecUint>(interleave_first(low, high)),
                                reinterpret_cast<VecUint>(interleave_second(low, high))};
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t i = begin + half * kWidth;
      if (i >= count) break;
      const int64_t lanes = count - i < kWidth ? count - i : kWidth;
      const VecInt keep = (numbers[half] >= least) & possible;
      store_n(y + i, select(keep, load_n(x + i, lanes) * scale, zero()), lanes);
      if (mask != nullptr) store_indices(mask + i, keep & 1, lanes);
    }
  }
}

void dropout_backward(float* dx, const float* dy, const uint8_t* mask, int64_t count, float scale, bool accumulate) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    Vec g = select(load_indices(mask + i, lanes) != 0, load_n(dy + i, lanes) * scale, zero());
    if (accumulate) g += load_n(dx + i, lanes);
    store_n(dx + i, g, lanes);
  });
}
