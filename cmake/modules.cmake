# Our headers are found by #include "…" only: src/sys/file.h must not stand in for <sys/file.h>.
function(posada_source_includes target scope)
  target_compile_options(${target} ${scope} "SHELL:-iquote ${CMAKE_SOURCE_DIR}/src")
endfunction()

# Only the precompiled header is named. CMake names its source too, in a way that ccache takes for
# the path of this checkout.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
endif()

# The two precompiled headers, one for the sources and one for the tests: what is parsed once is
# two thirds of a clean build. Tests are compiled without optimisation: they run once.
set(POSADA_TEST_OPTIONS -O0)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT POSADA_SANITIZE)
  list(APPEND POSADA_TEST_OPTIONS "SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0")
endif()
function(posada_checksum kind)
  # A precompiled header holds absolute paths. ccache takes this checksum for it instead (see
  # compiler.cmake), so that every checkout on a machine shares the objects.
  file(READ ${CMAKE_SOURCE_DIR}/src/base/precompiled.h facts)
  foreach(header boost/asio.hpp boost/json.hpp boost/version.hpp fmt/format.h gtest/gtest.h)
    if(EXISTS /usr/include/${header})
      file(TIMESTAMP /usr/include/${header} changed)
      string(APPEND facts " ${header} ${changed}")
    endif()
  endforeach()
  string(APPEND facts "${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} "
    "${CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}} ${POSADA_SANITIZE} ${POSADA_COVERAGE} ${kind}")
  string(SHA256 checksum "${facts}")
  file(CONFIGURE CONTENT "${checksum}" OUTPUT
    ${CMAKE_BINARY_DIR}/CMakeFiles/posada_precompiled_${kind}.dir/cmake_pch.hxx.pch.sum)
endfunction()

function(posada_precompiled target kind)
  if(NOT TARGET posada_precompiled_${kind})
    set(unit ${CMAKE_BINARY_DIR}/precompiled_${kind}.cc)
    file(CONFIGURE OUTPUT ${unit} CONTENT "")
    add_library(posada_precompiled_${kind} OBJECT ${unit})
    target_link_libraries(posada_precompiled_${kind} PRIVATE Boost::json fmt::fmt)
    # By its short name, so that the header made of it is the same in every checkout.
    posada_source_includes(posada_precompiled_${kind} PRIVATE)
    target_precompile_headers(posada_precompiled_${kind} PRIVATE [["base/precompiled.h"]])
    if(kind STREQUAL "test")
      target_link_libraries(posada_precompiled_test PRIVATE GTest::gtest GTest::gmock)
      target_precompile_headers(posada_precompiled_test PRIVATE <gtest/gtest.h> <gmock/gmock.h>)
      target_compile_options(posada_precompiled_test PRIVATE ${POSADA_TEST_OPTIONS})
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      posada_checksum(${kind})
      target_compile_options(posada_precompiled_${kind} PRIVATE
        -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM posada_precompiled_${kind})
endfunction()

# posada_module(name USES lower… LIBRARIES external…): the static library of src/<name>,
# and its tests from tests/unit/<name> and tests/contract/<name> where they exist.
# Sources are globbed, so a new file needs no edit here.
# A first build (./dev) compiles several files of a module as one unit, which saves a third of the
# time; POSADA_UNITY=OFF is for whoever edits: one changed file, one object.
option(POSADA_UNITY "Compile the files of a module in batches" OFF)
function(posada_batches target)
  if(POSADA_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    target_compile_options(${target} PRIVATE -Wno-shadow)  # of another file's local name
  endif()
endfunction()

function(posada_module name)
  cmake_parse_arguments(MODULE "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(TRANSFORM MODULE_USES PREPEND posada_)
  if(sources)
    add_library(posada_${name} STATIC ${sources})
    posada_source_includes(posada_${name} PUBLIC)
    target_link_libraries(posada_${name} PUBLIC ${MODULE_USES} ${MODULE_LIBRARIES})
    posada_precompiled(posada_${name} source)
    posada_batches(posada_${name})
  else()
    add_library(posada_${name} INTERFACE)
    posada_source_includes(posada_${name} INTERFACE)
    target_link_libraries(posada_${name} INTERFACE ${MODULE_USES} ${MODULE_LIBRARIES})
  endif()
  set(extra ${CMAKE_SOURCE_DIR}/src/${name}/module.cmake)
  if(EXISTS ${extra})
    include(${extra})
  endif()
  if(POSADA_TESTS)
    posada_tests(unit ${name})
    posada_tests(contract ${name})
  endif()
endfunction()

function(posada_tests kind name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  if(NOT TARGET posada_test_source)  # the path of this checkout is in one object only
    add_library(posada_test_source OBJECT ${CMAKE_SOURCE_DIR}/tests/support/source.cc)
    target_include_directories(posada_test_source PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(posada_test_source PRIVATE POSADA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
  set(target ${kind}_${name})
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE
    posada_${name} posada_test_source GTest::gtest GTest::gmock GTest::gtest_main)
  posada_precompiled(${target} test)
  target_compile_options(${target} PRIVATE ${POSADA_TEST_OPTIONS})
  posada_batches(${target})
  add_test(NAME ${target} COMMAND ${target})
  if(NOT TARGET ${kind}_tests)  # all of the kind, for ./dev test
    add_custom_target(${kind}_tests)
  endif()
  add_dependencies(${kind}_tests ${target})
endfunction()

# posada_program(name SOURCES folder USES modules… LIBRARIES external…)
function(posada_program name)
  cmake_parse_arguments(PROGRAM "" "SOURCES" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${PROGRAM_SOURCES}/*.cc)
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM PROGRAM_USES PREPEND posada_)
  add_executable(${name} ${sources})
  posada_source_includes(${name} PRIVATE)
  target_link_libraries(${name} PRIVATE ${PROGRAM_USES} ${PROGRAM_LIBRARIES})
  posada_precompiled(${name} source)
  posada_batches(${name})
  set(extra ${CMAKE_SOURCE_DIR}/src/${PROGRAM_SOURCES}/module.cmake)
  if(EXISTS ${extra})
    include(${extra})
  endif()
endfunction()
