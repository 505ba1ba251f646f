// gru.cpp: gated recurrent units over a whole sequence, the reset gate applied behind the product, and their gradient
// (formulas in schema.toml). The sums of the inputs and those of the state stay apart: the gate scales the latter.
#include "fastnn/ops.h"
#include "ops/recurrent.h"

namespace fastnn::ops {
namespace {

enum Input { kX, kKernel, kRecurrentKernel, kBias, kH0, kMask, kRecurrentMask };
enum Output { kY, kGates };
enum BackwardInput { kDy, kOfX, kOfKernel, kOfRecurrent, kOfY, kOfGates, kOfH0, kOfMask, kOfDrop };
enum BackwardOutput { kDx, kDkernel, kDrecurrent, kDbias, kDh0 };

template <typename T>
struct Buffers {
  T *x_sums, *h_sums, *packed, *dropped;
  char* products;
  size_t size;
};

template <typename T>
Buffers<T> buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  Buffers<T> b{};
  b.x_sums = space.take<T>(r.steps() * r.columns);
  b.h_sums = space.take<T>(r.batch * r.columns);
  b.packed = space.take<T>(step_matrix_size(*call.context, r.units, r.columns));
  if (has_input(call, kRecurrentMask)) b.dropped = space.take<T>(r.batch * r.units);
  b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  b.size = space.size();
  return b;
}

template <typename T>
struct BackwardBuffers {
  T *sums, *inner, *before, *dh, *product, *packed, *packed_inner;
  char* products;
  size_t size;
};

template <typename T>
BackwardBuffers<T> backward_buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  BackwardBuffers<T> b{};
  b.sums = space.take<T>(r.steps() * r.columns);
  b.inner = space.take<T>(r.steps() * r.units);
  if (wants_output(call, kDrecurrent)) b.before = space.take<T>(r.steps() * r.units);
  b.dh = wants_output(call, kDh0) ? data<T>(output(call, kDh0)) : space.take<T>(r.batch * r.units);
  if (has_input(call, kOfDrop)) b.product = space.take<T>(r.batch * r.units);
  b.packed = space.take<T>(step_matrix_size(*call.context, 2 * r.units, r.units));
  b.packed_inner = space.take<T>(step_matrix_size(*call.context, r.units, r.units));
  b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  b.size = space.size();
  return b;
}

Recurrent sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_gru_attributes>(call).go_backwards != 0;
  return recurrent_of("gru", call, kX, 3, backwards);
}

Recurrent backward_sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_gru_backward_attributes>(call).go_backwards != 0;
  return recurrent_of("gru_backward", call, kOfX, 3, backwards);
}

template <typename Attributes>
kernels::RecurrentStep step_of(const Recurrent& r, const Piece& piece, const Attributes& a) {
  kernels::RecurrentStep s{};
  s.rows = piece.rows;
  s.units = r.units;
  s.gates_row = r.time * 4 * r.units;
  s.sums_row = r.time * r.columns;
  s.inner_row = s.h_row = r.time * r.units;
  s.mask_row = r.time;
  s.activation = static_cast<kernels::Activation>(a.activation);
  s.recurrent_activation = static_cast<kernels::Activation>(a.recurrent_activation);
  return s;
}

// The sums of a piece's state: state @ recurrent kernel + bias, or the bias alone.
template <typename T>
void state_sums(const Recurrent& r, const Piece& piece, T* sums, State<T> state, const StepMatrix<T>& kernel,
                const T* bias) {
  if (state.data != nullptr) {
    kernel.multiply(sums, r.columns, state.data, state.row, piece.rows, {bias, false, false});
    return;
  }
  for (int64_t row = 0; row < piece.rows; ++row) {
    if (bias == nullptr) {
      std::fill_n(sums + row * r.columns, r.columns, T(0));
    } else {
      std::copy_n(bias, r.columns, sums + row * r.columns);
    }
  }
}

}  // namespace

