// program.cpp: replay. A program is immutable; what a run writes lives in an execution: one arena, and the calls with
// their pointers set. Executions are pooled, so a run allocates nothing and several threads may run at once.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "core/device.h"
#include "program/plan.h"

namespace fastnn {
namespace {

constexpr size_t kPooledExecutions = 16;

struct Execution {
  StorageReference arena;
  std::vector<fastnn_tensor> values;
  std::vector<AttributeBlock> attributes;    // per node
  std::vector<const fastnn_tensor*> inputs;  // of all calls, one after the other
  std::vector<fastnn_tensor*> outputs;
  std::vector<fastnn_call> calls;  // per node
  std::vector<fastnn_call> result_copies;
  std::vector<fastnn_tensor> copy_targets;  // per copied result
  std::vector<const fastnn_tensor*> copy_inputs;
  std::vector<fastnn_tensor*> copy_outputs;
};

// Memory that a program shares with its owner, and the value it belongs to.
struct Kept {
  ByteRange range;
  size_t value = 0;
};

// Idle executions. Slots are taken and filled by one atomic exchange: no lock that a fork could leave locked.
class ExecutionPool {
 public:
  ExecutionPool() = default;
  ExecutionPool(const ExecutionPool&) = delete;
  ExecutionPool& operator=(const ExecutionPool&) = delete;
  ~ExecutionPool() {
    while (take() != nullptr) {
    }
  }

  // NULL when none is idle.
  std::unique_ptr<Execution> take() {
    for (std::atomic<Execution*>& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      std::unique_ptr<Execution> taken(slot.exchange(nullptr, std::memory_order_acquire));
      if (taken != nullptr) return taken;
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Execution> execution) {
    for (std::atomic<Execution*>& slot : slots_) {
      Execution* empty = nullptr;
      if (slot.compare_exchange_strong(empty, execution.get(), std::memory_order_release, std::memory_order_relaxed)) {
        static_cast<void>(execution.release());
        return;
      }
    }
  }

 private:
  std::array<std::atomic<Execution*>, kPooledExecutions> slots_{};
};

}  // namespace
}  // namespace fastnn

using namespace fastnn;

struct fastnn_program {
  fastnn_program(const fastnn_graph& recorded, const fastnn_context& given, int64_t batch_size);
  void run(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
           int64_t result_count);

  fastnn_graph graph;
  fastnn_context context;
  int64_t batch;
  Plan plan;

