// graph.cpp: reading a graph: shapes at a batch size, comparison of two recordings.
#include "program/graph.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "program/check.h"

namespace fastnn {

const char* kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::argument:
      return "argument";
    case Value::Kind::state:
      return "state";
    case Value::Kind::constant:
      return "constant";
    case Value::Kind::result:
      return "result";
  }
  return "";
}

namespace {

bool same_constant(const fastnn_tensor& a, const fastnn_tensor& b) {
  if (!(a.dtype == b.dtype) || !same_shape(a, b)) return false;
  if (a.data == b.data && a.byte_offset == b.byte_offset) return true;
  if (!is_contiguous(a) || !is_contiguous(b)) return false;
  const size_t bytes = static_cast<size_t>(element_count(a) * item_size(a.dtype));
  std::vector<char> first(bytes);
  std::vector<char> second(bytes);
  return fastnn_copy_to_host(first.data(), &a, bytes) == FASTNN_OK &&
         fastnn_copy_to_host(second.data(), &b, bytes) == FASTNN_OK && first == second;
}

[[noreturn]] void differ(size_t index, const std::string& what) {
  value_error("record: two recordings of the step differ at op ", index, ": ", what);
}

// Where a value is read first: " of op 3, add,", or nothing where no op reads it.
std::string reader_of(const fastnn_graph& graph, size_t value) {
  for (const Node& node : graph.nodes) {
    for (const int64_t input : node.inputs) {
      if (input < 0 || root(graph, input) != static_cast<int64_t>(value)) continue;
      return concat(" of op ", node.position, ", ", node.op->schema.name, ",");
    }
  }
  return "";
}

void compare_inputs(const fastnn_graph& first, const fastnn_graph& second) {
  if (first.values.size() != second.values.size() || first.results.size() != second.results.size() ||
      first.scalars.size() != second.scalars.size()) {
    value_error("record: two recordings of the step have different numbers of values, scalars or results");
  }
  for (size_t i = 0; i < first.values.size(); ++i) {
    const Value& a = first.values[i];
    const Value& b = second.values[i];
    if (a.kind != b.kind || a.name != b.name || a.batched != b.batched || a.alias != b.alias) {
      value_error("record: two recordings of the step differ in ", kind_name(a.kind), " ", a.name);
    }
    // what was read from text has no memory until it is bound
    const bool both = a.storage.get() != nullptr && b.storage.get() != nullptr;
    const bool same = a.kind != Value::Kind::state || !both || a.recorded.data == b.recorded.data;
    if (!same) value_error("record: state ", a.name, " is other memory in the second recording");
    if (a.kind == Value::Kind::constant && both && !same_constant(a.recorded, b.recorded)) {
      value_error("record: a constant ", shape_text(a.recorded), reader_of(first, i),
                  " has other values in the second recording; pass it as an argument");
    }
  }
  for (size_t i = 0; i < first.results.size(); ++i) {
    if (first.results[i].value != second.results[i].value) {
      value_error("record: result ", first.results[i].name, " is another value in the second recording");
    }
  }
  for (size_t i = 0; i < first.scalars.size(); ++i) {
    const ScalarInput& a = first.scalars[i];
    const ScalarInput& b = second.scalars[i];
    const bool both = a.cell != nullptr && b.cell != nullptr;
    if (a.name != b.name || (both && a.cell != b.cell) || a.advance != b.advance || a.offset != b.offset) {
      value_error("record: scalar ", a.name, " is another one in the second recording");
    }
  }
}

void compare(const fastnn_graph& first, const fastnn_graph& second) {
  for (size_t i = 0; i < std::min(first.nodes.size(), second.nodes.size()); ++i) {
    const Node& a = first.nodes[i];
    const Node& b = second.nodes[i];
    const fastnn_schema& schema = a.op->schema;
    if (a.op != b.op) differ(a.position, concat(schema.name, " and ", b.op->schema.name));
    if (a.inputs != b.inputs || a.outputs != b.outputs || a.accumulate != b.accumulate || a.scalars != b.scalars) {
      differ(a.position, concat(schema.name, " is wired differently"));
    }
    if (!std::equal(a.attributes.slots, a.attributes.slots + schema.slot_count, b.attributes.slots)) {
      differ(a.position, concat(schema.name, " has other attributes"));
    }
  }
  if (first.nodes.size() != second.nodes.size()) {
    value_error("record: two recordings of the step have ", first.nodes.size(), " and ", second.nodes.size(), " ops");
  }
  const auto same_undo = [](const Undo& a, const Undo& b) { return a.state == b.state && a.copy == b.copy; };
  if (!std::equal(first.undos.begin(), first.undos.end(), second.undos.begin(), second.undos.end(), same_undo)) {
    value_error("record: two recordings of the step undo other writes");
  }
  if (first.commit_begin != second.commit_begin) value_error("record: two recordings of the step commit at other ops");
  compare_inputs(first, second);
}

}  // namespace

int64_t root(const fastnn_graph& graph, int64_t value) {
  while (graph.values[static_cast<size_t>(value)].alias >= 0) value = graph.values[static_cast<size_t>(value)].alias;
  return value;
}

