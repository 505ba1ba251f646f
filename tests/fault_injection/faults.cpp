// faults.cpp: preloaded into an interpreter, it makes one allocation of the engine fail and counts what is alive. The
// engine takes memory through operator new and aligned_alloc, and threads through pthread_create; Python and NumPy use
// malloc, which is left alone. What the extension takes fails only when asked for: pybind11 frees an object twice whose
// registration fails. Failing is switched on for the calls under test only.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" void* __libc_malloc(size_t bytes);
extern "C" void* __libc_memalign(size_t alignment, size_t bytes);
extern "C" void __libc_free(void* memory);

namespace {

std::atomic<int64_t> countdown{0};  // 1: the next one fails; 0: none does
std::atomic<int64_t> allocations{0};

// Where libfastnn lies, libstdc++, which allocates for it, and the extension.
struct Code {
  uintptr_t begin = 0, end = 0;
  bool holds(const void* address) const { return reinterpret_cast<uintptr_t>(address) - begin < end - begin; }
};
Code engine, standard, extension;
bool extension_too = false;

int find_code(dl_phdr_info* info, size_t, void*) {
  const auto is = [info](const char* name) { return strstr(info->dlpi_name, name) != nullptr; };
  Code* code = is("/libfastnn.so") ? &engine : is("/libstdc++.so") ? &standard : is("/_core.") ? &extension : nullptr;
  if (code == nullptr) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    code->begin = info->dlpi_addr + part.p_vaddr;
    code->end = code->begin + part.p_memsz;
  }
  return 0;
}

bool fails(const void* caller) {
  if (!engine.holds(caller) && !standard.holds(caller) && !(extension_too && extension.holds(caller))) return false;
  ++allocations;
  int64_t left = countdown.load();
  while (left > 0 && !countdown.compare_exchange_weak(left, left - 1)) {
  }
  return left == 1;
}

// The blocks that are alive, by address: open addressing in memory that is there from the start.
constexpr size_t kSlots = size_t{1} << 20;
void* blocks[kSlots];
void* const kFreed = blocks;  // not the end of a chain
std::atomic<int64_t> live{0};
std::atomic_flag busy;

class Lock {
 public:
  Lock() {
    while (busy.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Lock() { busy.clear(std::memory_order_release); }
};

size_t slot_of(void* memory) { return (reinterpret_cast<uintptr_t>(memory) >> 4) * 0x9E3779B1u % kSlots; }

void* remember(void* memory) {
  const Lock lock;
  size_t slot = slot_of(memory);
  while (blocks[slot] != nullptr && blocks[slot] != kFreed) slot = (slot + 1) % kSlots;
  blocks[slot] = memory;
  ++live;
  return memory;
}

void forget(void* memory) {
  const Lock lock;
  for (size_t slot = slot_of(memory); blocks[slot] != nullptr; slot = (slot + 1) % kSlots) {
    if (blocks[slot] != memory) continue;
    blocks[slot] = kFreed;
    --live;
    return;
  }
}

void* allocate(size_t bytes, size_t alignment, const void* caller) {
  if (fails(caller)) return nullptr;
  void* memory = alignment == 0 ? __libc_malloc(bytes) : __libc_memalign(alignment, bytes);
  return memory != nullptr ? remember(memory) : nullptr;
}

void* allocate_or_throw(size_t bytes, size_t alignment, const void* caller) {
  void* memory = allocate(bytes, alignment, caller);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t bytes) { return allocate_or_throw(bytes, 0, __builtin_return_address(0)); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<size_t>(alignment), __builtin_return_address(0));
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { free(memory); }

extern "C" {

void* aligned_alloc(size_t alignment, size_t bytes) {
  void* memory = allocate(bytes, alignment, __builtin_return_address(0));
  if (memory == nullptr) errno = ENOMEM;
  return memory;
}

void free(void* memory) {
  if (memory == nullptr) return;
  forget(memory);
  __libc_free(memory);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  if (fails(__builtin_return_address(0))) return EAGAIN;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const Create create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, start, argument);
}

// The k-th allocation from now on fails, once; with 0 none does.
void faults_arm(int64_t k, int extension_counts) {
  extension_too = extension_counts != 0;
  dl_iterate_phdr(find_code, nullptr);
  allocations = 0;
  countdown = k;
}
// Ends it; how many allocations there were.
int64_t faults_disarm() {
  countdown = 0;
  return allocations;
}
int64_t faults_live() { return live; }
}
