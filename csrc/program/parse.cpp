// parse.cpp: reads the text form of a graph. Everything that a replay relies on is checked here, line by line, so that
// no text, however damaged, makes a program that reaches beyond its memory.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/device.h"
#include "program/check.h"
#include "program/lines.h"
#include "program/ordering.h"
#include "program/text.h"

namespace fastnn {
namespace {

constexpr int64_t kLargestBatch = int64_t{1} << 40;

fastnn_dtype dtype_from_name(std::string_view name) {
  for (const fastnn_dtype dtype : {kFloat32, kFloat64, kInt32, kInt64, kUint8, kBool}) {
    if (dtype_name(dtype) == name) return dtype;
  }
  return {};
}

class Parser {
 public:
  Parser(std::string_view text, fastnn_device device) : lines_(text), most_values_(static_cast<int64_t>(text.size())) {
    graph_.device = device;
    fastnn_context_init(&context_, sizeof(context_));
    context_.device = device;
  }
  fastnn_graph parse();

 private:
  enum class Section { inputs, scalars, nodes, undos, results, end };

  void read_header();
  void read_line();
  void enter(Section section, const char* what);
  void read_input(int64_t index);
  void read_scalar();
  void read_undo();
  void read_node(std::vector<int64_t> outputs);
  void read_attributes(Node& node, int32_t version);
  void read_slots(const fastnn_attribute_schema& attribute, int64_t* slots);
  void read_described(int64_t index);
  fastnn_dtype read_dtype();
  std::vector<int64_t> read_values(bool defined);
  int64_t read_value();
  int64_t read_defined_value();
  int64_t read_size();
  void define(int64_t index, Value value);
  void check_node(const Node& node);
  void check_whole();

