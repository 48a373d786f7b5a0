# The build's own name: the commit, or the version where there is no repository.
execute_process(COMMAND git rev-parse --short=16 HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  OUTPUT_VARIABLE build OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT build)
  set(build "0000000000000000")
endif()
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/app/node.cc PROPERTIES COMPILE_DEFINITIONS
  "POSADA_VERSION=\"${PROJECT_VERSION}\";POSADA_BUILD=\"${build}\"")
