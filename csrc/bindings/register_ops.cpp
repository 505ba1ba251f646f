// register_ops.cpp: one callable for every op of the table, made from its schema.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "bindings/array.h"
#include "bindings/gil.h"
#include "fastnn/plugin.h"

namespace fastnn::bindings {
namespace {

constexpr int64_t kMaxOutputs = 8;
constexpr int64_t kMaxSlots = 64;

[[noreturn]] void bad_attribute(const fastnn_schema& schema, const fastnn_attribute_schema& attribute,
                                const std::string& expected, py::handle got) {
  throw py::value_error(std::string(schema.name) + ": expected " + attribute.name + " " + expected + ", got " +
                        py::repr(got).cast<std::string>());
}

// The arguments of one call, held until it is over.
struct Arguments {
  std::vector<ArrayPointer> held;
  std::vector<const fastnn_tensor*> inputs;
  size_t block_size = 0;
  int64_t block[1 + kMaxSlots];
  std::vector<const fastnn_scalar*> scalars;
  bool has_scalars = false;
};

std::string_view text_of(py::handle text) {
  Py_ssize_t size = 0;
  const char* characters = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (characters == nullptr) throw py::error_already_set();
  return {characters, static_cast<size_t>(size)};
}

// A tensor over the memory of a NumPy array, which must outlive it; nothing for what isn't plain: other objects, other
// dtypes or byte orders, memory not aligned to the elements.
std::optional<fastnn_tensor> plain_tensor(py::handle value) {
  using Numpy = py::detail::npy_api;
  static PyTypeObject* const array_type = Numpy::get().PyArray_Type_;
  if (Py_TYPE(value.ptr()) != array_type) return std::nullopt;
  const auto* array = py::detail::array_proxy(value.ptr());
  const py::dtype dtype = py::reinterpret_borrow<py::dtype>(array->descr);
  if ((array->flags & Numpy::NPY_ARRAY_ALIGNED_) == 0 || array->nd > FASTNN_MAX_RANK) return std::nullopt;
  fastnn_tensor t{};
  t.struct_size = sizeof(fastnn_tensor);
  switch (dtype.num()) {
    case Numpy::NPY_FLOAT_:
      t.dtype = {FASTNN_FLOAT, 32, 1};
      break;
    case Numpy::NPY_DOUBLE_:
      t.dtype = {FASTNN_FLOAT, 64, 1};
      break;
    case Numpy::NPY_INT32_:
      t.dtype = {FASTNN_INT, 32, 1};
      break;
    case Numpy::NPY_INT64_:
      t.dtype = {FASTNN_INT, 64, 1};
      break;
    case Numpy::NPY_UINT8_:
      t.dtype = {FASTNN_UINT, 8, 1};
      break;
    case Numpy::NPY_BOOL_:
      t.dtype = {FASTNN_BOOL, 8, 1};
      break;
    default:
      return std::nullopt;
  }
  if (dtype.byteorder() != '=' && dtype.byteorder() != '|') return std::nullopt;
  const int64_t item = t.dtype.bits / 8;
  t.data = array->data;
  t.device = {FASTNN_CPU, 0};
  t.rank = array->nd;
  t.flags = (array->flags & Numpy::NPY_ARRAY_WRITEABLE_) != 0 ? 0 : FASTNN_READ_ONLY;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    if (array->strides[axis] % item != 0) return std::nullopt;
    t.shape[axis] = array->dimensions[axis];
    t.strides[axis] = array->strides[axis] / item;
  }
  return t;
}

// The arguments of a call on NumPy arrays.
struct Plain {
  std::vector<fastnn_tensor> tensors;  // room for all of them is there, so that addresses stay
  std::vector<const fastnn_tensor*> inputs;
  Py_ssize_t length = -1;  // of the call's lists, once known

  Plain(const fastnn_schema& schema, const py::tuple& given) {
    size_t room = static_cast<size_t>(schema.output_count);
    for (const py::handle value : given) room += is_list(value) ? py::len(value) : 1;
    tensors.reserve(room);
    inputs.reserve(room);
  }

