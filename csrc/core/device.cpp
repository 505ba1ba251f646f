// device.cpp: the list of devices, the CPU's memory, and plug-ins.
#include "core/device.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "core/errors.h"

namespace fastnn {
namespace {

constexpr size_t kAlignment = 64;
constexpr int32_t kDeviceTypes = 32;

void* cpu_allocate(void*, int32_t, size_t bytes) {
  const size_t rounded = bytes / kAlignment * kAlignment + kAlignment;
  if (rounded < bytes) return nullptr;
  return std::aligned_alloc(kAlignment, rounded);
}
void cpu_release(void*, int32_t, void* memory, size_t) { std::free(memory); }
fastnn_status cpu_copy(void*, int32_t, void* destination, const void* source, size_t bytes) {
  if (bytes > 0) std::memcpy(destination, source, bytes);
  return FASTNN_OK;
}

constexpr fastnn_device_interface cpu{
    sizeof(fastnn_device_interface), "cpu", FASTNN_CPU, 1, cpu_allocate, cpu_release, cpu_copy, cpu_copy, nullptr};

// Never destroyed: a worker thread may still hold memory when the process ends.
struct Devices {
  std::mutex mutex;
  std::vector<const fastnn_device_interface*> list{&cpu};
  std::deque<std::string> plugins;  // addresses stay: callers hold them
};
Devices& devices();
Devices* make_devices() {
  auto made = std::make_unique<Devices>();
  // a fork while another thread asks for a device must not leave the child's list locked
  const auto lock = [] { devices().mutex.lock(); };
  const auto unlock = [] { devices().mutex.unlock(); };
  if (pthread_atfork(lock, unlock, unlock) != 0) throw std::bad_alloc();
  return made.release();
}
Devices& devices() {
  static Devices& instance = *make_devices();
  return instance;
}
// Read without the lock; a device is never removed.
std::atomic<const fastnn_device_interface*> by_type[kDeviceTypes];

}  // namespace

const fastnn_device_interface& device_interface(fastnn_device device) {
  const fastnn_device_interface* found = nullptr;
  if (device.type == FASTNN_CPU) {
    found = &cpu;
  } else if (device.type > 0 && device.type < kDeviceTypes) {
    found = by_type[device.type].load(std::memory_order_acquire);
  }
  if (found == nullptr)
    unavailable_error("fastnn: no device of type ", device.type, " is there; load its plug-in first");
  if (device.index < 0 || device.index >= found->count) {
    unavailable_error("fastnn: expected an index below ", found->count, " for device ", found->name, ", got ",
                      device.index);
  }
  return *found;
}

std::string device_name(fastnn_device device) {
  if (device.type == FASTNN_CPU) return device.index == 0 ? "cpu" : concat("cpu:", device.index);
  return concat(device_interface(device).name, ":", device.index);
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

fastnn_status fastnn_register_device(const fastnn_device_interface* device) {
  return guarded([&] {
    require_struct(device, "register_device", "device");
    require(device->name, "register_device", "device->name");
    if (device->allocate == nullptr || device->release == nullptr || device->copy_from_host == nullptr ||
        device->copy_to_host == nullptr) {
      value_error("register_device: expected allocate, release, copy_from_host and copy_to_host, got NULL");
    }
    if (device->type <= 0 || device->type >= kDeviceTypes) {
      value_error("register_device: expected a type below ", kDeviceTypes, ", got ", device->type);
    }
    Devices& all = devices();
    const std::lock_guard lock(all.mutex);
    for (const fastnn_device_interface* other : all.list) {
      if (other->type == device->type || std::strcmp(other->name, device->name) == 0) {
        value_error("register_device: ", device->name, " of type ", device->type, " is already there");
      }
    }
    all.list.push_back(device);
    by_type[device->type].store(device, std::memory_order_release);
  });
}

int64_t fastnn_device_count(void) {
  Devices& all = devices();
  const std::lock_guard lock(all.mutex);
  return static_cast<int64_t>(all.list.size());
}

const fastnn_device_interface* fastnn_device_at(int64_t index) {
  Devices& all = devices();
  const std::lock_guard lock(all.mutex);
  return index >= 0 && index < static_cast<int64_t>(all.list.size()) ? all.list[static_cast<size_t>(index)] : nullptr;
}

fastnn_status fastnn_load_plugin(const char* path) {
  return guarded([&] {
    require(path, "load_plugin", "path");
    Devices& all = devices();
    {
      const std::lock_guard lock(all.mutex);
      for (const std::string& loaded : all.plugins) {
        if (loaded == path) return;
      }
    }
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) unavailable_error("load_plugin: ", dlerror());
    using Init = fastnn_status (*)(uint32_t);
    const Init init = reinterpret_cast<Init>(dlsym(library, "fastnn_plugin_init"));
    if (init == nullptr) {
      dlclose(library);
      value_error("load_plugin: expected a library that exports fastnn_plugin_init, got ", path);
    }
    const fastnn_status status = init(FASTNN_ABI_VERSION);
    if (status != FASTNN_OK) throw Error(status, concat("load_plugin: ", path, ": ", fastnn_last_error()));
    const std::lock_guard lock(all.mutex);
    all.plugins.emplace_back(path);
  });
}

int64_t fastnn_plugin_count(void) {
  Devices& all = devices();
  const std::lock_guard lock(all.mutex);
  return static_cast<int64_t>(all.plugins.size());
}

const char* fastnn_plugin_at(int64_t index) {
  Devices& all = devices();
  const std::lock_guard lock(all.mutex);
  if (index < 0 || index >= static_cast<int64_t>(all.plugins.size())) return nullptr;
  return all.plugins[static_cast<size_t>(index)].c_str();
}

}  // extern "C"
