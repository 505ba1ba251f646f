// errors.h: the exceptions of the engine. They stay inside: every extern "C" function turns them into a status and a
// sentence (guarded below), the bindings turn those into Python's exceptions.
//
// The form of a sentence: "conv2d: expected weight (kh, kw, 64, out), got (3, 3, 32, 128)".
#pragma once

#include <cstring>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "fastnn/fastnn.h"

namespace fastnn {

class Error : public std::runtime_error {
 public:
  Error(fastnn_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  fastnn_status status() const { return status_; }

 private:
  fastnn_status status_;
};

// A text that grows part by part. Where the standard's stream goes on with what it has when memory runs out, this throws.
class TextStream : public std::ostringstream {
 public:
  TextStream() { exceptions(badbit); }
};

template <typename... Parts>
std::string concat(const Parts&... parts) {
  TextStream text;
  (text << ... << parts);
  return text.str();
}

// Raise with a sentence made of parts.
template <typename... Parts>
[[noreturn]] void value_error(const Parts&... parts) {
  throw Error(FASTNN_INVALID_VALUE, concat(parts...));
}
template <typename... Parts>
[[noreturn]] void type_error(const Parts&... parts) {
  throw Error(FASTNN_INVALID_TYPE, concat(parts...));
}
template <typename... Parts>
[[noreturn]] void index_error(const Parts&... parts) {
  throw Error(FASTNN_INVALID_INDEX, concat(parts...));
}
template <typename... Parts>
[[noreturn]] void unavailable_error(const Parts&... parts) {
  throw Error(FASTNN_UNAVAILABLE, concat(parts...));
}
template <typename... Parts>
[[noreturn]] void internal_error(const Parts&... parts) {
  throw Error(FASTNN_INTERNAL, concat("fastnn: ", parts...));
}

// What the functions of the C ABI ask of their pointers: "run: expected call, got NULL".
inline void require(const void* pointer, const char* function, const char* argument) {
  if (pointer == nullptr) value_error(function, ": expected ", argument, ", got NULL");
}
// The same for a struct that begins with its size, which must not be less than it is here.
template <typename Struct>
void require_struct(const Struct* given, const char* function, const char* argument) {
  require(given, function, argument);
  if (given->struct_size < sizeof(Struct)) {
    value_error(function, ": expected ", argument, " with a struct_size of at least ", sizeof(Struct), ", got ",
                given->struct_size);
  }
}

// Fills a struct as far as the caller, who may have been built with an older header, has room: at least to `least`.
template <typename Struct>
void fill_struct(Struct* out, const Struct& full, size_t least, const char* function, const char* argument) {
  require(out, function, argument);
  const size_t size = out->struct_size;
  if (size < least) {
    value_error(function, ": expected ", argument, " with a struct_size of at least ", least, ", got ", size);
  }
  const size_t known = size < sizeof(Struct) ? size : sizeof(Struct);
  std::memcpy(static_cast<void*>(out), &full, known);
  out->struct_size = size;
}

// Keeps the sentence for fastnn_last_error; never throws, for memory may be what is short.
fastnn_status set_last_error(fastnn_status status, const char* message) noexcept;

// Runs body and turns what it throws into a status.
template <typename Body>
fastnn_status guarded(Body&& body) noexcept {
  try {
    body();
    return FASTNN_OK;
  } catch (const Error& error) {
    return set_last_error(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return set_last_error(FASTNN_OUT_OF_MEMORY, "fastnn: the system refused memory");
  } catch (const std::exception& error) {
    return set_last_error(FASTNN_INTERNAL, error.what());
  } catch (...) {
    return set_last_error(FASTNN_INTERNAL, "fastnn: an exception of unknown type");
  }
}

}  // namespace fastnn
