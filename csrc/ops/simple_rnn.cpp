// simple_rnn.cpp: h = activation(x @ kernel + bias + h @ recurrent_kernel) over a whole sequence, and its gradient.
// The result is all that the gradient needs.
#include "fastnn/ops.h"
#include "ops/recurrent.h"

namespace fastnn::ops {
namespace {

enum Input { kX, kKernel, kRecurrentKernel, kBias, kH0, kMask, kRecurrentMask };
enum BackwardInput { kDy, kOfX, kOfKernel, kOfRecurrent, kOfY, kOfH0, kOfMask, kOfDrop };
enum BackwardOutput { kDx, kDkernel, kDrecurrent, kDbias, kDh0 };

template <typename T>
struct Buffers {
  T *sums, *packed, *dropped;
  char* products;
  size_t size;
};

template <typename T>
Buffers<T> buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  Buffers<T> b{};
  b.sums = space.take<T>(r.steps() * r.units);
  b.packed = space.take<T>(step_matrix_size(*call.context, r.units, r.units));
  if (has_input(call, kRecurrentMask)) b.dropped = space.take<T>(r.batch * r.units);
  b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  b.size = space.size();
  return b;
}

template <typename T>
struct BackwardBuffers {
  T *sums, *before, *dh, *product, *packed;
  char* products;
  size_t size;
};

template <typename T>
BackwardBuffers<T> backward_buffers_of(const fastnn_call& call, const Recurrent& r) {
  Workspace space(call.workspace);
  BackwardBuffers<T> b{};
  b.sums = space.take<T>(r.steps() * r.units);
  if (wants_output(call, kDrecurrent)) b.before = space.take<T>(r.steps() * r.units);
  b.dh = wants_output(call, kDh0) ? data<T>(output(call, kDh0)) : space.take<T>(r.batch * r.units);
  if (has_input(call, kOfDrop)) b.product = space.take<T>(r.batch * r.units);
  b.packed = space.take<T>(step_matrix_size(*call.context, r.units, r.units));
  b.products = space.take<char>(static_cast<int64_t>(products_workspace(r, sizeof(T))));
  b.size = space.size();
  return b;
}

Recurrent sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_simple_rnn_attributes>(call).go_backwards != 0;
  return recurrent_of("simple_rnn", call, kX, 1, backwards);
}

Recurrent backward_sizes_of(const fastnn_call& call) {
  const bool backwards = attributes<fastnn_simple_rnn_backward_attributes>(call).go_backwards != 0;
  return recurrent_of("simple_rnn_backward", call, kOfX, 1, backwards);
}

kernels::RecurrentStep step_of(const Recurrent& r, const Piece& piece, int64_t activation) {
  kernels::RecurrentStep s{};
  s.rows = piece.rows;
  s.units = r.units;
  s.sums_row = s.h_row = r.time * r.units;
  s.mask_row = r.time;
  s.activation = static_cast<kernels::Activation>(activation);
  return s;
}

}  // namespace

size_t simple_rnn_infer(const fastnn_call& call) {
  const char* op = "simple_rnn";
  const fastnn_tensor& x = input(call, kX);
  const Recurrent r = sizes_of(call);
  check_optional(op, "bias", call, kBias, x, {r.columns});
  check_optional(op, "h0", call, kH0, x, {r.batch, r.units});
  check_steps_mask(op, call, kMask, r);
  check_optional(op, "recurrent_mask", call, kRecurrentMask, x, {r.batch, r.units});
  set_output(&output(call, 0), x.dtype, x.device, {r.batch, r.time, r.units});
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void simple_rnn_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_simple_rnn_attributes>(call);
  const Recurrent r = sizes_of(call);
  with_float_type(input(call, kX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const Buffers<T> b = buffers_of<T>(call, r);
    const int64_t units = r.units;
    T* const y = data<T>(output(call, 0));
    const T *const h0 = optional_input<T>(call, kH0), *const drop = optional_input<T>(call, kRecurrentMask);
    const uint8_t* const mask = steps_mask(call, kMask);
    const PackedKernels<T> packed = packed_kernels<T>(call, r, b.packed);
    project_inputs<T>(*call.context, r, b.sums, data<T>(input(call, kX)), data<T>(input(call, kKernel)),
                      packed.of_inputs, optional_input<T>(call, kBias), b.products);
    for_each_piece(*call.context, r, 2.0 * static_cast<double>(units * units), [&](const Piece& piece) {
      kernels::RecurrentStep s = step_of(r, piece, a.activation);
      for (int64_t step = 0; step < r.time; ++step) {
        const int64_t time = r.at(step);
        T* const sums = piece.in_sequence(b.sums, r, time, units);
        const State<T> h = state_before<T>(r, piece, step, y, h0);
        const State<T> left = dropped_state<T>(r, piece, h, drop, b.dropped);
        if (left.data != nullptr) {
          packed.recurrent.multiply(sums, r.time * units, left.data, left.row, piece.rows, {nullptr, false, true});
        }
        s.h_before_row = h.row;
        table<T>().rnn_cell(piece.in_sequence(y, r, step, units), sums, h.data, piece.in_sequence(mask, r, time, 1), s);
      }
    });
  });
}

