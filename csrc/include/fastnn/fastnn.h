/* fastnn.h: the C ABI of fastnn.
 *
 * Stateless functions over plain buffers. Everything a program needs to call an op is here and in ops.h, which declares
 * one function per op; program.h adds recording and replay, plugin.h adds ops and devices of your own.
 *
 * Conventions: structs that may grow begin with their size; sizes are int64_t; strides count elements; images are
 * (batch, height, width, channels), kernels (height, width, in, out). A function that can fail returns a fastnn_status,
 * and fastnn_last_error() holds the sentence for the calling thread. Nothing here prints, aborts or throws.
 */
#ifndef FASTNN_FASTNN_H
#define FASTNN_FASTNN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FASTNN_API __attribute__((visibility("default")))
#else
#define FASTNN_API
#endif

/* It goes up when a program that was built with older headers would be misunderstood: a function's arguments, the
 * meaning of a value, or a struct without a struct_size have changed. A struct with a struct_size may only grow at its
 * end; one that is smaller than the library's is refused with a sentence, but for what is filled for the caller, which is
 * filled as far as it goes. */
#define FASTNN_ABI_VERSION 2
#define FASTNN_MAX_RANK 8

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fastnn_status {
  FASTNN_OK = 0,
  FASTNN_INVALID_VALUE = 1, /* a shape or a value: Python's ValueError */
  FASTNN_INVALID_TYPE = 2,  /* a dtype: TypeError */
  FASTNN_INVALID_INDEX = 3, /* a label or an index out of range: IndexError */
  FASTNN_OUT_OF_MEMORY = 4, /* the system refused memory: MemoryError */
  FASTNN_UNAVAILABLE = 5,   /* a device, level or op that is not there: RuntimeError */
  FASTNN_INTERNAL = 6       /* a broken promise inside fastnn: RuntimeError */
} fastnn_status;

/* The version of the binary interface the loaded library implements, and of the library ("0.1.0"). */
FASTNN_API uint32_t fastnn_abi_version(void);
FASTNN_API const char* fastnn_version(void);

/* The sentence of the last failure on the calling thread; valid until the next call of a fastnn function there. */
FASTNN_API const char* fastnn_last_error(void);

/* ---- tensors ------------------------------------------------------------------------------------------------- */

/* DLPack's codes, so that a DLTensor converts field by field. */
typedef enum fastnn_dtype_code { FASTNN_INT = 0, FASTNN_UINT = 1, FASTNN_FLOAT = 2, FASTNN_BOOL = 6 } fastnn_dtype_code;
typedef struct fastnn_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} fastnn_dtype;

typedef enum fastnn_device_type { FASTNN_CPU = 1, FASTNN_CUDA = 2, FASTNN_EXTENSION = 12 } fastnn_device_type;
typedef struct fastnn_device {
  int32_t type;
  int32_t index;
} fastnn_device;

/* Memory on a device, counted by references, with a version that every in-place write raises. */
typedef struct fastnn_storage fastnn_storage;

/* FASTNN_ABSTRACT: a dtype and a shape without memory, data NULL. An op that is given one checks and describes its results,
 * which are abstract too, and computes nothing; a recorder writes it down like any other. */
enum { FASTNN_READ_ONLY = 1, FASTNN_ABSTRACT = 2 };

/* A view: DLPack's fields with the shape inline, and two that fastnn adds. A caller who passes plain memory leaves
 * storage NULL and identity 0. */
typedef struct fastnn_tensor {
  size_t struct_size;
  void* data;
  uint64_t byte_offset;
  fastnn_dtype dtype;
  fastnn_device device;
  int32_t rank;
  int32_t flags; /* FASTNN_READ_ONLY, FASTNN_ABSTRACT */
  int64_t shape[FASTNN_MAX_RANK];
  int64_t strides[FASTNN_MAX_RANK]; /* in elements; may be zero or negative */
  fastnn_storage* storage;          /* borrowed; NULL for memory fastnn does not manage */
  uint64_t identity;                /* names the value to a recorder; 0: no name */
} fastnn_tensor;

/* A contiguous tensor over host memory. shape has rank entries. An impossible rank, or no shape, gives a tensor that
 * every function refuses. */
FASTNN_API fastnn_tensor fastnn_tensor_from_host(void* data, fastnn_dtype dtype, int32_t rank, const int64_t* shape);

/* bytes may be 0. The memory is aligned to 64 bytes and not cleared. The new storage has one reference. */
FASTNN_API fastnn_status fastnn_storage_create(fastnn_device device, size_t bytes, fastnn_storage** storage);
/* Storage over foreign memory; release_memory(owner) is called once, when the last reference goes. */
FASTNN_API fastnn_status fastnn_storage_wrap(fastnn_device device, void* data, size_t bytes,
                                             void (*release_memory)(void*), void* owner, fastnn_storage** storage);
