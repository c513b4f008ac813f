# One test executable; ctest runs each case by itself.
find_package(GTest REQUIRED)
include(GoogleTest)
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS frugal/*_test.cc)
list(APPEND test_sources frugal/ops/registry.cc frugal/ops/registry_attention.cc frugal/ops/sampler.cc frugal/ops/testing.cc)
add_executable(frugal_tests ${test_sources})
target_link_libraries(frugal_tests PRIVATE frugal GTest::gtest GTest::gtest_main PkgConfig::hwy frugal_options)
target_precompile_headers(frugal_tests PRIVATE <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h>)
target_compile_definitions(frugal_tests PRIVATE FRUGAL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                FRUGAL_BINARY="$<TARGET_FILE:frugal_cli>")
add_dependencies(frugal_tests frugal_cli)
gtest_discover_tests(frugal_tests DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)

# The installed package, as another project finds and uses it: examples/cpp is configured, built and run against it.
add_test(NAME install.example COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DBUILD=${CMAKE_BINARY_DIR}
                                      -DSANITIZE=${FRUGAL_SANITIZE} -P ${CMAKE_SOURCE_DIR}/cmake/test_install.cmake)
set_tests_properties(install.example PROPERTIES TIMEOUT 600)

# GCC 12 sees a 10 MB string copied into another's inline buffer (PR 105329); the copy is the library's own.
set_source_files_properties(
  frugal/data/table_test.cc
  PROPERTIES COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow>")