void simple_rnn_describe(const fastnn_call& call, fastnn_preparation& preparation) {
  describe_kernels(call, sizes_of(call), preparation);
}

void simple_rnn_prepare(const fastnn_call& call, void* prepared) { prepare_kernels(call, sizes_of(call), prepared); }

size_t simple_rnn_backward_infer(const fastnn_call& call) {
  const char* op = "simple_rnn_backward";
  const fastnn_tensor& x = input(call, kOfX);
  const Recurrent r = backward_sizes_of(call);
  check_optional(op, "dy", call, kDy, x, {r.batch, r.time, r.units});
  check_optional(op, "y", call, kOfY, x, {r.batch, r.time, r.units});
  check_optional(op, "h0", call, kOfH0, x, {r.batch, r.units});
  check_steps_mask(op, call, kOfMask, r);
  check_optional(op, "recurrent_mask", call, kOfDrop, x, {r.batch, r.units});
  if (wants_output(call, kDx)) set_output_like(&output(call, kDx), x);
  if (wants_output(call, kDkernel)) set_output_like(&output(call, kDkernel), input(call, kOfKernel));
  if (wants_output(call, kDrecurrent)) set_output_like(&output(call, kDrecurrent), input(call, kOfRecurrent));
  if (wants_output(call, kDbias)) set_output(&output(call, kDbias), x.dtype, x.device, {r.units});
  if (wants_output(call, kDh0)) set_output(&output(call, kDh0), x.dtype, x.device, {r.batch, r.units});
  size_t size = 0;
  with_float_type(x.dtype, [&](auto zero) { size = backward_buffers_of<decltype(zero)>(call, r).size; });
  return size;
}

void simple_rnn_backward_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_simple_rnn_backward_attributes>(call);
  const Recurrent r = backward_sizes_of(call);
  with_float_type(input(call, kOfX).dtype, [&](auto zero) {
    using T = decltype(zero);
    const BackwardBuffers<T> b = backward_buffers_of<T>(call, r);
    const int64_t units = r.units;
    const T *const dy = data<T>(input(call, kDy)), *const y = data<T>(input(call, kOfY));
    const T *const h0 = optional_input<T>(call, kOfH0), *const drop = optional_input<T>(call, kOfDrop);
    const uint8_t* const mask = steps_mask(call, kOfMask);
    const StepMatrix<T> transpose =
        pack_step_matrix<T>(*call.context, b.packed, data<T>(input(call, kOfRecurrent)), units, units, 1, units);
    for_each_piece(*call.context, r, 2.0 * static_cast<double>(units * units), [&](const Piece& piece) {
      const kernels::RecurrentStep s = step_of(r, piece, a.activation);
      T* const dh = piece.in_state(b.dh, units);
      std::fill_n(dh, piece.rows * units, T(0));
      for (int64_t step = r.time - 1; step >= 0; --step) {
        const int64_t time = r.at(step);
        T* const sums = piece.in_sequence(b.sums, r, time, units);
        table<T>().rnn_cell_backward(sums, dh, piece.in_sequence(dy, r, step, units),
                                     piece.in_sequence(y, r, step, units), piece.in_sequence(mask, r, time, 1), s);
        if (b.before != nullptr) {
          const State<T> h = state_before<T>(r, piece, step, y, h0);
          keep_state<T>(r, piece, step, dropped_state<T>(r, piece, h, drop, b.product), b.before);
        }
        if (step > 0 || wants_output(call, kDh0)) {
          add_to_state<T>(r, piece, dh, sums, r.time * units, transpose, drop, b.product);
        }
      }
    });
    if (T* const dx = optional_output<T>(call, kDx)) {
      input_gradient<T>(*call.context, r, dx, b.sums, data<T>(input(call, kOfKernel)), accumulates(call, kDx),
                        b.products);
    }
    if (T* const dkernel = optional_output<T>(call, kDkernel)) {
      weight_gradient<T>(*call.context, r, dkernel, data<T>(input(call, kOfX)), r.in, b.sums, units, units,
                         accumulates(call, kDkernel), b.products);
    }
    if (T* const drecurrent = optional_output<T>(call, kDrecurrent)) {
      weight_gradient<T>(*call.context, r, drecurrent, b.before, units, b.sums, units, units,
                         accumulates(call, kDrecurrent), b.products);
    }
    if (T* const dbias = optional_output<T>(call, kDbias)) {
      bias_gradient<T>(*call.context, r, dbias, b.sums, units, units, accumulates(call, kDbias));
    }
  });
}

}  // namespace fastnn::ops
