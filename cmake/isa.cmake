# fastnn_add_isa(<level> WIDTH <floats> [FLAGS <flag>...])
#
# Compiles csrc/kernels/cpu/isa.cpp for one level and appends its objects to FASTNN_ISA_OBJECTS. This is the only place
# where ISA flags meet a source file.
set(FASTNN_ISA_OBJECTS "")
set(FASTNN_ISA_LEVELS "")

function(fastnn_add_isa level)
  cmake_parse_arguments(PARSE_ARGV 1 isa "" "WIDTH" "FLAGS")
  add_library(fastnn_isa_${level} OBJECT ${PROJECT_SOURCE_DIR}/csrc/kernels/cpu/isa.cpp)
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