int64_t recorded_batch(const fastnn_graph& graph) {
  for (const int64_t argument : graph.arguments) {
    const Value& value = graph.values[static_cast<size_t>(argument)];
    if (value.batched) return value.recorded.shape[0];
  }
  return 1;
}

fastnn_tensor described_at_batch(const Value& value, int64_t batch) {
  fastnn_tensor t = value.recorded;
  t.data = nullptr;
  if (value.kind == Value::Kind::argument) {
    t.byte_offset = 0;
    t.flags = FASTNN_READ_ONLY;
    if (value.batched) t.shape[0] = batch;
    set_contiguous_strides(t);
  } else if (value.kind == Value::Kind::result) {
    t.byte_offset = 0;
    t.flags = 0;
  }
  return t;
}

NodeCall::NodeCall(const fastnn_graph& graph, const Node& node, const fastnn_context& context,
                   std::vector<fastnn_tensor>& values)
    : attributes(node.attributes) {
  for (const int64_t value : node.inputs) {
    inputs.push_back(value < 0 ? nullptr : &values[static_cast<size_t>(value)]);
  }
  for (const int64_t value : node.outputs) {
    outputs.push_back(value < 0 ? nullptr : &values[static_cast<size_t>(value)]);
  }
  call.struct_size = sizeof(fastnn_call);
  call.context = &context;
  call.inputs = inputs.data();
  call.outputs = outputs.data();
  call.input_count = static_cast<int64_t>(inputs.size());
  call.output_count = static_cast<int64_t>(outputs.size());
  const fastnn_schema& schema = node.op->schema;
  size_t runtime = 0;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    if (attribute.runtime == 0) continue;
    const ScalarInput& scalar = graph.scalars[static_cast<size_t>(node.scalars[runtime++])];
    // a graph that was read from text has no cells until they are bound
    attributes.slots[attribute.slot] =
        scalar.cell != nullptr ? scalar.cell->value.integer + scalar.offset : schema.defaults[attribute.slot];
  }
  call.attributes = &attributes;
  call.accumulate = node.accumulate;
}

NodeSizes infer_node(const fastnn_graph& graph, const Node& node, const fastnn_context& context, Shapes& shapes) {
  const NodeCall whole(graph, node, context, shapes.values);
  const fastnn_call& call = whole.call;
  const fastnn_schema& schema = node.op->schema;
  const size_t workspace = infer(*node.op, call);
  const double operations = flops(*node.op, call);
  for (const int64_t value : node.outputs) {
    if (value < 0) continue;
    const Value& described = graph.values[static_cast<size_t>(value)];
    fastnn_tensor& after = shapes.values[static_cast<size_t>(value)];
    if (described.alias < 0) {
      // memory of its own, also where a view op was asked to copy
      after.byte_offset = 0;
      set_contiguous_strides(after);
    } else if (schema.is_view == 0) {
      const fastnn_tensor& before = shapes.values[static_cast<size_t>(described.alias)];
      if (!same_shape(before, after)) {
        value_error(schema.name, ": expected to add into ", shape_text(before), ", got ", shape_text(after));
      }
      after.byte_offset = before.byte_offset;
    }
  }
  return {workspace, operations};
}

Shapes infer_shapes(const fastnn_graph& graph, const fastnn_context& context, int64_t batch) {
  Shapes shapes;
  for (const Value& value : graph.values) shapes.values.push_back(described_at_batch(value, batch));
  for (const Node& node : graph.nodes) {
    const NodeSizes sizes = infer_node(graph, node, context, shapes);
    check_node_memory(graph, node, shapes);
    shapes.workspaces.push_back(sizes.workspace);
    shapes.flops.push_back(sizes.flops);
  }
  return shapes;
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

void fastnn_graph_destroy(fastnn_graph* graph) { std::unique_ptr<fastnn_graph>{graph}; }

fastnn_status fastnn_graph_compare(const fastnn_graph* first, const fastnn_graph* second, int32_t* symbolic_batch) {
  return guarded([&] {
    require(first, "graph_compare", "first");
    require(second, "graph_compare", "second");
    require(symbolic_batch, "graph_compare", "symbolic_batch");
    compare(*first, *second);
    *symbolic_batch = recorded_batch(*first) != recorded_batch(*second);
  });
}

fastnn_status fastnn_graph_flops(const fastnn_graph* graph, const fastnn_context* context, int64_t batch, double* flops,
                                 int64_t count) {
  return guarded([&] {
    require(graph, "graph_flops", "graph");
    require_struct(context, "graph_flops", "context");
    if (count != static_cast<int64_t>(graph->nodes.size())) {
      value_error("graph_flops: expected room for ", graph->nodes.size(), " nodes, got ", count);
    }
    if (count > 0) require(flops, "graph_flops", "flops");
    const Shapes shapes = infer_shapes(*graph, *context, batch);
    std::copy(shapes.flops.begin(), shapes.flops.end(), flops);
  });
}

int64_t fastnn_graph_nodes(const fastnn_graph* graph) {
  return graph != nullptr ? static_cast<int64_t>(graph->nodes.size()) : 0;
}

}  // extern "C"
