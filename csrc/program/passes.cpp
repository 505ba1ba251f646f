// passes.cpp: the passes that change the graph: dead results, needless copies, sums of gradients, gradients of relu.
#include "program/passes.h"

#include <algorithm>
#include <string_view>

namespace fastnn {
namespace {

bool is_op(const Node& node, std::string_view name) { return node.op->schema.name == name; }
bool is_copy(const Node& node) { return is_op(node, "copy"); }

const fastnn_attribute_schema& attribute_of(const Node& node, std::string_view name) {
  const fastnn_attribute_schema* found = node.op->schema.attributes;
  while (name != found->name) ++found;
  return *found;
}
int64_t& slot_of(Node& node, std::string_view name) { return node.attributes.slots[attribute_of(node, name).slot]; }

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

void forward_copies(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const Shapes& shapes = planning.plan.shapes;
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

void split_accumulations(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const Shapes& shapes = planning.plan.shapes;
  if (graph.device.type != FASTNN_CPU) return;  // nothing runs together there
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

void join_relu_gradients(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const std::vector<std::vector<Access>> accesses = accesses_by_root(graph);
  const std::vector<bool> kept = kept_roots(graph);
  const auto touched = [&](int64_t value) -> const std::vector<Access>& {
    return accesses[static_cast<size_t>(root(graph, value))];
  };
  // The node that made a value from nothing but its inputs.
  const auto maker = [&](int64_t value, std::string_view op) -> Node* {
    for (const Access& a : touched(value)) {
      Node& node = graph.nodes[a.node];
      if (a.writes && a.value == value && is_op(node, op) && node.accumulate == 0) return &node;
    }
    return nullptr;
  };
  const auto written_between = [&](int64_t value, const Node* after, const Node* before) {
    return std::any_of(touched(value).begin(), touched(value).end(), [&](const Access& a) {
      return a.writes && &graph.nodes[a.node] > after && &graph.nodes[a.node] < before;
    });
  };
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& gradient = graph.nodes[n];
    if (!is_op(gradient, "batch_normalization_backward") || slot_of(gradient, "activation") != 0) continue;
    const int64_t dy = gradient.inputs[0];
    const size_t owner = static_cast<size_t>(root(graph, dy));
    if (graph.values[owner].kind != Value::Kind::result || kept[owner] || touched(dy).size() != 2) continue;
    const Node* const slope = maker(dy, "relu_backward");
    Node* const relu = slope == nullptr ? nullptr : maker(slope->inputs[1], "relu");
    Node* const forward = relu == nullptr ? nullptr : maker(relu->inputs[0], "batch_normalization");
    if (forward == nullptr || slot_of(*forward, "activation") != 0) continue;
    // the same arguments with the same content: x, mean, variance, gamma and beta of one, from x on of the other
    const auto same_input = [&](size_t i) {
      const int64_t value = forward->inputs[i];
      return (i == 4 || value == gradient.inputs[i + 1]) && (value < 0 || !written_between(value, forward, &gradient));
    };
    bool same = slot_of(*forward, "epsilon") == slot_of(gradient, "epsilon");
    for (size_t i = 0; i < 5; ++i) same = same && same_input(i);
    if (!same || written_between(slope->inputs[0], slope, &gradient)) continue;
    gradient.inputs[0] = slope->inputs[0];
    gradient.inputs[5] = forward->inputs[4];
    slot_of(gradient, "activation") = 1;
  }
}

void drop_dead_nodes(Planning& planning) {
  const fastnn_graph& graph = planning.graph;
  // Memory, not values, is needed: a buffer that several nodes add into, or that views look at, needs all its writers.
  std::vector<bool> needed = kept_roots(graph);
  const auto owner = [&](int64_t value) { return static_cast<size_t>(root(graph, value)); };
  for (size_t v = 0; v < graph.values.size(); ++v) needed[v] = needed[v] || graph.values[v].kind == Value::Kind::state;
  std::vector<bool>& live = planning.plan.live;
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
  std::erase_if(planning.plan.steps, [&](const PlannedStep& step) { return !live[step.nodes.front()]; });
}

void narrow_outputs(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const std::vector<bool>& live = planning.plan.live;
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
