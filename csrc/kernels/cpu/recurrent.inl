// recurrent.inl: one time step of LSTM, GRU and simple RNN for a few sequences, behind the matrix product that made the
// gates' sums: activations, new states, and the gradients of both. A sequence's numbers depend on its own row only; the
// tail of a row goes through the same vector code, masked. A tile is one vector of units of one sequence: all its gates
// are in registers, so that sums are read once and the state written once. Any sizes and numbers.
// The activations are vec_math.h's, and so are their errors: sigmoid 2.2 ulp, tanh 2.3; slopes are taken from results.
// What the next step reads and writes is fetched meanwhile, for the rows of sequences lie too far apart for the
// hardware to foresee: an LSTM's backward cell of 128 sequences of 128 units takes 0.76 ms for 28 steps, 1.76 without.

inline Vec activate(Activation kind, Vec x) {
  switch (kind) {
    case Activation::relu:
      return select(x <= zero(), zero(), x);
    case Activation::tanh:
      return tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::hard_sigmoid:
      return select(x <= broadcast(-3.0f), zero(), select(x >= broadcast(3.0f), broadcast(1.0f), (x + 3.0f) / 6.0f));
    default:
      return x;
  }
}

// The derivative, from the result.
inline Vec slope(Activation kind, Vec y) {
  switch (kind) {
    case Activation::relu:
      return select(y > zero(), broadcast(1.0f), zero());
    case Activation::tanh:
      return (1.0f - y) * (y + 1.0f);
    case Activation::sigmoid:
      return y * (1.0f - y);
    case Activation::hard_sigmoid:
      return select((y > zero()) & (y < broadcast(1.0f)), broadcast(1.0f / 6.0f), zero());
    default:
      return broadcast(1.0f);
  }
}

inline Vec load_or_zero(const float* p, int64_t i, int64_t lanes) {
  return p == nullptr ? zero() : load_n(p + i, lanes);
}

// The r-th row of an array that may be absent.
inline const float* row_of(const float* p, int64_t r, int64_t stride) { return p == nullptr ? p : p + r * stride; }

// Fetches `rows` rows of one vector, `distance` apart.
inline void fetch_gates(const float* p, int64_t rows, int64_t distance) {
  for (int64_t row = 0; row < rows; ++row) fetch(p + row * distance);
}

inline bool counts(const uint8_t* mask, int64_t r, const RecurrentStep& s) {
  return mask == nullptr || mask[r * s.mask_row] != 0;
}

inline void copy_or_zero(float* y, const float* x, int64_t count) {
  for_each_vector(count, [=](int64_t i, int64_t lanes) { store_n(y + i, load_or_zero(x, i, lanes), lanes); });
}

void lstm_cell(float* h, float* c, float* gates, const float* sums, const float* h_before, const float* c_before,
               const uint8_t* mask, const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r, h += s.h_row, c += s.c_row, sums += s.sums_row) {
    const float* const before = row_of(c_before, r, s.c_before_row);
    float* const kept = gates == nullptr ? nullptr : gates + r * s.gates_row;
    if (!counts(mask, r, s)) {
      copy_or_zero(h, row_of(h_before, r, s.h_before_row), units);
      copy_or_zero(c, before, units);
      if (kept != nullptr) copy_or_zero(kept, nullptr, 4 * units);
      continue;
    }
    const float* const row = sums;
    for_each_vector(units, [=, &s](int64_t k, int64_t lanes) {
      const Vec i = activate(s.recurrent_activation, load_n(row + k, lanes));
      const Vec f = activate(s.recurrent_activation, load_n(row + units + k, lanes));
      const Vec g = activate(s.activation, load_n(row + 2 * units + k, lanes));
      const Vec o = activate(s.recurrent_activation, load_n(row + 3 * units + k, lanes));
      const Vec state = fma(f, load_or_zero(before, k, lanes), i * g);
      fetch(h + units + k);
      fetch(c + units + k);
      if (kept != nullptr) {
        fetch_gates(kept + 4 * units + k, 4, units);
        store_n(kept + k, i, lanes);
        store_n(kept + units + k, f, lanes);
        store_n(kept + 2 * units + k, g, lanes);
        store_n(kept + 3 * units + k, o, lanes);
      }
      store_n(c + k, state, lanes);
      store_n(h + k, o * activate(s.activation, state), lanes);
    });
  }
}

void lstm_cell_backward(float* dsums, float* dh, float* dc, const float* dy, const float* gates, const float* c,
                        const float* c_before, const uint8_t* mask, const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r) {
    const float* const given = row_of(dy, r, s.h_row);
    const bool counted = counts(mask, r, s);
    const float* const before = row_of(c_before, r, s.c_before_row);
    for_each_vector(units, [=, &s](int64_t k, int64_t lanes) {
      fetch_gates(gates - 4 * units + k, 4, units);
      fetch(c - 2 * units + k);
      if (given != nullptr) fetch(given - units + k);
      const Vec total = load_n(dh + k, lanes) + load_or_zero(given, k, lanes);
      if (!counted) {
        for (int64_t gate = 0; gate < 4; ++gate) store_n(dsums + gate * units + k, zero(), lanes);
        store_n(dh + k, total, lanes);
        return;
      }
      const Vec i = load_n(gates + k, lanes), f = load_n(gates + units + k, lanes);
      const Vec g = load_n(gates + 2 * units + k, lanes), o = load_n(gates + 3 * units + k, lanes);
      const Vec a = activate(s.activation, load_n(c + k, lanes));
      const Vec dstate = fma(total * o, slope(s.activation, a), load_n(dc + k, lanes));
      store_n(dsums + k, dstate * g * slope(s.recurrent_activation, i), lanes);
      store_n(dsums + units + k, dstate * load_or_zero(before, k, lanes) * slope(s.recurrent_activation, f), lanes);
      store_n(dsums + 2 * units + k, dstate * i * slope(s.activation, g), lanes);
      store_n(dsums + 3 * units + k, total * a * slope(s.recurrent_activation, o), lanes);
      store_n(dc + k, dstate * f, lanes);
      store_n(dh + k, zero(), lanes);
    });
    dsums += s.sums_row;
    gates += s.gates_row;
    c += s.c_row;
    dh += units;
    dc += units;
  }
}

