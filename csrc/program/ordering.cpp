// ordering.cpp: see ordering.h.
#include "program/ordering.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/device.h"

namespace fastnn {
namespace {

// The memory that a node touches, by the values that own it.
struct Touched {
  std::set<int64_t> reads;
  std::set<int64_t> writes;
};

Touched touched_by(const fastnn_graph& graph, const Node& node) {
  Touched touched;
  const fastnn_schema& schema = node.op->schema;
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  for (int64_t i = 0; i < input_count; ++i) {
    const int64_t value = node.inputs[static_cast<size_t>(i)];
    if (value < 0) continue;
    const int32_t role = input_schema(schema, input_count, i).role;
    const int64_t owner = root(graph, value);
    if (role != FASTNN_SHAPE) touched.reads.insert(owner);
    if (role == FASTNN_UPDATE) touched.writes.insert(owner);
  }
  for (const int64_t value : node.outputs) {
    if (value < 0) continue;
    const bool view = schema.is_view != 0 && graph.values[static_cast<size_t>(value)].alias >= 0;
    if (!view) touched.writes.insert(root(graph, value));
  }
  return touched;
}

bool meet(const std::set<int64_t>& a, const std::set<int64_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](int64_t value) { return b.contains(value); });
}

// Bytes that an op of this step made beside its result, for its own gradient: masks of dropout, places of maxima.
std::set<int64_t> byproducts(const fastnn_graph& graph) {
  std::set<int64_t> found;
  for (const Node& node : graph.nodes) {
    for (size_t i = 1; i < node.outputs.size(); ++i) {
      const int64_t value = node.outputs[i];
      if (value >= 0 && graph.values[static_cast<size_t>(value)].recorded.dtype == kUint8) found.insert(value);
    }
  }
  return found;
}

// Whether the values that a node reads decide if it succeeds: with labels and ids out of range it doesn't.
bool may_fail(const fastnn_graph& graph, const Node& node, const std::set<int64_t>& harmless) {
  // the library's own ops share one way to run; of a plug-in's nothing is known
  if (graph.device.type != FASTNN_CPU) return true;
  if (node.op == &find_op("copy") || node.op->schema.is_view != 0) return false;
  if (implementation(*node.op, FASTNN_CPU).run != implementation(find_op("copy"), FASTNN_CPU).run) return true;
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](int64_t value) {
    if (value < 0 || harmless.contains(value)) return false;
    const uint8_t code = graph.values[static_cast<size_t>(value)].recorded.dtype.code;
    return code == FASTNN_INT || code == FASTNN_UINT;
  });
}

Node copy_of(fastnn_graph& graph, int64_t state, size_t position) {
  Node copy;
  copy.position = position;
  copy.op = &find_op("copy");
  copy.attributes = resolve_attributes(copy.op->schema, nullptr, nullptr);
  copy.inputs = {state};
  copy.outputs = {static_cast<int64_t>(graph.values.size())};
  Value kept;
  kept.recorded = graph.values[static_cast<size_t>(state)].recorded;
  kept.recorded.storage = nullptr;
  kept.recorded.data = nullptr;
  kept.recorded.byte_offset = 0;
  set_contiguous_strides(kept.recorded);
  graph.undos.push_back({state, copy.outputs[0]});
  graph.values.push_back(std::move(kept));
  return copy;
}

}  // namespace

bool writes_state(const fastnn_graph& graph, const Node& node) {
  const Touched touched = touched_by(graph, node);
  return std::any_of(touched.writes.begin(), touched.writes.end(), [&](int64_t owner) {
    return graph.values[static_cast<size_t>(owner)].kind == Value::Kind::state;
  });
}

void order_writes(fastnn_graph& graph) {
  const size_t count = graph.nodes.size();
  std::vector<Touched> touched;
  touched.reserve(count);
  for (const Node& node : graph.nodes) touched.push_back(touched_by(graph, node));

  // from the end on: what may wait for the commit
  std::vector<bool> waits(count, false);
  Touched later;  // by those that don't
  for (const Result& result : graph.results) later.reads.insert(root(graph, result.value));
  for (size_t n = count; n-- > 0;) {
    const Touched& mine = touched[n];
    waits[n] = writes_state(graph, graph.nodes[n]) && !meet(mine.writes, later.reads) &&
               !meet(mine.writes, later.writes) && !meet(mine.reads, later.writes);
    if (waits[n]) continue;
    later.reads.insert(mine.reads.begin(), mine.reads.end());
    later.writes.insert(mine.writes.begin(), mine.writes.end());
  }

  const std::set<int64_t> harmless = byproducts(graph);
  size_t last_that_fails = 0;  // one past it
  for (size_t n = 0; n < count; ++n) {
    if (may_fail(graph, graph.nodes[n], harmless)) last_that_fails = n + 1;
  }
  std::vector<Node> before;
  std::vector<Node> commit;
  std::set<int64_t> kept;
  for (size_t n = 0; n < count; ++n) {
    if (waits[n]) {
      commit.push_back(std::move(graph.nodes[n]));
      continue;
    }
    for (const int64_t owner : touched[n].writes) {
      if (graph.values[static_cast<size_t>(owner)].kind != Value::Kind::state) continue;
      if (n + 1 < last_that_fails && kept.insert(owner).second) before.push_back(copy_of(graph, owner, n));
    }
    before.push_back(std::move(graph.nodes[n]));
  }
  graph.commit_begin = before.size();
  graph.nodes = std::move(before);
  graph.nodes.insert(graph.nodes.end(), std::make_move_iterator(commit.begin()), std::make_move_iterator(commit.end()));
}

}  // namespace fastnn
