// c_api.cpp: the C functions about programs.

#include "program/program.h"

using namespace fastnn;

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
             static_cast<int64_t>(program->plan.steps.size()),
             static_cast<int64_t>(program->graph.results.size()),
             static_cast<int64_t>(program->plan.arena_bytes),
             static_cast<int64_t>(program->plan.value_bytes),
             program->plan.moved_bytes,
             program->plan.unfused_bytes};
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
