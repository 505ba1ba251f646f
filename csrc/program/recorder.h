// recorder.h: writes down what runs under a context as a graph.
#pragma once

#include <unordered_map>

#include "program/graph.h"

namespace fastnn {

class Recorder final : public fastnn_recorder {
 public:
  void add_input(const fastnn_tensor& tensor, const char* name, Value::Kind kind, bool batched);
  void add_scalar(fastnn_scalar* scalar, const char* name, int64_t advance);
  void add_result(const fastnn_tensor& tensor, const char* name);

  void check(const fastnn_op& op, const fastnn_call& call) const override;
  void record(const fastnn_op& op, const fastnn_call& call, const AttributeBlock& attributes) override;

  fastnn_graph finish();

 private:
  int64_t find(const fastnn_tensor& tensor) const;

  fastnn_graph graph_;
  std::unordered_map<uint64_t, int64_t> value_of_;   // identity -> newest value
  std::unordered_map<uint64_t, int64_t> scalar_of_;  // identity -> scalar
  bool has_device_ = false;
};

}  // namespace fastnn
