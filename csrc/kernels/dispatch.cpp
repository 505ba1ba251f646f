// dispatch.cpp: which level's kernels run. Levels stand in order of preference with what each needs of the CPU; the first
// one covered is taken on first use. FASTNN_ISA names another and is an error when the CPU lacks it. A level with a matrix
// unit has AVX-512's kernels and products of its own, and is taken when somebody names it.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <system_error>

#include "core/errors.h"
#include "core/machine.h"
#include "kernels/kernels.h"

namespace fastnn::kernels {

#if defined(__x86_64__)
#if defined(FASTNN_HAS_AMX)
namespace amx {
extern const TileKernels tiles;
}
#endif
#if defined(FASTNN_HAS_AMX_EMULATED)
namespace amx_emulated {
extern const TileKernels tiles;
}
#endif
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

enum class Taken { by_itself, on_request };

struct Level {
  const char* name;
  uint64_t needs;
  const KernelTable<float>* (*get)();  // null: this build has none
  Taken taken = Taken::by_itself;
};

#if defined(__x86_64__)
constexpr uint64_t kV2 = kSse42;
constexpr uint64_t kV3 = kV2 | kAvx2 | kFma | kF16c | kBmi2;
constexpr uint64_t kV4 = kV3 | kAvx512;

#if defined(FASTNN_HAS_AMX) || defined(FASTNN_HAS_AMX_EMULATED)
KernelTable<float> with_tiles(const char* level, const TileKernels& tiles) {
  KernelTable<float> table = avx512::table;
  table.level = level;
  table.tiles = &tiles;
  return table;
}
#endif

#if defined(FASTNN_HAS_AMX)
const KernelTable<float>* amx_table() {
  static const KernelTable<float> table = with_tiles("amx", amx::tiles);
  return &table;
}
#else
constexpr const KernelTable<float>* (*amx_table)() = nullptr;
#endif
#endif

constexpr Level levels[] = {
#if defined(__x86_64__)
#if defined(FASTNN_HAS_AMX_EMULATED)
    {"amx_emulated", kV4,
     [] {
       static const KernelTable<float> table = with_tiles("amx_emulated", amx_emulated::tiles);
       return &table;
     },
     Taken::on_request},
#endif
    {"amx", kV4 | kAmx, amx_table, Taken::on_request},  // not measured yet: docs/kernels.md
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

// The error with which the operating system refused tile registers when it was asked last; 0 when it didn't.
std::atomic<int> refusal{0};

// What the machine lacks for a level, or "".
std::string lacks(const Level& level) {
  const uint64_t missing = level.needs & ~cpu_features();
  if (missing != 0) return concat("this CPU or operating system lacks ", feature_names(missing));
  if (level.get == nullptr) return "this build has no kernels for it, for its compiler knew no AMX";
  return "";
}

// Why a level is not available, as far as is known without asking, or "".
std::string why_not(const Level& level) {
  std::string reason = lacks(level);
  if (!reason.empty() || (level.needs & kAmx) == 0) return reason;
  const int error = refusal.load();
  return error == 0 ? ""
                    : concat("the operating system refuses its registers: ", std::system_category().message(error));
}

// The same, having asked for what must be before a level's kernels run.
std::string permit(const Level& level) {
  if ((level.needs & kAmx) != 0 && lacks(level).empty()) refusal.store(request_tiles());
  return why_not(level);
}

const Level& find(std::string_view name, const char* who) {
  std::string known;
  for (const Level& level : levels) {
    if (name == level.name) {
      const std::string reason = permit(level);
      if (!reason.empty()) unavailable_error(who, ": level ", name, " is not available: ", reason);
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
    if (level.taken == Taken::by_itself && permit(level).empty()) return level;
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

bool has_tiles(bool takes_all) {
  return std::any_of(std::begin(levels), std::end(levels), [=](const Level& level) {
    const TileKernels* const tiles = lacks(level).empty() ? level.get()->tiles : nullptr;
    return tiles != nullptr && (tiles->takes_all || !takes_all);
  });
}

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
    reason = why_not(level);
    const bool available = reason.empty();
    if (available && level.taken == Taken::on_request)
      reason = fastnn::concat("taken when FASTNN_ISA=", level.name, " asks for it");
    const size_t size = info->struct_size;
    *info = {size, level.name, available, &level == active.load(), reason.c_str()};
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
