// dispatch.cpp: which level's kernels run. Levels stand in order of preference with what each needs of the CPU; the first
// one covered is taken on first use. FASTNN_ISA names another and is an error when the CPU lacks it.
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "core/errors.h"
#include "core/machine.h"
#include "kernels/kernels.h"

namespace fastnn::kernels {

#if defined(__x86_64__)
namespace avx512 {
extern const KernelTable<float> table;
}
namespace avx2 {
extern const KernelTable<float> table;
}
namespace base {
extern const KernelTable<float> table;
}
#elif defined(__aarch64__)
namespace neon {
extern const KernelTable<float> table;
}
#endif

namespace {

struct Level {
  const char* name;
  uint64_t needs;
  const KernelTable<float>* (*get)();
};

#if defined(__x86_64__)
constexpr uint64_t kV2 = kSse42;
constexpr uint64_t kV3 = kV2 | kAvx2 | kFma | kF16c | kBmi2;
constexpr uint64_t kV4 = kV3 | kAvx512;
#endif

const Level levels[] = {
#if defined(__x86_64__)
    {"avx512", kV4, [] { return &avx512::table; }},
    {"avx2", kV3, [] { return &avx2::table; }},
    {"base", kV2, [] { return &base::table; }},
#elif defined(__aarch64__)
    {"neon", 0, [] { return &neon::table; }},  // every aarch64 CPU has it
#endif
    {"reference", 0, [] { return &reference_table(); }},
};
constexpr int64_t level_count = sizeof(levels) / sizeof(levels[0]);

std::atomic<const Level*> active{nullptr};

bool available(const Level& level) { return (level.needs & ~cpu_features()) == 0; }

std::string why_not(const Level& level) {
  return concat("this CPU or operating system lacks ", feature_names(level.needs & ~cpu_features()));
}

const Level& find(std::string_view name, const char* who) {
  std::string known;
  for (const Level& level : levels) {
    if (name == level.name) {
      if (!available(level)) unavailable_error(who, ": level ", name, " is not available: ", why_not(level));
      return level;
    }
    known += concat(known.empty() ? "" : ", ", level.name);
  }
  unavailable_error(who, ": expected one of ", known, ", got ", name);
}

const Level& choose() {
  const char* forced = std::getenv("FASTNN_ISA");
  if (forced != nullptr && *forced != '\0') return find(forced, "FASTNN_ISA");
  for (const Level& level : levels) {
    if (available(level)) return level;
  }
  internal_error("no kernel level");
}

const Level& active_level() {
  const Level* level = active.load(std::memory_order_acquire);
  if (level == nullptr) {
    level = &choose();
    active.store(level, std::memory_order_release);
  }
  return *level;
}

}  // namespace

const KernelTable<float>& active_table() { return *active_level().get(); }

}  // namespace fastnn::kernels

using fastnn::guarded;

extern "C" {

int64_t fastnn_level_count(void) { return fastnn::kernels::level_count; }

fastnn_status fastnn_level_at(int64_t index, fastnn_level_info* info) {
  return guarded([&] {
    using namespace fastnn::kernels;
    if (index < 0 || index >= level_count) {
      fastnn::index_error("level_at: expected an index in [0, ", level_count, "), got ", index);
    }
    fastnn::require_struct(info, "level_at", "info");
    thread_local std::string reason;
    const Level& level = levels[index];
    reason = available(level) ? "" : why_not(level);
    const size_t size = info->struct_size;
    *info = {size, level.name, available(level), &level == active.load(), reason.c_str()};
  });
}

fastnn_status fastnn_active_level(const char** name) {
  return guarded([&] {
    fastnn::require(name, "active_level", "name");
    *name = fastnn::kernels::active_level().name;
  });
}

fastnn_status fastnn_set_level(const char* name) {
  return guarded([&] {
    fastnn::require(name, "set_level", "name");
    fastnn::kernels::active.store(&fastnn::kernels::find(name, "set_level"));
  });
}

}  // extern "C"
