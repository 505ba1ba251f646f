// convolution.cpp: which algorithm computes a convolution. The table below is the only place where that is decided; the
// algorithms are in convolution_direct.cpp and convolution_winograd.cpp.
#include "ops/convolution.h"

#include <algorithm>
#include <iterator>

#include "ops/convolution_direct.h"
#include "ops/convolution_winograd.h"
#include "ops/matrix_product.h"

namespace fastnn::ops {
namespace {

enum class Pass { forward, backward_input, backward_weight };

// Winograd's transforms with tiles of `outputs` x `outputs` pixels take a pass of a 3x3 convolution of stride 1 when both
// sides have at least `channels` channels and there are at least `tiles` such tiles, and `per_channel` of them for each
// channel of the wider side: fewer do not pay for the transform of the weight. The batch's tiles count, or one image's
// when a sample's bits may not depend on the batch. The first row that fits is taken; without one, the direct products.
struct Choice {
  Pass pass;
  fastnn_precision least;
  int64_t outputs, channels, tiles;
  double per_channel;
};
constexpr Choice kChoices[] = {
    {Pass::forward, FASTNN_PRECISION_FAST, 4, 12, 32, 0.125},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, 2, 12, 32, 0.125},
    {Pass::backward_input, FASTNN_PRECISION_FAST, 4, 12, 32, 0.125},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, 2, 12, 32, 0.125},
    {Pass::backward_weight, FASTNN_PRECISION_FAST, 4, 12, 128, 1},
    {Pass::backward_weight, FASTNN_PRECISION_FLOAT32, 2, 12, 128, 2},
};

// Pixels along the side of a Winograd tile, or 0 for the direct products. The same on every level, for a program keeps
// the workspace that was asked for; that of the transforms has room for the direct products.
int64_t winograd_outputs(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, Pass pass) {
  if (!winograd_fits(g) || context.convolution == FASTNN_CONVOLUTION_DIRECT) return 0;
  if (context.convolution == FASTNN_CONVOLUTION_WINOGRAD_2) return 2;
  if (context.convolution == FASTNN_CONVOLUTION_WINOGRAD_4) return 4;
  if (dtype != kFloat32) return 0;
  const int64_t images = context.batch_invariant && pass != Pass::backward_weight ? 1 : std::max(g.whole, g.batch);
  const WindowAxis &h = g.height, &w = g.width;
  const bool to_input = pass == Pass::backward_input;
  for (const Choice& choice : kChoices) {
    const int64_t rows = ceil_divide(to_input ? h.input : h.output, choice.outputs);
    const int64_t tiles = images * rows * ceil_divide(to_input ? w.input : w.output, choice.outputs);
    if (pass == choice.pass && context.precision >= choice.least && std::min(g.channels, g.out) >= choice.channels &&
        tiles >= choice.tiles &&
        static_cast<double>(tiles) >= choice.per_channel * static_cast<double>(std::max(g.channels, g.out))) {
      return choice.outputs;
    }
  }
  return 0;
}

// The same for a run: the reference kernels compute what is written down, unless they are asked for the transforms.
int64_t winograd_outputs_now(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, Pass pass) {
  const bool naive = &kernels::active_table() == &kernels::reference_table();
  if (naive && context.convolution == FASTNN_CONVOLUTION_BEST) return 0;
  return winograd_outputs(context, g, dtype, pass);
}

// Whether the window is the whole image, so that images and weight are matrices as they lie in memory: a step of a
// sequence, or the convolution in front of dense layers. Their product needs no packed weight where rows are few.
bool is_whole(const WindowAxis& axis) {
  return axis.output == 1 && axis.dilation == 1 && axis.pad_before == 0 && axis.input == axis.kernel;
}
bool is_product(const ConvGeometry& g) {
  return g.groups == 1 && is_whole(g.depth) && is_whole(g.height) && is_whole(g.width);
}

// Whether a run takes that way: its sums are those of the direct products on all levels but the reference.
bool is_product_now(const fastnn_context& context, const ConvGeometry& g) {
  return is_product(g) && context.convolution == FASTNN_CONVOLUTION_BEST &&
         &kernels::active_table() != &kernels::reference_table();
}

void whole_product(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
                   const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                   const void* prepared) {
  with_float_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const int64_t terms = g.terms();
    const MatrixProduct<T> product{data<T>(y),
                                   data<T>(x),
                                   data<T>(weight),
                                   g.batch,
                                   g.out,
                                   terms,
                                   g.out,
                                   terms,
                                   1,
                                   g.out,
                                   1,
                                   {bias == nullptr ? nullptr : data<T>(*bias), relu, false},
                                   static_cast<const T*>(prepared)};
    matrix_product(context, product, workspace);
  });
}

