// register_program.cpp: recording, graphs and programs.
#include <pybind11/stl.h>

#include <optional>

#include "bindings/array.h"
#include "bindings/gil.h"
#include "fastnn/fastnn.hpp"

namespace fastnn::bindings {
namespace {

using KeptScalars = std::vector<std::shared_ptr<Scalar>>;

// The text that a function of the C ABI writes of an object.
template <typename Write, typename Object>
std::string text_of(Write&& write, const Object* object) {
  const int64_t length = write(object, nullptr, 0);
  if (length < 0) check(FASTNN_INTERNAL);
  std::string result(static_cast<size_t>(length) + 1, '\0');
  write(object, result.data(), length + 1);
  result.pop_back();
  return result;
}

// A graph, the scalar cells it points to, and where in the user's code each op was called.
struct Graph {
  fastnn::Graph graph;
  KeptScalars scalars;
  std::vector<std::string> lines;

  std::string text() const { return text_of(fastnn_graph_text, graph.get()); }

  bool compare(const Graph& other) const {
    int32_t symbolic = 0;
    check(fastnn_graph_compare(graph.get(), other.graph.get(), &symbolic));
    return symbolic != 0;
  }
};

class Recorder;
thread_local Recorder* entered = nullptr;

// Records what the thread that enters it runs until it leaves.
class Recorder {
 public:
  Recorder(bool in_order, py::object refused, py::object where)
      : refused_(std::move(refused)), where_(std::move(where)) {
    fastnn_recorder* created = nullptr;
    check(fastnn_recorder_create(&created));
    recorder_.reset(created);
    if (in_order) check(fastnn_recorder_in_order(created));
  }
  void enter() {
    if (current_recorder() != nullptr) throw std::runtime_error("record: this thread is recording already");
    exchange_recorder(recorder_.get());
    entered = this;
  }
  // Leaves, if the thread is still inside.
  void exit() {
    if (entered != this) return;
    exchange_recorder(nullptr);
    entered = nullptr;
  }
  // Whether the owner goes on without recording.
  bool give_up(const char* reason) {
    if (refused_.is_none()) return false;
    const std::string copied = reason;
    exit();
    refused_(copied);
    return true;
  }
  void note_line() {
    if (where_.is_none()) return;
    const size_t count = static_cast<size_t>(fastnn_recorder_node_count(recorder_.get()));
    if (count > lines_.size()) lines_.resize(count, py::str(where_()).cast<std::string>());
  }
  void advance(const std::shared_ptr<Scalar>& scalar, int64_t amount) {
    check(fastnn_recorder_advance(recorder_.get(), &scalar->cell, amount));
  }
  void argument(const Array& array, const std::string& name, bool batched) {
    check(fastnn_recorder_argument(recorder_.get(), &array.tensor, name.c_str(), batched));
  }
  void state(const Array& array, const std::string& name) {
    check(fastnn_recorder_state(recorder_.get(), &array.tensor, name.c_str()));
  }
  void scalar(const std::shared_ptr<Scalar>& scalar, const std::string& name, int64_t advance) {
    if (scalar->is_float() && advance != 0)
      throw py::value_error("record: scalar " + name + " is no integer to advance");
    check(fastnn_recorder_scalar(recorder_.get(), &scalar->cell, name.c_str(), advance));
    scalars_.push_back(scalar);
  }
  void result(const Array& array, const std::string& name) {
    check(fastnn_recorder_result(recorder_.get(), &array.tensor, name.c_str()));
  }
  Graph finish() {
    fastnn_graph* graph = nullptr;
    check(fastnn_recorder_finish(recorder_.get(), &graph));
    return Graph{fastnn::Graph(graph), scalars_, lines_};
  }

 private:
  fastnn::Recorder recorder_;
  KeptScalars scalars_;
  py::object refused_;
  py::object where_;
  std::vector<std::string> lines_;
};

class Program {
 public:
  Program(const Graph& graph, int64_t batch, const std::string& device) : scalars_(graph.scalars) {
    fastnn_context context = thread_context(device_from_name(device));
    context.recorder = nullptr;
    fastnn_program* created = nullptr;
    check(fastnn_program_create(graph.graph.get(), &context, batch, &created));
    program_.reset(created);
  }