size_t gru_infer(const fastnn_call& call) {
  const char* op = "gru";
  const fastnn_tensor& x = input(call, kX);
  const Recurrent r = sizes_of(call);
  check_optional(op, "bias", call, kBias, x, {2, r.columns});
  check_optional(op, "h0", call, kH0, x, {r.batch, r.units});
  check_steps_mask(op, call, kMask, r);
  check_optional(op, "recurrent_mask", call, kRecurrentMask, x, {r.batch, r.units});
  set_output(&output(call, kY), x.dtype, x.device, {r.batch, r.time, r.units});
  if (wants_output(call, kGates)) set_output(&output(call, kGates), x.dtype, x.device, {r.batch, r.time, 4 * r.units});
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void gru_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_gru_attributes>(call);
  const Recurrent r = sizes_of(call);
  with_float_type(input(call, kX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const Buffers<T> b = buffers_of<T>(call, r);
    const int64_t units = r.units;
    T *const y = data<T>(output(call, kY)), *const gates = optional_output<T>(call, kGates);
    const T *const bias = optional_input<T>(call, kBias), *const h0 = optional_input<T>(call, kH0);
    const T* const drop = optional_input<T>(call, kRecurrentMask);
    const uint8_t* const mask = steps_mask(call, kMask);
    const PackedKernels<T> packed = packed_kernels<T>(call, r, b.packed);
    project_inputs<T>(*call.context, r, b.x_sums, data<T>(input(call, kX)), data<T>(input(call, kKernel)),
                      packed.of_inputs, bias, b.products);
    for_each_piece(*call.context, r, 6.0 * static_cast<double>(units * units), [&](const Piece& piece) {
      kernels::RecurrentStep s = step_of(r, piece, a);
      T* const sums = piece.in_state(b.h_sums, r.columns);
      for (int64_t step = 0; step < r.time; ++step) {
        const int64_t time = r.at(step);
        const State<T> h = state_before<T>(r, piece, step, y, h0);
        state_sums<T>(r, piece, sums, dropped_state<T>(r, piece, h, drop, b.dropped), packed.recurrent,
                      bias == nullptr ? nullptr : bias + r.columns);
        s.h_before_row = h.row;
        table<T>().gru_cell(piece.in_sequence(y, r, step, units), piece.in_sequence(gates, r, time, 4 * units),
                            piece.in_sequence(b.x_sums, r, time, r.columns), sums, h.data,
                            piece.in_sequence(mask, r, time, 1), s);
      }
    });
  });
}

void gru_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  describe_kernels(call, sizes_of(call), preparation);
}

void gru_prepare(const fastnn_call& call, void* prepared) { prepare_kernels(call, sizes_of(call), prepared); }

