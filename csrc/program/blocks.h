// blocks.h: elementwise ops that walk their elements together. A group of them is run block by block: every member on one
// block of a few KB, then every member on the next, so that what one writes and another reads stays in the cache, and
// what nobody else reads never leaves it. An element's bits depend neither on the block it lies in nor on its neighbours
// (fastnn_elementwise), so the bits are those of running the ops one after the other.
#pragma once

#include <optional>
#include <vector>

#include "program/graph.h"

namespace fastnn {

constexpr int64_t kScratchBytes = 32 * 1024;  // on the stack of each thread; as large as a first-level cache
constexpr int64_t kMemberTensors = 8;         // most inputs and outputs of a member

// A tensor of a member: its strides along the dimensions of the walk, in elements; 0 where it repeats.
struct BlockOperand {
  int64_t strides[FASTNN_MAX_RANK]{};
  int64_t scratch = -1;  // where in the scratch its block lies, or -1: it has memory of its own
};

struct BlockMember {
  size_t node = 0;
  bool flat = true;                    // all operands lie in one line
  std::vector<BlockOperand> operands;  // inputs, then outputs
};

struct Blocks {
  int64_t elements = 0;
  int32_t rank = 0;  // of the walk: its dimensions are cut where any operand needs it
  int64_t sizes[FASTNN_MAX_RANK]{};
  int32_t split = 0;    // a block is some rows of this dimension, with all dimensions after it
  int64_t rows = 0;     // at most so many
  int64_t inner = 0;    // elements of a row
  int64_t scratch = 0;  // bytes
  std::vector<BlockMember> members;
};

// Where a graph's memory is used: what decides whether a value may live in the scratch.
struct Uses {
  std::vector<std::vector<size_t>> nodes;  // per root value: the nodes that read or write it, in order
  std::vector<bool> kept;                  // per root value: not the step's own, or handed back
};
Uses find_uses(const fastnn_graph& graph, const std::vector<bool>& runs);
// Whether nobody but these nodes, in order, uses the memory of a root value.
bool is_local(const Uses& uses, size_t owner, const std::vector<size_t>& nodes);

// How the nodes, in order, walk together; nothing when their shapes or strides don't allow it.
std::optional<Blocks> make_blocks(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                  const std::vector<size_t>& nodes);

// calls and implementations are those of the graph's nodes.
void run_blocks(const Blocks& blocks, const fastnn_context& context, const fastnn_call* calls,
                const fastnn_implementation* const* implementations);

}  // namespace fastnn
