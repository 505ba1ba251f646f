// fusion.h: the pass that gathers ops into steps that walk their elements together (blocks.h), or their items (rows.h).
#pragma once

#include <vector>

#include "program/blocks.h"

namespace fastnn {

// The nodes that run, in the order they run, as groups; most are groups of one. Nodes that write state keep their order
// at the end. An elementwise op, or one that works item by item, joins the step that makes one of its inputs, or a near one that reads the same memory,
// when their shapes allow one walk and nothing between them has to wait for the one and be waited for by the other.
std::vector<std::vector<size_t>> fuse(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                      const fastnn_context& context, const std::vector<bool>& runs);

}  // namespace fastnn
