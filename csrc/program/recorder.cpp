// recorder.cpp: from ops that run to a graph.
#include "program/recorder.h"

#include <algorithm>
#include <memory>

#include "core/device.h"
#include "program/ordering.h"

namespace fastnn {

int64_t Recorder::find(const fastnn_tensor& tensor) const {
  const auto found = value_of_.find(tensor.identity);
  return found == value_of_.end() ? -1 : found->second;
}

// Memory is bound to state and constants by name. Constants come without names of their own and get numbers.
std::string Recorder::unique_name(const char* name, Value::Kind kind) {
  if (kind == Value::Kind::argument || names_.insert(name).second) return name;
  if (kind == Value::Kind::state) value_error("record: there is state named ", name, " already");
  std::string numbered;
  for (size_t i = names_.size(); !names_.insert(numbered = concat(name, "_", i)).second;) ++i;
  return numbered;
}

void Recorder::add_input(const fastnn_tensor& tensor, const char* name, Value::Kind kind, bool batched) {
  check_fields("record", name, tensor);
  if (tensor.identity == 0) value_error("record: ", name, " has no identity");
  if (find(tensor) >= 0) {
    if (kind == Value::Kind::constant) return;
    value_error("record: ", name, " is already part of the step");
  }
  if (kind == Value::Kind::argument) {
    if (batched && tensor.rank == 0) value_error("record: expected argument ", name, " with a batch axis, got ()");
    if (!is_contiguous(tensor)) value_error("record: expected contiguous argument ", name);
  } else if (tensor.storage == nullptr || is_abstract(tensor)) {
    value_error("record: ", name, " has no storage");
  }
  if (has_device_ && !(tensor.device == graph_.device)) {
    value_error("record: expected ", name, " on ", device_name(graph_.device), ", got it on ",
                device_name(tensor.device));
  }
  graph_.device = tensor.device;
  has_device_ = true;
  Value value;
  value.kind = kind;
  value.name = unique_name(name, kind);
  value.batched = batched;
  value.recorded = tensor;
  if (kind != Value::Kind::argument) value.storage = StorageReference::share(tensor.storage);
  const int64_t index = static_cast<int64_t>(graph_.values.size());
  graph_.values.push_back(std::move(value));
  value_of_[tensor.identity] = index;
  if (kind == Value::Kind::argument) graph_.arguments.push_back(index);
}

void Recorder::add_scalar(fastnn_scalar* scalar, const char* name, int64_t advance) {
  if (scalar_of_.contains(scalar->identity)) value_error("record: scalar ", name, " is already part of the step");
  for (const ScalarInput& other : graph_.scalars) {
    if (other.name == name) value_error("record: there is a scalar named ", name, " already");
  }
  scalar_of_[scalar->identity] = static_cast<int64_t>(graph_.scalars.size());
  graph_.scalars.push_back({name, scalar, advance});
}

void Recorder::add_result(const fastnn_tensor& tensor, const char* name) {
  const int64_t value = find(tensor);
  if (value < 0) value_error("record: result ", name, " was not computed in this step");
  graph_.results.push_back({name, value});
}

void Recorder::advance(const fastnn_scalar& scalar, int64_t amount) {
  const auto found = scalar_of_.find(scalar.identity);
  if (found == scalar_of_.end()) value_error("record: a scalar that the step has not registered is advanced");
  graph_.scalars[static_cast<size_t>(found->second)].advance += amount;
  offset_of_[scalar.identity] += amount;
}

// The registered scalar as nodes read it now.
int64_t Recorder::scalar_input(const fastnn_scalar& scalar) {
  const int64_t registered = scalar_of_.at(scalar.identity);
  const auto moved = offset_of_.find(scalar.identity);
  if (moved == offset_of_.end()) return registered;
  const auto same = [&](const ScalarInput& other) {
    return other.cell->identity == scalar.identity && other.offset == moved->second;
  };
  const auto known = std::find_if(graph_.scalars.begin(), graph_.scalars.end(), same);
  if (known != graph_.scalars.end()) return known - graph_.scalars.begin();
  const ScalarInput& first = graph_.scalars[static_cast<size_t>(registered)];
  graph_.scalars.push_back({concat(first.name, "+", moved->second), first.cell, 0, moved->second});
  return static_cast<int64_t>(graph_.scalars.size()) - 1;
}

void Recorder::check(const fastnn_op& op, const fastnn_call& call) const {
  refused_ = true;
  examine(op, call);
  refused_ = false;
}

void Recorder::examine(const fastnn_op& op, const fastnn_call& call) const {
  const fastnn_schema& schema = op.schema;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const fastnn_tensor* t = call.inputs[i];
    if (t == nullptr || find(*t) >= 0) continue;
    value_error(schema.name, ": ", input_schema(schema, call.input_count, i).name, " ", shape_text(*t),
                " is neither an argument, nor registered state, nor a result of this step; its values would be frozen "
                "into the program. Pass it as an argument, make it with fastnn.arange or the like instead of NumPy, or "
                "admit it with fastnn.constant");
  }
  for (int64_t i = 0; i < call.output_count; ++i) {
    const fastnn_tensor* t = call.outputs[i];
    if (t == nullptr) continue;
    if (t->identity == 0) value_error(schema.name, ": ", schema.outputs[i].name, " has no identity to record");
    if (((call.accumulate >> i) & 1) != 0 && find(*t) < 0) {
      value_error(schema.name, ": accumulates into ", schema.outputs[i].name, ", which this step did not compute");
    }
  }
  int32_t runtime = 0;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    if (schema.attributes[i].runtime == 0) continue;
    const fastnn_scalar* scalar = call.scalars != nullptr ? call.scalars[runtime] : nullptr;
    ++runtime;
    if (scalar == nullptr || !scalar_of_.contains(scalar->identity)) {
      value_error(schema.name, ": ", schema.attributes[i].name,
                  " is an input at run time; pass a Scalar that the step has registered, not a number");
    }
  }
}

