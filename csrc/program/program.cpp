// program.cpp: a program is made, and replayed.
#include "program/program.h"

#include <algorithm>
#include <chrono>

#include "core/device.h"
#include "program/blocks.h"
#include "program/check.h"
#include "program/rows.h"

using namespace fastnn;

namespace {

constexpr int64_t kStagingAlignment = 64;

}  // namespace

int64_t fastnn::now_nanoseconds() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

fastnn_program::fastnn_program(const fastnn_graph& recorded, const fastnn_context& given, int64_t batch_size)
    : graph(recorded), context(given), batch(batch_size), copy_(&find_op("copy")) {
  context.recorder = nullptr;
  if (!(context.device == graph.device) && !graph.values.empty()) {
    value_error("program: recorded on ", device_name(graph.device), ", not on ", device_name(context.device));
  }
  if (batch < 0) value_error("program: expected a batch of at least 0, got ", batch);
  check_bound(graph);
  plan = make_plan(graph, context, batch);
  const size_t value_count = graph.values.size();
  argument_of_.assign(value_count, -1);
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const size_t value = static_cast<size_t>(graph.arguments[i]);
    argument_of_[value] = static_cast<int64_t>(i);
    staged_offsets_.push_back(staged_bytes_);
    const fastnn_tensor& t = plan.shapes.values[value];
    const int64_t bytes = checked_multiply(element_count(t), item_size(t.dtype));
    staged_bytes_ += static_cast<size_t>(round_up(bytes, kStagingAlignment));
  }
  for (size_t v = 0; v < value_count; ++v) {
    root_of_.push_back(root(graph, static_cast<int64_t>(v)));
    const size_t owner = static_cast<size_t>(root_of_.back());
    const Value& value = graph.values[v];
    if (value.kind == Value::Kind::state || value.kind == Value::Kind::constant) {
      kept_.push_back({byte_range(value.recorded), v, false});
    }
    if (argument_of_[owner] >= 0 || plan.result_of_value[owner] >= 0) bound_.push_back(static_cast<int64_t>(v));
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const bool view = is_free_view(graph, node);
    implementations_.push_back(view || !plan.live[n] ? nullptr : &implementation(*node.op, context.device.type));
    if (plan.live[n] && !node.scalars.empty()) scalar_nodes_.push_back(n);
    const int64_t input_count = static_cast<int64_t>(node.inputs.size());
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t value = node.inputs[static_cast<size_t>(i)];
      if (value < 0 || input_schema(node.op->schema, input_count, i).role != FASTNN_UPDATE) continue;
      const Value& owner = graph.values[static_cast<size_t>(root_of_[static_cast<size_t>(value)])];
      if (owner.kind == Value::Kind::state) written_.push_back(owner.storage.get());
    }
    for (const int64_t value : node.outputs) {
      if (value < 0 || view) continue;
      const Value& owner = graph.values[static_cast<size_t>(root_of_[static_cast<size_t>(value)])];
      if (owner.kind == Value::Kind::state) written_.push_back(owner.storage.get());
    }
  }
  for (const Undo& undo : graph.undos) {
    const auto makes_copy = [&](size_t n) {
      const std::vector<int64_t>& outputs = graph.nodes[n].outputs;
      return std::find(outputs.begin(), outputs.end(), undo.copy) != outputs.end();
    };
    const auto step = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const PlannedStep& planned) {
      return std::any_of(planned.nodes.begin(), planned.nodes.end(), makes_copy);
    });
    copied_at_.push_back(static_cast<size_t>(step - plan.steps.begin()));
  }
  for (const Preparation& preparation : plan.preparations) {
    kept_weights_.push_back(preparation.kept ? kept_weights(graph, preparation) : nullptr);
  }
  std::sort(written_.begin(), written_.end());
  written_.erase(std::unique(written_.begin(), written_.end()), written_.end());
  for (Kept& kept : kept_) {
    kept.written = std::binary_search(written_.begin(), written_.end(), graph.values[kept.value].storage.get());
  }
  idle_.give_back(make_execution());
}