  // Null for what isn't plain.
  fastnn_tensor* add(py::handle value) {
    const std::optional<fastnn_tensor> tensor = plain_tensor(value);
    return tensor ? &tensors.emplace_back(*tensor) : nullptr;
  }

  // Whether an input, or the list it is, was plain.
  bool add_input(const fastnn_argument_schema& argument, py::handle value) {
    if (argument.variadic == 0) return add_item(argument, value);
    if (!is_list(value)) return false;
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(value.ptr());
    if (length < 0) length = size;
    if (size == 0 && argument.optional != 0) {  // an absent list stands as nulls
      inputs.insert(inputs.end(), static_cast<size_t>(length), nullptr);
      return true;
    }
    bool all_plain = size == length;
    for (Py_ssize_t i = 0; i < size && all_plain; ++i) {
      all_plain = add_item(argument, PySequence_Fast_GET_ITEM(value.ptr(), i));
    }
    return all_plain;
  }

 private:
  static bool is_list(py::handle value) { return PyList_CheckExact(value.ptr()) || PyTuple_CheckExact(value.ptr()); }

  bool add_item(const fastnn_argument_schema& argument, py::handle value) {
    const fastnn_tensor* const tensor = value.is_none() ? nullptr : add(value);
    inputs.push_back(tensor);
    if (tensor == nullptr) return value.is_none();
    return argument.role != FASTNN_UPDATE || (tensor->flags & FASTNN_READ_ONLY) == 0;
  }
};

// A callable for one op.
class Op {
 public:
  explicit Op(const fastnn_op* op) : op_(op), schema_(fastnn_op_schema(op)) {
    for (int32_t i = 0; i < schema_->attribute_count; ++i) runtime_count_ += schema_->attributes[i].runtime != 0;
  }

  const fastnn_op* get() const { return op_; }
  const fastnn_schema& schema() const { return *schema_; }

  // Reads inputs and attributes; `skip` names keywords that are not attributes.
  void read(Arguments& arguments, const py::tuple& inputs, const py::dict& keywords) const {
    read_inputs(arguments, inputs);
    read_attributes(arguments, keywords);
  }

  void read_attributes(Arguments& arguments, const py::dict& keywords) const {
    set_defaults(arguments);
    for (const auto& [key, value] : keywords) {
      const std::string_view name = text_of(key);
      if (name == "out" || name == "accumulate" || name == "wanted") continue;
      read_attribute(arguments, name, value);
    }
  }

  fastnn_call make_call(const Arguments& arguments, const fastnn_context& context) const {
    fastnn_call call{};
    call.struct_size = sizeof(call);
    call.context = &context;
    call.inputs = arguments.inputs.data();
    call.input_count = static_cast<int64_t>(arguments.inputs.size());
    call.attributes = arguments.block;
    call.scalars = arguments.has_scalars ? arguments.scalars.data() : nullptr;
    return call;
  }

  fastnn_device device(const Arguments& arguments) const {
    for (const fastnn_tensor* t : arguments.inputs) {
      if (t != nullptr) return t->device;
    }
    return {FASTNN_CPU, 0};
  }

