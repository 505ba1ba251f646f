# fastnn_add_isa(<level> WIDTH <floats> [SOURCE <file>] [FLAGS <flag>...])
#
# Compiles a file of csrc/kernels/cpu, isa.cpp unless another is named, for one level and appends its objects to
# FASTNN_ISA_OBJECTS. This is the only place where ISA flags meet a source file.
set(FASTNN_ISA_OBJECTS "")
set(FASTNN_ISA_LEVELS "")

function(fastnn_add_isa level)
  cmake_parse_arguments(PARSE_ARGV 1 isa "" "WIDTH;SOURCE" "FLAGS")
  if(NOT isa_SOURCE)
    set(isa_SOURCE isa.cpp)
  endif()
  add_library(fastnn_isa_${level} OBJECT ${PROJECT_SOURCE_DIR}/csrc/kernels/cpu/${isa_SOURCE})
  target_link_libraries(fastnn_isa_${level} PRIVATE fastnn_options)
  target_include_directories(fastnn_isa_${level} PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
  target_compile_definitions(fastnn_isa_${level} PRIVATE FASTNN_LEVEL=${level} FASTNN_WIDTH=${isa_WIDTH})
  # contraction is explicit: vec.h calls fma where it means fma
  target_compile_options(
    fastnn_isa_${level} PRIVATE ${isa_FLAGS} -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-exceptions -fno-rtti
  )
  set(FASTNN_ISA_OBJECTS ${FASTNN_ISA_OBJECTS} $<TARGET_OBJECTS:fastnn_isa_${level}> PARENT_SCOPE)
  set(FASTNN_ISA_LEVELS ${FASTNN_ISA_LEVELS} ${level} PARENT_SCOPE)
endfunction()
