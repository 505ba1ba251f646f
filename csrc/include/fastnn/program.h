/* program.h: record a step, plan it, replay it.
 *
 * A recorder, put into a context, writes down every op that runs under that context as a graph. The graph's leading
 * batch dimension stays open: fastnn_program_create plans it for one batch size (lifetimes into one arena) and
 * fastnn_program_run replays it without allocating.
 */
#ifndef FASTNN_PROGRAM_H
#define FASTNN_PROGRAM_H

#include "fastnn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fastnn_graph fastnn_graph;
typedef struct fastnn_program fastnn_program;

FASTNN_API fastnn_status fastnn_recorder_create(fastnn_recorder** recorder);
FASTNN_API void fastnn_recorder_destroy(fastnn_recorder* recorder);

/* Names what a step may read. Every tensor needs an identity; state and constants need a storage, which the graph
 * keeps. batched: the leading dimension is the batch. Anything else that an op reads is refused by name. */
FASTNN_API fastnn_status fastnn_recorder_argument(fastnn_recorder* recorder, const fastnn_tensor* tensor,
                                                  const char* name, int32_t batched);
FASTNN_API fastnn_status fastnn_recorder_state(fastnn_recorder* recorder, const fastnn_tensor* tensor,
                                               const char* name);
FASTNN_API fastnn_status fastnn_recorder_constant(fastnn_recorder* recorder, const fastnn_tensor* tensor,
                                                  const char* name);
/* A scalar cell; it must outlive every program made from the graph. advance is added to an integer cell each time the
 * step commits. */
FASTNN_API fastnn_status fastnn_recorder_scalar(fastnn_recorder* recorder, fastnn_scalar* scalar, const char* name,
                                                int64_t advance);
/* What the step hands back, in this order. */
FASTNN_API fastnn_status fastnn_recorder_result(fastnn_recorder* recorder, const fastnn_tensor* tensor,
                                                const char* name);
/* Lets state be written and read again anywhere in the step. Writes that nothing reads or overwrites later still happen
 * together at its end; a replay that fails puts back what the others wrote. */
FASTNN_API fastnn_status fastnn_recorder_in_order(fastnn_recorder* recorder);
/* The step itself advances an integer cell that it has registered: ops from here on read it so much higher, and the
 * commit adds as much. */
FASTNN_API fastnn_status fastnn_recorder_advance(fastnn_recorder* recorder, const fastnn_scalar* scalar,
                                                 int64_t amount);
/* 1 when the op that was run last under this recorder failed because it may not be part of the step: nothing was done,
 * and it may be run again without the recorder. */
FASTNN_API int32_t fastnn_recorder_refused(const fastnn_recorder* recorder);
/* How many ops have been written down. */
FASTNN_API int64_t fastnn_recorder_node_count(const fastnn_recorder* recorder);
/* Ends the recording. Unless it is in order, state may be written only after the last op that is not such a write: the
 * commit. */
FASTNN_API fastnn_status fastnn_recorder_finish(fastnn_recorder* recorder, fastnn_graph** graph);

FASTNN_API void fastnn_graph_destroy(fastnn_graph* graph);
/* FASTNN_OK when both have the same ops, wiring and attributes; otherwise the error says what differs first. The batch
 * size may differ; symbolic_batch is then set to 1: the graph is good for any batch size. */
FASTNN_API fastnn_status fastnn_graph_compare(const fastnn_graph* first, const fastnn_graph* second,
                                              int32_t* symbolic_batch);
/* The versioned text form. Writes at most size bytes with the closing zero and returns the length needed without it, or
 * the negative of a fastnn_status. */
FASTNN_API int64_t fastnn_graph_text(const fastnn_graph* graph, char* text, int64_t size);

/* Reads the text form, of this version or an older one; the error names the line and what was expected there. The graph
 * has no memory for its state, constants and scalars until it is bound to them by name; programs are made after that. */
FASTNN_API fastnn_status fastnn_graph_parse(const char* text, int64_t length, fastnn_device device,
                                            fastnn_graph** graph);
/* Binds a tensor of the same dtype, shape and strides, with a storage, which the graph keeps, to a state or constant. */
FASTNN_API fastnn_status fastnn_graph_bind(fastnn_graph* graph, const char* name, const fastnn_tensor* tensor);
/* Binds a scalar cell; it must outlive every program made from the graph. */
FASTNN_API fastnn_status fastnn_graph_bind_scalar(fastnn_graph* graph, const char* name, fastnn_scalar* scalar);
/* How many ops the graph has; 0 for NULL. */
FASTNN_API int64_t fastnn_graph_nodes(const fastnn_graph* graph);
/* The floating-point operations of each node at a batch size, in the order of the text. count is the number of nodes. A
 * multiplication with the addition of its product counts 2; schema.toml has each op's formula. */
FASTNN_API fastnn_status fastnn_graph_flops(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                            double* flops, int64_t count);

/* Plans the graph for a batch size. The context is captured, less its recorder. The program keeps what it needs of the
 * graph. */
