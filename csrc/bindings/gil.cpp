// gil.cpp: see gil.h. Once `leaving` is set no thread but the leaving one takes the GIL again through Unlocked, and the
// leaving one waits for those that were already about to.
#include "bindings/gil.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace fastnn::bindings {
namespace {

using namespace std::chrono_literals;

std::atomic<bool> leaving{false};
std::atomic<int> returning{0};
std::atomic<int> computing{0};
std::atomic<std::thread::id> leaver{};

void leave() {
  leaver = std::this_thread::get_id();
  leaving = true;
  PyThreadState* state = PyEval_SaveThread();
  while (returning > 0) std::this_thread::sleep_for(100us);
  PyEval_RestoreThread(state);
}

}  // namespace

Unlocked::Unlocked() {
  ++computing;
  state_ = PyEval_SaveThread();
}

Unlocked::~Unlocked() {
  --computing;
  ++returning;
  if (leaving && leaver.load() != std::this_thread::get_id()) {
    --returning;
    for (;;) std::this_thread::sleep_for(1h);
  }
  PyEval_RestoreThread(state_);
  --returning;
}

int computing_threads() { return computing; }

void register_exit() {
  // a child has the forking thread alone, which holds the GIL; without memory for this it counts its parent's threads
  pthread_atfork(nullptr, nullptr, [] { computing = 0; });
  leaving = false;  // an embedder may start an interpreter again
  pybind11::module_::import("atexit").attr("register")(pybind11::cpp_function(&leave));
}

}  // namespace fastnn::bindings
