# Language level, warnings and hardening for every target.

# GCC before 14 miscompiles coroutines without a word (`if (co_await f(temporary))` frees
# the temporary twice); tests/compiler keeps the snippets.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines. Use clang 19 "
    "(Debian package clang-19; -DCMAKE_CXX_COMPILER=clang++-19) or GCC 14 or later.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)  # one flag everywhere: they share a precompiled header
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-designated-field-initializers -Werror
  -fstack-protector-strong -fcf-protection -D_GLIBCXX_ASSERTIONS)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT POSADA_SANITIZE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # What a coroutine is made of inlines well into nothing worth the time: a smaller threshold
  # takes a third off the build and a quarter off the objects (bench/RESULTS.md).
  add_compile_options("SHELL:-mllvm -inline-threshold=25")
endif()
add_link_options(-pie -Wl,-z,relro,-z,now)
# Boost reaches us as system headers, so its warnings are not ours.
add_compile_definitions(BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_NO_DEPRECATED)

set(POSADA_SANITIZE "" CACHE STRING "address, thread or empty")
if(POSADA_SANITIZE)
  add_compile_options(-fsanitize=${POSADA_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${POSADA_SANITIZE})
endif()
option(POSADA_COVERAGE "Instrument for llvm-cov" OFF)
if(POSADA_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

find_program(POSADA_MOLD mold)
find_program(POSADA_LLD NAMES ld.lld-19 ld.lld)
if(POSADA_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(POSADA_LLD)
  add_link_options(-fuse-ld=lld)
endif()
find_program(POSADA_CCACHE ccache)
if(POSADA_CCACHE)
  # An object made with a precompiled header depends on what that header holds, not on its age.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=true
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true ${POSADA_CCACHE})
endif()
