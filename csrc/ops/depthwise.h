// depthwise.h: the path of conv2d and its gradients for groups of one channel, which are no matrix products.
#pragma once

#include "ops/conv_geometry.h"

namespace fastnn::ops {

// Whether a convolution takes this path: one channel a group, and more lanes of a vector filled by channels than by the
// outputs of a group.
bool is_depthwise(const ConvGeometry& g);

// Bytes of workspace, and the work; arguments are checked and the output is not empty.
size_t depthwise_workspace(const ConvGeometry& g, fastnn_dtype dtype);
void depthwise_run(const fastnn_call& call, const ConvGeometry& g, bool relu);
size_t depthwise_backward_input_workspace(const ConvGeometry& g, fastnn_dtype dtype);
void depthwise_backward_input_run(const fastnn_call& call, const ConvGeometry& g);
size_t depthwise_backward_weight_workspace(const ConvGeometry& g, fastnn_dtype dtype);
void depthwise_backward_weight_run(const fastnn_call& call, const ConvGeometry& g);

}  // namespace fastnn::ops
