// arguments.cpp: what a program refuses of the arguments and results that it is given.
#include "program/program.h"

#include "core/device.h"

using namespace fastnn;

void fastnn_program::check_counts(const fastnn_tensor* const* arguments, int64_t argument_count,
                                  fastnn_tensor* const* results, int64_t result_count) const {
  if (argument_count != static_cast<int64_t>(graph.arguments.size())) {
    value_error("program: expected ", graph.arguments.size(), " arguments, got ", argument_count);
  }
  if (result_count != static_cast<int64_t>(graph.results.size())) {
    value_error("program: expected ", graph.results.size(), " results, got ", result_count);
  }
  if (argument_count > 0) require(arguments, "program", "arguments");
  if (result_count > 0) require(results, "program", "results");
}

void fastnn_program::check_given(const char* what, const std::string& name, const fastnn_tensor* given,
                                 const fastnn_tensor& planned) const {
  require(given, "program", name.c_str());
  const fastnn_tensor& got = *given;
  check_fields("program", name.c_str(), got);
  if (!(got.dtype == planned.dtype)) {
    type_error("program: expected ", what, " ", name, " of ", dtype_name(planned.dtype), ", got ",
               dtype_name(got.dtype));
  }
  if (!same_shape(got, planned)) {
    value_error("program: expected ", what, " ", name, " ", shape_text(planned), ", got ", shape_text(got));
  }
  if (!(got.device == context.device)) {
    value_error("program: expected ", what, " ", name, " on ", device_name(context.device), ", got it on ",
                device_name(got.device));
  }
  if (!is_contiguous(got)) {
    value_error("program: expected contiguous ", what, " ", name, ", got strides ", shape_text(got.rank, got.strides));
  }
  if (got.data == nullptr && element_count(got) > 0) value_error("program: ", what, " ", name, " has no data");
}

void fastnn_program::check_result(const std::string& name, const fastnn_tensor* given,
                                  const fastnn_tensor& planned) const {
  check_given("result", name, given, planned);
  if ((given->flags & FASTNN_READ_ONLY) != 0) value_error("program: result ", name, " is read-only");
}

void fastnn_program::check_arguments(const fastnn_tensor* const* arguments, int64_t argument_count,
                                     fastnn_tensor* const* results, int64_t result_count) const {
  check_counts(arguments, argument_count, results, result_count);
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const size_t value = static_cast<size_t>(graph.arguments[i]);
    check_given("argument", graph.values[value].name, arguments[i], plan.shapes.values[value]);
  }
  for (size_t i = 0; i < graph.results.size(); ++i) {
    check_result(graph.results[i].name, results[i], plan.shapes.values[static_cast<size_t>(graph.results[i].value)]);
  }
  check_arguments_apart(arguments);
  check_results_apart(arguments, results);
}

// A state that nothing reads later is written at the end, so an argument in its memory would hold old values till then.
void fastnn_program::check_arguments_apart(const fastnn_tensor* const* arguments) const {
  for (const Kept& kept : kept_) {
    if (!kept.written) continue;
    for (size_t a = 0; a < graph.arguments.size(); ++a) {
      if (!overlap(kept.range, byte_range(*arguments[a]))) continue;
      value_error("program: argument ", graph.values[static_cast<size_t>(graph.arguments[a])].name,
                  " shares memory with state ", graph.values[kept.value].name,
                  ", which the program writes; pass a copy");
    }
  }
}

// A replay writes results while it still reads all that it was given.
void fastnn_program::check_results_apart(const fastnn_tensor* const* arguments, fastnn_tensor* const* results) const {
  for (size_t i = 0; i < graph.results.size(); ++i) {
    const ByteRange range = byte_range(*results[i]);
    const auto check = [&](ByteRange other, const char* what, const std::string& name) {
      if (!overlap(range, other)) return;
      value_error("program: result ", graph.results[i].name, " shares memory with ", what, " ", name,
                  "; give it memory of its own");
    };
    for (size_t a = 0; a < graph.arguments.size(); ++a) {
      check(byte_range(*arguments[a]), "argument", graph.values[static_cast<size_t>(graph.arguments[a])].name);
    }
    for (const Kept& kept : kept_) check(kept.range, "state", graph.values[kept.value].name);
    for (size_t r = 0; r < i; ++r) check(byte_range(*results[r]), "result", graph.results[r].name);
  }
}
