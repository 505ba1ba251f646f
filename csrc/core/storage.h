// storage.h: memory on a device, counted by references.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "fastnn/fastnn.h"

namespace fastnn {

// When the memory of each of a recording's values goes: how many ops had run by then.
class Lifetimes {
 public:
  static constexpr int64_t kStays = INT64_MAX;
  void op_has_run() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++ops_;
  }
  void begins(int64_t value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (static_cast<size_t>(value) >= ends_.size()) ends_.resize(static_cast<size_t>(value) + 1, kStays);
  }
  void ends(int64_t value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_[static_cast<size_t>(value)] = ops_;
  }
  int64_t end_of(int64_t value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<size_t>(value) < ends_.size() ? ends_[static_cast<size_t>(value)] : kStays;
  }

 private:
  std::mutex mutex_;  // a value may go on any thread
  int64_t ops_ = 0;
  std::vector<int64_t> ends_;
};

}  // namespace fastnn

struct fastnn_storage {
  std::atomic<int64_t> references{1};
  std::atomic<uint64_t> version{0};
  std::atomic<bool> exposed{false};  // to writes that don't raise the version
  fastnn_device device{};
  void* data = nullptr;
  size_t bytes = 0;
  void (*release_memory)(void*) = nullptr;  // NULL: the device's own memory
  void* owner = nullptr;
  std::shared_ptr<fastnn::Lifetimes> lifetimes;  // of the recording that made it, or NULL
  int64_t value = -1;                            // which one of its values
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

// Counts memory that is taken, or let go when negative, for fastnn_live_bytes and fastnn_peak_bytes.
void count_live(int64_t bytes);
// A new storage, or Error.
StorageReference new_storage(fastnn_device device, size_t bytes);

}  // namespace fastnn