FASTNN_API fastnn_status fastnn_program_create(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                               fastnn_program** program);
FASTNN_API void fastnn_program_destroy(fastnn_program* program);
/* Arguments and results in the order they were named; contiguous, of the planned shapes; results overlap nothing else.
 * Whoever writes the memory of state or constants other than by ops or fastnn_copy_from_host raises the version of their
 * storage, or has exposed it. Safe from several threads at once when the program writes no state. After an error the state is that of before the
 * call. */
FASTNN_API fastnn_status fastnn_program_run(fastnn_program* program, const fastnn_tensor* const* arguments,
                                            int64_t argument_count, fastnn_tensor* const* results,
                                            int64_t result_count);

/* Several steps in one call; see fastnn_program_run_batches. */
typedef struct fastnn_batches {
  size_t struct_size;
  const fastnn_tensor* const* arguments; /* (samples, ...) where the argument has a batch axis; of any dtype there */
  int64_t argument_count;
  fastnn_tensor* const* results; /* (samples, ...): a step writes the rows of its batch */
  int64_t result_count;
  const int64_t* order; /* which samples batches are made of, one after the other; NULL: as they stand */
  int64_t order_count;
  int64_t first; /* where in the order the first batch begins */
  int64_t steps;
  int64_t nanoseconds; /* after so long no further step begins; 0: no limit */
  int64_t* times;      /* NULL, or to be added to: nanoseconds of each node that runs, of taking batches, of all */
  int64_t time_count;
} fastnn_batches;

/* Runs steps one after the other, each with the next batch of the arguments: rows that stand in order and have the
 * planned dtype are read where they are, others gathered and converted. The state and the results are those of
 * fastnn_program_run with these batches, to the bit. done receives the number of whole steps, also when a later one
 * fails. */
FASTNN_API fastnn_status fastnn_program_run_batches(fastnn_program* program, const fastnn_batches* batches,
                                                    int64_t* done);
/* Fills all of a tensor but its memory: dtype, device, rank, shape and strides of argument index, or result index. */
FASTNN_API fastnn_status fastnn_program_argument(const fastnn_program* program, int64_t index, fastnn_tensor* argument);
FASTNN_API fastnn_status fastnn_program_result(const fastnn_program* program, int64_t index, fastnn_tensor* result);

typedef struct fastnn_program_info {
  size_t struct_size;
  int64_t batch;
  int64_t
      nodes; /* that run: less views and those whose results nobody reads, elementwise ones that run together as one */
  int64_t results;
  int64_t arena_bytes;   /* one arena, planned by lifetimes */
  int64_t value_bytes;   /* what the same values take when each has memory of its own */
  int64_t moved_bytes;   /* read and written in one run */
  int64_t unfused_bytes; /* the same if no ops ran together */
  int64_t arguments;
  double flops; /* floating-point operations of one run */
  int64_t
      kept_bytes; /* weights that no op of the step writes, as products read them: made once, and when they changed */
  int64_t
      eager_bytes; /* the most that the ops, run one by one, have at once in results and workspace: each result lives as
                          long as it did when it was recorded, or until its last reader in a graph that was read */
} fastnn_program_info;

/* What a program of the graph would take at a batch size; makes none, so nothing has to be bound. */
FASTNN_API fastnn_status fastnn_graph_plan(const fastnn_graph* graph, const fastnn_context* context, int64_t batch,
                                           fastnn_program_info* info);
/* The passes that make a plan, in the order they run: how many there are, and their names; NULL beyond the last. */
FASTNN_API int64_t fastnn_pass_count(void);
FASTNN_API const char* fastnn_pass_name(int64_t index);
/* What some passes alone make of a graph, in their order: with none every op runs, as a node of its own. In the form of
 * fastnn_program_text: writes at most size bytes with the closing zero, and the length needed without it. Of the context
 * all counts but the device, which is the graph's; nothing has to be bound. */
FASTNN_API fastnn_status fastnn_graph_planned_text(const fastnn_graph* graph, const fastnn_context* context,
                                                   int64_t batch, const char* const* passes, int64_t pass_count,
                                                   char* text, int64_t size, int64_t* length);
FASTNN_API fastnn_status fastnn_program_get_info(const fastnn_program* program, fastnn_program_info* info);
/* What the plan made of the graph, one op a line: shapes, bytes, offsets in the arena, and which results are dead. Writes
 * as fastnn_graph_text does. */
FASTNN_API int64_t fastnn_program_text(const fastnn_program* program, char* text, int64_t size);
/* The lines of one of the nodes that run. */
FASTNN_API int64_t fastnn_program_node_text(const fastnn_program* program, int64_t node, char* text, int64_t size);

/* Runs ops that write state, one after the other, then advances integer scalars, as the end of a recorded step does:
 * all calls are checked before the first one writes. */
FASTNN_API fastnn_status fastnn_commit(const fastnn_op* const* ops, const fastnn_call* const* calls, int64_t count,
                                       fastnn_scalar* const* scalars, const int64_t* advances, int64_t scalar_count);

#ifdef __cplusplus
}
#endif
#endif
