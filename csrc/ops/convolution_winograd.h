// convolution_winograd.h: convolution 3x3 of stride 1 by Winograd's transforms, with tiles of 2x2, 2x4 or 4x4
// pixels, or images of 2x2; otherwise the functions are those of convolution.h.
#pragma once

#include "kernels/kernels.h"
#include "ops/conv_geometry.h"

namespace fastnn::ops {

// Whether the geometry is one that these functions compute; with an image of 2x2 pixels as a tile.
bool winograd_fits(const ConvGeometry& g);
bool winograd_fits_image(const ConvGeometry& g);

size_t winograd_workspace(const ConvGeometry& g, const kernels::WinogradOutputs& outputs, fastnn_dtype dtype,
                          bool prepared);
void winograd(const fastnn_context& context, const ConvGeometry& g, const kernels::WinogradOutputs& outputs,
              const fastnn_tensor& y, const fastnn_tensor& x, const fastnn_tensor& weight, const fastnn_tensor* bias,
              bool relu, void* workspace, const void* prepared);

size_t winograd_backward_input_workspace(const ConvGeometry& g, const kernels::WinogradOutputs& outputs,
                                         fastnn_dtype dtype);
void winograd_backward_input(const fastnn_context& context, const ConvGeometry& g,
                             const kernels::WinogradOutputs& outputs, const fastnn_tensor& dx, const fastnn_tensor& dy,
                             const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, bool accumulate,
                             void* workspace, const void* prepared);

// The transformed weight ahead of a run, for its argument `prepared`, behind the one that the direct products read.
// winograd_prepares: whether there is one that is faster than making it piece by piece.
bool winograd_prepares(const ConvGeometry& g, const kernels::WinogradOutputs& outputs, bool to_input);
size_t winograd_prepared(const ConvGeometry& g, const kernels::WinogradOutputs& outputs, fastnn_dtype dtype);
void winograd_prepare(const fastnn_context& context, const ConvGeometry& g, const kernels::WinogradOutputs& outputs,
                      const fastnn_tensor& weight, void* prepared);
size_t winograd_backward_input_prepared(const ConvGeometry& g, const kernels::WinogradOutputs& outputs,
                                        fastnn_dtype dtype);
void winograd_backward_input_prepare(const fastnn_context& context, const ConvGeometry& g,
                                     const kernels::WinogradOutputs& outputs, const fastnn_tensor& weight,
                                     void* prepared);

size_t winograd_backward_weight_workspace(const ConvGeometry& g, const kernels::WinogradOutputs& outputs,
                                          fastnn_dtype dtype);
void winograd_backward_weight(const fastnn_context& context, const ConvGeometry& g,
                              const kernels::WinogradOutputs& outputs, const fastnn_tensor& dw, const fastnn_tensor& x,
                              const fastnn_tensor& dy, bool accumulate, void* workspace);

}  // namespace fastnn::ops
