// register_program.cpp: recording, graphs and programs.
#include <pybind11/stl.h>

#include <algorithm>
#include <map>
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
  const auto checked = [&](char* text, int64_t size) {
    const int64_t length = write(object, text, size);
    if (length < 0) check(static_cast<fastnn_status>(-length));
    return length;
  };
  const int64_t length = checked(nullptr, 0);
  std::string result(static_cast<size_t>(length) + 1, '\0');
  checked(result.data(), length + 1);
  result.pop_back();
  return result;
}

py::dict info_dict(const fastnn_program_info& info) {
  py::dict result;
  result["batch"] = info.batch;
  result["nodes"] = info.nodes;
  result["arena_bytes"] = info.arena_bytes;
  result["value_bytes"] = info.value_bytes;
  result["eager_bytes"] = info.eager_bytes;
  result["moved_bytes"] = info.moved_bytes;
  result["unfused_bytes"] = info.unfused_bytes;
  result["flops"] = static_cast<int64_t>(info.flops);
  result["kept_bytes"] = info.kept_bytes;
  return result;
}

// A graph, the scalar cells it points to, and where in the user's code each op was called.
struct Graph {
  fastnn::Graph graph;
  KeptScalars scalars;
  std::vector<std::string> lines;

  static Graph parse(const std::string& text, const std::string& device) {
    fastnn_graph* parsed = nullptr;
    check(fastnn_graph_parse(text.data(), static_cast<int64_t>(text.size()), device_from_name(device), &parsed));
    return Graph{fastnn::Graph(parsed), {}, {}};
  }

  void bind(const std::map<std::string, ArrayPointer>& tensors,
            const std::map<std::string, std::shared_ptr<Scalar>>& cells) {
    for (const auto& [name, array] : tensors) check(fastnn_graph_bind(graph.get(), name.c_str(), &array->tensor));
    for (const auto& [name, scalar] : cells) {
      check(fastnn_graph_bind_scalar(graph.get(), name.c_str(), &scalar->cell));
      scalars.push_back(scalar);
    }
  }

  std::string text() const { return text_of(fastnn_graph_text, graph.get()); }

  std::vector<double> flops(int64_t batch, const std::string& device) const {
    fastnn_context context = thread_context(device_from_name(device));
    context.recorder = nullptr;
    std::vector<double> counts(static_cast<size_t>(fastnn_graph_nodes(graph.get())));
    check(fastnn_graph_flops(graph.get(), &context, batch, counts.data(), static_cast<int64_t>(counts.size())));
    return counts;
  }

  py::dict plan(int64_t batch, const std::string& device) const {
    fastnn_context context = thread_context(device_from_name(device));
    context.recorder = nullptr;
    fastnn_program_info info{};
    info.struct_size = sizeof(info);
    check(fastnn_graph_plan(graph.get(), &context, batch, &info));
    return info_dict(info);
  }

  std::string planned_text(fastnn_context context, int64_t batch, const std::vector<std::string>& passes) const {
    context.recorder = nullptr;
    std::vector<const char*> names;
    names.reserve(passes.size());
    for (const std::string& pass : passes) names.push_back(pass.c_str());
    const auto write = [&](const fastnn_graph* given, char* text, int64_t size) {
      int64_t length = 0;
      check(fastnn_graph_planned_text(given, &context, batch, names.data(), static_cast<int64_t>(names.size()), text,
                                      size, &length));
      return length;
    };
    return text_of(write, graph.get());
  }

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
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() { exit(); }  // who drops it inside would leave the thread recording into what is gone
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
  int64_t nodes() const { return fastnn_recorder_node_count(recorder_.get()); }
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

fastnn_program_info info_of(const fastnn_program* program) {
  fastnn_program_info info{};
  info.struct_size = sizeof(info);
  check(fastnn_program_get_info(program, &info));
  return info;
}

// Whether memory can be read where it stands.
bool is_usable(const py::array& x) {
  constexpr int kWanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  const char order = x.dtype().byteorder();
  return (x.flags() & kWanted) == kWanted && (order == '=' || order == '|');
}

class Program {
 public:
  Program(std::shared_ptr<const Graph> graph, int64_t batch, const std::string& device) : graph_(std::move(graph)) {
    fastnn_context context = thread_context(device_from_name(device));
    context.recorder = nullptr;
    fastnn_program* created = nullptr;
    check(fastnn_program_create(graph_->graph.get(), &context, batch, &created));
    program_.reset(created);
    info_ = info_of(created);
    arguments_.resize(static_cast<size_t>(info_.arguments));
    for (size_t i = 0; i < arguments_.size(); ++i) {
      arguments_[i].struct_size = sizeof(fastnn_tensor);
      check(fastnn_program_argument(created, static_cast<int64_t>(i), &arguments_[i]));
    }
    results_.resize(static_cast<size_t>(info_.results));
    for (size_t i = 0; i < results_.size(); ++i) {
      results_[i].struct_size = sizeof(fastnn_tensor);
      check(fastnn_program_result(created, static_cast<int64_t>(i), &results_[i]));
    }
    check(fastnn_active_level(&level_));
    context_ = context;
    for (const fastnn_tensor& argument : arguments_) argument_numbers_.push_back(dtype_to_numpy(argument.dtype).num());
  }

