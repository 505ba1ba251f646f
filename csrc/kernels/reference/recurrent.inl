// recurrent.inl: the reference of cpu/recurrent.inl.

template <typename T>
T activate(Activation kind, T x) {
  switch (kind) {
    case Activation::relu:
      return x <= T(0) ? T(0) : x;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return sigmoid_of(x);
    case Activation::hard_sigmoid:
      return x <= T(-3) ? T(0) : x >= T(3) ? T(1) : (x + T(3)) / T(6);
    default:
      return x;
  }
}

template <typename T>
T slope(Activation kind, T y) {
  switch (kind) {
    case Activation::relu:
      return y > T(0) ? T(1) : T(0);
    case Activation::tanh:
      return (T(1) - y) * (T(1) + y);
    case Activation::sigmoid:
      return y * (T(1) - y);
    case Activation::hard_sigmoid:
      return y > T(0) && y < T(1) ? T(1) / T(6) : T(0);
    default:
      return T(1);
  }
}

// Element k of row r of an array that may be absent.
template <typename T>
T element_or_zero(const T* p, int64_t r, int64_t stride, int64_t k) {
  return p == nullptr ? T(0) : p[r * stride + k];
}

inline bool counts(const uint8_t* mask, int64_t r, const RecurrentStep& s) {
  return mask == nullptr || mask[r * s.mask_row] != 0;
}

template <typename T>
void lstm_cell(T* h, T* c, T* gates, const T* sums, const T* h_before, const T* c_before, const uint8_t* mask,
               const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < s.units; ++k) {
      T* const gate = gates == nullptr ? nullptr : gates + r * s.gates_row + k;
      const T* const sum = sums + r * s.sums_row + k;
      const T before = element_or_zero(c_before, r, s.c_before_row, k);
      if (!counts(mask, r, s)) {
        h[r * s.h_row + k] = element_or_zero(h_before, r, s.h_before_row, k);
        c[r * s.c_row + k] = before;
        for (int64_t index = 0; gate != nullptr && index < 4; ++index) gate[index * s.units] = 0;
        continue;
      }
      const T i = activate(s.recurrent_activation, sum[0]), f = activate(s.recurrent_activation, sum[s.units]);
      const T g = activate(s.activation, sum[2 * s.units]);
      const T o = activate(s.recurrent_activation, sum[3 * s.units]);
      const T state = f * before + i * g;
      if (gate != nullptr) {
        gate[0] = i;
        gate[s.units] = f;
        gate[2 * s.units] = g;
        gate[3 * s.units] = o;
      }
      c[r * s.c_row + k] = state;
      h[r * s.h_row + k] = o * activate(s.activation, state);
    }
  }
}

template <typename T>
void lstm_cell_backward(T* dsums, T* dh, T* dc, const T* dy, const T* gates, const T* c, const T* c_before,
                        const uint8_t* mask, const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < s.units; ++k) {
      T& carried = dh[r * s.units + k];
      T* const dsum = dsums + r * s.sums_row + k;
      const T total = carried + element_or_zero(dy, r, s.h_row, k);
      if (!counts(mask, r, s)) {
        for (int64_t gate = 0; gate < 4; ++gate) dsum[gate * s.units] = 0;
        carried = total;
        continue;
      }
      const T* const gate = gates + r * s.gates_row + k;
      const T i = gate[0], f = gate[s.units], g = gate[2 * s.units], o = gate[3 * s.units];
      const T a = activate(s.activation, c[r * s.c_row + k]);
      const T dstate = dc[r * s.units + k] + total * o * slope(s.activation, a);
      dsum[0] = dstate * g * slope(s.recurrent_activation, i);
      dsum[s.units] = dstate * element_or_zero(c_before, r, s.c_before_row, k) * slope(s.recurrent_activation, f);
      dsum[2 * s.units] = dstate * i * slope(s.activation, g);
      dsum[3 * s.units] = total * a * slope(s.recurrent_activation, o);
      dc[r * s.units + k] = dstate * f;
      carried = 0;
    }
  }
}

template <typename T>
void gru_cell(T* h, T* gates, const T* x_sums, const T* h_sums, const T* h_before, const uint8_t* mask,
              const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < units; ++k) {
      const T before = element_or_zero(h_before, r, s.h_before_row, k);
      T* const kept = gates == nullptr ? nullptr : gates + r * s.gates_row + k;
      if (!counts(mask, r, s)) {
        h[r * s.h_row + k] = before;
        for (int64_t gate = 0; kept != nullptr && gate < 4; ++gate) kept[gate * units] = 0;
        continue;
      }
      const T *const x = x_sums + r * s.sums_row + k, *const sums = h_sums + r * 3 * units + k;
      const T z = activate(s.recurrent_activation, x[0] + sums[0]);
      const T reset = activate(s.recurrent_activation, x[units] + sums[units]);
      const T inner = sums[2 * units];
      const T candidate = activate(s.activation, x[2 * units] + reset * inner);
      if (kept != nullptr) {
        kept[0] = z;
        kept[units] = reset;
        kept[2 * units] = candidate;
        kept[3 * units] = inner;
      }
      h[r * s.h_row + k] = z * before + (T(1) - z) * candidate;
    }
  }
}

template <typename T>
void gru_cell_backward(T* dx_sums, T* dinner, T* dh, const T* dy, const T* gates, const T* h_before,
                       const uint8_t* mask, const RecurrentStep& s) {
  const int64_t units = s.units;
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < units; ++k) {
      T& carried = dh[r * units + k];
      T *const dx = dx_sums + r * s.sums_row + k, &di = dinner[r * s.inner_row + k];
      const T total = carried + element_or_zero(dy, r, s.h_row, k);
      if (!counts(mask, r, s)) {
        dx[0] = dx[units] = dx[2 * units] = di = 0;
        carried = total;
        continue;
      }
      const T* const gate = gates + r * s.gates_row + k;
      const T z = gate[0], reset = gate[units], candidate = gate[2 * units], inner = gate[3 * units];
      const T dcandidate = total * (T(1) - z) * slope(s.activation, candidate);
      dx[0] = total * (element_or_zero(h_before, r, s.h_before_row, k) - candidate) * slope(s.recurrent_activation, z);
      dx[units] = dcandidate * inner * slope(s.recurrent_activation, reset);
      dx[2 * units] = dcandidate;
      di = dcandidate * reset;
      carried = total * z;
    }
  }
}

template <typename T>
void rnn_cell(T* h, const T* sums, const T* h_before, const uint8_t* mask, const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < s.units; ++k) {
      h[r * s.h_row + k] = counts(mask, r, s) ? activate(s.activation, sums[r * s.sums_row + k])
                                              : element_or_zero(h_before, r, s.h_before_row, k);
    }
  }
}

template <typename T>
void rnn_cell_backward(T* dsums, T* dh, const T* dy, const T* h, const uint8_t* mask, const RecurrentStep& s) {
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t k = 0; k < s.units; ++k) {
      T& carried = dh[r * s.units + k];
      const T total = carried + element_or_zero(dy, r, s.h_row, k);
      const bool counted = counts(mask, r, s);
      dsums[r * s.sums_row + k] = counted ? total * slope(s.activation, h[r * s.h_row + k]) : T(0);
      carried = counted ? T(0) : total;
    }
  }
}