void gru_cell(float* h, float* gates, const float* x_sums, const float* h_sums, const float* h_before,
              const uint8_t* mask, const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r, h += s.h_row, x_sums += s.sums_row, h_sums += 3 * units) {
    const float* const before = row_of(h_before, r, s.h_before_row);
    float* const kept = gates == nullptr ? nullptr : gates + r * s.gates_row;
    if (!counts(mask, r, s)) {
      copy_or_zero(h, before, units);
      if (kept != nullptr) copy_or_zero(kept, nullptr, 4 * units);
      continue;
    }
    const float *const x_row = x_sums, *const h_row = h_sums;
    for_each_vector(units, [=, &s](int64_t k, int64_t lanes) {
      const Vec z = activate(s.recurrent_activation, load_n(x_row + k, lanes) + load_n(h_row + k, lanes));
      const Vec reset =
          activate(s.recurrent_activation, load_n(x_row + units + k, lanes) + load_n(h_row + units + k, lanes));
      fetch(h + units + k);
      fetch_gates(x_row + 3 * units + k, 3, units);
      if (kept != nullptr) fetch_gates(kept + 4 * units + k, 4, units);
      const Vec inner = load_n(h_row + 2 * units + k, lanes);
      const Vec candidate = activate(s.activation, fma(reset, inner, load_n(x_row + 2 * units + k, lanes)));
      if (kept != nullptr) {
        store_n(kept + k, z, lanes);
        store_n(kept + units + k, reset, lanes);
        store_n(kept + 2 * units + k, candidate, lanes);
        store_n(kept + 3 * units + k, inner, lanes);
      }
      store_n(h + k, fma(z, load_or_zero(before, k, lanes), (1.0f - z) * candidate), lanes);
    });
  }
}

void gru_cell_backward(float* dx_sums, float* dinner, float* dh, const float* dy, const float* gates,
                       const float* h_before, const uint8_t* mask, const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r) {
    const float *const given = row_of(dy, r, s.h_row), *const before = row_of(h_before, r, s.h_before_row);
    const bool counted = counts(mask, r, s);
    for_each_vector(units, [=, &s](int64_t k, int64_t lanes) {
      fetch_gates(gates - 4 * units + k, 4, units);
      fetch_gates(dx_sums - 3 * units + k, 3, units);
      fetch(dinner - units + k);
      if (given != nullptr) fetch(given - units + k);
      const Vec total = load_n(dh + k, lanes) + load_or_zero(given, k, lanes);
      if (!counted) {
        for (int64_t gate = 0; gate < 3; ++gate) store_n(dx_sums + gate * units + k, zero(), lanes);
        store_n(dinner + k, zero(), lanes);
        store_n(dh + k, total, lanes);
        return;
      }
      const Vec z = load_n(gates + k, lanes), reset = load_n(gates + units + k, lanes);
      const Vec candidate = load_n(gates + 2 * units + k, lanes), inner = load_n(gates + 3 * units + k, lanes);
      const Vec dcandidate = total * (1.0f - z) * slope(s.activation, candidate);
      const Vec dz = total * (load_or_zero(before, k, lanes) - candidate);
      store_n(dx_sums + k, dz * slope(s.recurrent_activation, z), lanes);
      store_n(dx_sums + units + k, dcandidate * inner * slope(s.recurrent_activation, reset), lanes);
      store_n(dx_sums + 2 * units + k, dcandidate, lanes);
      store_n(dinner + k, dcandidate * reset, lanes);
      store_n(dh + k, total * z, lanes);
    });
    dx_sums += s.sums_row;
    dinner += s.inner_row;
    gates += s.gates_row;
    dh += units;
  }
}

void rnn_cell(float* h, const float* sums, const float* h_before, const uint8_t* mask, const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r, h += s.h_row, sums += s.sums_row) {
    if (!counts(mask, r, s)) {
      copy_or_zero(h, row_of(h_before, r, s.h_before_row), s.units);
      continue;
    }
    for_each_vector(s.units, [=, &s](int64_t k, int64_t lanes) {
      store_n(h + k, activate(s.activation, load_n(sums + k, lanes)), lanes);
    });
  }
}

void rnn_cell_backward(float* dsums, float* dh, const float* dy, const float* h, const uint8_t* mask,
                       const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r, dsums += s.sums_row, dh += s.units, h += s.h_row) {
    const float* const given = row_of(dy, r, s.h_row);
    const bool counted = counts(mask, r, s);
    for_each_vector(s.units, [=, &s](int64_t k, int64_t lanes) {
      const Vec total = load_n(dh + k, lanes) + load_or_zero(given, k, lanes);
      store_n(dsums + k, counted ? total * slope(s.activation, load_n(h + k, lanes)) : zero(), lanes);
      store_n(dh + k, counted ? zero() : total, lanes);
    });
  }
}
