// ordering.h: when a step writes state. A step that reads what it wrote earlier writes in the order of its ops.
#pragma once

#include "program/graph.h"

namespace fastnn {

// Whether a node writes into memory of state.
bool writes_state(const fastnn_graph& graph, const Node& node);

// Moves state writes that nothing reads or overwrites later in the step to its end, the commit. Before the others, where
// something may still fail after them, the state is copied, so that a replay that fails puts it back.
void order_writes(fastnn_graph& graph);

}  // namespace fastnn