FASTNN_API void fastnn_storage_retain(fastnn_storage* storage);
FASTNN_API void fastnn_storage_release(fastnn_storage* storage);
FASTNN_API void* fastnn_storage_data(const fastnn_storage* storage);
FASTNN_API size_t fastnn_storage_bytes(const fastnn_storage* storage);
/* How many references there are. */
FASTNN_API int64_t fastnn_storage_references(const fastnn_storage* storage);
FASTNN_API uint64_t fastnn_storage_version(const fastnn_storage* storage);
FASTNN_API void fastnn_storage_bump_version(fastnn_storage* storage);
/* From now on others may write the memory without raising the version: programs keep nothing prepared of it. */
FASTNN_API void fastnn_storage_expose(fastnn_storage* storage);
/* All bytes that storages of this process have ever been given; differences of it measure what a piece of code takes. */
FASTNN_API uint64_t fastnn_allocated_bytes(void);
/* Bytes of the storages that there are, and of the workspaces of ops that are running; and the most that these have been
 * since peak_bytes was last called with restart 1, which begins anew. Memory that was wrapped isn't counted. */
FASTNN_API int64_t fastnn_live_bytes(void);
FASTNN_API int64_t fastnn_peak_bytes(int32_t restart);
/* A number no other value of this process has. */
FASTNN_API uint64_t fastnn_new_identity(void);
/* Copies between host memory and a contiguous tensor on any device. */
FASTNN_API fastnn_status fastnn_copy_from_host(fastnn_tensor* destination, const void* source, size_t bytes);
FASTNN_API fastnn_status fastnn_copy_to_host(void* destination, const fastnn_tensor* source, size_t bytes);

/* ---- context ------------------------------------------------------------------------------------------------- */

/* What results may lose; each class allows what the ones before it do. Arrays are float32 in all of them. */
typedef enum fastnn_precision {
  FASTNN_PRECISION_FLOAT32 = 0, /* as accurate as float32 arithmetic, whatever unit does the work */
  FASTNN_PRECISION_FAST = 1,    /* a norm-wise error of 5e-5 is allowed */
  FASTNN_PRECISION_BFLOAT16 = 2 /* 1e-2: products of numbers rounded to bfloat16, with float32 sums, are allowed */
} fastnn_precision;

/* How convolutions are computed; an algorithm that cannot compute one leaves it to the direct products. */
typedef enum fastnn_convolution {
  FASTNN_CONVOLUTION_BEST = 0, /* what is fastest for the shape and allowed by the precision */
  FASTNN_CONVOLUTION_DIRECT = 1,
  FASTNN_CONVOLUTION_WINOGRAD_2 = 2,    /* 3x3 of stride 1: tiles of 2x2 pixels, as accurate as direct */
  FASTNN_CONVOLUTION_WINOGRAD_4 = 3,    /* 4x4 pixels, for FASTNN_PRECISION_FAST */
  FASTNN_CONVOLUTION_IN_PLACE = 4,      /* as direct, without copies of pixels and without the padding */
  FASTNN_CONVOLUTION_WINOGRAD_2X4 = 5,  /* 2x4 pixels, as accurate where sums have few channels */
  FASTNN_CONVOLUTION_WINOGRAD_IMAGE = 6 /* images of 2x2 pixels with a line of padding around, as accurate */
} fastnn_convolution;

typedef struct fastnn_recorder fastnn_recorder;

/* Runs body(argument, chunk) for every chunk in [0, chunks), in any order, on any threads, and returns when all are
 * done. NULL in a context means fastnn's own pool. */
typedef void (*fastnn_parallel_for)(void* executor, int64_t chunks, void (*body)(void*, int64_t), void* argument);

/* allocate returns NULL when it can't; both get the allocator's own pointer. NULL in a context means fastnn's own. */
typedef struct fastnn_allocator {
  size_t struct_size;
  void* (*allocate)(void* allocator, size_t bytes, size_t alignment);
  void (*release)(void* allocator, void* memory, size_t bytes);
  void* self;
} fastnn_allocator;

/* Everything an op may depend on besides its arguments. Fill it with fastnn_context_init, then change fields. */
typedef struct fastnn_context {
  size_t struct_size;
  fastnn_device device;
  void* stream; /* the device's stream; NULL on the CPU */
  fastnn_parallel_for parallel_for;
  void* executor;
  const fastnn_allocator* allocator; /* for workspace */
  int32_t precision;                 /* fastnn_precision */
  int32_t batch_invariant;           /* 1: a sample's forward bits don't depend on the batch around it */
  fastnn_recorder* recorder;         /* NULL: nothing is recorded */
  int32_t convolution;               /* fastnn_convolution; others than BEST are for tests */
} fastnn_context;

