// op_list.cpp: runs the op cases that export_cases.py wrote, on every level of this build and on 1 and 2 threads, and
// compares with the wanted values: for machines that have a compiler, or an emulator, but no Python.
//
//   op_list FILE      prints what differs and, per level, how many runs there were; status 1 when anything differed
//
// A case in the file: name, op, attributes (name, kind, value), inputs (present, dtype, shape, bytes), whether the op
// updates its inputs, results (dtype, shape, wanted values, allowed differences).
#include <fastnn/fastnn.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

static_assert(std::endian::native == std::endian::little);

namespace {

class Reader {
 public:
  explicit Reader(const char* path) : file_(path, std::ios::binary) {}

  void bytes(void* to, size_t count) {
    if (!file_.read(static_cast<char*>(to), static_cast<std::streamsize>(count))) {
      throw std::runtime_error("the file ends early");
    }
  }
  int64_t integer() {
    int64_t value = 0;
    bytes(&value, sizeof value);
    return value;
  }
  double real() { return std::bit_cast<double>(integer()); }
  std::string text() {
    std::string value(static_cast<size_t>(integer()), '\0');
    bytes(value.data(), value.size());
    return value;
  }
  std::vector<double> reals(int64_t count) {
    std::vector<double> values(static_cast<size_t>(count));
    bytes(values.data(), values.size() * sizeof(double));
    return values;
  }

 private:
  std::ifstream file_;
};

struct Array {
  bool present = true;
  fastnn_dtype dtype{};
  std::vector<int64_t> shape;
  std::vector<double> memory;  // aligned for every dtype

  int64_t count() const {
    int64_t product = 1;
    for (const int64_t size : shape) product *= size;
    return product;
  }
  size_t bytes() const { return static_cast<size_t>(count()) * dtype.bits / 8; }
  void allocate() { memory.assign(bytes() / sizeof(double) + 1, 0.0); }
  fastnn_tensor tensor() {
    return fastnn_tensor_from_host(memory.data(), dtype, static_cast<int32_t>(shape.size()), shape.data());
  }
};

void read_type(Reader& file, Array& array) {
  array.dtype.code = static_cast<uint8_t>(file.integer());
  array.dtype.bits = static_cast<uint8_t>(file.integer());
  array.dtype.lanes = 1;
  array.shape.resize(static_cast<size_t>(file.integer()));
  for (int64_t& size : array.shape) size = file.integer();
}

struct Result {
  Array type;  // dtype and shape only
  std::vector<double> wanted, allowed;
};

struct Case {
  std::string name;
  const fastnn_op* op = nullptr;
  std::vector<int64_t> attributes;  // the op's struct: its size, then the slots
  std::vector<Array> inputs;
  bool updates = false;
  std::vector<Result> results;
};

void read_attribute(Reader& file, const fastnn_schema& schema, std::vector<int64_t>& block) {
  const std::string name = file.text(), kind = file.text();
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    if (name != attribute.name) continue;
    int64_t* slot = block.data() + 1 + attribute.slot;
    if (kind == "choice") {
      const std::string choice = file.text();
      *slot = 0;
      while (attribute.choices[*slot] != nullptr && choice != attribute.choices[*slot]) ++*slot;
    } else if (kind == "real") {
      *slot = file.integer();  // by its bits
    } else {
      const int64_t count = file.integer();
      const bool is_list = attribute.kind == FASTNN_ATTRIBUTE_LIST;
      if (count > attribute.count - is_list) throw std::runtime_error(schema.name + (": too many for " + name));
      if (is_list) *slot++ = count;
      for (int64_t n = 0; n < count; ++n) slot[n] = file.integer();
    }
    return;
  }
  throw std::runtime_error(schema.name + (" has no attribute " + name));
}

Case read_case(Reader& file) {
  Case c;
  c.name = file.text();
  const std::string op = file.text();
  c.op = fastnn_find_op(op.c_str());
  if (c.op == nullptr) throw std::runtime_error("no op is named " + op);
  const fastnn_schema& schema = *fastnn_op_schema(c.op);
  c.attributes.assign(schema.defaults, schema.defaults + schema.slot_count);
  c.attributes.insert(c.attributes.begin(), 8 * (1 + int64_t{schema.slot_count}));
  for (int64_t left = file.integer(); left > 0; --left) read_attribute(file, schema, c.attributes);
  c.inputs.resize(static_cast<size_t>(file.integer()));
  for (Array& input : c.inputs) {
    input.present = file.integer() != 0;
    if (!input.present) continue;
    read_type(file, input);
    input.allocate();
    file.bytes(input.memory.data(), input.bytes());
  }
  c.updates = file.integer() != 0;
  c.results.resize(static_cast<size_t>(file.integer()));
  for (Result& result : c.results) {
    read_type(file, result.type);
    result.wanted = file.reals(result.type.count());
    result.allowed = file.reals(result.type.count());
  }
  return c;
}

void check(fastnn_status status) {
  if (status != FASTNN_OK) throw std::runtime_error(fastnn_last_error());
}