  // Whether NumPy's arrays, and ours, are what the program takes, as they stand.
  bool takes(const py::list& given) const {
    if (given.size() != arguments_.size()) return false;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const py::handle value = PyList_GET_ITEM(given.ptr(), static_cast<py::ssize_t>(i));
      const fastnn_tensor& wanted = arguments_[i];
      if (py::isinstance<py::array>(value)) {
        const auto x = py::reinterpret_borrow<py::array>(value);
        if (!is_usable(x) || x.dtype().num() != argument_numbers_[i] || x.ndim() != wanted.rank ||
            !std::equal(wanted.shape, wanted.shape + wanted.rank, x.shape()) || context_.device.type != FASTNN_CPU) {
          return false;
        }
      } else if (!py::isinstance<Array>(value) || !is_like(py::cast<const Array&>(value).tensor, wanted)) {
        return false;
      }
    }
    return true;
  }

  // The results for arguments that it takes.
  std::vector<ArrayPointer> replay(const py::list& given) const {
    if (!takes(given)) throw py::value_error("program: expected arguments that it takes");
    std::vector<fastnn_tensor> inputs = arguments_;
    std::vector<const fastnn_tensor*> pointers;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const py::handle value = PyList_GET_ITEM(given.ptr(), static_cast<py::ssize_t>(i));
      fastnn_tensor& input = inputs[i];
      if (py::isinstance<py::array>(value)) {
        input.data = const_cast<void*>(py::reinterpret_borrow<py::array>(value).data());
        input.byte_offset = 0;
      } else {
        const fastnn_tensor& t = py::cast<const Array&>(value).tensor;
        input.data = t.data;
        input.byte_offset = t.byte_offset;
      }
      input.flags = FASTNN_READ_ONLY;
      pointers.push_back(&input);
    }
    return run(pointers, std::vector<ArrayPointer>(results_.size()));
  }

  // Allocates what is not given and replays. Returns the results.
  std::vector<ArrayPointer> run(const std::vector<ArrayPointer>& arguments,
                                std::optional<std::vector<ArrayPointer>> given) const {
    std::vector<const fastnn_tensor*> inputs;
    inputs.reserve(arguments.size());
    for (const ArrayPointer& array : arguments) inputs.push_back(&array->tensor);
    std::vector<ArrayPointer> results = given ? std::move(*given) : std::vector<ArrayPointer>(results_.size());
    if (results.size() != results_.size()) {
      throw py::value_error("program: expected " + std::to_string(results_.size()) + " results, got " +
                            std::to_string(results.size()));
    }
    return run(inputs, std::move(results));
  }

  // Several steps; how many were done.
  int64_t run_batches(const std::vector<ArrayPointer>& arguments, const std::vector<ArrayPointer>& results,
                      const std::optional<py::array_t<int64_t, py::array::c_style>>& order, int64_t first,
                      int64_t steps, double seconds) const {
    return run_batches(arguments, results, order, first, steps, seconds, nullptr);
  }

  // The same, and the nanoseconds that each node took, taking the batches, and all of it.
  py::tuple profile(const std::vector<ArrayPointer>& arguments, const std::vector<ArrayPointer>& results,
                    const std::optional<py::array_t<int64_t, py::array::c_style>>& order, int64_t first,
                    int64_t steps) const {
    std::vector<int64_t> times(static_cast<size_t>(info_.nodes) + 2);
    const int64_t done = run_batches(arguments, results, order, first, steps, 0, &times);
    py::list nodes;
    for (int64_t node = 0; node < info_.nodes; ++node) {
      const auto write = [node](const fastnn_program* program, char* text, int64_t size) {
        return fastnn_program_node_text(program, node, text, size);
      };
      nodes.append(py::make_tuple(text_of(write, program_.get()), times[static_cast<size_t>(node)]));
    }
    return py::make_tuple(done, nodes, times[times.size() - 2], times.back());
  }

  // One batch of the only argument into a new array that is the only result. Expects that fits says so.
  py::array call(const py::array& x, fastnn_dtype dtype) const {
    fastnn_tensor input = arguments_[0];
    input.dtype = dtype;
    input.data = const_cast<void*>(x.data());
    input.flags = FASTNN_READ_ONLY;
    fastnn_tensor output = results_[0];
    py::array result(dtype_to_numpy(output.dtype), std::vector<py::ssize_t>(output.shape, output.shape + output.rank));
    output.data = result.mutable_data();
    const fastnn_tensor* inputs = &input;
    fastnn_tensor* outputs = &output;
    fastnn_batches batches{};
    batches.struct_size = sizeof(batches);
    batches.arguments = &inputs;
    batches.results = &outputs;
    batches.argument_count = batches.result_count = batches.steps = 1;
    int64_t done = 0;
    fastnn_status status;
    {
      const Unlocked unlocked;
      status = fastnn_program_run_batches(program_.get(), &batches, &done);
    }
    check(status);
    return result;
  }

  // Whether an array is a batch of the only argument, of whatever dtype, and the only result has a row for each sample,
  // and the switches are those that the program was planned under.
  bool fits(const py::array& x) const {
    if (arguments_.size() != 1 || results_.size() != 1) return false;
    const fastnn_tensor& argument = arguments_[0];
    if (x.ndim() != argument.rank || !std::equal(argument.shape, argument.shape + argument.rank, x.shape()))
      return false;
    const char* level = nullptr;
    check(fastnn_active_level(&level));
    const fastnn_context now = thread_context(context_.device);
    return results_[0].rank > 0 && results_[0].shape[0] == info_.batch && level == level_ &&
           now.batch_invariant == context_.batch_invariant && now.precision == context_.precision &&
           now.convolution == context_.convolution;
  }

  std::string text() const { return text_of(fastnn_program_text, program_.get()); }

  std::string planned_text(const std::vector<std::string>& passes) const {
    return graph_->planned_text(context_, info_.batch, passes);
  }

  py::dict info() const { return info_dict(info_); }

 private:
  // A contiguous tensor of that shape and dtype, on the program's device, with memory.
  bool is_like(const fastnn_tensor& t, const fastnn_tensor& wanted) const {
    return t.data != nullptr && t.rank == wanted.rank && std::equal(t.shape, t.shape + t.rank, wanted.shape) &&
           std::equal(t.strides, t.strides + t.rank, wanted.strides) && t.dtype.code == wanted.dtype.code &&
           t.dtype.bits == wanted.dtype.bits && t.device.type == context_.device.type &&
           t.device.index == context_.device.index;
  }

  // Allocates the results that are NULL, and replays.
  std::vector<ArrayPointer> run(const std::vector<const fastnn_tensor*>& inputs,
                                std::vector<ArrayPointer> results) const {
    std::vector<fastnn_tensor*> outputs;
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i] == nullptr) results[i] = Array::allocate(results_[i]);
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

  int64_t run_batches(const std::vector<ArrayPointer>& arguments, const std::vector<ArrayPointer>& results,
                      const std::optional<py::array_t<int64_t, py::array::c_style>>& order, int64_t first,
                      int64_t steps, double seconds, std::vector<int64_t>* times) const {
    std::vector<const fastnn_tensor*> inputs;
    inputs.reserve(arguments.size());
    for (const ArrayPointer& array : arguments) inputs.push_back(&array->tensor);
    std::vector<fastnn_tensor*> outputs;
    outputs.reserve(results.size());
    for (const ArrayPointer& array : results) outputs.push_back(&array->tensor);
    fastnn_batches batches{};
    batches.struct_size = sizeof(batches);
    batches.arguments = inputs.data();
    batches.argument_count = static_cast<int64_t>(inputs.size());
    batches.results = outputs.data();
    batches.result_count = static_cast<int64_t>(outputs.size());
    if (order) {
      batches.order = order->data();
      batches.order_count = order->size();
    }
    batches.first = first;
    batches.steps = steps;
    batches.nanoseconds = static_cast<int64_t>(seconds * 1e9);
    if (times != nullptr) {
      batches.times = times->data();
      batches.time_count = static_cast<int64_t>(times->size());
    }
    int64_t done = 0;
    fastnn_status status;
    {
      const Unlocked unlocked;
      status = fastnn_program_run_batches(program_.get(), &batches, &done);
    }
    // what failed after whole steps fails again when it comes first: then the caller knows which step it was
    if (done == 0) check(status);
    return done;
  }

  std::shared_ptr<const Graph> graph_;  // with the scalar cells
  fastnn::Program program_;
  fastnn_program_info info_{};
  std::vector<fastnn_tensor> arguments_, results_;  // shapes and dtypes
  std::vector<int> argument_numbers_;               // dtypes, as NumPy counts
  const char* level_ = nullptr;
  fastnn_context context_{};
};

