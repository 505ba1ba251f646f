// plan.h: where every value of a graph lives at one batch size.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "program/graph.h"
#include "program/prepared.h"

namespace fastnn {

// A block of the arena and the nodes between which it is needed, both included.
struct Block {
  size_t bytes = 0;
  size_t first = 0;
  size_t last = 0;
  size_t offset = 0;
};

// Gives every block an offset so that blocks needed at the same time don't overlap; returns the arena's size. Largest
// first, each at the lowest offset that is free during its life (greedy by size, Pisarchyk and Lee 2020).
size_t place_blocks(std::vector<Block>& blocks);

struct Blocks;
struct RowBlocks;

// What runs at once: one node, or several that walk their elements, or the items of the batch, together.
struct PlannedStep {
  std::vector<size_t> nodes;
  std::shared_ptr<const Blocks> blocks;   // of elements, or NULL
  std::shared_ptr<const RowBlocks> rows;  // of items, or NULL
  int64_t scratch = -1;                   // the block of the arena that rows work in, or -1
  std::vector<size_t> makes;              // preparations in the arena that it is the first to need, unless held
};

struct Plan {
  Shapes shapes;
  std::vector<bool> live;                   // per node: it has to run
  std::vector<PlannedStep> steps;           // in order; live views in their input's memory are in none
  size_t commit_step = 0;                   // steps from here on write state
  std::vector<bool> in_scratch;             // per root value: it lives within one step's blocks only
  std::vector<int64_t> block_of_value;      // per root value: its block, or -1 when its memory is elsewhere
  std::vector<int64_t> block_of_workspace;  // per node: its block, or -1
  std::vector<int64_t> result_of_value;     // per root value: the result that is computed straight into, or -1
  std::vector<int64_t> copied_results;      // results that need a copy before the commit
  std::vector<Preparation> preparations;
  std::vector<Block> blocks;
  size_t arena_bytes = 0;
  size_t kept_bytes = 0;      // of weights that are kept prepared, outside the arena
  size_t value_bytes = 0;     // what the blocks take when each has memory of its own
  int64_t moved_bytes = 0;    // read and written by all steps
  int64_t eager_bytes = 0;    // the most at once when the recorded ops run one by one
  int64_t unfused_bytes = 0;  // the same if every node were a step
};

// What the passes of passes.h make of a graph, which they change.
Plan make_plan(fastnn_graph& graph, const fastnn_context& context, int64_t batch);
// The text of a plan that only the passes of these names, in their order, have made. At the beginning every node runs, as
// a step of its own.
std::string planned_text(const fastnn_graph& graph, const fastnn_context& context, int64_t batch,
                         std::span<const char* const> names);

// One step of it, in lines.
std::string planned_step_text(const fastnn_graph& graph, const Plan& plan, int64_t batch, const PlannedStep& step);
// Floating-point operations of the nodes that run.
double planned_flops(const Plan& plan);
// What a plan made of a graph: every node that runs with shapes, bytes and offsets, and those that don't.
std::string plan_text(const fastnn_graph& graph, const Plan& plan, int64_t batch);
// Copies at most size bytes, with a closing zero, and returns the length of the whole without it.
int64_t write_text(const std::string& full, const char* where, char* text, int64_t size);
// What a function of the C ABI returns that writes the text made by `make`: that length, or the negated status.
template <typename Make>
int64_t write_guarded(Make&& make, const char* where, char* text, int64_t size) {
  int64_t length = 0;
  const fastnn_status status = guarded([&] { length = write_text(make(), where, text, size); });
  return status == FASTNN_OK ? length : -int64_t{status};
}

}  // namespace fastnn