std::unique_ptr<Execution> fastnn_program::make_execution() const {
  auto execution = std::make_unique<Execution>();
  Execution& e = *execution;
  e.arena = new_storage(context.device, plan.arena_bytes);
  char* arena = static_cast<char*>(e.arena.get()->data);
  e.values = plan.shapes.values;
  for (size_t v = 0; v < e.values.size(); ++v) {
    fastnn_tensor& t = e.values[v];
    t.storage = nullptr;
    t.identity = 0;
    const size_t owner = static_cast<size_t>(root_of_[v]);
    const Value& source = graph.values[owner];
    if (source.kind == Value::Kind::state || source.kind == Value::Kind::constant) {
      t.data = source.recorded.data;
    } else if (plan.block_of_value[owner] >= 0) {
      t.data = arena + plan.blocks[static_cast<size_t>(plan.block_of_value[owner])].offset;
    }
  }
  size_t input_count = 0;
  size_t output_count = 0;
  for (const Node& node : graph.nodes) {
    input_count += node.inputs.size();
    output_count += node.outputs.size();
  }
  // pointers into these are kept: no growth after this
  e.inputs.reserve(input_count);
  e.outputs.reserve(output_count);
  e.attributes.reserve(graph.nodes.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    e.attributes.push_back(node.attributes);
    fastnn_call call{};
    call.struct_size = sizeof(fastnn_call);
    call.context = &context;
    call.inputs = e.inputs.data() + e.inputs.size();
    call.outputs = e.outputs.data() + e.outputs.size();
    call.input_count = static_cast<int64_t>(node.inputs.size());
    call.output_count = static_cast<int64_t>(node.outputs.size());
    call.attributes = &e.attributes.back();
    call.accumulate = node.accumulate;
    for (const int64_t value : node.inputs) {
      e.inputs.push_back(value < 0 ? nullptr : &e.values[static_cast<size_t>(value)]);
    }
    for (const int64_t value : node.outputs) {
      e.outputs.push_back(value < 0 ? nullptr : &e.values[static_cast<size_t>(value)]);
    }
    if (plan.block_of_workspace[n] >= 0) {
      call.workspace = arena + plan.blocks[static_cast<size_t>(plan.block_of_workspace[n])].offset;
      call.workspace_size = plan.shapes.workspaces[n];
    }
    if (implementations_[n] != nullptr) call.user_data = implementations_[n]->user_data;
    e.calls.push_back(call);
  }
  e.held.assign(plan.preparations.size(), 0);
  const size_t copies = plan.copied_results.size();
  e.copy_targets.resize(copies);
  e.copy_inputs.resize(copies);
  e.copy_outputs.resize(copies);
  for (size_t i = 0; i < copies; ++i) {
    const size_t result = static_cast<size_t>(plan.copied_results[i]);
    e.copy_inputs[i] = &e.values[static_cast<size_t>(graph.results[result].value)];
    e.copy_outputs[i] = &e.copy_targets[i];
    fastnn_call call{};
    call.struct_size = sizeof(fastnn_call);
    call.context = &context;
    call.inputs = &e.copy_inputs[i];
    call.outputs = &e.copy_outputs[i];
    call.input_count = call.output_count = 1;
    call.user_data = implementation(*copy_, context.device.type).user_data;
    e.result_copies.push_back(call);
  }
  e.fed.resize(graph.arguments.size());
  for (const fastnn_tensor& t : e.fed) e.fed_arguments.push_back(&t);
  e.fed_results.resize(graph.results.size());
  for (fastnn_tensor& t : e.fed_results) e.fed_results_list.push_back(&t);
  return execution;
}

