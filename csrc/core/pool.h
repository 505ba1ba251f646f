// pool.h: the process's thread pool. Chunks are tickets claimed by an atomic counter, so a late worker is never waited
// for; workers spin a tenth of a millisecond by the clock, then sleep; a fork leaves the child with an empty pool that grows
// again; nothing is torn down by static destructors. A second thread that asks while the pool is busy does its own work.
#pragma once

#include <cstdint>

namespace fastnn {

// Runs body(argument, chunk) for every chunk; the caller works too.
void pool_run(int64_t chunks, void (*body)(void*, int64_t), void* argument);

// 0 asks for the default. Throws Error for a negative count.
void set_num_threads(int64_t count);
int64_t get_num_threads();

}  // namespace fastnn
