// passes.h: what a plan changes about a recorded step before it lays it out. Each pass is a function of its own, so that
// it can be tested, and its text compared, alone; the recorded graph stays as it was, a program has a copy.
#pragma once

#include <vector>

#include "program/graph.h"

namespace fastnn {

// Per node, whether it has to run: it writes state, or what it computes is handed back or read by one that has to run.
// A node whose result is looked at for its shape only is not read.
std::vector<bool> live_nodes(const fastnn_graph& graph);

// Whoever reads a copy reads what was copied, where neither is written later. The shapes are those of the graph.
void forward_copies(fastnn_graph& graph, const Shapes& shapes);

// A copy that is added into a value becomes a sum of its own, where only elementwise ops read it, which then run with it
// and need it nowhere else: "copy(x) accumulate into y" is add(y, x), number by number.
void split_accumulations(fastnn_graph& graph, const Shapes& shapes);

// The gradient of relu(batch_normalization(x)) that only the normalisation's gradient reads is taken there, by the slope
// computed again from x: two passes over the batch less.
void join_relu_gradients(fastnn_graph& graph);

// Optional outputs that nobody reads are not asked for.
void narrow_outputs(fastnn_graph& graph, const std::vector<bool>& live);

}  // namespace fastnn
