target_sources(posada_api PRIVATE ${POSADA_GENERATED_DIR}/api/schema_tables.cc)
add_dependencies(posada_api posada_schema)
# The requests of /access, /storage and our own resource have the names of modules.
foreach(name absent access_groups access_sessions config_texts events shell storage_definitions)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/api/handlers/${name}.cc PROPERTIES
    SKIP_UNITY_BUILD_INCLUSION ON)
endforeach()
