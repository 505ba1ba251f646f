// passes.h: what a plan changes about a recorded step. A pass reads the graph and says something of its nodes; the graph
// stays as it was recorded, so that each pass can be tested, and printed, alone.
#pragma once

#include <vector>

#include "program/graph.h"

namespace fastnn {

// Per node, whether it has to run: it writes state, or what it computes is handed back or read by one that has to run.
// A node whose result is looked at for its shape only is not read.
std::vector<bool> live_nodes(const fastnn_graph& graph);

}  // namespace fastnn
