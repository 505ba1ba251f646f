// program.h: a graph planned for one batch size. A program is immutable; what a run writes lives in an execution: one
// arena, and the calls with their pointers set. Executions are pooled, so a run allocates nothing and several threads may
// run at once.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
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
  std::vector<uint8_t> held;       // per preparation: kept weights, until the end of the replay
  std::vector<fastnn_call> result_copies;
  std::vector<fastnn_tensor> copy_targets;  // per copied result
  std::vector<const fastnn_tensor*> copy_inputs;
  std::vector<fastnn_tensor*> copy_outputs;
  // of several steps in one call: the batch of the step at hand, and the memory that arguments are gathered into, made
  // when first needed
  std::vector<fastnn_tensor> fed;
  std::vector<const fastnn_tensor*> fed_arguments;
  std::vector<fastnn_tensor> fed_results;
  std::vector<fastnn_tensor*> fed_results_list;
  StorageReference staging;
};

// Memory that a program shares with its owner, and the value it belongs to.
struct Kept {
  ByteRange range;
  size_t value = 0;
  bool written = false;  // by the program
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

// An execution of a pool, until the end of a scope.
class Lease {
 public:
  Lease(ExecutionPool& pool, std::unique_ptr<Execution> execution) : pool_(pool), execution_(std::move(execution)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { pool_.give_back(std::move(execution_)); }
  Execution& operator*() const { return *execution_; }

 private:
  ExecutionPool& pool_;
  std::unique_ptr<Execution> execution_;
};

int64_t now_nanoseconds();

}  // namespace fastnn

struct fastnn_program {
  fastnn_program(const fastnn_graph& recorded, const fastnn_context& given, int64_t batch_size);
  void run(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
           int64_t result_count);
  // done counts the steps, those before an error too.
  void run_batches(const fastnn_batches& given, int64_t* done);

  fastnn_graph graph;
  fastnn_context context;
  int64_t batch;
  fastnn::Plan plan;

 private:
  std::unique_ptr<fastnn::Execution> make_execution() const;
  fastnn::Lease lease();

  // what is given, in arguments.cpp
  void check_counts(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                    int64_t result_count) const;
  void check_given(const char* what, const std::string& name, const fastnn_tensor* given,
                   const fastnn_tensor& planned) const;
  void check_result(const std::string& name, const fastnn_tensor* given, const fastnn_tensor& planned) const;
  void check_arguments(const fastnn_tensor* const* arguments, int64_t argument_count, fastnn_tensor* const* results,
                       int64_t result_count) const;
  void check_arguments_apart(const fastnn_tensor* const* arguments) const;
  void check_results_apart(const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;

  // several steps, in batches.cpp
  void check_batches(const fastnn_batches& given) const;
  void check_order(const int64_t* numbers, int64_t samples) const;
  void take_batch(fastnn::Execution& execution, const fastnn_batches& given, int64_t first) const;

  // One step; times, when not NULL, has a place for each step of the plan, to add its nanoseconds to.
  void replay(fastnn::Execution& execution, const fastnn_tensor* const* arguments, fastnn_tensor* const* results,
              int64_t* times) const;
  void bind(fastnn::Execution& execution, const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const;
  void read_scalars(fastnn::Execution& execution) const;
  // Prepared weights, from the beginning of a replay to its end.
  void hold_weights(fastnn::Execution& execution) const;
  void let_weights_go(fastnn::Execution& execution) const;
  void run_step(fastnn::Execution& execution, const fastnn::PlannedStep& step) const;
  // From step i on, which is left at the end, or at the one that failed.
  void run_steps(fastnn::Execution& execution, size_t& i, size_t end, int64_t* times) const;
  void run_until_commit(fastnn::Execution& execution, int64_t* times) const;
  void put_back(const fastnn::Execution& execution, size_t failed) const;
  void commit_scalars() const;
  void bump_versions() const;

  std::vector<const fastnn_implementation*>
      implementations_;  // per node; NULL: a view or a dead result, nothing to run
  const fastnn_op* copy_;
  std::vector<size_t> copied_at_;                                   // per undo: the step that makes its copy
  std::vector<int64_t> root_of_;                                    // per value
  std::vector<int64_t> argument_of_;                                // per root value: which argument it is, or -1
  std::vector<int64_t> bound_;                                      // values whose memory is the caller's
  std::vector<size_t> scalar_nodes_;                                // nodes that read scalars
  std::vector<fastnn_storage*> written_;                            // storages of written state
  std::vector<fastnn::Kept> kept_;                                  // state and constants
  std::vector<std::shared_ptr<fastnn::KeptWeights>> kept_weights_;  // per preparation; NULL where it is in the arena
  std::vector<size_t> staged_offsets_;  // per argument, in the memory that batches are gathered into
  size_t staged_bytes_ = 0;
  fastnn::ExecutionPool idle_;
};
