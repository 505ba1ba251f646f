// passes.cpp: dead results.
#include "program/passes.h"

#include <algorithm>

namespace fastnn {

std::vector<bool> live_nodes(const fastnn_graph& graph) {
  // Memory, not values, is needed: a buffer that several nodes add into, or that views look at, needs all its writers.
  std::vector<bool> needed(graph.values.size(), false);
  const auto owner = [&](int64_t value) { return static_cast<size_t>(root(graph, value)); };
  for (const Result& result : graph.results) needed[owner(result.value)] = true;
  for (const Undo& undo : graph.undos) needed[owner(undo.copy)] = true;
  for (size_t v = 0; v < graph.values.size(); ++v) needed[v] = needed[v] || graph.values[v].kind == Value::Kind::state;
  std::vector<bool> live(graph.nodes.size(), false);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    const int64_t input_count = static_cast<int64_t>(node.inputs.size());
    const auto role = [&](int64_t i) { return input_schema(node.op->schema, input_count, i).role; };
    const auto is_needed = [&](int64_t value) { return value >= 0 && needed[owner(value)]; };
    live[n] = n >= graph.commit_begin || std::any_of(node.outputs.begin(), node.outputs.end(), is_needed);
    for (int64_t i = 0; i < input_count && !live[n]; ++i) {
      live[n] = role(i) == FASTNN_UPDATE && is_needed(node.inputs[static_cast<size_t>(i)]);
    }
    if (!live[n]) continue;
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t value = node.inputs[static_cast<size_t>(i)];
      if (value >= 0 && role(i) != FASTNN_SHAPE) needed[owner(value)] = true;
    }
  }
  return live;
}

}  // namespace fastnn
