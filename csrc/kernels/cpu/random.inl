// random.inl: dropout and its gradient, uniform and normal numbers.
//
// Random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011). For a 64-bit seed, stream and step,
//   w = philox(key = (seed low, seed high), counter = (stream low, stream high, step low, step high)),
// and the number of element i is word i % 4 of
//   philox(key = (w0, w1), counter = (i / 4 low, i / 4 high, w2, w3)).
// Under one seed different (stream, step) never share w, for Philox permutes counters. An element is kept where its
// 32-bit number is at least threshold = ceil(rate * 2^32). Integers only: the same mask on every level.
//
// A block of four numbers lives in the low halves of four vectors of 64-bit lanes, kWidth / 2 blocks at once, because
// the instruction that multiplies 32 x 32 -> 64 bits wants them there. Any length. Error of uniform
// and normal numbers: 1e-5 of 1 + their magnitude from those drawn in double. Measured on one Zen 4 core, 65,536 numbers,
// base level -> AVX-512: dropout 118 -> 49 us, uniform 120 -> 47, normal 395 -> 112.

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

// Calls body(i, lanes, numbers) with the 32-bit numbers of elements first + i, ..., vector by vector.
template <typename Body>
inline __attribute__((always_inline)) void for_each_numbers(const RandomStream& random, int64_t first, int64_t count,
                                                            Body body) {
  const Philox start = philox_start(random);
  const uint32_t key0 = static_cast<uint32_t>(start.word[0][0]);
  const uint32_t key1 = static_cast<uint32_t>(start.word[1][0]);
  VecLong block = long_lane_index() + static_cast<uint64_t>(first / 4);
  for (int64_t begin = 0; begin < count; begin += 2 * kWidth, block += static_cast<uint64_t>(kWidth / 2)) {
    const Philox c = philox({{block, block >> 32, start.word[2], start.word[3]}}, key0, key1);
    const VecLong low = (c.word[0] & 0xFFFFFFFFu) | (c.word[1] << 32);
    const VecLong high = (c.word[2] & 0xFFFFFFFFu) | (c.word[3] << 32);
    const VecUint numbers[2] = {reinterpret_cast<VecUint>(interleave_first(low, high)),
                                reinterpret_cast<VecUint>(interleave_second(low, high))};
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t i = begin + half * kWidth;
      if (i < count) body(i, count - i < kWidth ? count - i : kWidth, numbers[half]);
    }
  }
}

void dropout(float* y, uint8_t* mask, const float* x, int64_t first, int64_t count, float scale, int64_t threshold,
             const RandomStream& random) {
  const VecUint least = VecUint{} + static_cast<uint32_t>(threshold);
  const VecInt possible = VecInt{} - (threshold <= 0xFFFFFFFF);
  for_each_numbers(random, first, count, [=](int64_t i, int64_t lanes, VecUint numbers) {
    const VecInt keep = (numbers >= least) & possible;
    store_n(y + i, select(keep, load_n(x + i, lanes) * scale, zero()), lanes);
    if (mask != nullptr) store_indices(mask + i, keep & 1, lanes);
  });
}

void dropout_backward(float* dx, const float* dy, const uint8_t* mask, int64_t count, float scale, bool accumulate) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) {
    Vec g = select(load_indices(mask + i, lanes) != 0, load_n(dy + i, lanes) * scale, zero());
    if (accumulate) g += load_n(dx + i, lanes);
    store_n(dx + i, g, lanes);
  });
}

// A 32-bit number as a float, rounded once: both halves are exact.
inline Vec number_to_float(VecUint number) {
  const Vec upper = __builtin_convertvector(reinterpret_cast<VecInt>(number >> 16), Vec);
  const Vec lower = __builtin_convertvector(reinterpret_cast<VecInt>(number & 0xFFFFu), Vec);
  return upper * 65536.0f + lower;
}

// u = number / 2^32, where rounding would give 1 the largest below. The same bits on every level.
void random_uniform(float* y, int64_t first, int64_t count, float low, float size, const RandomStream& random) {
  for_each_numbers(random, first, count, [=](int64_t i, int64_t lanes, VecUint numbers) {
    const Vec u = number_to_float(numbers) * 0x1p-32f;
    const Vec below_one = broadcast(1.0f - 0x1p-24f);
    store_n(y + i, select(u < below_one, u, below_one) * size + low, lanes);
  });
}

// sin(2 pi t) for t in [0, 2): t less the nearest half turn, whose parity is the sign, into a Taylor polynomial whose
// first term left out is below 6e-8 at a quarter turn.
inline Vec sine_of_turns(Vec t) {
  const Vec magic = broadcast(0x1.8p23f);
  const Vec shifted = t * 2.0f + magic;
  const Vec x = (t - (shifted - magic) * 0.5f) * 6.28318530717958648f;
  const Vec z = x * x;
  Vec p = broadcast(-2.5052108385e-8f);
  p = fma(p, z, broadcast(2.7557319224e-6f));
  p = fma(p, z, broadcast(-1.9841269841e-4f));
  p = fma(p, z, broadcast(8.3333333333e-3f));
  p = fma(p, z, broadcast(-1.6666666667e-1f));
  const Vec sine = fma(p * z, x, x);
  return reinterpret_cast<Vec>(reinterpret_cast<VecInt>(sine) ^ (reinterpret_cast<VecInt>(shifted) << 31));
}

// Of two neighbours the first number makes the length sqrt(-2 log u) and the second the turn, for both of them.
void random_normal(float* y, int64_t first, int64_t count, float mean, float std, const RandomStream& random) {
  const Vec quarter = select((lane_index() & 1) == 0, broadcast(0.25f), zero());  // the cosine
  for_each_numbers(random, first, count, [=](int64_t i, int64_t lanes, VecUint numbers) {
    const VecLong pair = reinterpret_cast<VecLong>(numbers);
    const VecUint firsts = reinterpret_cast<VecUint>((pair & 0xFFFFFFFFu) | (pair << 32));
    const VecUint seconds = reinterpret_cast<VecUint>((pair >> 32) | (pair & 0xFFFFFFFF00000000u));
    const Vec u = (number_to_float(firsts) + 0.5f) * 0x1p-32f;
    const Vec turn = number_to_float(seconds) * 0x1p-32f;
    store_n(y + i, sqrt(log(u) * -2.0f) * sine_of_turns(turn + quarter) * std + mean, lanes);
  });
}
