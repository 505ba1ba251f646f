// program.h: a graph planned for one batch size. A program is immutable; what a run writes lives in an execution: one
// arena, and the calls with their pointers set. Executions are pooled, so a run allocates nothing and several threads may
// run at once.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "program/plan.h"

namespace fastnn {

constexpr size_t kPooledExecutions = 16;

struct Execution {
  StorageReference arena;
  std::vector<fastnn_tensor> values;
  std::vector<AttributeBlock> attributes;    // per node
  std::vector<const fastnn_tensor*> inputs;  // of all calls, one after the other
  std::vector<fastnn_tensor*> outputs;
  std::vector<fastnn_call> calls;  // per node
  std::vector<fastnn_call> result_copies;
  std::vector<fastnn_tensor> copy_targets;  // per copied result
  std::vector<const fastnn_tensor*> copy_inputs;
  std::vector<fastnn_tensor*> copy_outputs;
};

// Memory that a program shares with its owner, and the value it belongs to.
struct Kept {
  ByteRange range;
  size_t value = 0;
};

// Idle executions. Slots are taken and filled by one atomic exchange: no lock that a fork could leave locked.
class ExecutionPool {
 public:
  ExecutionPool() = default;
  ExecutionPool(const ExecutionPool&) = delete;
  ExecutionPool& operator=(const ExecutionPool&) = delete;
  ~ExecutionPool() {
    while (take() != nullptr) {
    }
  }

  // NULL when none is idle.
  std::unique_ptr<Execution> take() {
    for (std::atomic<Execution*>& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      std::unique_ptr<Execution> taken(slot.exchange(nullptr, std::memory_order_acquire));
      if (taken != nullptr) return taken;
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Execution> execution) {
    for (std::atomic<Execution*>& slot : slots_) {
      Execution* empty = nullptr;
      if (slot.compare_exchange_strong(empty, execution.get(), std::memory_order_release, std::memory_order_relaxed)) {
        static_cast<void>(execution.release());
        return;
      }
    }
  }

 private:
  std::array<std::atomic<Execution*>, kPooledExecutions> slots_{};
};

}  // namespace fastnn

struct fastnn_program {
  fastnn_program(const fastnn_graph& recorded, const fastnn_context& given, int64_t batch_size);
  void run(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
           int64_t result_count);

  fastnn_graph graph;
  fastnn_context context;
  int64_t batch;
  fastnn::Plan plan;

 private:
  std::unique_ptr<fastnn::Execution> make_execution() const;
  void check_arguments(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                       int64_t result_count) const;
  void check_results_apart(const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;
  void bind(fastnn::Execution& execution, const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;
  void read_scalars(fastnn::Execution& execution) const;
  void run_step(const fastnn::Execution& execution, const fastnn::PlannedStep& step) const;
  void run_until_commit(const fastnn::Execution& execution) const;
  void put_back(const fastnn::Execution& execution, size_t failed) const;
  void commit_scalars() const;
  void bump_versions() const;

  std::vector<const fastnn_implementation*>
      implementations_;  // per node; NULL: a view or a dead result, nothing to run
  const fastnn_op* copy_;
  std::vector<size_t> copied_at_;         // per undo: the step that makes its copy
  std::vector<int64_t> root_of_;          // per value
  std::vector<int64_t> argument_of_;      // per root value: which argument it is, or -1
  std::vector<int64_t> bound_;            // values whose memory is the caller's
  std::vector<size_t> scalar_nodes_;      // nodes that read scalars
  std::vector<fastnn_storage*> written_;  // storages of written state
  std::vector<fastnn::Kept> kept_;        // state and constants
  fastnn::ExecutionPool idle_;
};
