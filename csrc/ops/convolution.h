// convolution.h: the products behind the convolution ops, on operands and a geometry that are checked. The workspace is
// what <name>_workspace asks for, in bytes, with the same context. The weight, input 1 of every op that has these, may be
// prepared ahead of a run (fastnn_preparation); else prepared is null.
#pragma once

#include "ops/conv_geometry.h"

namespace fastnn::ops {

// y = activation(x * weight + bias); bias may be null.
size_t convolution_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype, bool prepared);
void convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& y, const fastnn_tensor& x,
                 const fastnn_tensor& weight, const fastnn_tensor* bias, bool relu, void* workspace,
                 const void* prepared);
void describe_convolution(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                          fastnn_preparation& preparation);
void prepare_convolution(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& weight,
                         void* prepared);

// The packed weight of a convolution by direct products, which that with max pooling is always.
void describe_direct_convolution(const ConvGeometry& g, fastnn_dtype dtype, fastnn_preparation& preparation);

// dx (+)= the gradient of x; a transposed convolution is the same with a bias and an activation.
size_t convolution_backward_input_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype);
void convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dx,
                                const fastnn_tensor& dy, const fastnn_tensor& weight, const fastnn_tensor* bias,
                                bool relu, bool accumulate, void* workspace, const void* prepared);
void describe_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype,
                                         fastnn_preparation& preparation);
void prepare_convolution_backward_input(const fastnn_context& context, const ConvGeometry& g,
                                        const fastnn_tensor& weight, void* prepared);

// dw (+)= the gradient of weight.
size_t convolution_backward_weight_workspace(const fastnn_context& context, const ConvGeometry& g, fastnn_dtype dtype);
void convolution_backward_weight(const fastnn_context& context, const ConvGeometry& g, const fastnn_tensor& dw,
                                 const fastnn_tensor& x, const fastnn_tensor& dy, bool accumulate, void* workspace);

}  // namespace fastnn::ops
