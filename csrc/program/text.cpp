// text.cpp: graphs and programs for people and files. A graph's text is versioned and says all of it but the memory of
// state and constants, so that parse.cpp makes the same graph of it; a program's text says what a plan made of it at one
// batch size.
#include "program/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "program/blocks.h"
#include "program/plan.h"
#include "program/rows.h"

namespace fastnn {
namespace {

// The shortest digits that give the same double again, in every locale.
std::string number_text(double number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  return std::string(digits, end);
}

std::string list_text(const int64_t* values, int64_t count) {
  std::string text = "[";
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += std::to_string(values[i]);
  }
  text += ']';
  return text;
}

std::string slots_text(const fastnn_attribute_schema& attribute, const int64_t* slots) {
  switch (attribute.kind) {
    case FASTNN_ATTRIBUTE_FLOAT: {
      double value;
      std::memcpy(&value, slots, sizeof(value));
      return number_text(value);
    }
    case FASTNN_ATTRIBUTE_BOOL:
      return *slots != 0 ? "true" : "false";
    case FASTNN_ATTRIBUTE_ENUM:
      return attribute.choices[*slots];
    case FASTNN_ATTRIBUTE_INTS:
      return list_text(slots, attribute.count);
    case FASTNN_ATTRIBUTE_LIST:
      return list_text(slots + 1, *slots);
    default:
      return std::to_string(*slots);
  }
}

std::string attributes_text(const fastnn_graph& graph, const Node& node) {
  const fastnn_schema& schema = node.op->schema;
  std::string text;
  size_t runtime = 0;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    text += concat(text.empty() ? "" : ", ", attribute.name, "=");
    if (attribute.runtime != 0) {
      text += concat("$", quoted(graph.scalars[static_cast<size_t>(node.scalars[runtime++])].name));
    } else {
      text += slots_text(attribute, node.attributes.slots + attribute.slot);
    }
  }
  return text;
}

// A number without a fraction: "1234567".
std::string whole(double number) {
  TextStream text;
  text.precision(0);
  text << std::fixed << number;
  return text.str();
}

std::string values_text(const std::vector<int64_t>& values) {
  std::string text;
  for (const int64_t value : values) {
    text += text.empty() ? "" : ", ";
    text += value < 0 ? "-" : concat("%", value);
  }
  return text;
}

// "%4, - = max_pool2d.1(%3) {pool_size=[2,2]}"
std::string node_text(const fastnn_graph& graph, const Node& node) {
  const fastnn_schema& schema = node.op->schema;
  std::string text = node.outputs.empty() ? "" : concat(values_text(node.outputs), " = ");
  text += concat(schema.name, ".", schema.version, "(", values_text(node.inputs), ")");
  const std::string attributes = attributes_text(graph, node);
  if (!attributes.empty()) text += concat(" {", attributes, "}");
  if (node.accumulate != 0) text += concat(" accumulate ", node.accumulate);
  return text;
}

}  // namespace

std::string quoted(const std::string& name) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += "\\x";
      text += digits[byte / 16];
      text += digits[byte % 16];
    } else {
      text += c;
    }
  }
  text += '"';
  return text;
}

std::string symbolic_shape(const fastnn_tensor& at_batch, const fastnn_tensor* at_next, int64_t batch) {
  std::string text = concat(dtype_name(at_batch.dtype), "(");
  for (int32_t axis = 0; axis < at_batch.rank; ++axis) {
    const int64_t size = at_batch.shape[axis];
    if (axis > 0) text += ", ";
    const int64_t step = at_next == nullptr ? 0 : at_next->shape[axis] - size;
    if (step == 0) {
      text += std::to_string(size);
      continue;
    }
    if (step != 1) text += concat(step, "*");
    text += 'N';
    const int64_t rest = size - step * batch;
    if (rest > 0) text += '+';
    if (rest != 0) text += std::to_string(rest);
  }
  text += ')';
  return text;
}

Sizes::Sizes(const fastnn_graph& graph) : batch_(recorded_batch(graph)) {
  fastnn_context context;
  fastnn_context_init(&context, sizeof(context));
  context.device = graph.device;
  at_batch_ = infer_shapes(graph, context, batch_);
  try {
    at_next_ = std::make_unique<Shapes>(infer_shapes(graph, context, batch_ + 1));
  } catch (const Error&) {
    at_next_.reset();  // good for one batch size only: its shapes are printed as numbers
  }
}

