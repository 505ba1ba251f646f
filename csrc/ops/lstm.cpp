// lstm.cpp: long short-term memory over a whole sequence and its gradient (formulas in schema.toml). Forward, the sums
// of a step are made where they stay in the first-level cache: from its inputs, by a product of its own where their kernel
// is small, else by one large product for all steps; then from the state. Backward walks from the last step to the first,
// leaves the gradients of the sums, and three large products make those of inputs and kernels of them.
#include "fastnn/ops.h"
#include "ops/recurrent.h"

namespace fastnn::ops {
namespace {

enum Input { kX, kKernel, kRecurrentKernel, kBias, kH0, kC0, kMask, kRecurrentMask };
enum Output { kY, kLastC, kGates, kCells };
enum BackwardInput {
  kOfX,
  kOfKernel,
  kOfRecurrent,
  kOfY,
  kOfGates,
  kOfCells,
  kDy,
  kDc,
  kOfH0,
  kOfC0,
  kOfMask,
  kOfDrop
};
enum BackwardOutput { kDx, kDkernel, kDrecurrent, kDbias, kDh0, kDc0 };

// Whether the product of a step's inputs is made in that step: their kernel is one block of a product's depth and leaves
// room for the recurrent one in the second-level cache. A matrix unit makes all of them at once.
bool may_project_by_step(const Recurrent& r) {
  return r.in <= kernels::kGemmDepth && checked_multiply(r.in, r.columns) <= 64 * 1024;
}
bool projects_by_step(const fastnn_call& call, const Recurrent& r) {
  const bool has_tiles =
      input(call, kX).dtype == kFloat32 && tile_use(*call.context, TileUser::product, r.columns, r.in).unit != nullptr;
  return may_project_by_step(r) && !has_tiles;
}

template <typename T>
struct Buffers {
  T *projected, *sums, *cells, *packed, *packed_inputs, *dropped;
  char* products;
  size_t size;
};

template <typename T>
Buffers<T> buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  Buffers<T> b{};
  b.sums = space.take<T>(checked_multiply(r.batch, sums_stride(r)));
  if (!wants_output(call, kCells)) {
    b.cells = wants_output(call, kLastC) ? data<T>(output(call, kLastC)) : space.take<T>(r.batch * r.units);
  }
  b.packed = space.take<T>(step_matrix_size(*call.context, r.units, r.columns));
  if (has_input(call, kRecurrentMask)) b.dropped = space.take<T>(r.batch * r.units);
  if (may_project_by_step(r)) b.packed_inputs = space.take<T>(packed_size(r.in, r.columns));
  if (!may_project_by_step(r) || planned_tile_parts(*call.context, TileUser::product, r.columns, r.in) > 0) {
    b.projected = wants_output(call, kGates) ? data<T>(output(call, kGates)) : space.take<T>(r.steps() * r.columns);
    b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  }
  b.size = space.size();
  return b;
}

Recurrent sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_lstm_attributes>(call).go_backwards != 0;
  return recurrent_of("lstm", call, kX, 4, backwards);
}

template <typename T>
struct BackwardBuffers {
  T *sums, *of_step, *before, *dh, *dc, *product, *packed;
  char* products;
  size_t size;
};

template <typename T>
BackwardBuffers<T> backward_buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  BackwardBuffers<T> b{};
  const int64_t state = r.batch * r.units;
  b.sums = space.take<T>(r.steps() * r.columns);
  b.of_step = space.take<T>(checked_multiply(r.batch, sums_stride(r)));
  if (wants_output(call, kDrecurrent)) b.before = space.take<T>(r.steps() * r.units);
  b.dh = wants_output(call, kDh0) ? data<T>(output(call, kDh0)) : space.take<T>(state);
  b.dc = wants_output(call, kDc0) ? data<T>(output(call, kDc0)) : space.take<T>(state);
  if (has_input(call, kOfDrop)) b.product = space.take<T>(state);
  b.packed = space.take<T>(step_matrix_size(*call.context, r.columns, r.units));
  b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  b.size = space.size();
  return b;
}