  Lines lines_;
  int64_t most_values_;
  fastnn_graph graph_;
  fastnn_context context_;
  int64_t batch_ = 0;
  Section section_ = Section::inputs;
  bool committed_ = false;
  Shapes shapes_;  // at the batch size of the text
  // per value: whether the text has said what it is, and its dtype, shape and place as the text says them
  std::vector<bool> defined_;
  std::vector<std::string> described_;
  std::vector<int64_t> line_of_value_;
};

fastnn_graph Parser::parse() {
  read_header();
  while (section_ != Section::end) {
    lines_.next();
    try {
      read_line();
    } catch (const Error& error) {
      // what an op says of its arguments doesn't name the line
      if (std::string_view(error.what()).starts_with("graph_parse: ")) throw;
      throw Error(error.status(), concat("graph_parse: line ", lines_.number(), ": ", error.what()));
    }
    lines_.expect_end();
  }
  if (!lines_.at_end()) {
    lines_.next();
    lines_.fail("nothing behind the end");
  }
  check_whole();
  return std::move(graph_);
}

void Parser::read_header() {
  lines_.next();
  lines_.expect("fastnn-graph ");
  lines_.integer("a version", 1, kTextVersion);
  lines_.expect_end();
  lines_.next();
  lines_.expect("batch ");
  batch_ = lines_.integer("a batch size", 0, kLargestBatch);
  lines_.expect_end();
}

void Parser::read_line() {
  if (lines_.accept("commit")) {
    enter(Section::nodes, "the commit before everything that follows the ops");
    if (committed_) lines_.fail("one commit");
    committed_ = true;
    graph_.commit_begin = graph_.nodes.size();
  } else if (lines_.accept("undo ")) {
    read_undo();
  } else if (lines_.accept("return ")) {
    enter(Section::results, "results at the end");
    std::string name = lines_.name();
    lines_.expect(" ");
    graph_.results.push_back({std::move(name), read_defined_value()});
  } else if (lines_.accept("end")) {
    section_ = Section::end;
  } else if (lines_.accept("$")) {
    read_scalar();
  } else {
    const char first = lines_.rest().empty() ? '\0' : lines_.rest().front();
    std::vector<int64_t> outputs;
    if (first == '%' || first == '-') {
      outputs = read_values(false);
      lines_.expect(" = ");
    }
    for (const Value::Kind kind : {Value::Kind::argument, Value::Kind::state, Value::Kind::constant}) {
      if (outputs.size() == 1 && lines_.accept(concat(kind_name(kind), " "))) {
        enter(Section::inputs, "arguments, state and constants before everything else");
        Value value;
        value.kind = kind;
        define(outputs[0], std::move(value));
        read_input(outputs[0]);
        return;
      }
    }
    enter(Section::nodes, "ops before the results");
    read_node(std::move(outputs));
  }
}

// The parts of a text come in one order.
void Parser::enter(Section section, const char* what) {
  if (section < section_) lines_.fail(what);
  section_ = section;
}

void Parser::define(int64_t index, Value value) {
  const size_t i = static_cast<size_t>(index);
  if (i >= defined_.size()) {
    defined_.resize(i + 1);
    described_.resize(i + 1);
    line_of_value_.resize(i + 1);
    graph_.values.resize(i + 1);
    shapes_.values.resize(i + 1);
  }
  if (defined_[i]) lines_.fail(concat("a new value, for there is a %", index, ", before this"));
  defined_[i] = true;
  line_of_value_[i] = lines_.number();
  value.recorded.struct_size = sizeof(fastnn_tensor);
  value.recorded.device = graph_.device;
  graph_.values[i] = std::move(value);
}

fastnn_dtype Parser::read_dtype() {
  const std::string_view before = lines_.rest();
  const fastnn_dtype dtype = dtype_from_name(lines_.word("a dtype"));
  if (dtype.bits == 0) Lines::fail_at(lines_.number(), "a dtype", before);
  return dtype;
}

int64_t Parser::read_size() { return lines_.integer("a size", 0, INT64_MAX); }

// argument "x" float32(N, 3)
void Parser::read_input(int64_t index) {
  Value& value = graph_.values[static_cast<size_t>(index)];
  fastnn_tensor& t = value.recorded;
  value.name = lines_.name();
  lines_.expect(" ");
  const std::string_view described = lines_.rest();
  t.dtype = read_dtype();
  lines_.expect("(");
  while (!lines_.accept(")")) {
    if (t.rank > 0) lines_.expect(", ");
    if (t.rank == FASTNN_MAX_RANK) lines_.fail(concat("at most ", FASTNN_MAX_RANK, " axes"));
    const bool open = value.kind == Value::Kind::argument && t.rank == 0 && lines_.accept("N");
    value.batched = value.batched || open;
    t.shape[t.rank++] = open ? batch_ : read_size();
  }
  checked_multiply(element_count(t), item_size(t.dtype));
  set_contiguous_strides(t);
  if (value.kind != Value::Kind::argument && lines_.accept(" strides [")) {
    for (int32_t axis = 0; axis < t.rank; ++axis) {
      if (axis > 0) lines_.expect(",");
      t.strides[axis] = lines_.integer("a stride", INT32_MIN, INT32_MAX);
    }
    lines_.expect("]");
  }
  described_[static_cast<size_t>(index)] = described.substr(0, described.size() - lines_.rest().size());
  if (value.kind == Value::Kind::argument) {
    graph_.arguments.push_back(index);
  } else {
    for (const Value& other : graph_.values) {
      const bool named = other.kind == Value::Kind::state || other.kind == Value::Kind::constant;
      if (named && &other != &value && other.name == value.name) {
        lines_.fail(concat("state and constants of different names, not ", value.name, " again"));
      }
    }
  }
  shapes_.values[static_cast<size_t>(index)] = described_at_batch(value, batch_);
}

// $"learning_rate" = scalar advance 0
void Parser::read_scalar() {
  enter(Section::scalars, "scalars before the ops");
  ScalarInput scalar;
  scalar.name = lines_.name();
  for (const ScalarInput& other : graph_.scalars) {
    if (other.name == scalar.name) lines_.fail(concat("scalars of different names, not ", scalar.name, " again"));
  }
  lines_.expect(" = scalar advance ");
  scalar.advance = lines_.integer("an advance", INT32_MIN, INT32_MAX);
  if (lines_.accept(" offset ")) scalar.offset = lines_.integer("an offset", INT32_MIN, INT32_MAX);
  graph_.scalars.push_back(std::move(scalar));
}

// undo %1 %7: %7 is a copy of state %1
void Parser::read_undo() {
  enter(Section::undos, "what is undone before the results");
  const std::string_view before = lines_.rest();
  Undo undo;
  undo.state = read_defined_value();
  lines_.expect(" ");
  undo.copy = read_defined_value();
  const fastnn_op& copy = find_op("copy");
  const auto makes_it = [&](const Node& node) {
    return node.op == &copy && node.outputs[0] == undo.copy && node.inputs[0] == undo.state;
  };
  const bool is_state = graph_.values[static_cast<size_t>(undo.state)].kind == Value::Kind::state;
  const bool apart = graph_.values[static_cast<size_t>(undo.copy)].alias < 0;
  if (!is_state || !apart || std::none_of(graph_.nodes.begin(), graph_.nodes.end(), makes_it)) {
    Lines::fail_at(lines_.number(), "a state and a copy of it", before);
  }
  graph_.undos.push_back(undo);
}

// "%3, -, %4"
std::vector<int64_t> Parser::read_values(bool defined) {
  std::vector<int64_t> values;
  do {
    values.push_back(lines_.accept("-") ? -1 : defined ? read_defined_value() : read_value());
  } while (lines_.accept(", "));
  return values;
}

int64_t Parser::read_value() {
  lines_.expect("%");
  return lines_.integer("a value's number", 0, most_values_);
}

int64_t Parser::read_defined_value() {
  const std::string_view before = lines_.rest();
  const int64_t value = read_value();
  if (static_cast<size_t>(value) >= defined_.size() || !defined_[static_cast<size_t>(value)]) {
    Lines::fail_at(lines_.number(), "a value from a line above", before);
  }
  return value;
}

// %4, - = max_pool2d.1(%3) {pool_size=[2,2]} float32(N, 4, 4, 8)
void Parser::read_node(std::vector<int64_t> outputs) {
  const std::string_view line = lines_.rest();
  Node node;
  const std::string name(lines_.word("an op"));
  node.op = fastnn_find_op(name.c_str());
  if (node.op == nullptr) Lines::fail_at(lines_.number(), "an op that this fastnn has", line);
  const fastnn_schema& schema = node.op->schema;
  lines_.expect(".");
  const int32_t version =
      static_cast<int32_t>(lines_.integer(concat("a version of ", name).c_str(), 1, schema.version));
  lines_.expect("(");
  if (!lines_.accept(")")) {
    node.inputs = read_values(true);
    lines_.expect(")");
  }
  if (static_cast<int32_t>(outputs.size()) != schema.output_count) {
    Lines::fail_at(lines_.number(), concat(schema.output_count, " results of ", name), concat(outputs.size()));
  }
  read_attributes(node, version);
  if (lines_.accept(" accumulate ")) {
    node.accumulate = static_cast<uint64_t>(lines_.integer("bits", 1, (int64_t{1} << outputs.size()) - 1));
  }
  for (const int64_t output : outputs) {
    if (output < 0) continue;
    define(output, {});
    read_described(output);
  }
  node.outputs = std::move(outputs);
  check_node(node);
  infer_node(graph_, node, context_, shapes_);
  check_node_memory(graph_, node, shapes_);
  node.position = graph_.nodes.size();
  graph_.nodes.push_back(std::move(node));
}

// " float32(N, 3) in %2": where it lies is read here, the rest is compared with what infer says in the end.
void Parser::read_described(int64_t index) {
  const size_t i = static_cast<size_t>(index);
  lines_.expect(" ");
  const std::string_view described = lines_.rest();
  const fastnn_dtype dtype = read_dtype();
  const size_t close = lines_.rest().find(')');
  if (close == std::string_view::npos) lines_.fail("a shape");
  lines_.accept(lines_.rest().substr(0, close + 1));
  Value& value = graph_.values[i];
  value.recorded.dtype = dtype;
  if (lines_.accept(" in ")) {
    value.alias = read_defined_value();
    if (value.alias == index) lines_.fail("another value's memory");
  }
  described_[i] = described.substr(0, described.size() - lines_.rest().size());
  shapes_.values[i] = described_at_batch(value, batch_);
}

// " {pool_size=[2,2], seed=$"seed"}"; those that an older version of the op didn't have get their defaults.
void Parser::read_attributes(Node& node, int32_t version) {
  const fastnn_schema& schema = node.op->schema;
  node.attributes = resolve_attributes(schema, nullptr, nullptr);
  bool first = true;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    const std::string opening = concat(first ? " {" : ", ", attribute.name, "=");
    if (!lines_.accept(opening)) {
      if (version == schema.version || attribute.runtime != 0) lines_.fail(quoted(opening));
      continue;
    }
    first = false;
    if (attribute.runtime == 0) {
      read_slots(attribute, node.attributes.slots + attribute.slot);
      continue;
    }
    node.attributes.slots[attribute.slot] = 0;  // an input, so no part of the graph
    lines_.expect("$");
    const std::string name = lines_.name();
    const auto scalar = std::find_if(graph_.scalars.begin(), graph_.scalars.end(),
                                     [&](const ScalarInput& known) { return known.name == name; });
    if (scalar == graph_.scalars.end()) Lines::fail_at(lines_.number(), "a scalar from a line above", name);
    node.scalars.push_back(scalar - graph_.scalars.begin());
  }
  if (!first) lines_.expect("}");
}

void Parser::read_slots(const fastnn_attribute_schema& attribute, int64_t* slots) {
  switch (attribute.kind) {
    case FASTNN_ATTRIBUTE_FLOAT: {
      const double value = lines_.number<double>("a number");
      std::memcpy(slots, &value, sizeof(value));
      return;
    }
    case FASTNN_ATTRIBUTE_BOOL:
      *slots = lines_.accept("true") ? 1 : 0;
      if (*slots == 0) lines_.expect("false");
      return;
    case FASTNN_ATTRIBUTE_ENUM: {
      const std::string_view before = lines_.rest();
      const std::string_view choice = lines_.word(attribute.name);
      for (*slots = 0; attribute.choices[*slots] != nullptr; ++*slots) {
        if (choice == attribute.choices[*slots]) return;
      }
      Lines::fail_at(lines_.number(), concat("a choice of ", attribute.name), before);
    }
    case FASTNN_ATTRIBUTE_INTS:
    case FASTNN_ATTRIBUTE_LIST: {
      const bool fixed = attribute.kind == FASTNN_ATTRIBUTE_INTS;
      const int64_t most = fixed ? attribute.count : FASTNN_MAX_RANK;
      int64_t* values = fixed ? slots : slots + 1;
      lines_.expect("[");
      int64_t count = 0;
      while (!lines_.accept("]")) {
        if (count > 0) lines_.expect(",");
        if (count == most) lines_.fail(concat("at most ", most, " integers for ", attribute.name));
        values[count++] = lines_.number<int64_t>("an integer");
      }
      if (fixed && count < most) lines_.fail(concat(most, " integers for ", attribute.name));
      if (!fixed) {
        *slots = count;
        std::fill(values + count, values + FASTNN_MAX_RANK, 0);
      }
      return;
    }
    default:
      *slots = lines_.number<int64_t>("an integer");
  }
}

// What an op checks of a call before infer.
void Parser::check_node(const Node& node) {
  const fastnn_schema& schema = node.op->schema;
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  bool variadic = false;
  for (int32_t i = 0; i < schema.input_count; ++i) variadic = variadic || schema.inputs[i].variadic != 0;
  if (!variadic && input_count != schema.input_count) {
    value_error(schema.name, ": expected ", schema.input_count, " inputs, got ", input_count);
  }
  if (variadic && input_count > kMaxListLength) value_error(schema.name, ": got ", input_count, " inputs");
  for (int64_t i = 0; i < input_count; ++i) {
    const fastnn_argument_schema& argument = input_schema(schema, input_count, i);
    if (node.inputs[static_cast<size_t>(i)] < 0 && argument.optional == 0) {
      value_error(schema.name, ": expected ", argument.name, ", got nothing");
    }
  }
  for (int32_t i = 0; i < schema.output_count; ++i) {
    const int64_t value = node.outputs[static_cast<size_t>(i)];
    const fastnn_argument_schema& output = schema.outputs[i];
    if (value < 0 && output.optional == 0) value_error(schema.name, ": expected ", output.name, ", got nothing");
    const int64_t alias = value < 0 ? -1 : graph_.values[static_cast<size_t>(value)].alias;
    if (((node.accumulate >> i) & 1) != 0 && (output.accumulate == 0 || alias < 0)) {
      value_error(schema.name, ": can't accumulate into ", output.name);
    }
    if (schema.is_view != 0 && alias >= 0 && alias != node.inputs[0]) {
      value_error(schema.name, ": expected ", output.name, " in the memory of ", schema.inputs[0].name);
    }
  }
  check_node_writes(graph_, node);
}

// What takes the whole graph to check.
void Parser::check_whole() {
  if (!committed_) graph_.commit_begin = graph_.nodes.size();
  for (size_t i = 0; i < defined_.size(); ++i) {
    if (!defined_[i])
      value_error("graph_parse: expected values with all numbers up to ", defined_.size() - 1, ", got no %", i);
  }
  for (size_t n = graph_.commit_begin; n < graph_.nodes.size(); ++n) {
    if (writes_state(graph_, graph_.nodes[n])) continue;
    value_error("graph_parse: expected ops that write state behind the commit, got ", graph_.nodes[n].op->schema.name);
  }
  const Sizes sizes(graph_);
  for (size_t i = 0; i < graph_.values.size(); ++i) {
    const std::string expected = sizes.text(graph_, static_cast<int64_t>(i));
    if (described_[i] != expected) Lines::fail_at(line_of_value_[i], expected, described_[i]);
  }
}

}  // namespace
}  // namespace fastnn

using namespace fastnn;

extern "C" {

fastnn_status fastnn_graph_parse(const char* text, int64_t length, fastnn_device device, fastnn_graph** graph) {
  return guarded([&] {
    require(text, "graph_parse", "text");
    require(graph, "graph_parse", "the place for a graph");
    if (length < 0) value_error("graph_parse: expected a length of at least 0, got ", length);
    device_interface(device);
    Parser parser(std::string_view(text, static_cast<size_t>(length)), device);
    *graph = std::make_unique<fastnn_graph>(parser.parse()).release();
  });
}

}  // extern "C"