std::string Sizes::text(const fastnn_graph& graph, int64_t value) const {
  const size_t i = static_cast<size_t>(value);
  const Value& described = graph.values[i];
  if (described.kind == Value::Kind::argument && described.batched) {
    fastnn_tensor next = at_batch_.values[i];
    next.shape[0] += 1;
    return symbolic_shape(at_batch_.values[i], &next, batch_);
  }
  std::string text = symbolic_shape(at_batch_.values[i], at_next_ ? &at_next_->values[i] : nullptr, batch_);
  if (described.kind == Value::Kind::result) {
    if (described.alias >= 0) text += concat(" in %", described.alias);
  } else if (!is_contiguous(described.recorded)) {
    text += concat(" strides ", list_text(described.recorded.strides, described.recorded.rank));
  }
  return text;
}
namespace {

// A node's line in a plan: " = op(...)" with shape, bytes and place of every output.
std::string planned_node_text(const fastnn_graph& graph, const Plan& plan, int64_t batch, size_t n) {
  const Node& node = graph.nodes[n];
  TextStream text;
  text << node_text(graph, node);
  for (const int64_t value : node.outputs) {
    if (value < 0) continue;
    const fastnn_tensor& t = plan.shapes.values[static_cast<size_t>(value)];
    const size_t owner = static_cast<size_t>(root(graph, value));
    text << " " << symbolic_shape(t, nullptr, batch);
    if (!plan.live[n]) continue;
    text << " " << element_count(t) * item_size(t.dtype) << " bytes";
    if (plan.in_scratch[owner]) {
      text << " in scratch";
    } else if (plan.block_of_value[owner] >= 0) {
      const Block& block = plan.blocks[static_cast<size_t>(plan.block_of_value[owner])];
      text << " at " << block.offset + static_cast<size_t>(t.byte_offset);
    } else if (plan.result_of_value[owner] >= 0) {
      text << " in result " << graph.results[static_cast<size_t>(plan.result_of_value[owner])].name;
    } else if (graph.values[owner].kind != Value::Kind::result) {
      text << " in " << graph.values[owner].name;
    }
  }
  if (plan.block_of_workspace[n] >= 0) {
    const Block& block = plan.blocks[static_cast<size_t>(plan.block_of_workspace[n])];
    text << " workspace " << block.bytes << " bytes at " << block.offset;
  }
  for (const Preparation& preparation : plan.preparations) {
    if (std::find(preparation.nodes.begin(), preparation.nodes.end(), n) == preparation.nodes.end()) continue;
    text << " prepared " << preparation.what.bytes << " bytes";
    if (preparation.kept) {
      text << " kept";
    } else if (preparation.block >= 0) {
      text << " at " << plan.blocks[static_cast<size_t>(preparation.block)].offset;
    }
  }
  if (plan.live[n]) text << " " << whole(plan.shapes.flops[n]) << " flops";
  return text.str();
}

}  // namespace

std::string planned_step_text(const fastnn_graph& graph, const Plan& plan, int64_t batch, const PlannedStep& step) {
  TextStream text;
  if (step.blocks != nullptr) {
    text << "together, " << step.blocks->rows * step.blocks->inner << " of " << step.blocks->elements
         << " elements at a time, " << step.blocks->scratch << " bytes of scratch:\n";
  }
  if (step.rows != nullptr) {
    text << "together, " << step.rows->block_items << " of " << step.rows->items << " items at a time, "
         << step.rows->lanes << " times " << step.rows->scratch << " bytes of scratch";
    if (step.scratch >= 0) text << " at " << plan.blocks[static_cast<size_t>(step.scratch)].offset;
    text << ":\n";
  }
  for (const size_t n : step.nodes) {
    text << (step.nodes.size() > 1 ? "  " : "") << planned_node_text(graph, plan, batch, n) << "\n";
  }
  return text.str();
}

std::string plan_text(const fastnn_graph& graph, const Plan& plan, int64_t batch) {
  TextStream text;
  text << "fastnn-program " << kTextVersion << " batch " << batch << "\n";
  text << "arena " << plan.arena_bytes << " bytes, " << plan.value_bytes << " without sharing, "
       << whole(planned_flops(plan)) << " flops\n";
  text << "eagerly " << plan.eager_bytes << " bytes, results and workspace together\n";
  text << "moves " << plan.moved_bytes << " bytes, " << plan.unfused_bytes << " unfused\n";
  if (plan.kept_bytes > 0) text << "keeps " << plan.kept_bytes << " bytes of prepared weights\n";
  std::vector<bool> printed(graph.nodes.size(), false);
  for (const PlannedStep& step : plan.steps) {
    for (const size_t n : step.nodes) printed[n] = true;
  }
  // what does not run is printed where it was recorded
  size_t next = 0;
  const auto print_idle = [&](size_t end) {
    for (; next < end; ++next) {
      if (printed[next]) continue;
      text << (plan.live[next] ? "" : "not run: ") << planned_node_text(graph, plan, batch, next) << "\n";
    }
  };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlannedStep& step = plan.steps[i];
    print_idle(step.nodes.back());
    if (i == plan.commit_step) text << "commit\n";
    text << planned_step_text(graph, plan, batch, step);
  }
  print_idle(graph.nodes.size());
  return text.str();
}

int64_t write_text(const std::string& full, const char* where, char* text, int64_t size) {
  if (size > 0) {
    require(text, where, "text");
    const size_t part = std::min(full.size(), static_cast<size_t>(size) - 1);
    std::memcpy(text, full.data(), part);
    text[part] = '\0';
  }
  return static_cast<int64_t>(full.size());
}

std::string graph_text(const fastnn_graph& graph) {
  const Sizes sizes(graph);
  std::string text = concat("fastnn-graph ", kTextVersion, "\n", "batch ", recorded_batch(graph), "\n");
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.kind == Value::Kind::result) continue;
    const int64_t index = static_cast<int64_t>(i);
    text +=
        concat("%", index, " = ", kind_name(value.kind), " ", quoted(value.name), " ", sizes.text(graph, index), "\n");
  }
  for (const ScalarInput& scalar : graph.scalars) {
    text += concat("$", quoted(scalar.name), " = scalar advance ", scalar.advance);
    if (scalar.offset != 0) text += concat(" offset ", scalar.offset);
    text += '\n';
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (n == graph.commit_begin) text += "commit\n";
    text += node_text(graph, graph.nodes[n]);
    for (const int64_t value : graph.nodes[n].outputs) {
      if (value >= 0) text += concat(" ", sizes.text(graph, value));
    }
    text += '\n';
  }
  for (const Undo& undo : graph.undos) text += concat("undo %", undo.state, " %", undo.copy, "\n");
  for (const Result& result : graph.results) {
    text += concat("return ", quoted(result.name), " %", result.value, "\n");
  }
  text += "end\n";
  return text;
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

int64_t fastnn_graph_text(const fastnn_graph* graph, char* text, int64_t size) {
  const auto make = [&] {
    require(graph, "graph_text", "graph");
    return graph_text(*graph);
  };
  return write_guarded(make, "graph_text", text, size);
}

}  // extern "C"
