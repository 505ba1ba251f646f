// check.cpp: what keeps a replay within its memory.
#include "program/check.h"

#include "core/sizes.h"

namespace fastnn {
namespace {

// Bytes counted from the beginning of the memory that a value lives in; nothing when it has no elements.
struct Extent {
  int64_t begin = 0;
  int64_t end = 0;
};

Extent extent_of(const fastnn_tensor& t) {
  if (element_count(t) == 0) return {};
  int64_t low = 0;
  int64_t high = 0;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    const int64_t reach = checked_multiply(t.strides[axis], t.shape[axis] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const int64_t first = static_cast<int64_t>(t.byte_offset);
  return {first + checked_multiply(low, item_size(t.dtype)), first + checked_multiply(high + 1, item_size(t.dtype))};
}

bool is_view(const fastnn_graph& graph, const Node& node) {
  return node.op->schema.is_view != 0 && graph.values[static_cast<size_t>(node.outputs[0])].alias >= 0;
}

}  // namespace

void check_node_memory(const fastnn_graph& graph, const Node& node, const Shapes& shapes) {
  const fastnn_schema& schema = node.op->schema;
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  const auto tensor = [&](int64_t value) -> const fastnn_tensor& { return shapes.values[static_cast<size_t>(value)]; };
  const bool view = is_view(graph, node);
  for (int64_t i = 0; i < input_count; ++i) {
    const int64_t value = node.inputs[static_cast<size_t>(i)];
    const fastnn_argument_schema& argument = input_schema(schema, input_count, i);
    if (value < 0 || argument.role == FASTNN_SHAPE) continue;
    // a view op that copies takes any strides, as eager does
    const bool any = argument.layout == FASTNN_ANY_STRIDES || (schema.is_view != 0 && !view);
    const bool whole = argument.role == FASTNN_UPDATE;
    if (!any && !(whole ? is_contiguous(tensor(value)) : accepts(tensor(value), argument.layout))) {
      value_error("program: ", schema.name, " can't read ", argument.name, " ", shape_text(tensor(value)),
                  " with strides ", shape_text(tensor(value).rank, tensor(value).strides));
    }
  }
  for (const int64_t value : node.outputs) {
    if (value < 0) continue;
    const int64_t owner = root(graph, value);
    const fastnn_tensor& t = tensor(value);
    const Extent extent = extent_of(t);
    const fastnn_tensor& memory = tensor(owner);
    const Extent whole = extent_of(memory);
    if (!(t.dtype == memory.dtype) ||
        (extent.begin < extent.end && (extent.begin < whole.begin || extent.end > whole.end))) {
      value_error("program: a result of ", schema.name, ", ", shape_text(t), ", does not lie within the memory of ",
                  shape_text(memory));
    }
    if (view || owner == value) continue;
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t input = node.inputs[static_cast<size_t>(i)];
      if (input < 0 || input_schema(schema, input_count, i).role == FASTNN_SHAPE || root(graph, input) != owner)
        continue;
      const Extent read = extent_of(tensor(input));
      if (extent.begin < read.end && read.begin < extent.end) {
        value_error("program: ", schema.name, " writes the memory of its ", input_schema(schema, input_count, i).name);
      }
    }
    for (const int64_t other : node.outputs) {
      if (other >= 0 && other != value && root(graph, other) == owner) {
        value_error("program: two results of ", schema.name, " share memory");
      }
    }
  }
}

void check_node_writes(const fastnn_graph& graph, const Node& node) {
  const fastnn_schema& schema = node.op->schema;
  const auto check = [&](int64_t value) {
    const Value& owner = graph.values[static_cast<size_t>(root(graph, value))];
    if (owner.kind == Value::Kind::argument || owner.kind == Value::Kind::constant) {
      value_error("program: ", schema.name, " writes ", kind_name(owner.kind), " ", owner.name);
    }
  };
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  for (int64_t i = 0; i < input_count; ++i) {
    const int64_t value = node.inputs[static_cast<size_t>(i)];
    if (value >= 0 && input_schema(schema, input_count, i).role == FASTNN_UPDATE) check(value);
  }
  if (node.outputs.empty() || is_view(graph, node)) return;
  for (const int64_t value : node.outputs) {
    if (value >= 0) check(value);
  }
}

void check_bound(const fastnn_graph& graph) {
  for (const Value& value : graph.values) {
    const bool kept = value.kind == Value::Kind::state || value.kind == Value::Kind::constant;
    if (kept && value.storage.get() == nullptr) {
      value_error("program: expected memory for ", kind_name(value.kind), " ", value.name, "; bind a tensor to it");
    }
  }
  for (const ScalarInput& scalar : graph.scalars) {
    if (scalar.cell == nullptr) value_error("program: expected a cell for scalar ", scalar.name, "; bind one to it");
  }
}

}  // namespace fastnn
