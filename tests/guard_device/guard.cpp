// guard.cpp: a device for tests, as a plug-in. Its memory can't be touched outside its own ops: whatever reads or writes
// it as if it were host memory ends in a segmentation fault, without a GPU. Every op of the table runs by the CPU's
// implementation, with exactly the pages of its arguments opened: for reading where the schema says read, for writing
// where it says update or output, not at all where only the shape counts. A closed page follows each allocation.
#include <fastnn/plugin.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr fastnn_device kCpu{FASTNN_CPU, 0};
constexpr uintptr_t kAlignment = 64;

uintptr_t page_size() {
  static const auto size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return size;
}
uintptr_t round_up(uintptr_t value, uintptr_t unit) { return (value + unit - 1) / unit * unit; }

struct Range {
  uintptr_t begin;
  uintptr_t end;
  bool write;
};

// The device's memory: which allocations there are, and how many running ops read and write each page.
class Memory {
 public:
  // At the end of its pages, so that what runs over it meets the closed page behind.
  void* allocate(size_t bytes) {
    const uintptr_t used = round_up(std::max<uintptr_t>(bytes, 1), kAlignment);
    const uintptr_t pages = round_up(used, page_size());
    if (pages < bytes) return nullptr;
    void* mapped = mmap(nullptr, pages + page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    const auto base = reinterpret_cast<uintptr_t>(mapped);
    const std::lock_guard lock(mutex_);
    allocations_[base + pages - used] = {mapped, pages + page_size(), base + pages};
    return reinterpret_cast<void*>(base + pages - used);
  }

  void release(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto found = allocations_.find(reinterpret_cast<uintptr_t>(memory));
    if (found == allocations_.end()) return;
    munmap(found->second.mapped, found->second.mapped_bytes);
    allocations_.erase(found);
  }

  // False, with nothing opened, when a range lies outside the device's memory.
  bool open(const std::vector<Range>& ranges) {
    const std::lock_guard lock(mutex_);
    if (!std::all_of(ranges.begin(), ranges.end(), [this](const Range& range) { return owns(range); })) return false;
    for (const Range& range : ranges) count(range, 1);
    return true;
  }

  void close(const std::vector<Range>& ranges) {
    const std::lock_guard lock(mutex_);
    for (const Range& range : ranges) count(range, -1);
  }

 private:
  struct Allocation {
    void* mapped;
    size_t mapped_bytes;
    uintptr_t end;
  };
  struct Users {
    int64_t readers = 0;
    int64_t writers = 0;
  };

  bool owns(const Range& range) const {
    auto next = allocations_.upper_bound(range.begin);
    return next != allocations_.begin() && range.end <= std::prev(next)->second.end;
  }

  void count(const Range& range, int64_t change) {
    for (uintptr_t page = range.begin / page_size(); page * page_size() < range.end; ++page) {
      Users& users = pages_[page];
      (range.write ? users.writers : users.readers) += change;
      const int readable = users.readers > 0 ? PROT_READ : PROT_NONE;
      mprotect(reinterpret_cast<void*>(page * page_size()), page_size(),
               users.writers > 0 ? PROT_READ | PROT_WRITE : readable);
      if (users.readers == 0 && users.writers == 0) pages_.erase(page);
    }
  }

  std::mutex mutex_;
  std::map<uintptr_t, Allocation> allocations_;
  std::map<uintptr_t, Users> pages_;
};

// Never destroyed: tensors may live longer than static objects do.
Memory& memory() {
  static Memory& instance = *new Memory;
  return instance;
}

class Opened {
 public:
  explicit Opened(std::vector<Range> ranges) : ranges_(std::move(ranges)), open_(memory().open(ranges_)) {}
  ~Opened() {
    if (open_) memory().close(ranges_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  explicit operator bool() const { return open_; }

 private:
  std::vector<Range> ranges_;
  bool open_;
};

void add_range(std::vector<Range>& ranges, const fastnn_tensor& t, bool write) {
  int64_t low = 0;
  int64_t high = 1;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    if (t.shape[axis] == 0) return;
    const int64_t reach = t.strides[axis] * (t.shape[axis] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const uintptr_t first = reinterpret_cast<uintptr_t>(t.data) + t.byte_offset;
  const int64_t item = t.dtype.bits * t.dtype.lanes / 8;
  ranges.push_back({first + static_cast<uintptr_t>(low * item), first + static_cast<uintptr_t>(high * item), write});
}

// An op of the table and the CPU's way of running it.
struct Delegate {
  fastnn_implementation implementation;
  const fastnn_schema* schema;
  const fastnn_implementation* cpu;
};

// What the op does with input number `index`: an argument of the schema, or one of a list of `length` tensors.
int32_t role(const fastnn_schema& schema, int64_t input_count, int64_t index) {
  int64_t lists = 0;
  for (int32_t i = 0; i < schema.input_count; ++i) lists += schema.inputs[i].variadic != 0;
  const int64_t length = lists > 0 ? (input_count - (schema.input_count - lists)) / lists : 0;
  int32_t argument = 0;
  for (int64_t end = 0; argument < schema.input_count; ++argument) {
    end += schema.inputs[argument].variadic != 0 ? length : 1;
    if (index < end) break;
  }
  return schema.inputs[argument].role;
}

// The call as the CPU sees it: the same memory, said to be the CPU's.
class CpuCall {
 public:
  explicit CpuCall(const fastnn_call& call)
      : delegate(*static_cast<const Delegate*>(call.user_data)), call_(call), context_(*call.context) {
    const auto copy = [](auto& tensors, auto& pointers, auto* const* originals, int64_t count) {
      tensors.resize(static_cast<size_t>(count));
      for (int64_t i = 0; i < count; ++i) {
        fastnn_tensor& tensor = tensors[static_cast<size_t>(i)];
        if (originals[i] != nullptr) tensor = *originals[i];
        tensor.device = kCpu;
        pointers.push_back(originals[i] != nullptr ? &tensor : nullptr);
      }
    };
    copy(inputs, input_pointers_, call.inputs, call.input_count);
    copy(outputs, output_pointers_, call.outputs, call.output_count);
    context_.device = kCpu;
    context_.recorder = nullptr;
    call_.context = &context_;
    call_.inputs = input_pointers_.data();
    call_.outputs = output_pointers_.data();
    call_.user_data = delegate.cpu->user_data;
  }
  CpuCall(const CpuCall&) = delete;
  CpuCall& operator=(const CpuCall&) = delete;
  const fastnn_call* get() const { return &call_; }

  const Delegate& delegate;
  std::vector<fastnn_tensor> inputs;
  std::vector<fastnn_tensor> outputs;

 private:
  fastnn_call call_;
  fastnn_context context_;
  std::vector<const fastnn_tensor*> input_pointers_;
  std::vector<fastnn_tensor*> output_pointers_;
};

fastnn_status guard_infer(const fastnn_call* call, size_t* workspace_size) try {
  CpuCall on_cpu(*call);
  const fastnn_status status = on_cpu.delegate.cpu->infer(on_cpu.get(), workspace_size);
  if (status != FASTNN_OK) return status;
  for (int64_t i = 0; i < call->output_count; ++i) {
    if (call->outputs[i] == nullptr) continue;
    *call->outputs[i] = on_cpu.outputs[static_cast<size_t>(i)];
    call->outputs[i]->device = call->context->device;
  }
  return FASTNN_OK;
} catch (const std::exception& error) {
  return fastnn_set_error(FASTNN_OUT_OF_MEMORY, error.what());
}

fastnn_status guard_run(const fastnn_call* call) try {
  const CpuCall on_cpu(*call);
  const fastnn_schema& schema = *on_cpu.delegate.schema;
  std::vector<Range> ranges;
  for (int64_t i = 0; i < call->input_count; ++i) {
    const int32_t what = role(schema, call->input_count, i);
    if (call->inputs[i] != nullptr && what != FASTNN_SHAPE) add_range(ranges, *call->inputs[i], what == FASTNN_UPDATE);
  }
  for (int64_t i = 0; i < call->output_count; ++i) {
    if (call->outputs[i] != nullptr) add_range(ranges, *call->outputs[i], true);
  }
  if (call->workspace_size > 0) {
    const auto begin = reinterpret_cast<uintptr_t>(call->workspace);
    ranges.push_back({begin, begin + call->workspace_size, true});
  }
  const Opened opened(std::move(ranges));
  if (!opened) {
    return fastnn_set_error(FASTNN_INTERNAL, (std::string(schema.name) + ": memory that isn't guard's").c_str());
  }
  return on_cpu.delegate.cpu->run(on_cpu.get());
} catch (const std::exception& error) {
  return fastnn_set_error(FASTNN_OUT_OF_MEMORY, error.what());
}

void* guard_allocate(void*, int32_t, size_t bytes) try {
  return memory().allocate(bytes);
} catch (const std::exception&) {
  return nullptr;
}

void guard_release(void*, int32_t, void* block, size_t) { memory().release(block); }

// One of the two is the device's; it is opened while the bytes move.
fastnn_status copy(void* destination, const void* source, size_t bytes, bool to_device) try {
  if (bytes == 0) return FASTNN_OK;
  const auto begin = reinterpret_cast<uintptr_t>(to_device ? destination : source);
  const Opened opened({{begin, begin + bytes, to_device}});
  if (!opened) return fastnn_set_error(FASTNN_INTERNAL, "copy: a tensor isn't in guard's memory");
  std::memcpy(destination, source, bytes);
  return FASTNN_OK;
} catch (const std::exception& error) {
  return fastnn_set_error(FASTNN_OUT_OF_MEMORY, error.what());
}

fastnn_status guard_copy_from_host(void*, int32_t, void* destination, const void* source, size_t bytes) {
  return copy(destination, source, bytes, true);
}

fastnn_status guard_copy_to_host(void*, int32_t, void* destination, const void* source, size_t bytes) {
  return copy(destination, source, bytes, false);
}

constexpr fastnn_device_interface kGuard{sizeof(fastnn_device_interface),
                                         "guard",
                                         FASTNN_EXTENSION,
                                         1,
                                         guard_allocate,
                                         guard_release,
                                         guard_copy_from_host,
                                         guard_copy_to_host,
                                         nullptr};

}  // namespace

extern "C" FASTNN_API fastnn_status fastnn_plugin_init(uint32_t abi_version) try {
  if (abi_version != FASTNN_ABI_VERSION) return fastnn_set_error(FASTNN_UNAVAILABLE, "guard: made for another fastnn");
  fastnn_status status = fastnn_register_device(&kGuard);
  // never destroyed: what is registered lives as long as the process
  auto& delegates = *new std::deque<Delegate>;
  for (int64_t i = 0; i < fastnn_op_count() && status == FASTNN_OK; ++i) {
    const fastnn_op* op = fastnn_op_at(i);
    const fastnn_implementation* cpu = fastnn_find_implementation(op, FASTNN_CPU);
    if (cpu == nullptr) continue;
    Delegate& delegate = delegates.emplace_back();
    delegate.schema = fastnn_op_schema(op);
    delegate.cpu = cpu;
    delegate.implementation.struct_size = sizeof(fastnn_implementation);
    delegate.implementation.infer = guard_infer;
    delegate.implementation.run = guard_run;
    delegate.implementation.user_data = &delegate;
    status = fastnn_register_implementation(delegate.schema->name, FASTNN_EXTENSION, &delegate.implementation);
  }
  return status;
} catch (const std::exception& error) {
  return fastnn_set_error(FASTNN_OUT_OF_MEMORY, error.what());
}