  py::object operator()(const py::args& inputs, const py::kwargs& keywords) const {
    Arguments arguments;
    read(arguments, inputs, keywords);
    fastnn_context context = thread_context(device(arguments));
    admit_constants(arguments);
    fastnn_call call = make_call(arguments, context);
    call.output_count = schema_->output_count;
    call.accumulate = keywords.contains("accumulate") ? keywords["accumulate"].cast<uint64_t>() : 0;
    const uint64_t wanted = keywords.contains("wanted") ? keywords["wanted"].cast<uint64_t>() : ~uint64_t{0};

    fastnn_tensor described[kMaxOutputs];
    fastnn_tensor* outputs[kMaxOutputs] = {};
    for (int32_t i = 0; i < schema_->output_count; ++i) {
      described[i] = {};
      described[i].struct_size = sizeof(fastnn_tensor);
      if (((wanted >> i) & 1) != 0) outputs[i] = &described[i];
    }
    call.outputs = outputs;
    check(fastnn_infer(op_, &call, nullptr));

    std::vector<ArrayPointer> results = given_outputs(keywords);
    for (size_t i = 0; i < results.size(); ++i) {
      if (outputs[i] == nullptr) continue;
      if (results[i] == nullptr) {
        if (((call.accumulate >> i) & 1) != 0) {
          throw py::value_error(std::string(schema_->name) + ": accumulating needs out");
        }
        const bool view = schema_->is_view != 0 && i == 0 && can_view(arguments);
        results[i] = view                  ? arguments.held[0]->view(described[i])
                     : abstract(arguments) ? Array::abstract(described[i])
                                           : Array::allocate(described[i]);
      }
      outputs[i] = &results[i]->tensor;
    }
    fastnn_status status;
    {
      const Unlocked unlocked;
      status = fastnn_run(op_, &call);
    }
    if (status != FASTNN_OK && recording_given_up(context.recorder)) {
      context.recorder = nullptr;
      const Unlocked unlocked;
      status = fastnn_run(op_, &call);
    }
    check(status);
    note_recorded(context.recorder);
    if (results.empty()) return py::none();
    if (results.size() == 1) return py::cast(results[0]);
    py::tuple tuple(results.size());
    for (size_t i = 0; i < results.size(); ++i) {
      tuple[i] = outputs[i] == nullptr ? py::object(py::none()) : py::cast(results[i]);
    }
    return tuple;
  }

  // The short way for NumPy arrays: runs the op on their memory, without an Array for each, and says whether it did. It
  // leaves everything unusual to the call above, errors about arguments included. values: of the attributes that
  // keywords, a tuple or null, names.
  bool into(const py::tuple& inputs, const py::tuple& outputs, py::handle accumulate, PyObject* keywords,
            PyObject* const* values) const {
    if (current_recorder() != nullptr || schema_->is_view != 0 || !PyBool_Check(accumulate.ptr())) return false;
    if (static_cast<int32_t>(inputs.size()) != schema_->input_count ||
        static_cast<int32_t>(outputs.size()) != schema_->output_count) {
      return false;
    }
    Plain plain(*schema_, inputs);
    fastnn_tensor* written[kMaxOutputs];
    for (int32_t i = 0; i < schema_->input_count; ++i) {
      if (!plain.add_input(schema_->inputs[i], PyTuple_GET_ITEM(inputs.ptr(), i))) return false;
    }
    for (int32_t i = 0; i < schema_->output_count; ++i) {
      written[i] = plain.add(PyTuple_GET_ITEM(outputs.ptr(), i));
      if (written[i] == nullptr || (written[i]->flags & FASTNN_READ_ONLY) != 0) return false;
    }
    Arguments arguments;
    set_defaults(arguments);
    const Py_ssize_t attribute_count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t i = 0; i < attribute_count; ++i) {
      read_attribute(arguments, text_of(PyTuple_GET_ITEM(keywords, i)), values[i]);
    }
    const fastnn_context context = thread_context({FASTNN_CPU, 0});
    fastnn_call call = make_call(arguments, context);
    call.inputs = plain.inputs.data();
    call.input_count = static_cast<int64_t>(plain.inputs.size());
    call.outputs = written;
    call.output_count = schema_->output_count;
    call.accumulate = accumulate.is(py::handle(Py_True)) ? 1 : 0;
    fastnn_status status;
    {
      const Unlocked unlocked;
      status = fastnn_run(op_, &call);
    }
    check(status);
    return true;
  }

  static void admit_constants(const Arguments& arguments) {
    fastnn_recorder* recorder = current_recorder();
    if (recorder == nullptr) return;
    for (const ArrayPointer& array : arguments.held) {
      if (array != nullptr && array->constant) check(fastnn_recorder_constant(recorder, &array->tensor, "constant"));
    }
  }

