// passes.cpp: dead results, needless copies, sums of gradients.
#include "program/passes.h"

#include <algorithm>
#include <string_view>

namespace fastnn {
namespace {

bool is_copy(const Node& node) { return std::string_view(node.op->schema.name) == "copy"; }

// What happens to memory: the nodes that touch it, in order, and by which value.
struct Access {
  size_t node;
  int64_t value;
  bool writes;
};

std::vector<std::vector<Access>> accesses_by_root(const fastnn_graph& graph) {
  std::vector<std::vector<Access>> result(graph.values.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (is_free_view(graph, graph.nodes[n])) continue;
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool writes) {
      result[static_cast<size_t>(root(graph, value))].push_back({n, value, writes});
    });
  }
  return result;
}

// Per root value: the step keeps it besides its nodes, to hand it back or to undo writes.
std::vector<bool> kept_roots(const fastnn_graph& graph) {
  std::vector<bool> kept(graph.values.size(), false);
  for (const Result& result : graph.results) kept[static_cast<size_t>(root(graph, result.value))] = true;
  for (const Undo& undo : graph.undos) kept[static_cast<size_t>(root(graph, undo.copy))] = true;
  return kept;
}

// Whether a value is another one or a later form of it: a view, or the same memory written again.
bool comes_from(const fastnn_graph& graph, int64_t value, int64_t origin) {
  while (value >= 0 && value != origin) value = graph.values[static_cast<size_t>(value)].alias;
  return value == origin;
}

bool is_whole(const fastnn_graph& graph, const Shapes& shapes, int64_t value) {
  const fastnn_tensor& t = shapes.values[static_cast<size_t>(value)];
  const fastnn_tensor& owner = shapes.values[static_cast<size_t>(root(graph, value))];
  return is_contiguous(t) && t.byte_offset == owner.byte_offset && element_count(t) == element_count(owner) &&
         t.dtype == owner.dtype;
}

}  // namespace

std::vector<bool> live_nodes(const fastnn_graph& graph) {
  // Memory, not values, is needed: a buffer that several nodes add into, or that views look at, needs all its writers.
  std::vector<bool> needed = kept_roots(graph);
  const auto owner = [&](int64_t value) { return static_cast<size_t>(root(graph, value)); };
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

void forward_copies(fastnn_graph& graph, const Shapes& shapes) {
  const std::vector<std::vector<Access>> accesses = accesses_by_root(graph);
  const std::vector<bool> kept = kept_roots(graph);
  std::vector<int64_t> stands_for(graph.values.size());
  for (size_t v = 0; v < stands_for.size(); ++v) stands_for[v] = static_cast<int64_t>(v);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    Node& node = graph.nodes[n];
    for (int64_t& input : node.inputs) {
      if (input >= 0) input = stands_for[static_cast<size_t>(input)];
    }
    for (const int64_t output : node.outputs) {
      if (output < 0) continue;
      int64_t& alias = graph.values[static_cast<size_t>(output)].alias;
      if (alias >= 0) alias = stands_for[static_cast<size_t>(alias)];
    }
    if (!is_copy(node) || node.accumulate != 0) continue;
    const int64_t from = node.inputs[0], to = node.outputs[0];
    const Value& copy = graph.values[static_cast<size_t>(to)];
    if (copy.kind != Value::Kind::result || copy.alias >= 0 || kept[static_cast<size_t>(to)]) continue;
    if (!is_contiguous(shapes.values[static_cast<size_t>(from)])) continue;
    const auto written_later = [&](int64_t owner) {
      const std::vector<Access>& touched = accesses[static_cast<size_t>(owner)];
      return std::any_of(touched.begin(), touched.end(), [&](const Access& a) { return a.writes && a.node > n; });
    };
    // what the original's copies were found to stand for is written when they are
    if (!written_later(root(graph, from)) && !written_later(to)) stands_for[static_cast<size_t>(to)] = from;
  }
}

void split_accumulations(fastnn_graph& graph, const Shapes& shapes) {
  const std::vector<std::vector<Access>> accesses = accesses_by_root(graph);
  const std::vector<bool> kept = kept_roots(graph);
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& node = graph.nodes[n];
    if (!is_copy(node) || node.accumulate == 0) continue;
    const int64_t term = node.inputs[0], sum = node.outputs[0];
    const int64_t before = graph.values[static_cast<size_t>(sum)].alias;
    const int64_t owner = root(graph, sum);
    if (graph.values[static_cast<size_t>(owner)].kind != Value::Kind::result || kept[static_cast<size_t>(owner)])
      continue;
    if (!is_whole(graph, shapes, before) || root(graph, term) == owner) continue;
    bool read = false, fits = true;
    for (const Access& a : accesses[static_cast<size_t>(owner)]) {
      if (a.node <= n) continue;
      const Node& reader = graph.nodes[a.node];
      read = true;
      fits = fits && !a.writes && reader.op->schema.elementwise != 0 && comes_from(graph, a.value, sum) &&
             is_whole(graph, shapes, a.value);
    }
    if (!read || !fits) continue;
    node.op = &find_op("add");
    node.inputs = {before, term};
    node.accumulate = 0;
    node.attributes = resolve_attributes(node.op->schema, nullptr, nullptr);
    graph.values[static_cast<size_t>(sum)].alias = -1;
  }
}

void narrow_outputs(fastnn_graph& graph, const std::vector<bool>& live) {
  std::vector<bool> used = kept_roots(graph);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!live[n]) continue;
    for (const int64_t input : graph.nodes[n].inputs) {
      if (input >= 0) used[static_cast<size_t>(root(graph, input))] = true;
    }
  }
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& node = graph.nodes[n];
    const fastnn_schema& schema = node.op->schema;
    if (!live[n] || schema.is_view != 0) continue;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      int64_t& output = node.outputs[i];
      if (output < 0 || schema.outputs[i].optional == 0) continue;
      const int64_t owner = root(graph, output);
      if (used[static_cast<size_t>(owner)] || graph.values[static_cast<size_t>(owner)].kind != Value::Kind::result)
        continue;
      output = -1;
      node.accumulate &= ~(uint64_t{1} << i);
    }
  }
}

}  // namespace fastnn
