// depthwise.h: the path of conv2d and its gradients for groups of one channel, which are no matrix products.
#pragma once

#include "ops/conv2d_geometry.h"

namespace fastnn::ops {

// Whether a convolution takes this path: one channel a group, and more lanes of a vector filled by channels than by the
// outputs of a group.
bool is_depthwise(const Conv2dGeometry& g);

// Bytes of workspace, and the work; arguments are checked and the output is not empty.
size_t depthwise_workspace(const Conv2dGeometry& g, fastnn_dtype dtype);
void depthwise_run(const fastnn_call& call, const Conv2dGeometry& g, bool relu);
size_t depthwise_backward_input_workspace(const Conv2dGeometry& g, fastnn_dtype dtype);
void depthwise_backward_input_run(const fastnn_call& call, const Conv2dGeometry& g);
size_t depthwise_backward_weight_workspace(const Conv2dGeometry& g, fastnn_dtype dtype);
void depthwise_backward_weight_run(const fastnn_call& call, const Conv2dGeometry& g);

}  // namespace fastnn::ops
