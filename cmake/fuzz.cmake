# libFuzzer programs (preset fuzz): tests/fuzz/<name>_fuzz.cc becomes fuzz_<name>, with the seed
# inputs of tests/fuzz/corpus/<name>.
#   build/fuzz/fuzz_<name> -max_total_time=60 NEW_INPUTS tests/fuzz/corpus/<name>
option(POSADA_FUZZ "Build the libFuzzer programs" OFF)
if(POSADA_FUZZ)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" name ${name})
    add_executable(fuzz_${name} ${source})
    target_link_libraries(fuzz_${name} PRIVATE posada_api posada_front)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
