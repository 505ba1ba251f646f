// c_api.cpp: the C functions about programs.

#include <cstddef>

#include "program/passes.h"
#include "program/program.h"

using namespace fastnn;

namespace {

// Dtype, device and shape of a planned value.
void describe(const fastnn_program& program, int64_t value, fastnn_tensor* described) {
  const size_t size = described->struct_size;
  *described = program.plan.shapes.values[static_cast<size_t>(value)];
  described->struct_size = size;
  described->data = nullptr;
  described->byte_offset = 0;
  described->flags = 0;
  described->identity = 0;
  described->storage = nullptr;
  set_contiguous_strides(*described);
}

// What the first version of the struct had.
constexpr size_t kLeastInfo = offsetof(fastnn_program_info, moved_bytes);

void fill(fastnn_program_info* out, const char* function, const fastnn_graph& graph, const Plan& plan, int64_t batch) {
  fastnn_program_info info{};
  info.batch = batch;
  info.nodes = static_cast<int64_t>(plan.steps.size());
  info.results = static_cast<int64_t>(graph.results.size());
  info.arena_bytes = static_cast<int64_t>(plan.arena_bytes);
  info.value_bytes = static_cast<int64_t>(plan.value_bytes);
  info.moved_bytes = plan.moved_bytes;
  info.unfused_bytes = plan.unfused_bytes;
  info.arguments = static_cast<int64_t>(graph.arguments.size());
  info.flops = planned_flops(plan);
  info.kept_bytes = static_cast<int64_t>(plan.kept_bytes);
  info.eager_bytes = plan.eager_bytes;
  fill_struct(out, info, kLeastInfo, function, "info");
}

}  // namespace

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

fastnn_status fastnn_program_run_batches(fastnn_program* program, const fastnn_batches* batches, int64_t* done) {
  return guarded([&] {
    require(program, "program", "program");
    require_struct(batches, "program", "batches");
    require(done, "program", "the place for the steps done");
    program->run_batches(*batches, done);
  });
}

fastnn_status fastnn_program_argument(const fastnn_program* program, int64_t index, fastnn_tensor* argument) {
  return guarded([&] {
    require(program, "program", "program");
    require_struct(argument, "program", "argument");
    if (index < 0 || index >= static_cast<int64_t>(program->graph.arguments.size())) {
      index_error("program: expected an argument below ", program->graph.arguments.size(), ", got ", index);
    }
    describe(*program, program->graph.arguments[static_cast<size_t>(index)], argument);
  });
}

fastnn_status fastnn_program_result(const fastnn_program* program, int64_t index, fastnn_tensor* result) {
  return guarded([&] {
    require(program, "program", "program");
    require_struct(result, "program", "result");
    if (index < 0 || index >= static_cast<int64_t>(program->graph.results.size())) {
      index_error("program: expected a result below ", program->graph.results.size(), ", got ", index);
    }
    describe(*program, program->graph.results[static_cast<size_t>(index)].value, result);
  });
}

fastnn_status fastnn_program_get_info(const fastnn_program* program, fastnn_program_info* info) {
  return guarded([&] {
    require(program, "program", "program");
    fill(info, "program", program->graph, program->plan, program->batch);
  });
}

fastnn_status fastnn_graph_plan(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                fastnn_program_info* info) {
  return guarded([&] {
    require(graph, "graph_plan", "graph");
    require_struct(context, "graph_plan", "context");
    require(info, "graph_plan", "info");
    if (batch < 0) value_error("graph_plan: expected a batch of at least 0, got ", batch);
    fastnn_graph planned = *graph;  // passes change it
    const Plan plan = make_plan(planned, *context, batch);
    fill(info, "graph_plan", planned, plan, batch);
  });
}

int64_t fastnn_pass_count(void) { return static_cast<int64_t>(passes().size()); }

const char* fastnn_pass_name(int64_t index) {
  return index < 0 || index >= fastnn_pass_count() ? nullptr : passes()[static_cast<size_t>(index)].name;
}

fastnn_status fastnn_graph_planned_text(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                        const char* const* names, int64_t name_count, char* text, int64_t size,
                                        int64_t* length) {
  return guarded([&] {
    constexpr const char* kWhere = "graph_planned_text";
    require(graph, kWhere, "graph");
    require_struct(context, kWhere, "context");
    require(length, kWhere, "the place for the length");
    if (batch < 0) value_error(kWhere, ": expected a batch of at least 0, got ", batch);
    if (name_count < 0) value_error(kWhere, ": expected at least 0 passes, got ", name_count);
    if (name_count > 0) require(names, kWhere, "passes");
    for (int64_t i = 0; i < name_count; ++i) require(names[i], kWhere, "the name of a pass");
    fastnn_context there = *context;
    there.device = graph->device;
    const std::span given(names, static_cast<size_t>(name_count));
    *length = write_text(planned_text(*graph, there, batch, given), kWhere, text, size);
  });
}

int64_t fastnn_program_text(const fastnn_program* program, char* text, int64_t size) {
  const auto make = [&] {
    require(program, "program_text", "program");
    return plan_text(program->graph, program->plan, program->batch);
  };
  return write_guarded(make, "program_text", text, size);
}

int64_t fastnn_program_node_text(const fastnn_program* program, int64_t node, char* text, int64_t size) {
  const auto make = [&] {
    require(program, "program_node_text", "program");
    const Plan& plan = program->plan;
    if (node < 0 || node >= static_cast<int64_t>(plan.steps.size())) {
      index_error("program_node_text: expected a node below ", plan.steps.size(), ", got ", node);
    }
    return planned_step_text(program->graph, plan, program->batch, plan.steps[static_cast<size_t>(node)]);
  };
  return write_guarded(make, "program_node_text", text, size);
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
