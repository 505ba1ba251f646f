// unary.cpp: functions of one number and their gradients, over flat pieces of a size that stays in L2. To add one: its
// two kernels, and a line below.
#include "fastnn/ops.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kGrain = 16384;
constexpr double kSeluAlpha = 1.6732632423543772, kSeluScale = 1.0507009873554805;  // Klambauer et al. 2017

size_t infer(const char* op, const fastnn_call& call) {
  const fastnn_tensor& x = input(call, 0);
  check_float(op, "x", x);
  set_output_like(&output(call, 0), x);
  return 0;
}

// value: the name of the second input, x or y.
size_t backward_infer(const char* op, const char* value, const fastnn_call& call) {
  const fastnn_tensor &dy = input(call, 0), &v = input(call, 1);
  check_float(op, "dy", dy);
  check_same_dtype(op, value, v, "dy", dy);
  check_same_shape(op, value, v, dy);
  set_output_like(&output(call, 0), dy);
  return 0;
}

// apply(kernels, y, x, count) calls the kernel; an element takes about so many nanoseconds in float32.
template <typename Apply>
void run(const fastnn_call& call, double nanoseconds, Apply apply) {
  const fastnn_tensor& input_x = input(call, 0);
  with_float_type(input_x.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const x = data<T>(input_x);
    T* const y = data<T>(output(call, 0));
    const int64_t count = element_count(input_x);
    const double cost = nanoseconds / 4 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, ceil_divide(count, kGrain), cost, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      apply(table<T>(), y + range.begin, x + range.begin, range.end - range.begin);
    });
  });
}

// apply(kernels, dx, dy, v, count, accumulate) calls the kernel.
template <typename Apply>
void backward_run(const fastnn_call& call, double nanoseconds, Apply apply) {
  const fastnn_tensor& input_dy = input(call, 0);
  with_float_type(input_dy.dtype, [&](auto type) {
    using T = decltype(type);
    const T* const dy = data<T>(input_dy);
    const T* const v = data<T>(input(call, 1));
    T* const dx = data<T>(output(call, 0));
    const int64_t count = element_count(input_dy);
    const double cost = nanoseconds / 4 * sizeof(T) * static_cast<double>(count);
    parallel_for(*call.context, ceil_divide(count, kGrain), cost, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, count, kGrain);
      const int64_t at = range.begin;
      apply(table<T>(), dx + at, dy + at, v + at, range.end - at, accumulates(call, 0));
    });
  });
}

void check_limits(const char* op, double low, double high) {
  if (!(low <= high)) value_error(op, ": expected minimum <= maximum, got ", low, " and ", high);
}

}  // namespace

// The two functions of a function without attributes, and of its gradient.
#define FASTNN_UNARY(name, nanoseconds)                                                                 \
  size_t name##_infer(const fastnn_call& call) { return infer(#name, call); }                           \
  void name##_run(const fastnn_call& call) {                                                            \
    run(call, nanoseconds,                                                                              \
        [](const auto& kernels, auto* y, const auto* x, int64_t count) { kernels.name(y, x, count); }); \
  }
#define FASTNN_UNARY_BACKWARD(name, value, nanoseconds)                                                             \
  size_t name##_backward_infer(const fastnn_call& call) { return backward_infer(#name "_backward", #value, call); } \
  void name##_backward_run(const fastnn_call& call) {                                                               \
    backward_run(call, nanoseconds,                                                                                 \
                 [](const auto& kernels, auto* dx, const auto* dy, const auto* v, int64_t count, bool accumulate) { \
                   kernels.name##_backward(dx, dy, v, count, accumulate);                                           \
                 });                                                                                                \
  }

FASTNN_UNARY(exp, 0.8)
FASTNN_UNARY(log, 0.8)
FASTNN_UNARY(sqrt, 0.8)
FASTNN_UNARY(abs, 0.8)
FASTNN_UNARY(sigmoid, 1.0)
FASTNN_UNARY(tanh, 1.0)
FASTNN_UNARY(silu, 1.0)
FASTNN_UNARY(softplus, 1.5)
FASTNN_UNARY(softsign, 0.8)
FASTNN_UNARY(hard_sigmoid, 0.8)
FASTNN_UNARY_BACKWARD(abs, x, 1.2)
FASTNN_UNARY_BACKWARD(sigmoid, y, 1.2)
FASTNN_UNARY_BACKWARD(tanh, y, 1.2)
FASTNN_UNARY_BACKWARD(silu, x, 1.5)
FASTNN_UNARY_BACKWARD(softplus, x, 1.2)
FASTNN_UNARY_BACKWARD(softsign, x, 1.2)
FASTNN_UNARY_BACKWARD(hard_sigmoid, x, 1.2)

#undef FASTNN_UNARY
#undef FASTNN_UNARY_BACKWARD