void Recorder::record(const fastnn_op& op, const fastnn_call& call, const AttributeBlock& attributes) {
  const fastnn_schema& schema = op.schema;
  Node node;
  node.op = &op;
  node.attributes = attributes;
  node.accumulate = call.accumulate;
  node.position = graph_.nodes.size();
  for (int64_t i = 0; i < call.input_count; ++i) {
    node.inputs.push_back(call.inputs[i] != nullptr ? find(*call.inputs[i]) : -1);
  }
  int32_t runtime = 0;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    if (schema.attributes[i].runtime == 0) continue;
    node.scalars.push_back(scalar_input(*call.scalars[runtime++]));
    node.attributes.slots[schema.attributes[i].slot] = 0;  // an input, so no part of what was recorded
  }
  for (int64_t i = 0; i < call.output_count; ++i) {
    const fastnn_tensor* t = call.outputs[i];
    if (t == nullptr) {
      node.outputs.push_back(-1);
      continue;
    }
    Value value;
    value.recorded = *t;
    value.alias = schema.is_view != 0 && i == 0 && shares_memory(*t, *call.inputs[0]) ? node.inputs[0] : find(*t);
    node.outputs.push_back(static_cast<int64_t>(graph_.values.size()));
    if (value.alias < 0 && t->storage != nullptr && t->storage->lifetimes == nullptr) {
      lifetimes_->begins(node.outputs.back());
      t->storage->lifetimes = lifetimes_;
      t->storage->value = node.outputs.back();
    }
    graph_.values.push_back(std::move(value));
    value_of_[t->identity] = node.outputs.back();
  }
  graph_.nodes.push_back(std::move(node));
  lifetimes_->op_has_run();
}

