// fastnn.hpp: the C ABI for C++, inline. Statuses become exceptions, tensors are described by their shape and a pointer.
//
//   std::vector<float> x(...), w(...), y(...);
//   auto tx = fastnn::tensor(x.data(), {1, 8, 8, 3}), tw = fastnn::tensor(w.data(), {3, 3, 3, 4});
//   auto ty = fastnn::tensor(y.data(), {1, 6, 6, 4});
//   fastnn::Context context;
//   fastnn::check(fastnn_conv2d(&context, &tx, &tw, nullptr, &ty, nullptr));
#ifndef FASTNN_FASTNN_HPP
#define FASTNN_FASTNN_HPP

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "fastnn.h"
#include "program.h"

namespace fastnn {

// A status other than FASTNN_OK, with the sentence of the engine.
class Exception : public std::runtime_error {
 public:
  Exception(fastnn_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
  fastnn_status status() const { return status_; }

 private:
  fastnn_status status_;
};

inline void check(fastnn_status status) {
  if (status != FASTNN_OK) throw Exception(status, fastnn_last_error());
}

template <typename T>
constexpr fastnn_dtype dtype_of() {
  using U = std::remove_const_t<T>;
  if constexpr (std::is_same_v<U, bool>) return {FASTNN_BOOL, 8, 1};
  constexpr std::uint8_t bits = sizeof(U) * 8;
  if constexpr (std::is_floating_point_v<U>) return {FASTNN_FLOAT, bits, 1};
  static_assert(std::is_floating_point_v<U> || std::is_integral_v<U>, "fastnn: no dtype for this type");
  return {static_cast<std::uint8_t>(std::is_signed_v<U> ? FASTNN_INT : FASTNN_UINT), bits, 1};
}

// A contiguous view of host memory; a pointer to const gives a read-only tensor.
template <typename T>
fastnn_tensor tensor(T* data, std::initializer_list<std::int64_t> shape) {
  if (shape.size() > FASTNN_MAX_RANK) throw Exception(FASTNN_INVALID_VALUE, "fastnn::tensor: too many dimensions");
  fastnn_tensor t = fastnn_tensor_from_host(const_cast<std::remove_const_t<T>*>(data), dtype_of<T>(),
                                            static_cast<std::int32_t>(shape.size()), shape.begin());
  if (std::is_const_v<T>) t.flags = FASTNN_READ_ONLY;
  return t;
}

// A context with the defaults; change its fields as needed.
struct Context : fastnn_context {
  Context() { fastnn_context_init(this, sizeof(fastnn_context)); }
};

struct GraphDestroy {
  void operator()(fastnn_graph* graph) const { fastnn_graph_destroy(graph); }
};
struct ProgramDestroy {
  void operator()(fastnn_program* program) const { fastnn_program_destroy(program); }
};
struct RecorderDestroy {
  void operator()(fastnn_recorder* recorder) const { fastnn_recorder_destroy(recorder); }
};
using Graph = std::unique_ptr<fastnn_graph, GraphDestroy>;
using Program = std::unique_ptr<fastnn_program, ProgramDestroy>;
using Recorder = std::unique_ptr<fastnn_recorder, RecorderDestroy>;

}  // namespace fastnn

#endif