size_t leaky_relu_infer(const fastnn_call& call) { return infer("leaky_relu", call); }
void leaky_relu_run(const fastnn_call& call) {
  const double slope = attributes<fastnn_leaky_relu_attributes>(call).negative_slope;
  run(call, 0.8, [=]<typename T>(const auto& kernels, T* y, const T* x, int64_t count) {
    kernels.leaky_relu(y, x, count, static_cast<T>(slope));
  });
}

size_t leaky_relu_backward_infer(const fastnn_call& call) { return backward_infer("leaky_relu_backward", "x", call); }
void leaky_relu_backward_run(const fastnn_call& call) {
  const double slope = attributes<fastnn_leaky_relu_backward_attributes>(call).negative_slope;
  backward_run(call, 1.2,
               [=]<typename T>(const auto& kernels, T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
                 kernels.leaky_relu_backward(dx, dy, x, count, static_cast<T>(slope), accumulate);
               });
}

namespace {

void elu(const fastnn_call& call, double alpha, double scale) {
  run(call, 1.0, [=]<typename T>(const auto& kernels, T* y, const T* x, int64_t count) {
    kernels.elu(y, x, count, static_cast<T>(alpha), static_cast<T>(scale));
  });
}

void elu_backward(const fastnn_call& call, double alpha, double scale) {
  backward_run(call, 1.2,
               [=]<typename T>(const auto& kernels, T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
                 kernels.elu_backward(dx, dy, x, count, static_cast<T>(alpha), static_cast<T>(scale), accumulate);
               });
}

}  // namespace

size_t elu_infer(const fastnn_call& call) { return infer("elu", call); }
void elu_run(const fastnn_call& call) { elu(call, attributes<fastnn_elu_attributes>(call).alpha, 1); }
size_t elu_backward_infer(const fastnn_call& call) { return backward_infer("elu_backward", "x", call); }
void elu_backward_run(const fastnn_call& call) {
  elu_backward(call, attributes<fastnn_elu_backward_attributes>(call).alpha, 1);
}

size_t selu_infer(const fastnn_call& call) { return infer("selu", call); }
void selu_run(const fastnn_call& call) { elu(call, kSeluAlpha, kSeluScale); }
size_t selu_backward_infer(const fastnn_call& call) { return backward_infer("selu_backward", "x", call); }
void selu_backward_run(const fastnn_call& call) { elu_backward(call, kSeluAlpha, kSeluScale); }

size_t gelu_infer(const fastnn_call& call) { return infer("gelu", call); }
void gelu_run(const fastnn_call& call) {
  const bool approximate = attributes<fastnn_gelu_attributes>(call).approximate != 0;
  run(call, 2.0, [=](const auto& kernels, auto* y, const auto* x, int64_t count) {
    (approximate ? kernels.gelu_tanh : kernels.gelu)(y, x, count);
  });
}

size_t gelu_backward_infer(const fastnn_call& call) { return backward_infer("gelu_backward", "x", call); }
void gelu_backward_run(const fastnn_call& call) {
  const bool approximate = attributes<fastnn_gelu_backward_attributes>(call).approximate != 0;
  backward_run(call, 2.5,
               [=](const auto& kernels, auto* dx, const auto* dy, const auto* x, int64_t count, bool accumulate) {
                 (approximate ? kernels.gelu_tanh_backward : kernels.gelu_backward)(dx, dy, x, count, accumulate);
               });
}

size_t clip_infer(const fastnn_call& call) {
  const auto& limits = attributes<fastnn_clip_attributes>(call);
  check_limits("clip", limits.minimum, limits.maximum);
  return infer("clip", call);
}
void clip_run(const fastnn_call& call) {
  const auto& limits = attributes<fastnn_clip_attributes>(call);
  run(call, 0.8, [&]<typename T>(const auto& kernels, T* y, const T* x, int64_t count) {
    kernels.clip(y, x, count, static_cast<T>(limits.minimum), static_cast<T>(limits.maximum));
  });
}

size_t clip_backward_infer(const fastnn_call& call) {
  const auto& limits = attributes<fastnn_clip_backward_attributes>(call);
  check_limits("clip_backward", limits.minimum, limits.maximum);
  return backward_infer("clip_backward", "x", call);
}
void clip_backward_run(const fastnn_call& call) {
  const auto& limits = attributes<fastnn_clip_backward_attributes>(call);
  backward_run(call, 1.2,
               [&]<typename T>(const auto& kernels, T* dx, const T* dy, const T* x, int64_t count, bool accumulate) {
                 kernels.clip_backward(dx, dy, x, count, static_cast<T>(limits.minimum), static_cast<T>(limits.maximum),
                                       accumulate);
               });
}

}  // namespace fastnn::ops
