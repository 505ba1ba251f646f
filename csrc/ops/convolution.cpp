// convolution.cpp: which algorithm computes a convolution. The table below is the only place where that is decided; the
// algorithms are in convolution_direct.cpp and convolution_winograd.cpp.
#include "ops/convolution.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "ops/convolution_direct.h"
#include "ops/convolution_winograd.h"
#include "ops/matrix_product.h"

namespace fastnn::ops {
namespace {

enum class Pass { forward, backward_input, backward_weight };
enum class Algorithm { gathered, in_place, winograd_2, winograd_4, product, winograd_2x4, winograd_image };
enum class Panels { any, narrow };

// The first row that fits a pass of a convolution is taken; without one, the products of gathered pixels. `channels` are
// what both sides of a group must have at least. Winograd's transforms, for windows 3x3 of stride 1, need `tiles` tiles,
// and `per_channel` of them for each channel of the wider side, for fewer do not pay for the transform of the weight.
// Where tiles of 2x2 pixels are taken, tiles of 2x4 may be. In place, tiles are images: rows of y are one pixel of
// several, and dw is summed line by line. The batch counts, or one image when a sample's bits may not depend on the
// batch.
//
// A 1x1 window that meets every pixel makes a matrix product of the images as they lie, which reads them once; in place
// they are read once for each panel of columns. So it takes `per_channel` columns for each channel that is summed over,
// fewer where panels are narrow: 8 to 16 columns, on every level but avx512 with its 64. With at most 64 channels on both
// sides a product's longer tiles win there too.
struct Choice {
  Pass pass;
  fastnn_precision least;
  Algorithm algorithm;
  int64_t channels, tiles;
  double per_channel;
  Panels panels = Panels::any;
  int64_t most = INT64_MAX;  // channels of the wider side
};
constexpr Choice kChoices[] = {
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_image, 12, 12, 0},
    {Pass::forward, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 12, 32, 0.5},
    {Pass::forward, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 128, 16, 0.0625},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 12, 32, 0.375},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 1, Panels::narrow},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 2},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 0, Panels::any, 64},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::in_place, 20, 6, 0},
    {Pass::forward, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 12, 32, 0.125},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_image, 12, 12, 0},
    {Pass::backward_input, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 12, 32, 0.5},
    {Pass::backward_input, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 128, 16, 0.0625},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 12, 32, 0.375},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 1, Panels::narrow},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 2},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::product, 1, 1, 0, Panels::any, 64},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::in_place, 16, 6, 0},
    {Pass::backward_input, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 12, 32, 0.125},
    {Pass::backward_weight, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_image, 12, 32, 0},
    {Pass::backward_weight, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 12, 128, 2},
    {Pass::backward_weight, FASTNN_PRECISION_FAST, Algorithm::winograd_4, 256, 32, 0.0625},
    {Pass::backward_weight, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 12, 128, 2},
    {Pass::backward_weight, FASTNN_PRECISION_FLOAT32, Algorithm::winograd_2, 256, 128, 0.25},
    {Pass::backward_weight, FASTNN_PRECISION_FLOAT32, Algorithm::in_place, 1, 1, 0},
};
constexpr int64_t kLeastPixels = 16;  // of a plane, for dw to be summed in place

kernels::WinogradOutputs outputs_of(Algorithm algorithm) {
  if (algorithm == Algorithm::winograd_2x4) return {2, 4};
  if (algorithm == Algorithm::winograd_image) return {2, 2, true};
  const int64_t side = algorithm == Algorithm::winograd_2 ? 2 : 4;
  return {side, side};
}
bool is_winograd(Algorithm algorithm) {
  return algorithm == Algorithm::winograd_2 || algorithm == Algorithm::winograd_4 ||
         algorithm == Algorithm::winograd_2x4 || algorithm == Algorithm::winograd_image;
}