 private:
  void set_defaults(Arguments& arguments) const {
    const size_t slot_bytes = static_cast<size_t>(schema_->slot_count) * sizeof(int64_t);
    const size_t struct_size = sizeof(size_t) + slot_bytes;
    std::memcpy(arguments.block, &struct_size, sizeof(struct_size));
    if (slot_bytes > 0) std::memcpy(arguments.block + 1, schema_->defaults, slot_bytes);
    arguments.scalars.assign(static_cast<size_t>(runtime_count_), nullptr);
  }

  void add_input(Arguments& arguments, py::handle value, const char* name) const {
    if (value.is_none()) {
      arguments.held.push_back(nullptr);
      arguments.inputs.push_back(nullptr);
      return;
    }
    if (!py::isinstance<Array>(value)) {
      throw py::type_error(std::string(schema_->name) + ": expected an Array for " + name + ", got " +
                           py::str(py::type::of(value)).cast<std::string>());
    }
    arguments.held.push_back(value.cast<ArrayPointer>());
    arguments.inputs.push_back(&arguments.held.back()->tensor);
  }

  void read_inputs(Arguments& arguments, const py::tuple& inputs) const {
    if (static_cast<int32_t>(inputs.size()) > schema_->input_count) {
      throw py::type_error(std::string(schema_->name) + ": expected " + std::to_string(schema_->input_count) +
                           " inputs, got " + std::to_string(inputs.size()));
    }
    const char* first_list = nullptr;
    size_t list_length = 0;
    for (int32_t i = 0; i < schema_->input_count; ++i) {
      const fastnn_argument_schema& argument = schema_->inputs[i];
      const bool given = i < static_cast<int32_t>(inputs.size());
      if (argument.variadic != 0) {
        const size_t before = arguments.inputs.size();
        if (given) {
          for (const py::handle item : inputs[static_cast<size_t>(i)]) add_input(arguments, item, argument.name);
        }
        const size_t length = arguments.inputs.size() - before;
        if (first_list == nullptr) {
          first_list = argument.name;
          list_length = length;
        } else if (length == 0 && argument.optional != 0) {
          // an absent list stands as nulls, so that every list of the call has the first one's length
          for (size_t n = 0; n < list_length; ++n) add_input(arguments, py::none(), argument.name);
        } else if (length != list_length) {
          throw py::value_error(std::string(schema_->name) + ": expected as many " + argument.name + " as " +
                                first_list + ", " + std::to_string(list_length) + ", got " + std::to_string(length));
        }
      } else {
        add_input(arguments, given ? py::object(inputs[static_cast<size_t>(i)]) : py::none(), argument.name);
      }
    }
  }

  void read_attribute(Arguments& arguments, std::string_view name, py::handle value) const {
    int32_t runtime = 0;
    for (int32_t i = 0; i < schema_->attribute_count; ++i) {
      const fastnn_attribute_schema& attribute = schema_->attributes[i];
      if (name != attribute.name) {
        runtime += attribute.runtime != 0;
        continue;
      }
      int64_t* slot = arguments.block + 1 + attribute.slot;
      if (attribute.runtime != 0 && py::isinstance<Scalar>(value)) {
        const Scalar& scalar = value.cast<const Scalar&>();
        if (scalar.is_float() != (attribute.kind == FASTNN_ATTRIBUTE_FLOAT)) {
          throw py::type_error(std::string(schema_->name) + ": " + attribute.name + " got a Scalar of the other kind");
        }
        arguments.scalars[static_cast<size_t>(runtime)] = &scalar.cell;
        arguments.has_scalars = true;
        *slot = scalar.cell.value.integer;
        return;
      }
      write_slots(attribute, value, slot);
      return;
    }
    throw py::type_error(std::string(schema_->name) + ": got an unexpected argument '" + std::string(name) + "'");
  }

