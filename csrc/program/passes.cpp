// passes.cpp: the passes that change the graph: dead results, needless copies, sums of gradients, gradients
// of relu, pooled convolutions.
#include "program/passes.h"

#include <algorithm>
#include <string_view>
#include <utility>

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

namespace {

// Who makes a graph's values, and who writes and reads them, while a pass looks for patterns.
class Makers {
 public:
  explicit Makers(fastnn_graph& graph) : graph_(graph), accesses_(accesses_by_root(graph)), kept_(kept_roots(graph)) {}

  const std::vector<Access>& touched(int64_t value) const {
    return accesses_[static_cast<size_t>(root(graph_, value))];
  }
  // The node that made a value from nothing but its inputs.
  Node* maker(int64_t value, std::string_view op) const {
    for (const Access& a : touched(value)) {
      Node& node = graph_.nodes[a.node];
      if (a.writes && a.value == value && is_op(node, op) && node.accumulate == 0) return &node;
    }
    return nullptr;
  }
  // Whether a value is the step's own, and touched by two nodes only: who makes it, and one that reads it.
  bool read_once(int64_t value) const {
    const size_t owner = static_cast<size_t>(root(graph_, value));
    return graph_.values[owner].kind == Value::Kind::result && !kept_[owner] && touched(value).size() == 2;
  }
  bool written_between(int64_t value, const Node* after, const Node* before) const {
    return value >= 0 && std::any_of(touched(value).begin(), touched(value).end(), [&](const Access& a) {
             return a.writes && &graph_.nodes[a.node] > after && &graph_.nodes[a.node] < before;
           });
  }

 private:
  fastnn_graph& graph_;
  std::vector<std::vector<Access>> accesses_;
  std::vector<bool> kept_;
};

}  // namespace

void join_relu_gradients(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const Makers makers(graph);
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& gradient = graph.nodes[n];
    if (!is_op(gradient, "batch_normalization_backward") || slot_of(gradient, "activation") != 0) continue;
    if (!makers.read_once(gradient.inputs[0])) continue;
    const Node* const slope = makers.maker(gradient.inputs[0], "relu_backward");
    Node* const relu = slope == nullptr ? nullptr : makers.maker(slope->inputs[1], "relu");
    Node* const forward = relu == nullptr ? nullptr : makers.maker(relu->inputs[0], "batch_normalization");
    if (forward == nullptr || slot_of(*forward, "activation") != 0) continue;
    // the same arguments with the same content: x, mean, variance, gamma and beta of one, from x on of the other
    const auto same_input = [&](size_t i) {
      const int64_t value = forward->inputs[i];
      return (i == 4 || value == gradient.inputs[i + 1]) && !makers.written_between(value, forward, &gradient);
    };
    bool same = slot_of(*forward, "epsilon") == slot_of(gradient, "epsilon");
    for (size_t i = 0; i < 5; ++i) same = same && same_input(i);
    if (!same || makers.written_between(slope->inputs[0], slope, &gradient)) continue;
    gradient.inputs[0] = slope->inputs[0];
    gradient.inputs[5] = forward->inputs[4];
    slot_of(gradient, "activation") = 1;
  }
}

void pool_relu_gradients(Planning& planning) {
  fastnn_graph& graph = planning.graph;
  const Makers makers(graph);  // what is changed here leaves it right: every node writes what it did
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& slope = graph.nodes[n];
    if (!is_op(slope, "relu_backward") || slope.accumulate != 0) continue;
    if (!makers.read_once(slope.inputs[0])) continue;
    Node* const gradient = makers.maker(slope.inputs[0], "max_pool2d_backward");
    Node* const pool = gradient == nullptr ? nullptr : makers.maker(gradient->inputs[1], "max_pool2d");
    if (pool == nullptr || pool->inputs[0] != slope.inputs[1] || pool->outputs[0] < 0) continue;
    const int64_t dy = gradient->inputs[0], index = gradient->inputs[1], y = pool->inputs[0], pooled = pool->outputs[0];
    const int64_t *const slots = pool->attributes.slots, *const end = slots + pool->op->schema.slot_count;
    if (!std::equal(slots, end, gradient->attributes.slots)) continue;
    if (makers.written_between(y, pool, &slope) || makers.written_between(index, pool, &slope) ||
        makers.written_between(pooled, pool, gradient)) {
      continue;
    }
    std::swap(gradient->op, slope.op);
    std::swap(gradient->attributes, slope.attributes);
    gradient->inputs = {dy, pooled};
    slope.inputs = {gradient->outputs[0], index, y};
  }
}

void pool_convolutions(Planning& planning) {
  constexpr int64_t kMostTerms = 32;
  fastnn_graph& graph = planning.graph;
  const fastnn_context& context = planning.context;
  if (context.device.type != FASTNN_CPU || context.convolution != FASTNN_CONVOLUTION_BEST) return;
  const Makers makers(graph);
  for (size_t n = 0; n < graph.commit_begin; ++n) {
    Node& pool = graph.nodes[n];
    if (!is_op(pool, "max_pool2d") || pool.accumulate != 0 || !makers.read_once(pool.inputs[0])) continue;
    Node* const convolution = makers.maker(pool.inputs[0], "conv2d");
    if (convolution == nullptr || slot_of(*convolution, "groups") != 1) continue;
    const int64_t *const size = &slot_of(pool, "pool_size"), *const step = &slot_of(pool, "strides");
    if (slot_of(pool, "padding") != 0 || !std::equal(size, size + 2, step)) continue;
    const fastnn_tensor& weight = planning.plan.shapes.values[static_cast<size_t>(convolution->inputs[1])];
    if (weight.dtype.bits != 32 || weight.shape[3] == 1) continue;  // of one channel each, it is depthwise
    if (weight.shape[0] * weight.shape[1] * weight.shape[2] > kMostTerms) continue;
    const std::vector<int64_t>& inputs = convolution->inputs;
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](int64_t value) { return makers.written_between(value, convolution, &pool); })) {
      continue;
    }
    AttributeBlock both = resolve_attributes(find_op("conv2d_max_pool2d").schema, nullptr, nullptr);
    Node joined{&find_op("conv2d_max_pool2d"), inputs, pool.outputs, both, {}, 0, pool.position};
    for (const auto& [name, count] :
         {std::pair{"strides", 2}, {"padding", 1}, {"pads", 4}, {"dilation", 2}, {"activation", 1}}) {
      std::copy_n(&slot_of(*convolution, name), count, &slot_of(joined, name));
    }
    std::copy_n(size, 2, &slot_of(joined, "pool_size"));
    pool = std::move(joined);
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
