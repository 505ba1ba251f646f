// recorder.h: writes down what runs under a context as a graph.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "program/graph.h"

namespace fastnn {

class Recorder final : public fastnn_recorder {
 public:
  void add_input(const fastnn_tensor& tensor, const char* name, Value::Kind kind, bool batched);
  void add_scalar(fastnn_scalar* scalar, const char* name, int64_t advance);
  void add_result(const fastnn_tensor& tensor, const char* name);
  // State may be written anywhere in the step; see order_writes.
  void write_in_order() { in_order_ = true; }
  // The step itself advances an integer cell: nodes from here on read it so much higher.
  void advance(const fastnn_scalar& scalar, int64_t amount);
  // Whether the op that failed last was refused here, before any work.
  bool refused() const { return refused_; }
  int64_t node_count() const { return static_cast<int64_t>(graph_.nodes.size()); }

  void check(const fastnn_op& op, const fastnn_call& call) const override;
  void record(const fastnn_op& op, const fastnn_call& call, const AttributeBlock& attributes) override;

  fastnn_graph finish();

 private:
  int64_t find(const fastnn_tensor& tensor) const;
  void examine(const fastnn_op& op, const fastnn_call& call) const;
  std::string unique_name(const char* name, Value::Kind kind);
  int64_t scalar_input(const fastnn_scalar& scalar);

  fastnn_graph graph_;
  std::unordered_map<uint64_t, int64_t> value_of_;   // identity -> newest value
  std::unordered_map<uint64_t, int64_t> scalar_of_;  // identity -> scalar as registered
  std::unordered_map<uint64_t, int64_t> offset_of_;  // identity -> how far the step has advanced it
  std::unordered_set<std::string> names_;            // of state and constants
  std::shared_ptr<Lifetimes> lifetimes_ = std::make_shared<Lifetimes>();
  bool in_order_ = false;
  mutable bool refused_ = false;
  bool has_device_ = false;
};

}  // namespace fastnn
