// subnormals.h: arithmetic in which numbers below the smallest normal one count as zero. Processors take several times as
// long for the others, and what decays, such as the moments of weights that get no gradient, comes to rest there.
#pragma once

#include <cstdint>

namespace fastnn {

// Until the end of a scope, in this thread.
class FlushSubnormals {
 public:
#if defined(__x86_64__)
  FlushSubnormals() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | kFlush); }
  ~FlushSubnormals() { __builtin_ia32_ldmxcsr(before_); }
#elif defined(__aarch64__)
  FlushSubnormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | kFlush) : "memory");
  }
  ~FlushSubnormals() { asm volatile("msr fpcr, %0" : : "r"(before_) : "memory"); }
#else
  FlushSubnormals() = default;
#endif
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

#if defined(__x86_64__)
 private:
  static constexpr uint32_t kFlush = 0x8040;  // results and operands: FTZ and DAZ
  uint32_t before_;
#elif defined(__aarch64__)
 private:
  static constexpr uint64_t kFlush = uint64_t{1} << 24;  // FZ
  uint64_t before_;
#endif
};

}  // namespace fastnn