void fastnn_program::bind(Execution& e, const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const {
  for (const int64_t value : bound_) {
    const size_t owner = static_cast<size_t>(root_of_[static_cast<size_t>(value)]);
    const fastnn_tensor& given =
        argument_of_[owner] >= 0 ? *arguments[argument_of_[owner]] : *results[plan.result_of_value[owner]];
    e.values[static_cast<size_t>(value)].data = data<char>(given);
  }
  for (size_t i = 0; i < plan.copied_results.size(); ++i) e.copy_targets[i] = *results[plan.copied_results[i]];
}

void fastnn_program::read_scalars(Execution& e) const {
  for (const size_t n : scalar_nodes_) {
    const Node& node = graph.nodes[n];
    size_t runtime = 0;
    for (int32_t i = 0; i < node.op->schema.attribute_count; ++i) {
      const fastnn_attribute_schema& attribute = node.op->schema.attributes[i];
      if (attribute.runtime == 0) continue;
      const ScalarInput& scalar = graph.scalars[static_cast<size_t>(node.scalars[runtime++])];
      e.attributes[n].slots[attribute.slot] = scalar.cell->value.integer + scalar.offset;
    }
    // a value that makes no sense is refused before anything is written
    size_t workspace_size = 0;
    const fastnn_status status = implementations_[n]->infer(&e.calls[n], &workspace_size);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  }
}

void fastnn_program::hold_weights(Execution& e) const {
  if (plan.kept_bytes == 0) return;
  const char* level = nullptr;
  fastnn_active_level(&level);
  for (size_t i = 0; i < kept_weights_.size(); ++i) {
    if (kept_weights_[i] == nullptr) continue;
    const Preparation& preparation = plan.preparations[i];
    const size_t n = preparation.nodes.front();
    const bool lasting = preparation.what.lasting != 0;
    const void* const prepared = kept_weights_[i]->hold(*implementations_[n], e.calls[n], level, lasting);
    e.held[i] = prepared != nullptr;
    for (const size_t user : preparation.nodes) e.calls[user].prepared = prepared;
  }
}

void fastnn_program::let_weights_go(Execution& e) const {
  for (size_t i = 0; i < kept_weights_.size(); ++i) {
    if (std::exchange(e.held[i], uint8_t{0}) != 0) kept_weights_[i]->let_go();
    for (const size_t user : plan.preparations[i].nodes) e.calls[user].prepared = nullptr;
  }
}

void fastnn_program::run_step(Execution& e, const PlannedStep& step) const {
  for (const size_t i : step.makes) {
    if (e.held[i] != 0) continue;
    const Preparation& preparation = plan.preparations[i];
    const size_t n = preparation.nodes.front();
    const size_t offset = plan.blocks[static_cast<size_t>(preparation.block)].offset;
    char* const memory = static_cast<char*>(e.arena.get()->data) + offset;
    const fastnn_status status = implementations_[n]->prepare(&e.calls[n], memory);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
    for (const size_t user : preparation.nodes) e.calls[user].prepared = memory;
  }
  if (step.blocks != nullptr) {
    run_blocks(*step.blocks, context, e.calls.data(), implementations_.data());
    return;
  }
  if (step.rows != nullptr) {
    const size_t offset = plan.blocks[static_cast<size_t>(step.scratch)].offset;
    run_row_blocks(*step.rows, context, static_cast<char*>(e.arena.get()->data) + offset, e.calls.data(),
                   implementations_.data());
    return;
  }
  const size_t node = step.nodes.front();
  const fastnn_status status = implementations_[node]->run(&e.calls[node]);
  if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
}

void fastnn_program::run_steps(Execution& e, size_t& i, size_t end, int64_t* times) const {
  if (times == nullptr) {
    for (; i < end; ++i) run_step(e, plan.steps[i]);
    return;
  }
  int64_t before = now_nanoseconds();
  for (; i < end; ++i) {
    run_step(e, plan.steps[i]);
    const int64_t after = now_nanoseconds();
    times[i] += after - std::exchange(before, after);
  }
}

void fastnn_program::run_until_commit(Execution& e, int64_t* times) const {
  size_t i = 0;
  try {
    run_steps(e, i, plan.commit_step, times);
  } catch (...) {
    put_back(e, i);
    throw;
  }
}

// Undoes what the steps before one that failed wrote into state. Versions rise all the same: another thread may have
// prepared weights of what was written.
void fastnn_program::put_back(const Execution& e, size_t failed) const {
  const fastnn_implementation& assign = implementation(find_op("assign_update"), context.device.type);
  for (size_t i = 0; i < graph.undos.size(); ++i) {
    if (copied_at_[i] >= failed) continue;
    const fastnn_tensor* inputs[] = {&e.values[static_cast<size_t>(graph.undos[i].state)],
                                     &e.values[static_cast<size_t>(graph.undos[i].copy)]};
    fastnn_call call{};
    call.struct_size = sizeof(fastnn_call);
    call.context = &context;
    call.inputs = inputs;
    call.input_count = 2;
    call.user_data = assign.user_data;
    assign.run(&call);  // from memory that is there to memory that is there: it can't fail
    const size_t owner = static_cast<size_t>(root_of_[static_cast<size_t>(graph.undos[i].state)]);
    fastnn_storage_bump_version(graph.values[owner].storage.get());
  }
}

void fastnn_program::commit_scalars() const {
  for (const ScalarInput& scalar : graph.scalars) {
    if (scalar.advance != 0) scalar.cell->value.integer += scalar.advance;
  }
}

void fastnn_program::bump_versions() const {
  for (fastnn_storage* storage : written_) fastnn_storage_bump_version(storage);
}

void fastnn_program::replay(Execution& e, const fastnn_tensor* const* arguments, fastnn_tensor* const* results,
                            int64_t* times) const {
  bind(e, arguments, results);
  read_scalars(e);
  hold_weights(e);
  struct Release {
    const fastnn_program& program;
    Execution& execution;
    ~Release() { program.let_weights_go(execution); }
  } const release{*this, e};
  run_until_commit(e, times);
  const fastnn_implementation& copy = implementation(*copy_, context.device.type);
  for (const fastnn_call& call : e.result_copies) {
    const fastnn_status status = copy.run(&call);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  }
  size_t i = plan.commit_step;
  run_steps(e, i, plan.steps.size(), times);
  bump_versions();
  commit_scalars();
}

Lease fastnn_program::lease() {
  std::unique_ptr<Execution> idle = idle_.take();
  return Lease(idle_, idle != nullptr ? std::move(idle) : make_execution());
}

void fastnn_program::run(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                         int64_t result_count) {
  check_arguments(arguments, argument_count, results, result_count);
  const Lease execution = lease();
  replay(*execution, arguments, results, nullptr);
}
