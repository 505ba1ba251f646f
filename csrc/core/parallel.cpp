// parallel.cpp: the way from an op to the threads (the context's executor, or the pool), and the C functions about
// threads and machine.
#include "core/parallel.h"

#include <algorithm>
#include <cstring>

#include "core/errors.h"
#include "core/machine.h"
#include "core/pool.h"

namespace fastnn {

void parallel_for_erased(const fastnn_context& context, int64_t chunks, void (*body)(void*, int64_t), void* argument) {
  if (context.parallel_for != nullptr) {
    context.parallel_for(context.executor, chunks, body, argument);
  } else {
    pool_run(chunks, body, argument);
  }
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
    if (info == nullptr || info->struct_size < sizeof(size_t)) {
      fastnn::value_error("fastnn_get_machine_info: expected info with struct_size set");
    }
    fastnn_machine_info found = fastnn::machine_info();
    found.struct_size = std::min(info->struct_size, sizeof found);
    std::memcpy(info, &found, found.struct_size);
  });
}
