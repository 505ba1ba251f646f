// recurrent.h: what LSTM, GRU and simple RNN share. A whole sequence is one call: the inputs of all steps are projected
// by one matrix product, then pieces of the batch walk through time side by side, each without waiting for the others.
// Steps are counted in the order they are processed; step s reads the inputs of time at(s). The pieces are a function
// of the batch, and a sequence's bits don't depend on its piece.
#pragma once

#include <algorithm>

#include "ops/matrix_product.h"
#include "ops/tile_product.h"

namespace fastnn::ops {

struct Recurrent {
  int64_t batch, time, in, units;
  int64_t columns;  // of the kernels: units for each gate
  bool backwards;
  int64_t piece;  // sequences of a piece

  int64_t at(int64_t step) const { return backwards ? time - 1 - step : step; }
  int64_t pieces() const { return ceil_divide(batch, piece); }
  int64_t steps() const { return checked_multiply(batch, time); }
};

// Checks x (batch, time, in), kernel (in, gates * units) and recurrent_kernel (units, gates * units), the inputs number
// first and behind.
Recurrent recurrent_of(const char* op, const fastnn_call& call, int64_t first, int64_t gates, bool backwards);
// Checks an optional input of the dtype of x: a shape in units, as "(batch, units)".
void check_optional(const char* op, const char* argument, const fastnn_call& call, int64_t index,
                    const fastnn_tensor& x, std::initializer_list<int64_t> shape);
// Checks the optional mask (batch, time) of bool or uint8.
void check_steps_mask(const char* op, const fastnn_call& call, int64_t index, const Recurrent& r);

inline const uint8_t* steps_mask(const fastnn_call& call, int64_t index) {
  return has_input(call, index) ? data<uint8_t>(input(call, index)) : nullptr;
}
template <typename T>
T* optional_input(const fastnn_call& call, int64_t index) {
  return has_input(call, index) ? data<T>(input(call, index)) : nullptr;
}
template <typename T>
T* optional_output(const fastnn_call& call, int64_t index) {
  return wants_output(call, index) ? data<T>(output(call, index)) : nullptr;
}

// Hands out the workspace; infer asks it, from a null base, for the size.
class Workspace {
 public:
  explicit Workspace(void* base) : base_(reinterpret_cast<uintptr_t>(base)), next_(base_) {}
  template <typename T>
  T* take(int64_t count) {
    const uintptr_t at = next_;
    next_ += static_cast<uintptr_t>(round_up(checked_multiply(count, sizeof(T)), 64));
    return reinterpret_cast<T*>(at);
  }
  size_t size() const { return next_ - base_; }

 private:
  uintptr_t base_, next_;
};

// The rows of a piece of arrays (batch, time, n), at a step or a time, and of arrays (batch, n).
struct Piece {
  int64_t first, rows;

  template <typename T>
  T* in_sequence(T* p, const Recurrent& r, int64_t time, int64_t n) const {
    return p == nullptr ? p : p + (first * r.time + time) * n;
  }
  template <typename T>
  T* in_state(T* p, int64_t n) const {
    return p == nullptr ? p : p + first * n;
  }
};

// Distance of the rows of a piece's sums of a step, which lie by themselves: rows a power of two apart would fall into
// few sets of the first-level cache.
inline int64_t sums_stride(const Recurrent& r) { return r.columns + 16; }

// Copies rows x n numbers.
template <typename T>
void copy_rows(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) std::copy_n(from + row * from_row, n, to + row * to_row);
}

// Asks for rows x n numbers in the second level of the cache, for what comes after a product.
template <typename T>
void fetch_rows(const T* p, int64_t p_row, int64_t rows, int64_t n) {
  constexpr int64_t kLine = 64 / sizeof(T);
  if (p == nullptr) return;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < n; i += kLine) __builtin_prefetch(p + row * p_row + i, 0, 2);
  }
}

inline int64_t packed_size(int64_t k, int64_t n) { return checked_multiply(k, round_up(n, 16)); }

// Packs b (k, n) for kernels.gemm.
template <typename T>
void pack_weights(const fastnn_context& context, T* packed, const T* b, int64_t k, int64_t n, int64_t b_row,
                  int64_t b_column) {
  constexpr int64_t kColumns = 4 * kernels::kGemmColumns;
  parallel_for(context, ceil_divide(n, kColumns), static_cast<double>(k * n) * sizeof(T) / 5, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk, n, kColumns);
    table<T>().gemm_pack(packed + columns.begin * k, b + columns.begin * b_column, k, columns.end - columns.begin,
                         b_row, b_column, 0, k);
  });
}

