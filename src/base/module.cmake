# The property strings of the API description, where vm and ct can reach them.
target_sources(posada_base PRIVATE ${POSADA_GENERATED_DIR}/base/property_formats.cc)
target_include_directories(posada_base PUBLIC ${POSADA_GENERATED_DIR})
add_dependencies(posada_base posada_schema)
