// rows.h: ops that walk the items of a batch together. Some ops make item i of their outputs from item i of some inputs
// and from other inputs as a whole (fastnn_argument_schema.rows): softmax along another axis, pooling, normalisation by
// given statistics. A group of them and of elementwise ops is run on a few items, then on the next few, so that what lies
// between them is still in the second-level cache, and what nobody else reads never leaves it. Products and convolutions
// with prepared weights (prepared.h) are such ops too.
#pragma once

#include <optional>
#include <vector>

#include "program/blocks.h"

namespace fastnn {

// A tensor of a member.
struct RowOperand {
  int64_t lines = 0;     // of its leading axis for each item; 0: every block has all of it
  int64_t scratch = -1;  // where in the scratch its block lies, or -1: it has memory of its own
};

struct RowMember {
  size_t node = 0;
  int64_t elements = 0;              // of an output, for each item
  int64_t whole = 0;                 // fastnn_call.whole
  int64_t workspace = -1;            // where in the scratch, or -1
  std::vector<RowOperand> operands;  // inputs, then outputs
};

struct RowBlocks {
  int64_t items = 0;
  int64_t block_items = 0;  // divides them
  int64_t lanes = 0;        // blocks that may run at once, each with scratch of its own
  int64_t scratch = 0;      // bytes of a lane
  double nanoseconds = 0;   // of all members, about
  std::vector<RowMember> members;
};

// How the nodes, in order, walk together; nothing when their shapes don't allow it, or when there are too few items to
// keep threads busy.
std::optional<RowBlocks> make_row_blocks(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                         const fastnn_context& context, const std::vector<size_t>& nodes);
// Whether a node makes items of its outputs from items of its inputs.
bool walks_rows(const fastnn_graph& graph, const Shapes& shapes, size_t n);

// scratch has lanes times scratch bytes; calls and implementations are those of the graph's nodes.
void run_row_blocks(const RowBlocks& blocks, const fastnn_context& context, char* scratch, const fastnn_call* calls,
                    const fastnn_implementation* const* implementations);

}  // namespace fastnn
