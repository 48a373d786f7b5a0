target_sources(posada_api PRIVATE ${POSADA_GENERATED_DIR}/api/schema_tables.cc)
add_dependencies(posada_api posada_schema)
