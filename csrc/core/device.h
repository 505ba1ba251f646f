// device.h: the devices the engine knows. The CPU is built in; plug-ins add others.
#pragma once

#include <string>

#include "fastnn/fastnn.h"
#include "fastnn/plugin.h"

namespace fastnn {

// The interface of a type of device, or Error when it isn't there or has no such index.
const fastnn_device_interface& device_interface(fastnn_device device);
// "cpu", "guard:0"
std::string device_name(fastnn_device device);

}  // namespace fastnn
