// machine.cpp: reads CPUID, the affinity mask, the cgroup files and the environment. Everything here runs on first use,
// never at load, and treats what it cannot read as "no limit".
#include "core/machine.h"

#include <sched.h>
#include <syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "core/errors.h"

namespace fastnn {
namespace {

// ---- instruction sets ---------------------------------------------------------------------------------------------

#if defined(__x86_64__)
struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;  // all zero for a leaf the CPU lacks
};

Registers cpuid(uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool has(uint32_t reg, uint32_t bits) { return (reg & bits) == bits; }

// Which register states the operating system saves (XCR0).
uint32_t saved_states(bool osxsave) {
  if (!osxsave) return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

uint64_t read_cpu_features() {
  const Registers leaf1 = cpuid(1), leaf7 = cpuid(7), extended1 = cpuid(0x80000001);
  const uint32_t states = saved_states(has(leaf1.ecx, bit_OSXSAVE));
  constexpr uint32_t kYmm = 0x06, kZmm = 0xe6;  // SSE and AVX; with opmask and the two halves of AVX-512
  uint64_t features = 0;
  if (has(leaf1.ecx, bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B)) features |= kSse42;
  if (has(states, kYmm)) {
    if (has(leaf1.ecx, bit_AVX) && has(leaf7.ebx, bit_AVX2)) features |= kAvx2;
    if (has(leaf1.ecx, bit_FMA)) features |= kFma;
    if (has(leaf1.ecx, bit_F16C)) features |= kF16c;
    if (has(leaf7.ebx, bit_BMI | bit_BMI2) && has(extended1.ecx, bit_LZCNT) && has(leaf1.ecx, bit_MOVBE)) {
      features |= kBmi2;
    }
  }
  if (has(states, kZmm) && has(leaf7.ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL)) {
    features |= kAvx512;
  }
  constexpr uint32_t kTiles = 0x60000, kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;  // configuration and data
  if (has(states, kTiles) && has(leaf7.edx, kAmxBf16 | kAmxTile)) features |= kAmx;
  return features;
}
#else
uint64_t read_cpu_features() { return 0; }
#endif

// ---- CPUs ---------------------------------------------------------------------------------------------------------

int64_t affinity_cpus() {
  // The mask's size is the kernel's business: grow until it fits.
  for (size_t sets = 1; sets <= 256; sets *= 2) {
    std::vector<cpu_set_t> mask(sets);
    const size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) == 0) return std::max(1, CPU_COUNT_S(bytes, mask.data()));
  }
  return std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
}

// The count in FASTNN_NUM_THREADS, or 0 when it isn't set.
int64_t environment_threads() {
  const char* variable = std::getenv("FASTNN_NUM_THREADS");
  if (variable == nullptr || *variable == '\0') return 0;
  const std::string_view text = variable;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 1) {
    value_error("FASTNN_NUM_THREADS: expected a positive whole number, got \"", text, "\"");
  }
  return count;
}

// ---- cgroups ------------------------------------------------------------------------------------------------------

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& parts, const std::string& part) {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

// A number a cgroup file begins with; 0 for "max", -1 or nothing, all of which mean "no limit".
double limit(const std::string& text) {
  double number = 0;
  std::istringstream(text) >> number;
  return number > 0 ? number : 0;
}

void tighten(double& tightest, double value) {
  if (value > 0 && (tightest == 0 || value < tightest)) tightest = value;
}

// The folders that limit this process in one hierarchy, from its own group up to what the mount shows. An empty
// controller stands for version 2.
std::vector<std::string> group_folders(const std::string& root, const std::string& controller) {
  std::string group;
  std::ifstream membership(root + "/proc/self/cgroup");
  for (std::string line; std::getline(membership, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);  // 4:cpu,cpuacct:/group
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : contains(split(controllers, ','), controller)) {
      group = line.substr(second + 1);
    }
  }
  if (group.empty()) return {};

  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    // 31 23 0:28 <root in the hierarchy> <mount point> <options> ... - <type> <source> <super options>
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4) continue;
    const bool right =
        controller.empty() ? dash[1] == "cgroup2" : dash[1] == "cgroup" && contains(split(dash[3], ','), controller);
    if (!right) continue;
    const std::string shown = fields[3] == "/" ? "" : fields[3], top = root + fields[4];
    // A container may see its own group as the mount's root, or a group outside of what is mounted.
    std::string below = group.compare(0, shown.size(), shown) == 0 ? group.substr(shown.size()) : "";
    if (!below.empty() && below[0] != '/') below.clear();
    std::vector<std::string> folders;
    for (; !below.empty() && below != "/"; below.erase(below.rfind('/'))) folders.push_back(top + below);
    folders.push_back(top);
    return folders;
  }
  return {};
}

}  // namespace

uint64_t cpu_features() {
  static const uint64_t features = read_cpu_features();
  return features;
}

std::string feature_names(uint64_t features) {
  constexpr std::array<std::pair<CpuFeature, const char*>, 7> kNames{{{kSse42, "SSE4.2"},
                                                                      {kAvx2, "AVX2"},
                                                                      {kFma, "FMA"},
                                                                      {kF16c, "F16C"},
                                                                      {kBmi2, "BMI2"},
                                                                      {kAvx512, "AVX-512 (F, BW, CD, DQ, VL)"},
                                                                      {kAmx, "AMX (TILE, BF16)"}}};
  std::string names;
  for (const auto& [feature, name] : kNames) {
    if ((features & feature) != 0) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

int request_tiles() {
#if defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, since Linux 5.16
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 ? 0 : errno;
#else
  return ENOSYS;
#endif
}

CgroupLimits cgroup_limits(const std::string& root) {
  double cpus = 0, memory = 0;
  for (const std::string& folder : group_folders(root, "")) {
    const std::vector<std::string> quota = split(first_line(folder + "/cpu.max"), ' ');  // "150000 100000"
    if (quota.size() == 2 && limit(quota[1]) > 0) tighten(cpus, limit(quota[0]) / limit(quota[1]));
    tighten(memory, limit(first_line(folder + "/memory.max")));
  }
  for (const std::string& folder : group_folders(root, "cpu")) {
    const double period = limit(first_line(folder + "/cpu.cfs_period_us"));
    if (period > 0) tighten(cpus, limit(first_line(folder + "/cpu.cfs_quota_us")) / period);
  }
  for (const std::string& folder : group_folders(root, "memory")) {
    tighten(memory, limit(first_line(folder + "/memory.limit_in_bytes")));
  }
  // Version 1 writes "no limit" as the largest multiple of the page size.
  return {cpus, memory < 0x1p62 ? static_cast<int64_t>(memory) : 0};
}

double usable_cpus() {
  const double quota = cgroup_limits().cpus;
  const double cpus = static_cast<double>(affinity_cpus());
  return quota > 0 ? std::min(quota, cpus) : cpus;
}

int64_t default_num_threads() {
  const int64_t wanted = environment_threads();
  const int64_t cpus = static_cast<int64_t>(std::ceil(usable_cpus()));
  return wanted > 0 ? std::min(wanted, cpus) : cpus;
}

fastnn_machine_info machine_info() {
  const CgroupLimits limits = cgroup_limits();
  fastnn_machine_info info{};
  info.struct_size = sizeof info;
  info.affinity_cpus = affinity_cpus();
  info.cgroup_cpus = limits.cpus;
  info.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  info.cgroup_memory_bytes = limits.memory_bytes;
  return info;
}

}  // namespace fastnn