// Tiles of 2x4 pixels instead of 2x2: three products for four, where lines of the result leave little of them empty, and
// sums of few enough channels for the error of 2x2 with many.
constexpr int64_t kMostSummed = 64;
bool oblong_pays(const ConvGeometry& g, Pass pass) {
  const bool to_input = pass == Pass::backward_input;
  const int64_t columns = to_input ? g.width.input : g.width.output;
  if (pass != Pass::backward_weight && (to_input ? g.group_out() : g.group_channels()) > kMostSummed) return false;
  return 3 * ceil_divide(columns, 4) < 2 * ceil_divide(columns, 2);
}

bool in_place_fits(const ConvGeometry& g, Pass pass) {
  return pass != Pass::backward_weight || g.height.output * g.width.output >= kLeastPixels;
}

bool is_pointwise(const WindowAxis& axis) {
  return axis.kernel == 1 && axis.stride == 1 && axis.pad_before == 0 && axis.pad_after == 0;
}

bool has_narrow_panels() {
  const std::string_view level = kernels::active_table().level;
  return level != "avx512" && !level.starts_with("amx");
}

bool product_fits(const Choice& choice, const ConvGeometry& g, Pass pass) {
  if (!is_pointwise(g.depth) || !is_pointwise(g.height) || !is_pointwise(g.width)) return false;
  const auto in = static_cast<double>(g.group_channels()), out = static_cast<double>(g.group_out());
  return pass == Pass::forward ? out >= choice.per_channel * in : in >= choice.per_channel * out;
}

bool fits(const Choice& choice, const ConvGeometry& g, Pass pass, int64_t images) {
  const int64_t least = std::min(g.group_channels(), g.group_out()), most = std::max(g.group_channels(), g.group_out());
  if (pass != choice.pass || least < choice.channels || most > choice.most) return false;
  if (choice.panels == Panels::narrow && !has_narrow_panels()) return false;
  if (choice.algorithm == Algorithm::product) return product_fits(choice, g, pass);
  int64_t tiles = images;
  if (is_winograd(choice.algorithm)) {
    if (!(choice.algorithm == Algorithm::winograd_image ? winograd_fits_image(g) : winograd_fits(g))) return false;
    const bool to_input = pass == Pass::backward_input;
    const kernels::WinogradOutputs outputs = outputs_of(choice.algorithm);
    tiles *= ceil_divide(to_input ? g.height.input : g.height.output, outputs.down);
    tiles *= ceil_divide(to_input ? g.width.input : g.width.output, outputs.across);
  } else if (!in_place_fits(g, pass)) {
    return false;
  }
  return tiles >= choice.tiles && static_cast<double>(tiles) >= choice.per_channel * static_cast<double>(most);
}

// The same on every level but for the ways of the direct products, which share workspace and packed weight: a program
// keeps what was asked for. That of the transforms has room for the direct products.
Algorithm algorithm_for(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, Pass pass) {
  if (g.out_pixels() == 0) return Algorithm::gathered;  // the others write no dw then
  switch (context.convolution) {
    case FASTNN_CONVOLUTION_DIRECT:
      return Algorithm::gathered;
    case FASTNN_CONVOLUTION_WINOGRAD_2:
      return winograd_fits(g) ? Algorithm::winograd_2 : Algorithm::gathered;
    case FASTNN_CONVOLUTION_WINOGRAD_4:
      return winograd_fits(g) ? Algorithm::winograd_4 : Algorithm::gathered;
    case FASTNN_CONVOLUTION_IN_PLACE:
      return Algorithm::in_place;
    case FASTNN_CONVOLUTION_WINOGRAD_2X4:
      return winograd_fits(g) ? Algorithm::winograd_2x4 : Algorithm::gathered;
    case FASTNN_CONVOLUTION_WINOGRAD_IMAGE:
      return winograd_fits_image(g) ? Algorithm::winograd_image : Algorithm::gathered;
    default:
      break;
  }
  if (dtype != kFloat32) return Algorithm::gathered;
  const int64_t images = context.batch_invariant && pass != Pass::backward_weight ? 1 : std::max(g.whole, g.batch);
  for (const Choice& choice : kChoices) {
    if (context.precision < choice.least || !fits(choice, g, pass, images)) continue;
    const bool oblong = choice.algorithm == Algorithm::winograd_2 && oblong_pays(g, pass);
    return oblong ? Algorithm::winograd_2x4 : choice.algorithm;
  }
  return Algorithm::gathered;
}

