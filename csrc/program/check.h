// check.h: what keeps a replay within its memory. A recorder writes only graphs that hold to it; a graph that was read
// from text, or planned for another batch size, is looked at again.
#pragma once

#include "program/graph.h"

namespace fastnn {

// Refuses a node, whose values infer has described, that reads strides it can't take, reaches beyond the memory of a
// value, or writes what it reads.
void check_node_memory(const fastnn_graph& graph, const Node& node, const Shapes& shapes);
// Refuses a node that writes what isn't the step's to write: arguments and constants.
void check_node_writes(const fastnn_graph& graph, const Node& node);
// Refuses a graph with state, constants or scalars that no memory is bound to.
void check_bound(const fastnn_graph& graph);

}  // namespace fastnn
