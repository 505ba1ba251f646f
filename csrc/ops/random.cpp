// random.cpp: tensors of random numbers. A number depends on seed, stream, step and the element's position only
// (kernels/cpu/random.inl), so pieces can be computed in any order.
#include <cmath>

#include "ops/op.h"

namespace fastnn::ops {
namespace {

constexpr int64_t kGrain = 16384;  // a multiple of the 4 numbers of a block
constexpr fastnn_dtype kDtypes[] = {kFloat32, kFloat64};

template <typename Attributes>
size_t infer(const char* op, const fastnn_call& call) {
  const auto& a = attributes<Attributes>(call);
  if (has_input(call, 0)) check_float(op, "like", input(call, 0));
  set_output_from(op, call, a.shape, kDtypes[a.dtype]);
  return 0;
}

// Calls body(y, first, count, random) for every chunk, with y of the output's type.
template <typename Attributes, typename Body>
void draw(const fastnn_call& call, double nanoseconds, Body&& body) {
  const auto& a = attributes<Attributes>(call);
  const kernels::RandomStream random{static_cast<uint64_t>(a.seed), static_cast<uint64_t>(a.stream),
                                     static_cast<uint64_t>(a.step)};
  const fastnn_tensor& y = output(call, 0);
  const int64_t count = element_count(y);
  with_float_type(y.dtype, [&](auto type) {
    using T = decltype(type);
    parallel_for(*call.context, ceil_divide(count, kGrain), nanoseconds * static_cast<double>(count),
                 [&](int64_t chunk) {
                   const Range range = chunk_range(chunk, count, kGrain);
                   body(data<T>(y) + range.begin, call.first + range.begin, range.end - range.begin, random);
                 });
  });
}

}  // namespace

size_t random_uniform_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_random_uniform_attributes>(call);
  check_value(std::isfinite(a.low), "random_uniform", "low", "finite", a.low);
  check_value(std::isfinite(a.high) && a.high >= a.low, "random_uniform", "high", "finite and at least low", a.high);
  return infer<fastnn_random_uniform_attributes>("random_uniform", call);
}

void random_uniform_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_random_uniform_attributes>(call);
  draw<fastnn_random_uniform_attributes>(call, 0.5, [&](auto* y, int64_t first, int64_t count, const auto& random) {
    using T = std::remove_reference_t<decltype(*y)>;
    table<T>().random_uniform(y, first, count, static_cast<T>(a.low), static_cast<T>(a.high - a.low), random);
  });
}

size_t random_normal_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_random_normal_attributes>(call);
  check_value(std::isfinite(a.mean), "random_normal", "mean", "finite", a.mean);
  check_value(std::isfinite(a.std) && a.std >= 0, "random_normal", "std", "finite and at least 0", a.std);
  return infer<fastnn_random_normal_attributes>("random_normal", call);
}

void random_normal_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_random_normal_attributes>(call);
  draw<fastnn_random_normal_attributes>(call, 2.0, [&](auto* y, int64_t first, int64_t count, const auto& random) {
    using T = std::remove_reference_t<decltype(*y)>;
    table<T>().random_normal(y, first, count, static_cast<T>(a.mean), static_cast<T>(a.std), random);
  });
}

}  // namespace fastnn::ops
