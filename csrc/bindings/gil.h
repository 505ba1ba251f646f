// gil.h: how a binding lets other Python threads run while the engine computes.
#pragma once

#include <pybind11/pybind11.h>

namespace fastnn::bindings {

// Holds the GIL released for a scope. Before Python 3.14, a daemon thread that takes the GIL again while the interpreter
// ends is ended by unwinding, which aborts the process inside a destructor; here such a thread sleeps until the process
// is gone.
class Unlocked {
 public:
  Unlocked();
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// How many threads are in such a scope. Who holds the GIL may rely on 0: none can enter one meanwhile.
int computing_threads();

// Makes the interpreter's exit announce itself to Unlocked, and a fork's child count anew.
void register_exit();

}  // namespace fastnn::bindings
