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

// A graph and the scalar cells it points to.
struct Graph {
  fastnn::Graph graph;
  KeptScalars scalars;

  std::string text() const { return text_of(fastnn_graph_text, graph.get()); }

  bool compare(const Graph& other) const {
    int32_t symbolic = 0;
    check(fastnn_graph_compare(graph.get(), other.graph.get(), &symbolic));
    return symbolic != 0;
  }
};

// Records what the thread that enters it runs until it leaves.
class Recorder {
 public:
  Recorder() {
    fastnn_recorder* created = nullptr;
    check(fastnn_recorder_create(&created));
    recorder_.reset(created);
  }
  void enter() {
    if (current_recorder() != nullptr) throw std::runtime_error("record: this thread is recording already");
    exchange_recorder(recorder_.get());
  }
  void exit() { exchange_recorder(nullptr); }
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
    return Graph{fastnn::Graph(graph), scalars_};
  }

 private:
  fastnn::Recorder recorder_;
  KeptScalars scalars_;
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

void register_program(py::module_& module) {
  py::class_<Graph>(module, "Graph", "A recorded step.")
      .def("text", &Graph::text, "The versioned text form.")
      .def("compare", &Graph::compare, py::arg("other"),
           "Raises ValueError when the two differ; True when their batch sizes do: the graph is good for any.");
  py::class_<Recorder>(module, "Recorder", "Writes down what its thread runs between enter and exit.")
      .def(py::init<>())
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
