// parallel.cpp: the way from an op to the threads (the context's executor, or the pool), and the C functions about
// threads and machine.
#include "core/parallel.h"

#include "core/errors.h"
#include "core/machine.h"
#include "core/pool.h"

namespace fastnn {
namespace {

void run_in_turn(void*, int64_t chunks, void (*body)(void*, int64_t), void* argument) {
  for (int64_t chunk = 0; chunk < chunks; ++chunk) body(argument, chunk);
}

}  // namespace

void parallel_for_erased(const fastnn_context& context, int64_t chunks, void (*body)(void*, int64_t), void* argument) {
  if (context.parallel_for != nullptr) {
    context.parallel_for(context.executor, chunks, body, argument);
  } else {
    pool_run(chunks, body, argument);
  }
}

fastnn_context serial(fastnn_context context) {
  context.parallel_for = run_in_turn;
  context.executor = nullptr;
  return context;
}

}  // namespace fastnn

extern "C" fastnn_status fastnn_set_num_threads(int64_t count) {
  return fastnn::guarded([count] { fastnn::set_num_threads(count); });
}

extern "C" int64_t fastnn_get_num_threads(void) {
  int64_t threads = -1;
  fastnn::guarded([&threads] { threads = fastnn::get_num_threads(); });
  return threads;
}

extern "C" fastnn_status fastnn_get_machine_info(fastnn_machine_info* info) {
  return fastnn::guarded([info] {
    fastnn::require_struct(info, "get_machine_info", "info");
    *info = fastnn::machine_info();
  });
}
