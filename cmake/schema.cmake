# Generated from the API description under api/: C++ tables and structs, OpenAPI, the page's
# TypeScript client. Everything goes to the build folder except the client, which the page's own
# build wants beside its sources (ignored by git).
set(POSADA_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

file(GLOB_RECURSE POSADA_API_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/api/*.api)
file(GLOB POSADA_SCHEMA_TOOL CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/posada_schema/*.py)

# One header of parameter structs for each file with methods. They are named here so that a change
# of the description rebuilds what includes them.
set(POSADA_REQUEST_HEADERS ${POSADA_GENERATED_DIR}/api/request/all.h)
foreach(file ${POSADA_API_FILES})
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/api ${file})
  if(NOT name MATCHES "^(common|formats)/")
    string(REGEX REPLACE "\\.api$" "" name ${name})
    string(REGEX REPLACE "[/-]" "_" name ${name})
    list(APPEND POSADA_REQUEST_HEADERS ${POSADA_GENERATED_DIR}/api/request/${name}.h)
  endif()
endforeach()

# A file is written only when its content changed, so that little is compiled again.
add_custom_command(
  OUTPUT ${POSADA_GENERATED_DIR}/stamp
  BYPRODUCTS
    ${POSADA_GENERATED_DIR}/base/property_formats.h
    ${POSADA_GENERATED_DIR}/base/property_formats.cc
    ${POSADA_GENERATED_DIR}/api/schema_tables.cc
    ${POSADA_GENERATED_DIR}/openapi.json
    ${CMAKE_SOURCE_DIR}/web/src/generated/api.ts
    ${POSADA_REQUEST_HEADERS}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/schema generate
    ${CMAKE_SOURCE_DIR}/api ${POSADA_GENERATED_DIR} --web ${CMAKE_SOURCE_DIR}/web/src/generated
    --release ${PROJECT_VERSION}
  DEPENDS ${POSADA_API_FILES} ${POSADA_SCHEMA_TOOL} ${CMAKE_SOURCE_DIR}/tools/schema
  COMMENT "API description → C++ tables, OpenAPI, TypeScript"
  VERBATIM)
add_custom_target(posada_schema DEPENDS ${POSADA_GENERATED_DIR}/stamp)