fastnn_graph Recorder::finish() {
  value_of_.clear();
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    if (graph_.values[v].kind == Value::Kind::result)
      graph_.values[v].end = lifetimes_->end_of(static_cast<int64_t>(v));
  }
  if (in_order_) {
    order_writes(graph_);
    return std::move(graph_);
  }
  const auto first = std::find_if(graph_.nodes.begin(), graph_.nodes.end(),
                                  [&](const Node& node) { return writes_state(graph_, node); });
  for (auto node = first; node != graph_.nodes.end(); ++node) {
    if (!writes_state(graph_, *node)) {
      value_error("record: ", node->op->schema.name, " runs after ", first->op->schema.name,
                  " wrote state; a step writes its state at its end, so that an error leaves it whole");
    }
  }
  graph_.commit_begin = static_cast<size_t>(first - graph_.nodes.begin());
  return std::move(graph_);
}

}  // namespace fastnn

using namespace fastnn;

namespace {

Recorder& recorder_of(fastnn_recorder* recorder) {
  require(recorder, "record", "recorder");
  return static_cast<Recorder&>(*recorder);
}

fastnn_status add_input(fastnn_recorder* recorder, const fastnn_tensor* tensor, const char* name, Value::Kind kind,
                        bool batched) {
  return guarded([&] {
    require(name, "record", "name");
    require(tensor, "record", name);
    recorder_of(recorder).add_input(*tensor, name, kind, batched);
  });
}

}  // namespace

extern "C" {

fastnn_status fastnn_recorder_create(fastnn_recorder** recorder) {
  return guarded([&] {
    require(recorder, "recorder_create", "recorder");
    *recorder = std::make_unique<Recorder>().release();
  });
}

void fastnn_recorder_destroy(fastnn_recorder* recorder) { std::unique_ptr<fastnn_recorder>{recorder}; }

fastnn_status fastnn_recorder_argument(fastnn_recorder* recorder, const fastnn_tensor* tensor, const char* name,
                                       int32_t batched) {
  return add_input(recorder, tensor, name, Value::Kind::argument, batched != 0);
}

fastnn_status fastnn_recorder_state(fastnn_recorder* recorder, const fastnn_tensor* tensor, const char* name) {
  return add_input(recorder, tensor, name, Value::Kind::state, false);
}

fastnn_status fastnn_recorder_constant(fastnn_recorder* recorder, const fastnn_tensor* tensor, const char* name) {
  return add_input(recorder, tensor, name, Value::Kind::constant, false);
}

fastnn_status fastnn_recorder_scalar(fastnn_recorder* recorder, fastnn_scalar* scalar, const char* name,
                                     int64_t advance) {
  return guarded([&] {
    require(name, "record", "name");
    require_struct(scalar, "record", name);
    recorder_of(recorder).add_scalar(scalar, name, advance);
  });
}

fastnn_status fastnn_recorder_result(fastnn_recorder* recorder, const fastnn_tensor* tensor, const char* name) {
  return guarded([&] {
    require(name, "record", "name");
    require(tensor, "record", name);
    recorder_of(recorder).add_result(*tensor, name);
  });
}

fastnn_status fastnn_recorder_in_order(fastnn_recorder* recorder) {
  return guarded([&] { recorder_of(recorder).write_in_order(); });
}

fastnn_status fastnn_recorder_advance(fastnn_recorder* recorder, const fastnn_scalar* scalar, int64_t amount) {
  return guarded([&] {
    require_struct(scalar, "record", "scalar");
    recorder_of(recorder).advance(*scalar, amount);
  });
}

int32_t fastnn_recorder_refused(const fastnn_recorder* recorder) {
  return recorder != nullptr && static_cast<const Recorder*>(recorder)->refused() ? 1 : 0;
}

int64_t fastnn_recorder_node_count(const fastnn_recorder* recorder) {
  return recorder == nullptr ? 0 : static_cast<const Recorder*>(recorder)->node_count();
}

fastnn_status fastnn_recorder_finish(fastnn_recorder* recorder, fastnn_graph** graph) {
  return guarded([&] {
    require(graph, "recorder_finish", "graph");
    *graph = std::make_unique<fastnn_graph>(recorder_of(recorder).finish()).release();
  });
}

}  // extern "C"