FASTNN_API void fastnn_context_init(fastnn_context* context, size_t struct_size);

/* ---- ops ----------------------------------------------------------------------------------------------------- */

typedef enum fastnn_role {
  FASTNN_READ = 0,  /* the op reads the data */
  FASTNN_SHAPE = 1, /* the op looks at shape and dtype only; the data may be gone */
  FASTNN_UPDATE = 2 /* the op reads the data and writes it in place */
} fastnn_role;

typedef enum fastnn_layout {
  FASTNN_CONTIGUOUS = 0,      /* C order, no gaps */
  FASTNN_LAST_CONTIGUOUS = 1, /* the last axis has stride 1; the others lie anyhow, but none repeats (stride 0) */
  FASTNN_ANY_STRIDES = 2,
  FASTNN_MATRICES = 3 /* one of the last two axes has stride 1; the others lie anyhow */
} fastnn_layout;

/* What an element of an op's outputs is made of: of the same element of the inputs, which broadcast as NumPy's do, and of
 * nothing else, or of that and its place. Such an op needs no workspace, can't fail in run, and fastnn may run it on
 * parts of its arguments: each output then is that part of the whole, in C order from element fastnn_call.first on. */
typedef enum fastnn_elementwise { FASTNN_BY_VALUE = 1, FASTNN_BY_POSITION = 2 } fastnn_elementwise;

typedef enum fastnn_attribute_kind {
  FASTNN_ATTRIBUTE_INT = 0,   /* int64_t */
  FASTNN_ATTRIBUTE_FLOAT = 1, /* double */
  FASTNN_ATTRIBUTE_BOOL = 2,  /* int64_t, 0 or 1 */
  FASTNN_ATTRIBUTE_ENUM = 3,  /* int64_t, an index into choices */
  FASTNN_ATTRIBUTE_INTS = 4,  /* int64_t[count] */
  FASTNN_ATTRIBUTE_LIST = 5   /* int64_t length, then int64_t[FASTNN_MAX_RANK] */
} fastnn_attribute_kind;

typedef struct fastnn_argument_schema {
  const char* name;
  const char* shape; /* for people */
  int32_t role;      /* fastnn_role; inputs only */
  int32_t layout;    /* fastnn_layout an input must have; others are copied first */
  int32_t optional;
  int32_t variadic; /* inputs: this argument stands for n tensors, NULLs when it is absent; every one has the same n */
  int32_t accumulate; /* outputs: the op can add into it */
  int32_t rows; /* inputs: item i along the leading axis makes item i of every output, unless the op's axis or axes name
                   that one; fastnn may run such an op on some items at a time */
} fastnn_argument_schema;

typedef struct fastnn_attribute_schema {
  const char* name;
  int32_t kind;
  int32_t count;              /* 8-byte slots it occupies */
  int32_t slot;               /* its first slot, counted from the first attribute */
  int32_t runtime;            /* 1: an input at run time, never frozen into a program */
  const char* const* choices; /* enum: names, NULL-terminated */
} fastnn_attribute_schema;

/* An attribute struct is struct_size followed by 8-byte slots in the order of the schema. */
typedef struct fastnn_schema {
  size_t struct_size;
  const char* name;
  int32_t version;
  int32_t is_view; /* output 0 shares the memory of input 0 */
  int32_t input_count;
  int32_t output_count;
  int32_t attribute_count;
  int32_t slot_count;
  const fastnn_argument_schema* inputs;
  const fastnn_argument_schema* outputs;
  const fastnn_attribute_schema* attributes;
  const int64_t* defaults; /* slot_count slots; doubles by their bits */
  int32_t elementwise;     /* fastnn_elementwise, or 0 */
} fastnn_schema;

typedef struct fastnn_op fastnn_op;

FASTNN_API int64_t fastnn_op_count(void);
FASTNN_API const fastnn_op* fastnn_op_at(int64_t index);
/* NULL when no op has the name. */
FASTNN_API const fastnn_op* fastnn_find_op(const char* name);
FASTNN_API const fastnn_schema* fastnn_op_schema(const fastnn_op* op);

/* A number that is an input at run time: an optimizer's learning rate, a step count. Programs remember the cell and read
 * it at each replay. */
typedef struct fastnn_scalar {
  size_t struct_size;
  union {
    double number;
    int64_t integer;
  } value;
  uint64_t identity;
} fastnn_scalar;