// The same for a run: the reference kernels compute what is written down, unless they are asked for another way.
Algorithm algorithm_now(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, Pass pass) {
  const bool naive = &kernels::active_table() == &kernels::reference_table();
  if (naive && context.convolution == FASTNN_CONVOLUTION_BEST) return Algorithm::gathered;
  return algorithm_for(context, g, dtype, pass);
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
                                   static_cast<const T*>(prepared),
                                   Unit::vectors};
    matrix_product(context, product, workspace);
  });
}

// A form that says all that the bytes depend on besides the weight: how it is cut, which taps the phases of the strides
// have, whether the reference kernels take over infinite ones, and how the levels but the reference compute.
void describe(fastnn_preparation& preparation, PreparedForm form, const ConvGeometry& g, size_t bytes, int64_t way) {
  constexpr int kBits = 20;  // of a number of an axis
  if (std::max({g.depth.stride, g.height.stride, g.width.stride}) >> kBits != 0) return;
  preparation.inputs = uint64_t{1} << 1;
  preparation.bytes = bytes;
  const auto axis = [](const WindowAxis& a) {
    const int64_t padded = a.pad_before + a.pad_after > 0;
    return padded << 3 * kBits | phase_of_tap(a, 0) << 2 * kBits | a.dilation % a.stride << kBits | a.stride;
  };
  const int64_t numbers[] = {form, way, g.groups, axis(g.depth), axis(g.height), axis(g.width)};
  std::copy(std::begin(numbers), std::end(numbers), preparation.form);
}

}  // namespace

size_t convolution_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, bool prepared) {
  const Algorithm algorithm = algorithm_for(context, g, dtype, Pass::forward);
  const bool transforms = is_winograd(algorithm);
  if (prepared) return transforms ? winograd_workspace(g, outputs_of(algorithm), dtype, true) : 0;
  const size_t size =
      transforms ? winograd_workspace(g, outputs_of(algorithm), dtype, false) : direct_workspace(g, dtype);
  return is_product(g) ? std::max(size, matrix_product_workspace(g.out, g.terms(), item_size(dtype), Unit::vectors))
                       : size;
}

void convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
                 const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                 const void* prepared) {
  if (is_product_now(context, g)) return whole_product(context, g, y, x, weight, bias, relu, workspace, prepared);
  const Algorithm algorithm = algorithm_now(context, g, x.dtype, Pass::forward);
  if (is_winograd(algorithm)) {
    return winograd(context, g, outputs_of(algorithm), y, x, weight, bias, relu, workspace, prepared);
  }
  direct(context, g, y, x, weight, bias, relu, algorithm == Algorithm::in_place, workspace, prepared);
}

void describe_convolution(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                          fastnn_preparation& preparation) {
  const size_t direct = direct_prepared(direct_workspace(g, dtype));
  if (is_product(g) && context.convolution == FASTNN_CONVOLUTION_BEST) {
    fastnn_preparation product{};
    describe_matrix(context, product, 1, g.batch, g.out, g.terms(), g.out, 1, item_size(dtype), Unit::vectors);
    if (product.bytes > 0) describe(preparation, kPackedMatrix, g, std::max(product.bytes, direct), 0);
    preparation.lasting = product.lasting;
    return;
  }
  const Algorithm algorithm = algorithm_for(context, g, dtype, Pass::forward);
  const auto way = static_cast<int64_t>(algorithm);
  if (is_winograd(algorithm)) {
    preparation.lasting = !winograd_prepares(g, outputs_of(algorithm), false);  // parts of the batch don't pay
    if (preparation.lasting != 0) return;
    return describe(preparation, kWinogradWeight, g, winograd_prepared(g, outputs_of(algorithm), dtype), way);
  }
  describe(preparation, kPackedConvolution, g, direct, way);
}

