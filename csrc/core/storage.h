// storage.h: memory on a device, counted by references.
#pragma once

#include <atomic>
#include <utility>

#include "fastnn/fastnn.h"

struct fastnn_storage {
  std::atomic<int64_t> references{1};
  std::atomic<uint64_t> version{0};
  fastnn_device device{};
  void* data = nullptr;
  size_t bytes = 0;
  void (*release_memory)(void*) = nullptr;  // NULL: the device's own memory
  void* owner = nullptr;
};

namespace fastnn {

// Shared ownership of a storage.
class StorageReference {
 public:
  StorageReference() = default;
  // Takes over one reference.
  static StorageReference adopt(fastnn_storage* storage) {
    StorageReference reference;
    reference.storage_ = storage;
    return reference;
  }
  static StorageReference share(fastnn_storage* storage) {
    if (storage != nullptr) fastnn_storage_retain(storage);
    return adopt(storage);
  }
  StorageReference(const StorageReference& other) : StorageReference(share(other.storage_)) {}
  StorageReference(StorageReference&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StorageReference& operator=(StorageReference other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StorageReference() {
    if (storage_ != nullptr) fastnn_storage_release(storage_);
  }
  fastnn_storage* get() const { return storage_; }

 private:
  fastnn_storage* storage_ = nullptr;
};

// A new storage, or Error.
StorageReference new_storage(fastnn_device device, size_t bytes);

}  // namespace fastnn
