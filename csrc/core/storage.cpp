// storage.cpp: making, sharing and freeing storages; identities.
#include "core/storage.h"

#include <memory>

#include "core/device.h"
#include "core/tensor.h"

namespace fastnn {
namespace {

std::atomic<uint64_t> allocated_bytes{0};
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};
std::atomic<uint64_t> next_identity{1};

void check_copy(const char* what, const fastnn_tensor* tensor, const char* argument, const void* host, size_t bytes) {
  require(tensor, what, argument);
  const fastnn_tensor& t = *tensor;
  check_fields(what, argument, t);
  const int64_t expected = checked_multiply(element_count(t), item_size(t.dtype));
  if (!is_contiguous(t)) value_error(what, ": expected a contiguous tensor");
  if (static_cast<uint64_t>(expected) != bytes) value_error(what, ": expected ", expected, " bytes, got ", bytes);
  if (bytes > 0) {
    require(t.data, what, "memory of the tensor");
    require(host, what, "host memory");
  }
}

}  // namespace

void count_live(int64_t bytes) {
  const int64_t now = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

StorageReference new_storage(fastnn_device device, size_t bytes) {
  const fastnn_device_interface& interface = device_interface(device);
  auto storage = std::make_unique<fastnn_storage>();
  storage->device = device;
  storage->bytes = bytes;
  storage->data = interface.allocate(interface.self, device.index, bytes);
  if (storage->data == nullptr) {
    throw Error(FASTNN_OUT_OF_MEMORY, concat("fastnn: ", device_name(device), " refused ", bytes, " bytes"));
  }
  allocated_bytes.fetch_add(bytes, std::memory_order_relaxed);
  count_live(static_cast<int64_t>(bytes));
  return StorageReference::adopt(storage.release());
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

fastnn_status fastnn_storage_create(fastnn_device device, size_t bytes, fastnn_storage** storage) {
  return guarded([&] {
    require(storage, "storage_create", "storage");
    StorageReference created = new_storage(device, bytes);
    fastnn_storage_retain(created.get());
    *storage = created.get();
  });
}

fastnn_status fastnn_storage_wrap(fastnn_device device, void* data, size_t bytes, void (*release_memory)(void*),
                                  void* owner, fastnn_storage** storage) {
  return guarded([&] {
    require(storage, "storage_wrap", "storage");
    if (bytes > 0) require(data, "storage_wrap", "data");
    device_interface(device);
    auto wrapped = std::make_unique<fastnn_storage>();
    wrapped->device = device;
    wrapped->data = data;
    wrapped->bytes = bytes;
    wrapped->release_memory = release_memory != nullptr ? release_memory : [](void*) {};
    wrapped->owner = owner;
    *storage = wrapped.release();
  });
}

void fastnn_storage_retain(fastnn_storage* storage) {
  if (storage != nullptr) storage->references.fetch_add(1, std::memory_order_relaxed);
}

void fastnn_storage_release(fastnn_storage* storage) {
  if (storage == nullptr || storage->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::unique_ptr<fastnn_storage> last(storage);
  if (last->lifetimes != nullptr) last->lifetimes->ends(last->value);
  if (last->release_memory != nullptr) {
    last->release_memory(last->owner);
  } else {
    const fastnn_device_interface& interface = device_interface(last->device);
    interface.release(interface.self, last->device.index, last->data, last->bytes);
    count_live(-static_cast<int64_t>(last->bytes));
  }
}

void* fastnn_storage_data(const fastnn_storage* storage) { return storage != nullptr ? storage->data : nullptr; }
size_t fastnn_storage_bytes(const fastnn_storage* storage) { return storage != nullptr ? storage->bytes : 0; }
int64_t fastnn_storage_references(const fastnn_storage* storage) {
  return storage != nullptr ? storage->references.load(std::memory_order_acquire) : 0;
}
uint64_t fastnn_storage_version(const fastnn_storage* storage) {
  return storage != nullptr ? storage->version.load(std::memory_order_relaxed) : 0;
}
void fastnn_storage_bump_version(fastnn_storage* storage) {
  if (storage != nullptr) storage->version.fetch_add(1, std::memory_order_release);
}
void fastnn_storage_expose(fastnn_storage* storage) {
  if (storage != nullptr) storage->exposed.store(true, std::memory_order_relaxed);
}

uint64_t fastnn_allocated_bytes(void) { return allocated_bytes.load(std::memory_order_relaxed); }
int64_t fastnn_live_bytes(void) { return live_bytes.load(std::memory_order_relaxed); }
int64_t fastnn_peak_bytes(int32_t restart) {
  if (restart == 0) return peak_bytes.load(std::memory_order_relaxed);
  return peak_bytes.exchange(live_bytes.load(std::memory_order_relaxed), std::memory_order_relaxed);
}
uint64_t fastnn_new_identity(void) { return next_identity.fetch_add(1, std::memory_order_relaxed); }

fastnn_status fastnn_copy_from_host(fastnn_tensor* destination, const void* source, size_t bytes) {
  return guarded([&] {
    check_copy("copy_from_host", destination, "destination", source, bytes);
    if ((destination->flags & FASTNN_READ_ONLY) != 0) value_error("copy_from_host: the tensor is read-only");
    const fastnn_device_interface& interface = device_interface(destination->device);
    const fastnn_status status =
        interface.copy_from_host(interface.self, destination->device.index, data<char>(*destination), source, bytes);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
    if (destination->storage != nullptr) fastnn_storage_bump_version(destination->storage);
  });
}

fastnn_status fastnn_copy_to_host(void* destination, const fastnn_tensor* source, size_t bytes) {
  return guarded([&] {
    check_copy("copy_to_host", source, "source", destination, bytes);
    const fastnn_device_interface& interface = device_interface(source->device);
    const fastnn_status status =
        interface.copy_to_host(interface.self, source->device.index, destination, data<char>(*source), bytes);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  });
}

}  // extern "C"