void describe_direct_convolution(const ConvGeometry& g, fastnn_dtype dtype, fastnn_preparation& preparation) {
  describe(preparation, kPackedConvolution, g, direct_prepared(direct_workspace(g, dtype)),
           static_cast<int64_t>(Algorithm::gathered));
}

void prepare_convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight,
                         void* prepared) {
  if (is_product_now(context, g)) {
    return with_float_type(weight.dtype, [&](auto zero) {
      using T = decltype(zero);
      pack_matrix(context, static_cast<T*>(prepared), data<T>(weight), g.out, g.terms(), g.out, 1, Unit::vectors);
    });
  }
  const Algorithm algorithm = algorithm_now(context, g, weight.dtype, Pass::forward);
  if (is_winograd(algorithm)) return winograd_prepare(context, g, outputs_of(algorithm), weight, prepared);
  direct_prepare(context, g, weight, algorithm == Algorithm::in_place, prepared);
}

size_t convolution_backward_input_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype) {
  const Algorithm algorithm = algorithm_for(context, g, dtype, Pass::backward_input);
  return is_winograd(algorithm) ? winograd_backward_input_workspace(g, outputs_of(algorithm), dtype)
                                : direct_backward_input_workspace(g, dtype);
}

void convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dx,
                                const fastnn_tensor& dy, const fastnn_tensor& weight, const fastnn_tensor* bias,
                                bool relu, bool accumulate, void* workspace, const void* prepared) {
  const Algorithm algorithm = algorithm_now(context, g, dx.dtype, Pass::backward_input);
  if (is_winograd(algorithm)) {
    return winograd_backward_input(context, g, outputs_of(algorithm), dx, dy, weight, bias, relu, accumulate, workspace,
                                   prepared);
  }
  direct_backward_input(context, g, dx, dy, weight, bias, relu, accumulate, algorithm == Algorithm::in_place, workspace,
                        prepared);
}

void describe_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                                         fastnn_preparation& preparation) {
  const Algorithm algorithm = algorithm_for(context, g, dtype, Pass::backward_input);
  const size_t bytes = is_winograd(algorithm) ? winograd_backward_input_prepared(g, outputs_of(algorithm), dtype)
                                              : direct_prepared(direct_backward_input_workspace(g, dtype));
  if (is_winograd(algorithm) && !winograd_prepares(g, outputs_of(algorithm), true)) {
    preparation.lasting = 1;
    return;
  }
  describe(preparation, kPackedBackward, g, bytes, static_cast<int64_t>(algorithm));
}

void prepare_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g,
                                        const fastnn_tensor& weight, void* prepared) {
  const Algorithm algorithm = algorithm_now(context, g, weight.dtype, Pass::backward_input);
  if (is_winograd(algorithm)) {
    return winograd_backward_input_prepare(context, g, outputs_of(algorithm), weight, prepared);
  }
  direct_backward_input_prepare(context, g, weight, algorithm == Algorithm::in_place, prepared);
}

size_t convolution_backward_weight_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype) {
  const Algorithm algorithm = algorithm_for(context, g, dtype, Pass::backward_weight);
  // the reference kernels may gather where others read in place
  return is_winograd(algorithm) ? winograd_backward_weight_workspace(g, outputs_of(algorithm), dtype)
                                : std::max(direct_backward_weight_workspace(g, dtype, true),
                                           direct_backward_weight_workspace(g, dtype, false));
}

void convolution_backward_weight(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dw,
                                 const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate, void* workspace) {
  const Algorithm algorithm = algorithm_now(context, g, x.dtype, Pass::backward_weight);
  if (is_winograd(algorithm)) {
    return winograd_backward_weight(context, g, outputs_of(algorithm), dw, x, dy, accumulate, workspace);
  }
  direct_backward_weight(context, g, dw, x, dy, accumulate, algorithm == Algorithm::in_place, workspace);
}

}  // namespace fastnn::ops