Recurrent backward_sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_lstm_backward_attributes>(call).go_backwards != 0;
  return recurrent_of("lstm_backward", call, kOfX, 4, backwards);
}

}  // namespace

size_t lstm_infer(const fastnn_call& call) {
  const char* op = "lstm";
  const fastnn_tensor& x = input(call, kX);
  const Recurrent r = sizes_of(call);
  check_optional(op, "bias", call, kBias, x, {r.columns});
  check_optional(op, "h0", call, kH0, x, {r.batch, r.units});
  check_optional(op, "c0", call, kC0, x, {r.batch, r.units});
  check_steps_mask(op, call, kMask, r);
  check_optional(op, "recurrent_mask", call, kRecurrentMask, x, {r.batch, r.units});
  set_output(&output(call, kY), x.dtype, x.device, {r.batch, r.time, r.units});
  if (wants_output(call, kLastC)) set_output(&output(call, kLastC), x.dtype, x.device, {r.batch, r.units});
  if (wants_output(call, kGates)) set_output(&output(call, kGates), x.dtype, x.device, {r.batch, r.time, r.columns});
  if (wants_output(call, kCells)) set_output(&output(call, kCells), x.dtype, x.device, {r.batch, r.time, r.units});
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void lstm_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lstm_attributes>(call);
  const Recurrent r = sizes_of(call);
  with_float_type(input(call, kX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const Buffers<T> b = buffers_of<T>(call, r);
    const int64_t units = r.units, sequence = r.time * r.units;
    T* const y = data<T>(output(call, kY));
    T *const cells = optional_output<T>(call, kCells), *const last = optional_output<T>(call, kLastC);
    const T *const h0 = optional_input<T>(call, kH0), *const c0 = optional_input<T>(call, kC0);
    const T* const drop = optional_input<T>(call, kRecurrentMask);
    const uint8_t* const mask = steps_mask(call, kMask);
    const T *const x = data<T>(input(call, kX)), *const kernel = data<T>(input(call, kKernel));
    const T* const bias = optional_input<T>(call, kBias);
    T* const gates = optional_output<T>(call, kGates);
    PackedKernels<T> packed = packed_kernels<T>(call, r, b.packed);
    const bool by_step = projects_by_step(call, r);
    if (!by_step) {
      project_inputs<T>(*call.context, r, b.projected, x, kernel, packed.of_inputs, bias, b.products);
    } else if (packed.of_inputs == nullptr) {
      pack_weights<T>(*call.context, b.packed_inputs, kernel, r.in, r.columns, r.columns, 1);
      packed.of_inputs = b.packed_inputs;
    }
    const int64_t sums_row = sums_stride(r);
    for_each_piece(*call.context, r, 8.0 * static_cast<double>(units * (units + r.in)), [&](const Piece& piece) {
      State<T> c{piece.in_state(c0, units), units};
      T* const sums = piece.in_state(b.sums, sums_row);
      for (int64_t step = 0; step < r.time; ++step) {
        const int64_t time = r.at(step);
        if (!by_step) {
          copy_rows(sums, sums_row, piece.in_sequence(b.projected, r, time, r.columns), r.time * r.columns, piece.rows,
                    r.columns);
        } else {
          table<T>().gemm(sums, piece.in_sequence(x, r, time, r.in), packed.of_inputs, piece.rows, r.columns, r.in,
                          {sums_row, r.time * r.in, 1, 0}, {bias, false, false});
        }
        const State<T> h = state_before<T>(r, piece, step, y, h0);
        const State<T> left = dropped_state<T>(r, piece, h, drop, b.dropped);
        if (left.data != nullptr) {
          packed.recurrent.multiply(sums, sums_row, left.data, left.row, piece.rows, {nullptr, false, true});
        }
        T* const next = cells != nullptr ? piece.in_sequence(cells, r, step, units) : piece.in_state(b.cells, units);
        const int64_t next_row = cells != nullptr ? sequence : units;
        kernels::RecurrentStep s{};
        s.rows = piece.rows;
        s.units = units;
        s.gates_row = r.time * r.columns;
        s.sums_row = sums_row;
        s.h_row = sequence;
        s.h_before_row = h.row;
        s.c_row = next_row;
        s.c_before_row = c.row;
        s.mask_row = r.time;
        s.activation = static_cast<kernels::Activation>(a.activation);
        s.recurrent_activation = static_cast<kernels::Activation>(a.recurrent_activation);
        table<T>().lstm_cell(piece.in_sequence(y, r, step, units), next, piece.in_sequence(gates, r, time, r.columns),
                             sums, h.data, c.data, piece.in_sequence(mask, r, time, 1), s);
        c = {next, next_row};
      }
      if (last == nullptr || c.data == last + piece.first * units) return;
      for (int64_t row = 0; row < piece.rows; ++row) {
        T* const target = last + (piece.first + row) * units;
        if (c.data == nullptr) {
          std::fill_n(target, units, T(0));
        } else {
          std::copy_n(c.data + row * c.row, units, target);
        }
      }
    });
  });
}

