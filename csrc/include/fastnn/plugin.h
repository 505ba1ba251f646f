/* plugin.h: how another library adds a device or an op to fastnn.
 *
 * A plug-in is a shared library that exports `fastnn_status fastnn_plugin_init(uint32_t abi_version)`. Inside it
 * registers devices and implementations; what it registers must live as long as the process. An op registered here
 * records, plans and replays like fastnn's own.
 */
#ifndef FASTNN_PLUGIN_H
#define FASTNN_PLUGIN_H

#include "fastnn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fastnn_device_interface {
  size_t struct_size;
  const char* name;                                           /* "guard"; users write "guard:0" */
  int32_t type;                                               /* fastnn_device_type */
  int32_t count;                                              /* how many such devices there are */
  void* (*allocate)(void* self, int32_t index, size_t bytes); /* NULL when memory is refused */
  void (*release)(void* self, int32_t index, void* memory, size_t bytes);
  fastnn_status (*copy_from_host)(void* self, int32_t index, void* destination, const void* source, size_t bytes);
  fastnn_status (*copy_to_host)(void* self, int32_t index, void* destination, const void* source, size_t bytes);
  void* self;
} fastnn_device_interface;

typedef struct fastnn_implementation {
  size_t struct_size;
  fastnn_status (*infer)(const fastnn_call* call, size_t* workspace_size);
  fastnn_status (*run)(const fastnn_call* call);
  void* user_data;
  /* Both NULL, or: describe says what the call could have prepared, touching no data; prepare makes it, in memory of so
   * many bytes, aligned to 64. Neither looks at the outputs' memory. */
  fastnn_status (*describe)(const fastnn_call* call, fastnn_preparation* preparation);
  fastnn_status (*prepare)(const fastnn_call* call, void* prepared);
} fastnn_implementation;

/* name and type must be new. */
FASTNN_API fastnn_status fastnn_register_device(const fastnn_device_interface* device);
/* A new op; its schema's name must be new. */
FASTNN_API fastnn_status fastnn_register_op(const fastnn_schema* schema);
/* An implementation of an op on a type of device that has none yet. */
FASTNN_API fastnn_status fastnn_register_implementation(const char* op, int32_t device_type,
                                                        const fastnn_implementation* implementation);
/* NULL when the op has none there. */
FASTNN_API const fastnn_implementation* fastnn_find_implementation(const fastnn_op* op, int32_t device_type);

/* Sets the calling thread's error sentence and returns status. */
FASTNN_API fastnn_status fastnn_set_error(fastnn_status status, const char* message);

/* Loads a plug-in by path. Loading it again does nothing. */
FASTNN_API fastnn_status fastnn_load_plugin(const char* path);
FASTNN_API int64_t fastnn_plugin_count(void);
FASTNN_API const char* fastnn_plugin_at(int64_t index);

FASTNN_API int64_t fastnn_device_count(void);
/* The interface of the device at index; "cpu" is the first. */
FASTNN_API const fastnn_device_interface* fastnn_device_at(int64_t index);

#ifdef __cplusplus
}
#endif
#endif
