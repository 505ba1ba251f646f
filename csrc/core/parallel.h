// parallel.h: how ops spread work. The number of chunks and what each does must depend on shapes only, never on the
// number of threads: that is what keeps the bits the same. Nothing here allocates.
#pragma once

#include <cstdint>
#include <type_traits>

#include "fastnn/fastnn.h"

namespace fastnn {

// Work below this many nanoseconds (estimated on one core) stays on the calling thread: waking a helper costs more.
constexpr double kSerialNanoseconds = 20'000;

void parallel_for_erased(const fastnn_context& context, int64_t chunks, void (*body)(void*, int64_t), void* argument);

// Calls body(chunk) for every chunk in [0, chunks); body must not throw. nanoseconds estimates the whole work on one
// core: count about 100 flops and 10 bytes a nanosecond.
template <typename Body>
void parallel_for(const fastnn_context& context, int64_t chunks, double nanoseconds, Body&& body) {
  if (chunks <= 1 || nanoseconds < kSerialNanoseconds) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  using Function = std::remove_reference_t<Body>;
  parallel_for_erased(
      context, chunks, [](void* argument, int64_t chunk) { (*static_cast<Function*>(argument))(chunk); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// The same context for work that is itself one thread's: its ops run their chunks one after the other.
fastnn_context serial(fastnn_context context);

struct Range {
  int64_t begin, end;
};

// Chunk `index` of `size` items cut into equal pieces of `grain` items; the last may be shorter.
inline Range chunk_range(int64_t index, int64_t size, int64_t grain) {
  const int64_t begin = index * grain;
  return {begin, begin + grain < size ? begin + grain : size};
}

}  // namespace fastnn