 private:
  std::unique_ptr<Execution> make_execution() const;
  void check_arguments(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                       int64_t result_count) const;
  void check_results_apart(const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;
  void bind(Execution& execution, const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;
  void read_scalars(Execution& execution) const;
  void run_node(const Execution& execution, size_t node) const;
  void commit_scalars() const;
  void bump_versions() const;

  std::vector<const fastnn_implementation*>
      implementations_;  // per node; NULL: a view or a dead result, nothing to run
  const fastnn_op* copy_;
  std::vector<int64_t> root_of_;          // per value
  std::vector<int64_t> argument_of_;      // per root value: which argument it is, or -1
  std::vector<int64_t> bound_;            // values whose memory is the caller's
  std::vector<size_t> scalar_nodes_;      // nodes that read scalars
  std::vector<fastnn_storage*> written_;  // storages of written state
  std::vector<Kept> kept_;                // state and constants
  ExecutionPool idle_;
};

fastnn_program::fastnn_program(const fastnn_graph& recorded, const fastnn_context& given, int64_t batch_size)
    : graph(recorded), context(given), batch(batch_size), copy_(&find_op("copy")) {
  context.recorder = nullptr;
  if (!(context.device == graph.device) && !graph.values.empty()) {
    value_error("program: recorded on ", device_name(graph.device), ", not on ", device_name(context.device));
  }
  if (batch < 0) value_error("program: expected a batch of at least 0, got ", batch);
  plan = make_plan(graph, context, batch);
  const size_t value_count = graph.values.size();
  argument_of_.assign(value_count, -1);
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    argument_of_[static_cast<size_t>(graph.arguments[i])] = static_cast<int64_t>(i);
  }
  for (size_t v = 0; v < value_count; ++v) {
    root_of_.push_back(root(graph, static_cast<int64_t>(v)));
    const size_t owner = static_cast<size_t>(root_of_.back());
    const Value& value = graph.values[v];
    if (value.kind == Value::Kind::state || value.kind == Value::Kind::constant) {
      kept_.push_back({byte_range(value.recorded), v});
    }
    if (argument_of_[owner] >= 0 || plan.result_of_value[owner] >= 0) bound_.push_back(static_cast<int64_t>(v));
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const bool view = node.op->schema.is_view != 0 && graph.values[static_cast<size_t>(node.outputs[0])].alias >= 0;
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
  std::sort(written_.begin(), written_.end());
  written_.erase(std::unique(written_.begin(), written_.end()), written_.end());
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
  return execution;
}

void fastnn_program::check_arguments(const fastnn_tensor* const* arguments, int64_t argument_count,
                                     fastnn_tensor* const* results, int64_t result_count) const {
  const auto check = [&](const char* what, const std::string& name, const fastnn_tensor* given,
                         const fastnn_tensor& planned) {
    require(given, "program", name.c_str());
    const fastnn_tensor& got = *given;
    check_fields("program", name.c_str(), got);
    if (!(got.dtype == planned.dtype)) {
      type_error("program: expected ", what, " ", name, " of ", dtype_name(planned.dtype), ", got ",
                 dtype_name(got.dtype));
    }
    if (!same_shape(got, planned)) {
      value_error("program: expected ", what, " ", name, " ", shape_text(planned), ", got ", shape_text(got));
    }
    if (!(got.device == context.device)) {
      value_error("program: expected ", what, " ", name, " on ", device_name(context.device), ", got it on ",
                  device_name(got.device));
    }
    if (!is_contiguous(got)) {
      value_error("program: expected contiguous ", what, " ", name, ", got strides ",
                  shape_text(got.rank, got.strides));
    }
    if (got.data == nullptr && element_count(got) > 0) value_error("program: ", what, " ", name, " has no data");
  };
  if (argument_count != static_cast<int64_t>(graph.arguments.size())) {
    value_error("program: expected ", graph.arguments.size(), " arguments, got ", argument_count);
  }
  if (result_count != static_cast<int64_t>(graph.results.size())) {
    value_error("program: expected ", graph.results.size(), " results, got ", result_count);
  }
  if (argument_count > 0) require(arguments, "program", "arguments");
  if (result_count > 0) require(results, "program", "results");
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const size_t value = static_cast<size_t>(graph.arguments[i]);
    check("argument", graph.values[value].name, arguments[i], plan.shapes.values[value]);
  }
  for (size_t i = 0; i < graph.results.size(); ++i) {
    const fastnn_tensor& planned = plan.shapes.values[static_cast<size_t>(graph.results[i].value)];
    check("result", graph.results[i].name, results[i], planned);
    if ((results[i]->flags & FASTNN_READ_ONLY) != 0) {
      value_error("program: result ", graph.results[i].name, " is read-only");
    }
  }
  check_results_apart(arguments, results);
}

// A replay writes results while it still reads all that it was given.
void fastnn_program::check_results_apart(const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const {
  for (size_t i = 0; i < graph.results.size(); ++i) {
    const ByteRange range = byte_range(*results[i]);
    const auto check = [&](ByteRange other, const char* what, const std::string& name) {
      if (!overlap(range, other)) return;
      value_error("program: result ", graph.results[i].name, " shares memory with ", what, " ", name,
                  "; give it memory of its own");
    };
    for (size_t a = 0; a < graph.arguments.size(); ++a) {
      check(byte_range(*arguments[a]), "argument", graph.values[static_cast<size_t>(graph.arguments[a])].name);
    }
    for (const Kept& kept : kept_) check(kept.range, "state", graph.values[kept.value].name);
    for (size_t r = 0; r < i; ++r) check(byte_range(*results[r]), "result", graph.results[r].name);
  }
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
      e.attributes[n].slots[attribute.slot] = scalar.cell->value.integer;
    }
    // a value that makes no sense is refused before anything is written
    size_t workspace_size = 0;
    const fastnn_status status = implementations_[n]->infer(&e.calls[n], &workspace_size);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  }
}

void fastnn_program::run_node(const Execution& e, size_t node) const {
  if (implementations_[node] == nullptr) return;
  const fastnn_status status = implementations_[node]->run(&e.calls[node]);
  if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
}

void fastnn_program::commit_scalars() const {
  for (const ScalarInput& scalar : graph.scalars) {
    if (scalar.advance != 0) scalar.cell->value.integer += scalar.advance;
  }
}

void fastnn_program::bump_versions() const {
  for (fastnn_storage* storage : written_) fastnn_storage_bump_version(storage);
}

void fastnn_program::run(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                         int64_t result_count) {
  check_arguments(arguments, argument_count, results, result_count);
  std::unique_ptr<Execution> execution = idle_.take();
  if (execution == nullptr) execution = make_execution();
  const auto body = [&] {
    Execution& e = *execution;
    bind(e, arguments, results);
    read_scalars(e);
    for (size_t n = 0; n < graph.commit_begin; ++n) run_node(e, n);
    const fastnn_implementation& copy = implementation(*copy_, context.device.type);
    for (const fastnn_call& call : e.result_copies) {
      const fastnn_status status = copy.run(&call);
      if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
    }
    for (size_t n = graph.commit_begin; n < graph.nodes.size(); ++n) run_node(e, n);
    bump_versions();
    commit_scalars();
  };
  try {
    body();
  } catch (...) {
    idle_.give_back(std::move(execution));
    throw;
  }
  idle_.give_back(std::move(execution));
}

extern "C" {

fastnn_status fastnn_program_create(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                    fastnn_program** program) {
  return guarded([&] {
    require(graph, "program", "graph");
    require_struct(context, "program", "context");
    require(program, "program", "the place for a program");
    *program = std::make_unique<fastnn_program>(*graph, *context, batch).release();
  });
}

void fastnn_program_destroy(fastnn_program* program) { std::unique_ptr<fastnn_program>{program}; }

fastnn_status fastnn_program_run(fastnn_program* program, const fastnn_tensor* const* arguments, int64_t argument_count,
                                 fastnn_tensor* const* results, int64_t result_count) {
  return guarded([&] {
    require(program, "program", "program");
    program->run(arguments, argument_count, results, result_count);
  });
}

fastnn_status fastnn_program_result(const fastnn_program* program, int64_t index, fastnn_tensor* result) {
  return guarded([&] {
    require(program, "program", "program");
    require(result, "program", "result");
    if (index < 0 || index >= static_cast<int64_t>(program->graph.results.size())) {
      index_error("program: expected a result below ", program->graph.results.size(), ", got ", index);
    }
    const int64_t value = program->graph.results[static_cast<size_t>(index)].value;
    *result = program->plan.shapes.values[static_cast<size_t>(value)];
    result->data = nullptr;
    result->byte_offset = 0;
    result->flags = 0;
    result->identity = 0;
    result->storage = nullptr;
    set_contiguous_strides(*result);
  });
}

fastnn_status fastnn_program_get_info(const fastnn_program* program, fastnn_program_info* info) {
  return guarded([&] {
    require(program, "program", "program");
    require_struct(info, "program", "info");
    *info = {info->struct_size,
             program->batch,
             std::count(program->plan.live.begin(), program->plan.live.end(), true),
             static_cast<int64_t>(program->graph.results.size()),
             static_cast<int64_t>(program->plan.arena_bytes),
             static_cast<int64_t>(program->plan.value_bytes)};
  });
}

int64_t fastnn_program_text(const fastnn_program* program, char* text, int64_t size) {
  int64_t length = -1;
  guarded([&] {
    require(program, "program_text", "program");
    length = write_text(plan_text(program->graph, program->plan, program->batch), "program_text", text, size);
  });
  return length;
}

fastnn_status fastnn_commit(const fastnn_op* const* ops, const fastnn_call* const* calls, int64_t count,
                            fastnn_scalar* const* scalars, const int64_t* advances, int64_t scalar_count) {
  return guarded([&] {
    if (count < 0 || scalar_count < 0) {
      value_error("commit: expected counts of at least 0, got ", count, " and ", scalar_count);
    }
    if (count > 0) {
      require(ops, "commit", "ops");
      require(calls, "commit", "calls");
    }
    if (scalar_count > 0) {
      require(scalars, "commit", "scalars");
      require(advances, "commit", "advances");
    }
    for (int64_t i = 0; i < scalar_count; ++i) require(scalars[i], "commit", "scalar");
    for (int64_t i = 0; i < count; ++i) {
      require(ops[i], "commit", "op");
      require_struct(calls[i], ops[i]->schema.name, "call");
    }
    apply_all(ops, calls, count);
    for (int64_t i = 0; i < scalar_count; ++i) scalars[i]->value.integer += advances[i];
  });
}

}  // extern "C"