// A b (k, n) that every step multiplies by, packed for a matrix unit or for kernels.gemm: element (i, j) of `numbers` is at
// i * row + j * column.
template <typename T>
struct StepMatrix {
  const T *packed, *numbers;
  int64_t k, n, row, column;
  kernels::TileUse tiles;

  // y (rows, n) = epilogue(a (rows, k) @ b)
  void multiply(T* y, int64_t y_row, const T* a, int64_t a_row, int64_t rows,
                const kernels::Epilogue<T>& epilogue) const {
    const kernels::GemmLayout layout{y_row, a_row, 1, 0};
    if constexpr (std::is_same_v<T, float>) {
      if (tiles.unit != nullptr) {
        const auto* const parts = reinterpret_cast<const uint16_t*>(packed);
        tiles.unit->begin();
        tiles.unit->multiply(y, a, {parts, numbers, k, row, column}, rows, n, layout, epilogue, tiles.parts);
        return tiles.unit->end();
      }
    }
    table<T>().gemm(y, a, packed, rows, n, k, layout, epilogue);
  }
};

// Numbers of its room, on every level of this machine.
int64_t step_matrix_size(const fastnn_context& context, int64_t k, int64_t n);
// The matrix in `room`, which pack fills.
template <typename T>
StepMatrix<T> step_matrix(const fastnn_context& context, const T* room, const T* b, int64_t k, int64_t n, int64_t row,
                          int64_t column) {
  if constexpr (std::is_same_v<T, float>) {
    return {room, b, k, n, row, column, tile_use(context, TileUser::recurrent, n, k)};
  }
  return {room, b, k, n, row, column, {}};
}
template <typename T>
StepMatrix<T> pack_step_matrix(const fastnn_context& context, T* room, const T* b, int64_t k, int64_t n, int64_t row,
                               int64_t column) {
  const StepMatrix<T> matrix = step_matrix<T>(context, room, b, k, n, row, column);
  if constexpr (std::is_same_v<T, float>) {
    if (matrix.tiles.unit != nullptr) {
      pack_tiles(context, matrix.tiles, room, b, n, k, row, column);
      return matrix;
    }
  }
  pack_weights(context, room, b, k, n, row, column);
  return matrix;
}

// The kernels of a forward pass, inputs 1 and 2 of its op, packed: ahead of the run, or else the recurrent one in the
// workspace and that of the inputs by its product.
template <typename T>
struct PackedKernels {
  const T* of_inputs;
  StepMatrix<T> recurrent;
};
void describe_kernels(const fastnn_call& call, const Recurrent& r, fastnn_preparation& preparation);
void prepare_kernels(const fastnn_call& call, const Recurrent& r, void* prepared);
template <typename T>
PackedKernels<T> packed_kernels(const fastnn_call& call, const Recurrent& r, T* room) {
  const fastnn_context& context = *call.context;
  const T* const b = data<T>(input(call, 2));
  if (call.prepared != nullptr) {
    const T* const recurrent = static_cast<const T*>(call.prepared);
    return {recurrent + round_up(step_matrix_size(context, r.units, r.columns), 16),
            step_matrix<T>(context, recurrent, b, r.units, r.columns, r.columns, 1)};
  }
  return {nullptr, pack_step_matrix<T>(context, room, b, r.units, r.columns, r.columns, 1)};
}

// Calls body(piece) for all pieces of the batch. flops is what a step of a sequence takes in its products.
template <typename Body>
void for_each_piece(const fastnn_context& context, const Recurrent& r, double flops, Body&& body) {
  const double nanoseconds =
      static_cast<double>(r.batch) * static_cast<double>(r.time) * (flops / 60 + static_cast<double>(r.columns) * 2);
  parallel_for(context, r.pieces(), nanoseconds, [&](int64_t index) {
    const Range rows = chunk_range(index, r.batch, r.piece);
    body(Piece{rows.begin, rows.end - rows.begin});
  });
}