  // Allocates what is not given and replays. Returns the results.
  std::vector<ArrayPointer> run(const std::vector<ArrayPointer>& arguments,
                                std::optional<std::vector<ArrayPointer>> given) const {
    std::vector<const fastnn_tensor*> inputs;
    for (const ArrayPointer& array : arguments) inputs.push_back(&array->tensor);
    std::vector<fastnn_tensor*> outputs;
    std::vector<ArrayPointer> results =
        given ? std::move(*given) : std::vector<ArrayPointer>(static_cast<size_t>(raw_info().results));
    if (static_cast<int64_t>(results.size()) != raw_info().results) {
      throw py::value_error("program: expected " + std::to_string(raw_info().results) + " results, got " +
                            std::to_string(results.size()));
    }
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i] == nullptr) {
        fastnn_tensor described{};
        described.struct_size = sizeof(described);
        check(fastnn_program_result(program_.get(), static_cast<int64_t>(i), &described));
        results[i] = Array::allocate(described);
      }
      outputs.push_back(&results[i]->tensor);
    }
    fastnn_status status;
    {
      const Unlocked unlocked;
      status = fastnn_program_run(program_.get(), inputs.data(), static_cast<int64_t>(inputs.size()), outputs.data(),
                                  static_cast<int64_t>(outputs.size()));
    }
    check(status);
    return results;
  }

  std::string text() const { return text_of(fastnn_program_text, program_.get()); }

  py::dict info() const {
    const fastnn_program_info info = raw_info();
    py::dict result;
    result["batch"] = info.batch;
    result["nodes"] = info.nodes;
    result["arena_bytes"] = info.arena_bytes;
    result["value_bytes"] = info.value_bytes;
    result["moved_bytes"] = info.moved_bytes;
    result["unfused_bytes"] = info.unfused_bytes;
    return result;
  }

 private:
  fastnn_program_info raw_info() const {
    fastnn_program_info info{};
    info.struct_size = sizeof(info);
    check(fastnn_program_get_info(program_.get(), &info));
    return info;
  }

  KeptScalars scalars_;
  fastnn::Program program_;
};

}  // namespace

bool recording_given_up(const fastnn_recorder* recorder) {
  return recorder != nullptr && entered != nullptr && fastnn_recorder_refused(recorder) != 0 &&
         entered->give_up(fastnn_last_error());
}

void note_recorded(const fastnn_recorder* recorder) {
  if (recorder != nullptr && entered != nullptr) entered->note_line();
}

void register_program(py::module_& module) {
  py::class_<Graph>(module, "Graph", "A recorded step.")
      .def("text", &Graph::text, "The versioned text form.")
      .def("compare", &Graph::compare, py::arg("other"),
           "Raises ValueError when the two differ; True when their batch sizes do: the graph is good for any.")
      .def_readonly("lines", &Graph::lines, "Where in the user's code each op was called, in the order of the calls.");
  py::class_<Recorder>(module, "Recorder", "Writes down what its thread runs between enter and exit.")
      .def(py::init<bool, py::object, py::object>(), py::arg("in_order") = false, py::arg("refused") = py::none(),
           py::arg("where") = py::none(),
           "in_order: state may be written anywhere. refused: called with the reason when an op may not be part of the "
           "step; the thread has left the recorder then, and the op runs all the same. where: names the line of the "
           "user's code that is running.")
      .def("__enter__",
           [](Recorder& recorder) -> Recorder& {
             recorder.enter();
             return recorder;
           })
      .def("__exit__", [](Recorder& recorder, const py::args&) { recorder.exit(); })
      .def("argument", &Recorder::argument, py::arg("array"), py::arg("name"), py::arg("batched"))
      .def("state", &Recorder::state, py::arg("array"), py::arg("name"))
      .def("scalar", &Recorder::scalar, py::arg("scalar"), py::arg("name"), py::arg("advance") = 0)
      .def("result", &Recorder::result, py::arg("array"), py::arg("name"))
      .def("advance", &Recorder::advance, py::arg("scalar"), py::arg("amount"),
           "The step adds to a registered integer: ops from here on read it so much higher.")
      .def("finish", &Recorder::finish, "Ends the recording; returns the Graph.");
  py::class_<Program>(module, "Program", "A graph planned for one batch size.")
      .def(py::init<const Graph&, int64_t, const std::string&>(), py::arg("graph"), py::arg("batch"),
           py::arg("device") = "cpu")
      .def("run", &Program::run, py::arg("arguments"), py::arg("results") = py::none(),
           "Replays with contiguous arguments; results that are None, or all without a list, are allocated.")
      .def("text", &Program::text, "What the plan made of the graph: ops, shapes, bytes, offsets.")
      .def_property_readonly("info", &Program::info);
}

}  // namespace fastnn::bindings