// What is at one of the places that `differ` looks at; missing when nothing is.
py::object value_at(const py::handle holder, const py::handle name, const py::handle missing) {
  PyObject* found;
  if (PyCell_Check(holder.ptr())) {
    found = PyCell_Get(holder.ptr());
  } else if (PyDict_Check(holder.ptr())) {
    found = PyDict_GetItemWithError(holder.ptr(), name.ptr());
    Py_XINCREF(found);
  } else if (Py_TYPE(holder.ptr()) == &PyDictProxy_Type) {  // a class's
    found = PyObject_GetItem(holder.ptr(), name.ptr());
    if (found == nullptr && PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Clear();
  } else {
    found = PyObject_GetAttr(holder.ptr(), name.ptr());
  }
  if (PyErr_Occurred()) throw py::error_already_set();
  return found == nullptr ? py::reinterpret_borrow<py::object>(missing) : py::reinterpret_steal<py::object>(found);
}

// Whether another object than before is at one of some places: (a namespace or an object, a name), (a cell, None); of
// (a namespace, None) it is the length that counts.
bool differ(const py::list& where, const py::list& before, const py::object& missing) {
  for (size_t i = 0; i < where.size(); ++i) {
    if (i >= before.size()) throw py::value_error("differ: expected as many values before as places");
    // held, for looking at a place may run code that changes the lists
    const py::object place = where[i], was = before[i];
    if (!PyTuple_Check(place.ptr()) || PyTuple_GET_SIZE(place.ptr()) != 2) {
      throw py::type_error("differ: expected a holder and a name as a place, got " +
                           py::str(py::type::of(place)).cast<std::string>());
    }
    const py::handle holder = PyTuple_GET_ITEM(place.ptr(), 0);
    const py::handle name = PyTuple_GET_ITEM(place.ptr(), 1);
    if (name.is_none() && !PyCell_Check(holder.ptr())) {
      if (py::len(holder) != py::cast<size_t>(was)) return true;
    } else if (!value_at(holder, name, missing).is(was)) {
      return true;
    }
  }
  return false;
}

// The programs of a step that were asked for last, by what is given: the way from an array to a result without Python.
class Shortcuts {
 public:
  // The program takes arrays like x, whose dtype it may have to convert.
  void add(const std::shared_ptr<Program>& program, const py::array& x) {
    if (!is_usable(x) || !program->fits(x)) return;
    fastnn_dtype dtype;
    try {
      dtype = dtype_from_numpy(x.dtype());
    } catch (const py::type_error&) {
      return;  // one that NumPy converts
    }
    if (entries_.size() == kMost) entries_.pop_back();
    entries_.insert(entries_.begin(), Entry{program, x.dtype().num(), dtype});
  }

  void clear() { entries_.clear(); }

  // The result, or None when no program is known for x, or it has more samples than `most`.
  py::object call(const py::object& given, int64_t most) {
    if (!py::isinstance<py::array>(given)) return py::none();
    const auto x = py::reinterpret_borrow<py::array>(given);
    if (!is_usable(x) || x.ndim() == 0 || x.shape(0) > most) return py::none();
    const int number = x.dtype().num();
    for (const Entry& entry : entries_) {
      if (entry.number != number || !entry.program->fits(x)) continue;
      const std::shared_ptr<Program> program = entry.program;  // another thread may clear the list meanwhile
      return program->call(x, entry.dtype);
    }
    return py::none();
  }

 private:
  static constexpr size_t kMost = 8;
  struct Entry {
    std::shared_ptr<Program> program;
    int number;  // of the dtype, as NumPy counts
    fastnn_dtype dtype;
  };

  std::vector<Entry> entries_;
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
  py::class_<Graph, std::shared_ptr<Graph>>(module, "Graph", "A recorded step.")
      .def_static("parse", &Graph::parse, py::arg("text"), py::arg("device") = "cpu",
                  "The graph that a text form describes; bind tensors and scalars to it before making programs.")
      .def("bind", &Graph::bind, py::arg("tensors"),
           py::arg("scalars") = std::map<std::string, std::shared_ptr<Scalar>>{},
           "Gives state and constants their memory, and scalars their cells, by name.")
      .def("text", &Graph::text, "The versioned text form.")
      .def("flops", &Graph::flops, py::arg("batch"), py::arg("device") = "cpu",
           "The floating-point operations of each node at a batch size.")
      .def("plan", &Graph::plan, py::arg("batch"), py::arg("device") = "cpu",
           "What a program would take at a batch size: as Program.info.")
      .def(
          "planned_text",
          [](const Graph& graph, int64_t batch, const std::vector<std::string>& passes) {
            return graph.planned_text(thread_context(fastnn_device{FASTNN_CPU, 0}), batch, passes);
          },
          py::arg("batch"), py::arg("passes"),
          "What some of the planner's passes alone, in their order, make of the graph: as Program.text.")
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
      .def_property_readonly("nodes", &Recorder::nodes, "How many ops have been recorded.")
      .def("finish", &Recorder::finish, "Ends the recording; returns the Graph.");
  py::class_<Program, std::shared_ptr<Program>>(module, "Program", "A graph planned for one batch size.")
      .def(py::init<std::shared_ptr<Graph>, int64_t, const std::string&>(), py::arg("graph"), py::arg("batch"),
           py::arg("device") = "cpu")
      .def("takes", &Program::takes, py::arg("given"), "Whether `replay` can be called with such arguments.")
      .def("replay", &Program::replay, py::arg("given"), "As `run`, with NumPy's arrays and ours that it `takes`.")
      .def("run",
           py::overload_cast<const std::vector<ArrayPointer>&, std::optional<std::vector<ArrayPointer>>>(&Program::run,
                                                                                                         py::const_),
           py::arg("arguments"), py::arg("results") = py::none(),
           "Replays with contiguous arguments; results that are None, or all without a list, are allocated.")
      .def(
          "run_batches",
          py::overload_cast<const std::vector<ArrayPointer>&, const std::vector<ArrayPointer>&,
                            const std::optional<py::array_t<int64_t, py::array::c_style>>&, int64_t, int64_t, double>(
              &Program::run_batches, py::const_),
          py::arg("arguments"), py::arg("results"), py::arg("order"), py::arg("first"), py::arg("steps"),
          py::arg("seconds") = 0.0,
          "Replays with one batch of the arguments after the other, of samples in an order or as they stand, into rows "
          "of the results; begins no step after so many seconds. Returns the number of steps: fewer than asked for "
          "when "
          "one fails, which raises when it is the first one.")
      .def("profile", &Program::profile, py::arg("arguments"), py::arg("results"), py::arg("order"), py::arg("first"),
           py::arg("steps"),
           "Replays as run_batches does. Returns the number of steps, a line and the nanoseconds for each node, those "
           "for taking batches, and those for all.")
      .def("text", &Program::text, "What the plan made of the graph: ops, shapes, bytes, offsets.")
      .def("planned_text", &Program::planned_text, py::arg("passes"),
           "The text when only some of the planner's passes, in their order, had run.")
      .def_property_readonly("info", &Program::info);
  module.def(
      "passes",
      [] {
        std::vector<std::string> names(static_cast<size_t>(fastnn_pass_count()));
        for (size_t i = 0; i < names.size(); ++i) names[i] = fastnn_pass_name(static_cast<int64_t>(i));
        return names;
      },
      "The passes that make a plan of a graph, in the order they run.");
  module.def("differ", &differ, py::arg("where"), py::arg("before"), py::arg("missing"),
             "Whether another object than before is at one of some places of Python's.");
  py::class_<Shortcuts>(module, "Shortcuts", "Programs from an array to an array, by the array's shape and dtype.")
      .def(py::init<>())
      .def("add", &Shortcuts::add, py::arg("program"), py::arg("x"), "Let the program be called with arrays like x.")
      .def("clear", &Shortcuts::clear)
      .def("__call__", &Shortcuts::call, py::arg("x"), py::arg("most"),
           "The result in a new array; None when no program is known for x, or it has more samples than that.");
}

}  // namespace fastnn::bindings