  void write_slots(const fastnn_attribute_schema& attribute, py::handle value, int64_t* slot) const {
    switch (attribute.kind) {
      case FASTNN_ATTRIBUTE_FLOAT: {
        const double number = to_float(schema_->name, attribute.name, value);
        std::memcpy(slot, &number, sizeof(number));
        return;
      }
      case FASTNN_ATTRIBUTE_BOOL:
        *slot = to_bool(schema_->name, attribute.name, value);
        return;
      case FASTNN_ATTRIBUTE_ENUM: {
        std::string choices;
        for (int64_t c = 0; attribute.choices[c] != nullptr; ++c) {
          if (py::isinstance<py::str>(value) && value.cast<std::string>() == attribute.choices[c]) {
            *slot = c;
            return;
          }
          choices += (c > 0 ? ", '" : "'") + std::string(attribute.choices[c]) + "'";
        }
        bad_attribute(*schema_, attribute, "to be one of " + choices, value);
      }
      case FASTNN_ATTRIBUTE_INTS:
      case FASTNN_ATTRIBUTE_LIST: {
        if (!py::isinstance<py::sequence>(value)) {
          throw py::type_error(std::string(schema_->name) + ": expected a sequence of integers for " + attribute.name +
                               ", got " + py::repr(value).cast<std::string>());
        }
        const py::sequence items = py::reinterpret_borrow<py::sequence>(value);
        const int64_t count = static_cast<int64_t>(items.size());
        if (attribute.kind == FASTNN_ATTRIBUTE_LIST) {
          if (count > FASTNN_MAX_RANK) {
            bad_attribute(*schema_, attribute, "of at most " + std::to_string(FASTNN_MAX_RANK) + " entries", value);
          }
          *slot++ = count;
        } else if (count != attribute.count) {
          bad_attribute(*schema_, attribute, "of " + std::to_string(attribute.count) + " integers", value);
        }
        for (int64_t i = 0; i < count; ++i) {
          slot[i] = to_int(schema_->name, attribute.name, py::object(items[static_cast<size_t>(i)]));
        }
        return;
      }
      default:
        *slot = to_int(schema_->name, attribute.name, value);
    }
  }

  // out=None, out=array or out=(array | None, ...), as arrays by output.
  std::vector<ArrayPointer> given_outputs(const py::dict& keywords) const {
    std::vector<ArrayPointer> results(static_cast<size_t>(schema_->output_count));
    if (!keywords.contains("out")) return results;
    const py::object out = keywords["out"];
    if (out.is_none()) return results;
    if (py::isinstance<Array>(out)) {
      if (results.size() != 1) {
        throw py::type_error(std::string(schema_->name) + ": expected out to have an array for each result");
      }
      results[0] = out.cast<ArrayPointer>();
      return results;
    }
    const py::sequence items = out.cast<py::sequence>();
    if (items.size() != results.size()) {
      throw py::value_error(std::string(schema_->name) + ": expected out to have " + std::to_string(results.size()) +
                            " entries, got " + std::to_string(items.size()));
    }
    for (size_t i = 0; i < results.size(); ++i) {
      const py::object item = items[i];
      if (!item.is_none()) results[i] = item.cast<ArrayPointer>();
    }
    return results;
  }

  static bool abstract(const Arguments& arguments) {
    return std::any_of(arguments.inputs.begin(), arguments.inputs.end(),
                       [](const fastnn_tensor* t) { return t != nullptr && (t->flags & FASTNN_ABSTRACT) != 0; });
  }

  bool can_view(const Arguments& arguments) const {
    if (schema_->inputs[0].layout == FASTNN_ANY_STRIDES) return true;
    int64_t expected = 1;
    const fastnn_tensor& t = *arguments.inputs[0];
    for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
      if (t.shape[axis] != 1 && t.strides[axis] != expected) return false;
      expected *= t.shape[axis];
    }
    return true;
  }

  const fastnn_op* op_;
  const fastnn_schema* schema_;
  int32_t runtime_count_ = 0;
};

