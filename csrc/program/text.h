// text.h: the parts of the text form that its writer (text.cpp) and its reader (parse.cpp) share.
#pragma once

#include <memory>
#include <string>

#include "program/graph.h"

namespace fastnn {

// Raised when the form changes; a reader takes all versions up to its own.
constexpr int64_t kTextVersion = 1;

// A name in quotes; quotes, backslashes and control characters are escaped.
std::string quoted(const std::string& name);

// "float32(N, 3)": N is the batch, 4*N+1 a size that grows with it; at_next holds the sizes at the next larger batch.
std::string symbolic_shape(const fastnn_tensor& at_batch, const fastnn_tensor* at_next, int64_t batch);

// What infer says of a graph's values at the recorded batch size and at the next one.
class Sizes {
 public:
  explicit Sizes(const fastnn_graph& graph);
  // A value's dtype and shape, and behind it the value whose memory it lies in, or strides that are not contiguous ones.
  std::string text(const fastnn_graph& graph, int64_t value) const;

 private:
  int64_t batch_;
  Shapes at_batch_;
  std::unique_ptr<Shapes> at_next_;
};

std::string graph_text(const fastnn_graph& graph);

}  // namespace fastnn
