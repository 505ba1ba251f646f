// consumer.cpp: a C++20 program that uses fastnn without Python and without naming an op at compile time: it finds ops in
// the table, asks infer for shapes and workspace, and runs them. The convolution's gradients are compared with central
// differences of the convolution itself. Exit code 0 when all agree.
#include <fastnn/fastnn.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr fastnn_dtype kFloat64{FASTNN_FLOAT, 64, 1};

struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;

  explicit Array(std::vector<int64_t> sizes) : shape(std::move(sizes)) {
    values.resize(static_cast<size_t>(std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>())));
  }
  fastnn_tensor tensor() {
    return fastnn_tensor_from_host(values.data(), kFloat64, static_cast<int32_t>(shape.size()), shape.data());
  }
};

void check(fastnn_status status) {
  if (status != FASTNN_OK) throw std::runtime_error(fastnn_last_error());
}

// Runs a one-output op of the table: infer says what the output looks like and how much workspace the run takes.
Array run(const char* name, std::vector<Array*> arguments, const void* attributes) {
  const fastnn_op* op = fastnn_find_op(name);
  if (op == nullptr) throw std::runtime_error(std::string("no op is called ") + name);
  fastnn_context context;
  fastnn_context_init(&context, sizeof(context));

  std::vector<fastnn_tensor> tensors;
  for (Array* argument : arguments) tensors.push_back(argument->tensor());
  std::vector<const fastnn_tensor*> inputs;
  for (const fastnn_tensor& tensor : tensors) inputs.push_back(&tensor);
  fastnn_tensor result{};
  result.struct_size = sizeof(result);
  std::array<fastnn_tensor*, 1> outputs{&result};

  fastnn_call call{};
  call.struct_size = sizeof(call);
  call.context = &context;
  call.inputs = inputs.data();
  call.outputs = outputs.data();
  call.input_count = static_cast<int64_t>(inputs.size());
  call.output_count = 1;
  call.attributes = attributes;
  size_t workspace_size = 0;
  check(fastnn_infer(op, &call, &workspace_size));

  Array array(std::vector<int64_t>(result.shape, result.shape + result.rank));
  result.data = array.values.data();
  check(fastnn_run(op, &call));
  return array;
}

void fill(Array& array, uint32_t seed) {
  for (double& value : array.values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<double>(seed >> 8) / 8388608.0 - 1.0;
  }
}

double dot(const Array& a, const Array& b) {
  return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.0);
}

// The largest difference between gradient and the central difference of loss() in every element of array.
template <typename Loss>
double gradient_error(Array& array, const Array& gradient, Loss loss) {
  constexpr double kStep = 1e-6;
  double error = 0;
  for (size_t i = 0; i < array.values.size(); ++i) {
    const double kept = array.values[i];
    array.values[i] = kept + kStep;
    const double above = loss();
    array.values[i] = kept - kStep;
    const double below = loss();
    array.values[i] = kept;
    error = std::fmax(error, std::fabs((above - below) / (2 * kStep) - gradient.values[i]));
  }
  return error;
}

int compare() {
  // stride 2, two groups, padded as Keras pads for "same"
  fastnn_conv2d_attributes forward = fastnn_conv2d_attributes_default();
  forward.strides[0] = forward.strides[1] = 2;
  forward.groups = 2;
  forward.padding = FASTNN_CONV2D_PADDING_SAME;
  fastnn_conv2d_backward_input_attributes input = fastnn_conv2d_backward_input_attributes_default();
  input.strides[0] = input.strides[1] = 2;
  input.groups = 2;
  input.padding = FASTNN_CONV2D_BACKWARD_INPUT_PADDING_SAME;
  fastnn_conv2d_backward_weight_attributes weight = fastnn_conv2d_backward_weight_attributes_default();
  weight.strides[0] = weight.strides[1] = 2;
  weight.groups = 2;
  weight.padding = FASTNN_CONV2D_BACKWARD_WEIGHT_PADDING_SAME;

  Array x({2, 5, 6, 4}), w({3, 2, 2, 6}), b({6});
  fill(x, 1);
  fill(w, 2);
  fill(b, 3);
  const Array y = run("conv2d", {&x, &w, &b}, &forward);
  if (y.shape != std::vector<int64_t>{2, 3, 3, 6}) throw std::runtime_error("conv2d: unexpected output shape");
  Array dy(y.shape);
  fill(dy, 4);
  const auto loss = [&] { return dot(run("conv2d", {&x, &w, &b}, &forward), dy); };

  const double dx_error = gradient_error(x, run("conv2d_backward_input", {&dy, &w, &x}, &input), loss);
  const double dw_error = gradient_error(w, run("conv2d_backward_weight", {&x, &dy, &w}, &weight), loss);
  std::printf("fastnn %s, %lld ops; largest error of dx %.2e, of dw %.2e\n", fastnn_version(),
              static_cast<long long>(fastnn_op_count()), dx_error, dw_error);
  return dx_error < 1e-7 && dw_error < 1e-7 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return compare();
  } catch (const std::exception& error) {
    std::printf("failed: %s\n", error.what());
    return 1;
  }
}