// The results of one call, whose inputs are copies.
std::vector<Array> run(const Case& c) {
  const fastnn_schema& schema = *fastnn_op_schema(c.op);
  std::vector<Array> inputs = c.inputs, outputs(static_cast<size_t>(schema.output_count));
  fastnn_tensor undescribed{};
  undescribed.struct_size = sizeof undescribed;
  std::vector<fastnn_tensor> tensors, described(outputs.size(), undescribed);
  tensors.reserve(inputs.size());
  std::vector<const fastnn_tensor*> in;
  for (Array& input : inputs) {
    if (input.present) tensors.push_back(input.tensor());
    in.push_back(input.present ? &tensors.back() : nullptr);
  }
  std::vector<fastnn_tensor*> out;
  for (fastnn_tensor& t : described) out.push_back(&t);

  fastnn_context context;
  fastnn_context_init(&context, sizeof context);
  fastnn_call call{};
  call.struct_size = sizeof call;
  call.context = &context;
  call.inputs = in.data();
  call.input_count = static_cast<int64_t>(in.size());
  call.outputs = out.data();
  call.output_count = static_cast<int64_t>(out.size());
  call.attributes = c.attributes.data();
  check(fastnn_infer(c.op, &call, nullptr));
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].dtype = described[i].dtype;
    outputs[i].shape.assign(described[i].shape, described[i].shape + described[i].rank);
    outputs[i].allocate();
    described[i] = outputs[i].tensor();
  }
  check(fastnn_run(c.op, &call));
  if (!c.updates) return outputs;
  std::erase_if(inputs, [](const Array& input) { return !input.present; });
  return inputs;
}

template <typename T>
double number_at(const Array& array, int64_t i) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(array.memory.data()) + static_cast<size_t>(i) * sizeof(T),
              sizeof(T));
  return static_cast<double>(value);
}

double element(const Array& array, int64_t i) {
  if (array.dtype.code == FASTNN_FLOAT) {
    return array.dtype.bits == 32 ? number_at<float>(array, i) : number_at<double>(array, i);
  }
  // beyond 2^53 an int64 is compared as rounded
  if (array.dtype.bits == 8) return number_at<uint8_t>(array, i);
  return array.dtype.bits == 32 ? number_at<int32_t>(array, i) : number_at<int64_t>(array, i);
}

// What is wrong with a result, or "".
std::string difference(const Array& got, const Result& want) {
  const Array& type = want.type;
  if (got.dtype.code != type.dtype.code || got.dtype.bits != type.dtype.bits) return "another dtype";
  if (got.shape != type.shape) return "another shape";
  for (int64_t i = 0; i < type.count(); ++i) {
    const double a = element(got, i), b = want.wanted[static_cast<size_t>(i)];
    const double allowed = want.allowed[static_cast<size_t>(i)];
    if (a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= allowed) continue;
    std::ostringstream text;
    text << std::setprecision(17) << "element " << i << " is " << a << ", wanted " << b << " within " << allowed;
    return text.str();
  }
  return "";
}

// Runs a case on one level with 1 and 2 threads; what is wrong, or "".
std::string try_case(const Case& c) try {
  check(fastnn_set_num_threads(1));
  const std::vector<Array> first = run(c);
  if (first.size() != c.results.size()) return "another number of results";
  for (size_t i = 0; i < first.size(); ++i) {
    const std::string wrong = difference(first[i], c.results[i]);
    if (!wrong.empty()) return "result " + std::to_string(i) + ": " + wrong;
  }
  check(fastnn_set_num_threads(2));
  const std::vector<Array> second = run(c);
  for (size_t i = 0; i < first.size(); ++i) {
    if (std::memcmp(first[i].memory.data(), second[i].memory.data(), first[i].bytes()) != 0) {
      return "result " + std::to_string(i) + ": two threads give other bits than one";
    }
  }
  return "";
} catch (const std::exception& error) {
  return error.what();
}

int run_file(const char* path) {
  Reader file(path);
  const std::string magic = "fastnn op cases 1\n";
  std::string found(magic.size(), '\0');
  file.bytes(found.data(), found.size());
  if (found != magic) throw std::runtime_error("not a file of op cases");
  std::vector<Case> cases(static_cast<size_t>(file.integer()));
  std::set<std::string> ops;
  for (Case& c : cases) {
    c = read_case(file);
    ops.insert(fastnn_op_schema(c.op)->name);
  }
  if (static_cast<int64_t>(ops.size()) != fastnn_op_count()) throw std::runtime_error("the file has not every op");

  int64_t failures = 0;
  for (int64_t i = 0; i < fastnn_level_count(); ++i) {
    fastnn_level_info level{};
    level.struct_size = sizeof level;
    check(fastnn_level_at(i, &level));
    if (level.available == 0) {
      std::cout << level.name << ": not run, " << level.reason << '\n';
      continue;
    }
    check(fastnn_set_level(level.name));
    int64_t wrong_cases = 0;
    for (const Case& c : cases) {
      const std::string wrong = try_case(c);
      if (wrong.empty()) continue;
      std::cout << level.name << ": " << c.name << ": " << wrong << '\n';
      ++wrong_cases;
    }
    std::cout << level.name << ": " << cases.size() << " cases of " << ops.size() << " ops on 1 and 2 threads, "
              << wrong_cases << " wrong" << std::endl;
    failures += wrong_cases;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: op_list FILE\n";
    return 2;
  }
  try {
    return run_file(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << "op_list: " << error.what() << '\n';
    return 2;
  }
}