// The state that a piece's product of a step reads: where it lies, and the distance of its rows. With a mask of
// recurrent dropout it is the product of both in `dropped` (batch, units).
template <typename T>
struct State {
  const T* data;
  int64_t row;
};
template <typename T>
State<T> state_before(const Recurrent& r, const Piece& piece, int64_t step, const T* y, const T* h0) {
  if (step > 0) return {piece.in_sequence(y, r, step - 1, r.units), r.time * r.units};
  return {piece.in_state(h0, r.units), r.units};
}
template <typename T>
State<T> dropped_state(const Recurrent& r, const Piece& piece, State<T> state, const T* recurrent_mask, T* dropped) {
  if (recurrent_mask == nullptr || state.data == nullptr) return state;
  T* const target = piece.in_state(dropped, r.units);
  table<T>().multiply(target, state.data, piece.in_state(recurrent_mask, r.units), piece.rows, r.units,
                      {r.units, 1, state.row, 1, r.units, 1}, false);
  return {target, r.units};
}

// Row (sequence, time at(step)) of `before` (batch, time, units) = the state that this step's product read.
template <typename T>
void keep_state(const Recurrent& r, const Piece& piece, int64_t step, State<T> state, T* before) {
  T* const target = piece.in_sequence(before, r, r.at(step), r.units);
  for (int64_t row = 0; row < piece.rows; ++row) {
    if (state.data == nullptr) {
      std::fill_n(target + row * r.time * r.units, r.units, T(0));
    } else {
      std::copy_n(state.data + row * state.row, r.units, target + row * r.time * r.units);
    }
  }
}

// dh (rows, units) (+)= sums @ the transpose of the recurrent kernel, times the mask of recurrent dropout.
template <typename T>
void add_to_state(const Recurrent& r, const Piece& piece, T* dh, const T* sums, int64_t sums_row,
                  const StepMatrix<T>& transpose, const T* recurrent_mask, T* product) {
  T* const target = recurrent_mask == nullptr ? dh : piece.in_state(product, r.units);
  transpose.multiply(target, r.units, sums, sums_row, piece.rows, {nullptr, false, recurrent_mask == nullptr});
  if (recurrent_mask != nullptr) {
    table<T>().multiply(dh, target, piece.in_state(recurrent_mask, r.units), piece.rows, r.units,
                        {r.units, 1, r.units, 1, r.units, 1}, true);
  }
}

// Bytes for the three products below.
size_t products_workspace(const Recurrent& r, int64_t item);

// y (batch * time, columns) = x @ kernel + bias; packed: the kernel, packed, or null.
template <typename T>
void project_inputs(const fastnn_context& context, const Recurrent& r, T* y, const T* x, const T* kernel,
                    const T* packed, const T* bias, void* workspace) {
  matrix_product<T>(
      context,
      {y, x, kernel, r.steps(), r.columns, r.in, r.columns, r.in, 1, r.columns, 1, {bias, false, false}, packed},
      workspace);
}

// dx (batch * time, in) (+)= sums @ transpose of kernel.
template <typename T>
void input_gradient(const fastnn_context& context, const Recurrent& r, T* dx, const T* sums, const T* kernel,
                    bool accumulate, void* workspace) {
  matrix_product<T>(
      context,
      {dx, sums, kernel, r.steps(), r.in, r.columns, r.in, r.columns, 1, 1, r.columns, {nullptr, false, accumulate}},
      workspace);
}

// dw (m, columns of r from `column` on, n of them) (+)= transpose of x (batch * time, m) @ sums (batch * time, n).
template <typename T>
void weight_gradient(const fastnn_context& context, const Recurrent& r, T* dw, const T* x, int64_t m, const T* sums,
                     int64_t n, int64_t sums_row, bool accumulate, void* workspace) {
  matrix_product<T>(context, {dw, x, sums, m, n, r.steps(), r.columns, 1, m, sums_row, 1, {nullptr, false, accumulate}},
                    workspace);
}

// out[c] (+)= sum over all steps of sums (batch * time, n), summed in double.
template <typename T>
void bias_gradient(const fastnn_context& context, const Recurrent& r, T* out, const T* sums, int64_t n,
                   int64_t sums_row, bool accumulate) {
  constexpr int64_t kColumns = 64;
  const double nanoseconds = static_cast<double>(r.steps()) * static_cast<double>(n) * sizeof(T) / 8;
  parallel_for(context, ceil_divide(n, kColumns), nanoseconds, [&](int64_t chunk) {
    const Range columns = chunk_range(chunk, n, kColumns);
    double totals[kColumns] = {};
    table<T>().sum_columns(totals, sums + columns.begin, r.steps(), columns.end - columns.begin, sums_row, true);
    for (int64_t c = columns.begin; c < columns.end; ++c) {
      const T total = static_cast<T>(totals[c - columns.begin]);
      out[c] = accumulate ? out[c] + total : total;
    }
  });
}

}  // namespace fastnn::ops