py::dict schema_dict(const fastnn_schema& schema) {
  const auto arguments = [](const fastnn_argument_schema* list, int32_t count) {
    static constexpr const char* roles[] = {"read", "shape", "update"};
    static constexpr const char* layouts[] = {"contiguous", "last", "any", "matrices"};
    py::list result;
    for (int32_t i = 0; i < count; ++i) {
      py::dict entry;
      entry["name"] = list[i].name;
      entry["shape"] = list[i].shape;
      entry["role"] = roles[list[i].role];
      entry["layout"] = layouts[list[i].layout];
      entry["optional"] = list[i].optional != 0;
      entry["variadic"] = list[i].variadic != 0;
      entry["accumulate"] = list[i].accumulate != 0;
      result.append(entry);
    }
    return result;
  };
  static constexpr const char* kinds[] = {"int", "float", "bool", "enum", "ints", "list"};
  py::list attributes;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    py::dict entry;
    entry["name"] = schema.attributes[i].name;
    entry["kind"] = kinds[schema.attributes[i].kind];
    entry["runtime"] = schema.attributes[i].runtime != 0;
    attributes.append(entry);
  }
  py::dict result;
  result["name"] = schema.name;
  result["version"] = schema.version;
  result["is_view"] = schema.is_view != 0;
  result["inputs"] = arguments(schema.inputs, schema.input_count);
  result["outputs"] = arguments(schema.outputs, schema.output_count);
  result["attributes"] = attributes;
  return result;
}

// Runs deferred state writes and advances scalars in one call: Python code, and so Ctrl-C, can't come between.
void commit(const py::sequence& updates, const py::sequence& advances) {
  const size_t count = updates.size();
  std::vector<Arguments> arguments(count);
  std::vector<fastnn_context> contexts(count);
  std::vector<fastnn_call> calls(count);
  std::vector<const fastnn_call*> call_pointers;
  std::vector<const fastnn_op*> ops;
  for (size_t i = 0; i < count; ++i) {
    const py::tuple update = updates[i].cast<py::tuple>();
    const Op& op = update[0].cast<const Op&>();
    op.read(arguments[i], update[1].cast<py::tuple>(), update[2].cast<py::dict>());
    Op::admit_constants(arguments[i]);
    contexts[i] = thread_context(op.device(arguments[i]));
    calls[i] = op.make_call(arguments[i], contexts[i]);
    call_pointers.push_back(&calls[i]);
    ops.push_back(op.get());
  }
  std::vector<fastnn_scalar*> scalars;
  std::vector<int64_t> amounts;
  for (const py::handle item : advances) {
    const py::tuple pair = py::reinterpret_borrow<py::tuple>(item);
    scalars.push_back(&pair[0].cast<Scalar&>().cell);
    amounts.push_back(pair[1].cast<int64_t>());
  }
  const auto run = [&] {
    const Unlocked unlocked;
    return fastnn_commit(ops.data(), call_pointers.data(), static_cast<int64_t>(count), scalars.data(), amounts.data(),
                         static_cast<int64_t>(scalars.size()));
  };
  fastnn_recorder* recorder = current_recorder();
  fastnn_status status = run();
  if (status != FASTNN_OK && recording_given_up(recorder)) {
    recorder = nullptr;
    for (fastnn_context& context : contexts) context.recorder = nullptr;
    status = run();
  }
  check(status);
  note_recorded(recorder);
}

// The op of a name; null, with an exception set, when there is none.
const Op* op_of_name(PyObject* name) {
  static auto& known = *new std::unordered_map<std::string_view, Op>;
  Py_ssize_t size = 0;
  const char* const characters = PyUnicode_AsUTF8AndSize(name, &size);
  if (characters == nullptr) return nullptr;
  const auto found = known.find({characters, static_cast<size_t>(size)});
  if (found != known.end()) return &found->second;
  const bool whole = std::string_view(characters).size() == static_cast<size_t>(size);  // without zeros within
  const fastnn_op* const op = whole ? fastnn_find_op(characters) : nullptr;
  if (op == nullptr) {
    PyErr_SetString(PyExc_KeyError, ("no op is named " + std::string(characters)).c_str());
    return nullptr;
  }
  return &known.emplace(fastnn_op_schema(op)->name, Op(op)).first->second;
}