// A form that says all that the bytes depend on besides the weight: how it is cut, whether the reference kernels take
// over infinite ones, and how the levels but the reference compute.
void describe(fastnn_preparation& preparation, PreparedForm form, const ConvGeometry& g, size_t bytes, int64_t way) {
  preparation.inputs = uint64_t{1} << 1;
  preparation.bytes = bytes;
  const auto axis = [](const WindowAxis& a) {
    return (a.stride << 32) + (a.dilation << 16) + (a.pad_before + a.pad_after > 0);
  };
  const int64_t numbers[] = {form, way, g.groups, axis(g.depth), axis(g.height), axis(g.width)};
  std::copy(std::begin(numbers), std::end(numbers), preparation.form);
}

}  // namespace

size_t convolution_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, bool prepared) {
  const int64_t outputs = winograd_outputs(context, g, dtype, Pass::forward);
  if (prepared) return outputs > 0 ? winograd_workspace(g, outputs, dtype, true) : 0;
  const size_t size = outputs > 0 ? winograd_workspace(g, outputs, dtype, false) : direct_workspace(g, dtype);
  return is_product(g) ? std::max(size, matrix_product_workspace(g.out, g.terms(), item_size(dtype))) : size;
}

void convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
                 const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                 const void* prepared) {
  if (is_product_now(context, g)) return whole_product(context, g, y, x, weight, bias, relu, workspace, prepared);
  const int64_t outputs = winograd_outputs_now(context, g, x.dtype, Pass::forward);
  if (outputs > 0) return winograd(context, g, outputs, y, x, weight, bias, relu, workspace, prepared);
  direct(context, g, y, x, weight, bias, relu, workspace, prepared);
}

void describe_convolution(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                          fastnn_preparation& preparation) {
  const size_t direct = direct_prepared(direct_workspace(g, dtype));
  if (is_product(g) && context.convolution == FASTNN_CONVOLUTION_BEST) {
    fastnn_preparation product{};
    describe_matrix(product, 1, g.batch, g.out, g.terms(), g.out, 1, item_size(dtype));
    if (product.bytes > 0) describe(preparation, kPackedMatrix, g, std::max(product.bytes, direct), 0);
    preparation.lasting = product.lasting;
    return;
  }
  const int64_t outputs = winograd_outputs(context, g, dtype, Pass::forward);
  if (outputs > 0) {
    return describe(preparation, kWinogradWeight, g, winograd_prepared(g, outputs, dtype), outputs);
  }
  describe(preparation, kPackedConvolution, g, direct, 0);
}

void prepare_convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight,
                         void* prepared) {
  if (is_product_now(context, g)) {
    return with_float_type(weight.dtype, [&](auto zero) {
      using T = decltype(zero);
      pack_matrix(context, static_cast<T*>(prepared), data<T>(weight), g.out, g.terms(), g.out, 1);
    });
  }
  const int64_t outputs = winograd_outputs_now(context, g, weight.dtype, Pass::forward);
  if (outputs > 0) return winograd_prepare(context, g, outputs, weight, prepared);
  direct_prepare(context, g, weight, prepared);
}

size_t convolution_backward_input_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype) {
  const int64_t outputs = winograd_outputs(context, g, dtype, Pass::backward_input);
  return outputs > 0 ? winograd_backward_input_workspace(g, outputs, dtype) : direct_backward_input_workspace(g, dtype);
}

void convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dx,
                                const fastnn_tensor& dy, const fastnn_tensor& weight, const fastnn_tensor* bias,
                                bool relu, bool accumulate, void* workspace, const void* prepared) {
  const int64_t outputs = winograd_outputs_now(context, g, dx.dtype, Pass::backward_input);
  if (outputs > 0) {
    return winograd_backward_input(context, g, outputs, dx, dy, weight, bias, relu, accumulate, workspace, prepared);
  }
  direct_backward_input(context, g, dx, dy, weight, bias, relu, accumulate, workspace, prepared);
}

void describe_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                                         fastnn_preparation& preparation) {
  const int64_t outputs = winograd_outputs(context, g, dtype, Pass::backward_input);
  const size_t bytes = outputs > 0 ? winograd_backward_input_prepared(g, outputs, dtype)
                                   : direct_prepared(direct_backward_input_workspace(g, dtype));
  describe(preparation, kPackedBackward, g, bytes, outputs);
}

void prepare_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g,
                                        const fastnn_tensor& weight, void* prepared) {
  const int64_t outputs = winograd_outputs_now(context, g, weight.dtype, Pass::backward_input);
  if (outputs > 0) return winograd_backward_input_prepare(context, g, outputs, weight, prepared);
  direct_backward_input_prepare(context, g, weight, prepared);
}

size_t convolution_backward_weight_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype) {
  const int64_t outputs = winograd_outputs(context, g, dtype, Pass::backward_weight);
  return outputs > 0 ? winograd_backward_weight_workspace(g, outputs, dtype)
                     : direct_backward_weight_workspace(g, dtype);
}

void convolution_backward_weight(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dw,
                                 const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate, void* workspace) {
  const int64_t outputs = winograd_outputs_now(context, g, x.dtype, Pass::backward_weight);
  if (outputs > 0) return winograd_backward_weight(context, g, outputs, dw, x, dy, accumulate, workspace);
  direct_backward_weight(context, g, dw, x, dy, accumulate, workspace);
}

}  // namespace fastnn::ops