void lstm_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  describe_kernels(call, sizes_of(call), preparation);
}

void lstm_prepare(const fastnn_call& call, void* prepared) { prepare_kernels(call, sizes_of(call), prepared); }

size_t lstm_backward_infer(const fastnn_call& call) {
  const char* op = "lstm_backward";
  const fastnn_tensor& x = input(call, kOfX);
  const Recurrent r = backward_sizes_of(call);
  check_optional(op, "dy", call, kDy, x, {r.batch, r.time, r.units});
  check_optional(op, "dc_n", call, kDc, x, {r.batch, r.units});
  check_optional(op, "y", call, kOfY, x, {r.batch, r.time, r.units});
  check_optional(op, "gates", call, kOfGates, x, {r.batch, r.time, r.columns});
  check_optional(op, "cells", call, kOfCells, x, {r.batch, r.time, r.units});
  check_optional(op, "h0", call, kOfH0, x, {r.batch, r.units});
  check_optional(op, "c0", call, kOfC0, x, {r.batch, r.units});
  check_steps_mask(op, call, kOfMask, r);
  check_optional(op, "recurrent_mask", call, kOfDrop, x, {r.batch, r.units});
  if (wants_output(call, kDx)) set_output_like(&output(call, kDx), x);
  if (wants_output(call, kDkernel)) set_output_like(&output(call, kDkernel), input(call, kOfKernel));
  if (wants_output(call, kDrecurrent)) set_output_like(&output(call, kDrecurrent), input(call, kOfRecurrent));
  if (wants_output(call, kDbias)) set_output(&output(call, kDbias), x.dtype, x.device, {r.columns});
  for (const int64_t state : {int64_t{kDh0}, int64_t{kDc0}}) {
    if (wants_output(call, state)) set_output(&output(call, state), x.dtype, x.device, {r.batch, r.units});
  }
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = backward_buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void lstm_backward_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_lstm_backward_attributes>(call);
  const Recurrent r = backward_sizes_of(call);
  with_float_type(input(call, kOfX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const BackwardBuffers<T> b = backward_buffers_of<T>(call, r);
    const int64_t units = r.units, sequence = r.time * r.units;
    const T *const dy = optional_input<T>(call, kDy), *const dc_n = optional_input<T>(call, kDc);
    const T *const x = data<T>(input(call, kOfX)), *const kernel = data<T>(input(call, kOfKernel));
    const T *const y = data<T>(input(call, kOfY)), *const gates = data<T>(input(call, kOfGates));
    const T* const cells = data<T>(input(call, kOfCells));
    const T *const h0 = optional_input<T>(call, kOfH0), *const c0 = optional_input<T>(call, kOfC0);
    const T* const drop = optional_input<T>(call, kOfDrop);
    const uint8_t* const mask = steps_mask(call, kOfMask);
    const StepMatrix<T> transpose = pack_step_matrix<T>(*call.context, b.packed, data<T>(input(call, kOfRecurrent)),
                                                        r.columns, units, 1, r.columns);
    const int64_t sums_row = sums_stride(r);
    for_each_piece(*call.context, r, 8.0 * static_cast<double>(units * units), [&](const Piece& piece) {
      T *const dh = piece.in_state(b.dh, units), *const dc = piece.in_state(b.dc, units);
      std::fill_n(dh, piece.rows * units, T(0));
      if (dc_n == nullptr) {
        std::fill_n(dc, piece.rows * units, T(0));
      } else {
        std::copy_n(piece.in_state(dc_n, units), piece.rows * units, dc);
      }
      for (int64_t step = r.time - 1; step >= 0; --step) {
        const int64_t time = r.at(step);
        T* const sums = piece.in_state(b.of_step, sums_row);
        const State<T> h = state_before<T>(r, piece, step, y, h0), c = state_before<T>(r, piece, step, cells, c0);
        kernels::RecurrentStep s{};
        s.rows = piece.rows;
        s.units = units;
        s.gates_row = r.time * r.columns;
        s.sums_row = sums_row;
        s.h_row = sequence;
        s.c_row = sequence;
        s.c_before_row = c.row;
        s.mask_row = r.time;
        s.activation = static_cast<kernels::Activation>(a.activation);
        s.recurrent_activation = static_cast<kernels::Activation>(a.recurrent_activation);
        table<T>().lstm_cell_backward(
            sums, dh, dc, piece.in_sequence(dy, r, step, units), piece.in_sequence(gates, r, time, r.columns),
            piece.in_sequence(cells, r, step, units), c.data, piece.in_sequence(mask, r, time, 1), s);
        if (b.before != nullptr)
          keep_state<T>(r, piece, step, dropped_state<T>(r, piece, h, drop, b.product), b.before);
        fetch_rows(piece.in_sequence(b.sums, r, time, r.columns), r.time * r.columns, piece.rows, r.columns);
        if (step > 1 && b.before != nullptr) {
          fetch_rows(piece.in_sequence(y, r, step - 2, units), sequence, piece.rows, units);
          fetch_rows(piece.in_sequence(b.before, r, r.at(step - 1), units), sequence, piece.rows, units);
        }
        if (step > 0 || wants_output(call, kDh0)) {
          add_to_state<T>(r, piece, dh, sums, sums_row, transpose, drop, b.product);
        }
        copy_rows(piece.in_sequence(b.sums, r, time, r.columns), r.time * r.columns, sums, sums_row, piece.rows,
                  r.columns);
      }
    });
    if (T* const dx = optional_output<T>(call, kDx)) {
      input_gradient<T>(*call.context, r, dx, b.sums, kernel, accumulates(call, kDx), b.products);
    }
    if (T* const dkernel = optional_output<T>(call, kDkernel)) {
      weight_gradient<T>(*call.context, r, dkernel, x, r.in, b.sums, r.columns, r.columns, accumulates(call, kDkernel),
                         b.products);
    }
    if (T* const drecurrent = optional_output<T>(call, kDrecurrent)) {
      weight_gradient<T>(*call.context, r, drecurrent, b.before, units, b.sums, r.columns, r.columns,
                         accumulates(call, kDrecurrent), b.products);
    }
    if (T* const dbias = optional_output<T>(call, kDbias)) {
      bias_gradient<T>(*call.context, r, dbias, b.sums, r.columns, r.columns, accumulates(call, kDbias));
    }
  });
}

}  // namespace fastnn::ops
