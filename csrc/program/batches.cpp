// batches.cpp: several steps in one call. Each takes its batch from the caller's arrays: in place where the rows stand in
// order and have the planned dtype, else gathered, and converted on the way, into memory of the execution.
#include "core/device.h"
#include "ops/rows.h"
#include "program/program.h"

using namespace fastnn;

namespace {

int64_t row_bytes(const fastnn_tensor& t) { return element_count(t.rank - 1, t.shape + 1) * item_size(t.dtype); }

}  // namespace

void fastnn_program::check_batches(const fastnn_batches& given) const {
  if (context.device.type != FASTNN_CPU) {
    unavailable_error("program: batches are taken on the CPU only, the program is on ", device_name(context.device));
  }
  if (given.steps < 0 || given.first < 0) {
    value_error("program: expected first and steps of at least 0, got ", given.first, " and ", given.steps);
  }
  check_counts(given.arguments, given.argument_count, given.results, given.result_count);
  const int64_t end = checked_add(given.first, checked_multiply(given.steps, batch));
  const auto check_rows = [&](const char* what, const std::string& name, const fastnn_tensor& got) {
    if (end > got.shape[0]) {
      value_error("program: expected ", what, " ", name, " of at least ", end, " rows, got ", got.shape[0]);
    }
  };
  if (given.order != nullptr && end > given.order_count) {
    value_error("program: expected an order of at least ", end, " rows, got ", given.order_count);
  }
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const Value& value = graph.values[static_cast<size_t>(graph.arguments[i])];
    fastnn_tensor expected = plan.shapes.values[static_cast<size_t>(graph.arguments[i])];
    const fastnn_tensor* got = given.arguments[i];
    require(got, "program", value.name.c_str());
    const bool rows = value.batched && got->rank == expected.rank;
    if (rows) {
      expected.shape[0] = got->shape[0];
      if (ops::can_convert(got->dtype, expected.dtype)) expected.dtype = got->dtype;
    }
    check_given("argument", value.name, got, expected);
    if (rows && given.order == nullptr) check_rows("argument", value.name, *got);
  }
  for (size_t i = 0; i < graph.results.size(); ++i) {
    const std::string& name = graph.results[i].name;
    fastnn_tensor expected = plan.shapes.values[static_cast<size_t>(graph.results[i].value)];
    require(given.results[i], "program", name.c_str());
    if (expected.rank == 0 || expected.shape[0] != batch) {
      value_error("program: expected results with a row for each sample, ", name, " is ", shape_text(expected));
    }
    if (given.results[i]->rank == expected.rank) expected.shape[0] = given.results[i]->shape[0];
    check_result(name, given.results[i], expected);
    check_rows("result", name, *given.results[i]);
  }
  check_arguments_apart(given.arguments);
  check_results_apart(given.arguments, given.results);
  if (given.times != nullptr && given.time_count != static_cast<int64_t>(plan.steps.size()) + 2) {
    value_error("program: expected room for ", plan.steps.size() + 2, " times, got ", given.time_count);
  }
}

void fastnn_program::check_order(const int64_t* numbers, int64_t samples) const {
  for (int64_t row = 0; row < batch; ++row) {
    if (numbers[row] < 0 || numbers[row] >= samples) {
      index_error("program: expected an order of rows in [0, ", samples, "), got ", numbers[row]);
    }
  }
}

void fastnn_program::take_batch(Execution& e, const fastnn_batches& given, int64_t first) const {
  const int64_t* numbers = given.order == nullptr ? nullptr : given.order + first;
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const size_t value = static_cast<size_t>(graph.arguments[i]);
    const fastnn_tensor& source = *given.arguments[i];
    fastnn_tensor& taken = e.fed[i];
    taken = plan.shapes.values[value];
    taken.byte_offset = 0;
    if (!graph.values[value].batched) {
      taken.data = data<char>(source);
    } else if (numbers == nullptr && source.dtype == taken.dtype) {
      taken.data = data<char>(source) + first * row_bytes(source);
    } else {
      if (e.staging.get() == nullptr) e.staging = new_storage(context.device, staged_bytes_);
      taken.data = static_cast<char*>(e.staging.get()->data) + staged_offsets_[i];
      if (numbers != nullptr) check_order(numbers, source.shape[0]);
      ops::copy_rows(context, taken, source, numbers, first);
    }
  }
  for (size_t i = 0; i < graph.results.size(); ++i) {
    fastnn_tensor& part = e.fed_results[i];
    part = plan.shapes.values[static_cast<size_t>(graph.results[i].value)];
    part.byte_offset = 0;
    part.data = data<char>(*given.results[i]) + first * row_bytes(part);
  }
}

void fastnn_program::run_batches(const fastnn_batches& given, int64_t* done) {
  *done = 0;
  check_batches(given);
  const Lease execution = lease();
  Execution& e = *execution;
  const bool timed = given.nanoseconds > 0 || given.times != nullptr;
  const int64_t start = timed ? now_nanoseconds() : 0;
  while (*done < given.steps) {
    const int64_t begin = timed ? now_nanoseconds() : 0;
    take_batch(e, given, given.first + *done * batch);
    if (given.times == nullptr) {
      replay(e, e.fed_arguments.data(), e.fed_results_list.data(), nullptr);
    } else {
      const size_t nodes = plan.steps.size();
      given.times[nodes] += now_nanoseconds() - begin;
      replay(e, e.fed_arguments.data(), e.fed_results_list.data(), given.times);
      given.times[nodes + 1] += now_nanoseconds() - begin;
    }
    ++*done;
    if (given.nanoseconds > 0 && now_nanoseconds() - start >= given.nanoseconds) return;
  }
}