size_t gru_backward_infer(const fastnn_call& call) {
  const char* op = "gru_backward";
  const fastnn_tensor& x = input(call, kOfX);
  const Recurrent r = backward_sizes_of(call);
  check_optional(op, "dy", call, kDy, x, {r.batch, r.time, r.units});
  check_optional(op, "y", call, kOfY, x, {r.batch, r.time, r.units});
  check_optional(op, "gates", call, kOfGates, x, {r.batch, r.time, 4 * r.units});
  check_optional(op, "h0", call, kOfH0, x, {r.batch, r.units});
  check_steps_mask(op, call, kOfMask, r);
  check_optional(op, "recurrent_mask", call, kOfDrop, x, {r.batch, r.units});
  if (wants_output(call, kDx)) set_output_like(&output(call, kDx), x);
  if (wants_output(call, kDkernel)) set_output_like(&output(call, kDkernel), input(call, kOfKernel));
  if (wants_output(call, kDrecurrent)) set_output_like(&output(call, kDrecurrent), input(call, kOfRecurrent));
  if (wants_output(call, kDbias)) set_output(&output(call, kDbias), x.dtype, x.device, {2, r.columns});
  if (wants_output(call, kDh0)) set_output(&output(call, kDh0), x.dtype, x.device, {r.batch, r.units});
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = backward_buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void gru_backward_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_gru_backward_attributes>(call);
  const Recurrent r = backward_sizes_of(call);
  with_float_type(input(call, kOfX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const BackwardBuffers<T> b = backward_buffers_of<T>(call, r);
    const int64_t units = r.units;
    const T *const dy = data<T>(input(call, kDy)), *const y = data<T>(input(call, kOfY));
    const T *const gates = data<T>(input(call, kOfGates)), *const recurrent = data<T>(input(call, kOfRecurrent));
    const T *const h0 = optional_input<T>(call, kOfH0), *const drop = optional_input<T>(call, kOfDrop);
    const uint8_t* const mask = steps_mask(call, kOfMask);
    const StepMatrix<T> gates_part =
        pack_step_matrix<T>(*call.context, b.packed, recurrent, 2 * units, units, 1, r.columns);
    const StepMatrix<T> inner_part =
        pack_step_matrix<T>(*call.context, b.packed_inner, recurrent + 2 * units, units, units, 1, r.columns);
    for_each_piece(*call.context, r, 6.0 * static_cast<double>(units * units), [&](const Piece& piece) {
      kernels::RecurrentStep s = step_of(r, piece, a);
      T* const dh = piece.in_state(b.dh, units);
      std::fill_n(dh, piece.rows * units, T(0));
      for (int64_t step = r.time - 1; step >= 0; --step) {
        const int64_t time = r.at(step);
        T* const sums = piece.in_sequence(b.sums, r, time, r.columns);
        T* const inner = piece.in_sequence(b.inner, r, time, units);
        const State<T> h = state_before<T>(r, piece, step, y, h0);
        s.h_before_row = h.row;
        table<T>().gru_cell_backward(sums, inner, dh, piece.in_sequence(dy, r, step, units),
                                     piece.in_sequence(gates, r, time, 4 * units), h.data,
                                     piece.in_sequence(mask, r, time, 1), s);
        if (b.before != nullptr)
          keep_state<T>(r, piece, step, dropped_state<T>(r, piece, h, drop, b.product), b.before);
        if (step > 0 || wants_output(call, kDh0)) {
          add_to_state<T>(r, piece, dh, sums, s.sums_row, gates_part, drop, b.product);
          add_to_state<T>(r, piece, dh, inner, s.inner_row, inner_part, drop, b.product);
        }
      }
    });
    if (T* const dx = optional_output<T>(call, kDx)) {
      input_gradient<T>(*call.context, r, dx, b.sums, data<T>(input(call, kOfKernel)), accumulates(call, kDx),
                        b.products);
    }
    if (T* const dkernel = optional_output<T>(call, kDkernel)) {
      weight_gradient<T>(*call.context, r, dkernel, data<T>(input(call, kOfX)), r.in, b.sums, r.columns, r.columns,
                         accumulates(call, kDkernel), b.products);
    }
    if (T* const drecurrent = optional_output<T>(call, kDrecurrent)) {
      const bool adds = accumulates(call, kDrecurrent);
      weight_gradient<T>(*call.context, r, drecurrent, b.before, units, b.sums, 2 * units, r.columns, adds, b.products);
      weight_gradient<T>(*call.context, r, drecurrent + 2 * units, b.before, units, b.inner, units, units, adds,
                         b.products);
    }
    if (T* const dbias = optional_output<T>(call, kDbias)) {
      const bool adds = accumulates(call, kDbias);
      bias_gradient<T>(*call.context, r, dbias, b.sums, r.columns, r.columns, adds);
      bias_gradient<T>(*call.context, r, dbias + r.columns, b.sums, 2 * units, r.columns, adds);
      bias_gradient<T>(*call.context, r, dbias + r.columns + 2 * units, b.inner, units, units, adds);
    }
  });
}

}  // namespace fastnn::ops
