// passes.h: what a plan is made by. Each pass is a function of its own on a graph and what is planned of it so far, and
// begins from whatever the passes before it left, also from nothing but shapes: so that each can be run, and the text
// before and after it compared, alone (fastnn_graph_planned_text). The recorded graph stays as it was, a plan has a copy.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "program/plan.h"

namespace fastnn {

struct Planning {
  fastnn_graph& graph;
  const fastnn_context& context;
  int64_t batch;
  Plan plan;
};

struct Pass {
  const char* name;
  void (*run)(Planning&);
  bool changes_graph;
};

// All of them, in the order they run.
std::span<const Pass> passes();

// Whoever reads a copy reads what was copied, where neither is written later.
void forward_copies(Planning& planning);

// A copy that is added into a value becomes a sum of its own, where only elementwise ops read it, which then run with it
// and need it nowhere else: "copy(x) accumulate into y" is add(y, x), number by number.
void split_accumulations(Planning& planning);

// The gradient of relu(batch_normalization(x)) that only the normalisation's gradient reads is taken there, by the slope
// computed again from x: two passes over the batch less.
void join_relu_gradients(Planning& planning);

// The gradient of max_pool2d(relu's y) for what relu had is taken at the windows: relu's of them, by their maxima, then
// the pooling's. A pixel that is a window's maximum has relu's slope there, any other gets nothing either way; so the bits
// are the same, relu's gradient is that of fewer numbers, and y need not stay.
void pool_relu_gradients(Planning& planning);

// max_pool2d(conv2d(x)) that nobody reads in between becomes conv2d_max_pool2d(x), where a number of the convolution is a
// sum of few terms: then it is bound by the beginnings and ends of sums, and by what it writes.
void pool_convolutions(Planning& planning);

// What runs: nodes that write state, and those whose results are handed back or read by one that runs. A node whose
// result is looked at for its shape only is not read.
void drop_dead_nodes(Planning& planning);

// Optional outputs that nobody reads are not asked for.
void narrow_outputs(Planning& planning);

// A result that owns its memory is computed straight into the caller's; any other is copied before the commit.
void place_results(Planning& planning);

// Weights that are packed or transformed ahead of the nodes that read them (prepared.h).
void prepare_weights(Planning& planning);

// Blocks with offsets in one arena for all that lives only within a run, by when it is first and last needed.
void lay_out_arena(Planning& planning);

}  // namespace fastnn