// What short_way makes. It speaks CPython's calling convention itself: pybind11's, with a tuple and a dict for each call,
// takes as long as all of the op's checks.
PyObject* call_short_way(PyObject* longer, PyObject* const* values, Py_ssize_t count, PyObject* keywords) {
  constexpr Py_ssize_t kName = 0, kInputs = 1, kOutputs = 2, kAccumulate = 3, kPositional = 4;
  if (count == kPositional && PyUnicode_Check(values[kName]) && PyTuple_CheckExact(values[kInputs]) &&
      PyTuple_CheckExact(values[kOutputs])) {
    try {
      const Op* const op = op_of_name(values[kName]);
      if (op == nullptr) return nullptr;
      const auto outputs = py::reinterpret_borrow<py::tuple>(values[kOutputs]);
      if (op->into(py::reinterpret_borrow<py::tuple>(values[kInputs]), outputs, values[kAccumulate], keywords,
                   values + kPositional)) {
        if (outputs.empty()) Py_RETURN_NONE;
        PyObject* const given = outputs.size() == 1 ? PyTuple_GET_ITEM(outputs.ptr(), 0) : outputs.ptr();
        return Py_NewRef(given);
      }
    } catch (py::error_already_set& error) {
      error.restore();
      return nullptr;
    } catch (const py::builtin_exception& error) {
      error.set_error();
      return nullptr;
    } catch (const std::bad_alloc&) {
      return PyErr_NoMemory();
    } catch (const std::exception& error) {
      PyErr_SetString(PyExc_RuntimeError, error.what());
      return nullptr;
    }
  }
  return PyObject_Vectorcall(longer, values, static_cast<size_t>(count), keywords);
}

py::object short_way(const py::object& longer) {
  static PyMethodDef method{"short_way", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&call_short_way)),
                            METH_FASTCALL | METH_KEYWORDS, nullptr};
  return py::reinterpret_steal<py::object>(PyCFunction_New(&method, longer.ptr()));
}

}  // namespace

void register_ops(py::module_& module) {
  py::class_<Op>(module, "Op", "One op of the table: op(*inputs, out=None, accumulate=0, wanted=-1, **attributes).")
      .def("__call__", &Op::operator())
      .def_property_readonly("name", [](const Op& op) { return op.schema().name; })
      .def_property_readonly("schema", [](const Op& op) { return schema_dict(op.schema()); })
      .def("__repr__", [](const Op& op) { return "<op " + std::string(op.schema().name) + ">"; });
  module.def(
      "op",
      [](const std::string& name) {
        const fastnn_op* op = fastnn_find_op(name.c_str());
        if (op == nullptr) throw py::key_error("no op is named " + name);
        return Op(op);
      },
      py::arg("name"), "The op of a name; KeyError when there is none.");
  module.def(
      "op_names",
      [] {
        py::list names;
        for (int64_t i = 0; i < fastnn_op_count(); ++i) names.append(fastnn_op_schema(fastnn_op_at(i))->name);
        return names;
      },
      "Names of all ops, plug-ins' included.");
  module.def("short_way", &short_way, py::arg("longer"),
             "A callable f(op, inputs, outputs, accumulate, **attributes) that runs an op on plain NumPy arrays and "
             "returns its output, or the tuple of them, or None; it passes anything else on to `longer`.");
  module.def("commit", &commit, py::arg("updates"), py::arg("advances"),
             "Runs (op, inputs, attributes) updates, all checked first, then advances (scalar, amount) pairs.");
}

}  // namespace fastnn::bindings
