// errors.cpp: the last error of each thread, kept in memory that is there from the start.
#include "core/errors.h"

#include <algorithm>
#include <cstring>

#include "fastnn/plugin.h"

namespace fastnn {
namespace {

constexpr size_t kMessageSize = 2048;
thread_local char last_message[kMessageSize] = "";

}  // namespace

fastnn_status set_last_error(fastnn_status status, const char* message) noexcept {
  const size_t length = std::min(std::strlen(message), kMessageSize - 1);
  std::memmove(last_message, message, length);
  last_message[length] = '\0';
  return status;
}

}  // namespace fastnn

extern "C" {

const char* fastnn_last_error(void) { return fastnn::last_message; }

fastnn_status fastnn_set_error(fastnn_status status, const char* message) {
  return fastnn::set_last_error(status, message != nullptr ? message : "");
}

uint32_t fastnn_abi_version(void) { return FASTNN_ABI_VERSION; }

const char* fastnn_version(void) { return FASTNN_VERSION; }

}  // extern "C"
