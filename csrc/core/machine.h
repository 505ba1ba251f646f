// machine.h: what the process may use of the machine: instruction sets (CPUID and XGETBV), CPUs (affinity mask and
// cgroup quota, v1 and v2), memory.
#pragma once

#include <cstdint>
#include <string>

#include "fastnn/fastnn.h"

namespace fastnn {

// Bits of what a level needs. A bit is set only when the CPU has the feature and the operating system saves its state.
enum CpuFeature : uint64_t {
  kSse42 = 1u << 0,  // with SSSE3, SSE4.1, POPCNT, CMPXCHG16B: x86-64-v2
  kAvx2 = 1u << 1,   // with AVX
  kFma = 1u << 2,
  kF16c = 1u << 3,
  kBmi2 = 1u << 4,    // with BMI1, LZCNT, MOVBE: x86-64-v3
  kAvx512 = 1u << 5,  // F, BW, CD, DQ, VL: x86-64-v4
  kAmx = 1u << 6,     // TILE, BF16
};
uint64_t cpu_features();
// "AVX-512 (F, BW, CD, DQ, VL)"-like names of the bits, for messages.
std::string feature_names(uint64_t features);
// Asks the operating system for the tile registers of AMX, for all threads of the process and its children. Returns 0, or
// the error with which it refuses them.
int request_tiles();

// The tightest limits of the process's own control group and those above it; 0 where there is none. `root` is where
// /proc and the mounts are looked up.
struct CgroupLimits {
  double cpus;
  int64_t memory_bytes;
};
CgroupLimits cgroup_limits(const std::string& root = "");

// How many CPUs the process can keep busy: the affinity mask, cut by the cgroup quota.
double usable_cpus();
// CPUs of the affinity mask, cut by the cgroup quota (rounded up) and FASTNN_NUM_THREADS. Throws
// Error when that variable isn't a positive whole number.
int64_t default_num_threads();
fastnn_machine_info machine_info();

}  // namespace fastnn
