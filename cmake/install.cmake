# What is installed, and where. `cmake --install` gives the C and C++ package: include/, lib/ with the shared and the
# static library, the CMake package and the pkg-config file. In a wheel the same tree, less the static library, lies
# inside the Python package, with the extension that loads lib/libfastnn.so beside it.
include(CMakePackageConfigHelpers)

if(DEFINED SKBUILD)
  set(FASTNN_PREFIX fastnn/)
  set(FASTNN_LIBDIR fastnn/lib)
  set(FASTNN_INCLUDEDIR fastnn/include)
else()
  set(FASTNN_LIBDIR ${CMAKE_INSTALL_LIBDIR})
  set(FASTNN_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
endif()

set(installed_libraries fastnn)
if(NOT DEFINED SKBUILD)
  # a wheel can't hold the symbolic links that a versioned name needs
  set_target_properties(fastnn PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  list(APPEND installed_libraries fastnn_static)
endif()

install(
  TARGETS ${installed_libraries}
  EXPORT fastnnTargets
  LIBRARY DESTINATION ${FASTNN_LIBDIR}
  ARCHIVE DESTINATION ${FASTNN_LIBDIR}
  INCLUDES DESTINATION ${FASTNN_INCLUDEDIR}
)
install(DIRECTORY csrc/include/fastnn DESTINATION ${FASTNN_INCLUDEDIR})
install(EXPORT fastnnTargets NAMESPACE fastnn:: DESTINATION ${FASTNN_LIBDIR}/cmake/fastnn)

configure_package_config_file(
  cmake/fastnnConfig.cmake.in ${PROJECT_BINARY_DIR}/fastnnConfig.cmake
  INSTALL_DESTINATION ${FASTNN_LIBDIR}/cmake/fastnn
)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fastnnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/fastnnConfig.cmake ${PROJECT_BINARY_DIR}/fastnnConfigVersion.cmake
  DESTINATION ${FASTNN_LIBDIR}/cmake/fastnn
)

# the .pc file finds its prefix from its own place
file(RELATIVE_PATH prefix_from_pc /${FASTNN_LIBDIR}/pkgconfig /${FASTNN_PREFIX})
file(RELATIVE_PATH include_from_prefix /${FASTNN_PREFIX} /${FASTNN_INCLUDEDIR})
file(RELATIVE_PATH lib_from_prefix /${FASTNN_PREFIX} /${FASTNN_LIBDIR})
configure_file(cmake/fastnn.pc.in ${PROJECT_BINARY_DIR}/fastnn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/fastnn.pc DESTINATION ${FASTNN_LIBDIR}/pkgconfig)

if(FASTNN_PYTHON AND DEFINED SKBUILD)
  install(TARGETS _core LIBRARY DESTINATION ${FASTNN_PREFIX})
  # `fastnn demo` times this step beside its own
  install(FILES benchmarks/numpy_step.py DESTINATION ${FASTNN_PREFIX} RENAME _demo_numpy_step.py)
endif()
