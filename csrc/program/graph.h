// graph.h: a recorded step: values, and nodes that apply ops to them. The batch dimension is open; everything else is as
// recorded.
#pragma once

#include <string>
#include <vector>

#include "core/storage.h"
#include "core/tensor.h"
#include "fastnn/program.h"
#include "ops/op_table.h"

namespace fastnn {

struct Value {
  enum class Kind { argument, state, constant, result };
  Kind kind = Kind::result;
  std::string name;          // of arguments, state, constants
  bool batched = false;      // arguments: the leading dimension is the batch
  fastnn_tensor recorded{};  // shape and dtype as recorded; memory for state and constants
  StorageReference storage;  // keeps the memory of state and constants
  int64_t end = -1;          // results: how many ops had run when the memory was let go; -1: nobody knows
  int64_t alias = -1;        // the earlier value whose memory this one shares: a view, or the same buffer rewritten
};

struct Node {
  const fastnn_op* op = nullptr;
  std::vector<int64_t> inputs;   // values; -1: absent
  std::vector<int64_t> outputs;  // values; -1: not wanted
  AttributeBlock attributes;
  std::vector<int64_t> scalars;  // one per runtime attribute: which scalar
  uint64_t accumulate = 0;
  size_t position = 0;  // among the ops as they were called
};

struct ScalarInput {
  std::string name;
  fastnn_scalar* cell = nullptr;
  int64_t advance = 0;  // added to the cell when the step commits
  int64_t offset = 0;   // added to what nodes read: how far the step itself has advanced the cell before them
};

struct Result {
  std::string name;
  int64_t value = -1;
};

// What a replay that fails writes back: a state that is written before the commit, and the copy made before that.
struct Undo {
  int64_t state = -1;
  int64_t copy = -1;
};

}  // namespace fastnn

struct fastnn_graph {
  std::vector<fastnn::Value> values;
  std::vector<fastnn::Node> nodes;
  std::vector<fastnn::ScalarInput> scalars;
  std::vector<fastnn::Result> results;
  std::vector<fastnn::Undo> undos;
  std::vector<int64_t> arguments;  // values, in the order they were named
  size_t commit_begin = 0;         // nodes from here on write state, and no node reads it again
  fastnn_device device{FASTNN_CPU, 0};
};

namespace fastnn {

const char* kind_name(Value::Kind kind);
// The value that owns the memory a value lives in.
int64_t root(const fastnn_graph& graph, int64_t value);
// A view in its input's memory: nothing to run.
inline bool is_free_view(const fastnn_graph& graph, const Node& node) {
  return node.op->schema.is_view != 0 && graph.values[static_cast<size_t>(node.outputs[0])].alias >= 0;
}
// Calls body(value, reads, writes) for every value whose memory a node touches.
template <typename Body>
void for_each_access(const Node& node, Body&& body) {
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  for (int64_t i = 0; i < input_count; ++i) {
    const int64_t value = node.inputs[static_cast<size_t>(i)];
    const int32_t role = input_schema(node.op->schema, input_count, i).role;
    if (value >= 0 && role != FASTNN_SHAPE) body(value, true, role == FASTNN_UPDATE);
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] >= 0) body(node.outputs[i], ((node.accumulate >> i) & 1) != 0, true);
  }
}
// Recorded batch size: the leading dimension of the first batched argument; 1 when there is none.
int64_t recorded_batch(const fastnn_graph& graph);

// What infer says of every value and node at a batch size.
struct Shapes {
  std::vector<fastnn_tensor> values;  // per value: dtype, shape, strides, byte_offset within the root's memory
  std::vector<size_t> workspaces;     // per node
  std::vector<double> flops;          // per node: floating-point operations
};
struct NodeSizes {
  size_t workspace = 0;
  double flops = 0;
};
// A value before any node is looked at.
fastnn_tensor described_at_batch(const Value& value, int64_t batch);
// A node's call on described values, which have no memory.
struct NodeCall {
  NodeCall(const fastnn_graph& graph, const Node& node, const fastnn_context& context,
           std::vector<fastnn_tensor>& values);
  NodeCall(const NodeCall&) = delete;
  NodeCall& operator=(const NodeCall&) = delete;

  fastnn_call call{};
  AttributeBlock attributes;  // with the scalars' values of now
  std::vector<const fastnn_tensor*> inputs;
  std::vector<fastnn_tensor*> outputs;
};
// Describes a node's results from its inputs; both are in shapes.values.
NodeSizes infer_node(const fastnn_graph& graph, const Node& node, const fastnn_context& context, Shapes& shapes);
Shapes infer_shapes(const fastnn_graph& graph, const fastnn_context& context, int64_t batch);

}  // namespace fastnn