/* One application of an op. Optional arguments that are absent are NULL. */
typedef struct fastnn_call {
  size_t struct_size;
  const fastnn_context* context;
  const fastnn_tensor* const* inputs;
  fastnn_tensor* const* outputs;
  int64_t input_count;
  int64_t output_count;
  const void* attributes; /* the op's attribute struct */
  const fastnn_scalar* const*
      scalars;         /* one per runtime attribute, or NULL: then the attribute struct's value counts */
  uint64_t accumulate; /* bit i: add into outputs[i] instead of overwriting it */
  void* workspace;
  size_t workspace_size;
  void* user_data;      /* of the implementation */
  int64_t first;        /* where the outputs begin in the whole, of which they are a part; a multiple of 4, 0 but for
                      elementwise ops */
  const void* prepared; /* what the implementation's prepare made of the same inputs, or NULL: run makes its own; infer,
                           which doesn't look behind it, then need ask for no room for that */
  int64_t
      whole; /* 0, or: the call has some items, by fastnn_argument_schema.rows, of a call with so many, on a thread of
                    its own; the bits are those of the whole */
} fastnn_call;

/* What an op can make of inputs that stay the same from call to call, before it runs: weights as a product reads them. */
typedef struct fastnn_preparation {
  size_t struct_size;
  uint64_t inputs; /* bit i: it is made of inputs[i]; of nothing else but form */
  size_t bytes;    /* 0: there is nothing to prepare */
  int64_t form[8]; /* calls whose prepared inputs and forms agree prepare the same, whatever their ops */
  int32_t lasting; /* 1: a single run prepares nothing, so that it pays only where the inputs stay the same */
} fastnn_preparation;

/* Fills dtype, device, rank, shape and strides of every wanted output, touching no data. workspace may be NULL. */
FASTNN_API fastnn_status fastnn_infer(const fastnn_op* op, const fastnn_call* call, size_t* workspace_size);
/* Checks everything, then runs. workspace may be NULL: fastnn then allocates it. Records when the context says so. */
FASTNN_API fastnn_status fastnn_run(const fastnn_op* op, const fastnn_call* call);

/* The two calls that the functions of ops.h are written on: by name, and for ops whose arguments are lists. attributes may
 * be NULL. */
FASTNN_API fastnn_status fastnn_run_named(const fastnn_context* context, const char* op,
                                          const fastnn_tensor* const* inputs, int64_t input_count,
                                          fastnn_tensor* const* outputs, int64_t output_count, const void* attributes,
                                          uint64_t accumulate);
FASTNN_API fastnn_status fastnn_run_groups(const fastnn_context* context, const char* op,
                                           fastnn_tensor* const* const* groups, int64_t group_count, int64_t count,
                                           fastnn_tensor* const* outputs, int64_t output_count, const void* attributes,
                                           uint64_t accumulate);

/* ---- the machine --------------------------------------------------------------------------------------------- */

/* Threads that ops may use, the caller's included. 0 asks for the default: the smallest of affinity mask, cgroup quota
 * and FASTNN_NUM_THREADS. */
FASTNN_API fastnn_status fastnn_set_num_threads(int64_t count);
/* -1 when FASTNN_NUM_THREADS isn't a positive whole number; fastnn_last_error says so. */
FASTNN_API int64_t fastnn_get_num_threads(void);

typedef struct fastnn_level_info {
  size_t struct_size;
  const char* name; /* "base", "avx2", "avx512", "amx"; "neon" on aarch64 */
  int32_t available;
  int32_t active;
  const char* reason; /* why it is not available, or not taken by itself, or "" */
} fastnn_level_info;

/* Levels in order of preference, best first; the last is "reference". Returns how many there are. */
FASTNN_API int64_t fastnn_level_count(void);
FASTNN_API fastnn_status fastnn_level_at(int64_t index, fastnn_level_info* info);
/* The name of the active level, chosen on first use; fails when FASTNN_ISA names a level the CPU lacks. */
FASTNN_API fastnn_status fastnn_active_level(const char** name);
/* Forces a level; for tests. No thread may compute meanwhile. */
FASTNN_API fastnn_status fastnn_set_level(const char* name);

typedef struct fastnn_machine_info {
  size_t struct_size;
  int64_t affinity_cpus;
  double cgroup_cpus; /* the quota in CPUs; 0 when there is none */
  int64_t memory_bytes;
  int64_t cgroup_memory_bytes; /* the limit; 0 when there is none */
} fastnn_machine_info;

FASTNN_API fastnn_status fastnn_get_machine_info(fastnn_machine_info* info);

#ifdef __cplusplus
}
#endif

#include "ops.h"

#endif
